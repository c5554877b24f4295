/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* Characters that steer a terminal, or make a line look like another one: C0, DEL, C1, those that turn the direction of
 * writing, and U+2028 and U+2029, where Pango, Qt and browsers break a line. Text of others shows none of them to a
 * person. */

bool character_is_control (gunichar character);

/* Whether @text, which is valid UTF-8, has one that is none of @allowed. */
bool controls_are_in (const char *text, const char *allowed);

/* What a reader must see to know what @text really says: newline and tab stay, another one is "^[" or "<U+202E>". @text
 * need not be valid UTF-8. */
char *controls_visible (const char *text);
