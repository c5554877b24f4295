/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "machine-environment.h"

#include <sched.h>
#include <string.h>
#include <unistd.h>

#include "cgroup.h"

unsigned
machine_environment_jobs (unsigned processors, uint64_t memory, uint64_t memory_per_compiler)
{
  return (unsigned)CLAMP (memory / memory_per_compiler, 1, MAX (processors, 1));
}

/* Those that this process may run on, which in a container or with AllowedCPUs= are not all, and what the control
 * groups leave of them. */
static unsigned
count_processors (const CgroupLimits *limits)
{
  cpu_set_t *set = NULL;
  int most = 1024, count = 0;

  do
    {
      set = CPU_ALLOC ((size_t)most);
      if (sched_getaffinity (0, CPU_ALLOC_SIZE ((size_t)most), set) == 0)
        count = CPU_COUNT_S (CPU_ALLOC_SIZE ((size_t)most), set);
      CPU_FREE (set);
      most *= 4;
    }
  while (count == 0 && most < 1 << 20);
  if (count == 0)
    count = (int)sysconf (_SC_NPROCESSORS_ONLN);
  if (limits->processors > 0 && limits->processors < count)
    count = (int)(limits->processors + 0.5);
  return (unsigned)MAX (count, 1);
}

static void
set_jobs (const Configuration *configuration, Sandbox *sandbox)
{
  static const char *const names[] = { "CMAKE_BUILD_PARALLEL_LEVEL", "CARGO_BUILD_JOBS", "MAX_JOBS" };
  CgroupLimits limits = cgroup_limits ();
  uint64_t memory = (uint64_t)sysconf (_SC_PHYS_PAGES) * (uint64_t)sysconf (_SC_PAGESIZE);
  unsigned jobs =
      machine_environment_jobs (count_processors (&limits), limits.memory > 0 ? MIN (memory, limits.memory) : memory,
                                configuration->memory_per_compiler);
  g_autofree char *number = g_strdup_printf ("%u", jobs);
  g_autofree char *make = g_strdup_printf ("-j%u", jobs);

  sandbox_setenv (sandbox, "MAKEFLAGS", make);
  for (size_t i = 0; i < G_N_ELEMENTS (names); i++)
    sandbox_setenv (sandbox, names[i], number);
}

static int
compare_capabilities (const void *one, const void *other)
{
  return (int)g_ascii_strtoull (*(char *const *)one, NULL, 10) -
         (int)g_ascii_strtoull (*(char *const *)other, NULL, 10);
}

/* What all cards of @type can, each once: "86", or "gfx1100". */
static char **
list_capabilities (const Devices *devices, const char *type)
{
  g_autoptr (GPtrArray) all = g_ptr_array_new ();

  for (guint i = 0; i < devices->list->len; i++)
    {
      const Device *device = devices->list->pdata[i];
      g_auto (GStrv) parts = g_strsplit (device->compute_capability, ".", -1);
      g_autofree char *joined = g_strjoinv ("", parts);

      if (g_str_equal (device->type, type) && *joined &&
          !g_ptr_array_find_with_equal_func (all, joined, g_str_equal, NULL))
        g_ptr_array_add (all, g_steal_pointer (&joined));
    }
  g_ptr_array_sort (all, compare_capabilities);
  g_ptr_array_add (all, NULL);
  return (char **)g_ptr_array_free (g_steal_pointer (&all), FALSE);
}

/* "GPU-0=cuda:8.6 CPU-0=cpu". */
static void
set_devices (const Devices *devices, Sandbox *sandbox)
{
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 0; i < devices->list->len; i++)
    {
      const Device *device = devices->list->pdata[i];

      g_string_append_printf (text, "%s%s=%s%s%s", i > 0 ? " " : "", device->id, device->type,
                              *device->compute_capability ? ":" : "", device->compute_capability);
    }
  sandbox_setenv (sandbox, "HIVE_DEVICES", text->str);
}

void
machine_environment_add (const Machine *machine, const Configuration *configuration, Sandbox *sandbox)
{
  const Devices *devices = machine_devices (machine);
  g_auto (GStrv) cuda = devices ? list_capabilities (devices, "cuda") : NULL;
  g_auto (GStrv) rocm = devices ? list_capabilities (devices, "rocm") : NULL;

  set_jobs (configuration, sandbox);
  if (devices)
    set_devices (devices, sandbox);
  if (cuda && *cuda)
    {
      g_autofree char *all = g_strjoinv (";", cuda);

      /* It is one: what is built for the oldest card runs on the others too. */
      sandbox_setenv (sandbox, "CUDA_COMPUTE_CAP", cuda[0]);
      sandbox_setenv (sandbox, "CUDAARCHS", all);
      sandbox_setenv (sandbox, "CMAKE_CUDA_ARCHITECTURES", all);
    }
  if (rocm && *rocm)
    {
      g_autofree char *all = g_strjoinv (";", rocm);

      sandbox_setenv (sandbox, "AMDGPU_TARGETS", all);
      sandbox_setenv (sandbox, "CMAKE_HIP_ARCHITECTURES", all);
    }
}
