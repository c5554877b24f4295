/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "callers.h"

#include <errno.h>
#include <string.h>

#include "bus-dict.h"
#include "bus-stats.h"
#include "error.h"

/* Answers that may be unread. The bus is asked as often, so it is not to be few; and some users with some connections
 * each must stay below what a bus keeps. */
#define CALLER_ANSWERS 4
#define USER_ANSWERS   16
#define UNREAD_MAX     (64 * 1024) /* bytes; no descriptors */
#define LOOK_AGAIN     (G_USEC_PER_SEC / 100)

/* Calls that may wait, and how large each may be: the hive has none that needs as much. */
#define CALLER_HELD  128
#define USER_HELD    1024
#define HELD_SIZE    4096
#define CALLERS_KEPT 1024

/* Everything one user has on the bus. */
typedef struct
{
  Callers *callers;
  uid_t uid;
  GPtrArray *connections; /* of Caller, borrowed */
  unsigned answers;       /* the sum of theirs */
  unsigned held;
  sd_event_source *turn;
} User;

/* One connection. */
typedef struct
{
  Callers *callers;
  char *name;
  User *user;        /* NULL: the bus is being asked */
  unsigned answers;  /* since it was seen to have read everything */
  bool behind;       /* it was seen to have not */
  uint64_t asked_at; /* since its last answer; 0: not yet */
  sd_bus_slot *question;
  GQueue held;     /* of sd_bus_message: calls that wait */
  GQueue released; /* let in, and not come by again yet */
} Caller;

struct Callers
{
  sd_event *event;
  sd_bus *bus;
  sd_bus_slot *filter;
  GHashTable *by_name; /* of Caller */
  GHashTable *by_uid;  /* of User, borrowed */
  bool blind;          /* the bus doesn't say what it keeps */
  CallersHandler on_known;
  void *on_known_userdata;
};

static void user_advance (User *user);

static void
user_free (User *user)
{
  g_hash_table_remove (user->callers->by_uid, GUINT_TO_POINTER (user->uid));
  sd_event_source_disable_unref (user->turn);
  g_ptr_array_unref (user->connections);
  g_free (user);
}

static void
message_unref (void *message)
{
  sd_bus_message_unref (message);
}

static void
caller_free (Caller *caller)
{
  User *user = caller->user;

  if (user)
    {
      user->answers -= caller->answers;
      user->held -= g_queue_get_length (&caller->held);
      g_ptr_array_remove (user->connections, caller);
      if (user->connections->len == 0)
        user_free (user);
    }
  sd_bus_slot_unref (caller->question);
  g_queue_clear_full (&caller->held, message_unref);
  g_queue_clear_full (&caller->released, message_unref);
  g_free (caller->name);
  g_free (caller);
}

static User *
callers_get_user (Callers *callers, uid_t uid)
{
  User *user = g_hash_table_lookup (callers->by_uid, GUINT_TO_POINTER (uid));

  if (user)
    return user;
  user = g_new0 (User, 1);
  user->callers = callers;
  user->uid = uid;
  user->connections = g_ptr_array_new ();
  g_hash_table_insert (callers->by_uid, GUINT_TO_POINTER (uid), user);
  return user;
}

static bool
caller_has_room (const Caller *caller)
{
  if (caller->callers->blind)
    return true;
  return !caller->question && !caller->behind && caller->answers < CALLER_ANSWERS &&
         caller->user->answers < USER_ANSWERS;
}

static void
caller_count (Caller *caller)
{
  if (caller->callers->blind)
    return;
  caller->answers++;
  caller->asked_at = 0;
  if (caller->user)
    caller->user->answers++;
}

static void
caller_forgive (Caller *caller)
{
  if (caller->user)
    caller->user->answers -= caller->answers;
  caller->answers = 0;
  caller->behind = false;
}

/* Gives the call that has waited longest back to the bus's queue. */
static void
caller_release (Caller *caller)
{
  sd_bus_message *message = g_queue_pop_head (&caller->held);

  caller->user->held--;
  if (sd_bus_enqueue_for_read (caller->callers->bus, message) < 0)
    {
      sd_bus_message_unref (message);
      return;
    }
  g_queue_push_tail (&caller->released, message);
  caller_count (caller);
}

static int
user_on_turn (sd_event_source *source, uint64_t usec, void *userdata)
{
  User *user = userdata;

  user->turn = sd_event_source_disable_unref (user->turn);
  user_advance (user);
  return 0;
}

static void
user_advance_in (User *user, uint64_t delay)
{
  if (user->turn && delay > 0)
    return;
  user->turn = sd_event_source_disable_unref (user->turn);
  sd_event_add_time_relative (user->callers->event, &user->turn, CLOCK_MONOTONIC, delay, 1, user_on_turn, user);
}

static void
callers_go_blind (Callers *callers)
{
  GHashTableIter each;
  void *caller, *user;

  if (callers->blind)
    return;
  callers->blind = true;
  g_info ("The bus doesn't say what its clients leave unread (org.freedesktop.DBus.Debug.Stats)");
  g_hash_table_iter_init (&each, callers->by_name);
  while (g_hash_table_iter_next (&each, NULL, &caller))
    caller_forgive (caller);
  g_hash_table_iter_init (&each, callers->by_uid);
  while (g_hash_table_iter_next (&each, NULL, &user))
    user_advance_in (user, 0);
}

