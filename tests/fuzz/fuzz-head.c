/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Requests of all kinds: what head_parse() takes must be what it promises. */
#include <string.h>

#include "head.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static void
check_text (const char *text)
{
  for (; *text; text++)
    g_assert_true ((unsigned char)*text >= 0x20 || *text == '\t');
}

static void
check_head (const Head *head)
{
  g_auto (GStrv) parts = g_strsplit (head->path, "/", -1);
  g_autofree char *value = NULL;

  g_assert_true (*head->path == '/');
  g_assert_true (g_utf8_validate (head->path, -1, NULL));
  g_assert_null (strpbrk (head->path, "\r\n\t\x7f"));
  for (char **part = parts; *part; part++)
    g_assert_false (g_str_equal (*part, ".") || g_str_equal (*part, ".."));
  g_assert_true (head->values[HEADER_HOST] && *head->values[HEADER_HOST]);
  g_assert_null (head->values[HEADER_TRANSFER_ENCODING]);
  g_assert_true (head->method == METHOD_POST || head->content_length == 0);
  for (int i = 0; i < HEADER_COUNT; i++)
    if (head->values[i])
      check_text (head->values[i]);
  if (head_query (head, "cursor", &value) && value)
    g_assert_true (g_utf8_validate (value, -1, NULL));
  head_accepts (head, HEADER_ACCEPT, "text/event-stream");
  head_accepts (head, HEADER_ACCEPT_ENCODING, "gzip");
}

/* In two pieces it is what it is in one, unless the first is refused. */
static void
check_pieces (const char *text, size_t size, int expected)
{
  size_t seen = size / 2;
  g_autoptr (Problem) problem = NULL;
  g_autoptr (Head) head = NULL;

  if (head_parse (text, seen, 0, &head, &problem) == 0)
    g_assert_cmpint (head_parse (text, size, seen, &head, &problem), ==, expected);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autofree char *text = g_memdup2 (data, size);
  g_autoptr (Problem) problem = NULL;
  g_autoptr (Head) head = NULL;
  int r;

  if (size == 0 || size > HEAD_MAX + 4)
    return 0;
  r = head_parse (text, size, 0, &head, &problem);
  check_pieces (text, size, r);
  g_assert_true ((r > 0) == (head != NULL));
  g_assert_true ((r < 0) == (problem != NULL));
  if (head)
    check_head (head);
  if (problem)
    {
      g_autofree char *json = problem_to_json (problem);

      g_assert_true (problem->status >= 400 && problem->status < 600);
      g_assert_true (g_utf8_validate (json, -1, NULL));
    }
  return 0;
}
