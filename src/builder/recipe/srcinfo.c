/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "srcinfo.h"

#include <string.h>

#include "text-class.h"

static const char *const strings_of_base[] = { "pkgdesc", "pkgver", "pkgrel", "epoch", "url", "install", "changelog" };
static const char *const arrays_of_base[] = { "arch",       "groups",     "license",  "checkdepends", "makedepends",
                                              "depends",    "optdepends", "provides", "conflicts",    "replaces",
                                              "noextract",  "options",    "backup",   "source",       "validpgpkeys",
                                              "cksums",     "md5sums",    "sha1sums", "sha224sums",   "sha256sums",
                                              "sha384sums", "sha512sums", "b2sums" };
static const char *const strings_of_package[] = { "pkgdesc", "url", "install", "changelog" };
static const char *const arrays_of_package[] = { "arch",     "groups",     "license",  "checkdepends",
                                                 "depends",  "optdepends", "provides", "conflicts",
                                                 "replaces", "options",    "backup" };
static const char *const arrays_of_architecture[] = { "source",     "provides",   "conflicts",   "depends",
                                                      "replaces",   "optdepends", "makedepends", "checkdepends",
                                                      "cksums",     "md5sums",    "sha1sums",    "sha224sums",
                                                      "sha256sums", "sha384sums", "sha512sums",  "b2sums" };

/* Where a section's values come from: the recipe, or what one package overrides. */
typedef struct
{
  GHashTable *values;
  GHashTable *kinds;
} SrcinfoSection;

/* "\tNAME = VALUE", white space within a value being one space and around it none. */
static void
srcinfo_add_value (GString *text, const char *name, const char *value)
{
  size_t start;

  g_string_append_printf (text, "\t%s = ", name);
  start = text->len;
  text_append_normalized (text, value);
  if (text->len > start && text->str[start] == ' ')
    g_string_erase (text, start, 1);
  if (text->len > start && text->str[text->len - 1] == ' ')
    g_string_truncate (text, text->len - 1);
  g_string_append_c (text, '\n');
}

/* A global string counts when it is not empty, an array when it has elements; what a package function sets counts as it
 * is. */
static void
srcinfo_add_string (GString *text, const SrcinfoSection *section, const char *name)
{
  char **values = g_hash_table_lookup (section->values, name);

  if (values && (section->kinds == NULL ? true : values[0] && *values[0]))
    srcinfo_add_value (text, name, values[0] ? values[0] : "");
}

static void
srcinfo_add_array (GString *text, const SrcinfoSection *section, const char *name)
{
  char **values = g_hash_table_lookup (section->values, name);

  if (values && !values[0] && section->kinds == NULL)
    srcinfo_add_value (text, name, "");
  for (; values && *values; values++)
    srcinfo_add_value (text, name, *values);
}

static void
srcinfo_add_architecture (GString *text, const SrcinfoSection *section, const char *architecture)
{
  /* There is no depends_any. */
  for (size_t i = 0; !g_str_equal (architecture, "any") && i < G_N_ELEMENTS (arrays_of_architecture); i++)
    {
      g_autofree char *name = g_strconcat (arrays_of_architecture[i], "_", architecture, NULL);

      srcinfo_add_array (text, section, name);
    }
}

static void
srcinfo_add_section (GString *text, const SrcinfoSection *section, const char *const *strings, size_t string_count,
                     const char *const *arrays, size_t array_count, char **architectures)
{
  for (size_t i = 0; i < string_count; i++)
    srcinfo_add_string (text, section, strings[i]);
  for (size_t i = 0; i < array_count; i++)
    srcinfo_add_array (text, section, arrays[i]);
  for (; architectures && *architectures; architectures++)
    srcinfo_add_architecture (text, section, *architectures);
}

GString *
srcinfo_write (const Recipe *recipe)
{
  GString *text = g_string_new (NULL);
  char **architectures = g_hash_table_lookup (recipe->variables, "arch");
  const SrcinfoSection base = { recipe->variables, recipe->kinds };
  const char *name = recipe_value (recipe, "pkgbase");

  g_string_append_printf (text, "pkgbase = %s\n", name ? name : recipe_value (recipe, "pkgname"));
  srcinfo_add_section (text, &base, strings_of_base, G_N_ELEMENTS (strings_of_base), arrays_of_base,
                       G_N_ELEMENTS (arrays_of_base), architectures);
  for (guint i = 0; i < recipe->packages->len; i++)
    {
      const RecipePackage *package = recipe->packages->pdata[i];
      const SrcinfoSection own = { package->overrides, NULL };
      char **own_architectures = g_hash_table_lookup (package->overrides, "arch");

      g_string_append_printf (text, "\npkgname = %s\n", package->name);
      srcinfo_add_section (text, &own, strings_of_package, G_N_ELEMENTS (strings_of_package), arrays_of_package,
                           G_N_ELEMENTS (arrays_of_package), own_architectures ? own_architectures : architectures);
    }
  return text;
}
