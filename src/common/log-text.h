/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

/* What may stand in a record's text: valid UTF-8 (bad bytes become U+FFFD), and of control characters only tab and SGR
 * colour sequences (ESC [ digits ; … m). Of a line with carriage returns, what stood last on the terminal is kept. */

/* True when @text needs no cleaning: printable ASCII and tabs only. Fast. */
bool log_text_is_plain (const char *text, size_t length);

/* Appends the clean form of one line (newlines inside it become spaces) to @buffer. */
void log_text_clean (GString *buffer, const char *text, size_t length);
