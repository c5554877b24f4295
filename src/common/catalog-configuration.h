/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

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

/* The sections of catalogs: name → (key → text), as configuration.c collects them. */
GHashTable *catalog_sections_new (void);

/* Adds a key of the section @group. False: it is no catalog's group, or has no such key. */
bool catalog_sections_add (GHashTable *sections, const char *group, const char *key, const char *text);

/* All catalogs in the order of their precedence: by Priority=, then "default" first, then by name. [Catalog] is always
 * among them. InvalidArgument names @path, the section and the key. */
GPtrArray *catalog_sections_read (GHashTable *sections, const char *path, GError **error);

/* One that nobody configured, and foreign for that: the folder at the absolute @path. Free by a GPtrArray of
 * catalog_sections_read(). */
CatalogConfiguration *catalog_configuration_of_folder (const char *path);

/* True when it is a file:// catalog; and when it is that, or a server on this machine's loopback: such may name
 * repositories on this machine. */
bool catalog_configuration_is_folder (const CatalogConfiguration *catalog);
bool catalog_configuration_is_local (const CatalogConfiguration *catalog);

/* True when it is local and somebody who may decide that chose it: its fetchers have this machine's own network. */
bool catalog_configuration_is_own (const CatalogConfiguration *catalog);
