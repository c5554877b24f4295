/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rbee-hived: the daemon behind org.rbee.Hive. */
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include "config.h"
#include "configuration-access.h"
#include "error.h"
#include "file.h"
#include "hive.h"
#include "journal.h"

#if !GLIB_CHECK_VERSION(2, 76, 0)
/* That GLib, which Debian 12 has, gives nothing back of what JSON took, 80 MB of ten thousand workers, but where it is
 * told before its first allocation: before it is initialized, and long before main(). */
static void
main_let_glib_free (void)
{
  G_GNUC_BEGIN_IGNORE_DEPRECATIONS
  g_slice_set_config (G_SLICE_CONFIG_ALWAYS_MALLOC, 1);
  G_GNUC_END_IGNORE_DEPRECATIONS
}

__attribute__ ((section (".preinit_array"), used)) static void (*const main_before_glib) (void) = main_let_glib_free;
#endif

static char *option_config;
static char *option_bus;
static char *option_launcher;
static gboolean option_version;

static const GOptionEntry options[] = {
  { "config", 0, 0, G_OPTION_ARG_FILENAME, &option_config, "Read this file instead of the installed hive.conf",
    "FILE" },
  { "bus", 0, 0, G_OPTION_ARG_STRING, &option_bus, "Use the bus at this address instead of the system bus", "ADDRESS" },
  { "launcher", 0, 0, G_OPTION_ARG_STRING, &option_launcher,
    "Run jobs as units of that bus's systemd, or as children of this process (the default)", "systemd|direct" },
  { "version", 0, 0, G_OPTION_ARG_NONE, &option_version, "Print the version", NULL },
  {},
};

static bool
arguments_parse (int argc, char **argv, GError **error)
{
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);

  g_option_context_add_main_entries (context, options, NULL);
  g_option_context_set_summary (context, "Builds and installs AI workers for everybody on the bus (org.rbee.Hive).");
  if (!g_option_context_parse (context, &argc, &argv, error))
    return false;
  if (argc > 1)
    {
      g_set_error (error, HIVE_ERROR, HIVE_ERROR_INVALID_ARGUMENT, "Unexpected argument %s", argv[1]);
      return false;
    }
  if (option_launcher && !g_str_equal (option_launcher, "systemd") && !g_str_equal (option_launcher, "direct"))
    {
      g_set_error (error, HIVE_ERROR, HIVE_ERROR_INVALID_ARGUMENT, "--launcher is systemd or direct, not %s",
                   option_launcher);
      return false;
    }
  return true;
}

static int
bus_open_address (sd_bus **ret, const char *address)
{
  sd_bus *bus = NULL;
  int r;

  if ((r = sd_bus_new (&bus)) < 0)
    return r;
  if ((r = sd_bus_set_address (bus, address)) < 0 || (r = sd_bus_set_bus_client (bus, true)) < 0 ||
      (r = sd_bus_start (bus)) < 0)
    {
      sd_bus_unref (bus);
      return r;
    }
  *ret = bus;
  return 0;
}

static sd_bus *
bus_open (sd_event *event, GError **error)
{
  sd_bus *bus = NULL;
  int r;

  r = option_bus ? bus_open_address (&bus, option_bus) : sd_bus_open_system (&bus);
  if (r < 0)
    {
      hive_error_set_errno (error, -r, "Cannot connect to the bus%s%s", option_bus ? " at " : "",
                            option_bus ? option_bus : "");
      return NULL;
    }
  if ((r = sd_bus_attach_event (bus, event, SD_EVENT_PRIORITY_NORMAL)) < 0 ||
      (r = sd_bus_set_exit_on_disconnect (bus, true)) < 0)
    {
      hive_error_set_errno (error, -r, "Cannot use the bus");
      sd_bus_flush_close_unref (bus);
      return NULL;
    }
  return bus;
}

static int
main_on_signal (sd_event_source *source, const struct signalfd_siginfo *info, void *userdata)
{
  hive_stop (userdata);
  return 0;
}

static bool
signals_watch (sd_event *event, Hive *hive, GError **error)
{
  int r;

  if ((r = sd_event_add_signal (event, NULL, SIGTERM, main_on_signal, hive)) < 0 ||
      (r = sd_event_add_signal (event, NULL, SIGINT, main_on_signal, hive)) < 0)
    return hive_error_set_errno (error, -r, "Cannot watch for signals");
  return true;
}

/* The name comes last: who sees it finds every object. */
static bool
bus_take_name (sd_bus *bus, GError **error)
{
  int r = sd_bus_request_name (bus, HIVE_NAME, 0);

  if (r == -EEXIST || r == -EALREADY)
    {
      g_set_error (error, HIVE_ERROR, HIVE_ERROR_BUSY, "Another hive owns %s on this bus", HIVE_NAME);
      return false;
    }
  return r >= 0 || hive_error_set_errno (error, -r, "Cannot own %s on this bus", HIVE_NAME);
}

static bool
hive_main (sd_event *event, GError **error)
{
  g_autoptr (Configuration) configuration = configuration_load (option_config, error);
  bool units = g_strcmp0 (option_launcher, "systemd") == 0;
  sd_bus *bus;
  Hive *hive;
  int r;

  if (!configuration)
    return false;
  if (geteuid () == 0)
    configuration_access_warn (configuration);
  bus = bus_open (event, error);
  if (!bus)
    return false;
  hive = hive_new (event, bus, configuration, units, error);
  sd_bus_unref (bus);
  if (!hive)
    return false;
  g_steal_pointer (&configuration);
  if (!signals_watch (event, hive, error) || !bus_take_name (hive->bus, error))
    {
      hive_free (hive);
      return false;
    }
  hive_start (hive);
  sd_notify (0, "READY=1");
  r = sd_event_loop (event);
  hive_free (hive);
  if (r > 0)
    g_set_error_literal (error, HIVE_ERROR, HIVE_ERROR_FAILED, "The connection to the bus was lost");
  else if (r < 0)
    hive_error_set_errno (error, -r, "The event loop failed");
  return r == 0;
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
  journal_open ();
  umask (022);
  /* Before the first child: sd-event wants these blocked. */
  sigemptyset (&signals);
  sigaddset (&signals, SIGCHLD);
  sigaddset (&signals, SIGTERM);
  sigaddset (&signals, SIGINT);
  sigprocmask (SIG_BLOCK, &signals, NULL);
  signal (SIGPIPE, SIG_IGN);

  fine = arguments_parse (argc, argv, &error);
  if (fine && option_version)
    {
      g_print ("rbee-hived %s\n", PROJECT_VERSION);
      return EXIT_SUCCESS;
    }
  if (fine && sd_event_new (&event) < 0)
    return EXIT_FAILURE;
  /* systemd's watchdog, where the unit has one. */
  if (fine)
    sd_event_set_watchdog (event, true);
  fine = fine && hive_main (event, &error);
  sd_event_unref (event);
  if (!fine)
    g_printerr ("rbee-hived: %s\n", error->message);
  g_free (option_config);
  g_free (option_bus);
  g_free (option_launcher);
  return fine ? EXIT_SUCCESS : EXIT_FAILURE;
}
