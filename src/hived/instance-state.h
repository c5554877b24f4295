/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "unit-state.h"

typedef enum
{
  INSTANCE_LISTENING,
  INSTANCE_STARTING,
  INSTANCE_READY,
  INSTANCE_STOPPING,
  INSTANCE_FAILED,
} InstanceState;

const char *instance_state_name (InstanceState state);

/* The units of one. */
typedef enum
{
  INSTANCE_SOCKET,
  INSTANCE_PROXY,
  INSTANCE_WORKER,
  INSTANCE_UNITS,
} InstanceUnitKind;

/* A unit that is followed by what systemd says of its changes. */
typedef struct
{
  sd_bus *bus;
  char *name;
  char *path;
  UnitState state;
  bool known; /* @state is systemd's word */
  sd_bus_slot *changes, *call;
  bool again;
  void (*changed) (void *userdata);
  void *userdata;
} InstanceUnit;

/* @changed is called whenever systemd has answered. The first question is asked at once. */
InstanceUnit *instance_unit_new (sd_bus *bus, const char *name, void (*changed) (void *userdata), void *userdata);
void instance_unit_free (InstanceUnit *unit);
void instance_unit_ask (InstanceUnit *unit);

/* The worker failed, and waits to be started again. */
bool instance_state_is_between (InstanceUnit *const units[INSTANCE_UNITS]);

/* It failed for want of the card that it is for. */
bool instance_state_lacks_card (InstanceUnit *const units[INSTANCE_UNITS]);

/* Its card is to be looked for, and systemd does not know by whom. */
bool instance_state_is_unchecked (InstanceUnit *const units[INSTANCE_UNITS]);

/* What the three units come to. */
InstanceState instance_state_of (InstanceUnit *const units[INSTANCE_UNITS]);

/* Why it failed, for people: "its program ended with status 3", … Free with g_free. */
char *instance_failure_words (InstanceUnit *const units[INSTANCE_UNITS], int64_t start_timeout);
