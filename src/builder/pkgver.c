/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "step.h"

#include <string.h>

#define ANSWER_FD  9 /* run.bash sends there what pkgver() prints */
#define ANSWER_MAX 4096

bool
pkgver_run (Builder *builder, GError **error)
{
  g_autofree char *script = step_script ("run.bash");
  const char *arguments[] = { "bash", script, "pkgver", NULL };
  g_autoptr (Output) out = output_new (builder->log, "pkgver", LOG_STREAM_OUT);
  g_autoptr (Output) err = output_new (builder->log, "pkgver", LOG_STREAM_ERR);
  g_autoptr (Sandbox) sandbox = NULL;
  g_autofree char *answer = NULL;
  int status;

  if (!recipe_has_function (builder->recipe, "pkgver"))
    return true;
  sandbox = step_function_sandbox (builder);
  sandbox_set_output (sandbox, out, err);
  sandbox_collect (sandbox, ANSWER_FD, ANSWER_MAX);
  sandbox_set_timeout (sandbox, builder->configuration->step_timeout);
  if (!sandbox_run (sandbox, arguments, &status, error))
    return step_explain (error, "pkgver()", "StepTimeout=");
  if (status != 0)
    {
      log_writer_note (builder->log, "pkgver", "❌ Pkgver failed with exit code %d", status);
      g_set_error (error, HIVE_ERROR, HIVE_ERROR_BUILD_FAILED, "Pkgver phase failed");
      return false;
    }

  answer = g_strchomp (g_strdup (sandbox_collected (sandbox, NULL)));
  if (!recipe_set_pkgver (builder->recipe, answer, error))
    return false;
  log_writer_note (builder->log, "pkgver", "✓ Version: %s", answer);
  return true;
}
