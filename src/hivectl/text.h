/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* Text for terminals: how wide it is, and what may not reach one. All of it is valid UTF-8. */

/* The columns @text takes, which has no control characters. */
unsigned text_width (const char *text);

/* @text, with "..." for each "…" where the locale is not UTF-8. */
char *text_for_locale (const char *text);

/* @text, cut to @width columns: the last of them is "…" then, or the last three "..." where the locale is not UTF-8. */
char *text_cut (const char *text, unsigned width);

/* One line without controls (controls.h): white space becomes a space, any other one "?". */
char *text_line (const char *text);

/* @text without its SGR colours. */
char *text_without_colors (const char *text);
