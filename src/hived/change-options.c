/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "change-options.h"

#include <stddef.h>
#include <string.h>

#include "authority.h"
#include "bus-dict.h"
#include "error.h"

#define KEY_MAX 128

static const BusOption change_options[] = {
  { "owner", 'u', offsetof (ChangeOptions, owner) },
  { "idempotency_key", 's', offsetof (ChangeOptions, idempotency_key) },
  {},
};

bool
change_options_check (int64_t owner, const char *key, GError **error)
{
  if (key && (!*key || strlen (key) > KEY_MAX))
    {
      g_set_error (error, HIVE_ERROR, HIVE_ERROR_INVALID_ARGUMENT, "Option idempotency_key has 1 to %d bytes", KEY_MAX);
      return false;
    }
  if (owner == UINT32_MAX)
    {
      g_set_error (error, HIVE_ERROR, HIVE_ERROR_INVALID_ARGUMENT, "Option owner is a user's number");
      return false;
    }
  return true;
}

int
change_options_read (Hive *hive, sd_bus_message *message, ChangeOptions *options, sd_bus_error *error)
{
  g_autoptr (GError) failure = NULL;
  int r = bus_dict_read (message, change_options, options, error);

  if (r < 0)
    return r;
  if (!change_options_check (options->owner, options->idempotency_key, &failure))
    return bus_error_from_gerror (error, failure);
  return options->owner < 0 ? 0 : authority_check_bridge (hive->authority, message, "Option owner", error);
}

void
change_options_clear (ChangeOptions *options)
{
  g_clear_pointer (&options->idempotency_key, g_free);
}
