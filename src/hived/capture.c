/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "capture.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "error.h"
#include "file.h"

struct Capture
{
  char *program;
  size_t max_size;
  Child *child;
  int fd;
  sd_event_source *io;
  sd_event_source *timer;
  GByteArray *text;
  CaptureHandler handler;
  void *userdata;
};

static void
capture_fail (Capture *capture, GError *failure)
{
  g_autoptr (GError) owned = failure;

  capture->handler (NULL, 0, -1, owned, capture->userdata);
}

static GError *
capture_too_large (Capture *capture)
{
  g_autofree char *program = g_path_get_basename (capture->program);

  return g_error_new (HIVE_ERROR, HIVE_ERROR_LIMITS_EXCEEDED, "The answer of %s is larger than %zu bytes", program,
                      capture->max_size);
}

/* 1: more may come, 0: its end, -E2BIG: more than allowed. */
static int
capture_read (Capture *capture)
{
  char buffer[16 * 1024];

  for (int i = 0; i < 16; i++)
    {
      ssize_t n = read (capture->fd, buffer, sizeof buffer);

      if (n == 0)
        return 0;
      if (n < 0)
        return errno == EAGAIN || errno == EINTR ? 1 : -errno;
      if (capture->text->len + (size_t)n > capture->max_size)
        return -E2BIG;
      g_byte_array_append (capture->text, (const guint8 *)buffer, (guint)n);
    }
  return 2;
}

static int
capture_on_input (sd_event_source *source, int fd, uint32_t events, void *userdata)
{
  Capture *capture = userdata;
  int r = capture_read (capture);

  if (r > 0)
    return 0;
  /* At its end the exit of the program is what counts. */
  sd_event_source_set_enabled (source, SD_EVENT_OFF);
  if (r == -E2BIG)
    capture_fail (capture, capture_too_large (capture));
  return 0;
}

static int
capture_on_timeout (sd_event_source *source, uint64_t usec, void *userdata)
{
  Capture *capture = userdata;
  g_autofree char *program = g_path_get_basename (capture->program);

  capture_fail (capture, g_error_new (HIVE_ERROR, HIVE_ERROR_TIMED_OUT, "%s did not answer in time", program));
  return 0;
}

static void
capture_on_exit (const Ending *ending, void *userdata)
{
  Capture *capture = userdata;
  g_autofree char *program = g_path_get_basename (capture->program);
  g_autofree char *how = ending_to_string (ending);
  int code = ending_status (ending);
  int r;

  /* What it wrote before it ended is still in the pipe, and never more than a pipe holds. */
  do
    r = capture_read (capture);
  while (r == 2);
  if (r == -E2BIG)
    capture_fail (capture, capture_too_large (capture));
  else if (code < 0 || code > 1)
    capture_fail (capture, g_error_new (HIVE_ERROR, HIVE_ERROR_FAILED, "%s ended unexpectedly (%s)", program, how));
  else
    {
      g_byte_array_append (capture->text, (const guint8 *)"", 1);
      capture->handler ((const char *)capture->text->data, capture->text->len - 1, code, NULL, capture->userdata);
    }
}

static Capture *
capture_new (const CaptureSpec *spec, CaptureHandler handler, void *userdata)
{
  Capture *capture = g_new0 (Capture, 1);

  capture->program = g_strdup (spec->arguments[0]);
  capture->max_size = spec->max_size;
  capture->fd = -1;
  capture->text = g_byte_array_new ();
  capture->handler = handler;
  capture->userdata = userdata;
  return capture;
}

Capture *
capture_start (Launcher *launcher, sd_event *event, const CaptureSpec *spec, CaptureHandler handler, void *userdata,
               GError **error)
{
  g_autoptr (Capture) capture = capture_new (spec, handler, userdata);
  g_auto (Fd) input = -1;
  g_auto (Fd) output = -1;
  int pipes[2];
  int r;

  if (spec->input)
    {
      input = file_memory ("request", spec->input, -1, error);
      if (input < 0)
        return NULL;
    }
  if (pipe2 (pipes, O_CLOEXEC) < 0)
    {
      hive_error_set_errno (error, errno, "Cannot make a pipe");
      return NULL;
    }
  capture->fd = pipes[0];
  output = pipes[1];
  /* Our end alone: the program's may block. */
  fcntl (capture->fd, F_SETFL, O_NONBLOCK);

  r = sd_event_add_io (event, &capture->io, capture->fd, EPOLLIN, capture_on_input, capture);
  if (r >= 0)
    r = sd_event_add_time_relative (event, &capture->timer, CLOCK_MONOTONIC, spec->timeout, 0, capture_on_timeout,
                                    capture);
  if (r < 0)
    {
      hive_error_set_errno (error, -r, "Cannot wait for %s", capture->program);
      return NULL;
    }
  capture->child = launcher_start (launcher,
                                   &(Launch){ .role = spec->role,
                                              .arguments = spec->arguments,
                                              .description = spec->description,
                                              .tokens = spec->tokens,
                                              .input = input,
                                              .output = output,
                                              .dies_with_hive = true },
                                   capture_on_exit, capture, error);
  if (!capture->child)
    return NULL;
  return g_steal_pointer (&capture);
}

void
capture_free (Capture *capture)
{
  if (!capture)
    return;
  sd_event_source_disable_unref (capture->io);
  sd_event_source_disable_unref (capture->timer);
  child_free (capture->child);
  if (capture->fd >= 0)
    close (capture->fd);
  g_byte_array_unref (capture->text);
  g_free (capture->program);
  g_free (capture);
}
