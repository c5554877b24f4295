/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <dlfcn.h>
#include <glib/gi18n.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "device-probe.h"

#define VENDOR     0x10de
#define NO_LIBRARY 77 /* exit status */
#define TIMEOUT    15 /* a card that sleeps wakes up first */
#define MIB        (1024 * 1024)

#define WSL_FOLDER  "/usr/lib/wsl/lib" /* Windows's drivers, as far as Linux uses them */
#define WSL_LIBRARY WSL_FOLDER "/libnvidia-ml.so.1"
#define WSL_DEVICE  "dev/dxg"

/* NVML (nvml.h), as far as it is used. */
typedef void *NvmlDevice;
typedef struct
{
  unsigned long long total, free, used;
} NvmlMemory;

typedef struct
{
  int (*init) (void);
  const char *(*error_string) (int code);
  int (*driver_version) (char *version, unsigned length);
  int (*count) (unsigned *count);
  int (*handle) (unsigned index, NvmlDevice *device);
  int (*name) (NvmlDevice device, char *name, unsigned length);
  int (*memory) (NvmlDevice device, NvmlMemory *memory);
  int (*capability) (NvmlDevice device, int *major, int *minor);
  int (*uuid) (NvmlDevice device, char *uuid, unsigned length);
  int (*minor) (NvmlDevice device, unsigned *minor);
} Nvml;

/* The loader finds it, in WSL2 only where ld.so.conf.d names that folder. */
static void *
nvml_load (void)
{
  void *library = dlopen ("libnvidia-ml.so.1", RTLD_NOW);

  return library ? library : dlopen (WSL_LIBRARY, RTLD_NOW);
}

static bool
nvml_open (Nvml *nvml)
{
  static const struct
  {
    const char *name;
    gsize offset;
    bool dispensable; /* a driver's library is one without it, too */
  } symbols[] = {
    { "nvmlInit_v2", G_STRUCT_OFFSET (Nvml, init) },
    { "nvmlErrorString", G_STRUCT_OFFSET (Nvml, error_string) },
    { "nvmlSystemGetDriverVersion", G_STRUCT_OFFSET (Nvml, driver_version), true },
    { "nvmlDeviceGetCount_v2", G_STRUCT_OFFSET (Nvml, count) },
    { "nvmlDeviceGetHandleByIndex_v2", G_STRUCT_OFFSET (Nvml, handle) },
    { "nvmlDeviceGetName", G_STRUCT_OFFSET (Nvml, name) },
    { "nvmlDeviceGetMemoryInfo", G_STRUCT_OFFSET (Nvml, memory), true },
    { "nvmlDeviceGetCudaComputeCapability", G_STRUCT_OFFSET (Nvml, capability), true },
    { "nvmlDeviceGetUUID", G_STRUCT_OFFSET (Nvml, uuid), true },
    { "nvmlDeviceGetMinorNumber", G_STRUCT_OFFSET (Nvml, minor), true },
  };
  void *library = nvml_load ();

  for (gsize i = 0; library && i < G_N_ELEMENTS (symbols); i++)
    if (!(G_STRUCT_MEMBER (void *, nvml, symbols[i].offset) = dlsym (library, symbols[i].name)) &&
        !symbols[i].dispensable)
      return false;
  return library != NULL;
}

/* One line as nvidia-smi has it, and as it says what cannot be known; minor_number is a column of ours. */
static void
nvml_print_device (const Nvml *nvml, unsigned index, const char *driver)
{
  g_autofree char *memory_text = NULL;
  g_autofree char *capability = NULL;
  char name[128] = "", uuid[96] = "[N/A]", node[16] = "[N/A]";
  NvmlMemory memory;
  NvmlDevice device;
  unsigned number;
  int major, minor;

  if (nvml->handle (index, &device) != 0 || nvml->name (device, name, sizeof name - 1) != 0)
    g_strlcpy (name, "[Unknown Error]", sizeof name);
  else
    {
      if (nvml->memory && nvml->memory (device, &memory) == 0)
        memory_text = g_strdup_printf ("%llu MiB", memory.total / MIB);
      if (nvml->capability && nvml->capability (device, &major, &minor) == 0)
        capability = g_strdup_printf ("%d.%d", major, minor);
      if (!nvml->uuid || nvml->uuid (device, uuid, sizeof uuid - 1) != 0)
        g_strlcpy (uuid, "[N/A]", sizeof uuid);
      if (nvml->minor && nvml->minor (device, &number) == 0)
        g_snprintf (node, sizeof node, "%u", number);
    }
  printf ("%s, %s, %s, %s, %s, %s\n", name, memory_text ? memory_text : "[N/A]", capability ? capability : "[N/A]",
          driver, uuid, node);
}

