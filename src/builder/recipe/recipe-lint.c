/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recipe-lint.h"

#include <glib/gi18n.h>
#include <string.h>

#include "error.h"
#include "recipe-field.h"
#include "text-class.h"

#define SHOWN_MAX 100 /* bytes of a value in a message */

typedef struct
{
  const Recipe *recipe;
  char **architectures; /* borrowed, never NULL */
  GPtrArray *problems;
  GHashTable *told; /* the same */
} Lint;

static void lint_problem (Lint *lint, const char *format, ...) G_GNUC_PRINTF (2, 3);

static void
lint_problem (Lint *lint, const char *format, ...)
{
  g_autofree char *text = NULL;
  g_autofree char *valid = NULL;
  va_list arguments;

  va_start (arguments, format);
  text = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  valid = g_utf8_make_valid (text, -1);
  if (g_hash_table_contains (lint->told, valid))
    return;
  g_hash_table_add (lint->told, valid);
  g_ptr_array_add (lint->problems, g_steal_pointer (&valid));
}

static char **
lint_values (const Lint *lint, const char *name)
{
  static char *none[] = { NULL };
  char **values = g_hash_table_lookup (lint->recipe->variables, name);

  return values ? values : none;
}

static char *
lint_shown (const char *value)
{
  size_t length = strlen (value);

  return g_strdup_printf ("%.*s%s", (int)MIN (length, SHOWN_MAX), value, length > SHOWN_MAX ? "…" : "");
}

/* A name as pkgname, pkgbase and all kinds of dependencies have it; @whole is what stands in the field. */
static void
lint_name (Lint *lint, const char *field, const char *name, const char *whole)
{
  g_autofree char *shown = lint_shown (whole);
  g_autofree char *odd = text_not_alphanumeric (name, "+_.@-");

  if (!*name)
    lint_problem (lint,
                  *whole ? N_ ("%s=%s: a name is missing before the version") : N_ ("%s has an empty name: remove it"),
                  field, shown);
  else if (*name == '-' || *name == '.')
    lint_problem (lint, "%s=%s: a name doesn't begin with %c", field, shown, *name);
  else if (!text_is_ascii (name) || *odd)
    lint_problem (lint, "%s=%s: a name has letters, digits and @ . _ + - only", field, shown);
}

/* Why @version is not a pkgver, or NULL. */
static const char *
version_fault (const char *version)
{
  if (!*version)
    return "a version is missing";
  if (text_has_space (version) || strpbrk (version, "/:-"))
    return "a version has no colons, slashes, hyphens or white space";
  return text_is_ascii (version) ? NULL : "a version has ASCII characters only";
}

bool
recipe_lint_version (const char *field, const char *version, char **ret_why)
{
  const char *fault = version_fault (version);
  g_autofree char *shown = lint_shown (version);
  g_autofree char *text = fault ? g_strdup_printf ("%s=%s: %s", field, shown, fault) : NULL;

  if (fault)
    *ret_why = g_utf8_make_valid (text, -1);
  return !fault;
}

/* INTEGER or INTEGER.INTEGER */
static bool
release_is_valid (const char *release)
{
  size_t whole = strspn (release, "0123456789");
  size_t fraction = release[whole] == '.' ? strspn (release + whole + 1, "0123456789") : 0;

  return whole > 0 && (release[whole] == '\0' || (fraction > 0 && release[whole + 1 + fraction] == '\0'));
}

static bool
epoch_is_valid (const char *epoch)
{
  return !epoch[strspn (epoch, "0123456789")];
}

/* [EPOCH:]VERSION[-RELEASE], what a dependency may ask for. */
static const char *
full_version_fault (const char *text)
{
  const char *colon = strchr (text, ':');
  g_autofree char *epoch = g_strndup (text, colon ? (size_t)(colon - text) : 0);
  g_autofree char *version = g_strdup (colon ? colon + 1 : text);
  char *hyphen = *version ? strrchr (version + 1, '-') : NULL;

  if (!epoch_is_valid (epoch))
    return "an epoch, before the colon, is a whole number";
  if (hyphen)
    {
      *hyphen = '\0';
      if (!release_is_valid (hyphen + 1))
        return "a release, behind the hyphen, is a number like 1 or 1.2";
    }
  return version_fault (version);
}

