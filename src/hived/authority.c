/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "authority.h"

#include <glib.h>
#include <unistd.h>

static const char *const action_words[] = {
  [ACTION_INSTALL_WORKER] = "install workers",   [ACTION_REMOVE_WORKER] = "remove workers",
  [ACTION_CANCEL_JOB] = "cancel this job",       [ACTION_READ_LOG] = "read this job's log (LogAccess= in hive.conf)",
  [ACTION_REFRESH] = "refresh the capabilities",
};

static int
authority_sender_uid (sd_bus_message *message, uid_t *ret_uid)
{
  sd_bus_creds *creds = NULL;
  int r;

  r = sd_bus_query_sender_creds (message, SD_BUS_CREDS_EUID, &creds);
  if (r < 0)
    return r;
  r = sd_bus_creds_get_euid (creds, ret_uid);
  sd_bus_creds_unref (creds);
  return r;
}

int
authority_check (sd_bus_message *message, Action action, uid_t owner, uid_t *ret_uid, sd_bus_error *error)
{
  g_autofree char *others = NULL;
  uid_t uid;
  int r;

  r = authority_sender_uid (message, &uid);
  if (r < 0)
    return r;
  if (uid == 0 || uid == geteuid () || (owner != (uid_t)-1 && uid == owner))
    {
      if (ret_uid)
        *ret_uid = uid;
      return 1;
    }

  if (geteuid () != 0)
    others = g_strdup_printf (" and the user who runs the hive (uid %u)", (unsigned)geteuid ());
  if (owner != (uid_t)-1)
    return sd_bus_error_setf (error, SD_BUS_ERROR_ACCESS_DENIED, "Only its owner (uid %u), root%s may %s",
                              (unsigned)owner, others ? others : "", action_words[action]);
  return sd_bus_error_setf (error, SD_BUS_ERROR_ACCESS_DENIED, "Only root%s may %s", others ? others : "",
                            action_words[action]);
}
