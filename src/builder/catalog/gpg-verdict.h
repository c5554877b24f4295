/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* What gpgv found, of all the signatures that it looked at. */
typedef struct
{
  char *signer; /* the primary key's fingerprint, of a good signature */
  char *key;    /* as it is named by what is wrong, or as a whole */
  bool good, bad, missing, revoked, expired;
} GpgVerdict;

/* @status: what gpgv wrote to its status descriptor. A user's name is part of its lines, and anybody may have any name:
 * what a line says is what it begins with. */
void gpg_verdict_read (GpgVerdict *verdict, const char *status);
void gpg_verdict_clear (GpgVerdict *verdict);

/* Good, by a key that is, and nothing speaks against it. */
bool gpg_verdict_is_plain (const GpgVerdict *verdict);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (GpgVerdict, gpg_verdict_clear)
