/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "configuration-text.h"

#define CATALOG_DEFAULT "default"

/* One catalog as hive.conf has it: [Catalog], whose name is "default", or [Catalog NAME]. */
typedef struct
{
  char *name;
  char *url;              /* URL=, without a trailing slash */
  char *shown_url;        /* the same without a user's name and password, for eyes */
  unsigned priority;      /* Priority=100 : the smallest comes first */
  unsigned timeout;       /* Timeout=30, for one whole request */
  uint64_t max_size;      /* MaxSize=4M, of one answer */
  char *proxy;            /* Proxy=: a URL, "none", or NULL: what the environment says */
  char *ca_file;          /* CAFile=: who vouches for its server; NULL: whom this machine trusts */
  char *token_credential; /* TokenCredential=: a path, or a name of systemd's; NULL: none */
  char *signing_key;      /* SigningKey=: a path, or a minisign key; NULL: recipes need no signature */
  char **network_steps;   /* NetworkSteps= of its recipes; NULL: [Build] says */
  char **network_allow;   /* AllowAddresses=: what its fetchers may reach besides public addresses and its own kind */
  bool foreign;           /* a folder that anybody may have written: its sources are those of a public catalog */
} CatalogConfiguration;

/* A name matches [a-z0-9][a-z0-9-]{0,31}: it stands before a slash and a worker's id. */
bool catalog_name_is_valid (const char *name);

/* The key @name of the section @group; NULL: it is not a catalog's section, or has no such key. */
const struct Key *catalog_key_find (const char *group, const char *name);

/* The keys that each has, and how many they are. Only [Catalog] has the default of the first, URL=. */
const struct Key *catalog_keys (size_t *ret_count);

/* All catalogs in the order of their precedence: by Priority=, then "default" first, then by name. [Catalog] is always
 * among them. InvalidArgument names file, line, section and key. */
GPtrArray *catalogs_read (const ConfigurationText *said, GError **error);

/* One that nobody configured, and foreign for that: the folder at the absolute @path. Free by a GPtrArray of
 * catalogs_read(). */
CatalogConfiguration *catalog_configuration_of_folder (const char *path);

/* True when it is a file:// catalog; and when it is that, or a server on this machine's loopback: such may name
 * repositories on this machine. */
bool catalog_configuration_is_folder (const CatalogConfiguration *catalog);
bool catalog_configuration_is_local (const CatalogConfiguration *catalog);

/* True when it is local and somebody who may decide that chose it: its fetchers have this machine's own network. */
bool catalog_configuration_is_own (const CatalogConfiguration *catalog);
