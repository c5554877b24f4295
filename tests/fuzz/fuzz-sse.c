/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Logs of all kinds: whatever is in one, its stream is made of whole events, the same ones however it is cut, and only
 * the log's own end ends it. */
#include <string.h>

#include "sse.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static bool
is_line_of_event (const char *line)
{
  return g_str_has_prefix (line, "data: ") || g_str_has_prefix (line, "id: ") || g_str_has_prefix (line, "event: ");
}

/* Blocks of known lines, an empty line after each. */
static void
check_events (const GString *out, const SsePosition *position)
{
  g_auto (GStrv) blocks = g_strsplit (out->str, "\n\n", -1);
  guint count = g_strv_length (blocks);
  guint endings = 0;

  if (memchr (out->str, '\0', out->len))
    return; /* text, and so not for these functions */
  g_assert_true (out->len == 0 || g_str_has_suffix (out->str, "\n\n"));
  for (guint i = 0; i + 1 < count; i++)
    {
      g_auto (GStrv) lines = g_strsplit (blocks[i], "\n", -1);

      for (char **line = lines; *line; line++)
        {
          g_assert_true (is_line_of_event (*line));
          g_assert_true (position->is_event_source || g_str_has_prefix (*line, "data: "));
        }
      endings += g_str_has_prefix (lines[0], "data: [DONE]") || g_str_has_prefix (lines[0], "data: [ERROR]") ||
                 g_str_has_prefix (lines[0], "data: [CANCELLED]");
    }
  if (!position->is_event_source)
    g_assert_cmpuint (endings, ==, position->ended ? 1 : 0);
}

static void
encode_all (SsePosition *position, const char *log, size_t size, GString *out, size_t limit)
{
  uint64_t before;

  do
    {
      g_autoptr (GString) piece = g_string_new (NULL);

      before = position->cursor;
      sse_encode (position, log + position->cursor, size - position->cursor, piece, limit);
      g_string_append_len (out, piece->str, (gssize)piece->len);
    }
  while (position->cursor > before && !position->ended);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  if (size < 1)
    return 0;
  for (int is_event_source = 0; is_event_source < 2; is_event_source++)
    {
      SsePosition whole = { .is_event_source = is_event_source };
      SsePosition cut = { .is_event_source = is_event_source };
      g_autoptr (GString) once = g_string_new (NULL);
      g_autoptr (GString) often = g_string_new (NULL);

      encode_all (&whole, (const char *)data + 1, size - 1, once, 1 << 20);
      encode_all (&cut, (const char *)data + 1, size - 1, often, 1 + data[0]);
      g_assert_true (g_string_equal (once, often));
      g_assert_true (whole.cursor == cut.cursor && whole.ended == cut.ended);
      check_events (once, &whole);
    }
  return 0;
}
