/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "once.h"

#include <sys/random.h>

#define SECRET_SIZE 24
#define WAITING_MAX 4096

struct Once
{
  unsigned seconds;
  GHashTable *waiting; /* SHA-256 of the secret → Waiting: how long a look-up takes says nothing about a secret */
};

typedef struct
{
  uid_t uid;
  gint64 until; /* µs, CLOCK_MONOTONIC */
} Waiting;

Once *
once_new (unsigned seconds)
{
  Once *once = g_new0 (Once, 1);

  once->seconds = seconds;
  once->waiting = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  return once;
}

void
once_free (Once *once)
{
  if (!once)
    return;
  g_hash_table_unref (once->waiting);
  g_free (once);
}

static gboolean
waiting_is_over (gpointer key, gpointer value, gpointer now)
{
  return ((Waiting *)value)->until <= *(gint64 *)now;
}

static void
once_purge (Once *once)
{
  gint64 now = g_get_monotonic_time ();

  g_hash_table_foreach_remove (once->waiting, waiting_is_over, &now);
}

char *
once_add (Once *once, uid_t uid)
{
  uint8_t bytes[SECRET_SIZE];
  Waiting *waiting;
  char *secret;

  once_purge (once);
  if (g_hash_table_size (once->waiting) >= WAITING_MAX || getrandom (bytes, sizeof bytes, 0) != sizeof bytes)
    return NULL;
  secret = g_base64_encode (bytes, sizeof bytes);
  g_strdelimit (secret, "+", '-');
  g_strdelimit (secret, "/", '_');
  waiting = g_new (Waiting, 1);
  *waiting = (Waiting){ .uid = uid, .until = g_get_monotonic_time () + (int64_t)once->seconds * G_USEC_PER_SEC };
  g_hash_table_insert (once->waiting, g_compute_checksum_for_string (G_CHECKSUM_SHA256, secret, -1), waiting);
  return secret;
}

bool
once_take (Once *once, const char *secret, uid_t *ret_uid)
{
  g_autofree char *digest = g_compute_checksum_for_string (G_CHECKSUM_SHA256, secret, -1);
  const Waiting *waiting;

  once_purge (once);
  waiting = g_hash_table_lookup (once->waiting, digest);
  if (!waiting)
    return false;
  *ret_uid = waiting->uid;
  g_hash_table_remove (once->waiting, digest);
  return true;
}

unsigned
once_seconds (const Once *once)
{
  return once->seconds;
}

bool
once_is_empty (Once *once)
{
  once_purge (once);
  return g_hash_table_size (once->waiting) == 0;
}
