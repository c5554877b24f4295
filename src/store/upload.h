/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "descriptor.h"
#include "http.h"

/* Puts @blob, which is in @fd from its start, into a registry whose uploads begin at @url: in chunks, and after a
 * broken one from where the registry says that it is, or else from the start, a few times. */
bool upload_run (Http *http, const char *url, const Descriptor *blob, int fd, GError **error);
