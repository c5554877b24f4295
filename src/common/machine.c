/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "machine.h"

#include <sys/utsname.h>

/* The best first. */
static const char *const backends_known[] = { "cuda", "rocm", "intel", "cpu", NULL };

struct Machine
{
  Devices *devices; /* NULL: not known */
};

Machine *
machine_new (Devices *devices)
{
  Machine *machine = g_new0 (Machine, 1);

  if (devices && devices->list->len > 0)
    machine->devices = devices;
  else
    devices_free (devices);
  return machine;
}

void
machine_free (Machine *machine)
{
  if (!machine)
    return;
  g_clear_pointer (&machine->devices, devices_free);
  g_free (machine);
}

const Devices *
machine_devices (const Machine *machine)
{
  return machine->devices;
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

const char *
machine_architecture_alias (void)
{
  const char *architecture = machine_architecture ();

  return g_str_equal (architecture, "x86_64")  ? "amd64" :
         g_str_equal (architecture, "aarch64") ? "arm64" :
                                                 architecture;
}

bool
machine_is_architecture (char *const *names)
{
  return g_strv_contains ((const char *const *)names, machine_architecture ()) ||
         g_strv_contains ((const char *const *)names, machine_architecture_alias ()) ||
         g_strv_contains ((const char *const *)names, "any");
}

bool
machine_has_backend (const Machine *machine, const char *backend, char **ret_why)
{
  *ret_why = NULL;
  return !machine->devices || !g_strv_contains (backends_known, backend) ||
         devices_have_backend (machine->devices, backend, ret_why);
}

/* Where a backend is among @backends, of those that may be chosen; -1: nowhere. */
static int
find_usable (char *const *backends, const bool *usable, const char *wanted)
{
  for (int i = 0; backends[i]; i++)
    if (usable[i] && (!wanted || g_str_equal (backends[i], wanted)))
      return i;
  return -1;
}

/* What nobody knows to run here is taken for want of anything else alone. */
unsigned
machine_choose_backend (const Machine *machine, char *const *backends, const bool *usable, char **ret_reason)
{
  g_autoptr (GString) missing = g_string_new (NULL);
  int place;

  for (const char *const *known = backends_known; *known; known++)
    {
      bool processor = g_str_equal (*known, "cpu");
      g_autofree char *why = NULL;

      place = find_usable (backends, usable, *known);
      if (place < 0 || (!machine->devices && !processor))
        continue;
      if (machine_has_backend (machine, *known, &why))
        {
          *ret_reason = g_strdup (!machine->devices ? "what devices this machine has is not known yet" :
                                  missing->len > 0  ? missing->str :
                                  processor         ? "it is the one for the processor" :
                                                      why);
          return place;
        }
      g_string_append_printf (missing, "%s%s", missing->len > 0 ? ", " : "", why);
    }
  place = find_usable (backends, usable, NULL);
  *ret_reason = g_strdup (place < 0        ? "none is for this machine" :
                          missing->len > 0 ? missing->str :
                                             "it is the first for this machine's architecture");
  return MAX (place, 0);
}
