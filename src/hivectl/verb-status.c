/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib/gi18n.h>

#include "fields.h"
#include "json.h"
#include "sentence.h"
#include "terminal.h"
#include "toolchain-list.h"
#include "variant.h"
#include "verb.h"

/* What there is to say of each catalog: its name, where it is, and why it could not be asked the last time. */
static JsonArray *
status_catalogs (Client *client)
{
  g_autoptr (JsonNode) catalogs =
      client_read_as (JSON_NODE_ARRAY,
                      client_call (client, HIVE_PATH, HIVE_INTERFACE, "ListCatalogs", CLIENT_SOON, NULL, ""), NULL);

  return catalogs ? json_array_ref (json_node_get_array (catalogs)) : json_array_new ();
}

/* The array @key of @capabilities, a new reference; one that an older hive does not have is empty. */
static JsonArray *
status_list (JsonObject *capabilities, const char *key)
{
  JsonNode *node = json_object_get_member (capabilities, key);

  return node && JSON_NODE_HOLDS_ARRAY (node) ? json_array_ref (json_node_get_array (node)) : json_array_new ();
}

/* One object of what status shows, in words that stay: it is what --json prints. Takes @catalogs and @toolchains. */
static JsonNode *
status_make (JsonObject *hive, JsonObject *capabilities, guint workers, JsonArray *catalogs, JsonArray *toolchains)
{
  static const struct
  {
    const char *name, *property;
  } strings[] = {
    { "version", "Version" },   { "catalog_url", "CatalogURL" },    { "configuration_file", "ConfigurationFile" },
    { "platform", "Platform" }, { "architecture", "Architecture" },
  };
  g_autoptr (JsonObject) status = json_object_new ();

  for (gsize i = 0; i < G_N_ELEMENTS (strings); i++)
    json_object_set_string_member (status, strings[i].name, json_get_string (hive, strings[i].property, ""));
  json_object_set_array_member (status, "catalogs", catalogs);
  json_object_set_int_member (status, "running_jobs", json_get_int (hive, "RunningJobs", 0));
  json_object_set_int_member (status, "queued_jobs", json_get_int (hive, "QueuedJobs", 0));
  json_object_set_int_member (status, "workers", workers);
  json_object_set_boolean_member (status, "sandbox", json_get_bool (capabilities, "sandbox", false));
  json_object_set_string_member (status, "sandbox_error", json_get_string (capabilities, "sandbox_error", ""));
  json_object_set_string_member (status, "sandbox_hint", json_get_string (capabilities, "sandbox_hint", ""));
  json_object_set_array_member (status, "install_allow", status_list (capabilities, "install_allow"));
  json_object_set_array_member (status, "unfinished", status_list (capabilities, "unfinished"));
  json_object_set_string_member (status, "network_error", json_get_string (capabilities, "network_error", ""));
  json_object_set_string_member (status, "network_hint", json_get_string (capabilities, "network_hint", ""));
  json_object_set_array_member (status, "toolchains", toolchains);
  return json_node_init_object (json_node_alloc (), status);
}

static void
status_print_sandbox (JsonObject *status, Fields *fields)
{
  g_autofree char *network = sentence_translate (json_get_string (status, "network_error", ""));
  g_autofree char *error = sentence_translate (json_get_string (status, "sandbox_error", ""));
  g_autofree char *hint = sentence_translate (json_get_string (status, "sandbox_hint", ""));
  g_autofree char *network_hint = sentence_translate (json_get_string (status, "network_hint", ""));
  g_autofree char *broken = NULL;

  if (json_get_bool (status, "sandbox", false))
    {
      if (*error)
        {
          broken = g_strdup_printf (_ ("works, but %s"), error);
          fields_add (fields, _ ("Sandbox"), broken);
          fields_add (fields, _ ("What to do"), hint);
          g_free (g_steal_pointer (&broken));
        }
      else
        fields_add (fields, _ ("Sandbox"), _ ("works"));
      if (!*network)
        return;
      broken = g_strdup_printf (_ ("does not work, so sources and catalogs elsewhere cannot be fetched: %s"), network);
      fields_add (fields, _ ("Network"), broken);
      fields_add (fields, _ ("What to do"), network_hint);
      return;
    }
  broken = g_strdup_printf (_ ("does not work, so nothing can be installed: %s"), error);
  fields_add (fields, _ ("Sandbox"), broken);
  fields_add (fields, _ ("What to do"), hint);
}

