/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "models.h"

#include <string.h>

#include "bus-dict.h"
#include "device.h"
#include "error.h"
#include "json.h"
#include "model-fit.h"
#include "pending-call.h"

#define REFERENCE_MAX 4096

/* The reference is an argument of a program: not an option, and not everything. */
static bool
models_check_reference (const char *reference, GError **error)
{
  if (*reference && *reference != '-' && strlen (reference) <= REFERENCE_MAX)
    return true;
  g_set_error (error, HIVE_ERROR, HIVE_ERROR_MODEL_NOT_FOUND,
               "There is no model \"%.80s\": hivectl models lists those that there are", reference);
  return false;
}

bool
models_find (Hive *hive, const char *reference, uid_t uid, ModelHandler handler, void *userdata, GError **error)
{
  return models_check_reference (reference, error) &&
         queries_ask (hive->queries, (const char *const[]){ "model", reference, NULL }, 0, uid, handler, userdata,
                      error);
}

bool
models_check_stays (const Hive *hive, const char *name, const char *path, GError **error)
{
  bool leaves = g_hash_table_contains (hive->leaving, path);

  if (leaves)
    g_set_error (error, HIVE_ERROR, HIVE_ERROR_MODEL_NOT_FOUND, "The model %s is being removed", name);
  return !leaves;
}

static int
device_append_fit (sd_bus_message *reply, const ModelNeed *need, const Device *device)
{
  g_autofree char *why = NULL;
  bool fits = model_fits_on (need, device, &why);
  int r;

  if (!why)
    return 0;
  if ((r = sd_bus_message_open_container (reply, 'a', "{sv}")) < 0 ||
      (r = bus_dict_append_string (reply, "device", device->id)) < 0 ||
      (r = bus_dict_append_bool (reply, "fits", fits)) < 0 || (r = bus_dict_append_string (reply, "why", why)) < 0)
    return r;
  return sd_bus_message_close_container (reply);
}

/* `fits_on`: whether it does on each of them of which that is known. */
static int
devices_append_fits (sd_bus_message *reply, const ModelNeed *need, const Devices *devices)
{
  int r;

  if ((r = sd_bus_message_open_container (reply, 'e', "sv")) < 0 ||
      (r = sd_bus_message_append (reply, "s", "fits_on")) < 0 ||
      (r = sd_bus_message_open_container (reply, 'v', "aa{sv}")) < 0 ||
      (r = sd_bus_message_open_container (reply, 'a', "a{sv}")) < 0)
    return r;
  for (guint i = 0; r >= 0 && devices && i < devices->list->len; i++)
    r = device_append_fit (reply, need, devices->list->pdata[i]);
  if (r < 0 || (r = sd_bus_message_close_container (reply)) < 0 || (r = sd_bus_message_close_container (reply)) < 0)
    return r;
  return sd_bus_message_close_container (reply);
}

/* `fits` and `fits_why`: whether it does on one of this machine's devices; and on which of them. */
static int
model_append_fit (sd_bus_message *reply, JsonObject *model, const Devices *devices)
{
  const ModelNeed need = {
    .weights = (uint64_t)MAX (0, json_get_int (model, "size", 0)),
    .cache_per_token = (uint64_t)MAX (0, json_get_int (model, "cache_per_token", 0)),
    .context = MODEL_FIT_CONTEXT,
  };
  g_autofree char *why = NULL;
  bool fits = !devices || model_fits (&need, devices, &why);
  int r = bus_dict_append_bool (reply, "fits", fits);

  if (r < 0 || (r = bus_dict_append_string (reply, "fits_why", why ? why : "")) < 0)
    return r;
  return devices_append_fits (reply, &need, devices);
}

