/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib/gi18n.h>

#include "builder.h"
#include "errand.h"
#include "machine.h"
#include "resolver.h"
#include "step.h"
#include "store-lookup.h"

/* One line of the log: what the recipe needs at run time, or to build. */
typedef struct
{
  const char *title;
  char **names;
} Dependencies;

/* "✓ Build: rust, cargo", and a line for those of which nothing is known. */
static void
dependencies_tell (Builder *builder, const Resolver *resolver, const Dependencies *dependencies)
{
  g_autoptr (GString) there = g_string_new (NULL);

  for (char **name = dependencies->names; *name; name++)
    if (resolver_find (resolver, *name)->state == DEPENDENCY_PRESENT)
      g_string_append_printf (there, "%s%s", there->len > 0 ? ", " : "", *name);
  log_writer_note (builder->log, "dependencies", "✓ %s: %s", dependencies->title,
                   there->len > 0         ? there->str :
                   dependencies->names[0] ? "none that is known" :
                                            "none");
  for (char **name = dependencies->names; *name; name++)
    {
      const Resolution *resolution = resolver_find (resolver, *name);

      if (resolution->state != DEPENDENCY_UNKNOWN)
        continue;
      if (resolution->where)
        log_writer_note (builder->log, "dependencies", "⚠ %s: the version of %s cannot be read: going on", *name,
                         resolution->where);
      else
        log_writer_note (builder->log, "dependencies", "⚠ %s: not known here, and nothing of that name: going on",
                         *name);
    }
}

/* "Runtime: gcc ✓, cmake>=4 ✗ (3.25.1 is here), foo ?" */
static void
dependencies_tell_each (Builder *builder, const Resolver *resolver, const Dependencies *dependencies)
{
  static const char *const signs[] = {
    [DEPENDENCY_UNKNOWN] = "?", [DEPENDENCY_MISSING] = "✗", [DEPENDENCY_PRESENT] = "✓"
  };
  g_autoptr (GString) list = g_string_new (NULL);

  for (char **name = dependencies->names; *name; name++)
    {
      const Resolution *resolution = resolver_find (resolver, *name);

      g_string_append_printf (list, "%s%s %s", list->len > 0 ? ", " : "", *name, signs[resolution->state]);
      if (resolution->state == DEPENDENCY_MISSING && resolution->version)
        g_string_append_printf (list, " (%s is here)", resolution->version);
    }
  if (list->len > 0)
    log_writer_note (builder->log, "dependencies", "%s: %s", dependencies->title, list->str);
}

static bool
dependencies_refuse (Builder *builder, const Resolver *resolver, char *const *missing, GError **error)
{
  g_autofree char *list = g_strjoinv (", ", (char **)missing);
  g_autofree char *command = resolver_install_command (resolver, missing);

  if (command)
    log_writer_note (builder->log, "dependencies", "Install with: %s", command);
  g_set_error (error, HIVE_ERROR, HIVE_ERROR_MISSING_DEPENDENCIES, N_ ("Please install %s before proceeding"), list);
  return false;
}

/* makedepends, and checkdepends when check() is to run. */
static char **
dependencies_of_build (Builder *builder)
{
  g_autoptr (GStrvBuilder) all = g_strv_builder_new ();
  const char *architecture = machine_architecture ();
  g_auto (GStrv) make = recipe_values (builder->recipe, "makedepends", architecture);
  g_auto (GStrv) check = recipe_values (builder->recipe, "checkdepends", architecture);

  g_strv_builder_addv (all, (const char **)make);
  if (builder->request->check)
    g_strv_builder_addv (all, (const char **)check);
  return g_strv_builder_end (all);
}

/* Those of @missing that no package brings here. */
static char **
dependencies_without_package (const Resolver *resolver, char *const *missing)
{
  g_autoptr (GStrvBuilder) names = g_strv_builder_new ();

  for (; *missing; missing++)
    {
      g_auto (GStrv) packages = resolver_packages (resolver, (char *[]){ *missing, NULL });

      if (!*packages)
        g_strv_builder_add (names, *missing);
    }
  return g_strv_builder_end (names);
}

