/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "device.h"

/* What of this machine decides which worker is for it: its platform, its architecture, and the devices that the daemon
 * knows of. */
typedef struct Machine Machine;

/* Takes @devices; NULL, or without any: nobody has looked yet. */
Machine *machine_new (Devices *devices);
void machine_free (Machine *machine);

/* NULL: nobody has looked yet. */
const Devices *machine_devices (const Machine *machine);

#define MACHINE_PLATFORM "linux"

/* As uname(2) says it. */
const char *machine_architecture (void);

/* As Debian, Go and container registries call it: amd64, arm64. */
const char *machine_architecture_alias (void);

/* Whether one of @names is this machine's, by either name, or "any". */
bool machine_is_platform (char *const *names);
bool machine_is_architecture (char *const *names);

/* Whether programs built for @backend run here, and why or why not in words. Of a backend that needs a device nobody
 * knows how to look for, and where nobody has looked, that isn't known: true, without words. */
bool machine_has_backend (const Machine *machine, const char *backend, char **ret_why);

/* The place in @backends of the one that is best here: of those that run and @usable says may be chosen, the one for an
 * NVIDIA card, an AMD one, an Intel one, the processor; else one that may be chosen; else the first. @ret_reason: why.
 */
unsigned machine_choose_backend (const Machine *machine, char *const *backends, const bool *usable, char **ret_reason);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Machine, machine_free)
