/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "builder.h"
#include "step.h"

#include <string.h>

#define COUNT_MAX  1000
#define LENGTH_MAX 256 /* bytes of a name */
#define ANSWER_FD  9   /* probe.bash writes there */

/* One line of the log: what the recipe needs at run time, or to build. */
typedef struct
{
  const char *title;
  char **names;
  const char *answers; /* '0' or '1' and a newline for each name; borrowed */
} Dependencies;

/* Names go to a script as arguments: nothing that looks like an option or hides in a log. */
static bool
dependencies_check (char *const *names, GError **error)
{
  if (g_strv_length ((char **)names) > COUNT_MAX)
    {
      g_set_error (error, HIVE_ERROR, HIVE_ERROR_RECIPE_INVALID, "The PKGBUILD names more than %d dependencies",
                   COUNT_MAX);
      return false;
    }
  for (; *names; names++)
    {
      const char *name = *names;

      if (strlen (name) > LENGTH_MAX || !g_ascii_isalnum (*name) ||
          name[strspn (name, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "@._+-<>=:/")])
        {
          g_set_error (error, HIVE_ERROR, HIVE_ERROR_RECIPE_INVALID, "\"%.100s\" can't be the name of a dependency",
                       name);
          return false;
        }
    }
  return true;
}

/* Asks, in a sandbox such as the recipe's functions will run in. */
static char *
dependencies_probe (Builder *builder, char *const *first, char *const *second, GError **error)
{
  g_autoptr (GPtrArray) arguments = g_ptr_array_new ();
  g_autofree char *script = step_script ("probe.bash");
  g_autoptr (Sandbox) sandbox = NULL;
  size_t count = g_strv_length ((char **)first) + g_strv_length ((char **)second);
  int status;

  if (count == 0)
    return g_strdup ("");
  g_ptr_array_add (arguments, (void *)"bash");
  g_ptr_array_add (arguments, script);
  for (; *first; first++)
    g_ptr_array_add (arguments, *first);
  for (; *second; second++)
    g_ptr_array_add (arguments, *second);
  g_ptr_array_add (arguments, NULL);

  sandbox = step_recipe_sandbox (builder);
  sandbox_set_timeout (sandbox, builder->configuration->step_timeout);
  sandbox_collect (sandbox, ANSWER_FD, 2 * count);
  if (!sandbox_run (sandbox, (const char *const *)arguments->pdata, &status, error))
    return NULL;
  if (strlen (sandbox_collected (sandbox, NULL)) != 2 * count)
    {
      g_set_error (error, HIVE_ERROR, HIVE_ERROR_FAILED, "The dependencies could not be looked for: %s",
                   sandbox_diagnostics (sandbox));
      return NULL;
    }
  return g_strdup (sandbox_collected (sandbox, NULL));
}

/* "✓ Build: rust, cargo" */
static void
dependencies_tell (Builder *builder, const Dependencies *dependencies)
{
  g_autofree char *list = g_strjoinv (", ", dependencies->names);

  log_writer_note (builder->log, "dependencies", "✓ %s: %s", dependencies->title, *list ? list : "none");
}

/* "Runtime: gcc ✓, cuda ✗" */
static void
dependencies_tell_each (Builder *builder, const Dependencies *dependencies, GPtrArray *missing)
{
  g_autoptr (GString) list = g_string_new (NULL);

  for (size_t i = 0; dependencies->names[i]; i++)
    {
      bool there = dependencies->answers[2 * i] == '1';

      g_string_append_printf (list, "%s%s %s", i > 0 ? ", " : "", dependencies->names[i], there ? "✓" : "✗");
      if (!there && !g_ptr_array_find_with_equal_func (missing, dependencies->names[i], g_str_equal, NULL))
        g_ptr_array_add (missing, dependencies->names[i]);
    }
  if (list->len > 0)
    log_writer_note (builder->log, "dependencies", "%s: %s", dependencies->title, list->str);
}

static bool
dependencies_refuse (Builder *builder, const Dependencies *runtime, const Dependencies *build, GError **error)
{
  g_autoptr (GPtrArray) missing = g_ptr_array_new ();
  g_autofree char *list = NULL;

  log_writer_note (builder->log, "dependencies", "❌ Missing dependencies");
  dependencies_tell_each (builder, runtime, missing);
  dependencies_tell_each (builder, build, missing);
  g_ptr_array_add (missing, NULL);
  list = g_strjoinv (", ", (char **)missing->pdata);
  g_set_error (error, HIVE_ERROR, HIVE_ERROR_MISSING_DEPENDENCIES, "Please install %s before proceeding", list);
  return false;
}

/* makedepends, and checkdepends when check() is to run. */
static char **
dependencies_of_build (Builder *builder)
{
  g_autoptr (GStrvBuilder) all = g_strv_builder_new ();
  const char *architecture = catalog_machine_architecture ();
  g_auto (GStrv) make = recipe_values (builder->recipe, "makedepends", architecture);
  g_auto (GStrv) check = recipe_values (builder->recipe, "checkdepends", architecture);

  g_strv_builder_addv (all, (const char **)make);
  if (builder->request->check)
    g_strv_builder_addv (all, (const char **)check);
  return g_strv_builder_end (all);
}

bool
dependencies_run (Builder *builder, GError **error)
{
  g_auto (GStrv) depends = recipe_values (builder->recipe, "depends", catalog_machine_architecture ());
  g_auto (GStrv) makedepends = dependencies_of_build (builder);
  g_autofree char *program = NULL;
  g_autofree char *answers = NULL;
  Dependencies runtime = { .title = "Runtime", .names = depends };
  Dependencies build = { .title = "Build", .names = makedepends };

  log_writer_note (builder->log, "dependencies", "🔧 Checking dependencies...");
  /* The last phase needs it, and who finds that out then has waited for a build. */
  program = g_find_program_in_path ("fakeroot");
  if (!program)
    return step_missing_program (builder, "fakeroot", error);
  if (!dependencies_check (depends, error) || !dependencies_check (makedepends, error))
    return false;
  answers = dependencies_probe (builder, depends, makedepends, error);
  if (!answers)
    return false;

  runtime.answers = answers;
  build.answers = answers + 2 * g_strv_length (depends);
  if (strchr (answers, '0'))
    return dependencies_refuse (builder, &runtime, &build, error);
  dependencies_tell (builder, &runtime);
  dependencies_tell (builder, &build);
  return true;
}
