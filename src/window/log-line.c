/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "log-line.h"

struct _LogLine
{
  GObject parent;

  guint number;
  LogStream stream;
  char *text;
};

G_DEFINE_FINAL_TYPE (LogLine, log_line, G_TYPE_OBJECT)

static void
log_line_finalize (GObject *object)
{
  g_free (LOG_LINE (object)->text);
  G_OBJECT_CLASS (log_line_parent_class)->finalize (object);
}

static void
log_line_class_init (LogLineClass *class)
{
  G_OBJECT_CLASS (class)->finalize = log_line_finalize;
}

static void
log_line_init (LogLine *self)
{
}

LogLine *
log_line_new (guint number, LogStream stream, char *text)
{
  LogLine *line = g_object_new (LOG_TYPE_LINE, NULL);

  line->number = number;
  line->stream = stream;
  line->text = text;
  return line;
}

guint
log_line_number (LogLine *line)
{
  return line->number;
}

LogStream
log_line_stream (LogLine *line)
{
  return line->stream;
}

const char *
log_line_text (LogLine *line)
{
  return line->text;
}
