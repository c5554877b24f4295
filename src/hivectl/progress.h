/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdint.h>

#include "log-record.h"

/* The line beneath a log on a terminal: phase, how long it has taken, and how far it is. */
typedef struct Progress Progress;

Progress *progress_new (void);
void progress_free (Progress *progress);

/* Takes what @record says about phase and progress. */
void progress_take (Progress *progress, const LogRecord *record);

/* Appends what erases the line, if it is there. */
void progress_erase (Progress *progress, GString *output);

/* Appends what shows the line as it is now, unless it is there so already or was drawn less than a fifth of a second
 * ago.
 */
void progress_draw (Progress *progress, GString *output);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Progress, progress_free)
