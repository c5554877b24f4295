/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "authority.h"

#include <glib/gi18n.h>
#include <pwd.h>
#include <stdint.h>
#include <unistd.h>

#include "error.h"
#include "names.h"

#define POLKIT_NAME      "org.freedesktop.PolicyKit1"
#define POLKIT_PATH      "/org/freedesktop/PolicyKit1/Authority"
#define POLKIT_INTERFACE "org.freedesktop.PolicyKit1.Authority"
#define POLKIT_MAY_ASK   1u /* AllowUserInteraction */

#define PATIENCE        (10 * 60 * G_USEC_PER_SEC) /* somebody has to find a password */
#define CHECKS_MAX      1024                       /* of all: so many that no handful of users fills them */
#define CHECKS_USER_MAX 16

struct Authority
{
  sd_bus *bus;
  Callers *callers;
  uid_t bridge;       /* 0: there is no such user */
  GHashTable *checks; /* of AuthCheck, by message */
  uint64_t asked;     /* how many ever were */
};

/* A call that waits for polkit, or has its answer and is about to run again. */
typedef struct
{
  Authority *authority;
  sd_bus_message *message;
  Action action;
  uid_t uid;
  char *id;            /* to take the question back by */
  sd_bus_slot *asking; /* until the answer is there, as is what follows */
  sd_bus_track *sender;
  sd_bus_message *answer;
  sd_event_source *leftover;
} AuthCheck;

static const struct
{
  const char *id, *words;
} actions[] = {
  [ACTION_INSTALL_WORKER] = { "org.rbee.hive.install-worker", N_ ("install workers") },
  [ACTION_INSTALL_DEPENDENCIES] = { "org.rbee.hive.install-dependencies",
                                    N_ ("install workers together with the system packages they need") },
  [ACTION_INSTALL_RECIPE] = { "org.rbee.hive.install-recipe", N_ ("install workers by recipes of your own") },
  [ACTION_REMOVE_WORKER] = { "org.rbee.hive.remove-worker", N_ ("remove workers") },
  [ACTION_MANAGE_MODELS] = { "org.rbee.hive.manage-models", N_ ("fetch, import or remove models") },
  [ACTION_CANCEL_JOB] = { "org.rbee.hive.cancel-job-other-user", N_ ("cancel this job") },
  [ACTION_READ_LOG] = { "org.rbee.hive.read-log-other-user", N_ ("read this job's log (LogAccess= in hive.conf)") },
  [ACTION_RUN_WORKER] = { "org.rbee.hive.run-worker", N_ ("start and stop workers") },
  [ACTION_PUSH_WORKER] = { "org.rbee.hive.push-worker", N_ ("push workers into a store") },
  [ACTION_REFRESH] = { "org.rbee.hive.refresh", N_ ("refresh the capabilities") },
};

static void
check_take_back (AuthCheck *check)
{
  if (!check->asking)
    return;
  check->asking = sd_bus_slot_unref (check->asking);
  sd_bus_call_method_async (check->authority->bus, NULL, POLKIT_NAME, POLKIT_PATH, POLKIT_INTERFACE,
                            "CancelCheckAuthorization", NULL, NULL, "s", check->id);
}

static void
auth_check_free (AuthCheck *check)
{
  check_take_back (check);
  sd_event_source_disable_unref (check->leftover);
  sd_bus_track_unref (check->sender);
  sd_bus_message_unref (check->answer);
  sd_bus_message_unref (check->message);
  g_free (check->id);
  g_free (check);
}

Authority *
authority_new (sd_bus *bus, Callers *callers)
{
  Authority *authority = g_new0 (Authority, 1);
  const struct passwd *bridge = getpwnam (BRIDGE_USER);

  authority->bus = sd_bus_ref (bus);
  authority->callers = callers;
  authority->bridge = bridge ? bridge->pw_uid : 0;
  authority->checks = g_hash_table_new_full (NULL, NULL, NULL, (GDestroyNotify)auth_check_free);
  return authority;
}

void
authority_free (Authority *authority)
{
  if (!authority)
    return;
  g_hash_table_unref (authority->checks);
  sd_bus_unref (authority->bus);
  g_free (authority);
}

void
authority_stop (Authority *authority)
{
  GHashTableIter checks;
  void *message;

  g_hash_table_iter_init (&checks, authority->checks);
  while (g_hash_table_iter_next (&checks, &message, NULL))
    sd_bus_reply_method_errorf (message, HIVE_ERROR_PREFIX "Interrupted",
                                "The hive is being stopped; ask again when it runs");
  g_hash_table_remove_all (authority->checks);
}

bool
authority_is_idle (const Authority *authority)
{
  return g_hash_table_size (authority->checks) == 0;
}

static int
message_sender_uid (sd_bus_message *message, uid_t *ret_uid)
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
authority_check_bridge (Authority *authority, sd_bus_message *message, const char *what, sd_bus_error *error)
{
  uid_t uid;
  int r;

  r = message_sender_uid (message, &uid);
  if (r < 0)
    return r;
  if (authority->bridge != 0 && uid == authority->bridge)
    return 0;
  return sd_bus_error_setf (error, SD_BUS_ERROR_ACCESS_DENIED, "%s is for the user %s alone", what, BRIDGE_USER);
}

