/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit-state.h"

#include <signal.h>
#include <string.h>

#define CARDS "RBEE_CARDS="

void
unit_state_clear (UnitState *state)
{
  g_free (state->active_state);
  g_free (state->sub_state);
  g_free (state->result);
}

static int
unit_state_read_text (sd_bus_message *message, char **ret_text)
{
  const char *text;
  int r = sd_bus_message_read (message, "v", "s", &text);

  g_free (*ret_text);
  *ret_text = r < 0 ? NULL : g_strdup (text);
  return r;
}

static int
unit_state_read_environment (sd_bus_message *message, bool *ret_has_cards)
{
  const char *variable;
  int r;

  if ((r = sd_bus_message_enter_container (message, 'v', "as")) < 0 ||
      (r = sd_bus_message_enter_container (message, 'a', "s")) < 0)
    return r;
  while ((r = sd_bus_message_read (message, "s", &variable)) > 0)
    if (g_str_has_prefix (variable, CARDS))
      *ret_has_cards = variable[strlen (CARDS)] != '\0';
  if (r < 0 || (r = sd_bus_message_exit_container (message)) < 0)
    return r;
  return sd_bus_message_exit_container (message);
}

/* org.freedesktop.systemd1(5): a command's last two numbers are how it ended. */
static int
unit_state_read_commands (sd_bus_message *message, UnitState *state)
{
  int r;

  if ((r = sd_bus_message_enter_container (message, 'v', "a(sasbttttuii)")) < 0 ||
      (r = sd_bus_message_enter_container (message, 'a', "(sasbttttuii)")) < 0)
    return r;
  while ((r = sd_bus_message_enter_container (message, 'r', "sasbttttuii")) > 0)
    {
      int32_t code, status;
      const char *program;

      if ((r = sd_bus_message_read (message, "s", &program)) < 0 ||
          (r = sd_bus_message_skip (message, "asbttttu")) < 0 ||
          (r = sd_bus_message_read (message, "ii", &code, &status)) < 0 ||
          (r = sd_bus_message_exit_container (message)) < 0)
        return r;
      if (code == CLD_EXITED && status != 0)
        state->control = status;
      state->looks_for_card = state->looks_for_card || g_str_has_suffix (program, "/rbee-hive-card");
    }
  if (r < 0 || (r = sd_bus_message_exit_container (message)) < 0)
    return r;
  return sd_bus_message_exit_container (message);
}

int
unit_state_read (sd_bus_message *message, UnitState *state)
{
  const char *name;
  int r;

  if ((r = sd_bus_message_enter_container (message, 'a', "{sv}")) < 0)
    return r;
  while ((r = sd_bus_message_enter_container (message, 'e', "sv")) > 0)
    {
      if ((r = sd_bus_message_read (message, "s", &name)) < 0)
        return r;
      if (g_str_equal (name, "ActiveState"))
        r = unit_state_read_text (message, &state->active_state);
      else if (g_str_equal (name, "SubState"))
        r = unit_state_read_text (message, &state->sub_state);
      else if (g_str_equal (name, "Result"))
        r = unit_state_read_text (message, &state->result);
      else if (g_str_equal (name, "Job"))
        r = sd_bus_message_read (message, "v", "(uo)", &state->job, NULL);
      else if (g_str_equal (name, "TasksCurrent"))
        r = sd_bus_message_read (message, "v", "t", &state->tasks);
      else if (g_str_equal (name, "MemoryCurrent"))
        r = sd_bus_message_read (message, "v", "t", &state->memory);
      else if (g_str_equal (name, "ExecMainStartTimestamp"))
        r = sd_bus_message_read (message, "v", "t", &state->started_at);
      else if (g_str_equal (name, "StateChangeTimestamp"))
        r = sd_bus_message_read (message, "v", "t", &state->since);
      else if (g_str_equal (name, "MainPID"))
        r = sd_bus_message_read (message, "v", "u", &state->main_pid);
      else if (g_str_equal (name, "NRestarts"))
        r = sd_bus_message_read (message, "v", "u", &state->restarts);
      else if (g_str_equal (name, "ExecMainCode"))
        r = sd_bus_message_read (message, "v", "i", &state->code);
      else if (g_str_equal (name, "ExecMainStatus"))
        r = sd_bus_message_read (message, "v", "i", &state->status);
      else if (g_str_equal (name, "ExecStartPre") || g_str_equal (name, "ExecStartPost"))
        r = unit_state_read_commands (message, state);
      else if (g_str_equal (name, "Environment"))
        r = unit_state_read_environment (message, &state->has_cards);
      else
        r = sd_bus_message_skip (message, "v");
      if (r < 0 || (r = sd_bus_message_exit_container (message)) < 0)
        return r;
    }
  return r;
}

bool
unit_state_is_gone (const UnitState *state)
{
  return state->job == 0 &&
         (g_strcmp0 (state->active_state, "inactive") == 0 || g_strcmp0 (state->active_state, "failed") == 0);
}

bool
unit_state_has_ended (const UnitState *state)
{
  return unit_state_is_gone (state) ||
         (g_strcmp0 (state->active_state, "active") == 0 && g_strcmp0 (state->sub_state, "exited") == 0);
}

Ending
unit_state_ending (const UnitState *state)
{
  if (g_strcmp0 (state->result, "oom-kill") == 0)
    return (Ending){ .kind = ENDING_OUT_OF_MEMORY };
  if (g_strcmp0 (state->result, "timeout") == 0)
    return (Ending){ .kind = ENDING_TIMED_OUT };
  if (g_strcmp0 (state->result, "resources") == 0)
    return (Ending){ .kind = ENDING_NOT_STARTED, .message = "systemd lacks the means; see the journal" };
  if (state->code == CLD_EXITED)
    return (Ending){ .kind = ENDING_EXITED, .number = state->status };
  if (state->code == CLD_KILLED || state->code == CLD_DUMPED)
    return (Ending){ .kind = ENDING_KILLED, .number = state->status };
  return (Ending){ .kind = ENDING_UNKNOWN };
}
