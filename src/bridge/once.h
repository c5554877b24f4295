/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "bridge.h"

/* Secrets that are good once and for a short time: the codes that a page exchanges for a token, and the tickets of
 * streams. */
Once *once_new (unsigned seconds);
void once_free (Once *once);

/* A new one for @uid; NULL when too many wait to be used. */
char *once_add (Once *once, uid_t uid);

/* Uses it up: true and whom it speaks for. */
bool once_take (Once *once, const char *secret, uid_t *ret_uid);

unsigned once_seconds (const Once *once);

/* Whether none waits to be used. */
bool once_is_empty (Once *once);
