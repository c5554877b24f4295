/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

/* Standard output, be it a terminal or not, and messages on standard error. */

typedef enum
{
  TERMINAL_PLAIN,
  TERMINAL_BOLD,
  TERMINAL_RED,
  TERMINAL_GREEN,
  TERMINAL_YELLOW,
} TerminalStyle;

/* @color: "auto" (colours on a terminal, unless NO_COLOR is set), "always" or "never". */
void terminal_set_color (const char *color);

/* Whether standard output is a terminal. */
bool terminal_is_terminal (void);

/* Whether colours are shown. */
bool terminal_has_colors (void);

/* The columns of the terminal; 80 when nobody knows. */
unsigned terminal_width (void);

/* Its lines; 24 when nobody knows. */
unsigned terminal_height (void);

/* What switches @style on; "" without colours. TERMINAL_PLAIN switches all off. */
const char *terminal_style (TerminalStyle style);

/* Writes to standard output. When that is impossible (a full disk), it says so and ends the program with status 1:
 * nothing that follows could be shown. */
void terminal_write (const char *text, size_t length);
void terminal_printf (const char *format, ...) G_GNUC_PRINTF (1, 2);

/* "hivectl: MESSAGE" on standard error. */
void terminal_report (const char *message);
