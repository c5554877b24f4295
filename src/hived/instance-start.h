/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "instance.h"
#include "worker-record.h"

/* Finds how its worker is run now, and whether its model may be too large. False: nothing says how. */
bool instance_look_up (Instance *instance, const WorkerRecord *record, GError **error);

/* Finds the rest of what it is made of, too: its cards and its key; its model is still there. The errors of
 * instances_check_start(). */
bool instance_prepare (Instance *instance, const WorkerRecord *record, GError **error);

/* Whether @options fit the worker and this machine. The same errors, but for those of names, addresses
 * and the model itself. */
bool instance_check_options (Hive *hive, const WorkerRecord *record, const InstanceOptions *options, GError **error);