/* Whether the daemon is to install what is missing. Nothing is installed for a build that cannot be had anyway. */
static bool
dependencies_may_be_installed (Builder *builder, const Resolver *resolver, char *const *missing)
{
  g_auto (GStrv) without = dependencies_without_package (resolver, missing);
  g_autofree char *list = g_strjoinv (", ", without);

  if (!builder->request->install_dependencies)
    return false;
  if (*without)
    log_writer_note (builder->log, "dependencies", "⚠ Nothing was installed: no package is known that brings %s", list);
  return !*without;
}

/* One look at all of them. False with an error, or without one when some are @ret_missing. */
static bool
dependencies_look (Builder *builder, const Dependencies *lists, Resolver **ret_resolver, char ***ret_missing,
                   GError **error)
{
  g_autoptr (Resolver) resolver = resolver_new (builder->configuration, error);

  bool builds = lists[1].title && recipe_builds_with_run_needs (builder->recipe);

  if (!resolver || !(builds ? resolver_add : resolver_add_to_run) (resolver, lists[0].names, error) ||
      !resolver_add (resolver, lists[1].names, error) || !resolver_run (resolver, error))
    return false;
  *ret_missing = resolver_names (resolver, DEPENDENCY_MISSING, (char **[]){ lists[0].names, lists[1].names, NULL });
  *ret_resolver = g_steal_pointer (&resolver);
  return true;
}

/* With @again what is missing may be installed, and is looked for once more. */
static bool
dependencies_check (Builder *builder, const Dependencies *lists, bool again, GError **error)
{
  g_autoptr (Resolver) resolver = NULL;
  g_auto (GStrv) missing = NULL;

  log_writer_note (builder->log, "dependencies", "🔧 Checking dependencies...");
  if (!dependencies_look (builder, lists, &resolver, &missing, error))
    return false;
  if (!*missing)
    {
      dependencies_tell (builder, resolver, &lists[0]);
      if (lists[1].title)
        dependencies_tell (builder, resolver, &lists[1]);
      return true;
    }
  if (again && dependencies_may_be_installed (builder, resolver, missing))
    {
      dependencies_tell_each (builder, resolver, &lists[0]);
      dependencies_tell_each (builder, resolver, &lists[1]);
      return errand_run (builder, "install-dependencies", missing, error) &&
             dependencies_check (builder, lists, false, error);
    }
  log_writer_note (builder->log, "dependencies", "❌ Missing dependencies");
  dependencies_tell_each (builder, resolver, &lists[0]);
  dependencies_tell_each (builder, resolver, &lists[1]);
  return dependencies_refuse (builder, resolver, missing, error);
}

/* All that it takes to build. */
static bool
dependencies_run_all (Builder *builder, GError **error)
{
  g_auto (GStrv) depends = recipe_run_needs (builder->recipe, machine_architecture ());
  g_auto (GStrv) makedepends = dependencies_of_build (builder);
  g_autofree char *program = g_find_program_in_path ("fakeroot");
  const Dependencies lists[] = {
    { .title = "Runtime", .names = depends },
    { .title = "Build", .names = makedepends },
  };

  /* The last phase needs it, and who finds that out then has waited for a build. */
  if (!program)
    return step_missing_program (builder, "fakeroot", error);
  return dependencies_check (builder, lists, true, error);
}

bool
dependencies_run (Builder *builder, GError **error)
{
  g_auto (GStrv) depends = NULL;
  g_auto (GStrv) nothing = NULL;

  if (!store_lookup_is_asked (builder))
    return dependencies_run_all (builder, error);
  depends = recipe_run_needs (builder->recipe, machine_architecture ());
  nothing = g_new0 (char *, 1);
  return dependencies_check (builder,
                             (const Dependencies[]){ { .title = "Runtime", .names = depends }, { .names = nothing } },
                             true, error);
}

bool
dependencies_run_build (Builder *builder, GError **error)
{
  return dependencies_run_all (builder, error);
}
