/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "bridge.h"

#define TOKEN_PAGE_SECONDS   (7 * 24 * 3600)   /* of a page's tab */
#define TOKEN_SCRIPT_SECONDS (365 * 24 * 3600) /* of a script */

/* Tokens say whom they speak for and until when, and are signed (HMAC-SHA256) with the key in KeyFile=. Nothing else is
 * kept of them: a bridge that was started again knows them all. */

/* Reads the key, or makes one (mode 0600) where there is none. */
Tokens *tokens_new (const char *path, GError **error);
void tokens_free (Tokens *tokens);

/* A new key: every token is void. */
bool tokens_rotate (Tokens *tokens, GError **error);

/* "rbee_1000_69f1a2b3_…" for @uid, good for @seconds. */
char *tokens_sign (const Tokens *tokens, uid_t uid, uint64_t seconds);

/* NULL and @ret_uid, or why it is not valid. */
const char *tokens_check (const Tokens *tokens, const char *token, uid_t *ret_uid);

/* Whether @one and @other, of @size bytes, are equal, in a time that does not tell where they differ. */
bool token_bytes_equal (const void *one, const void *other, size_t size);
