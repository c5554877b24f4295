/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "instance.h"
#include "worker-record.h"

/* Finds all that an instance is made of, as it is now: its rule and its key; its model is still there. The errors of
 * instances_check_start(). */
bool instance_prepare (Instance *instance, const WorkerRecord *record, GError **error);

/* Whether @options fit the worker and this machine. The same errors, but for those of names, addresses
 * and the model itself. */
bool instance_check_options (Hive *hive, const WorkerRecord *record, const InstanceOptions *options, GError **error);