static void
lint_version_wanted (Lint *lint, const char *field, const char *version, const char *whole)
{
  const char *fault = full_version_fault (version);
  g_autofree char *shown = lint_shown (whole);

  if (fault)
    lint_problem (lint, "%s=%s: %s", field, shown, fault);
}

/* NAME, or NAME with one of < <= = >= > and a version. */
static void
lint_dependency (Lint *lint, const char *field, const char *text)
{
  size_t length = strcspn (text, "<>=");
  g_autofree char *name = g_strndup (text, length);
  const char *version = text + length;

  lint_name (lint, field, name, text);
  if (!*version)
    return;
  version += (*version != '=' && version[1] == '=') ? 2 : 1;
  /* makepkg lets an empty one pass in depends alone. */
  if (*version || !g_str_equal (field, "depends"))
    lint_version_wanted (lint, field, version, text);
}

/* NAME, or NAME=VERSION: the last = counts. */
static void
lint_provision (Lint *lint, const char *field, const char *text)
{
  const char *equals = strrchr (text, '=');
  g_autofree char *name = g_strndup (text, equals ? (size_t)(equals - text) : strlen (text));
  g_autofree char *shown = lint_shown (text);

  if (strpbrk (text, "<>"))
    {
      lint_problem (lint, "%s=%s: what is provided has one version, after =, and no < or >", field, shown);
      return;
    }
  lint_name (lint, field, name, text);
  if (equals)
    lint_version_wanted (lint, field, equals + 1, text);
}

/* Without the reason, which stands behind a colon and white space. */
static void
lint_optional (Lint *lint, const char *field, const char *text)
{
  const char *colon = text_find_before_space (text, ':');
  g_autofree char *name = colon ? g_strndup (text, colon - text) : g_strdup (text);

  lint_dependency (lint, field, name);
}

typedef void (*LintValue) (Lint *lint, const char *field, const char *text);

static char **
lint_override (const RecipePackage *package, const char *name, char **values)
{
  char **linted = g_hash_table_lookup (package->linted, name);

  return linted ? linted : values;
}

/* Each value of a field: the recipe's, those of its architectures, and those of its packages. */
static void
lint_each (Lint *lint, const char *field, LintValue check)
{
  for (char **value = lint_values (lint, field); *value; value++)
    check (lint, field, *value);
  for (char **architecture = lint->architectures; *architecture; architecture++)
    {
      g_autofree char *name = g_strconcat (field, "_", *architecture, NULL);

      for (char **value = lint_values (lint, name); *value; value++)
        check (lint, field, *value);
    }
  for (guint i = 0; i < lint->recipe->packages->len; i++)
    {
      const RecipePackage *package = lint->recipe->packages->pdata[i];
      GHashTableIter iter;
      void *name, *values;

      g_hash_table_iter_init (&iter, package->overrides);
      while (g_hash_table_iter_next (&iter, &name, &values))
        if (g_str_equal (name, field) ||
            (g_str_has_prefix (name, field) && ((char *)name)[strlen (field)] == '_' &&
             g_strv_contains ((const char *const *)lint->architectures, (char *)name + strlen (field) + 1)))
          for (char **value = lint_override (package, name, values); *value; value++)
            check (lint, field, *value);
    }
}

static void
lint_backup (Lint *lint, const char *field, const char *text)
{
  g_autofree char *shown = lint_shown (text);

  if (*text == '/')
    lint_problem (lint, "%s=%s: a path here has no leading slash", field, shown);
}

static void
lint_option (Lint *lint, const char *field, const char *text)
{
  static const char *const known[] = { "strip", "debug", "docs",   "libtool",    "staticlibs", "emptydirs", "zipman",
                                       "purge", "lto",   "ccache", "buildflags", "makeflags",  "distcc",    NULL };
  g_autofree char *shown = lint_shown (text);
  g_autofree char *list = NULL;

  if (g_strv_contains (known, *text == '!' ? text + 1 : text))
    return;
  list = g_strjoinv (", ", (char **)known);
  lint_problem (lint, "%s=%s: makepkg knows no such option; there are %s, and each with ! before it", field, shown,
                list);
}

