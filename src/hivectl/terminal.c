/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "terminal.h"

#include <errno.h>
#include <glib/gi18n.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "controls.h"
#include "exit-status.h"
#include "file.h"
#include "pager.h"
#include "sentence.h"

#define WIDTH_DEFAULT  80
#define HEIGHT_DEFAULT 24

static bool colors;

void
terminal_set_color (const char *color)
{
  const char *no_color = g_getenv ("NO_COLOR");
  const char *term = g_getenv ("TERM");

  if (g_str_equal (color, "auto"))
    colors = terminal_is_terminal () && !(no_color && *no_color) && !(term && g_str_equal (term, "dumb"));
  else
    colors = g_str_equal (color, "always");
}

bool
terminal_is_terminal (void)
{
  return isatty (pager_terminal ());
}

bool
terminal_has_colors (void)
{
  return colors;
}

unsigned
terminal_width (void)
{
  const char *columns = g_getenv ("COLUMNS");
  struct winsize size;
  int wanted;

  if (ioctl (pager_terminal (), TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
    return size.ws_col;
  wanted = columns ? atoi (columns) : 0;
  return wanted > 0 ? wanted : WIDTH_DEFAULT;
}

unsigned
terminal_height (void)
{
  struct winsize size;

  return ioctl (pager_terminal (), TIOCGWINSZ, &size) == 0 && size.ws_row > 0 ? size.ws_row : HEIGHT_DEFAULT;
}

const char *
terminal_style (TerminalStyle style)
{
  static const char *const codes[] = {
    [TERMINAL_PLAIN] = "\033[0m",  [TERMINAL_BOLD] = "\033[1m",    [TERMINAL_RED] = "\033[31m",
    [TERMINAL_GREEN] = "\033[32m", [TERMINAL_YELLOW] = "\033[33m",
  };

  return colors ? codes[style] : "";
}

void
terminal_write (const char *text, size_t length)
{
  g_autofree char *message = NULL;
  int r;

  pager_start ();
  r = file_write_all (STDOUT_FILENO, text, length);
  if (r >= 0)
    return;
  /* A person who leaves the pager has seen enough. */
  if (r == -EPIPE && pager_runs ())
    {
      pager_close ();
      exit (EXIT_STATUS_OK);
    }
  message = g_strdup_printf (_ ("Cannot write to standard output: %s"), g_strerror (-r));
  terminal_report (message);
  exit (EXIT_STATUS_FAILED);
}

void
terminal_printf (const char *format, ...)
{
  g_autofree char *text = NULL;
  va_list arguments;

  va_start (arguments, format);
  text = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  terminal_write (text, strlen (text));
}

void
terminal_report (const char *message)
{
  g_autofree char *said = sentence_translate (message);
  g_autofree char *visible = controls_visible (said);
  g_autofree char *line = g_strdup_printf ("hivectl: %s\n", visible);

  /* One write: lines of several programs on one terminal stay whole. Nobody is left to tell when it fails. */
  (void)file_write_all (STDERR_FILENO, line, strlen (line));
}
