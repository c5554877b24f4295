/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The bench's two ends of a line's way:
 *   line-clock write COUNT INTERVAL   prints COUNT lines, one each INTERVAL µs, that carry their own time
 *   line-clock pipe                   reads such lines from standard input
 *   line-clock log FILE               reads them from a job's log while it grows, as any follower does
 *   line-clock count FILE COUNT       follows a job's log until COUNT lines of the recipe have come
 * The readers print one JSON object: median and 99th percentile in µs, or the time when the last line came. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "log-reader.h"
#include "log-watch.h"

#define MARK "line-clock "

static uint64_t
now_ns (void)
{
  struct timespec ts;

  clock_gettime (CLOCK_MONOTONIC, &ts);
  return ts.tv_sec * UINT64_C (1000000000) + ts.tv_nsec;
}

static int
write_lines (unsigned count, unsigned interval)
{
  for (unsigned i = 0; i < count; i++)
    {
      char line[81];

      usleep (interval);
      memset (line, '.', sizeof line);
      line[snprintf (line, sizeof line, MARK "%" G_GUINT64_FORMAT " ", now_ns ())] = '.';
      line[80] = '\n';
      if (write (STDOUT_FILENO, line, sizeof line) != sizeof line)
        return EXIT_FAILURE;
    }

  return EXIT_SUCCESS;
}

static void
note_latency (GArray *latencies, const char *text, size_t length)
{
  if (length > strlen (MARK) && memcmp (text, MARK, strlen (MARK)) == 0)
    {
      uint64_t latency = now_ns () - g_ascii_strtoull (text + strlen (MARK), NULL, 10);

      g_array_append_val (latencies, latency);
    }
}

static int
compare_latencies (const void *a, const void *b)
{
  uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

  return (x > y) - (x < y);
}

static int
print_latencies (GArray *latencies)
{
  if (latencies->len == 0)
    return EXIT_FAILURE;
  g_array_sort (latencies, compare_latencies);
  printf ("{\"lines\":%u,\"median\":%.1f,\"p99\":%.1f}\n", latencies->len,
          g_array_index (latencies, uint64_t, latencies->len / 2) / 1e3,
          g_array_index (latencies, uint64_t, latencies->len * 99 / 100) / 1e3);
  return EXIT_SUCCESS;
}

static int
read_pipe (void)
{
  g_autoptr (GArray) latencies = g_array_new (FALSE, FALSE, sizeof (uint64_t));
  char line[81];

  while (read (STDIN_FILENO, line, sizeof line) == sizeof line)
    note_latency (latencies, line, sizeof line);
  return print_latencies (latencies);
}

typedef struct
{
  sd_event *event;
  LogReader *reader;
  GArray *latencies;
  uint64_t wanted, seen;
} Follower;

static void
follower_on_growth (void *userdata)
{
  Follower *follower = userdata;
  LogRecord record;

  while (log_reader_next (follower->reader, &record) == 1)
    if (record.stream == LOG_STREAM_OUT)
      {
        follower->seen++;
        if (!follower->wanted)
          note_latency (follower->latencies, record.text, record.text_length);
        else if (follower->seen == follower->wanted)
          sd_event_exit (follower->event, 0);
      }

  if (log_reader_ended (follower->reader))
    sd_event_exit (follower->event, 0);
}

static int
follow_log (const char *path, uint64_t wanted)
{
  int fd = open (path, O_RDONLY | O_CLOEXEC);
  Follower follower = { .wanted = wanted };
  g_autoptr (LogWatch) watch = NULL;
  g_autoptr (LogReader) reader = fd < 0 ? NULL : log_reader_new (fd, 0);
  g_autoptr (GArray) latencies = g_array_new (FALSE, FALSE, sizeof (uint64_t));

  if (!reader || sd_event_new (&follower.event) < 0)
    return EXIT_FAILURE;

  follower.reader = reader;
  follower.latencies = latencies;
  watch = log_watch_new (follower.event, fd, follower_on_growth, &follower);
  follower_on_growth (&follower);
  sd_event_loop (follower.event);
  g_clear_pointer (&watch, log_watch_free);
  sd_event_unref (follower.event);

  if (!wanted)
    return print_latencies (latencies);
  printf ("{\"lines\":%" G_GUINT64_FORMAT ",\"at\":%.6f}\n", follower.seen, now_ns () / 1e9);
  return follower.seen == wanted ? EXIT_SUCCESS : EXIT_FAILURE;
}

int
main (int argc, char **argv)
{
  if (argc == 4 && strcmp (argv[1], "write") == 0)
    return write_lines (atoi (argv[2]), atoi (argv[3]));
  if (argc == 2 && strcmp (argv[1], "pipe") == 0)
    return read_pipe ();
  if (argc == 3 && strcmp (argv[1], "log") == 0)
    return follow_log (argv[2], 0);
  if (argc == 4 && strcmp (argv[1], "count") == 0)
    return follow_log (argv[2], g_ascii_strtoull (argv[3], NULL, 10));

  fprintf (stderr, "usage: line-clock write COUNT INTERVAL | pipe | log FILE | count FILE COUNT\n");
  return 2;
}
