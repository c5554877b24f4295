/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "builder.h"
#include "evaluation.h"
#include "machine.h"
#include "outside.h"
#include "recipe-files.h"
#include "recipe-lint.h"
#include "step.h"

/* The files that it asked for outside its sandbox and did not get. */
static bool
parse_check_surroundings (Builder *builder, const Evaluation *evaluation, const char *said, GError **error)
{
  g_autoptr (GPtrArray) files = outside_files (evaluation, said);

  for (guint i = 0; files->len > 1 && i < files->len; i++)
    log_writer_note (builder->log, "parse", "✗ %s", (char *)files->pdata[i]);
  if (files->len > 0)
    g_set_error_literal (error, HIVE_ERROR, HIVE_ERROR_RECIPE_INVALID, files->pdata[0]);
  return files->len == 0;
}

Recipe *
parse_recipe (Builder *builder, GError **error)
{
  g_autofree char *start = g_build_filename (builder->request->work, "start", NULL);
  g_autofree char *inside = step_path (builder, NULL);
  g_autofree char *home = step_path (builder, "home");
  g_autofree char *features = g_strjoinv (",", builder->entry->features);
  const char *environment[] = { *features ? "RBEE_FEATURES" : NULL, features, NULL };
  const Evaluation evaluation = { .configuration = builder->configuration,
                                  .directory = start,
                                  .name = "PKGBUILD",
                                  .inside = inside,
                                  .folder = builder->folder,
                                  .above = builder->above,
                                  .above_inside = STEP_INSIDE_BASE,
                                  .home = home,
                                  .user = "builder",
                                  .environment = environment };
  g_auto (EvaluationSaid) said = { 0 };
  g_autoptr (Recipe) recipe = evaluation_run (&evaluation, &said, error);

  if (said.text)
    step_tell (builder, said.text);
  return recipe && parse_check_surroundings (builder, &evaluation, said.text, error) ? g_steal_pointer (&recipe) : NULL;
}

/* Each rule that is broken, and the first is the error; unless the network would have mended it, which is all then. */
static bool
parse_check_rules (Builder *builder, GError **error)
{
  g_autoptr (GPtrArray) problems = recipe_lint (builder->recipe, false);
  bool asked_network = builder->recipe->asked_network;

  for (guint i = 0; !asked_network && problems->len > 1 && i < problems->len; i++)
    log_writer_note (builder->log, "parse", "✗ %s", (char *)problems->pdata[i]);
  if (problems->len > 0)
    g_set_error_literal (error, HIVE_ERROR, HIVE_ERROR_RECIPE_INVALID,
                         asked_network ? OUTSIDE_NETWORK : problems->pdata[0]);
  else if (asked_network)
    log_writer_note (builder->log, "parse", "⚠ %s", OUTSIDE_NETWORK);
  return problems->len == 0;
}

static bool
parse_check (Builder *builder, GError **error)
{
  return parse_check_rules (builder, error) && recipe_check (builder->recipe, error) &&
         (!builder->request->files || recipe_files_check_name (builder, error)) &&
         recipe_check_architecture (builder->recipe, machine_architecture (), error);
}

bool
parse_run (Builder *builder, GError **error)
{
  log_writer_note (builder->log, "parse", "🔍 Parsing PKGBUILD...");
  step_begin_network (builder);
  builder->recipe = parse_recipe (builder, error);
  if (!builder->recipe || !parse_check (builder, error))
    return false;
  log_writer_note (builder->log, "parse", "✓ Parsed: pkgname=%s, pkgver=%s", recipe_value (builder->recipe, "pkgname"),
                   recipe_value (builder->recipe, "pkgver"));
  return true;
}
