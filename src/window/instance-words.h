/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hive-dbus.h"

/* What a worker that runs is doing, in a line: "Ready · tiny · GPU-0 · 1.2 GB"; of one that failed why. */
char *instance_words_describe (DbusHiveInstance *instance);
