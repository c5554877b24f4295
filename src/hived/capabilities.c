/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "capabilities.h"

#include "boot.h"
#include "file.h"
#include "json.h"
#include "machine.h"
#include "registry.h"

#define LOOK_INTERVAL G_USEC_PER_SEC

struct Capabilities
{
  Devices *devices;  /* NULL: nobody has looked yet */
  int64_t looked_at; /* monotonic, µs; 0: not in this run of the daemon, or in vain */
  uint64_t updated_at;
  GPtrArray *looks; /* of Look, that wait: a daemon may end before their answer comes */
};

/* Who waits until the devices are looked at. */
typedef struct
{
  Hive *hive;
  CapabilitiesHandler handler;
  void *userdata;
} Look;

Capabilities *
capabilities_new (Hive *hive)
{
  Capabilities *capabilities = g_new0 (Capabilities, 1);
  g_autofree char *boot = NULL;
  Devices *devices = devices_load (hive->configuration, &boot);

  capabilities->looks = g_ptr_array_new_with_free_func (g_free);
  /* Between two boots cards come and go. No list without a CPU is one. */
  if (devices && devices->list->len > 0 && boot_is_now (boot))
    capabilities->devices = devices;
  else
    devices_free (devices);
  return capabilities;
}

void
capabilities_free (Capabilities *capabilities)
{
  if (!capabilities)
    return;
  devices_free (capabilities->devices);
  g_ptr_array_unref (capabilities->looks);
  g_free (capabilities);
}

static JsonArray *
capabilities_workers (Hive *hive)
{
  JsonArray *workers = json_array_new ();
  g_auto (GStrv) ids = registry_ids (hive->registry);

  for (char **id = ids; *id; id++)
    {
      g_autoptr (GError) error = NULL;
      const WorkerRecord *record = registry_get (hive->registry, *id, &error);
      g_autofree char *binary = NULL;
      JsonObject *worker;

      if (!record)
        {
          g_warning ("A worker is passed over: %s", error->message);
          continue;
        }
      binary = configuration_installed_path (hive->configuration, record->binary ? record->binary : "");
      worker = json_object_new ();
      json_object_set_string_member (worker, "id", record->id);
      json_object_set_string_member (worker, "version", record->version ? record->version : "");
      json_object_set_string_member (worker, "binary", binary);
      json_array_add_object_element (workers, worker);
    }
  return workers;
}

JsonObject *
capabilities_to_json (Hive *hive)
{
  Capabilities *capabilities = hive->capabilities;
  g_autoptr (Devices) none = capabilities->devices ? NULL : devices_new ();
  JsonObject *object = devices_to_json (none ? none : capabilities->devices);

  json_object_set_int_member (object, "updated_at", (gint64)capabilities->updated_at);
  json_object_set_string_member (object, "architecture", hive->architecture);
  json_object_set_string_member (object, "platform", MACHINE_PLATFORM);
  json_object_set_array_member (object, "workers", capabilities_workers (hive));
  return object;
}

bool
capabilities_write (Hive *hive, GError **error)
{
  g_autofree char *path = configuration_state_path (hive->configuration, "capabilities.json", NULL);
  g_autofree char *boot = boot_id ();
  g_autoptr (JsonObject) object = NULL;
  g_autofree char *text = NULL;

  hive->capabilities->updated_at = (uint64_t)g_get_real_time ();
  object = capabilities_to_json (hive);
  json_object_set_int_member (object, "format", 1);
  if (boot)
    json_object_set_string_member (object, "boot_id", boot);
  text = json_to_text (object, true);
  return file_replace (path, text, -1, false, error);
}

bool
capabilities_are_known (const Hive *hive)
{
  return hive->capabilities->devices != NULL;
}

/* Takes @devices over, and tells the bus when they, or the warnings, are others than those it knows of. */
static void
capabilities_take (Hive *hive, Devices *devices)
{
  Capabilities *capabilities = hive->capabilities;
  g_autoptr (JsonObject) before = capabilities->devices ? devices_to_json (capabilities->devices) : NULL;
  g_autoptr (JsonObject) now = devices_to_json (devices);
  g_autofree char *text_before = before ? json_to_text (before, false) : NULL;
  g_autofree char *text_now = json_to_text (now, false);

  devices_free (capabilities->devices);
  capabilities->devices = devices;
  if (g_strcmp0 (text_before, text_now) != 0)
    sd_bus_emit_signal (hive->bus, HIVE_PATH, HIVE_INTERFACE, "DevicesChanged", "");
}

static void
capabilities_on_devices (JsonObject *answer, const GError *failure, void *userdata)
{
  const Look look = *(const Look *)userdata;
  Capabilities *capabilities = look.hive->capabilities;
  g_autoptr (GError) error = failure ? g_error_copy (failure) : NULL;
  Devices *devices = answer ? devices_from_json (answer, &error) : NULL;

  if (!devices)
    {
      g_warning ("The machine's devices could not be looked at: %s", error->message);
      devices = devices_new ();
      devices_warn (devices, "The devices could not be looked at: %s", error->message);
    }
  g_ptr_array_remove_fast (capabilities->looks, userdata);
  capabilities_take (look.hive, devices);
  capabilities->looked_at = error ? 0 : g_get_monotonic_time ();
  for (guint i = 0; i < devices->warnings->len; i++)
    g_message ("%s", (const char *)devices->warnings->pdata[i]);
  capabilities_write (look.hive, error ? NULL : &error);
  look.handler (error, look.userdata);
}

bool
capabilities_look (Hive *hive, uid_t uid, CapabilitiesHandler handler, void *userdata, GError **error)
{
  static const char *const query[] = { "devices", NULL };
  const Capabilities *capabilities = hive->capabilities;
  Look *look;

  if (capabilities->looked_at > 0 && g_get_monotonic_time () - capabilities->looked_at < LOOK_INTERVAL)
    {
      handler (NULL, userdata);
      return true;
    }
  look = g_new (Look, 1);
  *look = (Look){ hive, handler, userdata };
  g_ptr_array_add (capabilities->looks, look);
  if (queries_ask (hive->queries, query, 0, uid, capabilities_on_devices, look, error))
    return true;
  g_ptr_array_remove_fast (capabilities->looks, look);
  return false;
}
