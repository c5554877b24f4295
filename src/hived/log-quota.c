/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "log-quota.h"

#include "error.h"

#define USERS_MAX 1024
#define MINUTE    ((uint64_t)60 * G_USEC_PER_SEC)

/* What one user has left. */
typedef struct
{
  double left;
  uint64_t at; /* when that was so */
} Share;

struct LogQuota
{
  const Configuration *configuration;
  GHashTable *shares; /* uid → Share */
};

LogQuota *
log_quota_new (const Configuration *configuration)
{
  LogQuota *quota = g_new0 (LogQuota, 1);

  quota->configuration = configuration;
  quota->shares = g_hash_table_new_full (NULL, NULL, NULL, g_free);
  return quota;
}

void
log_quota_free (LogQuota *quota)
{
  if (!quota)
    return;
  g_hash_table_unref (quota->shares);
  g_free (quota);
}

static gboolean
share_is_whole (void *uid, void *share, void *now)
{
  return ((Share *)share)->at + MINUTE <= *(uint64_t *)now;
}

static void
log_quota_make_room (LogQuota *quota, uint64_t now)
{
  GHashTableIter each;
  void *uid, *value, *oldest = NULL;
  uint64_t at = UINT64_MAX;

  if (g_hash_table_size (quota->shares) < USERS_MAX ||
      g_hash_table_foreach_remove (quota->shares, share_is_whole, &now) > 0)
    return;
  g_hash_table_iter_init (&each, quota->shares);
  while (g_hash_table_iter_next (&each, &uid, &value))
    if (((Share *)value)->at < at)
      {
        at = ((Share *)value)->at;
        oldest = uid;
      }
  g_hash_table_remove (quota->shares, oldest);
}

static Share *
log_quota_get (LogQuota *quota, uid_t uid, uint64_t now)
{
  Share *share = g_hash_table_lookup (quota->shares, GUINT_TO_POINTER (uid));

  if (share)
    return share;
  log_quota_make_room (quota, now);
  share = g_new0 (Share, 1);
  share->left = quota->configuration->max_open_logs;
  share->at = now;
  g_hash_table_insert (quota->shares, GUINT_TO_POINTER (uid), share);
  return share;
}

bool
log_quota_take (LogQuota *quota, uid_t uid, uint64_t now, GError **error)
{
  double max = quota->configuration->max_open_logs;
  Share *share = log_quota_get (quota, uid, now);

  share->left = MIN (max, share->left + max * (double)(now - share->at) / (double)MINUTE);
  share->at = now;
  if (share->left >= 1)
    {
      share->left -= 1;
      return true;
    }
  g_set_error (
      error, HIVE_ERROR, HIVE_ERROR_LIMITS_EXCEEDED,
      "User %u was given %u logs within a minute (MaxOpenLogs=%u in hive.conf); ask again in a moment, or keep "
      "them open",
      (unsigned)uid, (unsigned)max, (unsigned)max);
  return false;
}
