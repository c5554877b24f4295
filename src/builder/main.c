/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"
#include "inspection.h"
#include "job.h"
#include "query.h"
#include "sandbox.h"

#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>

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
}

static int
main_run_job (const Configuration *configuration)
{
  g_autoptr (LogWriter) log = log_writer_new (STDOUT_FILENO, configuration->max_log_size);
  g_autoptr (GError) error = NULL;
  g_autoptr (Request) request = request_read (STDIN_FILENO, &error);

  if (request)
    return job_run (configuration, request, log);
  log_writer_error (log, "metadata", error);
  return JOB_EXIT_FAILED;
}

/* What a person runs takes the scripts beside it, wherever it was put. */
static void
main_use_own_scripts (Configuration *configuration)
{
  g_autofree char *program = g_file_read_link ("/proc/self/exe", NULL);
  g_autofree char *folder = program ? g_path_get_dirname (program) : NULL;
  g_autofree char *script = folder ? g_build_filename (folder, "evaluate.bash", NULL) : NULL;

  if (!script || !g_file_test (script, G_FILE_TEST_EXISTS))
    return;
  g_free (configuration->libexec_directory);
  configuration->libexec_directory = g_steal_pointer (&folder);
}

int
main (int argc, char **argv)
{
  g_autofree char *path = NULL;
  g_autofree char *recipe = NULL;
  gboolean query = FALSE, version = FALSE, json = FALSE, srcinfo = FALSE;
  const GOptionEntry options[] = {
    { "config", 0, 0, G_OPTION_ARG_FILENAME, &path, "Read this file instead of the installed one", "FILE" },
    { "query", 0, 0, G_OPTION_ARG_NONE, &query, "Answer a question as JSON instead of building", NULL },
    { "check", 0, 0, G_OPTION_ARG_FILENAME, &recipe, "Say what this PKGBUILD is and breaks", "FILE" },
    { "json", 0, 0, G_OPTION_ARG_NONE, &json, "With --check: as JSON", NULL },
    { "srcinfo", 0, 0, G_OPTION_ARG_NONE, &srcinfo, "With --check: as a .SRCINFO file", NULL },
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
    {
      fprintf (stderr, "rbee-hive-builder: %s\n", error->message);
      return 1;
    }

  main_watch_signals ();
  prctl (PR_SET_CHILD_SUBREAPER, 1);
  if (recipe && !path)
    main_use_own_scripts (configuration);
  if (recipe)
    return inspection_run (configuration, recipe,
                           srcinfo ? INSPECTION_SRCINFO :
                           json    ? INSPECTION_JSON :
                                     INSPECTION_TEXT);
  return query ? query_run (configuration, argv + 1) : main_run_job (configuration);
}
