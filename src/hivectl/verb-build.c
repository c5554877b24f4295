/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <glib/gi18n.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "configuration.h"
#include "error.h"
#include "file.h"
#include "json.h"
#include "terminal.h"
#include "variant.h"
#include "verb.h"
#include "view.h"

#define STATUS_INTERVAL 100 /* ms */

/* A builder that works for us. */
typedef struct
{
  View *view;
  GPid pid;
  Fd log;
  GString *line;      /* what there is of the next record */
  uint64_t cursor;    /* where it begins in the log */
  JsonObject *result; /* what the builder made; NULL: nothing (yet) */
  char *error_name, *error_message;
} Build;

static volatile sig_atomic_t builder_pid;

/* Ctrl-C at a terminal reaches the builder too, and it ends in order; any other signal is passed on. */
static void
build_on_signal (int signal)
{
  if (builder_pid > 0)
    kill (builder_pid, SIGTERM);
}

static void
build_watch_signals (void)
{
  struct sigaction action = { .sa_handler = build_on_signal };
  static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };

  for (gsize i = 0; i < G_N_ELEMENTS (signals); i++)
    sigaction (signals[i], &action, NULL);
}

/* In the child. */
static void
build_die_with_parent (void *userdata)
{
  prctl (PR_SET_PDEATHSIG, SIGTERM);
}

static bool
build_start (Build *build, const Options *options, const char *file, GError **error)
{
  g_autoptr (Configuration) configuration = NULL;
  g_autoptr (GPtrArray) command = g_ptr_array_new ();
  g_autofree char *program = NULL;
  g_autoptr (GError) failure = NULL;

  configuration = configuration_load (options->config, &failure);
  if (configuration)
    {
      program = g_build_filename (configuration->libexec_directory, "rbee-hive-builder", NULL);
      g_ptr_array_add (command, program);
      g_ptr_array_add (command, (char *)"--build");
      g_ptr_array_add (command, (char *)file);
      if (options->check)
        g_ptr_array_add (command, (char *)"--with-check");
      if (options->local_sources)
        g_ptr_array_add (command, (char *)"--local-sources");
      if (options->network)
        {
          g_ptr_array_add (command, (char *)"--network");
          g_ptr_array_add (command, options->network);
        }
      if (options->output)
        {
          g_ptr_array_add (command, (char *)"--output");
          g_ptr_array_add (command, options->output);
        }
      if (options->config)
        {
          g_ptr_array_add (command, (char *)"--config");
          g_ptr_array_add (command, options->config);
        }
      g_ptr_array_add (command, NULL);
      if (g_spawn_async_with_pipes (NULL, (char **)command->pdata, NULL, G_SPAWN_DO_NOT_REAP_CHILD,
                                    build_die_with_parent, NULL, &build->pid, NULL, &build->log, NULL, &failure))
        return true;
    }
  g_set_error_literal (error, CLIENT_ERROR, EXIT_STATUS_FAILED, failure->message);
  return false;
}

static void
build_take_line (Build *build, const char *line, size_t length)
{
  LogRecord record;
  int code;

  if (!log_record_parse (line, length, &record))
    return;
  record.cursor = build->cursor;
  record.next = build->cursor + length + 1;
  view_record (build->view, &record);
  if (record.stream == LOG_STREAM_RESULT && !build->result)
    build->result =
        json_parse_object (record.text, record.text_length, "the result", HIVE_ERROR_INVALID_ARGUMENT, NULL);
  else if (record.stream == LOG_STREAM_ERROR && !build->error_message)
    {
      log_record_parse_error (&record, &code, &build->error_message);
      build->error_name = g_strdup (hive_error_name (code));
    }
}

static void
build_take (Build *build, const char *data, size_t length)
{
  const char *newline;

  while ((newline = memchr (data, '\n', length)))
    {
      g_string_append_len (build->line, data, newline - data);
      build_take_line (build, build->line->str, build->line->len);
      build->cursor += build->line->len + 1;
      g_string_truncate (build->line, 0);
      length -= (size_t)(newline + 1 - data);
      data = newline + 1;
    }
  g_string_append_len (build->line, data, (gssize)length);
}

