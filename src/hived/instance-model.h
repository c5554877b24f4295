/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>
#include <systemd/sd-bus.h>

#include "configuration.h"
#include "device.h"
#include "run-rule.h"

/* The model that an instance runs with, as it was found when it was started; its record keeps it. */
typedef struct
{
  char *name, *format;
  char *path;                     /* of its file, of the first of several, or of its folder */
  char **files;                   /* all of them, without links */
  uint64_t size, cache_per_token; /* bytes; 0: unknown */
} InstanceModel;

/* From what models_find() found, or a record. NULL and ModelUnsupported when no unit can name its files; NULL and
 * ModelNotFound for what is neither. */
InstanceModel *instance_model_new (JsonObject *object, GError **error);
void instance_model_free (InstanceModel *model);
JsonObject *instance_model_to_json (const InstanceModel *model);

/* ModelUnsupported, naming both, when the worker of @rule does not read such models. */
bool instance_model_fits (const InstanceModel *model, const RunRule *rule, GError **error);

/* ModelNotFound, naming the file, when one is gone since; one that the hive may not look at is not. */
bool instance_model_is_there (const InstanceModel *model, GError **error);

/* Whether it has the file or folder @path. */
bool instance_model_has (const InstanceModel *model, const char *path);

/* Whether it fits on @device, with a context of @context tokens (-1: the worker's choice): what model_fits_on() says.
 */
bool instance_model_fits_on (const InstanceModel *model, int64_t context, const Device *device, char **ret_why);

/* Where the worker sees it. Free with g_free. */
char *instance_model_inside (const InstanceModel *model, const Configuration *configuration);

/* Makes, and takes away, the links by which the units of @instance name those of its paths that a unit's file cannot:
 * systemd writes what is to be bound as it is, and a blank ends it when the file is read again. */
bool instance_model_link (const InstanceModel *model, const char *instance, GError **error);
void instance_model_unlink (const InstanceModel *model, const char *instance);

/* Appends the property that has the worker of @instance see it there, for reading alone. 0, or a negative errno. */
int instance_model_append (const InstanceModel *model, const char *instance, const Configuration *configuration,
                           sd_bus_message *message);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (InstanceModel, instance_model_free)