/* In a child: prints the table that nvidia-smi would. */
static int
nvml_run (const void *data)
{
  char driver[96] = "[N/A]";
  unsigned count;
  Nvml nvml;
  int r;

  if (!nvml_open (&nvml))
    return NO_LIBRARY;
  if ((r = nvml.init ()) != 0 || (r = nvml.count (&count)) != 0)
    {
      puts (nvml.error_string (r));
      return fflush (stdout) == 0 ? 1 : NO_LIBRARY;
    }
  if (nvml.driver_version)
    nvml.driver_version (driver, sizeof driver - 1);
  puts ("name, memory.total [MiB], compute_cap, driver_version, uuid, minor_number");
  for (unsigned i = 0; i < count; i++)
    nvml_print_device (&nvml, i, driver);
  return fflush (stdout) == 0 ? 0 : 1;
}

typedef struct
{
  const char *program;
  const char *columns;
} Smi;

static int
smi_run (const void *data)
{
  const Smi *smi = data;
  g_autofree char *query = g_strconcat ("--query-gpu=", smi->columns, NULL);

  setenv ("LC_ALL", "C", 1);
  execl (smi->program, "nvidia-smi", query, "--format=csv", NULL);
  return 127;
}

/* Drivers of before 2021 don't know compute_cap, and then answer nothing else. */
static char *
smi_ask (const char *program, int *ret_status)
{
  const Smi all = { program, "name,memory.total,compute_cap,driver_version,uuid" };
  const Smi old = { program, "name,memory.total,driver_version,uuid" };
  char *text = device_ask (smi_run, &all, TIMEOUT, ret_status);
  char *again = text && *ret_status != 0 ? device_ask (smi_run, &old, TIMEOUT, ret_status) : NULL;

  if (!again)
    return text;
  g_free (text);
  return again;
}

/* Where a column of that name is in the first line ("memory.total [MiB]" is memory.total); -1: nowhere. */
static int
table_find (char *const *columns, const char *name)
{
  for (int i = 0; columns[i]; i++)
    if (strcspn (columns[i], " ") == strlen (name) && g_str_has_prefix (columns[i], name))
      return i;
  return -1;
}

static char **
table_split (const char *line)
{
  char **cells = g_strsplit (line, ",", 64);

  for (char **cell = cells; *cell; cell++)
    g_strstrip (*cell);
  return cells;
}

/* "[N/A]", "[Not Supported]", "[Unknown Error]", "N/A": nothing. */
static const char *
table_cell (char *const *cells, int column)
{
  const char *cell = column < 0 ? "" : cells[column];

  return *cell == '[' || g_str_equal (cell, "N/A") ? "" : cell;
}

/* "8.6" and nothing else: it goes into command lines of compilers. */
static bool
capability_is_valid (const char *text)
{
  size_t major = strspn (text, G_CSET_DIGITS);

  return major > 0 && major < 4 && text[major] == '.' && strlen (text + major + 1) < 4 && text[major + 1] &&
         !text[major + 1 + strspn (text + major + 1, G_CSET_DIGITS)];
}

/* What programs open that compute by CUDA. The number in a node's name is not NVML's index. */
static void
table_read_nodes (Device *device, const char *number)
{
  g_autofree char *node = NULL;
  guint64 minor;

  if (!g_ascii_string_to_unsigned (number, 10, 0, 255, &minor, NULL))
    return;
  node = g_strdup_printf ("/dev/nvidia%" G_GUINT64_FORMAT, minor);
  device_add_node (device, node);
  device_add_node (device, "/dev/nvidiactl");
  device_add_node (device, "/dev/nvidia-uvm");
}

static void
table_read_line (Devices *devices, char *const *columns, const char *line, const char *tool)
{
  g_auto (GStrv) cells = table_split (line);
  const char *name = "", *memory, *capability;
  Device *device;
  guint64 mib = 0;

  if (g_strv_length (cells) == g_strv_length ((char **)columns) && !strstr (line, "[GPU requires reset]"))
    name = table_cell (cells, table_find (columns, "name"));
  if (!*name)
    {
      devices_warn (devices, "An NVIDIA card cannot be used: %s says \"%s\"", tool, line);
      return;
    }
  device = devices_add (devices, "cuda", name);
  if (!device)
    return;
  memory = table_cell (cells, table_find (columns, "memory.total"));
  capability = table_cell (cells, table_find (columns, "compute_cap"));
  if (*memory)
    mib = g_ascii_strtoull (memory, NULL, 10);
  device->memory = mib <= 1 << 24 ? mib * MIB : 0;
  device_set_capability (device, capability_is_valid (capability) ? capability : "");
  device_set_driver (device, table_cell (cells, table_find (columns, "driver_version")));
  device_set_uuid (device, table_cell (cells, table_find (columns, "uuid")));
  table_read_nodes (device, table_cell (cells, table_find (columns, "minor_number")));
}

/* Where cards are no PCI devices, what shows that there may be one, and what to do when its driver does not reach it.
 */
typedef struct
{
  const char *marks[6];
  const char *there, *hint;
} Platform;

static const Platform platforms[] = {
  { { WSL_DEVICE },
    N_ ("Windows shares its cards with this machine (/dev/dxg)"),
    N_ ("in WSL2 NVIDIA's driver is that of Windows: install it there, then restart this machine with wsl "
        "--shutdown") },
  { { "etc/nv_tegra_release", "dev/nvhost-ctrl-gpu", "dev/nvhost-gpu", "dev/nvgpu", "dev/nvmap" },
    N_ ("This is a Jetson"),
    N_ ("NVML knows its card since JetPack 6, where /dev/nvmap and /dev/nvhost-* or /dev/nvgpu may be opened by group "
        "video") },
};

