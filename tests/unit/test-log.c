/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "error.h"
#include "log-reader.h"
#include "log-text.h"
#include "log-watch.h"
#include "log-writer.h"

/* A log that nobody else sees: a descriptor to append to and a way to read it. */
typedef struct
{
  int fd;
  char *path;
} Log;

static void
log_set_up (Log *log, gconstpointer data)
{
  log->fd = g_file_open_tmp ("log-XXXXXX", &log->path, NULL);
  g_assert_cmpint (log->fd, >=, 0);
  g_assert_cmpint (fcntl (log->fd, F_SETFL, O_APPEND), ==, 0);
}

static void
log_tear_down (Log *log, gconstpointer data)
{
  close (log->fd);
  unlink (log->path);
  g_free (log->path);
}

static char *
clean (const char *text)
{
  GString *buffer = g_string_new (NULL);

  log_text_clean (buffer, text, strlen (text));
  return g_string_free (buffer, FALSE);
}

static void
test_text (void)
{
  static const struct
  {
    const char *dirty, *clean;
  } cases[] = {
    { "plain", "plain" },
    { "tab\tstays", "tab\tstays" },
    { "caf\303\251 \360\237\223\246", "caf\303\251 \360\237\223\246" },
    { "bad \377 byte", "bad \357\277\275 byte" },
    { "cut \360\237\223", "cut \357\277\275\357\277\275\357\277\275" },
    { "\033[1;31mred\033[0m", "\033[1;31mred\033[0m" },
    { "\033[2Jcleared\033[10;10H", "cleared" },
    { "\033]0;title\aafter", "after" },
    { "\033]8;;http://x\033\\link", "link" },
    { "\033(Bset", "set" },
    { "lone \033", "lone " },
    { "open \033[31", "open " },
    { "bell\a null\001", "bell null" },
    { "10%\r50%\r100%", "100%" },
    { "dos\r", "dos" },
    { "c1 \302\205 control", "c1  control" },
    { "two\342\200\250lines\342\200\251", "two lines " },
  };

  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *result = clean (cases[i].dirty);

      g_assert_cmpstr (result, ==, cases[i].clean);
    }
}

static void
test_plain (void)
{
  char text[200];

  memset (text, 'x', sizeof text);
  g_assert_true (log_text_is_plain (text, sizeof text));
  for (size_t i = 0; i < sizeof text; i++)
    {
      text[i] = '\033';
      g_assert_false (log_text_is_plain (text, sizeof text));
      text[i] = '\177';
      g_assert_false (log_text_is_plain (text, sizeof text));
      text[i] = '\200';
      g_assert_false (log_text_is_plain (text, sizeof text));
      text[i] = '\t';
    }
  g_assert_true (log_text_is_plain (text, sizeof text));
}

static void
test_time (void)
{
  char text[LOG_TIME_LENGTH];

  log_time_format (G_GUINT64_CONSTANT (1795419301123456), text);
  g_assert_cmpmem (text, LOG_TIME_LENGTH, "2026-11-23T07:35:01.123456Z", LOG_TIME_LENGTH);
  g_assert_cmpuint (log_time_parse (text), ==, G_GUINT64_CONSTANT (1795419301123456));
  g_assert_cmpuint (log_time_parse ("2026-11-23Tgarbage1.123456Z"), ==, 0);
}

static void
test_round_trip (Log *log, gconstpointer data)
{
  g_autoptr (LogWriter) writer = log_writer_new (log->fd, 1 << 20);
  g_autoptr (LogReader) reader = log_reader_new (open (log->path, O_RDONLY), 0);
  LogRecord record;

  g_assert_cmpint (log_reader_next (reader, &record), ==, 0);
  log_writer_note (writer, "metadata", "✓ Worker: %s", "x");
  log_writer_write (writer, "build", LOG_STREAM_OUT, "  leading and trailing  ", -1);
  log_writer_write (writer, "build", LOG_STREAM_OUT, "", 0);
  log_writer_write (writer, "cleanup", LOG_STREAM_END, "done", -1);

  g_assert_cmpint (log_reader_next (reader, &record), ==, 1);
  g_assert_cmpint (record.stream, ==, LOG_STREAM_NOTE);
  g_assert_cmpmem (record.phase, record.phase_length, "metadata", 8);
  g_assert_cmpint (log_reader_next (reader, &record), ==, 1);
  g_assert_cmpmem (record.text, record.text_length, "  leading and trailing  ", 24);
  g_assert_cmpint (log_reader_next (reader, &record), ==, 1);
  g_assert_cmpuint (record.text_length, ==, 0);
  g_assert_cmpint (log_reader_next (reader, &record), ==, 1);
  g_assert_true (log_reader_ended (reader));
  g_assert_cmpint (log_reader_next (reader, &record), ==, 0);
}

static void
test_any_cursor (Log *log, gconstpointer data)
{
  g_autoptr (LogWriter) writer = log_writer_new (log->fd, 1 << 20);
  uint64_t starts[4] = { 0 };

  for (int i = 0; i < 3; i++)
    {
      log_writer_note (writer, "build", "line %d", i);
      starts[i + 1] = lseek (log->fd, 0, SEEK_END);
    }

  for (uint64_t cursor = 0; cursor < starts[3]; cursor++)
    {
      g_autoptr (LogReader) reader = log_reader_new (open (log->path, O_RDONLY), cursor);
      LogRecord record;
      uint64_t expected = cursor == 0 ? 0 : cursor <= starts[1] ? starts[1] : starts[2];

      if (cursor > starts[2])
        g_assert_cmpint (log_reader_next (reader, &record), ==, 0);
      else
        {
          g_assert_cmpint (log_reader_next (reader, &record), ==, 1);
          g_assert_cmpuint (record.cursor, ==, expected);
        }
    }
}