/* One is told by where it is, several by their names in precedence too. */
static void
status_print_catalogs (JsonObject *status, Fields *fields)
{
  JsonArray *catalogs = json_object_get_array_member (status, "catalogs");
  guint count = json_array_get_length (catalogs);

  if (count < 2)
    fields_add (fields, _ ("Catalog"), json_get_string (status, "catalog_url", ""));
  for (guint i = 0; count > 1 && i < count; i++)
    {
      JsonObject *catalog = json_array_get_object_element (catalogs, i);
      g_autofree char *why = sentence_translate (json_get_string (catalog, "error_message", ""));
      g_autofree char *line =
          g_strdup_printf ("%s: %s%s%s%s", json_get_string (catalog, "name", ""), json_get_string (catalog, "url", ""),
                           *why ? " (" : "", why, *why ? ")" : "");

      fields_add (fields, _ ("Catalog"), line);
    }
}

/* What an administrator lets packages have that they may not have elsewhere. */
static void
status_print_allowed (JsonObject *status, Fields *fields)
{
  g_auto (GStrv) patterns = json_get_strings (status, "install_allow");
  g_autofree char *line = patterns ? g_strjoinv ("  ", patterns) : NULL;

  fields_add (fields, _ ("Also allowed"), line);
}

/* Changes that could be neither finished nor undone: why, and what to do. */
static void
status_print_unfinished (JsonObject *status, Fields *fields)
{
  JsonArray *unfinished = json_object_get_array_member (status, "unfinished");

  for (guint i = 0; i < json_array_get_length (unfinished); i++)
    {
      JsonObject *change = json_array_get_object_element (unfinished, i);
      g_autofree char *message = sentence_translate (json_get_string (change, "message", ""));

      fields_add (fields, _ ("Unfinished"), message);
    }
}

static void
status_print (const Client *client, JsonObject *status)
{
  g_autoptr (Fields) fields = fields_new ();
  g_autofree char *hive =
      g_strdup_printf (_ ("rbee-hived %s on %s"), json_get_string (status, "version", ""), client_where (client));
  g_autofree char *machine =
      g_strdup_printf ("%s %s", json_get_string (status, "platform", ""), json_get_string (status, "architecture", ""));
  g_autofree char *jobs = g_strdup_printf (_ ("%d running, %d queued"), (int)json_get_int (status, "running_jobs", 0),
                                           (int)json_get_int (status, "queued_jobs", 0));
  g_autofree char *workers = g_strdup_printf (_ ("%d installed"), (int)json_get_int (status, "workers", 0));
  g_autofree char *drop_ins = g_strconcat (json_get_string (status, "configuration_file", ""), ".d", NULL);

  fields_add (fields, _ ("Hive"), hive);
  status_print_catalogs (status, fields);
  fields_add (fields, _ ("Machine"), machine);
  fields_add (fields, _ ("Jobs"), jobs);
  fields_add (fields, _ ("Workers"), workers);
  status_print_allowed (status, fields);
  status_print_unfinished (status, fields);
  status_print_sandbox (status, fields);
  fields_print (fields);
  toolchain_list_print (json_object_get_array_member (status, "toolchains"), drop_ins);
}

static ExitStatus
status_run (Client *client, const Options *options, char **arguments, GError **error)
{
  g_autoptr (JsonObject) hive = client_get_all (client, HIVE_PATH, HIVE_INTERFACE, error);
  g_autoptr (JsonNode) workers = hive ? client_list_workers (client, error) : NULL;
  g_autoptr (JsonNode) capabilities = workers ? client_get_capabilities (client, error) : NULL;
  g_autoptr (JsonNode) status = NULL;

  if (!capabilities)
    return EXIT_STATUS_FAILED;
  status =
      status_make (hive, json_node_get_object (capabilities), json_array_get_length (json_node_get_array (workers)),
                   status_catalogs (client), toolchain_list_read (client, json_node_get_object (capabilities)));
  if (options->json)
    variant_print (status);
  else
    status_print (client, json_node_get_object (status));
  return json_get_bool (json_node_get_object (status), "sandbox", false) ? EXIT_STATUS_OK : EXIT_STATUS_FAILED;
}

const Verb status_verb = {
  .name = "status",
  .summary = N_ ("Show whether the hive runs and can install"),
  .details = N_ ("The exit status is 1 when recipes cannot be confined here: then nothing can be\n"
                 "installed."),
  .example = "hivectl status --host me@workstation",
  .paged = true,
  .run = status_run,
};
