/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "device-probe.h"
#include "file.h"

#define READ_MAX (4 * 1024 * 1024)

char *
device_read (const char *root, const char *format, ...)
{
  g_autofree char *name = NULL;
  g_autofree char *path = NULL;
  g_autoptr (GString) text = g_string_new (NULL);
  g_auto (Fd) fd = -1;
  char buffer[16 * 1024];
  va_list arguments;
  ssize_t n = 0;

  va_start (arguments, format);
  name = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  path = g_build_filename (root, name, NULL);
  fd = open (path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
  while (fd >= 0 && text->len < READ_MAX && (n = read (fd, buffer, sizeof buffer)) > 0)
    g_string_append_len (text, buffer, n);
  return fd < 0 || n < 0 ? NULL : g_utf8_make_valid (text->str, -1);
}

uint64_t
device_read_number (const char *path, uint64_t fallback)
{
  g_autofree char *text = device_read (path, "%s", "");
  guint64 number;

  if (!text)
    return fallback;
  g_strstrip (text);
  if (g_str_has_prefix (text, "0x"))
    return g_ascii_string_to_unsigned (text + 2, 16, 0, UINT64_MAX, &number, NULL) ? number : fallback;
  return g_ascii_string_to_unsigned (text, 10, 0, UINT64_MAX, &number, NULL) ? number : fallback;
}

typedef struct
{
  char *name;
  guint64 number;
} Numbered;

static void
numbered_clear (void *entry)
{
  g_free (((Numbered *)entry)->name);
}

static int
numbered_compare (const void *a, const void *b)
{
  guint64 first = ((const Numbered *)a)->number, second = ((const Numbered *)b)->number;

  return first < second ? -1 : first > second;
}

char **
device_list_numbered (const char *root, const char *directory, const char *prefix)
{
  g_autofree char *path = g_build_filename (root, directory, NULL);
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  g_autoptr (GArray) found = g_array_new (FALSE, FALSE, sizeof (Numbered));
  g_autoptr (GStrvBuilder) names = g_strv_builder_new ();
  const char *name;

  g_array_set_clear_func (found, numbered_clear);
  while (dir && (name = g_dir_read_name (dir)))
    {
      Numbered entry = { NULL, 0 };

      if (!g_str_has_prefix (name, prefix) ||
          !g_ascii_string_to_unsigned (name + strlen (prefix), 10, 0, UINT32_MAX, &entry.number, NULL))
        continue;
      entry.name = g_strdup (name);
      g_array_append_val (found, entry);
    }
  g_array_sort (found, numbered_compare);
  for (guint i = 0; i < found->len; i++)
    g_strv_builder_add (names, g_array_index (found, Numbered, i).name);
  return g_strv_builder_end (names);
}

/* pci.ids: a vendor's line is "1002  Advanced…", its devices follow, each after a tab: "\t744c  Navi 31 [Radeon…]". */
static char *
pci_ids_find (const char *text, unsigned vendor, unsigned device)
{
  g_autofree char *vendor_line = g_strdup_printf ("\n%04x  ", vendor);
  g_autofree char *device_line = g_strdup_printf ("\t%04x  ", device);
  const char *line = strstr (text, vendor_line);

  for (line = line ? strchr (line + 1, '\n') : NULL; line && (line[1] == '\t' || line[1] == '#');
       line = strchr (line + 1, '\n'))
    if (g_str_has_prefix (line + 1, device_line))
      {
        line += 1 + strlen (device_line);
        return g_strndup (line, strcspn (line, "\n"));
      }
  return NULL;
}

char *
device_pci_name (const char *root, unsigned vendor, unsigned device)
{
  static const char *const files[] = { "usr/share/hwdata/pci.ids", "usr/share/misc/pci.ids" };

  for (gsize i = 0; i < G_N_ELEMENTS (files); i++)
    {
      g_autofree char *text = device_read (root, "%s", files[i]);
      char *name = text ? pci_ids_find (text, vendor, device) : NULL;

      if (name)
        return name;
    }
  return NULL;
}

bool
device_pci_has (const char *root, unsigned vendor)
{
  g_autofree char *path = g_build_filename (root, "sys/bus/pci/devices", NULL);
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const char *name;

  while (dir && (name = g_dir_read_name (dir)))
    {
      g_autofree char *vendor_file = g_build_filename (path, name, "vendor", NULL);
      g_autofree char *class_file = g_build_filename (path, name, "class", NULL);
      uint64_t class = device_read_number (class_file, 0) >> 16;

      if (device_read_number (vendor_file, 0) == vendor && (class == 0x03 || class == 0x12))
        return true;
    }
  return false;
}
