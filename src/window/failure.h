/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gtk/gtk.h>

/* What a person is told of a call of the hive that failed: a sentence, and in a line of its own what to do about it; to
 * be freed. NULL where the person knows: the question for a password was dismissed, or what asked was left. */
char *failure_sentence (const GError *error);

/* Tells it in a dialog over the window of @widget: @about is what one wanted something of. */
void failure_present (GtkWidget *widget, const char *about, const GError *error);
