/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "inspection-needs.h"

#include "catalog-entry.h"
#include "json.h"
#include "machine.h"
#include "resolver.h"

/* One kind of need, and the names in it. */
typedef struct
{
  const char *purpose;
  char **names;
} InspectionNeeds;

static void
needs_add_resolution (JsonArray *array, const InspectionNeeds *needs, const char *name, const Resolution *resolution)
{
  static const char *const states[] = {
    [DEPENDENCY_UNKNOWN] = "unknown", [DEPENDENCY_MISSING] = "missing", [DEPENDENCY_PRESENT] = "present"
  };
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "name", name);
  json_object_set_string_member (object, "for", needs->purpose);
  json_object_set_string_member (object, "state", states[resolution->state]);
  if (resolution->version)
    json_object_set_string_member (object, "version", resolution->version);
  if (resolution->where)
    json_object_set_string_member (object, "where", resolution->where);
  json_array_add_object_element (array, object);
}

static void
needs_add_all (JsonObject *report, const Resolver *resolver, const InspectionNeeds *needs, size_t count)
{
  JsonArray *array = json_array_new ();
  g_autofree char ***lists = g_new0 (char **, count + 1);
  g_auto (GStrv) missing = NULL;
  g_auto (GStrv) unknown = NULL;
  g_autofree char *command = NULL;

  for (size_t i = 0; i < count; i++)
    {
      lists[i] = needs[i].names;
      for (char **name = needs[i].names; *name; name++)
        needs_add_resolution (array, &needs[i], *name, resolver_find (resolver, *name));
    }
  missing = resolver_names (resolver, DEPENDENCY_MISSING, lists);
  unknown = resolver_names (resolver, DEPENDENCY_UNKNOWN, lists);
  command = resolver_install_command (resolver, missing);
  json_object_set_array_member (report, "needs", array);
  json_set_strings (report, "missing", missing);
  json_set_strings (report, "unknown", unknown);
  json_object_set_string_member (report, "install_command", command ? command : "");
}

void
inspection_needs_add (JsonObject *report, const Configuration *configuration, const Recipe *recipe)
{
  const char *architecture = machine_architecture ();
  g_auto (GStrv) run = recipe_run_needs (recipe, architecture);
  g_auto (GStrv) build = recipe_values (recipe, "makedepends", architecture);
  g_auto (GStrv) check = recipe_values (recipe, "checkdepends", architecture);
  const InspectionNeeds needs[] = { { "run", run }, { "build", build }, { "check", check } };
  g_autoptr (GError) error = NULL;
  g_autoptr (Resolver) resolver = resolver_new (configuration, &error);
  bool fine = resolver != NULL;

  for (size_t i = 0; fine && i < G_N_ELEMENTS (needs); i++)
    fine = (needs[i].names == run && !recipe_builds_with_run_needs (recipe) ?
                resolver_add_to_run :
                resolver_add) (resolver, needs[i].names, &error);
  if (fine && resolver_run (resolver, &error))
    needs_add_all (report, resolver, needs, G_N_ELEMENTS (needs));
  else
    json_object_set_string_member (report, "needs_error", error->message);
}
