/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* Classes of characters as bash's patterns know them in C.UTF-8: characters of a text that is valid there, bytes of one
 * that is not. LC_CTYPE has to be C.UTF-8. */

bool text_has_space (const char *text);
/* The first @wanted in @text that white space follows, or NULL. */
const char *text_find_before_space (const char *text, char wanted);
bool text_is_ascii (const char *text);

/* The characters of @text that are neither letters nor digits nor in @others, bytes when it isn't valid; free with
 * g_free. */
char *text_not_alphanumeric (const char *text, const char *others);

/* Appends @text with one space in place of each run of white space. */
void text_append_normalized (GString *to, const char *text);
