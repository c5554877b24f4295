/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "bridge.h"

/* Secrets that are good once and for a short time: the codes that a page exchanges for a token, and the tickets of
 * streams. */
OneTimeCodes *one_time_codes_new (unsigned seconds);
void one_time_codes_free (OneTimeCodes *codes);

/* A new one for @uid; NULL when too many wait to be used. */
char *one_time_codes_add (OneTimeCodes *codes, uid_t uid);

/* Uses it up: true and whom it speaks for. */
bool one_time_codes_take (OneTimeCodes *codes, const char *secret, uid_t *ret_uid);

unsigned one_time_codes_seconds (const OneTimeCodes *codes);

/* Whether none waits to be used. */
bool one_time_codes_is_empty (OneTimeCodes *codes);
