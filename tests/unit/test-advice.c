/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "../../src/window/advice.h"
#include "error.h"
#include "json.h"

/* The page has the same (src/web/app/test/words.test.ts). */
static JsonArray *
load_cases (JsonObject **ret_whole)
{
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "advice.json", NULL);
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;

  g_file_get_contents (path, &text, NULL, &error);
  g_assert_no_error (error);
  *ret_whole = json_parse_object (text, -1, path, HIVE_ERROR_FAILED, &error);
  g_assert_no_error (error);
  return json_object_get_array_member (*ret_whole, "cases");
}

static void
test_advice_fits_what_failed (void)
{
  g_autoptr (JsonObject) whole = NULL;
  JsonArray *cases = load_cases (&whole);

  for (guint i = 0; i < json_array_get_length (cases); i++)
    {
      JsonObject *one = json_array_get_object_element (cases, i);
      const char *said = json_get_string (one, "said", NULL);
      const char *advice = advice_find (json_get_string (one, "error", NULL), said);

      g_test_message ("%s", said);
      g_assert_cmpstr (advice ? advice : "", ==, json_get_string (one, "advice", NULL));
    }
}

/* A new one is given advice, or none on purpose. */
static void
test_every_error_has_a_case (void)
{
  g_autoptr (JsonObject) whole = NULL;
  JsonArray *cases = load_cases (&whole);

  for (int code = 0; code <= HIVE_ERROR_IN_USE; code++)
    {
      bool found = false;

      for (guint i = 0; i < json_array_get_length (cases) && !found; i++)
        found = g_str_equal (json_get_string (json_array_get_object_element (cases, i), "error", ""),
                             hive_error_name (code));
      if (!found)
        g_error ("advice.json says nothing of %s", hive_error_name (code));
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/advice/fits-what-failed", test_advice_fits_what_failed);
  g_test_add_func ("/advice/every-error-has-a-case", test_every_error_has_a_case);
  return g_test_run ();
}
