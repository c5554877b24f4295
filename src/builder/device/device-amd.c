/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "device-probe.h"

#define VENDOR 0x1002
#define NODES  "sys/class/kfd/kfd/topology/nodes"

/* The number of the line "NAME NUMBER" of a properties file; 0 when there is none. */
static uint64_t
property (const char *text, const char *name)
{
  size_t length = strlen (name);

  for (const char *line = text; line; line = strchr (line, '\n'), line += line != NULL)
    if (strncmp (line, name, length) == 0 && line[length] == ' ')
      return g_ascii_strtoull (line + length + 1, NULL, 10);
  return 0;
}

/* 110000 is gfx1100, 90010 gfx90a: two decimal digits each for minor and stepping, which are hexadecimal ones there. */
static char *
gfx_name (uint64_t version)
{
  unsigned major = (unsigned)(version / 10000 % 100), minor = (unsigned)(version / 100 % 100);
  unsigned stepping = (unsigned)(version % 100);

  return major > 0 && version < 1000000 && minor < 16 && stepping < 16 ?
             g_strdup_printf ("gfx%u%x%x", major, minor, stepping) :
             g_strdup ("");
}

/* What the card itself has: of the banks those of heap type 1 (public) and 2 (private). */
static uint64_t
node_memory (const char *root, const char *node, const char *properties)
{
  g_autofree char *directory = g_build_filename (NODES, node, "mem_banks", NULL);
  g_auto (GStrv) banks = device_list_numbered (root, directory, "");
  uint64_t sum = 0;

  for (char **bank = banks; *bank; bank++)
    {
      g_autofree char *text = device_read (root, "%s/%s/properties", directory, *bank);
      uint64_t type = text ? property (text, "heap_type") : 0;

      if (type == 1 || type == 2)
        sum += property (text, "size_in_bytes");
    }
  return sum > 0 ? sum : property (properties, "local_mem_size");
}

char *
device_amd_marketing_name (const char *rocminfo, unsigned node)
{
  g_auto (GStrv) lines = g_strsplit (rocminfo, "\n", -1);
  g_autofree char *name = NULL;

  for (char **line = lines; *line; line++)
    {
      char *value = strchr (g_strstrip (*line), ':');

      if (!value)
        continue;
      *value = '\0';
      g_strstrip (++value);
      if (g_str_equal (*line, "Marketing Name"))
        {
          g_free (name);
          name = g_strdup (value);
        }
      else if (g_str_equal (*line, "Node") && g_ascii_strtoull (value, NULL, 10) == node && name && *name)
        return g_steal_pointer (&name);
    }
  return NULL;
}

static char *
node_name (const char *root, const char *node, const char *properties, const char *rocminfo)
{
  unsigned device = (unsigned)property (properties, "device_id");
  char *name = rocminfo ? device_amd_marketing_name (rocminfo, (unsigned)g_ascii_strtoull (node, NULL, 10)) : NULL;
  g_autofree char *gfx = gfx_name (property (properties, "gfx_target_version"));

  if (!name)
    name = device_pci_name (root, VENDOR, device);
  return name ? name : g_strdup_printf ("AMD GPU %04x%s%s", device, *gfx ? " " : "", gfx);
}

/* The UUID as ROCr has it, from the same number; 0: the card has none. */
static void
node_set_nodes (Device *device, const char *properties)
{
  uint64_t id = property (properties, "unique_id"), minor = property (properties, "drm_render_minor");
  g_autofree char *uuid = id ? g_strdup_printf ("GPU-%016" G_GINT64_MODIFIER "x", id) : g_strdup ("");
  g_autofree char *render = g_strdup_printf ("/dev/dri/renderD%" G_GUINT64_FORMAT, minor);

  device_set_uuid (device, uuid);
  if (minor == 0)
    return;
  device_add_node (device, "/dev/kfd");
  device_add_node (device, render);
}

static void
node_add (Devices *devices, const char *root, const char *node, const char *rocminfo)
{
  /* Of a node that a container may not see, this cannot be read. */
  g_autofree char *properties = device_read (root, NODES "/%s/properties", node);
  g_autofree char *version = NULL;
  g_autofree char *driver = NULL;
  g_autofree char *name = NULL;
  g_autofree char *gfx = NULL;
  Device *device;

  if (!properties || property (properties, "simd_count") == 0 || property (properties, "vendor_id") != VENDOR)
    return;
  name = node_name (root, node, properties, rocminfo);
  gfx = gfx_name (property (properties, "gfx_target_version"));
  device = devices_add (devices, "rocm", name);
  if (!device)
    return;
  version = device_read (root, "sys/module/amdgpu/version");
  driver = g_strconcat ("amdgpu ", version, NULL);
  device->cores =
      (unsigned)MIN (property (properties, "simd_count") / MAX (property (properties, "simd_per_cu"), 1), G_MAXUINT16);
  device->memory = node_memory (root, node, properties);
  if (device->memory > UINT64_C (1) << 50)
    device->memory = 0;
  node_set_nodes (device, properties);
  device_set_capability (device, gfx);
  device_set_driver (device, driver);
}

void
device_amd_add (Devices *devices, const char *root, const char *rocminfo)
{
  g_auto (GStrv) nodes = device_list_numbered (root, NODES, "");
  guint before = devices->list->len;

  for (char **node = nodes; *node; node++)
    node_add (devices, root, *node, rocminfo);
  if (devices->list->len == before && device_pci_has (root, VENDOR))
    devices_warn (devices, "There is an AMD card, but the kernel's amdgpu driver offers no computing on it "
                           "(/sys/class/kfd)");
}
