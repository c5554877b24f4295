/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hive.h"

/* Ends a daemon that the bus can start again, when nobody has called it for IdleTimeout= and nothing is under way. */
typedef struct Idle Idle;

Idle *idle_new (Hive *hive);
void idle_free (Idle *idle);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Idle, idle_free)
