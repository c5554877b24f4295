/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* The kinds of sums a recipe may give, each an array of the recipe. */
typedef enum
{
  CHECKSUM_CK,
  CHECKSUM_MD5,
  CHECKSUM_SHA1,
  CHECKSUM_SHA224,
  CHECKSUM_SHA256,
  CHECKSUM_SHA384,
  CHECKSUM_SHA512,
  CHECKSUM_B2,
  CHECKSUM_KINDS,
} ChecksumKind;

/* "ck", "md5", "sha256": the recipe's array is NAME with "sums" behind it. */
const char *checksum_name (ChecksumKind kind);

/* How people call it: "cksum", else its name. */
const char *checksum_title (ChecksumKind kind);

/* True when somebody can make another file with the same sum. */
bool checksum_is_weak (ChecksumKind kind);

/* True when @text has the form of such a sum (not SKIP). */
bool checksum_is_valid (ChecksumKind kind, const char *text);

/* The sums of what @fd holds, from its beginning, of each kind that is @wanted, as b2sum(1) and its kin write them; the
 * file is read once. Failed when it cannot be read. */
bool checksum_of_fd (int fd, const bool wanted[CHECKSUM_KINDS], char *ret_sums[CHECKSUM_KINDS], GError **error);
char *checksum_of_text (ChecksumKind kind, const char *text, size_t length);

/* Frees what checksum_of_fd() gave. */
void checksum_clear (char *sums[CHECKSUM_KINDS]);
