/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "run-entry.h"

#include <string.h>

#include "controls.h"
#include "error.h"
#include "json.h"

#define WORDS_MAX 64
#define WORD_MAX  1000 /* bytes */
#define PATH_SET  G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "/-_.~"
#define API_SET   G_CSET_a_2_z G_CSET_DIGITS "-"

static bool
entry_fail (GError **error, const char *key, const char *expected)
{
  g_set_error (error, HIVE_ERROR, HIVE_ERROR_CATALOG_INVALID, "\"%s\" of \"run\" must be %s", key, expected);
  return false;
}

/* Each is one argument, whatever stands in it: no shell reads it. */
static bool
word_is_valid (const char *word)
{
  return *word && strlen (word) <= WORD_MAX && !controls_are_in (word, "") && run_rule_word_check (word, NULL);
}

static bool
format_is_valid (const char *word)
{
  return g_str_equal (word, "gguf") || g_str_equal (word, "safetensors");
}

/* Of the worker's own address: "//host" would be another's in a browser. */
static bool
path_is_valid (const char *text)
{
  return *text == '/' && text[1] != '/' && strlen (text) <= WORD_MAX && !text[strspn (text, PATH_SET)];
}

static bool
page_is_valid (const char *text)
{
  return !*text || path_is_valid (text);
}

static bool
api_is_valid (const char *text)
{
  return strlen (text) <= WORD_MAX && !text[strspn (text, API_SET)];
}

static const struct
{
  const char *key;
  gsize offset;
  bool is_list;
  bool (*is_valid) (const char *text);
  const char *expected;
} run_entry_keys[] = {
  { "arguments", offsetof (RunRule, arguments), true, word_is_valid, "an array of at most 64 words with %p, %n, …" },
  { "model_arguments", offsetof (RunRule, model_arguments), true, word_is_valid,
    "an array of at most 64 words with %m, %r, …" },
  { "context_arguments", offsetof (RunRule, context_arguments), true, word_is_valid,
    "an array of at most 64 words with %c, …" },
  { "formats", offsetof (RunRule, formats), true, format_is_valid, "an array of gguf and safetensors" },
  { "health", offsetof (RunRule, health), false, path_is_valid, "a path, as /health" },
  { "web_ui", offsetof (RunRule, web_ui), false, page_is_valid, "a path, as /" },
  { "api", offsetof (RunRule, api), false, api_is_valid, "a word of a-z, 0-9 and -" },
};

static bool
entry_take_list (JsonObject *run, gsize place, RunRule *rule, GError **error)
{
  char ***words = &G_STRUCT_MEMBER (char **, rule, run_entry_keys[place].offset);
  g_auto (GStrv) list = json_get_strings (run, run_entry_keys[place].key);
  bool valid = list && g_strv_length (list) <= WORDS_MAX;

  for (char **word = list; valid && *word; word++)
    valid = run_entry_keys[place].is_valid (*word);
  if (!valid)
    return entry_fail (error, run_entry_keys[place].key, run_entry_keys[place].expected);
  g_strfreev (*words);
  *words = g_steal_pointer (&list);
  return true;
}

static bool
entry_take_text (JsonObject *run, gsize place, RunRule *rule, GError **error)
{
  char **text = &G_STRUCT_MEMBER (char *, rule, run_entry_keys[place].offset);
  const char *said = json_get_string (run, run_entry_keys[place].key, NULL);

  if (!said || !run_entry_keys[place].is_valid (said))
    return entry_fail (error, run_entry_keys[place].key, run_entry_keys[place].expected);
  g_free (*text);
  *text = g_strdup (said);
  return true;
}

static bool
entry_take (JsonObject *run, const char *key, RunRule *rule, GError **error)
{
  for (gsize i = 0; i < G_N_ELEMENTS (run_entry_keys); i++)
    if (g_str_equal (run_entry_keys[i].key, key))
      return run_entry_keys[i].is_list ? entry_take_list (run, i, rule, error) : entry_take_text (run, i, rule, error);
  g_set_error (error, HIVE_ERROR, HIVE_ERROR_CATALOG_INVALID,
               "\"run\" must not have \"%.100s\": what gives a worker more than others have is said in a file of this "
               "machine alone (Rules= in [Run] of hive.conf)",
               key);
  return false;
}

bool
run_entry_apply (JsonObject *run, RunRule *rule, GError **error)
{
  g_autoptr (GList) members = json_object_get_members (run);

  for (GList *member = members; member; member = member->next)
    if (!entry_take (run, member->data, rule, error))
      return false;
  return json_has (run, "arguments") || entry_fail (error, "arguments", "there");
}

bool
run_entry_apply_text (const char *run, RunRule *rule, GError **error)
{
  g_autoptr (JsonObject) object =
      *run ? json_parse_object (run, -1, "\"run\"", HIVE_ERROR_CATALOG_INVALID, error) : NULL;

  return !*run || (object && run_entry_apply (object, rule, error));
}
