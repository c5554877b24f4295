/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "instance-client.h"

#include <glib/gi18n.h>
#include <stdlib.h>

#include "json.h"
#include "sentence.h"
#include "variant.h"

JsonNode *
instance_client_list (Client *client, GError **error)
{
  return client_read_as (JSON_NODE_ARRAY,
                         client_call (client, HIVE_PATH, HIVE_INTERFACE, "ListInstances", CLIENT_SOON, error, ""),
                         error);
}

bool
instance_client_runs_workers (Client *client)
{
  g_autoptr (JsonObject) hive = client_get_all (client, HIVE_PATH, HIVE_INTERFACE, NULL);

  return !hive || json_get_bool (hive, "RunsWorkers", true);
}

JsonObject *
instance_client_get (Client *client, const char *name, GError **error)
{
  g_autoptr (JsonNode) all = instance_client_list (client, error);
  JsonArray *list = all ? json_node_get_array (all) : NULL;

  for (guint i = 0; list && i < json_array_get_length (list); i++)
    {
      JsonNode *node = json_array_get_element (list, i);

      if (JSON_NODE_HOLDS_OBJECT (node) &&
          g_str_equal (json_get_string (json_node_get_object (node), "name", ""), name))
        return json_node_dup_object (node);
    }
  if (list)
    g_set_error (error, CLIENT_ERROR, EXIT_STATUS_NOT_FOUND, _ ("There is no instance %s; see: hivectl ps"), name);
  return NULL;
}

char *
instance_client_path (const char *name)
{
  char *encoded = NULL, *path;

  client_must (sd_bus_path_encode (INSTANCE_PREFIX, name, &encoded));
  path = g_strdup (encoded);
  free (encoded);
  return path;
}

void
instance_client_print (const Options *options, const char *name)
{
  JsonObject *object;

  if (!options->json)
    return;
  object = json_object_new ();
  json_object_set_string_member (object, "instance", name);
  variant_print_line (object);
}

/* 1: it is ready; 0: not yet; -1: @error. */
static int
instance_look (Client *client, const char *path, GError **error)
{
  g_autoptr (JsonObject) instance = client_get_all (client, path, INSTANCE_INTERFACE, error);
  g_autofree char *message = NULL;
  const char *state;

  if (!instance)
    return -1;
  state = json_get_string (instance, "State", "");
  if (g_str_equal (state, "ready") || g_str_equal (state, "listening"))
    return 1;
  if (!g_str_equal (state, "failed"))
    return 0;
  message = sentence_translate (json_get_string (instance, "ErrorMessage", ""));
  g_set_error (error, CLIENT_ERROR, EXIT_STATUS_FAILED, "%s: %s", json_get_string (instance, "ErrorName", ""), message);
  return -1;
}

static int
instance_on_change (sd_bus_message *message, void *userdata, sd_bus_error *error)
{
  *(bool *)userdata = true;
  return 0;
}

bool
instance_client_wait (Client *client, const char *path, GError **error)
{
  sd_bus *bus = client_bus (client, error);
  sd_bus_slot *slot = NULL;
  bool changed = false;
  int r, state;

  if (!bus)
    return false;
  client_must (sd_bus_match_signal (bus, &slot, HIVE_NAME, path, "org.freedesktop.DBus.Properties", "PropertiesChanged",
                                    instance_on_change, &changed));
  while ((state = instance_look (client, path, error)) == 0)
    for (changed = false; !changed;)
      {
        r = sd_bus_process (bus, NULL);
        if (r == 0)
          r = sd_bus_wait (bus, UINT64_MAX);
        if (r < 0)
          {
            g_set_error (error, CLIENT_ERROR, EXIT_STATUS_NO_HIVE, _ ("The connection to the hive broke off: %s"),
                         g_strerror (-r));
            sd_bus_slot_unref (slot);
            return false;
          }
      }
  sd_bus_slot_unref (slot);
  return state > 0;
}

bool
instance_client_restart (Client *client, const char *name, bool wait, GError **error)
{
  g_autofree char *path = instance_client_path (name);
  g_autoptr (sd_bus_message) reply = client_call (client, path, INSTANCE_INTERFACE, "Restart", CLIENT_SOON, error, "");

  return reply && (!wait || instance_client_wait (client, path, error));
}
