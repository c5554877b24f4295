/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <json-glib/json-glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-bus.h>

/* What a caller may choose for an install. Strings are NULL when not given. */
typedef struct
{
  char *backend;
  char *source;  /* "binary" or "git" */
  char *catalog; /* the name of one */
  char *network; /* whether prepare() and build() have it: allow or forbid; NULL: as configured */
  char *from;    /* the folder of ready builds that it is taken from; NULL: stores, and else it is built */
  char *to;      /* of a push: the store's address; not a caller's to give */
  char *cpu;     /* for which processors (cpu-level.h); NULL: as configured */
  char *idempotency_key;
  int64_t owner; /* the uid of the person whom the bridge acts for; -1: not given */
  bool check;
  bool reinstall;
  bool install_dependencies; /* also the system's packages that the build misses */
  bool upgrade;              /* to what is newer than the installed version, else nothing; not a caller's to give */
  char *recipe;              /* of a recipe that the caller handed over, the sum of its files; NULL: a catalog's */
  char *origin;              /* where the caller says that it has it from */
} InstallOptions;

InstallOptions *install_options_new (void);
InstallOptions *install_options_copy (const InstallOptions *options);
void install_options_free (InstallOptions *options);

/* Reads the a{sv} of InstallWorkerWithOptions. A negative errno with @error (InvalidArgument) set for what is not
 * allowed. */
int install_options_read (sd_bus_message *message, InstallOptions **ret, sd_bus_error *error);

/* The rules for a variant's name and for which recipe of it; NULL (not given) is fine. False and InvalidArgument
 * otherwise. */
bool install_options_check_variant (const char *backend, const char *source, GError **error);

/* Takes "CATALOG/ID" apart: the first becomes @options->catalog, and the id is returned. A mere id is that. NULL and
 * InvalidArgument when it is neither, or both name a catalog and not the same. */
const char *install_options_take_reference (InstallOptions *options, const char *reference, GError **error);

/* True when both ask for the same install; the key and the owner are no part of that. */
bool install_options_equal (const InstallOptions *one, const InstallOptions *other);

/* As ListJobs and a job's property Options have them: an a{sv} of what was given, but the key and the owner. NULL:
 * none. 0 or a negative errno. */
int install_options_append (const InstallOptions *options, sd_bus_message *message);

/* As the builder's request and job.json have them: keys only for what was given. */
JsonObject *install_options_to_json (const InstallOptions *options);
InstallOptions *install_options_from_json (JsonObject *object);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (InstallOptions, install_options_free)
