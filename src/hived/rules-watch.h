/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hive.h"

/* Tells the bus, while it lives, that what Rules= of [Run] names was changed: how each worker is run now. Free with
 * sd_event_source_disable_unref(). NULL where its folder cannot be watched: then a change is seen by whoever asks. */
sd_event_source *rules_watch_new (Hive *hive);
