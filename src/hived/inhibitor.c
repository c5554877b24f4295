/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "inhibitor.h"

#include <fcntl.h>

#include "file.h"

struct Inhibitor
{
  sd_bus *bus;
  const char *mode, *why;
  sd_bus_slot *call; /* while it is asked for */
  Fd lock;           /* held as long as this is open */
};

Inhibitor *
inhibitor_new (sd_bus *bus, const char *mode, const char *why)
{
  Inhibitor *inhibitor = g_new0 (Inhibitor, 1);

  *inhibitor = (Inhibitor){ .bus = sd_bus_ref (bus), .mode = mode, .why = why, .lock = -1 };
  return inhibitor;
}

void
inhibitor_free (Inhibitor *inhibitor)
{
  if (!inhibitor)
    return;
  sd_bus_slot_unref (inhibitor->call);
  fd_clear (&inhibitor->lock);
  sd_bus_unref (inhibitor->bus);
  g_free (inhibitor);
}

static int
inhibitor_on_lock (sd_bus_message *message, void *userdata, sd_bus_error *error)
{
  Inhibitor *inhibitor = userdata;
  int fd;

  inhibitor->call = sd_bus_slot_unref (inhibitor->call);
  /* The message's descriptor closes with it. */
  if (!sd_bus_message_is_method_error (message, NULL) && sd_bus_message_read (message, "h", &fd) >= 0)
    inhibitor->lock = fcntl (fd, F_DUPFD_CLOEXEC, 3);
  return 0;
}

void
inhibitor_hold (Inhibitor *inhibitor, bool hold)
{
  if (!hold)
    {
      inhibitor->call = sd_bus_slot_unref (inhibitor->call);
      fd_clear (&inhibitor->lock);
    }
  else if (!inhibitor->call && inhibitor->lock < 0)
    sd_bus_call_method_async (inhibitor->bus, &inhibitor->call, "org.freedesktop.login1", "/org/freedesktop/login1",
                              "org.freedesktop.login1.Manager", "Inhibit", inhibitor_on_lock, inhibitor, "ssss",
                              "shutdown", "rbee-hive", inhibitor->why, inhibitor->mode);
}
