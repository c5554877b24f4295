/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recipe-dump.h"

#include <glib/gi18n.h>
#include <string.h>

#include "error.h"

#define VALUES_MAX 1000000

/* What is left of a dump. */
typedef struct
{
  const char *at, *end;
  guint64 records;
} Dump;

/* Each word ends in NUL. NULL when there is no whole word left. */
static const char *
dump_word (Dump *dump)
{
  const char *word = dump->at;
  const char *nul = word < dump->end ? memchr (word, '\0', dump->end - word) : NULL;

  if (nul)
    dump->at = nul + 1;
  return nul ? word : NULL;
}

/* The name of a field or variable: ASCII. */
static const char *
dump_name (Dump *dump)
{
  const char *name = dump_word (dump);

  return name && *name && !name[strspn (name, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "_")] ? name : NULL;
}

static bool
dump_number (Dump *dump, guint64 max, guint64 *ret_number)
{
  const char *word = dump_word (dump);

  return word && g_ascii_string_to_unsigned (word, 10, 0, max, ret_number, NULL);
}

/* KIND COUNT VALUE…: the values, or NULL. */
static char **
dump_values (Dump *dump, RecipeKind *ret_kind)
{
  const char *kind = dump_word (dump);
  g_autoptr (GStrvBuilder) values = g_strv_builder_new ();
  guint64 count;

  if (!kind || !*kind || kind[1] || !strchr ("sah", *kind) || !dump_number (dump, VALUES_MAX, &count))
    return NULL;
  *ret_kind = *kind == 's' ? RECIPE_STRING : *kind == 'a' ? RECIPE_ARRAY : RECIPE_ARRAY | RECIPE_SPARSE;
  for (guint64 i = 0; i < count; i++)
    {
      const char *value = dump_word (dump);

      if (!value)
        return NULL;
      g_strv_builder_add (values, value);
    }
  return g_strv_builder_end (values);
}

static bool
dump_take_variable (Dump *dump, Recipe *recipe)
{
  const char *name = dump_name (dump);
  RecipeKind kind;
  char **values = name ? dump_values (dump, &kind) : NULL;

  if (!values)
    return false;
  g_hash_table_replace (recipe->variables, g_strdup (name), values);
  g_hash_table_replace (recipe->kinds, g_strdup (name), GUINT_TO_POINTER (kind));
  return true;
}

/* All of them in one word, a line each. */
static bool
dump_take_functions (Dump *dump, Recipe *recipe)
{
  const char *word = dump_word (dump);
  g_auto (GStrv) names = word ? g_strsplit (word, "\n", -1) : NULL;

  for (char **name = names; name && *name; name++)
    if (**name)
      g_hash_table_add (recipe->functions, g_strdup (*name));
  return names != NULL;
}

static bool
dump_take_package (Dump *dump, Recipe *recipe)
{
  const char *name = dump_word (dump);

  if (name)
    recipe_package_add (recipe, name);
  return name != NULL;
}

/* Of the package that came last. A field that is assigned in both ways counts as what it is not supposed to be, for
 * lint; its values are of no use then. */
static bool
dump_take_override (Dump *dump, Recipe *recipe)
{
  const char *name = recipe->packages->len > 0 ? dump_name (dump) : NULL;
  RecipeKind kind;
  g_auto (GStrv) values = name ? dump_values (dump, &kind) : NULL;
  RecipePackage *package;

  if (!values)
    return false;
  package = recipe->packages->pdata[recipe->packages->len - 1];
  kind |= GPOINTER_TO_UINT (g_hash_table_lookup (package->assigned, name));
  g_hash_table_replace (package->assigned, g_strdup (name), GUINT_TO_POINTER (kind));
  recipe_package_override (package, name, values);
  return true;
}

static bool
dump_take_linted (Dump *dump, Recipe *recipe)
{
  const char *name = recipe->packages->len > 0 ? dump_name (dump) : NULL;
  RecipeKind kind;
  char **values = name ? dump_values (dump, &kind) : NULL;
  RecipePackage *package;

  if (!values)
    return false;
  package = recipe->packages->pdata[recipe->packages->len - 1];
  g_hash_table_replace (package->linted, g_strdup (name), values);
  return true;
}

static bool
dump_take_missing (Dump *dump, Recipe *recipe)
{
  const char *field = dump_name (dump);
  const char *file = field ? dump_word (dump) : NULL;

  if (file)
    g_hash_table_replace (recipe->missing, g_strdup (file), g_strdup (field));
  return file != NULL;
}

static bool
dump_take_options (Dump *dump, Recipe *recipe)
{
  const char *options = dump_word (dump);

  if (options)
    {
      g_free (recipe->options);
      recipe->options = g_strdup (options);
    }
  return options != NULL;
}

static bool
dump_take_network (Dump *dump, Recipe *recipe)
{
  recipe->asked_network = true;
  return true;
}

static const struct
{
  const char *word;
  bool (*take) (Dump *dump, Recipe *recipe);
} records[] = {
  { "v", dump_take_variable }, { "f", dump_take_functions }, { "p", dump_take_package }, { "a", dump_take_override },
  { "l", dump_take_linted },   { "m", dump_take_missing },   { "o", dump_take_options }, { "n", dump_take_network },
};

static bool
dump_take_record (Dump *dump, const char *word, Recipe *recipe)
{
  for (size_t i = 0; i < G_N_ELEMENTS (records); i++)
    if (g_str_equal (records[i].word, word))
      {
        dump->records++;
        return records[i].take (dump, recipe);
      }
  return false;
}

static bool
dump_is_at_its_end (Dump *dump)
{
  guint64 count;

  return dump_number (dump, G_MAXUINT64, &count) && count == dump->records && dump->at == dump->end;
}

/* What stands behind the marker; NULL: it is not there. A recipe may have written to descriptors that it doesn't know,
 * but never that. */
static const char *
dump_start (const char *text, size_t length, const char *marker)
{
  const char *found;

  g_assert (marker); /* else a compiler that looks for undefined behaviour thinks of strlen (NULL) */
  found = memmem (text, length, marker, strlen (marker) + 1);
  return found ? found + strlen (marker) + 1 : NULL;
}

Recipe *
recipe_dump_read (const char *text, size_t length, const char *marker, GError **error)
{
  g_autoptr (Recipe) recipe = recipe_new ();
  const char *start = dump_start (text, length, marker);
  Dump dump = { .at = start ? start : text, .end = text + length };
  const char *word = start ? dump_word (&dump) : NULL;

  for (; word; word = dump_word (&dump))
    {
      if (g_str_equal (word, "e"))
        {
          if (dump_is_at_its_end (&dump))
            return g_steal_pointer (&recipe);
          break;
        }
      if (g_str_equal (word, "s"))
        {
          g_set_error_literal (
              error, HIVE_ERROR, HIVE_ERROR_RECIPE_INVALID,
              recipe->asked_network ?
                  N_ ("The last command at the PKGBUILD's top level failed, after it had asked for the "
                      "network: recipes are read without one. Write the value down, or fetch it in "
                      "prepare() or pkgver()") :
                  N_ ("The PKGBUILD is not valid bash, or the last command at its top level failed: what "
                      "bash says stands before this"));
          return NULL;
        }
      if (!dump_take_record (&dump, word, recipe))
        break;
    }

  g_set_error_literal (error, HIVE_ERROR, HIVE_ERROR_RECIPE_INVALID,
                       "The PKGBUILD ended or spoiled its own evaluation: at its top level it may not exit, close or "
                       "write to descriptors that are not its own, or make functions of bash's own names read-only");
  return NULL;
}
