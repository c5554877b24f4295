/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "error.h"
#include "log-quota.h"

#define SECOND ((uint64_t)G_USEC_PER_SEC)

static const Configuration configuration = { .max_open_logs = 6 };

static void
take_all (LogQuota *quota, uid_t uid, uint64_t now)
{
  for (int i = 0; i < 6; i++)
    g_assert_true (log_quota_take (quota, uid, now, NULL));
}

static void
test_more_than_the_share_is_refused_by_name (void)
{
  g_autoptr (LogQuota) quota = log_quota_new (&configuration);
  g_autoptr (GError) error = NULL;

  take_all (quota, 1000, SECOND);
  g_assert_false (log_quota_take (quota, 1000, SECOND, &error));
  g_assert_error (error, HIVE_ERROR, HIVE_ERROR_LIMITS_EXCEEDED);
  g_assert_nonnull (strstr (error->message, "MaxOpenLogs=6"));
  g_assert_nonnull (strstr (error->message, "1000"));
}

static void
test_each_user_has_his_own (void)
{
  g_autoptr (LogQuota) quota = log_quota_new (&configuration);

  take_all (quota, 0, SECOND);
  g_assert_false (log_quota_take (quota, 0, SECOND, NULL));
  take_all (quota, 1000, SECOND);
}

static void
test_it_grows_again_and_no_further_than_the_share (void)
{
  g_autoptr (LogQuota) quota = log_quota_new (&configuration);

  take_all (quota, 1000, 0);
  g_assert_false (log_quota_take (quota, 1000, 9 * SECOND, NULL));
  g_assert_true (log_quota_take (quota, 1000, 11 * SECOND, NULL));
  g_assert_false (log_quota_take (quota, 1000, 12 * SECOND, NULL));
  take_all (quota, 1000, 3600 * SECOND);
  g_assert_false (log_quota_take (quota, 1000, 3600 * SECOND, NULL));
}

static void
test_very_many_users_push_out_the_one_who_took_longest_ago (void)
{
  g_autoptr (LogQuota) quota = log_quota_new (&configuration);

  take_all (quota, 1, 0);
  take_all (quota, 2, SECOND);
  for (uid_t uid = 100; uid < 100 + 1023; uid++)
    g_assert_true (log_quota_take (quota, uid, 2 * SECOND, NULL));
  g_assert_false (log_quota_take (quota, 2, 3 * SECOND, NULL));
  take_all (quota, 1, 3 * SECOND);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/log-quota/more-than-the-share-is-refused-by-name", test_more_than_the_share_is_refused_by_name);
  g_test_add_func ("/log-quota/each-user-has-his-own", test_each_user_has_his_own);
  g_test_add_func ("/log-quota/it-grows-again-and-no-further-than-the-share",
                   test_it_grows_again_and_no_further_than_the_share);
  g_test_add_func ("/log-quota/very-many-users-push-out-the-one-who-took-longest-ago",
                   test_very_many_users_push_out_the_one_who_took_longest_ago);
  return g_test_run ();
}
