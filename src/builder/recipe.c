/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recipe.h"

#include "error.h"

#include <string.h>

#define VALUES_MAX  100000
#define FIELD_MAX   100 /* bytes of pkgname and pkgver */
#define RELEASE_MAX 20  /* of pkgrel and epoch */

Recipe *
recipe_new (void)
{
  Recipe *recipe = g_new (Recipe, 1);

  recipe->variables = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_strfreev);
  recipe->functions = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  return recipe;
}

void
recipe_free (Recipe *recipe)
{
  if (!recipe)
    return;
  g_hash_table_unref (recipe->variables);
  g_hash_table_unref (recipe->functions);
  g_free (recipe);
}

const char *
recipe_value (const Recipe *recipe, const char *name)
{
  char **values = g_hash_table_lookup (recipe->variables, name);

  return values && values[0] && values[0][0] ? values[0] : NULL;
}

char **
recipe_values (const Recipe *recipe, const char *name, const char *architecture)
{
  g_autoptr (GStrvBuilder) all = g_strv_builder_new ();
  g_autofree char *specific = g_strdup_printf ("%s_%s", name, architecture);
  char **values = g_hash_table_lookup (recipe->variables, name);

  if (values)
    g_strv_builder_addv (all, (const char **)values);
  values = g_hash_table_lookup (recipe->variables, specific);
  if (values)
    g_strv_builder_addv (all, (const char **)values);
  return g_strv_builder_end (all);
}

bool
recipe_has_function (const Recipe *recipe, const char *name)
{
  return g_hash_table_contains (recipe->functions, name);
}

/* The words of a dump: each ends in NUL. NULL when there is no whole word left. */
static const char *
take_word (const char **at, const char *end)
{
  const char *word = *at;
  const char *nul = word < end ? memchr (word, '\0', end - word) : NULL;

  if (!nul)
    return NULL;
  *at = nul + 1;
  return word;
}

/* A word that is a name. */
static const char *
take_name (const char **at, const char *end)
{
  const char *name = take_word (at, end);

  return name && *name && g_utf8_validate (name, -1, NULL) ? name : NULL;
}

static bool
recipe_take_variable (Recipe *recipe, const char **at, const char *end)
{
  const char *name = take_name (at, end);
  const char *count_text = name ? take_word (at, end) : NULL;
  g_autoptr (GStrvBuilder) values = g_strv_builder_new ();
  guint64 count;

  if (!count_text || !g_ascii_string_to_unsigned (count_text, 10, 0, VALUES_MAX, &count, NULL))
    return false;

  for (guint64 i = 0; i < count; i++)
    {
      const char *value = take_word (at, end);

      if (!value || !g_utf8_validate (value, -1, NULL))
        return false;
      g_strv_builder_add (values, value);
    }

  g_hash_table_replace (recipe->variables, g_strdup (name), g_strv_builder_end (values));
  return true;
}

static bool recipe_refuse (GError **error, const char *format, ...) G_GNUC_PRINTF (2, 3);

static bool
recipe_refuse (GError **error, const char *format, ...)
{
  g_autofree char *message = NULL;
  va_list arguments;

  va_start (arguments, format);
  message = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  g_set_error_literal (error, HIVE_ERROR, HIVE_ERROR_RECIPE_INVALID, message);
  return false;
}

static Recipe *
recipe_dump_invalid (GError **error)
{
  g_set_error_literal (error, HIVE_ERROR, HIVE_ERROR_RECIPE_INVALID,
                       "The PKGBUILD ended or spoiled its own evaluation: it may not exit, print to other descriptors, "
                       "hold text that is not "
                       "UTF-8, or make functions of bash's own names read-only");
  return NULL;
}

/* All of them in one word, a line each. */
static bool
recipe_take_functions (Recipe *recipe, const char **at, const char *end)
{
  const char *word = take_word (at, end);
  g_auto (GStrv) names = word && g_utf8_validate (word, -1, NULL) ? g_strsplit (word, "\n", -1) : NULL;

  for (char **name = names; name && *name; name++)
    if (**name)
      g_hash_table_add (recipe->functions, g_strdup (*name));
  return names != NULL;
}

Recipe *
recipe_parse_dump (const char *dump, size_t length, GError **error)
{
  g_autoptr (Recipe) recipe = recipe_new ();
  const char *end = dump + length;
  const char *word, *name;

  while ((word = take_word (&dump, end)))
    {
      if (g_str_equal (word, "e"))
        return dump == end ? g_steal_pointer (&recipe) : recipe_dump_invalid (error);
      if (g_str_equal (word, "v") && recipe_take_variable (recipe, &dump, end))
        continue;
      if (g_str_equal (word, "f") && recipe_take_functions (recipe, &dump, end))
        continue;

      if (g_str_equal (word, "r") && (name = take_name (&dump, end)))
        recipe_refuse (error, "The PKGBUILD redefines %s, which is needed to read it: give that function another name",
                       name);
      else if (g_str_equal (word, "s"))
        recipe_refuse (error, "The PKGBUILD is not valid bash, or a command at its top level failed: the log shows "
                              "what bash says");
      else
        break;
      return NULL;
    }

  return recipe_dump_invalid (error);
}

