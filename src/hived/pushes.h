/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hive.h"

/* Ready builds: PushWorker, PushWorkerWithOptions and ListStores of org.rbee.Hive. */
int pushes_publish (Hive *hive);

/* After an install that was a build: puts it into the stores that have Push=yes. */
void pushes_follow (Hive *hive, const Job *job);
