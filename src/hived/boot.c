/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "boot.h"

#include <systemd/sd-id128.h>

char *
boot_id (void)
{
  char text[SD_ID128_UUID_STRING_MAX];
  sd_id128_t id;

  return sd_id128_get_boot (&id) < 0 ? NULL : g_strdup (sd_id128_to_uuid_string (id, text));
}

bool
boot_is_now (const char *id)
{
  g_autofree char *now = boot_id ();

  return now && g_strcmp0 (id, now) == 0;
}
