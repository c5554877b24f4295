/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "instance.h"
#include "worker-record.h"

/* The names of an instance's units. systemd wants a socket and what it starts to have one name (a transient socket
 * cannot have Service=), so that is the proxy's; the worker's, for which an administrator writes drop-ins, is
 * rbee-worker-NAME.service. Free with g_free. */
char *instance_unit_name (const char *name, InstanceUnitKind kind);

/* The call that makes all three and starts the socket. NULL and Failed. */
sd_bus_message *instance_units_call (const Instance *instance, const WorkerRecord *record, GError **error);
