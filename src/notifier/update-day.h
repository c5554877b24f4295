/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* The day on which a person was told of newer versions last. It is kept in rbee-hive/updates-told of the state folder
 * (~/.local/state), so that the next session knows it too. One that can show nothing leaves the day to the others. */
typedef struct UpdateDay UpdateDay;

typedef enum
{
  UPDATE_UNTOLD, /* there was a telling today */
  UPDATE_FIRST,  /* this is it */
  UPDATE_MORE,   /* it has just begun: one more of what was found together */
} UpdateTurn;

/* @clock: µs since the epoch, as g_get_real_time() has it. */
UpdateDay *update_day_new (gint64 (*clock) (void));
void update_day_free (UpdateDay *day);

/* A newer version was found: whether it is to be told. */
UpdateTurn update_day_take (UpdateDay *day);

/* What update_day_take() gave a turn to was shown: that day is over. */
void update_day_keep (UpdateDay *day);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (UpdateDay, update_day_free)
