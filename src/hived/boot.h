/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* Which boot of the machine this is; NULL where nobody says. */
char *boot_id (void);

/* Whether @id, noted earlier, is this boot's. */
bool boot_is_now (const char *id);
