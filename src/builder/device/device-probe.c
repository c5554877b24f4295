/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "device-probe.h"

#include <unistd.h>

#define TIMEOUT 10

static int
rocminfo_run (const void *program)
{
  setenv ("LC_ALL", "C", 1);
  execl (program, "rocminfo", NULL);
  return 127;
}

/* rocminfo knows how cards are sold; without it pci.ids has to do. */
static char *
rocminfo_ask (void)
{
  g_autofree char *program = g_find_program_in_path ("rocminfo");
  int status;

  if (!program && access ("/opt/rocm/bin/rocminfo", X_OK) == 0)
    program = g_strdup ("/opt/rocm/bin/rocminfo");
  if (!program || access ("/dev/kfd", F_OK) < 0)
    return NULL;
  return device_ask (rocminfo_run, program, TIMEOUT, &status);
}

Devices *
devices_probe (const char *root)
{
  Devices *devices = devices_new ();
  bool here = g_str_equal (root, "/");
  g_autofree char *rocminfo = here ? rocminfo_ask () : NULL;

  if (here)
    device_nvidia_add (devices, root);
  device_amd_add (devices, root, rocminfo);
  device_intel_add (devices, root);
  device_cpu_add (devices, root);
  return devices;
}

Devices *
devices_list (const Configuration *configuration)
{
  Devices *devices = devices_load (configuration, NULL);

  return devices ? devices : devices_probe ("/");
}