/* NULL: none of them. */
static const Platform *
platform_find (const char *root)
{
  for (gsize i = 0; i < G_N_ELEMENTS (platforms); i++)
    for (const char *const *mark = platforms[i].marks; *mark; mark++)
      {
        g_autofree char *path = g_build_filename (root, *mark, NULL);

        if (g_file_test (path, G_FILE_TEST_EXISTS))
          return &platforms[i];
      }
  return NULL;
}

/* The driver is here, and a card may be, or is when @plugged. */
static void
warn_unreached (Devices *devices, const Platform *platform, bool plugged, const char *tool, char *said)
{
  const char *line = g_strstrip (said);

  line = *line ? line : "nothing";
  if (platform)
    devices_warn (devices, "%s, but no NVIDIA card can be used: %s says \"%.*s\"; %s", platform->there, tool,
                  (int)strcspn (line, "\n"), line, platform->hint);
  else if (plugged)
    devices_warn (
        devices,
        "There is an NVIDIA card, but %s says \"%.*s\": why its driver does not take it stands in the kernel's "
        "log (journalctl -k -g 'NVRM|nvidia')",
        tool, (int)strcspn (line, "\n"), line);
  else
    devices_warn (devices,
                  "NVIDIA's driver is installed, but %s says \"%.*s\": there is no NVIDIA card, or this machine cannot "
                  "reach it",
                  tool, (int)strcspn (line, "\n"), line);
}

/* No library and no tool of NVIDIA's. */
static void
warn_undriven (Devices *devices, const Platform *platform, bool plugged)
{
  if (plugged)
    devices_warn (devices, "There is an NVIDIA card, but NVIDIA's driver is not installed: neither "
                           "libnvidia-ml.so.1 nor nvidia-smi is there");
  else if (platform)
    devices_warn (devices,
                  "%s, but neither libnvidia-ml.so.1 nor nvidia-smi is there, by which the hive knows them: %s",
                  platform->there, platform->hint);
}

void
device_nvidia_read (Devices *devices, const char *text, const char *tool)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  g_auto (GStrv) columns = NULL;

  for (char **line = lines; *line; line++)
    {
      g_auto (GStrv) cells = NULL;

      if (!*g_strstrip (*line))
        continue;
      if (columns)
        {
          table_read_line (devices, columns, *line, tool);
          continue;
        }
      cells = table_split (*line);
      if (table_find (cells, "name") < 0 || !cells[1])
        {
          /* No table: it says why. */
          devices_warn (devices, "No NVIDIA card can be used: %s says \"%s\"%s", tool, *line,
                        strstr (text, "version mismatch") ? "; its driver was upgraded: restart the machine" : "");
          return;
        }
      columns = g_steal_pointer (&cells);
    }
  if (!columns)
    devices_warn (devices, "No NVIDIA card can be used: %s says nothing", tool);
}

/* Where a card is no PCI device of this machine, it has no nodes of the usual names: in WSL2 it has one for all, and a
 * Jetson's are many. */
static void
platform_set_nodes (const Platform *platform, Devices *devices)
{
  for (guint i = 0; platform && i < devices->list->len; i++)
    {
      Device *device = devices->list->pdata[i];

      g_strfreev (device->nodes);
      device->nodes = g_new0 (char *, 1);
      if (platform == &platforms[0])
        device_add_node (device, "/" WSL_DEVICE);
    }
}

void
device_nvidia_add (Devices *devices, const char *root)
{
  g_autofree char *program = NULL;
  g_autofree char *text = NULL;
  const char *tool = "libnvidia-ml.so.1";
  const Platform *platform = platform_find (root);
  bool plugged = device_pci_has (root, VENDOR);
  guint known = devices->list->len + devices->warnings->len;
  int status;

  text = device_ask (nvml_run, NULL, TIMEOUT, &status);
  if (status == NO_LIBRARY)
    {
      g_clear_pointer (&text, g_free);
      tool = "nvidia-smi";
      program = g_find_program_in_path (tool);
      if (!program && access (WSL_FOLDER "/nvidia-smi", X_OK) == 0)
        program = g_strdup (WSL_FOLDER "/nvidia-smi");
      if (!program)
        {
          warn_undriven (devices, platform, plugged);
          return;
        }
      text = smi_ask (program, &status);
    }
  if (text && *text && status != 0 && !plugged && (platform || !strstr (text, "version mismatch")))
    warn_unreached (devices, platform, plugged, tool, text);
  else if (text)
    {
      device_nvidia_read (devices, text, tool);
      platform_set_nodes (platform, devices);
    }
  else
    devices_warn (devices, "No NVIDIA card can be used: %s crashes, or does not answer in %d seconds", tool, TIMEOUT);
  if ((platform || plugged) && devices->list->len + devices->warnings->len == known)
    warn_unreached (devices, platform, plugged, tool, (char[]){ "no devices" });
}
