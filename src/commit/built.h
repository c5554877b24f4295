/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "worker-record.h"

/* Takes over into @record what the builder wrote to build.json below @work_fd of the build; without that file the
 * record says nothing of it. PackageInvalid when it is damaged: it is read, and not believed. */
bool built_read (int work_fd, WorkerRecord *record, GError **error);