static int
caller_on_look (sd_bus_message *answer, void *userdata, sd_bus_error *error)
{
  Caller *caller = userdata;
  BusStats stats;
  int r = bus_stats_read (answer, &stats);

  caller->question = sd_bus_slot_unref (caller->question);
  user_advance_in (caller->user, 0);
  if (r == -ENXIO)
    {
      g_hash_table_remove (caller->callers->by_name, caller->name);
      return 0;
    }
  if (r < 0)
    callers_go_blind (caller->callers);
  else if (stats.unread_fds > 0 || stats.unread_bytes > UNREAD_MAX)
    caller->behind = true;
  else
    caller_forgive (caller);
  return 0;
}

/* Asks the bus what the connection has left unread, unless that was done a moment ago. */
static void
caller_look (Caller *caller)
{
  uint64_t now;

  sd_event_now (caller->callers->event, CLOCK_MONOTONIC, &now);
  if (caller->question || caller->answers == 0 || (caller->asked_at > 0 && now < caller->asked_at + LOOK_AGAIN))
    return;
  caller->asked_at = now;
  bus_stats_ask (caller->callers->bus, &caller->question, caller->name, caller_on_look, caller);
}

/* Goes on with the calls of a connection that wait. What was let in is handled first: the bus is to be asked after it
 * was answered. */
static void
caller_advance (Caller *caller)
{
  User *user = caller->user;

  if (caller->question || !g_queue_is_empty (&caller->released))
    return;
  while (!g_queue_is_empty (&caller->held) && caller_has_room (caller))
    caller_release (caller);
  if (g_queue_is_empty (&caller->held) || !g_queue_is_empty (&caller->released))
    return;
  caller_look (caller);
  for (guint i = 0; user->answers >= USER_ANSWERS && i < user->connections->len; i++)
    caller_look (user->connections->pdata[i]);
  user_advance_in (user, LOOK_AGAIN);
}

static void
user_advance (User *user)
{
  for (guint i = 0; i < user->connections->len; i++)
    caller_advance (user->connections->pdata[i]);
}

static int
caller_on_uid (sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
  Caller *caller = userdata;
  uint32_t uid;

  caller->question = sd_bus_slot_unref (caller->question);
  /* It has gone: its calls are nobody's. */
  if (sd_bus_message_is_method_error (reply, NULL) > 0 || sd_bus_message_read (reply, "u", &uid) < 0)
    {
      g_hash_table_remove (caller->callers->by_name, caller->name);
      return 0;
    }
  caller->user = callers_get_user (caller->callers, uid);
  caller->user->held += g_queue_get_length (&caller->held);
  caller->user->answers += caller->answers;
  g_ptr_array_add (caller->user->connections, caller);
  if (caller->callers->on_known)
    caller->callers->on_known (caller->name, uid, caller->callers->on_known_userdata);
  user_advance (caller->user);
  return 0;
}

static gboolean
caller_is_idle (void *name, void *value, void *userdata)
{
  const Caller *caller = value;

  return caller->user && caller->answers == 0 && !caller->question && g_queue_is_empty ((GQueue *)&caller->held) &&
         g_queue_is_empty ((GQueue *)&caller->released);
}

static Caller *
callers_get (Callers *callers, const char *name)
{
  Caller *caller = g_hash_table_lookup (callers->by_name, name);

  if (caller)
    return caller;
  if (g_hash_table_size (callers->by_name) >= CALLERS_KEPT)
    g_hash_table_foreach_remove (callers->by_name, caller_is_idle, NULL);
  caller = g_new0 (Caller, 1);
  caller->callers = callers;
  caller->name = g_strdup (name);
  g_queue_init (&caller->held);
  g_queue_init (&caller->released);
  g_hash_table_insert (callers->by_name, caller->name, caller);
  if (sd_bus_call_method_async (callers->bus, &caller->question, "org.freedesktop.DBus", "/org/freedesktop/DBus",
                                "org.freedesktop.DBus", "GetConnectionUnixUser", caller_on_uid, caller, "s", name) < 0)
    {
      g_hash_table_remove (callers->by_name, name);
      return NULL;
    }
  return caller;
}

/* Takes the size of what comes next in @message, up to the end of its container, from @left. */
static int
message_measure (sd_bus_message *message, ssize_t *left)
{
  const char *contents;
  char type;
  int r;

  while (*left >= 0 && (r = sd_bus_message_peek_type (message, &type, &contents)) > 0)
    {
      *left -= 8;
      if (strchr ("sog", type))
        {
          const char *text;

          r = sd_bus_message_read_basic (message, type, &text);
          *left -= r < 0 ? 0 : (ssize_t)strlen (text);
        }
      else if (strchr ("avre", type))
        {
          if ((r = sd_bus_message_enter_container (message, type, contents)) >= 0 &&
              (r = message_measure (message, left)) >= 0 && *left >= 0)
            r = sd_bus_message_exit_container (message);
        }
      else
        r = sd_bus_message_skip (message, (const char[]){ type, '\0' });
      if (r < 0)
        return r;
    }
  return 0;
}

