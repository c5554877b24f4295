/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* "812 B", "2.1 KB", "1.3 GB": powers of 1024, one decimal. Free with g_free. */
char *size_to_string (uint64_t size);

/* As systemd takes them: "64M", "1024", "1.5G", "8 GB", "1G 512M", "infinity" (INT64_MAX). False when it is not a size.
 */
bool size_from_string (const char *text, uint64_t *ret_size);
