/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "worker-id.h"

#include "error.h"

#include <string.h>

#define WORKER_ID_MAX 100

bool
worker_id_is_valid (const char *id)
{
  size_t length = 0;

  for (; id[length]; length++)
    if (length == WORKER_ID_MAX ||
        !(g_ascii_islower (id[length]) || g_ascii_isdigit (id[length]) || (id[length] == '-' && length > 0)))
      return false;

  return length > 0;
}

bool
worker_id_check (const char *id, GError **error)
{
  g_autofree char *shown = NULL;

  if (worker_id_is_valid (id))
    return true;

  shown = g_utf8_make_valid (id, MIN (strlen (id), WORKER_ID_MAX + 1));
  g_set_error (error, HIVE_ERROR, HIVE_ERROR_INVALID_ARGUMENT,
               "\"%s\" is no worker id: one is 1 to 100 of the characters a-z, 0-9 and -, and doesn't begin with -",
               shown);
  return false;
}