static bool
message_is_small (sd_bus_message *message)
{
  ssize_t left = HELD_SIZE;
  bool small = message_measure (message, &left) >= 0 && left >= 0;

  sd_bus_message_rewind (message, true);
  return small;
}

/* Whether a call may wait. */
static bool
caller_check_hold (const Caller *caller, sd_bus_message *message, GError **error)
{
  if (!message_is_small (message))
    g_set_error (error, HIVE_ERROR, HIVE_ERROR_INVALID_ARGUMENT, "A call has at most %d bytes of arguments", HELD_SIZE);
  else if (g_queue_get_length ((GQueue *)&caller->held) >= CALLER_HELD)
    g_set_error (error, HIVE_ERROR, HIVE_ERROR_LIMITS_EXCEEDED, "%d calls of this connection wait already",
                 CALLER_HELD);
  else if (caller->user && caller->user->held >= USER_HELD)
    g_set_error (error, HIVE_ERROR, HIVE_ERROR_LIMITS_EXCEEDED,
                 "%d calls of user %u wait, because not all of its connections read their answers", USER_HELD,
                 (unsigned)caller->user->uid);
  else
    return true;
  return false;
}

/* Lets a call wait, or refuses it. To who doesn't read not even that is said. */
static void
caller_hold (Caller *caller, sd_bus_message *message)
{
  g_autoptr (GError) error = NULL;

  if (!caller_check_hold (caller, message, &error))
    {
      if (caller->behind || caller->answers >= CALLER_ANSWERS)
        return;
      caller_count (caller);
      bus_reply_gerror (message, error);
      return;
    }
  g_queue_push_tail (&caller->held, sd_bus_message_ref (message));
  if (!caller->user)
    return;
  caller->user->held++;
  caller_advance (caller);
}

/* A call that was let in comes by again. */
static void
caller_admit (Caller *caller)
{
  sd_bus_message_unref (g_queue_pop_head (&caller->released));
  if (caller->user && g_queue_is_empty (&caller->released) && !g_queue_is_empty (&caller->held))
    user_advance_in (caller->user, 0);
}

static int
callers_filter (sd_bus_message *message, void *userdata, sd_bus_error *error)
{
  Callers *callers = userdata;
  const char *sender = sd_bus_message_get_sender (message);
  Caller *caller;

  if (sd_bus_message_is_method_call (message, NULL, NULL) <= 0 || !sender || *sender != ':')
    return 0;
  caller = callers_get (callers, sender);
  if (!caller)
    return 1;
  if (g_queue_peek_head (&caller->released) == message)
    {
      caller_admit (caller);
      return 0;
    }
  /* In the order in which they came. */
  if (caller->user && g_queue_is_empty (&caller->held) && g_queue_is_empty (&caller->released) &&
      caller_has_room (caller))
    {
      caller_count (caller);
      return 0;
    }
  caller_hold (caller, message);
  return 1;
}

int
callers_new (Callers **ret, sd_event *event, sd_bus *bus)
{
  g_autoptr (Callers) callers = g_new0 (Callers, 1);
  int r;

  callers->event = event;
  callers->bus = bus;
  callers->by_name = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, (GDestroyNotify)caller_free);
  callers->by_uid = g_hash_table_new (NULL, NULL);
  r = sd_bus_add_filter (bus, &callers->filter, callers_filter, callers);
  if (r < 0)
    return r;
  *ret = g_steal_pointer (&callers);
  return 0;
}

void
callers_free (Callers *callers)
{
  if (!callers)
    return;
  sd_bus_slot_unref (callers->filter);
  g_hash_table_unref (callers->by_name);
  g_hash_table_unref (callers->by_uid);
  g_free (callers);
}

void
callers_on_known (Callers *callers, CallersHandler handler, void *userdata)
{
  callers->on_known = handler;
  callers->on_known_userdata = userdata;
}

uid_t
callers_uid (Callers *callers, sd_bus_message *message)
{
  const char *sender = sd_bus_message_get_sender (message);
  const Caller *caller = sender ? g_hash_table_lookup (callers->by_name, sender) : NULL;

  return caller && caller->user ? caller->user->uid : (uid_t)-1;
}

int
callers_run_again (Callers *callers, sd_bus_message *message)
{
  Caller *caller = callers_get (callers, sd_bus_message_get_sender (message));
  int r = sd_bus_enqueue_for_read (callers->bus, message);

  if (r >= 0 && caller)
    g_queue_push_tail (&caller->released, sd_bus_message_ref (message));
  return r;
}

bool
callers_are_idle (const Callers *callers)
{
  GHashTableIter each;
  void *value;

  g_hash_table_iter_init (&each, callers->by_name);
  while (g_hash_table_iter_next (&each, NULL, &value))
    {
      Caller *caller = value;

      if (!g_queue_is_empty (&caller->held) || !g_queue_is_empty (&caller->released))
        return false;
    }
  return true;
}
