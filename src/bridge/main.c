/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rbee-hive-bridge: HTTP and server-sent events in front of org.rbee.Hive. */
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "bridge.h"
#include "config.h"
#include "error.h"
#include "file.h"

static char *option_config;
static char *option_bus;
static gboolean option_version;

static const GOptionEntry options[] = {
  { "config", 0, 0, G_OPTION_ARG_FILENAME, &option_config, "Read this file instead of the installed hive.conf",
    "FILE" },
  { "bus", 0, 0, G_OPTION_ARG_STRING, &option_bus, "Use the bus at this address instead of the system bus", "ADDRESS" },
  { "version", 0, 0, G_OPTION_ARG_NONE, &option_version, "Print the version", NULL },
  {},
};

/* A descriptor a stream. */
static void
descriptors_raise (void)
{
  struct rlimit limit;

  if (getrlimit (RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max)
    {
      limit.rlim_cur = limit.rlim_max;
      setrlimit (RLIMIT_NOFILE, &limit);
    }
}

static bool
arguments_parse (int argc, char **argv, GError **error)
{
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);

  g_option_context_add_main_entries (context, options, NULL);
  g_option_context_set_summary (context, "Lets browsers and scripts use the hive (org.rbee.Hive) over HTTP.");
  if (!g_option_context_parse (context, &argc, &argv, error))
    return false;
  if (argc > 1)
    {
      g_set_error (error, HIVE_ERROR, HIVE_ERROR_INVALID_ARGUMENT, "Unexpected argument %s", argv[1]);
      return false;
    }
  return true;
}

static int
main_on_signal (sd_event_source *source, const struct signalfd_siginfo *info, void *userdata)
{
  bridge_drain (userdata);
  return 0;
}

static bool
bridge_main (sd_event *event, GError **error)
{
  g_autoptr (Configuration) configuration = configuration_load (option_config, error);
  g_autoptr (Bridge) bridge = configuration ? bridge_new (event, configuration, option_bus, error) : NULL;
  int r;

  if (!bridge)
    return false;
  if ((r = sd_event_add_signal (event, NULL, SIGTERM, main_on_signal, bridge)) < 0 ||
      (r = sd_event_add_signal (event, NULL, SIGINT, main_on_signal, bridge)) < 0)
    return hive_error_set_errno (error, -r, "Cannot watch for signals");
  sd_notify (0, "READY=1");
  r = sd_event_loop (event);
  return r >= 0 || hive_error_set_errno (error, -r, "The event loop failed");
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  sd_event *event = NULL;
  sigset_t signals;
  bool fine;

  setlocale (LC_CTYPE, "");
  file_open_standard ();
  descriptors_raise ();
  umask (022);
  sigemptyset (&signals);
  sigaddset (&signals, SIGTERM);
  sigaddset (&signals, SIGINT);
  sigprocmask (SIG_BLOCK, &signals, NULL);
  signal (SIGPIPE, SIG_IGN);

  fine = arguments_parse (argc, argv, &error);
  if (fine && option_version)
    {
      g_print ("rbee-hive-bridge %s\n", PROJECT_VERSION);
      return EXIT_SUCCESS;
    }
  if (fine && sd_event_new (&event) < 0)
    return EXIT_FAILURE;
  fine = fine && bridge_main (event, &error);
  sd_event_unref (event);
  if (!fine)
    g_printerr ("rbee-hive-bridge: %s\n", error->message);
  g_free (option_config);
  g_free (option_bus);
  return fine ? EXIT_SUCCESS : EXIT_FAILURE;
}
