/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "catalog-needs.h"

#include "json.h"
#include "resolver.h"

/* What an entry needs: names that are looked for, and such that are none, of which nothing can be said. */
typedef struct
{
  char **names, **others;
} CatalogNeeds;

static void
needs_free (CatalogNeeds *needs)
{
  g_strfreev (needs->names);
  g_strfreev (needs->others);
  g_free (needs);
}

/* What is taken first of the entry's recipes is built already. */
static bool
needs_are_to_run (JsonObject *entry)
{
  g_auto (GStrv) sources = json_get_strings (entry, "sources");

  return sources && *sources && g_str_equal (*sources, "binary");
}

/* depends and makedepends, each once. @resolver: NULL when nothing can be looked for. */
static CatalogNeeds *
needs_read (JsonObject *entry, Resolver *resolver)
{
  bool (*add) (Resolver *, char *const *, GError **) = needs_are_to_run (entry) ? resolver_add_to_run : resolver_add;
  static const char *const keys[] = { "depends", "makedepends" };
  g_autoptr (GStrvBuilder) names = g_strv_builder_new (), others = g_strv_builder_new ();
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  CatalogNeeds *needs = g_new (CatalogNeeds, 1);

  for (size_t i = 0; i < G_N_ELEMENTS (keys); i++)
    {
      g_auto (GStrv) values = json_get_strings (entry, keys[i]);

      for (char **value = values; value && *value; value++)
        if (g_hash_table_add (seen, g_strdup (*value)))
          g_strv_builder_add (resolver && add (resolver, (char *[]){ *value, NULL }, NULL) ? names : others, *value);
    }
  needs->names = g_strv_builder_end (names);
  needs->others = g_strv_builder_end (others);
  return needs;
}

static void
needs_tell (const CatalogNeeds *needs, const Resolver *resolver, JsonObject *entry)
{
  char **const lists[] = { needs->names, NULL };
  g_autoptr (GStrvBuilder) unknown = g_strv_builder_new ();
  g_auto (GStrv) not_known = resolver_names (resolver, DEPENDENCY_UNKNOWN, lists);
  g_auto (GStrv) missing = resolver_names (resolver, DEPENDENCY_MISSING, lists);
  g_auto (GStrv) all = NULL;
  g_autofree char *command = resolver_install_command (resolver, missing);

  g_strv_builder_addv (unknown, (const char **)not_known);
  g_strv_builder_addv (unknown, (const char **)needs->others);
  all = g_strv_builder_end (unknown);
  json_set_strings (entry, "missing", missing);
  json_set_strings (entry, "unknown", all);
  json_object_set_string_member (entry, "install_command", command ? command : "");
}

static void
needs_tell_nothing (const CatalogNeeds *needs, JsonObject *entry)
{
  json_set_strings (entry, "missing", (char *[]){ NULL });
  json_set_strings (entry, "unknown", needs->others);
  json_object_set_string_member (entry, "install_command", "");
}

/* Of those entries that are built here, or of those that are not: a name may be there for one kind and not for the
 * other. */
static void
needs_add (const Configuration *configuration, JsonObject *const *entries, size_t count, bool to_run)
{
  g_autoptr (GPtrArray) needs = g_ptr_array_new_with_free_func ((GDestroyNotify)needs_free);
  g_autoptr (GPtrArray) chosen = g_ptr_array_new ();
  g_autoptr (Resolver) resolver = NULL;

  for (size_t i = 0; i < count; i++)
    if (needs_are_to_run (entries[i]) == to_run)
      g_ptr_array_add (chosen, entries[i]);
  if (chosen->len == 0)
    return; /* to read the rules takes as long as to read two hundred entries */
  resolver = resolver_new (configuration, NULL);
  for (guint i = 0; i < chosen->len; i++)
    g_ptr_array_add (needs, needs_read (chosen->pdata[i], resolver));
  if (resolver)
    resolver_run (resolver, NULL); /* where that fails, all of them stay unknown */
  for (guint i = 0; i < chosen->len; i++)
    if (resolver)
      needs_tell (needs->pdata[i], resolver, chosen->pdata[i]);
    else
      needs_tell_nothing (needs->pdata[i], chosen->pdata[i]);
}

void
catalog_needs_add (const Configuration *configuration, JsonObject *const *entries, size_t count)
{
  needs_add (configuration, entries, count, false);
  needs_add (configuration, entries, count, true);
}
