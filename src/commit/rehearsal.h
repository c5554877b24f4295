/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

#include "configuration.h"

/* Whether what package() made has places where this machine would take it, for who built it without the hive: the rules
 * of an install, as far as any user can look. Changes nothing and takes no lock.
 *
 * @request: `work` (the folder that has `pkg` and `list`), `worker_id`, `pkgname`, `binary` (as in an install; "":
 * none). PackageInvalid and FileConflict as an install has them. */
bool rehearsal_run (const Configuration *configuration, JsonObject *request, GError **error);
