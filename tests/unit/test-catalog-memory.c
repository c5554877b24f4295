/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "catalog-memory.h"
#include "json.h"

#define URL "https://catalog.example/workers"

static CatalogMemory *
memory_of (const char *text)
{
  g_autofree char *json = g_strdelimit (g_strdup (text), "'", '"');
  g_autoptr (JsonObject) object = json_parse_object (json, -1, "test", 0, NULL);

  g_assert_nonnull (object);
  return catalog_memory_new (json_object_get_array_member (object, "answers"));
}

static void
keep (CatalogMemory *memory, const char *url, const char *text, size_t size)
{
  g_autoptr (GString) body = g_string_new_len (text, size);

  catalog_memory_keep (memory, url, &(FetchState){ .etag = (char *)"\"1\"" }, body);
}

static void
test_what_is_kept_is_passed_on (void)
{
  g_autoptr (CatalogMemory) memory = catalog_memory_new (NULL);
  g_autoptr (CatalogMemory) later = NULL;
  g_autoptr (JsonArray) array = NULL;
  CatalogAnswer *answer;

  g_assert_null (catalog_memory_to_json (memory));
  keep (memory, URL, "{}", 2);
  array = catalog_memory_to_json (memory);
  later = catalog_memory_new (array);
  answer = catalog_memory_find (later, URL);
  g_assert_nonnull (answer);
  g_assert_cmpstr (answer->body->str, ==, "{}");
  g_assert_cmpstr (answer->state.etag, ==, "\"1\"");
  g_assert_null (answer->state.modified);
  g_assert_cmpint (answer->at, >, 0);
  g_assert_null (catalog_memory_find (later, URL "/x"));
  g_assert_null (catalog_memory_to_json (later));
}

static void
test_confirmed_answer_is_news_of_now (void)
{
  g_autoptr (CatalogMemory) memory = memory_of ("{'answers':[{'url':'" URL "','etag':'e','at':7,'body':'b'},"
                                                "{'url':'other','at':7,'body':'b'}]}");
  g_autoptr (JsonArray) array = NULL;

  catalog_memory_confirm (memory, URL);
  array = catalog_memory_to_json (memory);
  g_assert_cmpuint (json_array_get_length (array), ==, 1);
  g_assert_cmpint (json_get_int (json_array_get_object_element (array, 0), "at", 0), >, 7);
}

static void
test_of_two_answers_the_newer_counts (void)
{
  g_autoptr (CatalogMemory) memory = memory_of ("{'answers':[{'url':'" URL "','at':9,'body':'new'},"
                                                "{'url':'" URL "','at':8,'body':'old'}]}");

  g_assert_cmpstr (catalog_memory_find (memory, URL)->body->str, ==, "new");
}

static void
test_what_is_no_answer_is_passed_over (void)
{
  g_autoptr (CatalogMemory) memory =
      memory_of ("{'answers':[7, null, {}, {'url':'" URL "'}, {'body':'x'}, {'url':7,'body':'x'}, {'url':'" URL
                 "','body':['x']}]}");

  g_assert_null (catalog_memory_find (memory, URL));
}

static void
test_large_answers_and_no_texts_are_not_kept (void)
{
  g_autoptr (CatalogMemory) memory = catalog_memory_new (NULL);
  g_autofree char *large = g_strnfill (1024 * 1024 + 1, ' ');

  keep (memory, URL, large, strlen (large));
  g_assert_null (catalog_memory_find (memory, URL));
  keep (memory, URL, large, strlen (large) - 1);
  g_assert_nonnull (catalog_memory_find (memory, URL));
  keep (memory, URL, "a\0b", 3);
  g_assert_null (catalog_memory_find (memory, URL));
  keep (memory, URL, "\xff", 1);
  g_assert_null (catalog_memory_find (memory, URL));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/catalog-memory/what-is-kept-is-passed-on", test_what_is_kept_is_passed_on);
  g_test_add_func ("/catalog-memory/confirmed-answer-is-news-of-now", test_confirmed_answer_is_news_of_now);
  g_test_add_func ("/catalog-memory/of-two-answers-the-newer-counts", test_of_two_answers_the_newer_counts);
  g_test_add_func ("/catalog-memory/what-is-no-answer-is-passed-over", test_what_is_no_answer_is_passed_over);
  g_test_add_func ("/catalog-memory/large-answers-and-no-texts-are-not-kept",
                   test_large_answers_and_no_texts_are_not_kept);
  return g_test_run ();
}
