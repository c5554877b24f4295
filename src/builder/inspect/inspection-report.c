/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "inspection-report.h"

#include <string.h>

#include "catalog-entry.h"
#include "controls.h"
#include "inspection-needs.h"
#include "inspection-source.h"
#include "json.h"
#include "machine.h"

#define WIDTH  80
#define INDENT 15 /* of what stands behind a label */

static void
report_set_text (JsonObject *object, const char *key, const char *text)
{
  g_autofree char *valid = text ? g_utf8_make_valid (text, -1) : NULL;

  if (valid)
    json_object_set_string_member (object, key, valid);
}

static void
report_set_texts (JsonObject *object, const char *key, char *const *texts)
{
  JsonArray *array = json_array_new ();

  for (; texts && *texts; texts++)
    {
      g_autofree char *valid = g_utf8_make_valid (*texts, -1);

      json_array_add_string_element (array, valid);
    }
  json_object_set_array_member (object, key, array);
}

static JsonObject *
report_package (const Recipe *recipe, const RecipePackage *package)
{
  static const char *const lists[] = { "depends",  "optdepends", "provides", "conflicts",
                                       "replaces", "groups",     "backup",   "options" };
  JsonObject *object = json_object_new ();

  report_set_text (object, "name", package->name);
  report_set_text (object, "description", recipe_package_value (recipe, package, "pkgdesc"));
  for (size_t i = 0; i < G_N_ELEMENTS (lists); i++)
    {
      g_auto (GStrv) values = recipe_package_values (recipe, package, lists[i], machine_architecture ());

      report_set_texts (object, lists[i], values);
    }
  report_set_text (object, "install", recipe_package_value (recipe, package, "install"));
  return object;
}

static void
report_add_packages (JsonObject *report, const Recipe *recipe)
{
  JsonArray *array = json_array_new ();

  for (guint i = 0; i < recipe->packages->len; i++)
    json_array_add_object_element (array, report_package (recipe, recipe->packages->pdata[i]));
  json_object_set_array_member (report, "packages", array);
}

/* Those that are run, in their order. */
static void
report_add_functions (JsonObject *report, const Recipe *recipe)
{
  static const char *const steps[] = { "prepare", "pkgver", "build", "check" };
  JsonArray *array = json_array_new ();

  for (size_t i = 0; i < G_N_ELEMENTS (steps); i++)
    if (recipe_has_function (recipe, steps[i]))
      json_array_add_string_element (array, steps[i]);
  for (guint i = 0; i < recipe->packages->len; i++)
    {
      g_autofree char *function = recipe_package_function (recipe, recipe->packages->pdata[i]);
      g_autofree char *valid = function ? g_utf8_make_valid (function, -1) : NULL;

      if (valid)
        json_array_add_string_element (array, valid);
    }
  json_object_set_array_member (report, "functions", array);
}

/* Why it cannot be installed here; "" when it can. */
static void
report_add_architecture (JsonObject *report, const Recipe *recipe)
{
  g_autoptr (GError) why = NULL;

  recipe_check_architecture (recipe, machine_architecture (), &why);
  json_object_set_string_member (report, "incompatible_because", why ? why->message : "");
}

JsonObject *
inspection_report_new (const Configuration *configuration, const Recipe *recipe, const GPtrArray *problems)
{
  static const char *const texts[] = { "pkgver", "pkgrel", "epoch", "url", "changelog" };
  static const char *const lists[] = { "arch", "license", "makedepends", "checkdepends", "validpgpkeys" };
  JsonObject *report = json_object_new ();
  JsonArray *told = json_array_new ();
  bool versioned = recipe_value (recipe, "pkgver") && recipe_value (recipe, "pkgrel");
  g_autofree char *version = versioned ? recipe_version (recipe) : NULL;
  const char *base = recipe_value (recipe, "pkgbase");

  report_set_text (report, "pkgbase", base ? base : recipe_value (recipe, "pkgname"));
  report_set_text (report, "version", version);
  report_set_text (report, "description", recipe_value (recipe, "pkgdesc"));
  for (size_t i = 0; i < G_N_ELEMENTS (texts); i++)
    report_set_text (report, texts[i], recipe_value (recipe, texts[i]));
  for (size_t i = 0; i < G_N_ELEMENTS (lists); i++)
    {
      g_auto (GStrv) values = recipe_values (recipe, lists[i], machine_architecture ());

      report_set_texts (report, lists[i], values);
    }
  report_add_architecture (report, recipe);
  report_add_functions (report, recipe);
  report_add_packages (report, recipe);
  json_object_set_array_member (report, "sources", inspection_source_list (recipe));
  /* Names that are none cannot be looked for. */
  if (problems->len == 0)
    inspection_needs_add (report, configuration, recipe);
  for (guint i = 0; i < problems->len; i++)
    json_array_add_string_element (told, problems->pdata[i]);
  json_object_set_array_member (report, "problems", told);
  return report;
}

