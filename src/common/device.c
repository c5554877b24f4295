/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "device.h"

#include <math.h>
#include <string.h>

#include "error.h"
#include "file.h"
#include "json.h"
#include "log-text.h"

#define DEVICES_MAX  256
#define WARNINGS_MAX 32
#define TEXT_MAX     512 /* bytes */
#define SETS_MAX     64
#define NODES_MAX    8
#define CORES_MAX    (1 << 20)
#define MEMORY_MAX   (UINT64_C (1) << 50)
#define FILE_MAX     (4 * 1024 * 1024)
#define ROCM_MEMORY  (UINT64_C (2) << 30) /* the graphics inside a processor borrow less */
#define GIB          (1024.0 * 1024 * 1024)

static const char *const types[] = { "cuda", "rocm", "intel", "cpu", NULL };

static void
device_free (Device *device)
{
  g_free (device->id);
  g_free (device->name);
  g_free (device->type);
  g_free (device->compute_capability);
  g_free (device->driver);
  g_strfreev (device->instruction_sets);
  g_free (device->uuid);
  g_strfreev (device->nodes);
  g_free (device);
}

Devices *
devices_new (void)
{
  Devices *devices = g_new (Devices, 1);

  devices->list = g_ptr_array_new_with_free_func ((GDestroyNotify)device_free);
  devices->warnings = g_ptr_array_new_with_free_func (g_free);
  return devices;
}

void
devices_free (Devices *devices)
{
  if (!devices)
    return;
  g_ptr_array_unref (devices->list);
  g_ptr_array_unref (devices->warnings);
  g_free (devices);
}

/* One line, clean and not too long. */
static char *
clean (const char *text)
{
  g_autoptr (GString) line = g_string_new (NULL);
  const char *end;

  log_text_clean (line, text, strnlen (text, TEXT_MAX));
  g_utf8_validate (line->str, MIN (line->len, TEXT_MAX - 1), &end);
  g_string_truncate (line, (gsize)(end - line->str));
  return g_strdup (g_strstrip (g_strdelimit (line->str, "\t\033", ' ')));
}

static void
replace (char **text, const char *with)
{
  g_free (*text);
  *text = clean (with);
}

void
device_set_capability (Device *device, const char *capability)
{
  replace (&device->compute_capability, capability);
}

void
device_set_driver (Device *device, const char *driver)
{
  replace (&device->driver, driver);
}

void
device_set_uuid (Device *device, const char *uuid)
{
  replace (&device->uuid, uuid);
}

void
device_add_node (Device *device, const char *node)
{
  guint count = g_strv_length (device->nodes);

  device->nodes = g_renew (char *, device->nodes, count + 2);
  device->nodes[count] = g_strdup (node);
  device->nodes[count + 1] = NULL;
}

static unsigned
devices_count (const Devices *devices, bool cpus)
{
  unsigned count = 0;

  for (guint i = 0; i < devices->list->len; i++)
    if (g_str_equal (((Device *)devices->list->pdata[i])->type, "cpu") == cpus)
      count++;
  return count;
}

Device *
devices_add (Devices *devices, const char *type, const char *name)
{
  bool cpu = g_str_equal (type, "cpu");
  Device *device;

  if (devices->list->len >= DEVICES_MAX)
    return NULL;
  device = g_new0 (Device, 1);
  device->id = g_strdup_printf ("%s-%u", cpu ? "CPU" : "GPU", devices_count (devices, cpu));
  device->name = clean (name);
  if (!*device->name)
    replace (&device->name, "unknown");
  device->type = g_strdup (type);
  device->compute_capability = g_strdup ("");
  device->driver = g_strdup ("");
  device->instruction_sets = g_new0 (char *, 1);
  device->uuid = g_strdup ("");
  device->nodes = g_new0 (char *, 1);
  g_ptr_array_add (devices->list, device);
  return device;
}

void
devices_warn (Devices *devices, const char *format, ...)
{
  g_autofree char *text = NULL;
  va_list arguments;

  va_start (arguments, format);
  text = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  if (devices->warnings->len < WARNINGS_MAX)
    g_ptr_array_add (devices->warnings, clean (text));
}

