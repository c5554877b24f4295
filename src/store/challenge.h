/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* What a server wants of those who it does not know: a value of WWW-Authenticate (RFC 9110, 11.6.1). */
typedef struct
{
  char *realm, *service, *scope; /* "": not said */
} Challenge;

/* Reads the challenge of @scheme ("Bearer", "Basic") out of one header's value, which may have several. */
bool challenge_read (const char *value, const char *scheme, Challenge *ret);
void challenge_clear (Challenge *challenge);

/* Where the token is asked for: the realm, an http or https URL, with service and scope as a query; NULL when the realm
 * is none. */
char *challenge_token_url (const Challenge *challenge);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Challenge, challenge_clear)
