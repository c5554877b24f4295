/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kept-version.h"

#include <string.h>

#include "error.h"

#define JOB_LENGTH_MAX 20

static int
compare_kept_jobs (const void *a, const void *b)
{
  guint64 one = g_ascii_strtoull (*(char *const *)a, NULL, 10);
  guint64 other = g_ascii_strtoull (*(char *const *)b, NULL, 10);

  return one < other ? 1 : one > other ? -1 : 0;
}

char **
kept_version_jobs (const Configuration *configuration, const char *worker_id)
{
  g_autofree char *path = configuration_state_path (configuration, "kept", worker_id, NULL);
  g_autoptr (GDir) folder = g_dir_open (path, 0, NULL);
  GPtrArray *jobs = g_ptr_array_new ();
  const char *name;

  while (folder && (name = g_dir_read_name (folder)))
    if (strlen (name) <= JOB_LENGTH_MAX && strspn (name, "0123456789") == strlen (name))
      g_ptr_array_add (jobs, g_strdup (name));
  g_ptr_array_sort (jobs, compare_kept_jobs);
  g_ptr_array_add (jobs, NULL);
  return (char **)g_ptr_array_free (jobs, FALSE);
}

WorkerRecord *
kept_version_read (const Configuration *configuration, const char *worker_id, const char *job, GError **error)
{
  g_autofree char *folder = configuration_state_path (configuration, "kept", worker_id, job, NULL);
  g_autoptr (GError) failure = NULL;
  WorkerRecord *record = worker_record_read (folder, worker_id, &failure);

  if (!record)
    g_set_error (error, HIVE_ERROR, HIVE_ERROR_FAILED, "The version of %s that is kept in %s cannot be used: %s",
                 worker_id, folder, failure->message);
  return record;
}

char *
kept_version_newest (const Configuration *configuration, const char *worker_id)
{
  g_auto (GStrv) jobs = kept_version_jobs (configuration, worker_id);
  g_autoptr (WorkerRecord) record = jobs[0] ? kept_version_read (configuration, worker_id, jobs[0], NULL) : NULL;

  return g_strdup (record && record->version ? record->version : "");
}

bool
kept_version_set_none (const char *worker_id, GError **error)
{
  g_set_error (error, HIVE_ERROR, HIVE_ERROR_NOT_INSTALLED,
               "No version of %s before the installed one is kept (KeepVersions= in [Hive] of hive.conf): install the "
               "one you want from its catalog",
               worker_id);
  return false;
}
