/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* The kinds of sums a recipe may give, each an array of the recipe. */
typedef enum
{
  CHECKSUM_SHA256,
  CHECKSUM_SHA512,
  CHECKSUM_B2,
  CHECKSUM_KINDS,
} ChecksumKind;

/* "sha256", "sha512", "b2"; the recipe's array is NAME with "sums" behind it. */
const char *checksum_name (ChecksumKind kind);

/* The lower-case hex sum of what @fd holds, from its beginning. Failed when it can't be read. */
char *checksum_of_fd (ChecksumKind kind, int fd, GError **error);
char *checksum_of_text (ChecksumKind kind, const char *text, size_t length);

/* True when @text has the form of such a sum (not SKIP). */
bool checksum_is_valid (ChecksumKind kind, const char *text);
