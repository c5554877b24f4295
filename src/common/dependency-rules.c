/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dependency-rules.h"

#include <string.h>

#include "error.h"

struct DependencyRules
{
  GKeyFile *file;
  GHashTable *rules; /* name → DependencyRule */
};

static const char *const dependency_keys[] = { "probe",  "run",  "version", "pattern",  "debian", "ubuntu",
                                               "fedora", "arch", "suse",    "verified", NULL };
static const char *const kinds[] = { "command:", "module:", "library:", "python:", "file:" };

static void
alternatives_free (char ***alternatives)
{
  for (char ***probes = alternatives; probes && *probes; probes++)
    g_strfreev (*probes);
  g_free (alternatives);
}

static void
dependency_rule_free (DependencyRule *rule)
{
  alternatives_free (rule->alternatives);
  alternatives_free (rule->run);
  g_free (rule->version);
  if (rule->pattern)
    g_regex_unref (rule->pattern);
  g_free (rule);
}

void
dependency_rules_free (DependencyRules *rules)
{
  if (!rules)
    return;
  g_hash_table_unref (rules->rules);
  g_key_file_unref (rules->file);
  g_free (rules);
}

/* The words of a value, which may stand on more than one space. */
static char **
value_words (const char *value)
{
  g_autoptr (GStrvBuilder) words = g_strv_builder_new ();
  g_auto (GStrv) parts = g_strsplit_set (value ? value : "", " \t", -1);

  for (char **part = parts; *part; part++)
    if (**part)
      g_strv_builder_add (words, *part);
  return g_strv_builder_end (words);
}

static bool
probes_are_known (char *const *probes)
{
  for (; *probes; probes++)
    {
      bool known = false;

      for (size_t i = 0; i < G_N_ELEMENTS (kinds); i++)
        known = known || (g_str_has_prefix (*probes, kinds[i]) && (*probes)[strlen (kinds[i])]);
      if (!known)
        return false;
    }
  return true;
}

/* "command:a command:b;module:c": alternatives, each with all its probes. NULL: there is something else in it. */
static char ***
alternatives_read (const char *text)
{
  g_auto (GStrv) parts = g_strsplit (text, ";", -1);
  char ***alternatives = g_new0 (char **, g_strv_length (parts) + 1);
  bool good = *parts != NULL;
  size_t count = 0;

  for (char **part = parts; good && *part; part++)
    {
      alternatives[count] = value_words (*part);
      good = *alternatives[count] && probes_are_known (alternatives[count]);
      count++;
    }
  if (good)
    return alternatives;
  alternatives_free (alternatives);
  return NULL;
}

/* @run: what is enough besides to run it; NULL: nothing. */
static bool
dependency_rule_set_probes (DependencyRule *rule, const char *probe, const char *run)
{
  g_autofree char *either = g_strconcat (probe, run ? ";" : "", run, NULL);

  rule->alternatives = alternatives_read (probe);
  rule->run = alternatives_read (either);
  return rule->alternatives && rule->run;
}

static bool
dependency_rules_read (DependencyRules *rules, const char *name, GError **error)
{
  DependencyRule *rule = g_new0 (DependencyRule, 1);
  g_autofree char *probe = g_key_file_get_string (rules->file, name, "probe", NULL);
  g_autofree char *run = g_key_file_get_string (rules->file, name, "run", NULL);
  g_autofree char *pattern = g_key_file_get_string (rules->file, name, "pattern", NULL);
  g_auto (GStrv) given = g_key_file_get_keys (rules->file, name, NULL, NULL);

  g_hash_table_replace (rules->rules, g_strdup (name), rule);
  for (char **key = given; *key; key++)
    if (!g_strv_contains (dependency_keys, *key))
      {
        g_set_error (error, HIVE_ERROR, HIVE_ERROR_FAILED, "[%s] has an unknown key, %s=", name, *key);
        return false;
      }
  if (!probe || !dependency_rule_set_probes (rule, probe, run))
    {
      g_set_error (error, HIVE_ERROR, HIVE_ERROR_FAILED, "[%s] has no probe=, or a probe= or run= that is none", name);
      return false;
    }
  rule->version = g_key_file_get_string (rules->file, name, "version", NULL);
  rule->pattern = pattern ? g_regex_new (pattern, 0, 0, error) : NULL;
  return !pattern || rule->pattern;
}

