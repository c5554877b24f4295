/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "error.h"
#include "run-rule.h"

/* A file with @text; the caller removes it. */
static char *
file_with (const char *text)
{
  g_autoptr (GError) error = NULL;
  char *path = NULL;
  int fd = g_file_open_tmp ("run-XXXXXX.conf", &path, &error);

  g_assert_no_error (error);
  close (fd);
  g_assert_true (g_file_set_contents (path, text, -1, &error));
  return path;
}

static RunRule *
load (const char *text, const char *worker, GError **error)
{
  g_autofree char *path = file_with (text);
  RunRule *rule = run_rule_load (path, false, worker, "", error);

  g_unlink (path);
  return rule;
}

static void
test_longest_group_that_is_for_the_worker_wins (void)
{
  static const char text[] = "[a]\nArguments=1\n[a-b]\nArguments=2\n[a-bc]\nArguments=3\n";
  g_autoptr (RunRule) rule = load (text, "a-b-cpu", NULL);
  g_autoptr (GError) error = NULL;

  g_assert_cmpstr (rule->implementation, ==, "a-b");
  g_assert_null (load (text, "ab", &error));
  g_assert_error (error, HIVE_ERROR, HIVE_ERROR_WORKER_NOT_FOUND);
}

static void
test_values_stand_in_words_and_make_no_new_ones (void)
{
  g_autoptr (RunRule) rule =
      load ("[a]\nArguments=--port %p  --name=%n 100%%\nModelArguments=-m %m\nContextArguments=-c %c\n"
            "KeyArguments=--key %k\n",
            "a", NULL);
  g_auto (GStrv) words =
      run_rule_arguments (rule, &(RunValues){
                                    .port = "1", .name = "two words; $(x)", .model = "/m/a b.gguf", .context = "64" });
  g_autofree char *joined = g_strjoinv ("|", words);

  g_assert_cmpstr (joined, ==, "--port|1|--name=two words; $(x)|100%|-m|/m/a b.gguf|-c|64");
}

