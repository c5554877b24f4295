/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "configuration.h"

/* Who must have signed the recipes of a catalog: a minisign key (PKGBUILD.minisig beside the PKGBUILD) or an OpenPGP
 * certificate (PKGBUILD.asc). The programs that check, minisign and gpg, run in sandboxes. */
typedef struct CatalogSignature CatalogSignature;

/* @key: what SigningKey= says: a minisign key itself, or the path of a file that has either. Failed, naming the file,
 * when that is neither. */
CatalogSignature *catalog_signature_new (const Configuration *configuration, const char *key, GError **error);
void catalog_signature_free (CatalogSignature *signature);

/* What stands behind a PKGBUILD's URL in its signature's. */
const char *catalog_signature_suffix (const CatalogSignature *signature);

/* Whether @signed_by is a good signature of @text by that key. RecipeInvalid naming @url when it is not,
 * MissingDependencies when the program isn't there, SandboxUnavailable. */
bool catalog_signature_check (const CatalogSignature *signature, const char *text, const char *signed_by,
                              const char *url, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (CatalogSignature, catalog_signature_free)
