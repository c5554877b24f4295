/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <json-glib/json-glib.h>
#include <stdbool.h>

/* What the daemon asks of a builder: JSON of at most 16 MiB on its standard input. */
typedef struct
{
  char *job; /* "17" */
  char *worker_id;
  char *work;    /* the job's work directory */
  char *backend; /* NULL: not given */
  char *source;  /* NULL, "binary" or "git" */
  char *catalog; /* NULL: any */
  char *from;    /* the folder of ready builds that it is to be taken from; NULL: the stores of hive.conf */
  char *cpu;     /* NULL: as configured */
  char *network; /* NULL: as configured, or NETWORK_ALLOW or NETWORK_FORBID */
  bool check;
  bool reinstall;
  bool install_dependencies; /* what is missing may be had of the daemon */
  bool upgrade;              /* build nothing that is not newer than what is installed */
  char *installed_version;   /* NULL: not installed */
  char *installed_recipe_sha256;
  char *installed_backend;
  char *installed_cpu;    /* NULL: unknown */
  JsonObject *files;      /* of a recipe that was handed over: name → base64; NULL: a catalog has it */
  char *origin;           /* where it is from, for people */
  char *model_reference;  /* a model is to be pulled, and @worker_id its name; NULL: it is not */
  char *model_sha256;     /* of one that is imported; NULL: not given */
  char *push_url;         /* what lies in @work, packed and signed, is to be put into this registry; NULL: it is not */
  char *push_key;         /* under this tag */
  JsonObject *remembered; /* {NAME:[…]} of what catalogs said: catalog-memory.h; NULL: nothing */
} JobRequest;

#define NETWORK_ALLOW  "allow"
#define NETWORK_FORBID "forbid"

JobRequest *job_request_read (int fd, GError **error);
void job_request_free (JobRequest *request);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (JobRequest, job_request_free)
