/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "resolver.h"

#include <string.h>

#include "dependency-rules.h"
#include "dependency.h"
#include "error.h"
#include "pacman.h"
#include "sandbox.h"
#include "scripts.h"
#include "toolchains.h"

#define PACMAN_FOLDER "/var/lib/pacman/local"
#define ANSWER_FD     9 /* probe.bash writes there */
#define ANSWERS_MAX   (4 * 1024 * 1024)
#define TIMEOUT       30        /* seconds */
#define NAMES_MAX     5000      /* different ones: what a command line holds */
#define PKGCONF       "pkgconf" /* by which probe.bash looks for modules */

struct Resolver
{
  const Configuration *configuration;
  Distribution distribution;
  DependencyRules *rules;
  Pacman *pacman;      /* NULL: names are not the package manager's */
  GHashTable *wanted;  /* text → Requirement */
  GHashTable *answers; /* probe → what probe.bash said; "": it isn't there */
};

typedef struct
{
  Dependency *dependency;
  const DependencyRule *rule;
  char ***alternatives; /* of the rule's: to build, or only to run */
  Resolution resolution;
} Requirement;

static void
source_entry_free (Requirement *wanted)
{
  dependency_free (wanted->dependency);
  g_free (wanted->resolution.version);
  g_free (wanted->resolution.where);
  g_free (wanted);
}

Resolver *
resolver_new_on (const Configuration *configuration, Distribution distribution, const char *pacman, GError **error)
{
  g_autoptr (DependencyRules) rules = dependency_rules_load (configuration->dependency_rules, error);
  Resolver *resolver;

  if (!rules)
    return NULL;
  resolver = g_new0 (Resolver, 1);
  resolver->configuration = configuration;
  resolver->distribution = distribution;
  resolver->rules = g_steal_pointer (&rules);
  resolver->pacman = pacman ? pacman_read (pacman) : NULL;
  resolver->wanted = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify)source_entry_free);
  resolver->answers = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  return resolver;
}

Resolver *
resolver_new (const Configuration *configuration, GError **error)
{
  Distribution distribution = distribution_here ();

  return resolver_new_on (configuration, distribution, distribution == DISTRIBUTION_ARCH ? PACMAN_FOLDER : NULL, error);
}

void
resolver_free (Resolver *resolver)
{
  if (!resolver)
    return;
  g_hash_table_unref (resolver->wanted);
  g_hash_table_unref (resolver->answers);
  pacman_free (resolver->pacman);
  dependency_rules_free (resolver->rules);
  g_free (resolver);
}

static Requirement *
wanted_new (Resolver *resolver, const char *name, bool run, GError **error)
{
  Dependency *dependency = dependency_parse (name, error);
  Requirement *wanted;

  if (!dependency)
    return NULL;
  wanted = g_new0 (Requirement, 1);
  wanted->dependency = dependency;
  wanted->rule = dependency_rules_find (resolver->rules, dependency);
  wanted->alternatives = run ? wanted->rule->run : wanted->rule->alternatives;
  return wanted;
}

static bool
resolver_add_all (Resolver *resolver, char *const *names, bool run, GError **error)
{
  g_autoptr (GPtrArray) added = g_ptr_array_new_with_free_func ((GDestroyNotify)source_entry_free);
  size_t count = g_strv_length ((char **)names);

  if (g_hash_table_size (resolver->wanted) + count > NAMES_MAX)
    {
      g_set_error (error, HIVE_ERROR, HIVE_ERROR_RECIPE_INVALID, "There are more than %d dependencies", NAMES_MAX);
      return false;
    }
  for (size_t i = 0; i < count; i++)
    {
      Requirement *wanted = wanted_new (resolver, names[i], run, error);

      if (!wanted)
        return false;
      g_ptr_array_add (added, wanted);
    }
  g_ptr_array_set_free_func (added, NULL);
  for (size_t i = 0; i < count; i++)
    g_hash_table_replace (resolver->wanted, g_strdup (names[i]), added->pdata[i]);
  return true;
}

bool
resolver_add (Resolver *resolver, char *const *names, GError **error)
{
  return resolver_add_all (resolver, names, false, error);
}

bool
resolver_add_to_run (Resolver *resolver, char *const *names, GError **error)
{
  return resolver_add_all (resolver, names, true, error);
}

