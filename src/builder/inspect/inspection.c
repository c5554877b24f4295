/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "inspection.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "controls.h"
#include "error.h"
#include "evaluation.h"
#include "inspection-report.h"
#include "json.h"
#include "outside.h"
#include "recipe-folder.h"
#include "recipe-lint.h"
#include "scripts.h"
#include "srcinfo.h"

/* Where the sandbox has folders of its own, the recipe's is elsewhere. */
#define INSIDE_ELSEWHERE "/tmp/recipe"

/* startdir is what it is for makepkg, because a recipe may say it: the folder's true path. */
static const char *
inspection_inside (const char *folder)
{
  static const char *const taken[] = { "/proc", "/dev", "/etc", "/run", "/sys" };

  for (size_t i = 0; i < G_N_ELEMENTS (taken); i++)
    if (g_str_has_prefix (folder, taken[i]) && strchr ("/", folder[strlen (taken[i])]))
      return INSIDE_ELSEWHERE;
  return g_str_equal (folder, "/") ? INSIDE_ELSEWHERE : folder;
}

/* What was read, and what is wrong with it. */
typedef struct
{
  Recipe *recipe;
  GPtrArray *problems; /* of char * */
  bool is_told;        /* bash has said why there is no recipe */
} Inspection;

static void
inspection_clear (Inspection *inspection)
{
  g_clear_pointer (&inspection->recipe, recipe_free);
  g_clear_pointer (&inspection->problems, g_ptr_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Inspection, inspection_clear)

/* What it did not get from outside may be why it breaks rules: which it breaks is told when that is mended. */
static void
inspection_judge (Inspection *inspection, const Evaluation *evaluation, const char *said)
{
  inspection->problems = outside_files (evaluation, said);
  if (inspection->recipe->asked_network)
    g_ptr_array_add (inspection->problems, g_strdup (OUTSIDE_NETWORK));
  if (inspection->problems->len > 0)
    return;
  g_ptr_array_unref (inspection->problems);
  inspection->problems = recipe_lint (inspection->recipe, true);
}

static bool
inspection_evaluate (Inspection *inspection, const Configuration *configuration, const char *folder, const char *name,
                     GError **error)
{
  const char *inside = inspection_inside (folder);
  g_autofree char *above = g_str_equal (inside, folder) ? recipe_folder_above (folder) : NULL;
  const Evaluation evaluation = { .configuration = configuration,
                                  .directory = folder,
                                  .name = name,
                                  .inside = inside,
                                  .folder = folder,
                                  .above = above,
                                  .above_inside = above,
                                  .home = g_get_home_dir (),
                                  .user = g_get_user_name (),
                                  .environment = (const char *const[]){ "PRINTSRCINFO", "1", NULL } };
  g_auto (EvaluationSaid) said = { 0 };

  inspection->recipe = evaluation_run (&evaluation, &said, error);
  inspection->is_told = said.is_reason;
  if (said.text && *said.text)
    fprintf (stderr, "%s\n", said.text);
  if (inspection->recipe)
    inspection_judge (inspection, &evaluation, said.text);
  return inspection->recipe != NULL;
}

static bool
inspection_read (Inspection *inspection, const Configuration *configuration, const char *file, GError **error)
{
  g_autofree char *name = g_path_get_basename (file);
  g_autofree char *parent = g_path_get_dirname (file);
  char *folder = realpath (parent, NULL);
  bool fine = folder ? inspection_evaluate (inspection, configuration, folder, name, error) :
                       hive_error_set_errno (error, errno, "Cannot read %s", file);

  free (folder);
  return fine;
}

/* With set -e left on, makepkg --printsrcinfo ends at the first package that does not override arch. */
static bool
inspection_check_srcinfo (const Recipe *recipe, GError **error)
{
  for (guint i = 0; strchr (recipe->options, 'e') && i < recipe->packages->len; i++)
    {
      const RecipePackage *package = recipe->packages->pdata[i];

      if (g_hash_table_contains (package->assigned, "arch"))
        continue;
      g_set_error_literal (error, HIVE_ERROR, HIVE_ERROR_RECIPE_INVALID,
                           "The PKGBUILD leaves `set -e` behind it, with which makepkg writes half a .SRCINFO: use it "
                           "within functions");
      return false;
    }
  return true;
}

/* A file gets every byte as it is; whoever reads it on a terminal sees what it says, not what it does to one. */
static void
inspection_print_srcinfo (const Recipe *recipe)
{
  g_autoptr (GString) text = srcinfo_write (recipe);
  g_autofree char *visible = isatty (STDOUT_FILENO) ? controls_visible (text->str) : NULL;

  if (visible)
    fputs (visible, stdout);
  else
    fwrite (text->str, 1, text->len, stdout);
}

static void
inspection_complain (const char *file, const char *message)
{
  g_autofree char *line = g_strdup_printf ("%s: %s", file, message);
  g_autofree char *visible = controls_visible (line);

  fprintf (stderr, "%s\n", visible);
}

static void
inspection_print_report (const Configuration *configuration, const Recipe *recipe, const GPtrArray *problems, bool json)
{
  g_autoptr (JsonObject) report = inspection_report_new (configuration, recipe, problems);
  GString *text;

  if (json)
    {
      g_autofree char *document = json_to_text (report, true);

      fputs (document, stdout);
      return;
    }
  text = inspection_report_text (report);
  fputs (text->str, stdout);
  g_string_free (text, TRUE);
}

static int
inspection_finish (bool fine)
{
  if (fflush (stdout) == 0)
    return fine ? 0 : 1;
  perror ("rbee-hive-builder");
  return 1;
}

/* No recipe: the error is all there is to say. */
static int
inspection_fail (InspectionForm form, const char *file, bool is_told, const GError *error)
{
  g_autoptr (JsonObject) object = NULL;
  g_autofree char *text = NULL;

  if (form != INSPECTION_JSON && is_told)
    return 1;
  if (form != INSPECTION_JSON)
    {
      inspection_complain (file, error->message);
      return 1;
    }
  object = json_object_new ();
  json_object_set_string_member (object, "error", hive_error_name (error->code));
  json_object_set_string_member (object, "message", error->message);
  text = json_to_text (object, true);
  fputs (text, stdout);
  return inspection_finish (false);
}

int
inspection_run (const Configuration *configuration, const char *file, InspectionForm form)
{
  g_auto (Inspection) inspection = { 0 };
  g_autoptr (GError) error = NULL;
  const GPtrArray *problems;

  if (!scripts_check (configuration, &error) || !inspection_read (&inspection, configuration, file, &error))
    return inspection_fail (form, file, inspection.is_told, error);
  problems = inspection.problems;
  if (form != INSPECTION_SRCINFO)
    inspection_print_report (configuration, inspection.recipe, problems, form == INSPECTION_JSON);
  else if (problems->len == 0 && inspection_check_srcinfo (inspection.recipe, &error))
    inspection_print_srcinfo (inspection.recipe);
  else
    {
      for (guint i = 0; i < problems->len; i++)
        inspection_complain (file, problems->pdata[i]);
      return error ? inspection_fail (form, file, false, error) : 1;
    }
  return inspection_finish (problems->len == 0);
}
