/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "log-watch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#define POLL_INTERVAL_USEC (G_USEC_PER_SEC / 20)

/* The instance that all watches of this process share. Watches of one file share its watch descriptor too. */
static struct
{
  int fd;
  unsigned watches;
  sd_event_source *source;
  GPtrArray *all;
} shared = { .fd = -1 };

struct LogWatch
{
  LogWatchHandler handler;
  void *userdata;
  int descriptor; /* -1: polled */
  int fd;
  off_t size; /* polled: as last seen */
  sd_event_source *timer;
};

static int
log_watch_on_inotify (sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
  char buffer[4096] __attribute__ ((aligned (__alignof__(struct inotify_event))));
  ssize_t n = read (fd, buffer, sizeof buffer);

  for (ssize_t at = 0; at < n;)
    {
      const struct inotify_event *event = (void *)(buffer + at);

      /* A handler may free any watch: the array is walked by index, and again from wherever it ends then. */
      for (guint i = 0; shared.all && i < shared.all->len; i++)
        {
          LogWatch *watch = shared.all->pdata[i];

          if (watch->descriptor == event->wd || event->mask & IN_Q_OVERFLOW)
            watch->handler (watch->userdata);
          if (shared.all && (i >= shared.all->len || shared.all->pdata[i] != watch))
            i--;
        }
      at += sizeof *event + event->len;
    }

  return 0;
}

static bool
log_watch_share (sd_event *event)
{
  if (shared.fd >= 0)
    return true;

  shared.fd = inotify_init1 (IN_CLOEXEC | IN_NONBLOCK);
  if (shared.fd < 0)
    return false;
  if (sd_event_add_io (event, &shared.source, shared.fd, EPOLLIN, log_watch_on_inotify, NULL) < 0)
    {
      close (shared.fd);
      shared.fd = -1;
      return false;
    }

  shared.all = g_ptr_array_new ();
  return true;
}

static void
log_watch_unshare (void)
{
  if (shared.fd < 0 || shared.all->len > 0)
    return;

  shared.source = sd_event_source_disable_unref (shared.source);
  g_clear_pointer (&shared.all, g_ptr_array_unref);
  close (shared.fd);
  shared.fd = -1;
}

static bool
log_watch_inotify (LogWatch *watch, sd_event *event)
{
  g_autofree char *path = g_strdup_printf ("/proc/self/fd/%d", watch->fd);

  if (!log_watch_share (event))
    return false;

  watch->descriptor = inotify_add_watch (shared.fd, path, IN_MODIFY);
  if (watch->descriptor < 0)
    {
      log_watch_unshare ();
      return false;
    }

  g_ptr_array_add (shared.all, watch);
  return true;
}

static int
log_watch_on_timer (sd_event_source *source, uint64_t usec, void *userdata)
{
  LogWatch *watch = userdata;
  struct stat st;

  sd_event_source_set_time_relative (source, POLL_INTERVAL_USEC);
  if (fstat (watch->fd, &st) == 0 && st.st_size != watch->size)
    {
      watch->size = st.st_size;
      watch->handler (watch->userdata);
    }

  return 0;
}

static bool
log_watch_poll (LogWatch *watch, sd_event *event)
{
  watch->size = -1;
  return sd_event_add_time_relative (event, &watch->timer, CLOCK_MONOTONIC, POLL_INTERVAL_USEC, 0, log_watch_on_timer,
                                     watch) >= 0 &&
         sd_event_source_set_enabled (watch->timer, SD_EVENT_ON) >= 0;
}

LogWatch *
log_watch_new (sd_event *event, int fd, LogWatchHandler handler, void *userdata)
{
  g_autoptr (LogWatch) watch = g_new (LogWatch, 1);

  *watch = (LogWatch){ .handler = handler, .userdata = userdata, .descriptor = -1, .fd = fd };
  if (!log_watch_inotify (watch, event) && !log_watch_poll (watch, event))
    return NULL;

  return g_steal_pointer (&watch);
}

/* Other watches of the same file keep its descriptor alive. */
static bool
log_watch_is_last (const LogWatch *watch)
{
  for (guint i = 0; i < shared.all->len; i++)
    if (((LogWatch *)shared.all->pdata[i])->descriptor == watch->descriptor)
      return false;
  return true;
}

void
log_watch_free (LogWatch *watch)
{
  if (!watch)
    return;

  if (watch->descriptor >= 0)
    {
      g_ptr_array_remove (shared.all, watch);
      if (log_watch_is_last (watch))
        inotify_rm_watch (shared.fd, watch->descriptor);
      log_watch_unshare ();
    }
  sd_event_source_disable_unref (watch->timer);
  g_free (watch);
}