static const char *
probe_name (const char *probe, const char *kind)
{
  return g_str_has_prefix (probe, kind) ? probe + strlen (kind) : NULL;
}

/* The probe that prints the version of what @probe found; NULL: its own answer has it, or nobody knows. */
static char *
wanted_version_probe (const Requirement *wanted, const char *probe)
{
  const char *command = probe_name (probe, "command:");

  if (wanted->rule->version)
    return g_strconcat ("version:", wanted->rule->version, NULL);
  return command ? g_strdup_printf ("version:%s --version", command) : NULL;
}

/* A set that keeps its order. */
static void
add_probe (GPtrArray *probes, GHashTable *seen, const char *probe)
{
  if (g_hash_table_contains (seen, probe))
    return;
  g_ptr_array_add (probes, g_strdup (probe));
  g_hash_table_add (seen, probes->pdata[probes->len - 1]);
}

static GPtrArray *
resolver_probes (const Resolver *resolver)
{
  GPtrArray *probes = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);
  GHashTableIter each;
  void *value;

  g_hash_table_iter_init (&each, resolver->wanted);
  while (g_hash_table_iter_next (&each, NULL, &value))
    {
      const Requirement *wanted = value;

      for (char ***alternative = wanted->alternatives; *alternative; alternative++)
        {
          g_autofree char *version =
              wanted->dependency->version ? wanted_version_probe (wanted, (*alternative)[0]) : NULL;

          for (char **probe = *alternative; *probe; probe++)
            add_probe (probes, seen, *probe);
          if (version)
            add_probe (probes, seen, version);
        }
    }
  return probes;
}

static const char *
resolver_answer (const Resolver *resolver, const char *probe)
{
  const char *answer = g_hash_table_lookup (resolver->answers, probe);

  return answer ? answer : "";
}

/* Of how many bits a library is, by the flags in the loader's cache: "libc6,x86-64". */
static unsigned
library_bits (const char *flags)
{
  if (!*flags)
    return 8 * sizeof (void *);
  return strstr (flags, "64") || strstr (flags, "double-float") ? 64 : 32;
}

/* Looks through a library's answer for one that will do. "1-64" is libfoo.so.1, of 64 bits; without such a wish it is
 * whichever programs here can use. @ret_version: of the last one that won't do, or of the one that does. */
static bool
library_find (const Dependency *dependency, const char *name, const char *answer, char **ret_version, char **ret_where)
{
  g_auto (GStrv) lines = g_strsplit (answer, "\n", -1);

  for (char **line = lines; *line; line++)
    {
      g_auto (GStrv) fields = g_strsplit (*line, "\t", 3);
      unsigned bits = g_strv_length (fields) == 3 ? library_bits (fields[1]) : 0;
      g_autofree char *version = NULL;
      bool found;

      if (bits == 0)
        continue;
      if (dependency_is_library (dependency) && dependency->version)
        {
          const char *suffix = fields[0] + strlen (name);

          version = g_strdup_printf ("%s-%u", *suffix == '.' ? suffix + 1 : suffix, bits);
          found = dependency_is_met_by (dependency, version);
        }
      else
        found = bits == 8 * sizeof (void *);
      /* Of those that won't do, one of this machine's own kind is what people would think of. */
      if (found || !*ret_version || bits == 8 * sizeof (void *))
        {
          g_free (*ret_version);
          *ret_version = g_steal_pointer (&version);
        }
      if (found)
        *ret_where = g_utf8_make_valid (fields[2], -1);
      if (found)
        return true;
    }
  return false;
}

/* The version that a command printed. */
static char *
version_find (const char *text, GRegex *pattern)
{
  static const char *const usual[] = { "([0-9]+(?:\\.[0-9A-Za-z]+)+)", "([0-9]+)" };
  g_autofree char *valid = g_utf8_make_valid (text, -1);

  for (size_t i = 0; i < (pattern ? 1 : G_N_ELEMENTS (usual)); i++)
    {
      g_autoptr (GRegex) regex = pattern ? g_regex_ref (pattern) : g_regex_new (usual[i], 0, 0, NULL);
      g_autoptr (GMatchInfo) match = NULL;

      if (g_regex_match (regex, valid, 0, &match))
        return g_match_info_fetch (match, 1);
    }
  return NULL;
}

