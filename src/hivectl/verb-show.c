/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib/gi18n.h>
#include <stdlib.h>
#include <string.h>

#include "fields.h"
#include "json-reader.h"
#include "json.h"
#include "variant.h"
#include "verb.h"

/* What an entry says, in the order of a reader's questions. */
static const struct
{
  const char *key, *name;
} show_fields[] = {
  { "id", N_ ("Worker") },
  { "name", N_ ("Name") },
  { "version", N_ ("Version") },
  { "installed_version", N_ ("Installed") },
  { "installed_cpu", N_ ("Built for") },
  { "description", N_ ("Description") },
  { "license", N_ ("License") },
  { "implementation", N_ ("Implementation") },
  { "worker_type", N_ ("Type") },
  { "backends", N_ ("Backends") },
  { "platforms", N_ ("Platforms") },
  { "architectures", N_ ("Architectures") },
  { "compatible", N_ ("Fits this machine") },
  { "incompatible_because", N_ ("Why not") },
  { "backend", N_ ("Backend here") },
  { "backend_reason", N_ ("Because") },
  { "sources", N_ ("Recipes") },
  { "catalogs", N_ ("Catalogs") },
  { "depends", N_ ("Needs") },
  { "makedepends", N_ ("Needs to build") },
  { "missing", N_ ("Missing here") },
  { "unknown", N_ ("Not known here") },
  { "install_command", N_ ("Install with") },
  { "build_system", N_ ("Build system") },
  { "install_path", N_ ("Installs") },
  { "supported_formats", N_ ("Formats") },
  { "max_context_length", N_ ("Longest context") },
  { "supports_streaming", N_ ("Streaming") },
  { "supports_batching", N_ ("Batching") },
};

/* A value as text; NULL where there is nothing to say. */
static char *
show_value (JsonObject *worker, const char *key)
{
  JsonNode *node = json_object_get_member (worker, key);

  if (!node)
    return NULL;
  if (JSON_NODE_HOLDS_ARRAY (node))
    return variant_join (worker, key, " ");
  if (json_node_get_value_type (node) == G_TYPE_BOOLEAN)
    return g_strdup (json_node_get_boolean (node) ? _ ("yes") : _ ("no"));
  if (json_node_get_value_type (node) == G_TYPE_INT64)
    return json_node_get_int (node) ? g_strdup_printf ("%" G_GINT64_FORMAT, json_node_get_int (node)) : NULL;
  return g_strdup (json_get_string (worker, key, ""));
}

static JsonNode *
show_ask (Client *client, const Options *options, const char *worker, GError **error)
{
  sd_bus_message *call;

  if (!options->backend)
    return client_read_as (JSON_NODE_OBJECT,
                           client_call (client, HIVE_PATH, HIVE_INTERFACE, "GetCatalogWorker", CLIENT_FETCH, error, "s",
                                        worker),
                           error);
  call = client_new_call (client, HIVE_PATH, HIVE_INTERFACE, "GetCatalogWorkerWithOptions", error);
  if (!call)
    return NULL;
  client_must (sd_bus_message_append (call, "sa{sv}", worker, 1, "backend", "s", options->backend));
  return client_read_as (JSON_NODE_OBJECT, client_send (client, call, CLIENT_FETCH, error), error);
}

/* All files of the installed one, a part after the other. NULL: it is not there any more. */
static JsonArray *
show_list_files (Client *client, const char *path)
{
  g_autoptr (JsonArray) files = json_array_new ();

  for (;;)
    {
      g_autoptr (JsonNode) node =
          client_read_as (JSON_NODE_ARRAY,
                          client_call (client, path, WORKER_INTERFACE, "ListFiles", CLIENT_READ, NULL, "uu",
                                       (uint32_t)json_array_get_length (files), (uint32_t)0),
                          NULL);
      JsonArray *part = node ? json_node_get_array (node) : NULL;

      if (!part)
        return NULL;
      if (json_array_get_length (part) == 0)
        return g_steal_pointer (&files);
      for (guint i = 0; i < json_array_get_length (part); i++)
        json_array_add_element (files, json_array_dup_element (part, i));
    }
}

