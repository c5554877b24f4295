/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>

#include "bus-owner.h"
#include "error.h"
#include "file.h"
#include "job-user.h"
#include "launcher-backend.h"
#include "unit-properties.h"
#include "unit-state.h"

#define SYSTEMD           "org.freedesktop.systemd1"
#define SYSTEMD_PATH      "/org/freedesktop/systemd1"
#define SYSTEMD_MANAGER   "org.freedesktop.systemd1.Manager"
#define SYSTEMD_UNIT_PATH "/org/freedesktop/systemd1/unit"
#define RETRY_INTERVAL    (G_USEC_PER_SEC / 5)

typedef struct
{
  Launcher base;
  sd_bus *bus;
  GHashTable *units; /* of Unit, borrowed: those that are watched */
  sd_bus_slot *systemd_slot;
  uint64_t counter;
  unsigned next_user;
} SystemdLauncher;

typedef struct Unit Unit;

/* A child that is a unit of systemd's. One call about it is under way at a time. */
struct Unit
{
  Child base;
  SystemdLauncher *launcher;
  char *name; /* "rbee-job-17.service" */
  char *path; /* its object */
  char *user; /* that it has for itself, until nothing of it runs; NULL: none */
  sd_bus_slot *changes;
  sd_bus_slot *call;
  Launch *launch;         /* until systemd has taken it */
  sd_event_source *timer; /* until it is tried again: */
  int (*retry) (Unit *unit);
  bool outlives;       /* a later daemon finds it again */
  bool dies_with_hive; /* forgotten, it is killed */
  bool started;        /* systemd has taken it */
  bool ended;          /* its handler was told */
  bool stopped;        /* collecting: it was told to go away */
  bool forgotten;      /* kept for its user alone */
  bool again;          /* something happened since the last question was asked */
};

static Launch *
launch_copy (const Launch *launch)
{
  Launch *copy = g_memdup2 (launch, sizeof *launch);

  copy->arguments = g_strdupv ((char **)launch->arguments);
  copy->description = g_strdup (launch->description);
  copy->tokens = g_strdup (launch->tokens);
  copy->writes = g_strdup (launch->writes);
  copy->seen = g_strdup (launch->seen);
  copy->input = launch->input < 0 ? -1 : fcntl (launch->input, F_DUPFD_CLOEXEC, 3);
  copy->output = launch->output < 0 ? -1 : fcntl (launch->output, F_DUPFD_CLOEXEC, 3);
  copy->name = g_strdup (launch->name);
  copy->work = g_strdup (launch->work);
  copy->job_id = g_strdup (launch->job_id);
  copy->worker_id = g_strdup (launch->worker_id);
  return copy;
}

static void
launch_free (Launch *launch)
{
  if (!launch)
    return;
  g_strfreev ((char **)launch->arguments);
  g_free ((char *)launch->description);
  g_free ((char *)launch->tokens);
  g_free ((char *)launch->writes);
  g_free ((char *)launch->seen);
  fd_clear (&launch->input);
  fd_clear (&launch->output);
  g_free ((char *)launch->name);
  g_free ((char *)launch->work);
  g_free ((char *)launch->job_id);
  g_free ((char *)launch->worker_id);
  g_free (launch);
}

static int unit_ask (Unit *unit);

static void
unit_release_user (Unit *unit)
{
  if (unit->user)
    job_user_release (unit->user);
  g_clear_pointer (&unit->user, g_free);
}

static void
unit_free (Unit *unit)
{
  g_hash_table_remove (unit->launcher->units, unit);
  sd_bus_slot_unref (unit->changes);
  sd_bus_slot_unref (unit->call);
  launch_free (unit->launch);
  sd_event_source_disable_unref (unit->timer);
  g_free (unit->user);
  free (unit->path);
  g_free (unit->name);
  g_free (unit);
}

/* Tells what is new. The handlers may free the unit: nothing follows them. */
static void
unit_consider (Unit *unit, const UnitState *state)
{
  /* One whose processes outlast even SIGKILL, stuck in the kernel, is gone to systemd; its user is not free. */
  if (unit_state_is_gone (state) && (state->tasks == 0 || state->tasks == UINT64_MAX))
    unit_release_user (unit);
  if (unit->forgotten && !unit->user)
    unit_free (unit);
  else if (!unit->ended && unit_state_has_ended (state))
    {
      unit->ended = true;
      unit->again = false;
      child_tell (&unit->base, unit_state_ending (state));
    }
  else if (unit->stopped && unit_state_is_gone (state))
    {
      sd_bus_call_method_async (unit->launcher->bus, NULL, SYSTEMD, SYSTEMD_PATH, SYSTEMD_MANAGER, "ResetFailedUnit",
                                NULL, NULL, "s", unit->name);
      child_tell_gone (&unit->base);
    }
  else if (unit->again)
    unit_ask (unit);
}