/* @text with its controls made visible, its words broken into lines that begin at column @indent. */
static void
text_add_words (GString *to, const char *text, size_t column, size_t indent)
{
  g_autofree char *visible = controls_visible (text);
  g_auto (GStrv) words = g_strsplit_set (visible, " \t\n", -1);

  for (char **word = words; *word; word++)
    {
      size_t length = g_utf8_strlen (*word, -1);

      if (length == 0)
        continue;
      if (column > indent && column + 1 + length > WIDTH)
        {
          g_string_append_printf (to, "\n%*s", (int)indent, "");
          column = indent;
        }
      g_string_append_printf (to, "%s%s", column > indent ? " " : "", *word);
      column += length + (column > indent ? 1 : 0);
    }
  g_string_append_c (to, '\n');
}

static void
text_add_field (GString *to, const char *label, const char *text)
{
  if (!text || !*text)
    return;
  g_string_append_printf (to, "%-*s", INDENT, label);
  text_add_words (to, text, INDENT, INDENT);
}

static void
text_add_list (GString *to, const char *label, JsonObject *object, const char *key)
{
  g_auto (GStrv) texts = json_get_strings (object, key);
  g_autofree char *joined = texts ? g_strjoinv (", ", texts) : NULL;

  text_add_field (to, label, joined);
}

/* "  foo.tar.gz  sha256, b2: strong", and from where. */
static void
text_add_sources (GString *to, JsonObject *report)
{
  JsonArray *sources = json_object_get_array_member (report, "sources");

  for (guint i = 0; i < json_array_get_length (sources); i++)
    {
      JsonObject *source = json_array_get_object_element (sources, i);
      const char *url = json_get_string (source, "url", NULL);
      const char *error = json_get_string (source, "error", NULL);
      const char *what = json_get_string (source, "repository", NULL);
      g_autofree char *line =
          error ? g_strdup (error) :
                  g_strdup_printf ("%s%s%s%s: %s", json_get_string (source, "name", ""), what ? " (" : "",
                                   what ? what : "", what ? ")" : "", json_get_string (source, "verification", ""));

      text_add_field (to, i == 0 ? "Sources" : "", line);
      if (url)
        {
          g_autofree char *visible = controls_visible (url);

          g_string_append_printf (to, "%*s  from %s\n", INDENT, "", visible);
        }
    }
}

static void
text_add_packages (GString *to, JsonObject *report)
{
  JsonArray *packages = json_object_get_array_member (report, "packages");
  guint count = json_array_get_length (packages);

  for (guint i = 0; i < count; i++)
    {
      JsonObject *package = json_array_get_object_element (packages, i);

      if (count > 1)
        {
          g_string_append_c (to, '\n');
          text_add_field (to, "Package", json_get_string (package, "name", ""));
          text_add_field (to, "", json_get_string (package, "description", NULL));
        }
      text_add_list (to, "Needs", package, "depends");
      text_add_list (to, "May use", package, "optdepends");
      text_add_list (to, "Provides", package, "provides");
      text_add_list (to, "Conflicts", package, "conflicts");
      text_add_list (to, "Replaces", package, "replaces");
      text_add_list (to, "Options", package, "options");
      text_add_field (to, "Scriptlet", json_get_string (package, "install", NULL));
    }
}

GString *
inspection_report_text (JsonObject *report)
{
  GString *text = g_string_new (NULL);
  g_auto (GStrv) problems = json_get_strings (report, "problems");
  g_autofree char *title = g_strchomp (
      g_strdup_printf ("%s %s", json_get_string (report, "pkgbase", "?"), json_get_string (report, "version", "")));

  text_add_words (text, title, 0, 0);
  text_add_field (text, "Description", json_get_string (report, "description", NULL));
  text_add_field (text, "URL", json_get_string (report, "url", NULL));
  text_add_list (text, "License", report, "license");
  text_add_list (text, "Architectures", report, "arch");
  text_add_field (text, "Not for here", json_get_string (report, "incompatible_because", NULL));
  text_add_list (text, "Functions", report, "functions");
  text_add_sources (text, report);
  text_add_list (text, "To build", report, "makedepends");
  text_add_list (text, "To check", report, "checkdepends");
  text_add_packages (text, report);
  text_add_list (text, "Missing here", report, "missing");
  text_add_list (text, "Not known", report, "unknown");
  text_add_field (text, "Install", json_get_string (report, "install_command", NULL));
  text_add_field (text, "Not looked for", json_get_string (report, "needs_error", NULL));
  for (char **problem = problems; problem && *problem; problem++)
    {
      g_string_append_printf (text, "%s✗ ", problem == problems ? "\n" : "");
      text_add_words (text, *problem, 2, 2);
    }
  return text;
}