/* All that is known of the installed one, and where @ret_files is given, its files. An upgrade may come between two
 * parts of them: then once more, until all is of one. NULL: it is not there any more. */
static JsonObject *
show_read_installed (Client *client, const char *path, JsonArray **ret_files)
{
  g_autoptr (JsonObject) installed = client_get_all (client, path, WORKER_INTERFACE, NULL);

  while (installed && ret_files)
    {
      g_autoptr (JsonArray) files = show_list_files (client, path);
      g_autoptr (JsonObject) now = client_get_all (client, path, WORKER_INTERFACE, NULL);

      if (now && json_get_int (now, "InstalledAt", 0) == json_get_int (installed, "InstalledAt", 0))
        {
          *ret_files = g_steal_pointer (&files);
          break;
        }
      json_object_unref (installed);
      installed = g_steal_pointer (&now);
    }
  return g_steal_pointer (&installed);
}

/* A member that an older hive does not tell is left out. */
static void
show_add_number (JsonObject *worker, const char *key, JsonObject *installed, const char *property)
{
  if (json_object_has_member (installed, property))
    json_object_set_int_member (worker, key, json_get_int (installed, property, 0));
}

/* What the installed one was built of and needs, by whom it was installed, and its files: parts of the answer, where
 * they are known. */
static void
show_add_installed (Client *client, const Options *options, JsonObject *worker)
{
  const char *id = json_get_string (worker, "id", "");
  g_autofree char *path = NULL;
  g_autoptr (JsonObject) installed = NULL;
  g_autoptr (JsonNode) build = NULL;
  JsonArray *files = NULL;
  char *encoded = NULL;
  const char *text;

  if (!*json_get_string (worker, "installed_version", "") || sd_bus_path_encode (WORKER_PREFIX, id, &encoded) < 0)
    return;
  path = g_strdup (encoded);
  free (encoded);
  installed = show_read_installed (client, path, options->json ? &files : NULL);
  if (!installed)
    return;
  json_object_set_string_member (worker, "installed_version", json_get_string (installed, "Version", ""));
  text = json_get_string (installed, "Build", "");
  build = json_read (text, strlen (text), NULL);
  if (build)
    {
      json_object_set_string_member (worker, "installed_cpu", json_get_string (installed, "Cpu", ""));
      json_object_set_member (worker, "build", g_steal_pointer (&build));
    }
  show_add_number (worker, "installed_by", installed, "InstalledBy");
  show_add_number (worker, "installed_at", installed, "InstalledAt");
  if (files)
    json_object_set_array_member (worker, "files", files);
}

static ExitStatus
show_run (Client *client, const Options *options, char **arguments, GError **error)
{
  g_autoptr (Fields) fields = fields_new ();
  g_autoptr (JsonNode) worker = show_ask (client, options, arguments[0], error);

  if (!worker)
    return EXIT_STATUS_FAILED;
  show_add_installed (client, options, json_node_get_object (worker));
  if (options->json)
    {
      variant_print (worker);
      return EXIT_STATUS_OK;
    }
  for (gsize i = 0; i < G_N_ELEMENTS (show_fields); i++)
    {
      g_autofree char *value = show_value (json_node_get_object (worker), show_fields[i].key);

      fields_add (fields, _ (show_fields[i].name), value);
    }
  fields_print (fields);
  return EXIT_STATUS_OK;
}

const Verb show_verb = {
  .name = "show",
  .arguments = N_ ("WORKER"),
  .summary = N_ ("Show what the catalog says of a worker"),
  .example = "hivectl show hive-probe",
  .options = OPTION_BACKEND,
  .paged = true,
  .least = 1,
  .most = 1,
  .run = show_run,
};
