/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

#include "configuration.h"

/* The tokens of catalogs (TokenCredential=), as a builder finds them: files "catalog-NAME", and for jobs "hub" and
 * "store-NAME" of stores, in the folder that CREDENTIALS_DIRECTORY names, which its user alone reads. systemd makes
 * that folder of what a unit's properties say (systemd.exec(5), LoadCredential=); here is what the direct launcher
 * does, where the builder is another user. */

/* As tokens of a Launch: none of a catalog, but the key that signs what is pushed, as "signing-key". */
#define CREDENTIALS_PUSH "+"

/* Calls @each with the name and the path, or the name of a credential of systemd's, of every catalog's token that
 * @tokens is (see Launch); those in files that are not there are passed over: the builder says so when it needs them.
 */
void credentials_foreach (const Configuration *configuration, const char *tokens,
                          void (*each) (const char *name, const char *source, void *userdata), void *userdata);

/* Makes a folder of copies for @uid. NULL without @error: there are none. */
char *credentials_make (const Configuration *configuration, const char *tokens, uid_t uid, GError **error);

/* Removes such a folder (NULL: nothing), and all that an earlier daemon left. */
void credentials_remove (const char *folder);
void credentials_remove_all (const Configuration *configuration);