/* PKGBUILD(5): alphanumerics and @ . _ + -, not beginning with a hyphen or a dot. */
static bool
pkgname_is_valid (const char *name)
{
  if (*name == '-' || *name == '.' || strlen (name) > FIELD_MAX)
    return false;
  for (; *name; name++)
    if (!g_ascii_isalnum (*name) && !strchr ("@._+-", *name))
      return false;
  return true;
}

/* PKGBUILD(5): no colons, slashes, hyphens or white space. */
static bool
pkgver_is_valid (const char *version)
{
  if (strlen (version) > FIELD_MAX)
    return false;
  for (; *version; version++)
    if ((unsigned char)*version <= ' ' || (unsigned char)*version >= 0x7f || strchr (":/-", *version))
      return false;
  return true;
}

/* INTEGER or INTEGER.INTEGER */
static bool
pkgrel_is_valid (const char *release)
{
  size_t whole = strspn (release, "0123456789");
  size_t fraction = release[whole] == '.' ? strspn (release + whole + 1, "0123456789") : 0;

  return whole > 0 && strlen (release) <= RELEASE_MAX &&
         (release[whole] == '\0' || (fraction > 0 && release[whole + 1 + fraction] == '\0'));
}

bool
recipe_check (const Recipe *recipe, GError **error)
{
  static const char *const required[] = { "pkgname", "pkgver", "pkgrel" };
  char **names = g_hash_table_lookup (recipe->variables, "pkgname");
  const char *epoch = recipe_value (recipe, "epoch");

  for (size_t i = 0; i < G_N_ELEMENTS (required); i++)
    if (!recipe_value (recipe, required[i]))
      return recipe_refuse (error, "The PKGBUILD defines no %s", required[i]);

  for (char **name = names; *name; name++)
    if (!pkgname_is_valid (*name))
      return recipe_refuse (
          error, "pkgname=%.100s: a name has letters, digits and @ . _ + - only, and doesn't begin with - or .", *name);
  if (!pkgver_is_valid (recipe_value (recipe, "pkgver")))
    return recipe_refuse (error, "pkgver=%.100s: a version has no colons, slashes, hyphens or white space",
                          recipe_value (recipe, "pkgver"));
  if (!pkgrel_is_valid (recipe_value (recipe, "pkgrel")))
    return recipe_refuse (error, "pkgrel=%.100s: a release is a number like 1 or 1.2", recipe_value (recipe, "pkgrel"));
  if (epoch && (strspn (epoch, "0123456789") != strlen (epoch) || strlen (epoch) > RELEASE_MAX))
    return recipe_refuse (error, "epoch=%.100s: an epoch is a whole number", epoch);

  for (char **name = names; *name; name++)
    {
      g_autofree char *function = g_strconcat ("package_", *name, NULL);

      if (recipe_has_function (recipe, function) || (!names[1] && recipe_has_function (recipe, "package")))
        continue;
      if (names[1])
        return recipe_refuse (error, "The PKGBUILD has no %.100s() function, which makes that package of it", function);
      return recipe_refuse (error, "The PKGBUILD has no package() function: it would install nothing");
    }
  return true;
}

static void
recipe_set_value (Recipe *recipe, const char *name, const char *value)
{
  g_hash_table_replace (recipe->variables, g_strdup (name), g_strdupv ((char *[]){ (char *)value, NULL }));
}

bool
recipe_set_pkgver (Recipe *recipe, const char *pkgver, GError **error)
{
  if (!*pkgver || !g_utf8_validate (pkgver, -1, NULL) || !pkgver_is_valid (pkgver))
    return recipe_refuse (error,
                          "pkgver() printed no legal version: one has no colons, slashes, hyphens or white space");

  if (g_strcmp0 (recipe_value (recipe, "pkgver"), pkgver) != 0)
    {
      recipe_set_value (recipe, "pkgver", pkgver);
      recipe_set_value (recipe, "pkgrel", "1");
    }
  return true;
}

char *
recipe_version (const Recipe *recipe)
{
  const char *epoch = recipe_value (recipe, "epoch");

  /* As makepkg: 0 is what it is without one. */
  if (epoch && strspn (epoch, "0") == strlen (epoch))
    epoch = NULL;
  return g_strdup_printf ("%s%s%s-%s", epoch ? epoch : "", epoch ? ":" : "", recipe_value (recipe, "pkgver"),
                          recipe_value (recipe, "pkgrel"));
}
