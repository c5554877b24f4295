/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "configuration-text.h"

/* A section [Store NAME] of hive.conf: where ready builds are. */
typedef struct
{
  char *name;
  char *url;     /* URL=: oci:///folder, an OCI image layout, or https://host/repository, of a registry */
  char *ca_file; /* CAFile=: who vouches for the registry; NULL: whom this machine trusts */
  char
      *token_credential; /* TokenCredential=: a path, or a name of systemd's, of name:password or a token; NULL: none */
  bool floating;         /* Floating=no : also builds of recipes that build something else tomorrow */
  bool push;             /* Push=no : each install is put there */
} Store;

/* A section [Key NAME]: whose builds are believed. */
typedef struct
{
  char *name;
  char *file;         /* File=: a minisign public key */
  int64_t not_before; /* NotBefore=: builds that are older are not, µs since the epoch; 0: any age */
} TrustedKey;

/* The key @name of the section @group; NULL: it is neither's. */
const struct Key *store_key_find (const char *group, const char *name);

/* All of them, by their names. InvalidArgument names file, line, section and key. */
GPtrArray *stores_read (const ConfigurationText *said, GError **error);
GPtrArray *trusted_keys_read (const ConfigurationText *said, GError **error);

/* What rbee-hive-store finds in its environment, where nobody else may read it: who vouches for a registry (a file),
 * and what lets us in, "name:password" or a token. */
#define STORE_CA_FILE    "STORE_CA_FILE"
#define STORE_CREDENTIAL "STORE_CREDENTIAL"

/* Its exit status when the store has stopped to answer while a blob was to be had. */
#define STORE_EXIT_DEAD 3

/* One that nobody configured: the folder at the absolute @path. */
Store *store_of_folder (const char *path);
void store_free (Store *store);

/* The folder of an oci:// URL; NULL: it is none. */
const char *store_folder (const char *url);

/* Whether it is a registry on this machine's loopback. */
bool store_is_local (const char *url);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Store, store_free)
