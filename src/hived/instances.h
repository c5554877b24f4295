/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "instance.h"

/* The workers that are to run, by name. systemd runs them: here is what tells it so, and follows what it says. */
Instances *instances_new (Hive *hive);
void instances_free (Instances *instances);

/* Finds again what an earlier daemon left, and makes what is to be there after a boot. */
void instances_start (Instances *instances);

/* The version of the systemd that runs them, as 252; 0: it has not said it yet. It has before it has told of units. */
unsigned instances_systemd_version (const Instances *instances);

/* NULL and NotRunning, naming it. */
Instance *instances_find (Instances *instances, const char *name, GError **error);

/* Their names, sorted. Free with g_strfreev. */
char **instances_names (Instances *instances);

/* The first one of @worker_id that is not being removed; NULL: there is none. */
const Instance *instances_of_worker (Instances *instances, const char *worker_id);

/* InUse, naming the instance, when one of @worker_id is there. */
bool instances_check_unused (Instances *instances, const char *worker_id, GError **error);

/* The name of one that runs with the model at @path (free with g_free()), or NULL. */
char *instances_user_of_model (Instances *instances, const char *path);

/* Whether one may be started so: NotInstalled, WorkerNotFound (nothing says how it is run), InUse (the name),
 * AddressInUse, DeviceUnavailable, InvalidArgument, LimitsExceeded. */
bool instances_check_start (Instances *instances, const char *worker_id, const InstanceOptions *options,
                            GError **error);

/* Another installation took the place of @worker_id's: those that run it run the version before. */
void instances_announce_replaced (Instances *instances, const char *worker_id);

/* Starts one, of which that was checked; @options and @model (NULL: none) are taken. @message is answered with its
 * object when its address listens, or with AddressInUse, ModelUnsupported, ModelNotFound or Failed, and then it is
 * gone. */
void instances_begin (Instances *instances, const char *worker_id, InstanceOptions *options, InstanceModel *model,
                      sd_bus_message *message);

/* Forgets one: it is freed. */
void instances_remove (Instances *instances, const Instance *instance);

bool instances_are_idle (const Instances *instances);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Instances, instances_free)