static void
lint_arch (Lint *lint)
{
  if (g_strv_contains ((const char *const *)lint->architectures, "any"))
    {
      if (lint->architectures[1])
        lint_problem (lint, "arch names any and others: any stands alone");
      return;
    }
  for (char **architecture = lint->architectures; *architecture; architecture++)
    {
      g_autofree char *odd = text_not_alphanumeric (*architecture, "_");
      g_autofree char *shown = lint_shown (*architecture);

      if (*odd)
        lint_problem (lint, "arch=%s: an architecture has letters, digits and _ only", shown);
    }
}

static void
lint_numbers (Lint *lint)
{
  const char *pkgrel = recipe_value (lint->recipe, "pkgrel");
  const char *pkgver = recipe_value (lint->recipe, "pkgver");
  const char *epoch = recipe_value (lint->recipe, "epoch");
  g_autofree char *shown_release = lint_shown (pkgrel ? pkgrel : "");
  g_autofree char *shown_epoch = lint_shown (epoch ? epoch : "");
  g_autofree char *why = NULL;

  if (!pkgver)
    lint_problem (lint, "The PKGBUILD defines no pkgver");
  else if (!recipe_lint_version ("pkgver", pkgver, &why))
    lint_problem (lint, "%s", why);
  if (!pkgrel)
    lint_problem (lint, "The PKGBUILD defines no pkgrel");
  else if (!release_is_valid (pkgrel))
    lint_problem (lint, "pkgrel=%s: a release is a number like 1 or 1.2", shown_release);
  if (epoch && !epoch_is_valid (epoch))
    lint_problem (lint, "epoch=%s: an epoch is a whole number", shown_epoch);
}

static void
lint_names (Lint *lint)
{
  char **names = lint_values (lint, "pkgname");
  const char *base = recipe_value (lint->recipe, "pkgbase");

  if (!names[0] || (!*names[0] && !names[1]))
    lint_problem (lint, "The PKGBUILD defines no pkgname");
  else
    for (; *names; names++)
      lint_name (lint, "pkgname", *names, *names);
  /* The same, unless a dump lies. */
  for (guint i = 0; i < lint->recipe->packages->len; i++)
    {
      const RecipePackage *package = lint->recipe->packages->pdata[i];

      lint_name (lint, "pkgname", package->name, package->name);
    }
  if (base)
    lint_name (lint, "pkgbase", base, base);
}

static void
lint_files (Lint *lint)
{
  GHashTableIter iter;
  void *file, *field;

  g_hash_table_iter_init (&iter, lint->recipe->missing);
  while (g_hash_table_iter_next (&iter, &file, &field))
    lint_problem (lint, "%s=%s: there is no such file beside the PKGBUILD", (char *)field, (char *)file);
}

/* Arrays that are none, and strings that are one. */
static void
lint_kind (Lint *lint, const char *name, unsigned kind, unsigned wanted, const char *where)
{
  if (kind == 0 || (wanted == FIELD_ARRAY ? (kind & RECIPE_STRING) == 0 : (kind & RECIPE_ARRAY) == 0))
    return;
  if (wanted == FIELD_ARRAY)
    lint_problem (lint, "%s%s is a string: write %s=(…), since it is an array", name, where, name);
  else
    lint_problem (lint, "%s%s is an array: write %s=…, since it is a string", name, where, name);
}

/* The kind by which @name is declared: by a package's function, or (@package NULL) globally. */
static unsigned
lint_declared (const Lint *lint, const RecipePackage *package, const char *name)
{
  return GPOINTER_TO_UINT (g_hash_table_lookup (package ? package->assigned : lint->recipe->kinds, name));
}

/* One field as one architecture's own: NAME_x86_64. */
static void
lint_field_of_architecture (Lint *lint, const RecipePackage *package, const RecipeField *field,
                            const char *architecture, const char *where)
{
  g_autofree char *name = g_strconcat (field->name, "_", architecture, NULL);
  unsigned kind = lint_declared (lint, package, name);
  bool any = g_str_equal (architecture, "any");

  if (kind == 0)
    return;
  if (!(field->flags & FIELD_ARCHITECTURE))
    lint_problem (lint, "%s%s: %s cannot be one architecture's own; rename it", name, where, field->name);
  else if (any)
    lint_problem (lint, "%s%s: what is the same for any architecture is %s", name, where, field->name);
  else
    lint_kind (lint, name, kind, FIELD_ARRAY, where);
  if (package && !any && !(field->flags & FIELD_PACKAGE))
    lint_problem (lint, "%s%s: that cannot be set in a package function; set it at the top level", name, where);
}

