/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "builder.h"

/* OpenPGP signatures, by gpgv in a sandbox without network: each source whose name ends in .sig, .sign or .asc signs
 * the one without that suffix, packed or not, and a git source with ?signed its tag or commit. Who signed must be one
 * of the recipe's validpgpkeys, by the whole fingerprint; the keys themselves lie beside the recipe, in
 * keys/pgp/FINGERPRINT.asc as with Arch's packages. Nothing is asked of a key server.
 *
 * @all is of SourceEntry, each fetched. ChecksumMismatch: signed by nobody the recipe trusts, or something else;
 * SourceUnavailable: the key is not there; RecipeInvalid: validpgpkeys names none; each says what to do. */
bool signature_check (Builder *builder, const GPtrArray *all, GError **error);
