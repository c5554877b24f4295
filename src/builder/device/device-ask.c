/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "device-probe.h"
#include "file.h"

#define ANSWER_MAX (256 * 1024)

static _Noreturn void
device_ask_child (DeviceChild run, const void *data, int output)
{
  int null = open ("/dev/null", O_RDWR);

  setpgid (0, 0);
  prctl (PR_SET_PDEATHSIG, SIGKILL);
  if (dup2 (null, STDIN_FILENO) < 0 || dup2 (output, STDOUT_FILENO) < 0 || dup2 (null, STDERR_FILENO) < 0)
    _exit (126);
  close_range (STDERR_FILENO + 1, ~0U, 0);
  _exit (run (data));
}

/* True when @fd came to its end in time and within its size. */
static bool
device_ask_read (int fd, GString *answer, int64_t deadline)
{
  char buffer[16 * 1024];

  for (;;)
    {
      struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
      int64_t left = deadline - g_get_monotonic_time ();
      ssize_t n;

      if (left <= 0)
        return false;
      if (poll (&poll_fd, 1, (int)(left / 1000) + 1) < 0 && errno != EINTR)
        return false;
      if (!poll_fd.revents)
        continue;
      n = read (fd, buffer, sizeof buffer);
      if (n == 0)
        return true;
      if (n < 0 || answer->len + (gsize)n > ANSWER_MAX)
        return false;
      g_string_append_len (answer, buffer, n);
    }
}

char *
device_ask (DeviceChild run, const void *data, unsigned seconds, int *ret_status)
{
  g_autoptr (GString) answer = g_string_new (NULL);
  g_auto (Fd) input = -1;
  int pipes[2], status = 0;
  bool whole;
  pid_t pid;

  *ret_status = -1;
  if (pipe2 (pipes, O_CLOEXEC) < 0)
    return NULL;
  input = pipes[0];
  pid = fork ();
  if (pid == 0)
    device_ask_child (run, data, pipes[1]);
  close (pipes[1]);
  if (pid < 0)
    return NULL;
  whole = device_ask_read (input, answer, g_get_monotonic_time () + (int64_t)seconds * G_USEC_PER_SEC);
  if (!whole)
    {
      kill (-pid, SIGKILL);
      kill (pid, SIGKILL);
    }
  while (waitpid (pid, &status, 0) < 0 && errno == EINTR)
    ;
  if (!whole || !WIFEXITED (status))
    return NULL;
  *ret_status = WEXITSTATUS (status);
  return g_strdup (answer->str);
}
