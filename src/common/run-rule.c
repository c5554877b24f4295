/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "run-rule.h"

#include <string.h>

#include "config.h"
#include "error.h"
#include "run-entry.h"

static const char *const run_rule_keys[] = {
  "Arguments", "ModelArguments", "ContextArguments", "KeyArguments", "Keyless", "Environment", "Health",
  "API",       "WebUI",          "Formats",          "Allow",        NULL
};

void
run_rule_free (RunRule *rule)
{
  if (!rule)
    return;
  g_free (rule->implementation);
  g_strfreev (rule->arguments);
  g_strfreev (rule->model_arguments);
  g_strfreev (rule->context_arguments);
  g_strfreev (rule->key_arguments);
  g_strfreev (rule->environment);
  g_strfreev (rule->formats);
  g_free (rule->health);
  g_free (rule->api);
  g_free (rule->web_ui);
  g_free (rule);
}

bool
run_rule_word_check (const char *word, GError **error)
{
  for (const char *at = strchr (word, '%'); at; at = strchr (at + 2, '%'))
    if (!at[1] || !strchr ("pnbmrck%", at[1]))
      {
        g_set_error (error, HIVE_ERROR, HIVE_ERROR_FAILED, "\"%s\" has an unknown specifier", word);
        return false;
      }
  return true;
}

/* The words of @text, which may be NULL: then there are none, and NULL. Only known specifiers stand in them. */
static bool
words_read (const char *text, char ***ret_words, GError **error)
{
  g_autoptr (GStrvBuilder) words = g_strv_builder_new ();
  g_auto (GStrv) parts = g_strsplit_set (text ? text : "", " \t", -1);

  for (char **part = parts; *part; part++)
    {
      if (!run_rule_word_check (*part, error))
        return false;
      if (**part)
        g_strv_builder_add (words, *part);
    }
  *ret_words = text ? g_strv_builder_end (words) : NULL;
  return true;
}

static bool
rule_read_words (GKeyFile *file, const char *group, const char *key, char ***ret_words, GError **error)
{
  g_autofree char *text = g_key_file_get_string (file, group, key, NULL);
  g_autoptr (GError) failure = NULL;

  if (words_read (text, ret_words, &failure))
    return true;
  g_set_error (error, HIVE_ERROR, HIVE_ERROR_FAILED, "%s= of [%s]: %s", key, group, failure->message);
  return false;
}

static char *
rule_read_text (GKeyFile *file, const char *group, const char *key, const char *fallback)
{
  char *text = g_key_file_get_string (file, group, key, NULL);

  if (!text)
    text = g_strdup (fallback);
  return text;
}

static bool
rule_check_keys (GKeyFile *file, const char *group, GError **error)
{
  g_auto (GStrv) given = g_key_file_get_keys (file, group, NULL, NULL);

  for (char **key = given; *key; key++)
    if (!g_strv_contains (run_rule_keys, *key))
      {
        g_set_error (error, HIVE_ERROR, HIVE_ERROR_FAILED, "[%s] has an unknown key, %s=", group, *key);
        return false;
      }
  return true;
}

/* Keys whose value is one of a few words. */
static bool
rule_read_flag (GKeyFile *file, const char *group, const char *key, const char *word, bool *ret_flag, GError **error)
{
  g_autofree char *text = g_key_file_get_string (file, group, key, NULL);

  *ret_flag = text && g_str_equal (text, word);
  if (!text || *ret_flag)
    return true;
  g_set_error (error, HIVE_ERROR, HIVE_ERROR_FAILED, "%s= of [%s] is %s or is not there", key, group, word);
  return false;
}

static RunRule *
rule_read (GKeyFile *file, const char *group, GError **error)
{
  g_autoptr (RunRule) rule = g_new0 (RunRule, 1);

  rule->implementation = g_strdup (group);
  if (!rule_check_keys (file, group, error) || !rule_read_words (file, group, "Arguments", &rule->arguments, error) ||
      !rule_read_words (file, group, "ModelArguments", &rule->model_arguments, error) ||
      !rule_read_words (file, group, "ContextArguments", &rule->context_arguments, error) ||
      !rule_read_words (file, group, "KeyArguments", &rule->key_arguments, error) ||
      !rule_read_flag (file, group, "Keyless", "loopback", &rule->keyless, error) ||
      !rule_read_flag (file, group, "Allow", "memory-execute", &rule->memory_execute, error))
    return NULL;
  rule->environment = g_key_file_get_string_list (file, group, "Environment", NULL, NULL);
  rule->formats = g_key_file_get_string_list (file, group, "Formats", NULL, NULL);
  rule->health = rule_read_text (file, group, "Health", "/health");
  rule->api = rule_read_text (file, group, "API", "");
  rule->web_ui = rule_read_text (file, group, "WebUI", "");
  if (rule->arguments && *rule->health == '/')
    return g_steal_pointer (&rule);
  g_set_error (error, HIVE_ERROR, HIVE_ERROR_FAILED, "[%s] has no Arguments=, or a Health= that is not a path", group);
  return NULL;
}

