/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hive.h"

/* What changes which models there are: ImportModel, PullModel and RemoveModel of org.rbee.Hive. 0 or a negative errno.
 */
int model_jobs_publish (Hive *hive);
