/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clean.h"
#include "error.h"
#include "file.h"
#include "install.h"
#include "inventory.h"
#include "json.h"
#include "model-store.h"
#include "model-verify.h"
#include "recover.h"
#include "rehearsal.h"
#include "remove.h"
#include "rollback.h"
#include "verify.h"

#define REQUEST_MAX_SIZE (64 * 1024)

/* One run: what was asked, and where to say what came of it. */
typedef struct
{
  const Configuration *configuration;
  JsonObject *request;
  LogWriter *log; /* standard output */
} Run;

static bool
verb_install (Run *run, GError **error)
{
  if (!install_run (run->configuration, run->log, run->request, error))
    return false;
  clean_soon (run->configuration, json_get_string (run->request, "work", NULL),
              json_get_string (run->request, "worker_id", NULL));
  return true;
}

static bool
verb_remove (Run *run, GError **error)
{
  return remove_run (run->configuration, run->log, run->request, error);
}

static bool
verb_rollback (Run *run, GError **error)
{
  return rollback_run (run->configuration, run->log, run->request, error);
}

static bool
verb_recover (Run *run, GError **error)
{
  return recover_run (run->configuration, run->log, error);
}

static bool
verb_clean (Run *run, GError **error)
{
  return clean_run (run->configuration, json_get_string (run->request, "work", NULL),
                    json_get_string (run->request, "keep_tools_of", NULL), error);
}

static bool
verb_verify (Run *run, GError **error)
{
  bool model = json_object_has_member (run->request, "model");
  g_autoptr (JsonObject) answer = model ? model_verify_run (run->configuration, run->request, error) :
                                          verify_run (run->configuration, run->request, error);
  g_autofree char *text = answer ? json_to_text (answer, false) : NULL;

  if (text)
    puts (text);
  return text && (fflush (stdout) == 0 || hive_error_set_errno (error, EIO, "Cannot write the answer"));
}

static bool
verb_rehearse (Run *run, GError **error)
{
  return rehearsal_run (run->configuration, run->request, error);
}

static bool
verb_model_add (Run *run, GError **error)
{
  return model_store_add (run->configuration, run->log, run->request, error);
}

static bool
verb_model_remove (Run *run, GError **error)
{
  return model_store_remove (run->configuration, run->request, error);
}

static bool
verb_inventory (Run *run, GError **error)
{
  return inventory_run (run->configuration, stdout, error);
}

/* How a failure is told. */
typedef enum
{
  TELL_LOG,  /* a note and an `error` record */
  TELL_JSON, /* {"error","message"} */
  TELL_STDERR,
} Tell;

static const struct
{
  const char *name;
  bool (*run) (Run *run, GError **error);
  Tell tell;
  const char *phase;
  const char *failed;
} verbs[] = {
  { "install", verb_install, TELL_LOG, "install", "Install failed" },
  { "remove", verb_remove, TELL_LOG, "remove", "Removal failed" },
  { "rollback", verb_rollback, TELL_LOG, "install", "Rollback failed" },
  { "recover", verb_recover, TELL_LOG, "recover", "Recovery failed" },
  { "verify", verb_verify, TELL_JSON },
  { "rehearse", verb_rehearse, TELL_JSON },
  { "clean", verb_clean, TELL_STDERR },
  { "inventory", verb_inventory, TELL_STDERR },
  { "model-add", verb_model_add, TELL_LOG, "install", "Model refused" },
  { "model-remove", verb_model_remove, TELL_STDERR },
};

static const char *
failure_title (int code, const char *fallback)
{
  switch (code)
    {
    case HIVE_ERROR_PACKAGE_INVALID:
      return "Package refused";
    case HIVE_ERROR_FILE_CONFLICT:
      return "Files are in the way";
    case HIVE_ERROR_NO_SPACE:
      return "No space left";
    case HIVE_ERROR_NOT_INSTALLED:
      return "Not installed";
    default:
      return fallback;
    }
}

static void
tell_failure (int verb, LogWriter *log, const GError *failure)
{
  if (verbs[verb].tell == TELL_LOG)
    {
      log_writer_note (log, verbs[verb].phase, "❌ %s", failure_title (failure->code, verbs[verb].failed));
      log_writer_error (log, verbs[verb].phase, failure);
    }
  else if (verbs[verb].tell == TELL_JSON)
    {
      g_autoptr (JsonObject) object = json_object_new ();
      g_autofree char *text = NULL;

      json_object_set_string_member (object, "error", hive_error_name (failure->code));
      json_object_set_string_member (object, "message", failure->message);
      text = json_to_text (object, false);
      puts (text);
    }
  else
    fprintf (stderr, "rbee-hive-commit: %s\n", failure->message);
}

static bool
run_verb (int verb, const Configuration *configuration, LogWriter *log, GError **error)
{
  size_t size;
  g_autofree char *text = file_read_fd (STDIN_FILENO, REQUEST_MAX_SIZE, "The request", &size, error);
  g_autoptr (JsonObject) request =
      text ? json_parse_object (text, size, "The request", HIVE_ERROR_INVALID_ARGUMENT, error) : NULL;
  Run run = { .configuration = configuration, .request = request, .log = log };

  return request && verbs[verb].run (&run, error);
}

static int
find_verb (const char *name)
{
  for (size_t i = 0; name && i < G_N_ELEMENTS (verbs); i++)
    if (g_str_equal (verbs[i].name, name))
      return i;
  return -1;
}

/* What a privileged program must not inherit. */
static bool
confine (void)
{
  umask (022);
  signal (SIGPIPE, SIG_IGN); /* a reader of the answer that goes away must not cut a transaction short */
  return prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
}

int
main (int argc, char **argv)
{
  g_autofree char *path = NULL;
  const GOptionEntry options[] = {
    { "config", 0, 0, G_OPTION_ARG_FILENAME, &path, "The configuration, instead of the installed one", "FILE" },
    { NULL },
  };
  g_autoptr (GOptionContext) context =
      g_option_context_new ("install|remove|rollback|recover|verify|rehearse|clean|inventory|model-add|model-remove");
  g_autoptr (Configuration) configuration = NULL;
  g_autoptr (LogWriter) log = NULL;
  g_autoptr (GError) error = NULL;
  int verb;

  g_option_context_set_summary (context,
                                "Installs and removes workers for rbee-hived; reads a JSON request from standard "
                                "input.");
  g_option_context_add_main_entries (context, options, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error) || argc != 2 || (verb = find_verb (argv[1])) < 0)
    {
      fprintf (stderr, "rbee-hive-commit: %s\n",
               error ? error->message :
                       "give one of install, remove, rollback, recover, verify, rehearse, clean, inventory, "
                       "model-add, model-remove");
      return EXIT_FAILURE;
    }

  configuration = confine () ? configuration_load (path, &error) : NULL;
  if (!configuration)
    {
      fprintf (stderr, "rbee-hive-commit: %s\n", error ? error->message : "cannot give up gaining privileges");
      return EXIT_FAILURE;
    }

  log = log_writer_new (STDOUT_FILENO, configuration->max_log_size);
  if (run_verb (verb, configuration, log, &error))
    return EXIT_SUCCESS;

  tell_failure (verb, log, error);
  return EXIT_FAILURE;
}