static int
unit_on_retry (sd_event_source *source, uint64_t usec, void *userdata)
{
  Unit *unit = userdata;

  unit->timer = sd_event_source_disable_unref (unit->timer);
  return unit->call ? 0 : unit->retry (unit);
}

/* systemd does not answer while it re-executes (on an upgrade, say), so a timeout means nothing here. True
 * when
 * @function is to be called again for it. */
static bool
unit_retries (Unit *unit, sd_bus_message *answer, int (*function) (Unit *unit))
{
  static const char *const passing[] = {
    SD_BUS_ERROR_NO_REPLY,          SD_BUS_ERROR_TIMEOUT,      SD_BUS_ERROR_SERVICE_UNKNOWN,
    SD_BUS_ERROR_NAME_HAS_NO_OWNER, SD_BUS_ERROR_DISCONNECTED, "org.freedesktop.DBus.Error.Spawn.ChildExited",
  };

  unit->call = sd_bus_slot_unref (unit->call);
  for (gsize i = 0; i < G_N_ELEMENTS (passing); i++)
    if (sd_bus_message_is_method_error (answer, passing[i]))
      {
        unit->retry = function;
        return unit->timer || sd_event_add_time_relative (unit->launcher->base.event, &unit->timer, CLOCK_MONOTONIC,
                                                          RETRY_INTERVAL, 0, unit_on_retry, unit) >= 0;
      }
  return false;
}

static int
unit_on_state (sd_bus_message *message, void *userdata, sd_bus_error *error)
{
  Unit *unit = userdata;
  g_auto (UnitState) state = { 0 };

  if (unit_retries (unit, message, unit_ask))
    return 0;
  /* A unit that systemd cannot even name is not there. */
  if (sd_bus_message_is_method_error (message, NULL) || unit_state_read (message, &state) < 0)
    {
      unit_state_clear (&state);
      state = (UnitState){ .active_state = g_strdup ("inactive") };
    }
  unit_consider (unit, &state);
  return 0;
}

static int
unit_ask (Unit *unit)
{
  unit->again = unit->call != NULL;
  if (unit->call)
    return 0;
  return sd_bus_call_method_async (unit->launcher->bus, &unit->call, SYSTEMD, unit->path,
                                   "org.freedesktop.DBus.Properties", "GetAll", unit_on_state, unit, "s", "");
}

static int
launch_unit_on_change (sd_bus_message *message, void *userdata, sd_bus_error *error)
{
  Unit *unit = userdata;

  if (unit->started && (!unit->ended || unit->stopped || unit->forgotten))
    unit_ask (unit);
  return 0;
}

/* What does not outlive the daemon ends, and systemd forgets it then. */
static void
unit_let_go (Unit *unit)
{
  if (unit->outlives)
    return;
  if (unit->dies_with_hive && !unit->ended)
    child_signal (&unit->base, SIGKILL, true);
  if (unit->started)
    sd_bus_call_method_async (unit->launcher->bus, NULL, SYSTEMD, SYSTEMD_PATH, SYSTEMD_MANAGER, "UnrefUnit", NULL,
                              NULL, "s", unit->name);
}

static int unit_start (Unit *unit);

static int
unit_on_started (sd_bus_message *message, void *userdata, sd_bus_error *error)
{
  Unit *unit = userdata;
  const sd_bus_error *failure = sd_bus_message_get_error (message);

  if (unit_retries (unit, message, unit_start))
    return 0;
  /* The first try had reached systemd after all. */
  if (unit->retry == unit_start && sd_bus_error_has_name (failure, "org.freedesktop.systemd1.UnitExists"))
    failure = NULL;
  unit->started = true;
  g_clear_pointer (&unit->launch, launch_free);
  if (failure)
    {
      unit->ended = true;
      unit_release_user (unit);
      if (unit->forgotten)
        unit_free (unit);
      else
        child_tell (&unit->base, (Ending){ .kind = ENDING_NOT_STARTED, .message = failure->message });
      return 0;
    }
  if (unit->forgotten)
    unit_let_go (unit);
  unit_ask (unit);
  return 0;
}