static void
test_what_is_wrong_is_named (void)
{
  static const struct
  {
    const char *text, *word;
  } wrong[] = {
    { "[a]\nArgument=1\n", "Argument=" },
    { "[a]\nArguments=%x\n", "%x" },
    { "[a]\nArguments=50%\n", "50%" },
    { "[a]\nHealth=/h\n", "Arguments=" },
    { "[a]\nArguments=1\nHealth=h\n", "Health=" },
    { "[a]\nArguments=1\nKeyless=all\n", "Keyless=" },
    { "[a]\nArguments=1\nAllow=network\n", "Allow=" },
    { "a", "group" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (wrong); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (load (wrong[i].text, "a", &error));
      g_assert_error (error, HIVE_ERROR, HIVE_ERROR_FAILED);
      g_assert_nonnull (strstr (error->message, wrong[i].word));
    }
}

/* Worker "a" by @file and by what its catalog's entry says; NULL: it cannot be run. */
static RunRule *
load_with (const char *file, bool ships, const char *run, GError **error)
{
  g_autofree char *path = file_with (file);
  RunRule *rule = run_rule_load (path, ships, "a", run, error);

  g_unlink (path);
  return rule;
}

static void
test_file_of_this_machine_counts_more_than_the_catalog_and_that_more_than_what_ships (void)
{
  static const char file[] = "[a]\nArguments=file\nKeyArguments=%k\nFormats=gguf\n";
  static const char run[] = "{\"arguments\":[\"two words; $(x)\",\"%p\"],\"health\":\"/v1/up\"}";
  g_autoptr (RunRule) own = load_with (file, false, run, NULL);
  g_autoptr (RunRule) ships = load_with (file, true, run, NULL);
  g_autoptr (RunRule) alone = load_with ("[b]\nArguments=x\n", false, run, NULL);

  g_assert_cmpstr (own->arguments[0], ==, "file");
  g_assert_cmpstr (ships->arguments[0], ==, "two words; $(x)");
  g_assert_cmpstr (ships->health, ==, "/v1/up");
  g_assert_cmpstr (ships->formats[0], ==, "gguf");
  g_assert_nonnull (ships->key_arguments);
  g_assert_cmpstr (alone->arguments[1], ==, "%p");
  g_assert_null (alone->key_arguments);
  g_assert_false (alone->keyless || alone->memory_execute || alone->environment);
}

static void
test_catalog_that_asks_for_more_is_refused_by_name (void)
{
  static const struct
  {
    const char *run, *word;
  } wrong[] = {
    { "{\"arguments\":[],\"allow\":\"memory-execute\"}", "\"allow\"" },
    { "{\"arguments\":[],\"keyless\":\"loopback\"}", "\"keyless\"" },
    { "{\"arguments\":[],\"key_arguments\":[\"%k\"]}", "\"key_arguments\"" },
    { "{\"arguments\":[],\"environment\":[\"LD_PRELOAD=x\"]}", "\"environment\"" },
    { "{\"arguments\":[],\"Allow\":\"memory-execute\"}", "\"Allow\"" },
    { "{\"health\":\"/h\"}", "\"arguments\"" },
    { "{\"arguments\":\"--port %p\"}", "\"arguments\"" },
    { "{\"arguments\":[\"%x\"]}", "\"arguments\"" },
    { "{\"arguments\":[\"a\\nb\"]}", "\"arguments\"" },
    { "{\"arguments\":[\"\"]}", "\"arguments\"" },
    { "{\"arguments\":[],\"health\":\"@127.0.0.1/\"}", "\"health\"" },
    { "{\"arguments\":[],\"health\":\"\"}", "\"health\"" },
    { "{\"arguments\":[],\"web_ui\":\"//evil.example/\"}", "\"web_ui\"" },
    { "{\"arguments\":[],\"web_ui\":\"javascript:alert(1)\"}", "\"web_ui\"" },
    { "{\"arguments\":[],\"api\":\"<b>\"}", "\"api\"" },
    { "{\"arguments\":[],\"formats\":[\"pickle\"]}", "\"formats\"" },
    { "[]", "object" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (wrong); i++)
    {
      g_autoptr (GError) error = NULL;

      g_test_message ("%s", wrong[i].run);
      g_assert_null (load_with ("[a]\nArguments=1\n", true, wrong[i].run, &error));
      g_assert_error (error, HIVE_ERROR, HIVE_ERROR_CATALOG_INVALID);
      g_assert_nonnull (strstr (error->message, wrong[i].word));
    }
}

static void
test_rules_that_ship_are_right (void)
{
  static const char *const workers[] = { "hive-probe", "llama-cpp-server-cpu", "llama-cpp-server-cuda",
                                         "llm-worker-rbee-cpu", "llm-worker-rbee-cuda" };

  for (gsize i = 0; i < G_N_ELEMENTS (workers); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (RunRule) rule = run_rule_load (RUN_RULES, true, workers[i], "", &error);

      g_assert_no_error (error);
      g_assert_true (rule->model_arguments || g_str_equal (workers[i], "hive-probe"));
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/run-rule/longest-group", test_longest_group_that_is_for_the_worker_wins);
  g_test_add_func ("/run-rule/words", test_values_stand_in_words_and_make_no_new_ones);
  g_test_add_func ("/run-rule/wrong", test_what_is_wrong_is_named);
  g_test_add_func ("/run-rule/catalog",
                   test_file_of_this_machine_counts_more_than_the_catalog_and_that_more_than_what_ships);
  g_test_add_func ("/run-rule/hostile-catalog", test_catalog_that_asks_for_more_is_refused_by_name);
  g_test_add_func ("/run-rule/ships", test_rules_that_ship_are_right);
  return g_test_run ();
}
