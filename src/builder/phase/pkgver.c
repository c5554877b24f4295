/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "file.h"
#include "sandbox-trouble.h"
#include "scripts.h"
#include "step.h"

#define ANSWER_FD    9 /* run.bash sends there what pkgver() prints */
#define ANSWER_MAX   4096
#define PKGBUILD     "start/PKGBUILD"
#define PKGBUILD_MAX (1024 * 1024)

/* The line with its value replaced when it begins with @name: as makepkg does, what stands up to the first space. */
static void
pkgver_append_line (GString *text, const char *line, const char *name, const char *value)
{
  size_t length = strlen (name);

  if (g_str_has_prefix (line, name))
    g_string_append_printf (text, "%s%s%s\n", name, value, line + length + strcspn (line + length, " "));
  else
    g_string_append_printf (text, "%s\n", line);
}

/* makepkg writes the new version into the PKGBUILD and reads it again, because other values may depend on it. */
static bool
pkgver_rewrite (Builder *builder, const char *version, GError **error)
{
  g_auto (Fd) from = file_open_beneath (builder->work_fd, PKGBUILD, O_RDONLY, 0);
  g_autofree char *old = from < 0 ? NULL : file_read_fd (from, PKGBUILD_MAX, "The PKGBUILD", NULL, error);
  g_auto (GStrv) lines = NULL;
  g_autoptr (GString) text = g_string_new (NULL);
  g_auto (Fd) to = -1;
  int r;

  if (!old)
    return from >= 0 || hive_error_set_errno (error, -from, "Cannot read %s/%s", builder->request->work, PKGBUILD);
  if (g_str_has_suffix (old, "\n"))
    old[strlen (old) - 1] = '\0';
  lines = g_strsplit (old, "\n", -1);
  for (char **line = lines; *line; line++)
    if (g_str_has_prefix (*line, "pkgrel="))
      pkgver_append_line (text, *line, "pkgrel=", "1");
    else
      pkgver_append_line (text, *line, "pkgver=", version);

  to = file_open_beneath (builder->work_fd, PKGBUILD, O_WRONLY | O_TRUNC, 0);
  r = to < 0 ? to : file_write_all (to, text->str, text->len);
  return r >= 0 || hive_error_set_errno (error, -r, "Cannot write %s/%s", builder->request->work, PKGBUILD);
}

static bool
pkgver_apply (Builder *builder, const char *version, GError **error)
{
  Recipe *recipe;

  if (g_strcmp0 (recipe_value (builder->recipe, "pkgver"), version) == 0)
    return true;
  if (!recipe_set_pkgver (builder->recipe, version, error) || !pkgver_rewrite (builder, version, error) ||
      !(recipe = parse_recipe (builder, error)))
    return false;
  recipe_free (builder->recipe);
  builder->recipe = recipe;
  return recipe_check (recipe, error);
}

/* What $(pkgver) is in bash. */
static char *
pkgver_answer (Sandbox *sandbox)
{
  char *answer = g_strdup (sandbox_collected (sandbox, NULL));
  size_t length = strlen (answer);

  while (length > 0 && answer[length - 1] == '\n')
    answer[--length] = '\0';
  return answer;
}

bool
pkgver_run (Builder *builder, GError **error)
{
  g_autofree char *script = scripts_path ("run.bash");
  const char *arguments[] = { "bash", script, "pkgver", NULL };
  g_autoptr (Output) out = output_new (builder->log, "pkgver", LOG_STREAM_OUT);
  g_autoptr (Output) err = output_new (builder->log, "pkgver", LOG_STREAM_ERR);
  g_autoptr (Sandbox) sandbox = NULL;
  g_autofree char *answer = NULL;
  int status;

  if (!recipe_has_function (builder->recipe, "pkgver"))
    return true;
  sandbox = step_function_sandbox (builder, error);
  if (!sandbox)
    return false;
  sandbox_set_output (sandbox, out, err);
  sandbox_collect (sandbox, ANSWER_FD, ANSWER_MAX);
  sandbox_set_timeout (sandbox, builder->configuration->step_timeout);
  if (!sandbox_run (sandbox, arguments, &status, error))
    return sandbox_trouble_explain (error, "pkgver()", "StepTimeout=");
  if (status != 0)
    {
      log_writer_note (builder->log, "pkgver", "❌ Pkgver failed with exit code %d", status);
      g_set_error (error, HIVE_ERROR, HIVE_ERROR_BUILD_FAILED, "Pkgver phase failed");
      return false;
    }

  answer = pkgver_answer (sandbox);
  if (!pkgver_apply (builder, answer, error))
    return false;
  log_writer_note (builder->log, "pkgver", "✓ Version: %s", answer);
  return true;
}
