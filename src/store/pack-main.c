/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rbee-hive-pack: what makes trees out of archives, and archives out of trees. The builder starts it in a sandbox to
 * unpack, the daemon in a unit of its own to pack and sign. It is no part of rbee-hive-store, which starts sooner
 * without libarchive, and the unit that has the key has no libcurl. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>

#include "error.h"
#include "file.h"
#include "json.h"
#include "push.h"
#include "unpack.h"

#define ANSWER_FD   9 /* as the builder has it */
#define REQUEST_MAX (64 * 1024)

/* unpack FILE FOLDER SIZE FILES: the list of what it was. */
static bool
run_unpack (char **arguments, GError **error)
{
  g_auto (Fd) from = open (arguments[0], O_RDONLY | O_CLOEXEC);
  g_auto (Fd) to = open (arguments[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  g_autoptr (GString) list = g_string_new (NULL);
  int r;

  umask (0);
  if (from < 0 || to < 0)
    {
      g_set_error_literal (error, HIVE_ERROR, HIVE_ERROR_FAILED, "the tree cannot be opened");
      return false;
    }
  if (!unpack_tree (from, to, g_ascii_strtoull (arguments[2], NULL, 10),
                    (unsigned)g_ascii_strtoull (arguments[3], NULL, 10), list, error))
    return false;
  r = file_write_all (ANSWER_FD, list->str, list->len);
  return r >= 0 || hive_error_set_errno (error, -r, "Cannot answer");
}

/* What a reader of the log is told of a push that failed. */
static bool
run_push (const char *config, GError **error)
{
  g_autoptr (Configuration) configuration = configuration_load (config, error);
  g_autoptr (LogWriter) log = configuration ? log_writer_new (STDOUT_FILENO, configuration->max_log_size) : NULL;
  g_autoptr (GError) failure = NULL;
  size_t size = 0;
  g_autofree char *text = configuration ? file_read_fd (STDIN_FILENO, REQUEST_MAX, "The request", &size, error) : NULL;
  g_autoptr (JsonObject) request =
      text ? json_parse_object (text, (gssize)size, "The request", HIVE_ERROR_INVALID_ARGUMENT, error) : NULL;

  if (!request)
    return false;
  umask (022);
  if (push_run (configuration, request, log, &failure))
    return true;
  log_writer_note (log, "push", "❌ Push failed");
  log_writer_error (log, "push", failure);
  g_propagate_error (error, g_steal_pointer (&failure));
  return false;
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  const char *verb = argc > 1 ? argv[1] : "";
  bool fine;

  signal (SIGPIPE, SIG_IGN);
  if (g_str_equal (verb, "unpack") && argc == 6)
    fine = run_unpack (argv + 2, &error);
  else if (g_str_equal (verb, "push") && (argc == 2 || (argc == 4 && g_str_equal (argv[2], "--config"))))
    fine = run_push (argc == 4 ? argv[3] : NULL, &error);
  else
    {
      fprintf (stderr,
               "Usage: rbee-hive-pack unpack FILE FOLDER SIZE FILES | push [--config FILE] (started by the hive)\n");
      return 2;
    }
  if (!fine && error)
    fprintf (stderr, "%s\n", error->message);
  return fine ? 0 : 1;
}
