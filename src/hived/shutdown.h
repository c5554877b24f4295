/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hive.h"

/* What the hive and the machine's shutdown have to do with each other: it waits while files are being installed, and,
 * as configured, until builds have been ended in order. */
typedef struct Shutdown Shutdown;

Shutdown *shutdown_new (Hive *hive);
void shutdown_free (Shutdown *shutdown);

/* Jobs have begun or ended something. */
void shutdown_update (Shutdown *shutdown);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Shutdown, shutdown_free)
