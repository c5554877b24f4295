/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "file.h"
#include "network.h"
#include "sandbox-private.h"

#define READ_SIZE      (256 * 1024)
#define TAIL_MAX       4096          /* of standard error, for messages */
#define EVALUATION_MAX (1024 * 1024) /* what a recipe may print while it is read */

static void
sandbox_stream_keep_tail (SandboxStream *stream, const char *data, size_t length)
{
  if (length > TAIL_MAX)
    {
      data += length - TAIL_MAX;
      length = TAIL_MAX;
    }
  g_string_append_len (stream->tail, data, length);
  if (stream->tail->len > TAIL_MAX)
    g_string_erase (stream->tail, 0, stream->tail->len - TAIL_MAX);
}

void
sandbox_stream_feed (SandboxStream *stream, const char *data, size_t length)
{
  if (length > 0 && stream->output)
    output_feed (stream->output, data, length);
}

static bool
may_begin_with (const GString *text, const char *prefix)
{
  return strncmp (text->str, prefix, MIN (strlen (prefix), text->len)) == 0;
}

/* Bubblewrap speaks on the same descriptor as its program, before it and never after, and so does what made its
 * network. As long as what came may be such a complaint it is kept back: if the program was never started, it is no
 * line of the recipe. */
static bool
sandbox_holds (Sandbox *sandbox, const char *data, size_t length)
{
  if (!sandbox->held)
    return false;

  g_string_append_len (sandbox->held, data, MIN (length, TAIL_MAX));
  if (length < TAIL_MAX && sandbox->held->len < TAIL_MAX &&
      (may_begin_with (sandbox->held, BWRAP_PREFIX) || may_begin_with (sandbox->held, NETWORK_PREFIX)))
    return true;

  g_string_truncate (sandbox->held, sandbox->held->len - MIN (length, TAIL_MAX));
  sandbox_stream_feed (&sandbox->err, sandbox->held->str, sandbox->held->len);
  g_string_free (g_steal_pointer (&sandbox->held), TRUE);
  return false;
}

static void
sandbox_take (Sandbox *sandbox, SandboxStream *stream, const char *data, size_t length)
{
  stream->total += length;
  sandbox_stream_keep_tail (stream, data, length);
  if (stream != &sandbox->err || !sandbox_holds (sandbox, data, length))
    sandbox_stream_feed (stream, data, length);

  if (sandbox->evaluation && sandbox->out.total + sandbox->err.total > EVALUATION_MAX && sandbox->stop == STOP_NONE)
    sandbox->stop = STOP_TOO_MUCH;
}

static void
sandbox_take_collected (Sandbox *sandbox, const char *data, size_t length)
{
  if (sandbox->collected->len + length > sandbox->collect_max)
    {
      if (sandbox->stop == STOP_NONE)
        sandbox->stop = STOP_TOO_MUCH;
      return;
    }
  g_string_append_len (sandbox->collected, data, length);
}

bool
sandbox_read (Sandbox *sandbox, int *fd)
{
  static char buffer[READ_SIZE];
  ssize_t n;

  if (*fd < 0)
    return false;

  n = read (*fd, buffer, sizeof buffer);
  if (n < 0 && (errno == EAGAIN || errno == EINTR))
    return errno == EINTR;
  if (n <= 0)
    {
      fd_clear (fd);
      return false;
    }

  if (fd == &sandbox->out.fd)
    sandbox_take (sandbox, &sandbox->out, buffer, n);
  else if (fd == &sandbox->err.fd)
    sandbox_take (sandbox, &sandbox->err, buffer, n);
  else if (fd == &sandbox->collect_fd)
    sandbox_take_collected (sandbox, buffer, n);
  else if (sandbox->status->len < TAIL_MAX)
    g_string_append_len (sandbox->status, buffer, n);
  return true;
}

void
sandbox_drain (Sandbox *sandbox)
{
  int *fds[] = { &sandbox->out.fd, &sandbox->err.fd, &sandbox->collect_fd, &sandbox->status_fd };

  for (size_t i = 0; i < G_N_ELEMENTS (fds); i++)
    while (sandbox_read (sandbox, fds[i]))
      ;
}
