/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "worker-id.h"

#include <string.h>

#include "error.h"

#define WORKER_ID_MAX 100

bool
worker_id_is_valid (const char *id)
{
  size_t length = strspn (id, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "._-");

  return length > 0 && length <= WORKER_ID_MAX && !id[length] && g_ascii_isalnum (*id) && !strstr (id, "..");
}

bool
worker_id_check (const char *id, GError **error)
{
  g_autofree char *shown = NULL;

  if (worker_id_is_valid (id))
    return true;

  shown = g_utf8_make_valid (id, MIN (strlen (id), WORKER_ID_MAX + 1));
  g_set_error (error, HIVE_ERROR, HIVE_ERROR_INVALID_ARGUMENT,
               "\"%s\" is not a worker id: one is 1 to 100 of the characters A-Z, a-z, 0-9, ., _ and -, "
               "begins with a letter or a digit, and has no two dots together",
               shown);
  return false;
}