static JsonObject *
device_to_json (const Device *device)
{
  JsonObject *object = json_object_new ();
  bool cpu = g_str_equal (device->type, "cpu");

  json_object_set_string_member (object, "id", device->id);
  json_object_set_string_member (object, "name", device->name);
  json_object_set_string_member (object, "device_type", device->type);
  json_object_set_int_member (object, "cores", device->cores);
  json_object_set_int_member (object, "memory", (gint64)device->memory);
  json_object_set_double_member (object, "vram_gb", cpu ? 0 : round (device->memory / GIB * 100) / 100);
  json_object_set_string_member (object, "compute_capability", device->compute_capability);
  json_object_set_string_member (object, "driver", device->driver);
  json_set_strings (object, "instruction_sets", device->instruction_sets);
  json_object_set_string_member (object, "uuid", device->uuid);
  json_set_strings (object, "nodes", device->nodes);
  return object;
}

JsonObject *
devices_to_json (const Devices *devices)
{
  JsonObject *object = json_object_new ();
  JsonArray *list = json_array_new ();
  JsonArray *warnings = json_array_new ();

  for (guint i = 0; i < devices->list->len; i++)
    json_array_add_object_element (list, device_to_json (devices->list->pdata[i]));
  for (guint i = 0; i < devices->warnings->len; i++)
    json_array_add_string_element (warnings, devices->warnings->pdata[i]);
  json_object_set_array_member (object, "devices", list);
  json_object_set_array_member (object, "warnings", warnings);
  return object;
}

/* A text that says nothing but what a line may. */
static bool
text_is_clean (const char *text)
{
  g_autofree char *same = strlen (text) < TEXT_MAX ? clean (text) : NULL;

  return same && g_str_equal (same, text);
}

static bool
sets_are_clean (char *const *sets)
{
  if (g_strv_length ((char **)sets) > SETS_MAX)
    return false;
  for (; *sets; sets++)
    if (!**sets || (*sets)[strspn (*sets, G_CSET_a_2_z G_CSET_DIGITS "_.")])
      return false;
  return true;
}

/* Of cards and nothing else: a worker may open them. */
static bool
node_is_valid (const char *node)
{
  static const char *const prefixes[] = { "/dev/nvidia", "/dev/dri/renderD", "/dev/kfd", "/dev/dxg" };

  for (gsize i = 0; i < G_N_ELEMENTS (prefixes); i++)
    {
      size_t length = strlen (prefixes[i]);

      if (strncmp (node, prefixes[i], length) == 0)
        return !node[length + strspn (node + length, G_CSET_a_2_z G_CSET_DIGITS "-")];
    }
  return false;
}

static bool
nodes_are_valid (char *const *nodes)
{
  bool valid = g_strv_length ((char **)nodes) <= NODES_MAX;

  for (; valid && *nodes; nodes++)
    valid = node_is_valid (*nodes);
  return valid;
}

/* What older hives did not note. */
static bool
device_read_nodes (Device *device, JsonObject *object)
{
  const char *uuid = json_get_string (object, "uuid", "");
  g_auto (GStrv) nodes = json_get_strings (object, "nodes");

  if (!text_is_clean (uuid) || (nodes && !nodes_are_valid (nodes)))
    return false;
  device_set_uuid (device, uuid);
  for (char **node = nodes; node && *node; node++)
    device_add_node (device, *node);
  return true;
}