DependencyRules *
dependency_rules_load (const char *path, GError **error)
{
  g_autoptr (DependencyRules) rules = g_new0 (DependencyRules, 1);
  g_autoptr (GError) failure = NULL;
  g_auto (GStrv) names = NULL;
  bool good;

  rules->file = g_key_file_new ();
  rules->rules = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify)dependency_rule_free);
  good = g_key_file_load_from_file (rules->file, path, G_KEY_FILE_NONE, &failure);
  names = g_key_file_get_groups (rules->file, NULL);
  for (char **name = names; good && *name; name++)
    good = dependency_rules_read (rules, *name, &failure);
  if (good)
    return g_steal_pointer (&rules);
  g_set_error (error, HIVE_ERROR, HIVE_ERROR_FAILED, "%s cannot be used (DependencyRules= in hive.conf): %s", path,
               failure->message);
  return NULL;
}

/* What Arch calls "python-foo-bar" is mostly imported as foo_bar. */
static char *
probes_guess (const char *name)
{
  g_autofree char *probes = g_strdup_printf ("command:%s;module:%s;library:lib%s.so", name, name, name);
  g_autofree char *module = NULL;

  if (!g_str_has_prefix (name, "python-"))
    return g_steal_pointer (&probes);
  module = g_strdelimit (g_strdup (name + strlen ("python-")), "-", '_');
  return g_strconcat (probes, ";python:", module, NULL);
}

static DependencyRule *
dependency_rule_guess (const Dependency *dependency)
{
  DependencyRule *rule = g_new0 (DependencyRule, 1);
  const char *name = dependency->name;
  g_autofree char *probes = NULL;

  rule->guessed = !dependency_is_library (dependency);
  if (rule->guessed)
    probes = probes_guess (name);
  else
    probes = g_strconcat ("library:", name + (g_str_has_prefix (name, "lib:") ? strlen ("lib:") : 0), NULL);
  dependency_rule_set_probes (rule, probes, NULL);
  return rule;
}

const DependencyRule *
dependency_rules_find (DependencyRules *rules, const Dependency *dependency)
{
  DependencyRule *rule = g_hash_table_lookup (rules->rules, dependency->name);

  if (!rule)
    {
      rule = dependency_rule_guess (dependency);
      g_hash_table_insert (rules->rules, g_strdup (dependency->name), rule);
    }
  return rule;
}

char **
dependency_rules_packages (const DependencyRules *rules, const char *name, Distribution distribution)
{
  const char *key = distribution_name (distribution);
  g_autofree char *value = key ? g_key_file_get_string (rules->file, name, key, NULL) : NULL;

  if (!value && distribution == DISTRIBUTION_UBUNTU)
    value = g_key_file_get_string (rules->file, name, distribution_name (DISTRIBUTION_DEBIAN), NULL);
  /* The names are Arch's own, and pacman finds who provides one. */
  if (!value && distribution == DISTRIBUTION_ARCH)
    value = g_strdup (name);
  return value_words (value);
}

char *
dependency_rules_command_here (const Configuration *configuration, const char *const *names)
{
  g_autoptr (DependencyRules) rules = dependency_rules_load (configuration->dependency_rules, NULL);
  g_autoptr (GStrvBuilder) all = g_strv_builder_new ();
  Distribution distribution = distribution_here ();
  g_auto (GStrv) packages = NULL;

  for (; rules && *names; names++)
    {
      g_auto (GStrv) some = dependency_rules_packages (rules, *names, distribution);

      g_strv_builder_addv (all, (const char **)some);
    }
  packages = g_strv_builder_end (all);
  return distribution_install_command (distribution, packages);
}
