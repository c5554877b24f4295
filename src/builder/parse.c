/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "builder.h"
#include "evaluation.h"
#include "recipe-lint.h"
#include "step.h"

Recipe *
parse_recipe (Builder *builder, GError **error)
{
  g_autofree char *start = g_build_filename (builder->request->work, "start", NULL);
  g_autofree char *inside = step_path (builder, NULL);
  g_autofree char *home = step_path (builder, "home");
  g_autofree char *features = g_strjoinv (",", builder->entry->features);
  const char *environment[] = { *features ? "RBEE_FEATURES" : NULL, features, NULL };
  g_autofree char *said = NULL;
  Recipe *recipe = evaluation_run (&(Evaluation){ .configuration = builder->configuration,
                                                  .directory = start,
                                                  .name = "PKGBUILD",
                                                  .inside = inside,
                                                  .home = home,
                                                  .user = "builder",
                                                  .environment = environment },
                                   &said, error);

  if (!recipe && said)
    step_tell (builder, said);
  return recipe;
}

/* Each rule that is broken; the first is the error. */
static bool
parse_check (Builder *builder, GError **error)
{
  g_autoptr (GPtrArray) problems = recipe_lint (builder->recipe, false);

  for (guint i = 0; problems->len > 1 && i < problems->len; i++)
    log_writer_note (builder->log, "parse", "✗ %s", (char *)problems->pdata[i]);
  if (problems->len > 0)
    g_set_error_literal (error, HIVE_ERROR, HIVE_ERROR_RECIPE_INVALID, problems->pdata[0]);
  return problems->len == 0 && recipe_check (builder->recipe, error) &&
         recipe_check_architecture (builder->recipe, catalog_machine_architecture (), error);
}

bool
parse_run (Builder *builder, GError **error)
{
  log_writer_note (builder->log, "parse", "🔍 Parsing PKGBUILD...");
  builder->recipe = parse_recipe (builder, error);
  if (!builder->recipe || !parse_check (builder, error))
    return false;
  log_writer_note (builder->log, "parse", "✓ Parsed: pkgname=%s, pkgver=%s", recipe_value (builder->recipe, "pkgname"),
                   recipe_value (builder->recipe, "pkgver"));
  return true;
}
