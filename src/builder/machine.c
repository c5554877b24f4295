/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "machine.h"

#include "json.h"

#include <sys/utsname.h>

/* The best first. */
static const struct
{
  const char *name, *missing;
} backends_known[] = {
  { "cuda", "no NVIDIA card was found" },
  { "rocm", "no AMD card was found" },
  { "intel", "no Intel card was found" },
  { "cpu", "" },
};

struct Machine
{
  JsonObject *devices; /* NULL: not known */
};

Machine *
machine_new (JsonObject *devices)
{
  Machine *machine = g_new0 (Machine, 1);

  machine->devices = devices ? json_object_ref (devices) : NULL;
  return machine;
}

void
machine_free (Machine *machine)
{
  if (!machine)
    return;
  g_clear_pointer (&machine->devices, json_object_unref);
  g_free (machine);
}

const char *
machine_architecture (void)
{
  static struct utsname name;

  if (!*name.machine)
    uname (&name);
  return name.machine;
}

bool
machine_is_platform (char *const *names)
{
  return g_strv_contains ((const char *const *)names, MACHINE_PLATFORM) ||
         g_strv_contains ((const char *const *)names, "any");
}

bool
machine_is_architecture (char *const *names)
{
  return g_strv_contains ((const char *const *)names, machine_architecture ()) ||
         g_strv_contains ((const char *const *)names, "any");
}

static JsonObject *
machine_find_device (const Machine *machine, const char *type)
{
  JsonNode *node = json_object_get_member (machine->devices, "devices");
  JsonArray *devices = node && JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node) : NULL;

  for (guint i = 0; devices && i < json_array_get_length (devices); i++)
    {
      JsonNode *element = json_array_get_element (devices, i);
      JsonObject *device = JSON_NODE_HOLDS_OBJECT (element) ? json_node_get_object (element) : NULL;

      if (device && g_str_equal (json_get_string (device, "device_type", ""), type))
        return device;
    }
  return NULL;
}

bool
machine_has_backend (const Machine *machine, const char *backend, char **ret_why)
{
  for (size_t i = 0; machine->devices && i < G_N_ELEMENTS (backends_known); i++)
    {
      JsonObject *device;

      if (!g_str_equal (backends_known[i].name, backend))
        continue;
      device = machine_find_device (machine, backend);
      *ret_why = device ? g_strdup_printf ("%s (%s)", json_get_string (device, "name", ""),
                                           json_get_string (device, "id", "")) :
                          g_strdup (backends_known[i].missing);
      return device || g_str_equal (backend, "cpu");
    }
  *ret_why = NULL;
  return true;
}

/* What is not known to run is taken where it is the only thing that may be, not because of what it is called. */
unsigned
machine_choose_backend (const Machine *machine, char *const *backends, const bool *usable, char **ret_reason)
{
  g_autoptr (GString) missing = g_string_new (NULL);

  for (size_t i = machine->devices ? 0 : G_N_ELEMENTS (backends_known) - 1; i < G_N_ELEMENTS (backends_known); i++)
    for (unsigned j = 0; backends[j]; j++)
      {
        g_autofree char *why = NULL;

        if (!usable[j] || !g_str_equal (backends[j], backends_known[i].name))
          continue;
        if (machine_has_backend (machine, backends[j], &why))
          {
            *ret_reason = !machine->devices  ? g_strdup ("this machine's devices are not known yet") :
                          missing->len > 0   ? g_strdup (missing->str) :
                          why && *why != ' ' ? g_strdup (why) :
                                               g_strdup ("it runs on every machine");
            return j;
          }
        g_string_append_printf (missing, "%s%s", missing->len > 0 ? ", " : "", why);
        break;
      }
  for (unsigned j = 0; backends[j]; j++)
    if (usable[j])
      {
        *ret_reason = g_strdup (missing->len > 0 ? missing->str : "it is the first that this machine's architecture has");
        return j;
      }
  *ret_reason = g_strdup ("none is for this machine");
  return 0;
}
