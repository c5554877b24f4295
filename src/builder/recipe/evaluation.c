/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "evaluation.h"

#include <glib/gi18n.h>
#include <string.h>
#include <unistd.h>

#include "byte-order-mark.h"
#include "error.h"
#include "file.h"
#include "machine.h"
#include "recipe-dump.h"
#include "recipe-folder.h"
#include "sandbox-trouble.h"
#include "scripts.h"
#include "toolchains.h"

#define MARKER_FD    18                  /* evaluate.bash reads it there */
#define DUMP_FD      19                  /* … and writes here */
#define MAKEPKG_CONF "/etc/makepkg.conf" /* a recipe may ask what it says, as with makepkg */
#define DUMP_MAX     (8 * 1024 * 1024)
#define TEXT_MAX     (4 * 1024 * 1024)

/* As makepkg says: what was written on Windows cannot be sourced. */
static bool
evaluation_check_text (const Evaluation *evaluation, GError **error)
{
  g_autofree char *path = g_build_filename (evaluation->directory, evaluation->name, NULL);
  size_t size;
  g_autofree char *text = file_read (path, TEXT_MAX, &size, error);
  bool marked = text && byte_order_mark_length (text, size) > 0;

  if (marked)
    g_set_error (
        error, HIVE_ERROR, HIVE_ERROR_RECIPE_INVALID,
        "%s begins with a byte order mark, as editors of Windows write it, which bash takes for a command: take "
        "it out with sed -i '1s/^\\xef\\xbb\\xbf//' %s",
        evaluation->name, evaluation->name);
  else if (text && memchr (text, '\r', size))
    g_set_error (error, HIVE_ERROR, HIVE_ERROR_RECIPE_INVALID,
                 "%s has carriage returns (CRLF), the line ends of Windows, which bash cannot read: "
                 "take them out with sed -i 's/\\r//' %s",
                 evaluation->name, evaluation->name);
  return text && !marked && !memchr (text, '\r', size);
}

static Sandbox *
evaluation_sandbox (const Evaluation *evaluation, const char *marker, GError **error)
{
  g_autoptr (Sandbox) sandbox = sandbox_new (evaluation->configuration);
  const char *architecture = machine_architecture ();
  g_autofree char *host = g_strdup_printf ("%s-pc-linux-gnu", architecture);
  g_autofree char *epoch = g_strdup_printf ("%" G_GINT64_FORMAT, g_get_real_time () / G_USEC_PER_SEC);
  const char *const *variable = evaluation->environment;

  sandbox_limit_evaluation (sandbox);
  recipe_folder_show_home (sandbox, evaluation->home, evaluation->inside);
  toolchains_add (evaluation->configuration, sandbox);
  scripts_bind (evaluation->configuration, sandbox);
  if (access (MAKEPKG_CONF, R_OK) == 0)
    sandbox_bind_read_only (sandbox, MAKEPKG_CONF, MAKEPKG_CONF);
  if (evaluation->above)
    sandbox_bind_read_only (sandbox, evaluation->above, evaluation->above_inside);
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
  sandbox_setenv_all (sandbox, evaluation->configuration->recipe_environment);
  for (; variable && *variable; variable += 2)
    sandbox_setenv (sandbox, variable[0], variable[1]);

  sandbox_set_timeout (sandbox, evaluation->configuration->evaluation_timeout);
  sandbox_give (sandbox, MARKER_FD, marker);
  sandbox_collect (sandbox, DUMP_FD, DUMP_MAX);
  return g_steal_pointer (&sandbox);
}

/* True when the last thing that is said is bash's, of line @ret_line of the recipe, or of a file that it sources. Of a
 * script of the hive's own it is not. */
static bool
evaluation_was_stopped (const Evaluation *evaluation, const char *said, char **ret_line, bool *ret_own)
{
  g_autofree char *name = g_regex_escape_string (evaluation->name, -1);
  g_autofree char *pattern =
      g_strdup_printf ("(?:^|\n)(?!/etc/rbee-hive/)[^\n]*?(%s)?: line ([0-9]+): [^\n]*\n?\\z", name);
  g_autoptr (GRegex) regex = g_regex_new (pattern, 0, 0, NULL);
  g_autoptr (GMatchInfo) match = NULL;
  g_autofree char *own = NULL;

  if (!regex || !g_regex_match (regex, said, 0, &match))
    return false;
  own = g_match_info_fetch (match, 1);
  *ret_own = *own != '\0';
  *ret_line = g_match_info_fetch (match, 2);
  return true;
}

