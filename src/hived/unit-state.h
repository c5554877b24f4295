/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-bus.h>

#include "launcher.h"

/* What systemd says of a unit. */
typedef struct
{
  char *active_state, *sub_state, *result;
  int code, status;
  bool looks_for_card; /* a command before or after its start is rbee-hive-card */
  bool has_cards;      /* RBEE_CARDS= of its environment names some */
  int control;         /* exit status of the ExecStartPre= or ExecStartPost= that failed last; 0: none did */
  uint32_t job;        /* systemd's job for it that waits or runs; 0: none */
  uint64_t tasks;      /* processes and threads; UINT64_MAX: it has no cgroup */
  uint64_t memory;     /* bytes; UINT64_MAX: nobody knows */
  uint64_t started_at; /* its main program, in µs since the epoch; 0: never */
  uint64_t since;      /* its last change of state, likewise */
  uint32_t main_pid, restarts;
} UnitState;

void unit_state_clear (UnitState *state);

/* Reads the a{sv} of GetAll with every interface's properties. 0 or a negative errno. */
int unit_state_read (sd_bus_message *message, UnitState *state);

/* Nothing of it runs or will run: one whose start still waits is inactive too. */
bool unit_state_is_gone (const UnitState *state);

/* Its program has ended. */
bool unit_state_has_ended (const UnitState *state);

/* How. Of systemd's results (systemd.service(5)) only some say more than the process's own end. */
Ending unit_state_ending (const UnitState *state);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (UnitState, unit_state_clear)
