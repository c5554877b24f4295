/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "build-failure.h"

#include <glib/gi18n.h>

#include "error.h"
#include "size.h"

/* A limit that systemd enforced, and the key that raises it; NULL when it was none. */
static GError *
build_failure_of_limit (const Job *job)
{
  const Configuration *configuration = job->hive->configuration;
  g_autofree char *memory = size_to_string (configuration->memory_max);

  if (job->ending.kind == ENDING_OUT_OF_MEMORY)
    return g_error_new (HIVE_ERROR, HIVE_ERROR_LIMITS_EXCEEDED,
                        N_ ("The build needed more memory than it may have (%s): raise MemoryMax= in [Jobs] "
                            "of hive.conf, or MemoryPerCompiler= in [Build], so that fewer compilers run at once"),
                        memory);
  if (job->ending.kind == ENDING_TIMED_OUT)
    return g_error_new (HIVE_ERROR, HIVE_ERROR_TIMED_OUT,
                        N_ ("The job took longer than %u s: raise RuntimeMax= in [Jobs] of hive.conf"),
                        configuration->runtime_max);
  return NULL;
}

GError *
build_failure (const Job *job, const char *not_started, const GError *told, bool *ret_told)
{
  int code = ending_status (&job->ending);
  g_autofree char *how = ending_to_string (&job->ending);
  GError *limit = build_failure_of_limit (job);

  *ret_told = false;
  if (limit)
    return limit;
  if (code == 1 && told)
    {
      *ret_told = true;
      return g_error_copy (told);
    }
  if (code == 3)
    return g_error_new (HIVE_ERROR, HIVE_ERROR_INTERRUPTED, "The builder was told to stop, but not by the hive");
  if (code == 4)
    return g_error_new (HIVE_ERROR, HIVE_ERROR_NO_SPACE,
                        "There is no space left for the job's log in %s: make room, then install again",
                        job->hive->configuration->state_directory);
  if (job->ending.kind == ENDING_NOT_STARTED)
    return g_error_new (HIVE_ERROR, HIVE_ERROR_FAILED, "The builder could not be started: %s",
                        not_started ? not_started : N_ ("see the journal"));
  /* Of a shell's making, and of systemd's: systemd.exec(5), "Process exit codes". */
  if (code == 126 || code == 127 || code >= 200)
    return g_error_new (HIVE_ERROR, HIVE_ERROR_FAILED, "The builder could not be started (%s/rbee-hive-builder, %s)",
                        job->hive->configuration->libexec_directory, how);
  if (job->ending.kind == ENDING_UNKNOWN)
    return g_error_new (HIVE_ERROR, HIVE_ERROR_INTERRUPTED,
                        "The job's unit is gone and nobody knows how it ended; ask for it again");
  return g_error_new (HIVE_ERROR, HIVE_ERROR_BUILD_FAILED, N_ ("The builder ended unexpectedly (%s)"), how);
}
