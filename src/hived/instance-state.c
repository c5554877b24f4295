/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "instance-state.h"

#include <glib/gi18n.h>

#include "card-exit.h"

#define SYSTEMD "org.freedesktop.systemd1"

#define EXIT_NAMESPACE 226 /* systemd.exec(5) */

static const char *const names[] = {
  [INSTANCE_LISTENING] = "listening", [INSTANCE_STARTING] = "starting", [INSTANCE_READY] = "ready",
  [INSTANCE_STOPPING] = "stopping",   [INSTANCE_FAILED] = "failed",
};

const char *
instance_state_name (InstanceState state)
{
  return names[state];
}

static int
unit_on_answer (sd_bus_message *message, void *userdata, sd_bus_error *error)
{
  InstanceUnit *unit = userdata;
  UnitState state = { 0 };

  unit->call = sd_bus_slot_unref (unit->call);
  if (unit->again)
    {
      instance_unit_ask (unit);
      return 0;
    }
  /* A unit that systemd cannot even name is not there. */
  if (sd_bus_message_is_method_error (message, NULL) || unit_state_read (message, &state) < 0)
    {
      unit_state_clear (&state);
      state = (UnitState){ .active_state = g_strdup ("inactive") };
    }
  unit_state_clear (&unit->state);
  unit->state = state;
  unit->known = true;
  unit->changed (unit->userdata);
  return 0;
}

void
instance_unit_ask (InstanceUnit *unit)
{
  unit->again = unit->call != NULL;
  if (!unit->call)
    sd_bus_call_method_async (unit->bus, &unit->call, SYSTEMD, unit->path, "org.freedesktop.DBus.Properties", "GetAll",
                              unit_on_answer, unit, "s", "");
}

static int
instance_unit_on_change (sd_bus_message *message, void *userdata, sd_bus_error *error)
{
  instance_unit_ask (userdata);
  return 0;
}

InstanceUnit *
instance_unit_new (sd_bus *bus, const char *name, void (*changed) (void *userdata), void *userdata)
{
  InstanceUnit *unit = g_new0 (InstanceUnit, 1);

  *unit = (InstanceUnit){ .bus = bus, .name = g_strdup (name), .changed = changed, .userdata = userdata };
  if (sd_bus_path_encode ("/org/freedesktop/systemd1/unit", name, &unit->path) < 0)
    g_error ("Out of memory");
  sd_bus_match_signal_async (bus, &unit->changes, SYSTEMD, unit->path, "org.freedesktop.DBus.Properties",
                             "PropertiesChanged", instance_unit_on_change, NULL, unit);
  instance_unit_ask (unit);
  return unit;
}

void
instance_unit_free (InstanceUnit *unit)
{
  if (!unit)
    return;
  sd_bus_slot_unref (unit->changes);
  sd_bus_slot_unref (unit->call);
  unit_state_clear (&unit->state);
  g_free (unit->name);
  free (unit->path);
  g_free (unit);
}

static bool
unit_is (const InstanceUnit *unit, const char *active_state)
{
  return g_strcmp0 (unit->state.active_state, active_state) == 0;
}

bool
instance_state_is_between (InstanceUnit *const units[INSTANCE_UNITS])
{
  const char *sub = units[INSTANCE_WORKER]->state.sub_state;

  return sub && (g_str_has_prefix (sub, "auto-restart") || g_str_equal (sub, "failed-before-auto-restart"));
}

InstanceState
instance_state_of (InstanceUnit *const units[INSTANCE_UNITS])
{
  const InstanceUnit *socket = units[INSTANCE_SOCKET], *proxy = units[INSTANCE_PROXY], *worker = units[INSTANCE_WORKER];

  if (unit_is (worker, "active"))
    return INSTANCE_READY;
  if (unit_is (worker, "activating") || instance_state_is_between (units))
    return INSTANCE_STARTING;
  if (unit_is (worker, "deactivating"))
    return INSTANCE_STOPPING;
  if (unit_is (worker, "failed") || !unit_is (socket, "active"))
    return INSTANCE_FAILED;
  return proxy->state.job || worker->state.job ? INSTANCE_STARTING : INSTANCE_LISTENING;
}

bool
instance_state_lacks_card (InstanceUnit *const units[INSTANCE_UNITS])
{
  int control = units[INSTANCE_WORKER]->state.control;

  return control == CARD_EXIT_MISSING || control == CARD_EXIT_UNUSED;
}

bool
instance_state_is_unchecked (InstanceUnit *const units[INSTANCE_UNITS])
{
  const InstanceUnit *worker = units[INSTANCE_WORKER];

  return worker->state.has_cards && !worker->state.looks_for_card && !unit_is (worker, "active");
}

char *
instance_failure_words (InstanceUnit *const units[INSTANCE_UNITS], int64_t start_timeout)
{
  const UnitState *worker = &units[INSTANCE_WORKER]->state;
  g_autofree char *how = NULL;
  Ending ending;

  if (worker->control == CARD_EXIT_MISSING)
    return g_strdup (N_ ("its card is not there (option allow_cpu starts it all the same)"));
  if (worker->control == CARD_EXIT_UNUSED)
    return g_strdup (N_ ("it does not compute with its card (option allow_cpu starts it all the same)"));
  if (g_strcmp0 (worker->result, "success") == 0 || !worker->result)
    return g_strdup (N_ ("its units were stopped, and not by the hive"));
  if (g_strcmp0 (worker->result, "timeout") == 0)
    return g_strdup_printf (N_ ("it was not ready within %lld seconds (option start_timeout)"),
                            (long long)start_timeout);
  ending = unit_state_ending (worker);
  if (worker->control == EXIT_NAMESPACE || (ending.kind == ENDING_EXITED && ending.number == EXIT_NAMESPACE))
    return g_strdup_printf (N_ ("systemd cannot show it all its files (status %d): its model's may be gone"),
                            EXIT_NAMESPACE);
  switch (ending.kind)
    {
    case ENDING_OUT_OF_MEMORY:
      return g_strdup (N_ ("the kernel killed it for want of memory (option memory_max, or the machine's)"));
    case ENDING_EXITED:
      return g_strdup_printf (N_ ("its program ended with status %d"), ending.number);
    case ENDING_KILLED:
      return g_strdup_printf (N_ ("its program was ended by signal %d"), ending.number);
    default:
      how = ending_to_string (&ending);
      return g_strdup_printf (N_ ("it ended: %s"), how);
    }
}
