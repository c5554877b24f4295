/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "config.h"
#include "errand.h"
#include "file.h"
#include "inspection.h"
#include "local-build.h"
#include "model-import.h"
#include "model-pull.h"
#include "pipeline.h"
#include "query.h"
#include "recipe-files.h"
#include "sandbox.h"
#include "scripts.h"
#include "store-send.h"

#define LOG_SIZE_MIN (64 * 1024) /* what MaxLogSize= is at least */

static void
handle_signal (int signal)
{
  sandbox_cancel_all ();
}

/* Whatever takes long looks whether the job was cancelled. */
static void
main_watch_signals (void)
{
  struct sigaction action = { .sa_handler = handle_signal };

  sigaction (SIGTERM, &action, NULL);
  sigaction (SIGINT, &action, NULL);
  signal (SIGPIPE, SIG_IGN);
  errand_listen ();
}

static int
main_run_push (const Configuration *configuration, const JobRequest *request, LogWriter *log)
{
  const Builder builder = {
    .configuration = configuration, .request = request, .log = log, .phase = "push", .work_fd = -1
  };
  g_autoptr (GError) error = NULL;

  return scripts_check (configuration, &error) && store_send_run (&builder, &error) ? JOB_EXIT_READY :
                                                                                      pipeline_fail (&builder, error);
}

static int
main_run_job (Configuration *configuration)
{
  g_autoptr (LogWriter) log = log_writer_new (STDOUT_FILENO, configuration->max_log_size);
  g_autoptr (GError) error = NULL;
  g_autoptr (JobRequest) request = job_request_read (STDIN_FILENO, &error);

  if (request && request->files)
    recipe_files_announce (configuration, request);
  if (request && request->push_url)
    return main_run_push (configuration, request, log);
  if (request)
    return request->model_reference ? model_pull_run (configuration, request, log) :
                                      pipeline_run (configuration, request, log);
  log_writer_error (log, "metadata", error);
  return JOB_EXIT_FAILED;
}

/* Standard input is the file, so that the job is an argument. */
static int
main_run_import (Configuration *configuration, const char *text)
{
  g_autoptr (LogWriter) log = log_writer_new (STDOUT_FILENO, configuration->max_log_size);
  g_autoptr (GError) error = NULL;
  g_auto (Fd) input = file_memory ("request", text, -1, &error);
  g_autoptr (JobRequest) request = input < 0 ? NULL : job_request_read (input, &error);

  if (request)
    return model_import_run (configuration, request, log);
  log_writer_error (log, "sources", error);
  return JOB_EXIT_FAILED;
}

/* Who waits for an answer or a log gets it there. */
static int
main_refuse (const GError *error, bool query, bool job)
{
  g_autoptr (LogWriter) log = job ? log_writer_new (STDOUT_FILENO, LOG_SIZE_MIN) : NULL;

  fprintf (stderr, "rbee-hive-builder: %s\n", error->message);
  if (query)
    query_refuse (error);
  if (job)
    log_writer_error (log, "metadata", error);
  return JOB_EXIT_FAILED;
}

/* A recipe's code must not run as root, whatever namespaces it is in; jobs of the hive don't either. */
static int
main_run_build (Configuration *configuration, const LocalBuild *build)
{
  g_autoptr (LogWriter) log = NULL;

  if (geteuid () == 0)
    {
      fprintf (stderr, "rbee-hive-builder: root must not build a PKGBUILD, whose code would run as root: be a user\n");
      return JOB_EXIT_FAILED;
    }
  log = log_writer_new (STDOUT_FILENO, configuration->max_log_size);
  return local_build_run (build, configuration, log);
}

int
main (int argc, char **argv)
{
  g_autofree char *path = NULL;
  g_autofree char *file = NULL;
  g_autofree char *output = NULL;
  g_autofree char *recipe = NULL;
  g_autofree char *network = NULL;
  g_autofree char *import = NULL;
  gboolean query = FALSE, version = FALSE, tests = FALSE, local_sources = FALSE, json = FALSE, srcinfo = FALSE;
  const GOptionEntry options[] = {
    { "config", 0, 0, G_OPTION_ARG_FILENAME, &path, "Read this file instead of the installed one", "FILE" },
    { "query", 0, 0, G_OPTION_ARG_NONE, &query, "Answer a question as JSON instead of building", NULL },
    { "build", 0, 0, G_OPTION_ARG_FILENAME, &file, "Build this PKGBUILD as the caller, and install nothing", "FILE" },
    { "output", 0, 0, G_OPTION_ARG_FILENAME, &output, "Leave what --build made here instead of in pkg beside the file",
      "FOLDER" },
    { "with-check", 0, 0, G_OPTION_ARG_NONE, &tests, "Run check() too with --build", NULL },
    { "local-sources", 0, 0, G_OPTION_ARG_NONE, &local_sources,
      "With --build, take sources from all of this machine and from private addresses too", NULL },
    { "network", 0, 0, G_OPTION_ARG_STRING, &network, "With --build, whether prepare() and build() have a network",
      NETWORK_ALLOW "|" NETWORK_FORBID },
    { "check", 0, 0, G_OPTION_ARG_FILENAME, &recipe, "Say what this PKGBUILD is and which rules it breaks", "FILE" },
    { "json", 0, 0, G_OPTION_ARG_NONE, &json, "Answer --check as JSON", NULL },
    { "srcinfo", 0, 0, G_OPTION_ARG_NONE, &srcinfo, "Answer --check as a .SRCINFO file", NULL },
    { "import", 0, 0, G_OPTION_ARG_STRING, &import, "Copy the model that standard input is, for this job", "JSON" },
    { "version", 0, 0, G_OPTION_ARG_NONE, &version, "Show the version", NULL },
    { NULL },
  };
  g_autoptr (GOptionContext) context = g_option_context_new ("[QUERY [ARGUMENT…]]");
  g_autoptr (Configuration) configuration = NULL;
  g_autoptr (GError) error = NULL;

  setlocale (LC_CTYPE, "C.UTF-8");
  g_option_context_set_summary (context, "Builds one worker: reads a job from standard input and writes its log to "
                                         "standard output. Started by rbee-hived.");
  g_option_context_add_main_entries (context, options, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error))
    {
      fprintf (stderr, "rbee-hive-builder: %s\n", error->message);
      return 2;
    }
  if (version)
    {
      puts (PROJECT_VERSION);
      return 0;
    }
  configuration = configuration_load (path, &error);
  if (!configuration)
    return main_refuse (error, query, !query && !file && !recipe);

  main_watch_signals ();
  prctl (PR_SET_CHILD_SUBREAPER, 1);
  if (file)
    return main_run_build (configuration, &(LocalBuild){ .file = file,
                                                         .output = output,
                                                         .check = tests,
                                                         .local_sources = local_sources,
                                                         .network = network });
  if (import)
    return main_run_import (configuration, import);
  if (recipe)
    return inspection_run (configuration, recipe,
                           srcinfo ? INSPECTION_SRCINFO :
                           json    ? INSPECTION_JSON :
                                     INSPECTION_TEXT);
  return query ? query_run (configuration, argv + 1) : main_run_job (configuration);
}
