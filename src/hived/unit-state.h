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
  uint32_t job;   /* systemd's job for it that waits or runs; 0: none */
  uint64_t tasks; /* processes and threads; UINT64_MAX: it has no cgroup */
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
