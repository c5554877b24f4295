/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "launcher.h"

/* Appends the a(sv) of StartTransientUnit (org.freedesktop.systemd1(5)) that makes @launch a unit: its command, its
 * descriptors, its limits and what it may not do (systemd.exec(5), systemd.resource-control(5)). A builder runs as
 * @user. 0 or a negative errno. */
int unit_properties_append (sd_bus_message *message, const Launch *launch, const char *user,
                            const Configuration *configuration);
