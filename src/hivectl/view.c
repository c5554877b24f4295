/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "view.h"

#include <string.h>

#include "json.h"
#include "log-text.h"
#include "progress.h"
#include "sentence.h"
#include "terminal.h"
#include "text.h"

/* Lines that come fast are written in pieces of this size. */
#define WRITE_SIZE (64 * 1024)

/* How the line of a failure begins: log_record_to_line(). */
#define ERROR_MARK "[ERROR] "

#define PICTOGRAMS 0x1f300

struct View
{
  bool json, quiet;
  GString *gathered;
  GString *line;      /* the one being made */
  Progress *progress; /* NULL: no status line */
  GQueue *last;       /* with --lines=, until view_end_past(): what is kept of the past */
  guint lines;        /* how much that is at most */
};

View *
view_new (const Options *options, bool follows)
{
  View *view = g_new0 (View, 1);

  view->json = options->json;
  view->quiet = options->quiet;
  view->gathered = g_string_new (NULL);
  view->line = g_string_new (NULL);
  if (options_lines (options) >= 0)
    {
      view->last = g_queue_new ();
      view->lines = (guint)options_lines (options);
    }
  if (follows && !options->json && !options->quiet && terminal_is_terminal ())
    view->progress = progress_new ();
  return view;
}

void
view_free (View *view)
{
  view_end_past (view);
  view_pause (view);
  g_clear_pointer (&view->progress, progress_free);
  g_string_free (view->gathered, TRUE);
  g_string_free (view->line, TRUE);
  g_free (view);
}

bool
view_has_status (const View *view)
{
  return view->progress != NULL;
}

static void
view_write (View *view)
{
  if (view->gathered->len == 0)
    return;
  terminal_write (view->gathered->str, view->gathered->len);
  g_string_truncate (view->gathered, 0);
}

void
view_pause (View *view)
{
  if (view->progress)
    progress_erase (view->progress, view->gathered);
  view_write (view);
}

void
view_flush (View *view)
{
  if (view->progress)
    progress_draw (view->progress, view->gathered);
  view_write (view);
}

/* What was gathered is one line of the past, or none. */
static void
view_keep_last (View *view)
{
  if (view->gathered->len == 0)
    return;
  g_queue_push_tail (view->last, g_strdup (view->gathered->str));
  g_string_truncate (view->gathered, 0);
  if (view->last->length > view->lines)
    g_free (g_queue_pop_head (view->last));
}

void
view_end_past (View *view)
{
  if (!view->last)
    return;
  if (view->progress && view->last->length > 0 && view->gathered->len == 0)
    progress_erase (view->progress, view->gathered);
  for (GList *line = view->last->head; line; line = line->next)
    g_string_append (view->gathered, line->data);
  g_queue_free_full (view->last, g_free);
  view->last = NULL;
}

static void
view_record_json (View *view, const LogRecord *record)
{
  g_autoptr (JsonObject) object = json_object_new ();
  g_autofree char *phase = g_utf8_make_valid (record->phase, (gssize)record->phase_length);
  g_autofree char *text = g_utf8_make_valid (record->text, (gssize)record->text_length);
  g_autofree char *line = NULL;

  json_object_set_int_member (object, "cursor", (gint64)record->cursor);
  json_object_set_int_member (object, "time", (gint64)log_time_parse (record->time));
  json_object_set_string_member (object, "phase", phase);
  json_object_set_string_member (object, "stream", log_stream_name (record->stream));
  json_object_set_string_member (object, "text", text);
  line = json_to_text (object, false);
  g_string_append (view->gathered, line);
  g_string_append_c (view->gathered, '\n');
}

/* How a line looks by its first character: all of it, or only that character. */
static TerminalStyle
view_line_style (const char *line, LogStream stream, bool *ret_mark_only)
{
  *ret_mark_only = false;
  if (g_str_has_prefix (line, "✓"))
    {
      *ret_mark_only = true;
      return TERMINAL_GREEN;
    }
  if (stream == LOG_STREAM_ERROR || g_str_has_prefix (line, "❌") || g_str_has_prefix (line, ERROR_MARK))
    return TERMINAL_RED;
  if (g_str_has_prefix (line, "⚠"))
    return TERMINAL_YELLOW;
  if (stream == LOG_STREAM_END)
    return g_str_equal (line, "[DONE]") ? TERMINAL_GREEN : TERMINAL_YELLOW;
  /* The hive heads each part of a job by a pictogram (that all lie above this one), and its end by ✅. */
  if (stream == LOG_STREAM_NOTE && (g_utf8_get_char (line) >= PICTOGRAMS || g_str_has_prefix (line, "✅")))
    return TERMINAL_BOLD;
  return TERMINAL_PLAIN;
}

static void
view_append_colored (View *view, const char *line, LogStream stream)
{
  bool mark_only;
  TerminalStyle style = view_line_style (line, stream, &mark_only);
  size_t styled = mark_only ? (size_t)(g_utf8_next_char (line) - line) : strlen (line);

  if (style == TERMINAL_PLAIN)
    styled = 0;
  else
    g_string_append (view->gathered, terminal_style (style));
  g_string_append_len (view->gathered, line, (gssize)styled);
  if (style != TERMINAL_PLAIN)
    g_string_append (view->gathered, terminal_style (TERMINAL_PLAIN));
  g_string_append (view->gathered, line + styled);
  /* A colour that a recipe left on ends with its line. */
  if (strchr (line + styled, '\033'))
    g_string_append (view->gathered, terminal_style (TERMINAL_PLAIN));
}

static void
view_append_line (View *view, const char *line, LogStream stream)
{
  if (terminal_has_colors ())
    view_append_colored (view, line, stream);
  else if (strchr (line, '\033'))
    {
      g_autofree char *plain = text_without_colors (line);

      g_string_append (view->gathered, plain);
    }
  else
    g_string_append (view->gathered, line);
  g_string_append_c (view->gathered, '\n');
}

/* What the hive says of a failure, in the language of who reads it. */
static char *
view_line_of (const LogRecord *record)
{
  g_autofree char *line = log_record_to_line (record);
  g_autofree char *said = NULL;

  if (record->stream != LOG_STREAM_ERROR)
    return g_steal_pointer (&line);
  said = sentence_translate (line + strlen (ERROR_MARK));
  return g_strconcat (ERROR_MARK, said, NULL);
}

static void
view_record_line (View *view, const LogRecord *record)
{
  g_autofree char *line = view_line_of (record);

  if (!line)
    return;
  /* The status line is gone before the first line that is written over it. */
  if (view->progress && !view->last && view->gathered->len == 0)
    progress_erase (view->progress, view->gathered);
  /* Logs are clean, but whose hive is this? */
  g_string_truncate (view->line, 0);
  log_text_clean (view->line, line, strlen (line));
  view_append_line (view, view->line->str, record->stream);
}

void
view_record (View *view, const LogRecord *record)
{
  if (view->progress)
    progress_take (view->progress, record);
  if (view->quiet)
    return;
  if (view->json)
    view_record_json (view, record);
  else
    view_record_line (view, record);
  if (view->last)
    view_keep_last (view);
  else if (view->gathered->len >= WRITE_SIZE)
    view_write (view);
}
