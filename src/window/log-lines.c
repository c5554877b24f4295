/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "log-lines.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "file.h"
#include "log-reader.h"

/* What is read for a frame: a screen has 16 ms for one. */
#define SLICE_USEC 4000
/* So often a file is looked at that cannot be watched. */
#define INTERVAL_MSEC 16

struct _LogLines
{
  GObject parent;

  LogReader *reader;
  GArray *cursors; /* uint64_t: of each line */
  GPtrArray *phases;
  int watch; /* inotify; -1: looked at every so often */
  guint watching, timer, idle;
};

static GType
log_lines_get_item_type (GListModel *list)
{
  return LOG_TYPE_LINE;
}

static guint
log_lines_get_n_items (GListModel *list)
{
  return LOG_LINES (list)->cursors->len;
}

static void *
log_lines_get_item (GListModel *list, guint position)
{
  LogLines *self = LOG_LINES (list);
  char buffer[LOG_RECORD_MAX];
  LogRecord record;
  ssize_t length;
  char *end;

  if (position >= self->cursors->len)
    return NULL;
  length =
      pread (log_reader_fd (self->reader), buffer, sizeof buffer, g_array_index (self->cursors, uint64_t, position));
  end = length > 0 ? memchr (buffer, '\n', length) : NULL;
  if (!end || !log_record_parse (buffer, end - buffer, &record))
    return log_line_new (position + 1, LOG_STREAM_ERR, g_strdup (""));
  return log_line_new (position + 1, record.stream, log_record_to_line (&record));
}

static void
log_lines_list_model_init (GListModelInterface *interface)
{
  interface->get_item_type = log_lines_get_item_type;
  interface->get_n_items = log_lines_get_n_items;
  interface->get_item = log_lines_get_item;
}

G_DEFINE_FINAL_TYPE_WITH_CODE (LogLines, log_lines, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (G_TYPE_LIST_MODEL, log_lines_list_model_init))

bool
log_lines_shows (const LogRecord *record)
{
  g_autofree char *line = NULL;

  switch (record->stream)
    {
    case LOG_STREAM_NOTE:
    case LOG_STREAM_OUT:
    case LOG_STREAM_ERR:
    case LOG_STREAM_ERROR:
      return true;
    case LOG_STREAM_END:
      line = log_record_to_line (record);
      return line != NULL;
    case LOG_STREAM_PROGRESS:
    case LOG_STREAM_RESULT:
    default:
      return false;
    }
}

/* Notes a phase that begins. Returns whether it does. */
static bool
log_lines_enter (LogLines *self, const LogRecord *record)
{
  const char *last = self->phases->len > 0 ? self->phases->pdata[self->phases->len - 1] : "";

  if (record->stream == LOG_STREAM_END ||
      (strncmp (last, record->phase, record->phase_length) == 0 && last[record->phase_length] == 0))
    return false;
  g_ptr_array_add (self->phases, g_strndup (record->phase, record->phase_length));
  return true;
}

static void
log_lines_stop (LogLines *self)
{
  g_clear_handle_id (&self->watching, g_source_remove);
  g_clear_handle_id (&self->timer, g_source_remove);
  fd_clear (&self->watch);
}

/* Reads for a slice of time. Returns whether there is more. */
static bool
log_lines_read_slice (LogLines *self)
{
  gint64 until = g_get_monotonic_time () + SLICE_USEC;
  guint before = self->cursors->len;
  bool entered = false;
  LogRecord record;
  int r = 0;

  for (guint i = 0; (i % 256 || g_get_monotonic_time () < until) && (r = log_reader_next (self->reader, &record)) > 0;
       i++)
    {
      entered |= log_lines_enter (self, &record);
      if (log_lines_shows (&record))
        g_array_append_val (self->cursors, record.cursor);
    }
  if (self->cursors->len > before)
    g_list_model_items_changed (G_LIST_MODEL (self), before, 0, self->cursors->len - before);
  if (entered)
    g_signal_emit_by_name (self, "phase");
  if (r <= 0 && log_reader_ended (self->reader))
    log_lines_stop (self);
  return r > 0;
}

static gboolean
log_lines_on_idle (void *userdata)
{
  g_autoptr (LogLines) self = g_object_ref (LOG_LINES (userdata));

  if (log_lines_read_slice (self))
    return G_SOURCE_CONTINUE;
  self->idle = 0;
  return G_SOURCE_REMOVE;
}

void
log_lines_read (LogLines *self)
{
  if (!self->idle && log_lines_read_slice (self))
    self->idle = g_idle_add (log_lines_on_idle, self);
}

static gboolean
log_lines_on_timer (void *userdata)
{
  g_signal_emit_by_name (userdata, "grown");
  return G_SOURCE_CONTINUE;
}

static gboolean
log_lines_on_change (int fd, GIOCondition condition, void *userdata)
{
  char events[4096];

  if (read (fd, events, sizeof events) > 0)
    g_signal_emit_by_name (userdata, "grown");
  return G_SOURCE_CONTINUE;
}

/* Where the file cannot be watched it is looked at. */
static void
log_lines_watch (LogLines *self)
{
  g_autofree char *path = g_strdup_printf ("/proc/self/fd/%d", log_reader_fd (self->reader));

  self->watch = inotify_init1 (IN_CLOEXEC | IN_NONBLOCK);
  if (self->watch >= 0 && inotify_add_watch (self->watch, path, IN_MODIFY) < 0)
    fd_clear (&self->watch);
  if (self->watch >= 0)
    self->watching = g_unix_fd_add (self->watch, G_IO_IN, log_lines_on_change, self);
  else
    self->timer = g_timeout_add (INTERVAL_MSEC, log_lines_on_timer, self);
}

static void
log_lines_finalize (GObject *object)
{
  LogLines *self = LOG_LINES (object);

  log_lines_stop (self);
  g_clear_handle_id (&self->idle, g_source_remove);
  g_clear_pointer (&self->reader, log_reader_free);
  g_array_unref (self->cursors);
  g_ptr_array_unref (self->phases);
  G_OBJECT_CLASS (log_lines_parent_class)->finalize (object);
}

static void
log_lines_class_init (LogLinesClass *class)
{
  G_OBJECT_CLASS (class)->finalize = log_lines_finalize;
  g_signal_new ("phase", LOG_TYPE_LINES, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  g_signal_new ("grown", LOG_TYPE_LINES, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
log_lines_init (LogLines *self)
{
  self->cursors = g_array_new (FALSE, FALSE, sizeof (uint64_t));
  self->phases = g_ptr_array_new_with_free_func (g_free);
  self->watch = -1;
}

LogLines *
log_lines_new (int fd)
{
  LogLines *self = g_object_new (LOG_TYPE_LINES, NULL);

  self->reader = log_reader_new (fd, 0);
  log_lines_watch (self);
  self->idle = g_idle_add (log_lines_on_idle, self);
  return self;
}

GPtrArray *
log_lines_phases (LogLines *self)
{
  return self->phases;
}

uint64_t
log_lines_cursor (LogLines *self, guint position)
{
  return g_array_index (self->cursors, uint64_t, position);
}

int
log_lines_dup_fd (LogLines *self)
{
  return fcntl (log_reader_fd (self->reader), F_DUPFD_CLOEXEC, 3);
}
