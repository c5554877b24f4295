/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "json-reader.h"

static void
assert_refused (const char *text, size_t length, const char *why)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) node = json_read (text, length, &error);

  g_assert_null (node);
  g_assert_nonnull (error);
  g_test_message ("%s", error->message);
  g_assert_nonnull (strstr (error->message, why));
}

/* As g_bytes_get_data() gives what is empty: by no address at all. */
static void
test_nothing_is_no_value (void)
{
  assert_refused (NULL, 0, "a value is missing");
  assert_refused ("", 0, "a value is missing");
  assert_refused (" \n", 2, "a value is missing");
}

static void
test_what_two_programs_could_read_in_two_ways_is_refused (void)
{
  static const char *const texts[] = { "{'a':1}", "{\"a\":1,\"a\":2}", "[1,]", "/**/1", "01", "+1", "1.",
                                       "nul",     "\"\\u0000\"",       "1 2",  "\"\t\"" };

  for (size_t i = 0; i < G_N_ELEMENTS (texts); i++)
    assert_refused (texts[i], strlen (texts[i]), "");
}

/* Notepad and PowerShell write one. */
static void
test_byte_order_mark_says_nothing (void)
{
  static const char *const texts[] = { "\xef\xbb\xbf{\"a\":1}", "\xef\xbb\xbf\r\n[]" };
  static const char twice[] = "\xef\xbb\xbf\xef\xbb\xbf{}";

  for (size_t i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (JsonNode) node = json_read (texts[i], strlen (texts[i]), &error);

      g_assert_no_error (error);
      g_assert_nonnull (node);
    }
  assert_refused ("\xef\xbb\xbf", 3, "a value is missing");
  assert_refused (twice, strlen (twice), "a value is missing");
}

static void
test_depth_is_bounded (void)
{
  g_autofree char *deep = g_strnfill (JSON_DEPTH_MAX + 1, '[');

  assert_refused (deep, JSON_DEPTH_MAX + 1, "");
}

/* A catalog's key comes to a terminal in an error. */
static void
test_a_key_in_an_error_is_short_and_steers_no_terminal (void)
{
  g_autofree char *filler = g_strnfill (5000, 'k');
  g_autofree char *text = g_strdup_printf ("{\"\\u001b[2J%s\":1,\"\\u001b[2J%s\":2}", filler, filler);
  g_autoptr (GError) error = NULL;

  g_assert_null (json_read (text, strlen (text), &error));
  g_assert_nonnull (strstr (error->message, "^[[2Jkkk"));
  g_assert_null (strchr (error->message, 0x1b));
  g_assert_cmpuint (strlen (error->message), <, 200);
}

static void
test_what_is_json_is_read (void)
{
  static const char text[] = " {\"a\": [1, -2.5e3, true, null, \"\\u00e9\\n\"]} ";
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) node = json_read (text, strlen (text), &error);
  JsonArray *array;

  g_assert_no_error (error);
  array = json_object_get_array_member (json_node_get_object (node), "a");
  g_assert_cmpuint (json_array_get_length (array), ==, 5);
  g_assert_cmpstr (json_array_get_string_element (array, 4), ==, "é\n");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/json-reader/nothing", test_nothing_is_no_value);
  g_test_add_func ("/json-reader/two-ways", test_what_two_programs_could_read_in_two_ways_is_refused);
  g_test_add_func ("/json-reader/byte-order-mark", test_byte_order_mark_says_nothing);
  g_test_add_func ("/json-reader/depth", test_depth_is_bounded);
  g_test_add_func ("/json-reader/key", test_a_key_in_an_error_is_short_and_steers_no_terminal);
  g_test_add_func ("/json-reader/json", test_what_is_json_is_read);
  return g_test_run ();
}
