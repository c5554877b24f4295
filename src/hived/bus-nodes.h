/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-bus.h>

/* The paths of @names below @prefix, as an enumerator of sd-bus gives them: 0, or a negative errno. */
int bus_nodes (const char *prefix, char *const *names, char ***ret_nodes);
