/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hive.h"
#include "worker-record.h"

/* What is installed: workers/<id>.json, written by rbee-hive-commit, read from disk when asked. */
Registry *registry_new (Hive *hive);
void registry_free (Registry *registry);

/* The record of @id, valid until another record is read or the end of this turn of the event loop.
 * NotInstalled, or Failed when it is damaged. */
const WorkerRecord *registry_get (Registry *registry, const char *id, GError **error);

/* True when a record of @id is there. */
bool registry_has (Registry *registry, const char *id);

/* The version of @id that is installed, or "". Free with g_free. */
char *registry_version (Registry *registry, const char *id);

/* The ids of all installed workers, sorted. Free with g_strfreev. */
char **registry_ids (Registry *registry);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Registry, registry_free)
