/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

#include "log-record.h"
#include "options.h"

/* Shows records of a log on standard output: as lines for people, as JSON, or not at all. Lines are gathered; whoever
 * is about to wait flushes. */
typedef struct View View;

/* By --json and --quiet. @follows: more may come, so that a terminal gets a status line. */
View *view_new (const Options *options, bool follows);
void view_free (View *view);

/* Whether there is a status line, so that flushing now and then keeps it up to date. */
bool view_has_status (const View *view);

void view_record (View *view, const LogRecord *record);

/* What came until now is what was there already: of that only the last lines are shown where --lines= says so. */
void view_end_past (View *view);

/* Writes what was gathered, and the status line beneath it. */
void view_flush (View *view);

/* Writes what was gathered and takes the status line away, so that somebody else can write. */
void view_pause (View *view);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (View, view_free)
