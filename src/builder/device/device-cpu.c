/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>
#include <sys/utsname.h>

#include "device-probe.h"

/* What model runtimes are built in variants for: x86_64's flags, and aarch64's Features. */
static const char *const sets[] = {
  "sse4_2",   "avx",      "f16c",        "fma",         "bmi2",        "avx2",     "avx_vnni", "avx512f",  "avx512dq",
  "avx512bw", "avx512vl", "avx512_vnni", "avx512_bf16", "avx512_fp16", "amx_tile", "amx_int8", "amx_bf16", "amx_fp16",
  "asimd",    "asimdhp",  "asimddp",     "i8mm",        "bf16",        "sve",      "sve2",     "sme",
};

/* The value of the first line "KEY : value" whose key is one of @keys; borrowed from @lines. */
static const char *
cpu_value (char *const *lines, const char *const *keys)
{
  for (; *keys; keys++)
    for (char *const *line = lines; *line; line++)
      {
        const char *colon = strchr (*line, ':');
        size_t length = strlen (*keys);

        if (colon && g_str_has_prefix (*line, *keys) &&
            strspn (*line + length, "\t ") == (size_t)(colon - *line) - length)
          return colon + 1 + strspn (colon + 1, " \t");
      }
  return NULL;
}

static unsigned
cpu_count (char *const *lines)
{
  unsigned count = 0;

  for (; *lines; lines++)
    if (g_str_has_prefix (*lines, "processor") && strchr (*lines, ':'))
      count++;
  return count;
}

static char **
cpu_sets (const char *flags)
{
  g_auto (GStrv) words = g_strsplit (flags ? flags : "", " ", -1);
  g_autoptr (GStrvBuilder) known = g_strv_builder_new ();

  for (gsize i = 0; i < G_N_ELEMENTS (sets); i++)
    if (g_strv_contains ((const char *const *)words, sets[i]))
      g_strv_builder_add (known, sets[i]);
  return g_strv_builder_end (known);
}

static uint64_t
memory_total (const char *root)
{
  static const char *const keys[] = { "MemTotal", NULL };
  g_autofree char *text = device_read (root, "proc/meminfo");
  g_auto (GStrv) lines = g_strsplit (text ? text : "", "\n", -1);
  const char *value = cpu_value (lines, keys);

  return value ? g_ascii_strtoull (value, NULL, 10) * 1024 : 0;
}

void
device_cpu_add (Devices *devices, const char *root)
{
  static const char *const names[] = { "model name", "cpu model", "Model", "cpu", "uarch", NULL };
  static const char *const flags[] = { "flags", "Features", NULL };
  g_autofree char *text = device_read (root, "proc/cpuinfo");
  g_auto (GStrv) lines = g_strsplit (text ? text : "", "\n", -1);
  const char *name = cpu_value (lines, names);
  struct utsname machine;
  Device *device;

  uname (&machine);
  device = devices_add (devices, "cpu", name && *name ? name : machine.machine);
  if (!device)
    return;
  device->cores = MAX (cpu_count (lines), 1);
  device->memory = memory_total (root);
  g_strfreev (device->instruction_sets);
  device->instruction_sets = cpu_sets (cpu_value (lines, flags));
}