static bool
devices_read_one (Devices *devices, JsonObject *object)
{
  const char *type = json_get_string (object, "device_type", "");
  const char *name = json_get_string (object, "name", "");
  const char *capability = json_get_string (object, "compute_capability", "");
  const char *driver = json_get_string (object, "driver", "");
  g_auto (GStrv) sets = json_get_strings (object, "instruction_sets");
  int64_t cores = json_get_int (object, "cores", 0);
  int64_t memory = json_get_int (object, "memory", 0);
  Device *device;

  if (!g_strv_contains (types, type) || !*name || !text_is_clean (name) || !text_is_clean (capability) ||
      !text_is_clean (driver) || cores < 0 || cores > CORES_MAX || memory < 0 || (uint64_t)memory > MEMORY_MAX ||
      (sets && !sets_are_clean (sets)))
    return false;
  device = devices_add (devices, type, name);
  if (!device)
    return false;
  device->cores = (unsigned)cores;
  device->memory = (uint64_t)memory;
  device_set_capability (device, capability);
  device_set_driver (device, driver);
  if (sets)
    {
      g_strfreev (device->instruction_sets);
      device->instruction_sets = g_steal_pointer (&sets);
    }
  return device_read_nodes (device, object);
}

Devices *
devices_from_json (JsonObject *object, GError **error)
{
  g_autoptr (Devices) devices = devices_new ();
  JsonNode *node = json_object_get_member (object, "devices");
  g_auto (GStrv) warnings = json_get_strings (object, "warnings");
  JsonArray *list = node && JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node) : NULL;

  if (!list || json_array_get_length (list) > DEVICES_MAX)
    {
      g_set_error (error, HIVE_ERROR, HIVE_ERROR_FAILED, "This is not a list of at most %d devices", DEVICES_MAX);
      return NULL;
    }
  for (guint i = 0; i < json_array_get_length (list); i++)
    {
      JsonNode *element = json_array_get_element (list, i);

      if (!JSON_NODE_HOLDS_OBJECT (element) || !devices_read_one (devices, json_node_get_object (element)))
        {
          g_set_error (error, HIVE_ERROR, HIVE_ERROR_FAILED, "Device %u of the list is none", i);
          return NULL;
        }
    }
  for (char **warning = warnings; warning && *warning; warning++)
    devices_warn (devices, "%s", *warning);
  return g_steal_pointer (&devices);
}

Devices *
devices_load (const Configuration *configuration, char **ret_boot_id)
{
  g_autofree char *path = configuration_state_path (configuration, "capabilities.json", NULL);
  g_autoptr (JsonObject) object = NULL;
  g_autofree char *text = NULL;
  Devices *devices;
  size_t size;

  text = file_read (path, FILE_MAX, &size, NULL);
  if (text)
    object = json_parse_object (text, (ssize_t)size, path, HIVE_ERROR_FAILED, NULL);
  devices = object ? devices_from_json (object, NULL) : NULL;
  if (devices && ret_boot_id)
    *ret_boot_id = g_strdup (json_get_string (object, "boot_id", NULL));
  return devices;
}

/* What is wrong with a card that should be there, as a warning has it; NULL when nothing was said. */
static const char *
devices_find_warning (const Devices *devices, const char *about)
{
  for (guint i = 0; i < devices->warnings->len; i++)
    if (strstr (devices->warnings->pdata[i], about))
      return devices->warnings->pdata[i];
  return NULL;
}

bool
devices_have_backend (const Devices *devices, const char *backend, char **ret_why)
{
  bool cuda = g_str_equal (backend, "cuda"), rocm = g_str_equal (backend, "rocm");
  const char *maker = cuda ? "NVIDIA" : rocm ? "AMD" : NULL;
  const char *warning = maker ? devices_find_warning (devices, maker) : NULL;
  g_autofree char *why = NULL;
  const Device *found = NULL;

  for (guint i = 0; i < devices->list->len && !found; i++)
    {
      const Device *device = devices->list->pdata[i];

      if (g_str_equal (device->type, backend) && (!rocm || device->memory >= ROCM_MEMORY))
        found = device;
    }
  if (found)
    why = g_strdup_printf ("%s (%s)", found->name, found->id);
  else if (warning)
    why = g_strdup (warning);
  else if (maker)
    why = g_strdup_printf ("no %s card was found", maker);
  else
    why = g_strdup_printf ("no device for %s was found", backend);
  if (ret_why)
    *ret_why = g_steal_pointer (&why);
  return found != NULL || g_str_equal (backend, "cpu");
}
