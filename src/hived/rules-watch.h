/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hive.h"

/* Tells the bus, while it lives, that what Rules= of [Run] names was changed: how each worker is run now. Its folder
 * may go and come back. What cannot be watched is seen by whoever asks, and so is a symbolic link on the way that leads
 * elsewhere now. */
RulesWatch *rules_watch_new (Hive *hive);
void rules_watch_free (RulesWatch *watch);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RulesWatch, rules_watch_free)
