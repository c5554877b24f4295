/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "evaluation.h"

#include "catalog-entry.h"
#include "error.h"
#include "file.h"
#include "recipe-dump.h"
#include "recipe-folder.h"
#include "step.h"
#include "toolchains.h"

#include <string.h>
#include <unistd.h>

#define MARKER_FD    18                  /* evaluate.bash reads it there */
#define DUMP_FD      19                  /* … and writes here */
#define MAKEPKG_CONF "/etc/makepkg.conf" /* a recipe may ask what it says, as with makepkg */
#define DUMP_MAX     (8 * 1024 * 1024)
#define TEXT_MAX     (4 * 1024 * 1024)

/* As makepkg says: what was written on Windows can't be sourced. */
static bool
evaluation_check_text (const Evaluation *evaluation, GError **error)
{
  g_autofree char *path = g_build_filename (evaluation->directory, evaluation->name, NULL);
  size_t size;
  g_autofree char *text = file_read (path, TEXT_MAX, &size, error);

  if (text && memchr (text, '\r', size))
    g_set_error (error, HIVE_ERROR, HIVE_ERROR_RECIPE_INVALID,
                 "%s has carriage returns (CRLF), the line ends of Windows, which bash can't read: "
                 "take them out with sed -i 's/\\r//' %s",
                 evaluation->name, evaluation->name);
  return text && !memchr (text, '\r', size);
}

static Sandbox *
evaluation_sandbox (const Evaluation *evaluation, const char *marker, GError **error)
{
  g_autoptr (Sandbox) sandbox = sandbox_new (evaluation->configuration);
  const char *architecture = catalog_machine_architecture ();
  g_autofree char *host = g_strdup_printf ("%s-pc-linux-gnu", architecture);
  g_autofree char *epoch = g_strdup_printf ("%" G_GINT64_FORMAT, g_get_real_time () / G_USEC_PER_SEC);
  const char *const *variable = evaluation->environment;

  sandbox_limit_evaluation (sandbox);
  recipe_folder_show_home (sandbox, evaluation->home, evaluation->inside);
  toolchains_add (evaluation->configuration, sandbox);
  step_bind_scripts (evaluation->configuration, sandbox);
  if (access (MAKEPKG_CONF, R_OK) == 0)
    sandbox_bind_read_only (sandbox, MAKEPKG_CONF, MAKEPKG_CONF);
  if (!recipe_folder_show (sandbox, evaluation->directory, evaluation->inside, error))
    return NULL;
  sandbox_chdir (sandbox, evaluation->inside);
  sandbox_setenv (sandbox, "startdir", evaluation->inside);
  sandbox_setenv (sandbox, "CARCH", architecture);
  sandbox_setenv (sandbox, "CHOST", host);
  sandbox_setenv (sandbox, "SOURCE_DATE_EPOCH", epoch);
  sandbox_setenv (sandbox, "HOME", evaluation->home);
  sandbox_setenv (sandbox, "USER", evaluation->user);
  sandbox_setenv (sandbox, "LOGNAME", evaluation->user);
  sandbox_setenv (sandbox, "SHELL", "/bin/bash");
  for (; variable && *variable; variable += 2)
    sandbox_setenv (sandbox, variable[0], variable[1]);

  sandbox_set_timeout (sandbox, evaluation->configuration->evaluation_timeout);
  sandbox_give (sandbox, MARKER_FD, marker);
  sandbox_collect (sandbox, DUMP_FD, DUMP_MAX);
  return g_steal_pointer (&sandbox);
}

/* The message takes no more than a line's number from what bash said. */
static void
evaluation_explain (const char *said, GError **error)
{
  g_autoptr (GRegex) regex = g_regex_new (": line ([0-9]+): syntax error", 0, 0, NULL);
  g_autoptr (GMatchInfo) match = NULL;

  if (g_regex_match (regex, said, 0, &match))
    {
      g_autofree char *number = g_match_info_fetch (match, 1);

      g_clear_error (error);
      g_set_error (error, HIVE_ERROR, HIVE_ERROR_RECIPE_INVALID,
                   "The PKGBUILD is not valid bash: syntax error in line %s; what bash says stands before this",
                   number);
    }
}

Recipe *
evaluation_run (const Evaluation *evaluation, char **ret_said, GError **error)
{
  g_autofree char *script = step_script ("evaluate.bash");
  g_autofree char *pkgbuild = g_build_filename (evaluation->inside, evaluation->name, NULL);
  g_autofree char *marker = g_uuid_string_random ();
  const char *arguments[] = { "bash", script, pkgbuild, NULL };
  g_autoptr (Sandbox) sandbox = NULL;
  const char *dump;
  Recipe *recipe;
  size_t length;
  int status;

  *ret_said = NULL;
  if (!evaluation_check_text (evaluation, error))
    return NULL;
  sandbox = evaluation_sandbox (evaluation, marker, error);
  if (!sandbox)
    return NULL;
  if (!sandbox_run (sandbox, arguments, &status, error))
    {
      step_explain (error, "Reading the PKGBUILD", "EvaluationTimeout=");
      return NULL;
    }

  dump = sandbox_collected (sandbox, &length);
  recipe = recipe_dump_read (dump, length, marker, error);
  *ret_said = g_strdup (sandbox_diagnostics (sandbox));
  if (!recipe)
    evaluation_explain (*ret_said, error);
  return recipe;
}