/* Shows the log until its end and returns how the builder ended. */
static int
build_follow (Build *build)
{
  struct pollfd poll_fd = { .fd = build->log, .events = POLLIN };
  char buffer[64 * 1024];
  ssize_t n = 1;
  int status;

  while (n > 0)
    {
      if (poll (&poll_fd, 1, 0) == 0)
        view_flush (build->view);
      if (poll (&poll_fd, 1, view_has_status (build->view) ? STATUS_INTERVAL : -1) <= 0)
        continue;
      n = read (build->log, buffer, sizeof buffer);
      if (n > 0)
        build_take (build, buffer, (size_t)n);
    }
  view_pause (build->view);
  while (waitpid (build->pid, &status, 0) < 0 && errno == EINTR)
    ;
  return WIFEXITED (status) ? WEXITSTATUS (status) : -1;
}

/* rbee-hive-builder(8) says what its exit statuses are. */
static ExitStatus
build_status (int status)
{
  switch (status)
    {
    case 0:
      return EXIT_STATUS_OK;
    case 3:
      return EXIT_STATUS_CANCELLED;
    default:
      return EXIT_STATUS_FAILED;
    }
}

static void
build_print_outcome (const Build *build, ExitStatus status)
{
  JsonObject *object = build->result ? json_object_ref (build->result) : json_object_new ();

  json_object_set_string_member (object, "state",
                                 status == EXIT_STATUS_OK        ? "done" :
                                 status == EXIT_STATUS_CANCELLED ? "cancelled" :
                                                                   "failed");
  json_object_set_string_member (object, "error", build->error_name ? build->error_name : "");
  json_object_set_string_member (object, "message", build->error_message ? build->error_message : "");
  variant_print_line (object);
}

static void
build_clear (Build *build)
{
  g_clear_pointer (&build->view, view_free);
  fd_clear (&build->log);
  g_string_free (build->line, TRUE);
  g_clear_pointer (&build->result, json_object_unref);
  g_free (build->error_name);
  g_free (build->error_message);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Build, build_clear)

static ExitStatus
build_run (Client *client, const Options *options, char **arguments, GError **error)
{
  g_auto (Build) build = { .view = view_new (options, true), .log = -1, .line = g_string_new (NULL) };
  ExitStatus status;

  if (client_is_remote (client))
    g_set_error_literal (error, CLIENT_ERROR, EXIT_STATUS_USAGE,
                         _ ("build works without a hive, on this machine: leave --host out"));
  else if (geteuid () == 0)
    g_set_error_literal (error, CLIENT_ERROR, EXIT_STATUS_REFUSED,
                         _ ("root must not build a PKGBUILD, whose code would run as root: be a user"));
  else if (access (arguments[0], R_OK) < 0)
    g_set_error (error, CLIENT_ERROR, EXIT_STATUS_USAGE, _ ("Cannot read %s: %s"), arguments[0], g_strerror (errno));
  if (*error)
    return (ExitStatus)(*error)->code;

  build_watch_signals ();
  if (!build_start (&build, options, arguments[0], error))
    return EXIT_STATUS_FAILED;
  builder_pid = build.pid;
  status = build_status (build_follow (&build));
  if (options->json)
    build_print_outcome (&build, status);
  else if (options->quiet && build.error_message)
    terminal_report (build.error_message);
  return status;
}

const Verb build_verb = {
  .name = "build",
  .arguments = N_ ("FILE"),
  .summary = N_ ("Build a PKGBUILD of your own, and install nothing"),
  .details = N_ ("Runs here, as you, without the hive, and in the sandbox that the hive builds in.\n"
                 "What each package would install is left in pkg/NAME beside FILE, as makepkg has\n"
                 "it. Downloads and what tools cache are kept in your own cache (~/.cache).\n"
                 "Ctrl-C ends the build."),
  .example = "hivectl build ./PKGBUILD",
  .options = OPTION_LOCAL | OPTION_QUIET,
  .least = 1,
  .most = 1,
  .run = build_run,
};
