/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "one-time-codes.h"

#include <sys/random.h>

#define SECRET_SIZE 24
#define WAITING_MAX 4096

struct OneTimeCodes
{
  unsigned seconds;
  GHashTable *waiting; /* SHA-256 of the secret → Waiting: how long a look-up takes says nothing about a secret */
};

typedef struct
{
  uid_t uid;
  gint64 until; /* µs, CLOCK_MONOTONIC */
} Waiting;

OneTimeCodes *
one_time_codes_new (unsigned seconds)
{
  OneTimeCodes *codes = g_new0 (OneTimeCodes, 1);

  codes->seconds = seconds;
  codes->waiting = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  return codes;
}

void
one_time_codes_free (OneTimeCodes *codes)
{
  if (!codes)
    return;
  g_hash_table_unref (codes->waiting);
  g_free (codes);
}

static gboolean
waiting_is_over (gpointer key, gpointer value, gpointer now)
{
  return ((Waiting *)value)->until <= *(gint64 *)now;
}

static void
one_time_codes_purge (OneTimeCodes *codes)
{
  gint64 now = g_get_monotonic_time ();

  g_hash_table_foreach_remove (codes->waiting, waiting_is_over, &now);
}

char *
one_time_codes_add (OneTimeCodes *codes, uid_t uid)
{
  uint8_t bytes[SECRET_SIZE];
  Waiting *waiting;
  char *secret;

  one_time_codes_purge (codes);
  if (g_hash_table_size (codes->waiting) >= WAITING_MAX || getrandom (bytes, sizeof bytes, 0) != sizeof bytes)
    return NULL;
  secret = g_base64_encode (bytes, sizeof bytes);
  g_strdelimit (secret, "+", '-');
  g_strdelimit (secret, "/", '_');
  waiting = g_new (Waiting, 1);
  *waiting = (Waiting){ .uid = uid, .until = g_get_monotonic_time () + (int64_t)codes->seconds * G_USEC_PER_SEC };
  g_hash_table_insert (codes->waiting, g_compute_checksum_for_string (G_CHECKSUM_SHA256, secret, -1), waiting);
  return secret;
}

bool
one_time_codes_take (OneTimeCodes *codes, const char *secret, uid_t *ret_uid)
{
  g_autofree char *digest = g_compute_checksum_for_string (G_CHECKSUM_SHA256, secret, -1);
  const Waiting *waiting;

  one_time_codes_purge (codes);
  waiting = g_hash_table_lookup (codes->waiting, digest);
  if (!waiting)
    return false;
  *ret_uid = waiting->uid;
  g_hash_table_remove (codes->waiting, digest);
  return true;
}

unsigned
one_time_codes_seconds (const OneTimeCodes *codes)
{
  return codes->seconds;
}

bool
one_time_codes_is_empty (OneTimeCodes *codes)
{
  one_time_codes_purge (codes);
  return g_hash_table_size (codes->waiting) == 0;
}
