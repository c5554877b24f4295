/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "progress.h"

#include <glib/gi18n.h>
#include <string.h>

#include "terminal.h"
#include "text.h"

#define DRAW_INTERVAL (G_USEC_PER_SEC / 5)

struct Progress
{
  char *phase;   /* NULL before the first */
  char *text;    /* NULL: the phase says nothing */
  int64_t since; /* when the phase began */
  char *drawn;   /* what is on the terminal; NULL: nothing */
  int64_t drawn_at;
};

Progress *
progress_new (void)
{
  Progress *progress = g_new0 (Progress, 1);

  progress->since = g_get_real_time ();
  return progress;
}

void
progress_free (Progress *progress)
{
  g_free (progress->phase);
  g_free (progress->text);
  g_free (progress->drawn);
  g_free (progress);
}

static char *
progress_copy (const char *text, size_t length)
{
  g_autofree char *valid = g_utf8_make_valid (text, (gssize)length);

  return text_line (valid);
}

void
progress_take (Progress *progress, const LogRecord *record)
{
  /* Most records change nothing: this is asked for every line. */
  if (!progress->phase || strlen (progress->phase) != record->phase_length ||
      memcmp (progress->phase, record->phase, record->phase_length) != 0)
    {
      g_free (progress->phase);
      progress->phase = progress_copy (record->phase, record->phase_length);
      progress->since = (int64_t)log_time_parse (record->time);
      g_clear_pointer (&progress->text, g_free);
    }
  if (record->stream == LOG_STREAM_PROGRESS)
    {
      g_free (progress->text);
      progress->text = progress_copy (record->text, record->text_length);
    }
}

void
progress_erase (Progress *progress, GString *output)
{
  if (!progress->drawn)
    return;
  g_string_append (output, "\r\033[K");
  g_clear_pointer (&progress->drawn, g_free);
}

/* "45s", "1m 24s", "2h 05m" */
static char *
progress_elapsed (const Progress *progress)
{
  int seconds = (int)MAX (0, (g_get_real_time () - progress->since) / G_USEC_PER_SEC);

  if (seconds < 60)
    return g_strdup_printf ("%ds", seconds);
  if (seconds < 3600)
    return g_strdup_printf ("%dm %02ds", seconds / 60, seconds % 60);
  return g_strdup_printf ("%dh %02dm", seconds / 3600, seconds / 60 % 60);
}

void
progress_draw (Progress *progress, GString *output)
{
  g_autofree char *elapsed = progress_elapsed (progress);
  g_autofree char *whole = g_strdup_printf ("%s  %s%s%s", progress->phase ? progress->phase : _ ("waiting"), elapsed,
                                            progress->text ? "  " : "", progress->text ? progress->text : "");
  /* A line that fills the last column makes some terminals begin a new one. */
  g_autofree char *line = text_cut (whole, terminal_width () - 1);
  int64_t now = g_get_monotonic_time ();

  if (g_strcmp0 (line, progress->drawn) == 0 || now - progress->drawn_at < DRAW_INTERVAL)
    return;
  g_string_append_printf (output, "\r\033[K%s", line);
  g_free (progress->drawn);
  progress->drawn = g_steal_pointer (&line);
  progress->drawn_at = now;
}