static int
model_append (sd_bus_message *reply, JsonObject *model, const Devices *devices)
{
  static const char *const texts[] = { "name", "path", "folder", "format", "architecture", "quantization", "source" };
  static const char *const numbers[] = { "context_length", "parameters", "cache_per_token", "size", "added_at" };
  static const char *const lists[] = { "files", "sha256" };
  int r;

  r = sd_bus_message_open_container (reply, 'a', "{sv}");
  for (gsize i = 0; r >= 0 && i < G_N_ELEMENTS (texts); i++)
    r = bus_dict_append_string (reply, texts[i], json_get_string (model, texts[i], ""));
  for (gsize i = 0; r >= 0 && i < G_N_ELEMENTS (numbers); i++)
    r = bus_dict_append_uint64 (reply, numbers[i], (uint64_t)MAX (0, json_get_int (model, numbers[i], 0)));
  for (gsize i = 0; r >= 0 && i < G_N_ELEMENTS (lists); i++)
    {
      g_auto (GStrv) list = json_get_strings (model, lists[i]);

      r = bus_dict_append_strings (reply, lists[i], list);
    }
  if (r >= 0)
    r = model_append_fit (reply, model, devices);
  return r < 0 ? r : sd_bus_message_close_container (reply);
}

static JsonArray *
answer_list (JsonObject *answer, const char *key)
{
  JsonNode *node = json_object_get_member (answer, key);

  return node && JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node) : NULL;
}

static int
models_append (sd_bus_message *reply, JsonArray *models, const Devices *devices)
{
  int r = sd_bus_message_open_container (reply, 'a', "a{sv}");

  for (guint i = 0; r >= 0 && models && i < json_array_get_length (models); i++)
    {
      JsonNode *model = json_array_get_element (models, i);

      if (JSON_NODE_HOLDS_OBJECT (model))
        r = model_append (reply, json_node_get_object (model), devices);
    }
  return r < 0 ? r : sd_bus_message_close_container (reply);
}

/* [[path, why]…] */
static int
skipped_append (sd_bus_message *reply, JsonArray *skipped)
{
  int r = sd_bus_message_open_container (reply, 'a', "(ss)");

  for (guint i = 0; r >= 0 && skipped && i < json_array_get_length (skipped); i++)
    {
      JsonNode *node = json_array_get_element (skipped, i);
      JsonArray *pair = JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node) : NULL;

      if (pair && json_array_get_length (pair) == 2 &&
          json_node_get_value_type (json_array_get_element (pair, 0)) == G_TYPE_STRING &&
          json_node_get_value_type (json_array_get_element (pair, 1)) == G_TYPE_STRING)
        r = sd_bus_message_append (reply, "(ss)", json_array_get_string_element (pair, 0),
                                   json_array_get_string_element (pair, 1));
    }
  return r < 0 ? r : sd_bus_message_close_container (reply);
}

static void
models_reply_list (JsonObject *answer, const GError *failure, void *userdata)
{
  g_autoptr (PendingCall) call = userdata;
  g_autoptr (Devices) devices = devices_load (call->hive->configuration, NULL);
  sd_bus_message *reply = NULL;
  int r;

  if (failure)
    {
      bus_reply_gerror (call->message, failure);
      return;
    }
  if ((r = sd_bus_message_new_method_return (call->message, &reply)) >= 0 &&
      (r = models_append (reply, answer_list (answer, "models"), devices)) >= 0)
    r = skipped_append (reply, answer_list (answer, "skipped"));
  pending_call_send (call, reply, r);
}

static int
models_method_list (sd_bus_message *message, void *userdata, sd_bus_error *error)
{
  return pending_call_ask (userdata, message, (const char *const[]){ "models", NULL }, 0, models_reply_list, error);
}

static const sd_bus_vtable models_vtable[] = {
  SD_BUS_VTABLE_START (0),
  SD_BUS_METHOD_WITH_ARGS ("ListModels", SD_BUS_NO_ARGS, SD_BUS_RESULT ("aa{sv}", models, "a(ss)", skipped),
                           models_method_list, SD_BUS_VTABLE_UNPRIVILEGED),
  SD_BUS_SIGNAL ("ModelsChanged", "", 0),
  SD_BUS_VTABLE_END,
};

void
models_announce_change (Hive *hive)
{
  sd_bus_emit_signal (hive->bus, HIVE_PATH, HIVE_INTERFACE, "ModelsChanged", "");
}

int
models_publish (Hive *hive)
{
  return sd_bus_add_object_vtable (hive->bus, NULL, HIVE_PATH, HIVE_INTERFACE, models_vtable, hive);
}
