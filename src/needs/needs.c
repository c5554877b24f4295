/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "needs.h"

#include <string.h>

#include "cpu-level.h"
#include "json.h"

#define TEXT_MAX 255

/* The families of versions that a machine's libraries are compared by. */
static const char *const families[] = { "GLIBC", "GLIBCXX", "CXXABI" };

void
needs_init (Needs *needs)
{
  GHashTable **const sets[] = { &needs->paths,        &needs->names, &needs->libraries, &needs->versions,
                                &needs->interpreters, &needs->cuda,  &needs->rocm };

  for (gsize i = 0; i < G_N_ELEMENTS (sets); i++)
    *sets[i] = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
}

void
needs_clear (Needs *needs)
{
  GHashTable **const sets[] = { &needs->paths,        &needs->names, &needs->libraries, &needs->versions,
                                &needs->interpreters, &needs->cuda,  &needs->rocm };

  for (gsize i = 0; i < G_N_ELEMENTS (sets); i++)
    g_clear_pointer (sets[i], g_hash_table_unref);
}

void
needs_add (Needs *needs, GHashTable *set, const char *text)
{
  size_t length = text ? strlen (text) : 0;

  if (length == 0 || length > TEXT_MAX)
    return;
  for (const char *c = text; *c; c++)
    if (!g_ascii_isprint (*c))
      return;
  if (g_hash_table_contains (set, text))
    return;
  if (g_hash_table_size (set) >= NEEDS_MAX)
    needs->full = true;
  else
    g_hash_table_add (set, g_strdup (text));
}

static int
compare_texts (const void *a, const void *b)
{
  return strverscmp (*(char *const *)a, *(char *const *)b);
}

/* What is in @set and not in @without (NULL: nothing), sorted. */
static void
set_list (JsonObject *object, const char *key, GHashTable *set, GHashTable *without)
{
  g_autoptr (GPtrArray) list = g_ptr_array_new ();
  GHashTableIter iter;
  void *text;

  g_hash_table_iter_init (&iter, set);
  while (g_hash_table_iter_next (&iter, &text, NULL))
    if (!without || !g_hash_table_contains (without, text))
      g_ptr_array_add (list, text);
  g_ptr_array_sort (list, compare_texts);
  g_ptr_array_add (list, NULL);
  json_set_strings (object, key, (char *const *)list->pdata);
}

/* "2.34" of "libc.so.6 GLIBC_2.34"; NULL: it is of another family, or of a library that the tree has itself. */
static const char *
version_of (const Needs *needs, const char *text, const char *family)
{
  const char *blank = strchr (text, ' ');
  g_autofree char *library = g_strndup (text, blank - text);
  size_t length = strlen (family);

  if (g_hash_table_contains (needs->names, library) || strncmp (blank + 1, family, length) != 0 ||
      blank[1 + length] != '_')
    return NULL;
  if (g_ascii_isdigit (blank[2 + length]))
    return blank + 2 + length;
  return g_str_equal (blank + 1, "GLIBC_ABI_DT_RELR") ? "2.36" : NULL; /* since that one loaders know it */
}

static JsonObject *
list_symbols (const Needs *needs)
{
  JsonObject *symbols = json_object_new ();

  for (gsize i = 0; i < G_N_ELEMENTS (families); i++)
    {
      const char *highest = NULL;
      GHashTableIter iter;
      void *text;

      g_hash_table_iter_init (&iter, needs->versions);
      while (g_hash_table_iter_next (&iter, &text, NULL))
        {
          const char *version = version_of (needs, text, families[i]);

          if (version && (!highest || strverscmp (version, highest) > 0))
            highest = version;
        }
      if (highest)
        json_object_set_string_member (symbols, families[i], highest);
    }
  return symbols;
}

/* What it was built for may be anywhere in its code; scripts run on every processor. */
static void
set_processor (const Needs *needs, JsonObject *object, const char *level)
{
  g_autofree char *said = needs->level > 1 ? g_strdup_printf ("x86-64-v%u", needs->level) : g_strdup (CPU_BASELINE);
  g_auto (GStrv) noted = cpu_level_flags (said);
  g_auto (GStrv) built = needs->code ? cpu_level_flags (level) : g_new0 (char *, 1);
  g_autoptr (GHashTable) all = g_hash_table_new (g_str_hash, g_str_equal);

  for (char **flag = noted; *flag; flag++)
    g_hash_table_add (all, *flag);
  for (char **flag = built; *flag; flag++)
    g_hash_table_add (all, *flag);
  set_list (object, "cpu", all, NULL);
}

/* The least that the libraries of a CUDA take: docs.nvidia.com/deploy/cuda-compatibility, "Minor Version
 * Compatibility". What is linked statically does not say. */
static const char *
find_driver (const Needs *needs)
{
  static const struct
  {
    const char *library, *driver;
  } drivers[] = {
    { "libcudart.so.13", "580" }, { "libcublas.so.13", "580" },   { "libcudart.so.12", "525" },
    { "libcublas.so.12", "525" }, { "libcudart.so.11.0", "450" }, { "libcublas.so.11", "450" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (drivers); i++)
    if (g_hash_table_contains (needs->libraries, drivers[i].library))
      return drivers[i].driver;
  return NULL;
}

JsonObject *
needs_to_json (const Needs *needs, const char *level)
{
  JsonObject *object = json_object_new (), *gpu = json_object_new ();

  set_processor (needs, object, level);
  json_object_set_object_member (object, "symbols", list_symbols (needs));
  set_list (object, "libraries", needs->libraries, needs->names);
  set_list (object, "interpreters", needs->interpreters, needs->paths);
  set_list (gpu, "cuda", needs->cuda, NULL);
  set_list (gpu, "rocm", needs->rocm, NULL);
  if (find_driver (needs))
    json_object_set_string_member (gpu, "driver", find_driver (needs));
  json_object_set_object_member (object, "gpu", gpu);
  return object;
}
