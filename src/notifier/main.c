/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rbee-hive-notifier: a user's jobs of org.rbee.Hive, in the tray and the notifications of the desktop. */
#include <glib/gi18n.h>
#include <libintl.h>
#include <locale.h>
#include <signal.h>
#include <stdlib.h>

#include "config.h"
#include "error.h"
#include "file.h"
#include "notifier.h"

static gboolean option_version;

static const GOptionEntry options[] = {
  { "version", 0, 0, G_OPTION_ARG_NONE, &option_version, N_ ("Print the version"), NULL },
  {},
};

static bool
main_parse (int argc, char **argv, GError **error)
{
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);

  g_option_context_add_main_entries (context, options, GETTEXT_PACKAGE);
  g_option_context_set_summary (context, _ ("Shows your jobs of the hive in the desktop's tray and notifications."));
  if (!g_option_context_parse (context, &argc, &argv, error))
    return false;
  if (argc > 1)
    {
      g_set_error (error, HIVE_ERROR, HIVE_ERROR_INVALID_ARGUMENT, _ ("Unexpected argument %s"), argv[1]);
      return false;
    }
  return true;
}

static int
main_loop (sd_event *event, GError **error)
{
  g_autoptr (Notifier) notifier = NULL;
  int r;

  if ((r = sd_event_add_signal (event, NULL, SIGTERM, NULL, NULL)) < 0 ||
      (r = sd_event_add_signal (event, NULL, SIGINT, NULL, NULL)) < 0)
    {
      hive_error_set_errno (error, -r, _ ("Cannot watch for signals"));
      return EXIT_FAILURE;
    }
  notifier = notifier_new (event, error);
  if (!notifier)
    return *error ? EXIT_FAILURE : EXIT_SUCCESS;
  return sd_event_loop (event) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  sd_event *event = NULL;
  sigset_t signals;
  int status;

  setlocale (LC_ALL, "");
  bindtextdomain (GETTEXT_PACKAGE, LOCALEDIR);
  bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");
  textdomain (GETTEXT_PACKAGE);
  file_open_standard ();
  sigemptyset (&signals);
  sigaddset (&signals, SIGTERM);
  sigaddset (&signals, SIGINT);
  sigaddset (&signals, SIGCHLD);
  sigprocmask (SIG_BLOCK, &signals, NULL);
  signal (SIGPIPE, SIG_IGN);

  if (!main_parse (argc, argv, &error))
    status = EXIT_FAILURE;
  else if (option_version)
    {
      g_print ("rbee-hive-notifier %s\n", PROJECT_VERSION);
      status = EXIT_SUCCESS;
    }
  else
    status = sd_event_new (&event) < 0 ? EXIT_FAILURE : main_loop (event, &error);
  sd_event_unref (event);
  if (error)
    g_printerr ("rbee-hive-notifier: %s\n", error->message);
  return status;
}