static void
test_torn_record_is_closed (Log *log, gconstpointer data)
{
  g_autoptr (LogWriter) writer = NULL;
  g_autoptr (LogReader) reader = log_reader_new (open (log->path, O_RDONLY), 0);
  LogRecord record;

  g_assert_cmpint (write (log->fd, "2026-11-23T07:35:0", 18), ==, 18);
  writer = log_writer_new (log->fd, 1 << 20);
  log_writer_note (writer, "cleanup", "whole");

  g_assert_cmpint (log_reader_next (reader, &record), ==, 1);
  g_assert_cmpmem (record.text, record.text_length, "whole", 5);
  g_assert_cmpuint (record.cursor, ==, 19);
}

static void
test_full_log_keeps_notes (Log *log, gconstpointer data)
{
  g_autoptr (LogWriter) writer = log_writer_new (log->fd, 4096);
  g_autoptr (LogReader) reader = log_reader_new (open (log->path, O_RDONLY), 0);
  LogRecord record;
  int outs = 0, notes = 0;

  for (int i = 0; i < 1000; i++)
    log_writer_write (writer, "build", LOG_STREAM_OUT, "chatter", -1);
  log_writer_note (writer, "build", "✓ Build complete");

  while (log_reader_next (reader, &record) == 1)
    if (record.stream == LOG_STREAM_OUT)
      outs++;
    else
      notes++;

  g_assert_cmpint (outs, >, 50);
  g_assert_cmpint (outs, <, 100);
  g_assert_cmpint (notes, ==, 2);
}

static void
test_error_record (void)
{
  static const char line[] =
      "2026-11-23T07:35:01.123456Z dependencies error MissingDependencies Please install cuda before proceeding";
  LogRecord record;
  g_autofree char *message = NULL;
  g_autofree char *shown = NULL;
  int code;

  g_assert_true (log_record_parse (line, strlen (line), &record));
  log_record_parse_error (&record, &code, &message);
  g_assert_cmpint (code, ==, HIVE_ERROR_MISSING_DEPENDENCIES);
  g_assert_cmpstr (message, ==, "Please install cuda before proceeding");
  shown = log_record_to_line (&record);
  g_assert_cmpstr (shown, ==, "[ERROR] Please install cuda before proceeding");
}

static void
on_growth (void *userdata)
{
  ++*(int *)userdata;
}

static void
test_watch_wakes_every_watcher (Log *log, gconstpointer data)
{
  sd_event *event = NULL;
  int first = 0, second = 0;
  g_autoptr (LogWatch) one = NULL;
  g_autoptr (LogWatch) two = NULL;

  g_assert_cmpint (sd_event_new (&event), >=, 0);
  one = log_watch_new (event, log->fd, on_growth, &first);
  two = log_watch_new (event, log->fd, on_growth, &second);
  g_assert_nonnull (one);
  g_assert_nonnull (two);

  g_assert_cmpint (write (log->fd, "x\n", 2), ==, 2);
  while (sd_event_run (event, 1000 * 1000) > 0 && !(first && second))
    ;
  g_assert_cmpint (first, ==, 1);
  g_assert_cmpint (second, ==, 1);

  /* One watcher of a file leaving does not blind the other. */
  g_clear_pointer (&one, log_watch_free);
  g_assert_cmpint (write (log->fd, "x\n", 2), ==, 2);
  while (sd_event_run (event, 1000 * 1000) > 0 && second < 2)
    ;
  g_assert_cmpint (second, ==, 2);
  g_clear_pointer (&two, log_watch_free);
  sd_event_unref (event);
}

static void
test_progress (void)
{
  g_assert_cmpfloat (log_progress_parse ("3/4"), ==, 0.75);
  g_assert_cmpfloat (log_progress_parse ("50%"), ==, 0.5);
  g_assert_cmpfloat (log_progress_parse ("1/100000000"), ==, 0);
  g_assert_cmpfloat (log_progress_parse ("1/10000"), ==, 0.0001);
  g_assert_cmpfloat (log_progress_parse ("4/3"), ==, -1);
  g_assert_cmpfloat (log_progress_parse ("1/0"), ==, -1);
  g_assert_cmpfloat (log_progress_parse ("half"), ==, -1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/log/text-is-cleaned", test_text);
  g_test_add_func ("/log/plain-text-is-known", test_plain);
  g_test_add_func ("/log/time", test_time);
  g_test_add_func ("/log/progress", test_progress);
  g_test_add_func ("/log/error-record", test_error_record);
  g_test_add ("/log/round-trip", Log, NULL, log_set_up, test_round_trip, log_tear_down);
  g_test_add ("/log/reading-starts-at-any-cursor", Log, NULL, log_set_up, test_any_cursor, log_tear_down);
  g_test_add ("/log/torn-record-is-closed", Log, NULL, log_set_up, test_torn_record_is_closed, log_tear_down);
  g_test_add ("/log/full-log-keeps-notes", Log, NULL, log_set_up, test_full_log_keeps_notes, log_tear_down);
  g_test_add ("/log/watch-wakes-every-watcher", Log, NULL, log_set_up, test_watch_wakes_every_watcher, log_tear_down);
  return g_test_run ();
}
