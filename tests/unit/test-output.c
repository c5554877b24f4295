/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "log-reader.h"
#include "output.h"

/* What @pieces (of @lengths bytes; NULL ends them) become as records of @stream, joined by newlines. */
static char *
stream_of (const char *const *pieces, size_t piece_length, LogStream stream)
{
  g_autofree char *path = NULL;
  int fd = g_file_open_tmp ("output-XXXXXX", &path, NULL);
  g_autoptr (LogWriter) writer = log_writer_new (fd, 1 << 30);
  g_autoptr (Output) output = output_new (writer, "build", LOG_STREAM_OUT);
  g_autoptr (LogReader) reader = log_reader_new (open (path, O_RDONLY), 0);
  GString *joined = g_string_new (NULL);
  LogRecord record;

  for (; *pieces; pieces++)
    output_feed (output, *pieces, piece_length ? piece_length : strlen (*pieces));
  output_finish (output);

  while (log_reader_next (reader, &record) == 1)
    {
      if (record.stream != stream)
        continue;
      g_assert_cmpuint (record.text_length, <=, LOG_TEXT_MAX);
      g_assert_true (g_utf8_validate_len (record.text, record.text_length, NULL));
      g_string_append_len (joined, record.text, record.text_length);
      g_string_append_c (joined, '\n');
    }
  close (fd);
  unlink (path);
  return g_string_free (joined, FALSE);
}

static char *
records_of (const char *const *pieces, size_t piece_length)
{
  return stream_of (pieces, piece_length, LOG_STREAM_OUT);
}

static void
test_lines (void)
{
  static const struct
  {
    const char *pieces[5];
    const char *records;
  } cases[] = {
    { { "one\ntwo\n" }, "one\ntwo\n" },
    { { "on", "e\ntw", "o" }, "one\ntwo\n" },
    { { "\n\n" }, "\n\n" },
    { { "10%\r", "50%\r", "100%\r\nnext\n" }, "100%\nnext\n" },
    { { "10%\r50%" }, "50%\n" },
    { { "dos\r\nlines\r\n" }, "dos\nlines\n" },
    { { "dos\r", "\nsplit\n" }, "dos\nsplit\n" },
    { { "\360\237", "\223\246 box\n" }, "\360\237\223\246 box\n" },
    { { "\033[3", "1mred\033[0m\n" }, "\033[31mred\033[0m\n" },
    { { "bad \377\n" }, "bad \357\277\275\n" },
  };

  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *records = records_of (cases[i].pieces, 0);

      g_assert_cmpstr (records, ==, cases[i].records);
    }
}

static void
test_nul_bytes_are_dropped (void)
{
  g_autofree char *records = records_of ((const char *const[]){ "a\0b\n", NULL }, 4);

  g_assert_cmpstr (records, ==, "ab\n");
}

/* Whatever the sizes of the reads, a long line is cut into whole characters and nothing of it is lost. */
static void
test_long_line_is_split_between_characters (void)
{
  GString *line = g_string_new ("x");
  g_autofree char *text = NULL;

  while (line->len < 5 * LOG_TEXT_MAX)
    g_string_append (line, "\360\237\223\246");
  text = g_string_free (line, FALSE);

  for (size_t piece = 1000; piece < 70000; piece += 7777)
    {
      g_autoptr (GPtrArray) pieces = g_ptr_array_new_with_free_func (g_free);
      g_autofree char *records = NULL;
      g_auto (GStrv) split = NULL;
      g_autofree char *rejoined = NULL;

      for (size_t at = 0; at < strlen (text); at += piece)
        g_ptr_array_add (pieces, g_strndup (text + at, piece));
      g_ptr_array_add (pieces, NULL);
      records = records_of ((const char *const *)pieces->pdata, 0);
      g_assert_null (strstr (records, "\357\277\275"));
      split = g_strsplit (records, "\n", -1);
      rejoined = g_strjoinv ("", split);
      g_assert_cmpstr (rejoined, ==, text);
    }
}

static void
test_what_build_tools_count_is_progress (void)
{
  static const struct
  {
    const char *pieces[5];
    const char *records;
  } cases[] = {
    { { "[ 41%] Building C object main.c.o\n" }, "41%\n" },
    { { "[118/312] Compiling C object main.c.o\n" }, "118/312\n" },
    { { "[1/3] a\n[2/3] b\n", "[3/3] c" },
      "2/3\n3/3\n" }, /* of many at once, and what was told a moment ago, the last */
    { { "[100%] Built target a\n", "[100%] Built target b\n" }, "100%\n" },
    { { "[1", "/2] split\n" }, "1/2\n" },
    { { "[1/2] \033[32mgreen\033[0m\n" }, "1/2\n" },
    { { "plain [1/2]\n" }, "" },
    { { "[3/2] [x/2] [-1%]\n[101%]\n[]\n[ ]\n[1]\n[%]\n[1/2\n[0x1/2]\n[1e2%]\n[1/2/3]\n" }, "" },
    { { "[00000000000000000000000000001/2]\n" }, "" },
  };

  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *records = stream_of (cases[i].pieces, 0, LOG_STREAM_PROGRESS);

      g_assert_cmpstr (records, ==, cases[i].records);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/output/lines", test_lines);
  g_test_add_func ("/output/nul-bytes-are-dropped", test_nul_bytes_are_dropped);
  g_test_add_func ("/output/long-line-is-split-between-characters", test_long_line_is_split_between_characters);
  g_test_add_func ("/output/what-build-tools-count-is-progress", test_what_build_tools_count_is_progress);
  return g_test_run ();
}