static int
unit_start (Unit *unit)
{
  SystemdLauncher *launcher = unit->launcher;
  sd_bus_message *message = NULL;
  int r;

  if ((r = sd_bus_message_new_method_call (launcher->bus, &message, SYSTEMD, SYSTEMD_PATH, SYSTEMD_MANAGER,
                                           "StartTransientUnit")) >= 0 &&
      (r = sd_bus_message_append (message, "ss", unit->name, "fail")) >= 0 &&
      (r = unit_properties_append (message, unit->launch, unit->user, launcher->base.configuration)) >= 0 &&
      (r = sd_bus_message_append (message, "a(sa(sv))", 0)) >= 0)
    r = sd_bus_call_async (launcher->bus, &unit->call, message, unit_on_started, unit, 0);
  sd_bus_message_unref (message);
  return r;
}

static Unit *
unit_new (SystemdLauncher *launcher, const char *name, ChildHandler handler, void *userdata)
{
  Unit *unit = g_new0 (Unit, 1);

  unit->base = (Child){ .launcher = &launcher->base, .handler = handler, .userdata = userdata };
  unit->launcher = launcher;
  unit->name = g_strconcat (name, ".service", NULL);
  if (sd_bus_path_encode (SYSTEMD_UNIT_PATH, unit->name, &unit->path) < 0)
    g_error ("Out of memory");
  g_hash_table_add (launcher->units, unit);
  /* Before it starts: its end cannot be missed. */
  sd_bus_match_signal_async (launcher->bus, &unit->changes, SYSTEMD, unit->path, "org.freedesktop.DBus.Properties",
                             "PropertiesChanged", launch_unit_on_change, NULL, unit);
  return unit;
}

static void
unit_forget (Child *base)
{
  Unit *unit = (Unit *)base;

  unit_let_go (unit);
  base->handler = NULL;
  base->gone = NULL;
  unit->forgotten = true;
  if (!unit->user)
    unit_free (unit);
}

/* Nobody but root enters the folder above it, and every other builder has an empty one in its place: it can be
 * everybody's, and no file has to change hands. */
static bool
systemd_make_work (const char *work, GError **error)
{
  g_autofree char *above = g_path_get_dirname (work);

  if (chmod (above, 0700) < 0 || mkdir (work, 0700) < 0 || chmod (work, 0777) < 0)
    return hive_error_set_errno (error, errno, "Cannot make the work folder %s", work);
  return true;
}

static Child *
systemd_start (Launcher *base, const Launch *launch, ChildHandler handler, void *userdata, GError **error)
{
  SystemdLauncher *launcher = (SystemdLauncher *)base;
  g_autofree char *program = g_path_get_basename (launch->arguments[0]);
  g_autofree char *any = g_strdup_printf ("%s-%" G_GUINT64_FORMAT "-%" G_GUINT64_FORMAT, program,
                                          (uint64_t)g_get_monotonic_time (), ++launcher->counter);
  const char *name = launch->name ? launch->name : any;
  g_autofree char *user = NULL;
  Unit *unit;
  int r;

  if (launch->work && !systemd_make_work (launch->work, error))
    return NULL;
  if (launch->role == LAUNCH_BUILDER && !(user = job_user_claim (name, &launcher->next_user, error)))
    return NULL;
  unit = unit_new (launcher, name, handler, userdata);
  unit->user = g_steal_pointer (&user);
  unit->outlives = launch->name != NULL;
  unit->dies_with_hive = launch->dies_with_hive;
  unit->launch = launch_copy (launch);
  r = unit_start (unit);
  if (r >= 0)
    return &unit->base;
  unit_release_user (unit);
  unit_free (unit);
  hive_error_set_errno (error, -r, "Cannot ask systemd to start %s", program);
  return NULL;
}

/* Whoever has a user of an earlier daemon has it until nothing of it runs, whether it is adopted or not. */
static void
systemd_keep_user (const char *user, const char *name, void *userdata)
{
  Unit *unit = unit_new (userdata, name, NULL, NULL);

  unit->user = g_strdup (user);
  unit->outlives = unit->started = unit->forgotten = true;
  unit_ask (unit);
}

