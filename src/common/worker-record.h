/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <json-glib/json-glib.h>
#include <stdbool.h>
#include <stdint.h>

/* workers/<id>.json: what is installed. Written by rbee-hive-commit, read by it and by the daemon. */
typedef struct
{
  char *path; /* inside the package: "/usr/local/bin/x" */
  bool symlink;
  unsigned mode; /* 0755; files only */
  uint64_t size; /* files only */
  char *sha256;  /* 64 hex digits; files only */
  char *target;  /* links only */
} WorkerFile;

typedef struct
{
  char *name; /* what its catalog called it (display-name.h); "": nobody noted it */
  char *id, *version, *pkgname, *pkgver, *pkgrel, *description, *license;
  char *cpu; /* for which processors it was built (cpu-level.h); "": nobody noted it */
  char *backend, *source, *catalog, *catalog_name, *recipe_sha256, *binary, *job; /* @catalog: its URL */
  char *run;             /* what its catalog's entry said of how it is run (run-entry.h); "": nothing */
  uint64_t installed_at; /* µs since the epoch */
  unsigned installed_by; /* uid */
  uint64_t size;         /* sum of the files' */
  GPtrArray *files;      /* of WorkerFile, sorted by path */
  JsonObject *build;     /* what it was built of and needs (build-record.h of the builder); NULL: unknown */
  char **directories;    /* made by the installs, outermost first */
} WorkerRecord;

WorkerFile *worker_file_new (void);
void worker_file_free (WorkerFile *file);

WorkerRecord *worker_record_new (void);
void worker_record_free (WorkerRecord *record);

/* From the JSON object of the file (or of a commit request: then without files). CatalogInvalid never; Failed, naming
 * @name, when it is damaged. */
WorkerRecord *worker_record_from_json (JsonObject *object, const char *name, GError **error);
JsonObject *worker_record_to_json (const WorkerRecord *record);

/* Reads workers/<id>.json below @directory (the workers folder). NotInstalled when there is none. */
WorkerRecord *worker_record_read (const char *directory, const char *id, GError **error);

/* What it is called: its id, where nobody noted a name. */
const char *worker_record_name (const WorkerRecord *record);

const WorkerFile *worker_record_find (const WorkerRecord *record, const char *path);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (WorkerFile, worker_file_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WorkerRecord, worker_record_free)