static char *
wanted_read_version (const Resolver *resolver, const Requirement *wanted, const char *probe)
{
  g_autofree char *version_probe = wanted_version_probe (wanted, probe);
  const char *tab;

  if (version_probe)
    return version_find (resolver_answer (resolver, version_probe), wanted->rule->pattern);
  tab = strchr (resolver_answer (resolver, probe), '\t');
  return tab && !probe_name (probe, "library:") ? version_find (tab + 1, wanted->rule->pattern) : NULL;
}

/* What is read here has neither epoch nor release: those are Arch's own. */
static bool
wanted_is_met_by (const Requirement *wanted, const char *version)
{
  const char *colon = strchr (wanted->dependency->version, ':');
  g_autofree char *epoch =
      colon ? g_strndup (wanted->dependency->version, colon + 1 - wanted->dependency->version) : g_strdup ("");
  g_autofree char *whole = g_strconcat (epoch, version, NULL);

  return dependency_is_met_by (wanted->dependency, whole);
}

/* True when all of an alternative's probes found something. */
static bool
wanted_has (const Resolver *resolver, const Requirement *wanted, char *const *probes, char **ret_version,
            char **ret_where)
{
  for (char *const *probe = probes; *probe; probe++)
    {
      const char *answer = resolver_answer (resolver, *probe);
      const char *library = probe_name (*probe, "library:");
      g_autofree char *where = NULL;

      if (library ? !library_find (wanted->dependency, library, answer, ret_version, &where) : !*answer)
        return false;
      if (!where)
        {
          g_autofree char *path = g_strndup (answer, strcspn (answer, "\t"));

          where = g_utf8_make_valid (path, -1);
        }
      if (!*ret_where)
        *ret_where = g_steal_pointer (&where);
    }
  return true;
}

static void
wanted_resolve_by_probes (const Resolver *resolver, Requirement *wanted)
{
  Resolution *resolution = &wanted->resolution;
  char ***alternative = wanted->alternatives;

  for (; *alternative; alternative++)
    {
      g_clear_pointer (&resolution->where, g_free);
      if (wanted_has (resolver, wanted, *alternative, &resolution->version, &resolution->where))
        break;
    }
  if (!*alternative)
    {
      g_clear_pointer (&resolution->where, g_free);
      resolution->state = wanted->rule->guessed ? DEPENDENCY_UNKNOWN : DEPENDENCY_MISSING;
      return;
    }
  if (!wanted->dependency->version || dependency_is_library (wanted->dependency))
    {
      resolution->state = DEPENDENCY_PRESENT;
      return;
    }
  resolution->version = wanted_read_version (resolver, wanted, (*alternative)[0]);
  if (!resolution->version)
    resolution->state = DEPENDENCY_UNKNOWN;
  else
    resolution->state = wanted_is_met_by (wanted, resolution->version) ? DEPENDENCY_PRESENT : DEPENDENCY_MISSING;
}

/* pacman knows its own; what lies elsewhere, as a toolchain in /opt does, is found by a rule of the file. */
static void
wanted_resolve (const Resolver *resolver, Requirement *wanted)
{
  const char *version = NULL;
  const char *package = resolver->pacman ? pacman_find (resolver->pacman, wanted->dependency, &version) : NULL;

  if (package)
    wanted->resolution = (Resolution){ DEPENDENCY_PRESENT, g_strdup (version), g_strdup (package) };
  else if (resolver->pacman && wanted->rule->guessed)
    wanted->resolution = (Resolution){ DEPENDENCY_MISSING,
                                       g_strdup (pacman_version (resolver->pacman, wanted->dependency->name)), NULL };
  else
    wanted_resolve_by_probes (resolver, wanted);
}

/* An answer for each probe, NUL-terminated. */
static bool
resolver_take_answers (Resolver *resolver, const GPtrArray *probes, const char *text, size_t length)
{
  const char *end = text + length;

  for (guint i = 0; i < probes->len; i++)
    {
      const char *nul = memchr (text, '\0', end - text);

      if (!nul)
        return false;
      g_hash_table_replace (resolver->answers, g_strdup (probes->pdata[i]), g_strdup (text));
      text = nul + 1;
    }
  return text == end;
}