/* The message takes no more than a line's number from what bash said. */
static void
evaluation_explain (const Evaluation *evaluation, bool ended, EvaluationSaid *said, GError **error)
{
  g_autoptr (GRegex) regex = g_regex_new (": line ([0-9]+): syntax error", 0, 0, NULL);
  g_autoptr (GMatchInfo) match = NULL;
  g_autofree char *line = NULL;
  bool own = false;

  if (g_regex_match (regex, said->text, 0, &match))
    {
      g_autofree char *number = g_match_info_fetch (match, 1);

      g_clear_error (error);
      g_set_error (error, HIVE_ERROR, HIVE_ERROR_RECIPE_INVALID,
                   N_ ("The PKGBUILD is not valid bash: syntax error in line %s; what bash says stands before this"),
                   number);
    }
  else if (!ended && evaluation_was_stopped (evaluation, said->text, &line, &own))
    {
      said->is_reason = true;
      g_clear_error (error);
      g_set_error (error, HIVE_ERROR, HIVE_ERROR_RECIPE_INVALID,
                   "bash stopped reading %s at line %s; what it says stands before this",
                   own ? "the PKGBUILD" : "a file that the PKGBUILD sources", line);
    }
}

/* Reads the recipe, and the dump is there then; @mode: for evaluate.bash. */
static Sandbox *
evaluation_dump (const Evaluation *evaluation, const char *mode, const char *marker, GError **error)
{
  g_autofree char *script = scripts_path ("evaluate.bash");
  g_autofree char *pkgbuild = g_build_filename (evaluation->inside, evaluation->name, NULL);
  const char *arguments[] = { "bash", script, pkgbuild, mode, NULL };
  g_autoptr (Sandbox) sandbox = evaluation_sandbox (evaluation, marker, error);
  int status;

  return sandbox && sandbox_run (sandbox, arguments, &status, error) ? g_steal_pointer (&sandbox) : NULL;
}

void
evaluation_said_clear (EvaluationSaid *said)
{
  g_clear_pointer (&said->text, g_free);
}

Recipe *
evaluation_run (const Evaluation *evaluation, EvaluationSaid *ret_said, GError **error)
{
  g_autofree char *marker = g_uuid_string_random ();
  g_autoptr (Sandbox) sandbox = NULL;
  const char *dump;
  Recipe *recipe;
  size_t length;

  *ret_said = (EvaluationSaid){ 0 };
  if (!evaluation_check_text (evaluation, error))
    return NULL;
  sandbox = evaluation_dump (evaluation, "dump", marker, error);
  if (!sandbox)
    {
      sandbox_trouble_explain (error, "Reading the PKGBUILD", "EvaluationTimeout=");
      return NULL;
    }

  dump = sandbox_collected (sandbox, &length);
  recipe = recipe_dump_read (dump, length, marker, error);
  ret_said->text = g_strdup (sandbox_diagnostics (sandbox));
  if (!recipe)
    evaluation_explain (evaluation, length > 0, ret_said, error);
  return recipe;
}

char **
evaluation_find_unseen (const Evaluation *evaluation)
{
  g_autofree char *marker = g_uuid_string_random ();
  g_autoptr (Sandbox) sandbox = evaluation_dump (evaluation, "trace", marker, NULL);
  g_autoptr (GStrvBuilder) words = NULL;
  const char *word, *end;
  size_t length;

  if (!sandbox)
    return NULL;
  words = g_strv_builder_new ();
  word = sandbox_collected (sandbox, &length);
  for (size_t left = length; (end = memchr (word, '\0', left)); word = end + 1)
    {
      left -= (size_t)(end + 1 - word);
      g_strv_builder_add (words, word);
    }
  return g_strv_builder_end (words);
}