static Unit *
systemd_find_forgotten (SystemdLauncher *launcher, const char *name)
{
  g_autofree char *whole = g_strconcat (name, ".service", NULL);
  GHashTableIter each;
  void *unit;

  g_hash_table_iter_init (&each, launcher->units);
  while (g_hash_table_iter_next (&each, &unit, NULL))
    if (((Unit *)unit)->forgotten && g_str_equal (((Unit *)unit)->name, whole))
      return unit;
  return NULL;
}

static Child *
systemd_adopt (Launcher *base, const char *name, ChildHandler handler, void *userdata)
{
  SystemdLauncher *launcher = (SystemdLauncher *)base;
  Unit *unit = systemd_find_forgotten (launcher, name);

  if (!unit)
    unit = unit_new (launcher, name, NULL, NULL);
  unit->base.handler = handler;
  unit->base.userdata = userdata;
  unit->outlives = unit->started = true;
  unit->forgotten = unit->ended = false;
  unit_ask (unit);
  return &unit->base;
}

static void
unit_signal (Child *base, int signal, bool whole)
{
  Unit *unit = (Unit *)base;

  sd_bus_call_method_async (unit->launcher->bus, NULL, SYSTEMD, SYSTEMD_PATH, SYSTEMD_MANAGER, "KillUnit", NULL, NULL,
                            "ssi", unit->name, whole ? "all" : "main", (int32_t)signal);
}

static int unit_stop (Unit *unit);

static int
unit_on_stopping (sd_bus_message *message, void *userdata, sd_bus_error *error)
{
  Unit *unit = userdata;

  if (unit_retries (unit, message, unit_stop))
    return 0;
  unit->stopped = true;
  return unit_ask (unit);
}

static int
unit_stop (Unit *unit)
{
  return sd_bus_call_method_async (unit->launcher->bus, &unit->call, SYSTEMD, SYSTEMD_PATH, SYSTEMD_MANAGER, "StopUnit",
                                   unit_on_stopping, unit, "ss", unit->name, "replace");
}

static void
unit_collect (Child *base)
{
  Unit *unit = (Unit *)base;

  unit->call = sd_bus_slot_unref (unit->call);
  if (unit_stop (unit) < 0)
    g_warning ("%s cannot be stopped", unit->name);
}

static void
systemd_free (Launcher *base)
{
  SystemdLauncher *launcher = (SystemdLauncher *)base;
  g_autoptr (GList) forgotten = g_hash_table_get_keys (launcher->units);

  for (GList *each = forgotten; each; each = each->next)
    unit_free (each->data);
  sd_bus_slot_unref (launcher->systemd_slot);
  g_hash_table_unref (launcher->units);
  sd_bus_unref (launcher->bus);
  g_free (launcher);
}

static void
systemd_subscribe (SystemdLauncher *launcher)
{
  sd_bus_call_method_async (launcher->bus, NULL, SYSTEMD, SYSTEMD_PATH, SYSTEMD_MANAGER, "Subscribe", NULL, NULL, "");
}

/* systemd was re-executed: it does not know us any more, and may have said something in between. */
static int
systemd_on_owner (sd_bus_message *message, void *userdata, sd_bus_error *error)
{
  SystemdLauncher *launcher = userdata;
  g_autoptr (GList) units = NULL;

  if (!bus_sent (message))
    return 0;
  units = g_hash_table_get_keys (launcher->units);
  systemd_subscribe (launcher);
  for (GList *each = units; each; each = each->next)
    {
      Unit *unit = each->data;

      if (unit->started)
        unit_ask (unit);
    }
  return 0;
}

static const LauncherBackend systemd_backend = {
  .free = systemd_free,
  .start = systemd_start,
  .adopt = systemd_adopt,
  .signal = unit_signal,
  .collect = unit_collect,
  .forget = unit_forget,
};

Launcher *
launcher_systemd_new (sd_event *event, sd_bus *bus, const Configuration *configuration)
{
  SystemdLauncher *launcher = g_new0 (SystemdLauncher, 1);

  launcher->base = (Launcher){ .backend = &systemd_backend, .event = event, .configuration = configuration };
  launcher->bus = sd_bus_ref (bus);
  launcher->units = g_hash_table_new (NULL, NULL);
  sd_bus_add_match_async (bus, &launcher->systemd_slot,
                          "type='signal',sender='org.freedesktop.DBus',member='NameOwnerChanged',"
                          "arg0='" SYSTEMD "'",
                          systemd_on_owner, NULL, launcher);
  systemd_subscribe (launcher);
  job_user_foreach (systemd_keep_user, launcher);
  return &launcher->base;
}
