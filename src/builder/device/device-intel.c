/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "device-probe.h"

#define VENDOR 0x8086
#define CARDS  "sys/class/drm"

/* Of a card with memory of its own: the xe driver says it a tile, i915 where it was built to. */
static uint64_t
card_memory (const char *root, const char *card)
{
  g_autofree char *device = g_build_filename (CARDS, card, "device", NULL);
  g_autofree char *directory = g_build_filename (root, device, NULL);
  g_autofree char *total = g_build_filename (root, CARDS, card, "lmem_total_bytes", NULL);
  g_auto (GStrv) tiles = device_list_numbered (root, device, "tile");
  uint64_t sum = 0;

  for (char **tile = tiles; *tile; tile++)
    {
      g_autofree char *path = g_build_filename (directory, *tile, "physical_vram_size_bytes", NULL);

      sum += device_read_number (path, 0);
    }
  return sum > 0 ? sum : device_read_number (total, 0);
}

static void
card_set_node (Device *device, const char *root, const char *card)
{
  g_autofree char *directory = g_build_filename (CARDS, card, "device/drm", NULL);
  g_auto (GStrv) names = device_list_numbered (root, directory, "renderD");
  g_autofree char *node = *names ? g_build_filename ("/dev/dri", *names, NULL) : NULL;

  if (node)
    device_add_node (device, node);
}

static void
card_add (Devices *devices, const char *root, const char *card)
{
  g_autofree char *vendor = g_build_filename (root, CARDS, card, "device/vendor", NULL);
  g_autofree char *model = g_build_filename (root, CARDS, card, "device/device", NULL);
  g_autofree char *link = g_build_filename (root, CARDS, card, "device/driver", NULL);
  g_autofree char *target = g_file_read_link (link, NULL);
  g_autofree char *driver = g_path_get_basename (target ? target : "");
  unsigned number = (unsigned)device_read_number (model, 0);
  g_autofree char *name = NULL;
  Device *device;

  if (device_read_number (vendor, 0) != VENDOR || (!g_str_equal (driver, "i915") && !g_str_equal (driver, "xe")))
    return;
  name = device_pci_name (root, VENDOR, number);
  if (!name)
    name = g_strdup_printf ("Intel GPU %04x", number);
  device = devices_add (devices, "intel", name);
  if (!device)
    return;
  device->memory = card_memory (root, card);
  if (device->memory > UINT64_C (1) << 50)
    device->memory = 0;
  device_set_driver (device, driver);
  card_set_node (device, root, card);
}

void
device_intel_add (Devices *devices, const char *root)
{
  g_auto (GStrv) cards = device_list_numbered (root, CARDS, "card");

  for (char **card = cards; *card; card++)
    card_add (devices, root, *card);
}
