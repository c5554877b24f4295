/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "oci-registry.h"

/* Puts the build that the layout in @folder has under @tag into @registry, under the same tag: before the builds that
 * are there already. Others may do the same meanwhile. */
bool shipment_run (int folder, const char *tag, OciRegistry *registry, GError **error);
