/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "configuration.h"

/* Warns of each file or folder of the configuration that others than root cannot read: builds, the bridge and hivectl
 * do so as users of their own, and a umask of 077 makes such files. */
void configuration_access_warn (const Configuration *configuration);