static bool
resolver_probe (Resolver *resolver, GError **error)
{
  g_autoptr (GPtrArray) probes = resolver_probes (resolver);
  g_autoptr (GPtrArray) arguments = g_ptr_array_new ();
  g_autofree char *script = scripts_path ("probe.bash");
  g_autoptr (Sandbox) sandbox = NULL;
  const char *answers;
  size_t length;
  int status;

  if (probes->len == 0)
    return true;
  g_ptr_array_add (arguments, (void *)"bash");
  g_ptr_array_add (arguments, script);
  for (guint i = 0; i < probes->len; i++)
    g_ptr_array_add (arguments, probes->pdata[i]);
  g_ptr_array_add (arguments, NULL);

  sandbox = sandbox_new (resolver->configuration);
  toolchains_add (resolver->configuration, sandbox);
  scripts_bind (resolver->configuration, sandbox);
  sandbox_set_timeout (sandbox, TIMEOUT);
  sandbox_collect (sandbox, ANSWER_FD, ANSWERS_MAX);
  if (!sandbox_run (sandbox, (const char *const *)arguments->pdata, &status, error))
    return false;
  answers = sandbox_collected (sandbox, &length);
  if (resolver_take_answers (resolver, probes, answers, length))
    return true;
  g_set_error (error, HIVE_ERROR, HIVE_ERROR_FAILED, "The dependencies could not be looked for: %s",
               sandbox_diagnostics (sandbox));
  return false;
}

bool
resolver_run (Resolver *resolver, GError **error)
{
  GHashTableIter each;
  void *wanted;

  if (g_hash_table_size (resolver->wanted) > 0 && !g_hash_table_contains (resolver->wanted, PKGCONF))
    g_hash_table_insert (resolver->wanted, g_strdup (PKGCONF), wanted_new (resolver, PKGCONF, false, NULL));
  if (!resolver_probe (resolver, error))
    return false;
  g_hash_table_iter_init (&each, resolver->wanted);
  while (g_hash_table_iter_next (&each, NULL, &wanted))
    wanted_resolve (resolver, wanted);
  return true;
}

const Resolution *
resolver_find (const Resolver *resolver, const char *name)
{
  const Requirement *wanted = g_hash_table_lookup (resolver->wanted, name);

  g_return_val_if_fail (wanted, NULL);
  return &wanted->resolution;
}

/* Whether it is found by pkg-config alone, so that without that it is missing whatever is installed. */
static bool
wanted_is_module (const Requirement *wanted)
{
  bool module = true;

  for (char ***alternative = wanted->alternatives; module && *alternative; alternative++)
    {
      module = false;
      for (char **probe = *alternative; *probe; probe++)
        module = module || probe_name (*probe, "module:");
    }
  return module;
}

char **
resolver_names (const Resolver *resolver, DependencyState state, char **const *lists)
{
  g_autoptr (GStrvBuilder) all = g_strv_builder_new ();
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);
  bool modules = false;

  for (; *lists; lists++)
    for (char **name = *lists; *name; name++)
      if (resolver_find (resolver, *name)->state == state && g_hash_table_add (seen, *name))
        {
          modules = modules || wanted_is_module (g_hash_table_lookup (resolver->wanted, *name));
          g_strv_builder_add (all, *name);
        }
  if (state == DEPENDENCY_MISSING && modules && !resolver->pacman &&
      resolver_find (resolver, PKGCONF)->state == state && !g_hash_table_contains (seen, PKGCONF))
    g_strv_builder_add (all, PKGCONF);
  return g_strv_builder_end (all);
}

char **
resolver_packages (const Resolver *resolver, char *const *names)
{
  g_autoptr (GStrvBuilder) all = g_strv_builder_new ();
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  for (; *names; names++)
    {
      const Requirement *wanted = g_hash_table_lookup (resolver->wanted, *names);
      g_auto (GStrv) packages = NULL;

      if (!wanted || wanted->resolution.state != DEPENDENCY_MISSING)
        continue;
      packages = dependency_rules_packages (resolver->rules, wanted->dependency->name, resolver->distribution);
      for (char **package = packages; *package; package++)
        if (g_hash_table_add (seen, g_strdup (*package)))
          g_strv_builder_add (all, *package);
    }
  return g_strv_builder_end (all);
}

char *
resolver_install_command (const Resolver *resolver, char *const *names)
{
  g_auto (GStrv) packages = resolver_packages (resolver, names);

  return distribution_install_command (resolver->distribution, packages);
}