static bool
group_is_for (const char *group, const char *worker_id)
{
  size_t length = strlen (group);

  return strncmp (group, worker_id, length) == 0 && (!worker_id[length] || worker_id[length] == '-');
}

/* The group for @worker_id, of which the longest name is meant; NULL: there is none. */
static char *
file_find_group (GKeyFile *file, const char *worker_id)
{
  g_auto (GStrv) groups = g_key_file_get_groups (file, NULL);
  const char *found = NULL;

  for (char **group = groups; *group; group++)
    if (group_is_for (*group, worker_id) && (!found || strlen (*group) > strlen (found)))
      found = *group;
  return g_strdup (found);
}

/* What its catalog's entry says, over @rule, or alone where that is NULL. */
static RunRule *
rule_from_entry (RunRule *rule, const char *worker_id, const char *run, GError **error)
{
  g_autoptr (RunRule) own = rule;

  if (!own)
    {
      own = g_new0 (RunRule, 1);
      own->implementation = g_strdup (worker_id);
      own->health = g_strdup ("/health");
      own->api = g_strdup ("");
      own->web_ui = g_strdup ("");
    }
  if (run_entry_apply_text (run, own, error))
    return g_steal_pointer (&own);
  g_prefix_error (error, "The catalog's entry of %s cannot be used: ", worker_id);
  return NULL;
}

RunRule *
run_rule_load (const char *path, bool ships, const char *worker_id, const char *run, GError **error)
{
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_autoptr (GError) failure = NULL;
  g_autofree char *group = NULL;
  RunRule *rule = NULL;

  if (g_key_file_load_from_file (file, path, G_KEY_FILE_NONE, &failure))
    {
      group = file_find_group (file, worker_id);
      if (!group && !*run)
        {
          g_set_error (error, HIVE_ERROR, HIVE_ERROR_WORKER_NOT_FOUND,
                       "Nothing says how %s is run: %s has no group for it, its catalog's entry has no run, and Rules= "
                       "in the group [Run] of hive.conf can name a file that has",
                       worker_id, path);
          return NULL;
        }
      rule = group ? rule_read (file, group, &failure) : NULL;
    }
  if (failure)
    {
      g_set_error (error, HIVE_ERROR, HIVE_ERROR_FAILED, "%s cannot be used (Rules= of [Run] in hive.conf): %s", path,
                   failure->message);
      return NULL;
    }
  return *run && (!rule || ships) ? rule_from_entry (rule, worker_id, run, error) : rule;
}

RunRule *
run_rule_of_worker (const Configuration *configuration, const WorkerRecord *record, GError **error)
{
  const char *path = configuration->run_rules;

  return run_rule_load (path, g_str_equal (path, PKGDATADIR "/run.conf"), record->id, record->run ? record->run : "",
                        error);
}

static const char *
values_get (const RunValues *values, char specifier)
{
  const char *value = specifier == 'p' ? values->port :
                      specifier == 'n' ? values->name :
                      specifier == 'b' ? values->backend :
                      specifier == 'm' ? values->model :
                      specifier == 'r' ? values->reference :
                      specifier == 'c' ? values->context :
                      specifier == 'k' ? values->key_file :
                                         "%";

  return value ? value : "";
}

static void
words_expand (GStrvBuilder *all, char *const *words, const RunValues *values)
{
  for (; words && *words; words++)
    {
      g_autoptr (GString) word = g_string_new (NULL);

      for (const char *at = *words; *at; at++)
        if (*at == '%')
          g_string_append (word, values_get (values, *++at));
        else
          g_string_append_c (word, *at);
      g_strv_builder_add (all, word->str);
    }
}

char **
run_rule_arguments (const RunRule *rule, const RunValues *values)
{
  g_autoptr (GStrvBuilder) all = g_strv_builder_new ();

  words_expand (all, rule->arguments, values);
  if (values->model)
    words_expand (all, rule->model_arguments, values);
  if (values->context)
    words_expand (all, rule->context_arguments, values);
  if (values->key_file)
    words_expand (all, rule->key_arguments, values);
  return g_strv_builder_end (all);
}
