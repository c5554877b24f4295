/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "sse.h"

#define TIME "2026-01-02T03:04:05.000000Z "

static const char whole[] =
    TIME "build note 🏗️  Starting build phase...\n" TIME "build out [DONE] is what the recipe says\n" TIME
         "build error BuildFailed Build phase failed\n" TIME "cleanup end failed\n";

static GString *
encode (SsePosition *position, const char *log)
{
  GString *out = g_string_new (NULL);

  sse_encode (position, log, strlen (log), out, G_MAXSIZE);
  return out;
}

static void
test_a_plain_stream_is_data_lines_alone (void)
{
  SsePosition position = { 0 };
  GString *out = encode (&position, whole);

  g_assert_cmpstr (out->str, ==,
                   "data: 🏗️  Starting build phase...\n\n"
                   "data:  [DONE] is what the recipe says\n\n"
                   "data: [ERROR] Build phase failed\n\n");
  g_assert_true (position.ended);
  g_string_free (out, TRUE);
}

static void
test_an_event_source_has_ids_and_the_state (void)
{
  SsePosition position = { .is_event_source = true };
  GString *out = encode (&position, whole);

  g_assert_nonnull (strstr (out->str, "event: state\ndata: {\"state\":\"running\",\"phase\":\"build\",\"time\":"));
  g_assert_nonnull (strstr (out->str, "event: state\ndata: {\"state\":\"failed\",\"error_name\":\"BuildFailed\","
                                      "\"error_message\":\"Build phase failed\"}\n\n"));
  g_assert_nonnull (strstr (out->str, "data: [ERROR] Build phase failed\n\n"));
  g_string_free (out, TRUE);
}

/* Whatever the pieces in which a log comes, and wherever a reader begins again, it is told the same. */
static void
test_pieces_make_the_same_stream (void)
{
  SsePosition at_once = { .is_event_source = true };
  GString *expected = encode (&at_once, whole);

  for (size_t piece = 1; piece < sizeof whole; piece++)
    {
      SsePosition position = { .is_event_source = true };
      GString *out = g_string_new (NULL);

      for (size_t end = piece; !position.ended; end = MIN (end + piece, sizeof whole - 1))
        sse_encode (&position, whole + position.cursor, end - position.cursor, out, G_MAXSIZE);
      g_assert_cmpstr (out->str, ==, expected->str);
      g_string_free (out, TRUE);
    }
  g_string_free (expected, TRUE);
}

static void
test_a_limit_ends_behind_a_whole_event (void)
{
  SsePosition position = { 0 };
  GString *out = g_string_new (NULL);

  sse_encode (&position, whole, strlen (whole), out, 1);
  g_assert_cmpstr (out->str, ==, "data: 🏗️  Starting build phase...\n\n");
  g_assert_cmpuint (position.cursor, ==, strchr (whole, '\n') + 1 - whole);
  g_string_free (out, TRUE);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sse/plain", test_a_plain_stream_is_data_lines_alone);
  g_test_add_func ("/sse/event-source", test_an_event_source_has_ids_and_the_state);
  g_test_add_func ("/sse/pieces", test_pieces_make_the_same_stream);
  g_test_add_func ("/sse/limit", test_a_limit_ends_behind_a_whole_event);
  return g_test_run ();
}
