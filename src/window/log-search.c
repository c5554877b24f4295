/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "log-search.h"

#include <string.h>

#include "log-reader.h"
#include "sgr.h"

#define SLICE_USEC 4000

struct _LogSearch
{
  GObject parent;

  LogLines *lines;
  LogReader *reader;
  char *text;
  guint line;      /* how many were looked at */
  GArray *matches; /* guint: lines */
  guint idle;
};

G_DEFINE_FINAL_TYPE (LogSearch, log_search, G_TYPE_OBJECT)

static bool
log_search_matches (const LogSearch *self, const LogRecord *record)
{
  g_autofree char *line = log_record_to_line (record);
  g_autofree char *plain = line ? sgr_parse (line, false, NULL) : NULL;

  return plain && strcasestr (plain, self->text);
}

/* No further than the list of lines is: a match must be there to go to. Returns whether there is more. */
static bool
log_search_read (LogSearch *self)
{
  gint64 until = g_get_monotonic_time () + SLICE_USEC;
  guint lines = g_list_model_get_n_items (G_LIST_MODEL (self->lines));
  LogRecord record;

  while (self->line < lines && g_get_monotonic_time () < until)
    {
      if (log_reader_next (self->reader, &record) <= 0)
        return false;
      if (!log_lines_shows (&record))
        continue;
      if (log_search_matches (self, &record))
        g_array_append_val (self->matches, self->line);
      self->line++;
    }
  return self->line < lines;
}

static gboolean
log_search_on_idle (void *userdata)
{
  LogSearch *self = userdata;
  guint before = self->matches->len;
  bool more = log_search_read (self);

  if (!more)
    self->idle = 0;
  if (self->matches->len > before || !more)
    g_signal_emit_by_name (self, "changed");
  return more;
}

static void
log_search_wake (LogSearch *self)
{
  if (!self->idle)
    self->idle = g_idle_add (log_search_on_idle, self);
}

static void
log_search_finalize (GObject *object)
{
  LogSearch *self = LOG_SEARCH (object);

  g_clear_handle_id (&self->idle, g_source_remove);
  g_clear_pointer (&self->reader, log_reader_free);
  g_clear_object (&self->lines);
  g_array_unref (self->matches);
  g_free (self->text);
  G_OBJECT_CLASS (log_search_parent_class)->finalize (object);
}

static void
log_search_class_init (LogSearchClass *class)
{
  G_OBJECT_CLASS (class)->finalize = log_search_finalize;
  g_signal_new ("changed", LOG_TYPE_SEARCH, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
log_search_init (LogSearch *self)
{
  self->matches = g_array_new (FALSE, FALSE, sizeof (guint));
}

LogSearch *
log_search_new (LogLines *lines, const char *text)
{
  LogSearch *self = g_object_new (LOG_TYPE_SEARCH, NULL);

  self->lines = g_object_ref (lines);
  self->text = g_strdup (text);
  self->reader = log_reader_new (log_lines_dup_fd (lines), 0);
  g_signal_connect_object (lines, "items-changed", G_CALLBACK (log_search_wake), self, G_CONNECT_SWAPPED);
  log_search_wake (self);
  return self;
}

guint
log_search_count (LogSearch *self)
{
  return self->matches->len;
}

guint
log_search_line (LogSearch *self, guint index)
{
  return g_array_index (self->matches, guint, index);
}

const char *
log_search_text (LogSearch *self)
{
  return self->text;
}