/* What came back when polkit itself is not there. */
static bool
error_is_absence (const sd_bus_error *error)
{
  return sd_bus_error_has_names (error, SD_BUS_ERROR_SERVICE_UNKNOWN, SD_BUS_ERROR_NAME_HAS_NO_OWNER,
                                 "org.freedesktop.systemd1.NoSuchUnit", "org.freedesktop.systemd1.UnitMasked") ||
         g_str_has_prefix (error->name, "org.freedesktop.DBus.Error.Spawn.");
}

/* polkit's error as the caller is to see it. */
static int
check_fail (const AuthCheck *check, const sd_bus_error *failure, sd_bus_error *error)
{
  const char *words = actions[check->action].words, *id = actions[check->action].id;
  g_autofree char *runner = NULL;

  if (!error_is_absence (failure))
    return sd_bus_error_setf (error, SD_BUS_ERROR_ACCESS_DENIED, "polkit does not say whether you may %s (%s): %s",
                              words, id, failure->message);
  if (geteuid () != 0)
    runner = g_strdup_printf (" and the user who runs the hive (uid %u)", (unsigned)geteuid ());
  return sd_bus_error_setf (error, SD_BUS_ERROR_ACCESS_DENIED,
                            "Only root%s may %s: polkit, which could let you (%s), does not run: %s",
                            runner ? runner : "", words, id, failure->message);
}

/* polkit's no. */
static int
check_refuse (const AuthCheck *check, bool challenge, bool dismissed, sd_bus_error *error)
{
  bool may_ask = sd_bus_message_get_allow_interactive_authorization (check->message) > 0;
  const char *words = actions[check->action].words, *id = actions[check->action].id;

  if (dismissed)
    return sd_bus_error_setf (error, SD_BUS_ERROR_ACCESS_DENIED,
                              "You may not %s: the question for a password was dismissed (%s)", words, id);
  if (!challenge)
    return sd_bus_error_setf (error, SD_BUS_ERROR_ACCESS_DENIED, "You may not %s: %s (%s)", words,
                              may_ask ? N_ ("polkit's rules refuse, or nobody authenticated") :
                                        N_ ("polkit's rules refuse"),
                              id);
  if (may_ask)
    return sd_bus_error_setf (error, SD_BUS_ERROR_ACCESS_DENIED,
                              "To %s takes a password, and there is no agent to ask you for it (%s)", words, id);
  return sd_bus_error_setf (error, SD_BUS_ERROR_INTERACTIVE_AUTHORIZATION_REQUIRED,
                            "To %s takes a password, and this call does not let the hive ask for it (%s)", words, id);
}

static int
answer_is_dismissal (sd_bus_message *answer, bool *ret_dismissed)
{
  const char *key, *value;
  int r;

  *ret_dismissed = false;
  r = sd_bus_message_enter_container (answer, 'a', "{ss}");
  if (r < 0)
    return r;
  while ((r = sd_bus_message_read (answer, "{ss}", &key, &value)) > 0)
    if (g_str_equal (key, "polkit.dismissed"))
      *ret_dismissed = *value != '\0';
  return r;
}

/* Reads the answer. 0 when it is yes. */
static int
check_read_answer (AuthCheck *check, sd_bus_error *error)
{
  int authorized, challenge;
  bool dismissed;
  int r;

  if (sd_bus_message_is_method_error (check->answer, NULL))
    return check_fail (check, sd_bus_message_get_error (check->answer), error);
  r = sd_bus_message_enter_container (check->answer, 'r', "bba{ss}");
  if (r < 0)
    return r;
  r = sd_bus_message_read (check->answer, "bb", &authorized, &challenge);
  if (r < 0 || authorized)
    return r < 0 ? r : 0;
  r = answer_is_dismissal (check->answer, &dismissed);
  return r < 0 ? r : check_refuse (check, challenge, dismissed, error);
}

/* The object may be gone, so that the method did not run again. */
static int
check_on_leftover (sd_event_source *source, void *userdata)
{
  AuthCheck *check = userdata;

  g_hash_table_remove (check->authority->checks, check->message);
  return 0;
}

/* Has the method run again: that starts at the object's path, since much may have changed meanwhile. */
static int
check_run_again (AuthCheck *check)
{
  sd_bus *bus = check->authority->bus;
  int r;

  if ((r = sd_event_add_defer (sd_bus_get_event (bus), &check->leftover, check_on_leftover, check)) < 0 ||
      (r = sd_event_source_set_priority (check->leftover, SD_EVENT_PRIORITY_IDLE)) < 0)
    return r;
  return callers_run_again (check->authority->callers, check->message);
}

static int
check_on_answer (sd_bus_message *answer, void *userdata, sd_bus_error *error)
{
  AuthCheck *check = userdata;
  int r;

  /* Where nobody answered in time, the question may still be on somebody's screen. */
  if (sd_bus_message_is_method_error (answer, SD_BUS_ERROR_NO_REPLY))
    check_take_back (check);
  check->asking = sd_bus_slot_unref (check->asking);
  check->sender = sd_bus_track_unref (check->sender);
  check->answer = sd_bus_message_ref (answer);
  r = check_run_again (check);
  if (r >= 0)
    return 1;
  sd_bus_reply_method_errno (check->message, r, NULL);
  g_hash_table_remove (check->authority->checks, check->message);
  return 1;
}