/* All fields, where they stand globally or (@package) in a package's function. */
static void
lint_fields (Lint *lint, const RecipePackage *package)
{
  g_autofree char *shown = package ? lint_shown (package->name) : NULL;
  g_autofree char *where = package ? g_strdup_printf (" in the package function of %s", shown) : g_strdup ("");

  for (size_t i = 0; i < recipe_field_count; i++)
    {
      const RecipeField *field = &recipe_fields[i];
      unsigned kind = lint_declared (lint, package, field->name);

      lint_kind (lint, field->name, kind, field->flags & FIELD_ARRAY, where);
      if (package && kind != 0 && !(field->flags & FIELD_PACKAGE))
        lint_problem (lint, "%s%s: that cannot be set in a package function; set it at the top level", field->name,
                      where);
      for (char **architecture = lint->architectures; *architecture; architecture++)
        lint_field_of_architecture (lint, package, field, *architecture, where);
    }
}

static void
lint_functions (Lint *lint)
{
  const Recipe *recipe = lint->recipe;
  bool common = recipe_has_function (recipe, "package");

  for (guint i = 0; i < recipe->packages->len; i++)
    {
      const RecipePackage *package = recipe->packages->pdata[i];
      g_autofree char *own = g_strconcat ("package_", package->name, NULL);
      bool has_own = recipe_has_function (recipe, own);

      if (recipe->packages->len > 1 && !has_own)
        lint_problem (lint, "The PKGBUILD makes %u packages and has no %s() function", recipe->packages->len, own);
      else if (recipe->packages->len == 1 && common && has_own)
        lint_problem (lint, "The PKGBUILD has both package() and %s(): remove one of them", own);
      else if (recipe->packages->len == 1 && !common && !has_own && recipe_has_function (recipe, "build"))
        lint_problem (lint, "The PKGBUILD has no package() function: it would install nothing");
    }
  if (recipe->packages->len > 1 && common)
    lint_problem (lint, "The PKGBUILD makes %u packages: each has its package_NAME(), and package() is one too many",
                  recipe->packages->len);
}

/* With these makepkg itself ends soon after it has read the recipe. */
static void
lint_shell (Lint *lint)
{
  if (strchr (lint->recipe->options, 'u'))
    lint_problem (lint, "The PKGBUILD leaves `set -u` behind it, with which makepkg ends: use it within functions");
  if (strchr (lint->recipe->options, 'E'))
    lint_problem (lint, "The PKGBUILD leaves `set -E` behind it, with which makepkg ends: use it within functions");
}

GPtrArray *
recipe_lint (const Recipe *recipe, bool files)
{
  static const struct
  {
    const char *field;
    LintValue check;
  } values[] = {
    { "backup", lint_backup },      { "checkdepends", lint_dependency }, { "conflicts", lint_dependency },
    { "depends", lint_dependency }, { "makedepends", lint_dependency },  { "optdepends", lint_optional },
    { "provides", lint_provision }, { "options", lint_option },
  };
  Lint lint = { .recipe = recipe, .problems = g_ptr_array_new_with_free_func (g_free) };
  g_autoptr (GHashTable) told = g_hash_table_new (g_str_hash, g_str_equal);

  lint.told = told;
  lint.architectures = lint_values (&lint, "arch");
  lint_names (&lint);
  lint_numbers (&lint);
  lint_arch (&lint);
  for (size_t i = 0; i < G_N_ELEMENTS (values); i++)
    lint_each (&lint, values[i].field, values[i].check);
  if (files)
    lint_files (&lint);
  lint_fields (&lint, NULL);
  for (guint i = 0; i < recipe->packages->len; i++)
    lint_fields (&lint, recipe->packages->pdata[i]);
  if (GPOINTER_TO_UINT (g_hash_table_lookup (recipe->kinds, "source")) & RECIPE_SPARSE)
    lint_problem (&lint, "source has holes: number its elements from 0 without a gap");
  lint_functions (&lint);
  lint_shell (&lint);
  return lint.problems;
}

bool
recipe_lint_check (const Recipe *recipe, bool files, GError **error)
{
  g_autoptr (GPtrArray) problems = recipe_lint (recipe, files);

  if (problems->len > 0)
    g_set_error_literal (error, HIVE_ERROR, HIVE_ERROR_RECIPE_INVALID, problems->pdata[0]);
  return problems->len == 0;
}
