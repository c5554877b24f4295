/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "builder.h"
#include "step.h"

#include <string.h>

#define DUMP_FD  9 /* evaluate.bash writes there */
#define DUMP_MAX (4 * 1024 * 1024)

/* What bash said goes to the log; the message takes no more than a line's number from it. */
static void
parse_tell_diagnostics (Builder *builder, Sandbox *sandbox, GError **error)
{
  g_autoptr (GRegex) regex = g_regex_new ("PKGBUILD: line ([0-9]+): syntax error", 0, 0, NULL);
  g_autoptr (GMatchInfo) match = NULL;
  const char *said = sandbox_diagnostics (sandbox);

  step_tell_diagnostics (builder, sandbox);
  if (g_regex_match (regex, said, 0, &match))
    {
      g_autofree char *number = g_match_info_fetch (match, 1);

      g_clear_error (error);
      g_set_error (error, HIVE_ERROR, HIVE_ERROR_RECIPE_INVALID,
                   "The PKGBUILD is not valid bash: syntax error in line %s; the log shows what bash says", number);
    }
}

Recipe *
parse_recipe (Builder *builder, GError **error)
{
  g_autofree char *script = step_script ("evaluate.bash");
  g_autofree char *pkgbuild = step_path (builder, "PKGBUILD");
  const char *arguments[] = { "bash", script, pkgbuild, NULL };
  g_autoptr (Sandbox) sandbox = step_sandbox (builder);
  const char *dump;
  Recipe *recipe;
  size_t length;
  int status;

  sandbox_set_timeout (sandbox, builder->configuration->evaluation_timeout);
  sandbox_limit_evaluation (sandbox);
  sandbox_collect (sandbox, DUMP_FD, DUMP_MAX);
  if (!sandbox_run (sandbox, arguments, &status, error))
    {
      step_explain (error, "Reading the PKGBUILD", "EvaluationTimeout=");
      return NULL;
    }

  dump = sandbox_collected (sandbox, &length);
  recipe = recipe_parse_dump (dump, length, error);
  if (!recipe)
    parse_tell_diagnostics (builder, sandbox, error);
  return recipe;
}

bool
parse_run (Builder *builder, GError **error)
{
  log_writer_note (builder->log, "parse", "🔍 Parsing PKGBUILD...");
  builder->recipe = parse_recipe (builder, error);
  if (!builder->recipe || !recipe_check (builder->recipe, error))
    return false;
  log_writer_note (builder->log, "parse", "✓ Parsed: pkgname=%s, pkgver=%s", recipe_value (builder->recipe, "pkgname"),
                   recipe_value (builder->recipe, "pkgver"));
  return true;
}