static int
check_on_departure (sd_bus_track *track, void *userdata)
{
  AuthCheck *check = userdata;

  g_hash_table_remove (check->authority->checks, check->message);
  return 0;
}

static int
question_append_details (const AuthRequest *question, sd_bus_message *call)
{
  int r;

  if ((r = sd_bus_message_open_container (call, 'a', "{ss}")) < 0 ||
      (question->worker && (r = sd_bus_message_append (call, "{ss}", "worker", question->worker)) < 0) ||
      (question->recipe && (r = sd_bus_message_append (call, "{ss}", "recipe", question->recipe)) < 0) ||
      (question->model && (r = sd_bus_message_append (call, "{ss}", "model", question->model)) < 0) ||
      (question->job && (r = sd_bus_message_append (call, "{ss}", "job", question->job)) < 0))
    return r;
  return sd_bus_message_close_container (call);
}

static int
check_make_call (const AuthCheck *check, const AuthRequest *question, sd_bus_message *call)
{
  bool may_ask = sd_bus_message_get_allow_interactive_authorization (check->message) > 0;
  int r;

  if ((r = sd_bus_message_append (call, "(sa{sv})s", "system-bus-name", 1, "name", "s",
                                  sd_bus_message_get_sender (check->message), actions[check->action].id)) < 0 ||
      (r = question_append_details (question, call)) < 0)
    return r;
  return sd_bus_message_append (call, "us", may_ask ? POLKIT_MAY_ASK : 0, check->id);
}

static int
check_ask (AuthCheck *check, const AuthRequest *question)
{
  sd_bus *bus = check->authority->bus;
  sd_bus_message *call = NULL;
  int r;

  if ((r = sd_bus_track_new (bus, &check->sender, check_on_departure, check)) < 0 ||
      (r = sd_bus_track_add_sender (check->sender, check->message)) < 0)
    return r;
  r = sd_bus_message_new_method_call (bus, &call, POLKIT_NAME, POLKIT_PATH, POLKIT_INTERFACE, "CheckAuthorization");
  if (r >= 0)
    r = check_make_call (check, question, call);
  if (r >= 0)
    r = sd_bus_call_async (bus, &check->asking, call, check_on_answer, check, PATIENCE);
  sd_bus_message_unref (call);
  return r;
}

static int
authority_check_room (const Authority *authority, uid_t uid, sd_bus_error *error)
{
  GHashTableIter checks;
  unsigned of_user = 0;
  void *check;

  g_hash_table_iter_init (&checks, authority->checks);
  while (g_hash_table_iter_next (&checks, NULL, &check))
    of_user += ((AuthCheck *)check)->uid == uid;
  if (of_user >= CHECKS_USER_MAX)
    return sd_bus_error_setf (error, HIVE_ERROR_PREFIX "LimitsExceeded",
                              "%d of your calls wait for a password already, which is the most of one user: answer or "
                              "end one of them first",
                              CHECKS_USER_MAX);
  if (g_hash_table_size (authority->checks) >= CHECKS_MAX)
    return sd_bus_error_setf (error, HIVE_ERROR_PREFIX "LimitsExceeded",
                              "%d calls of all users wait for a password already, which is the most: ask again later",
                              CHECKS_MAX);
  return 0;
}

static int
authority_ask (Authority *authority, sd_bus_message *message, const AuthRequest *question, uid_t uid,
               sd_bus_error *error)
{
  AuthCheck *check;
  int r;

  r = authority_check_room (authority, uid, error);
  if (r < 0)
    return r;
  check = g_new0 (AuthCheck, 1);
  check->authority = authority;
  check->message = sd_bus_message_ref (message);
  check->action = question->action;
  check->uid = uid;
  check->id = g_strdup_printf ("rbee-hive-%" G_GUINT64_FORMAT, ++authority->asked);
  g_hash_table_insert (authority->checks, message, check);
  r = check_ask (check, question);
  if (r >= 0)
    return 1;
  g_hash_table_remove (authority->checks, message);
  return r;
}

int
authority_check (Authority *authority, sd_bus_message *message, const AuthRequest *question, uid_t *ret_uid,
                 sd_bus_error *error)
{
  AuthCheck *check = g_hash_table_lookup (authority->checks, message);
  uid_t uid;
  int r;

  if (!check)
    {
      r = message_sender_uid (message, &uid);
      if (r < 0)
        return r;
      if (uid != 0 && uid != geteuid () && uid != question->owner)
        return authority_ask (authority, message, question, uid, error);
    }
  else
    {
      uid = check->uid;
      r = check->action == question->action ? check_read_answer (check, error) : -EACCES;
      g_hash_table_remove (authority->checks, message);
      if (r < 0)
        return r;
    }
  if (ret_uid)
    *ret_uid = uid;
  return 0;
}
