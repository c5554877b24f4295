/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gguf-child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "error.h"
#include "file.h"

#define PATIENCE 60 /* seconds */

typedef struct
{
  bool fine;
  Gguf gguf;
} GgufAnswer;

/* The filter knows exit(2), and not the exit_group(2) of _exit(). */
static _Noreturn void
child_end (int status)
{
  for (;;)
    syscall (SYS_exit, status);
}

/* From here it can read, write and end. It is what seccomp's strict mode is, which the kernel refuses to whom a unit or
 * a container has given a filter already. The one thread is killed, for which libseccomp does not need seccomp(2): a
 * unit's filter may forbid that. */
static bool
child_confine (void)
{
  static const int calls[] = { SCMP_SYS (read), SCMP_SYS (write), SCMP_SYS (exit) };
  scmp_filter_ctx filter = seccomp_init (SCMP_ACT_KILL_THREAD);
  int r = filter ? 0 : -ENOMEM;

  for (gsize i = 0; r >= 0 && i < G_N_ELEMENTS (calls); i++)
    r = seccomp_rule_add (filter, SCMP_ACT_ALLOW, calls[i], 0);
  /* What the filter was made from stays until the end: to free it might take a call. */
  return r >= 0 && seccomp_load (filter) >= 0;
}

static _Noreturn void
child_run (int fd, uint64_t size, int output)
{
  static GgufAnswer answer;
  const char *at = (const char *)&answer;
  size_t left = sizeof answer;

  prctl (PR_SET_PDEATHSIG, SIGKILL);
  if (dup2 (fd, STDIN_FILENO) < 0 || dup2 (output, STDOUT_FILENO) < 0)
    _exit (126);
  close_range (STDERR_FILENO, ~0U, 0);
  if (!child_confine ())
    _exit (126);
  answer.fine = gguf_read (STDIN_FILENO, size, &answer.gguf);
  while (left > 0)
    {
      ssize_t n = write (STDOUT_FILENO, at, left);

      if (n <= 0)
        child_end (1);
      at += n;
      left -= (size_t)n;
    }
  child_end (0);
}

/* True when the whole answer came in time. */
static bool
child_answer (int fd, GgufAnswer *ret)
{
  int64_t deadline = g_get_monotonic_time () + PATIENCE * G_USEC_PER_SEC;
  size_t filled = 0;

  while (filled < sizeof *ret)
    {
      struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
      int64_t left = deadline - g_get_monotonic_time ();
      ssize_t n;

      if (left <= 0 || (poll (&poll_fd, 1, (int)(left / 1000) + 1) < 0 && errno != EINTR))
        return false;
      if (!poll_fd.revents)
        continue;
      n = read (fd, (char *)ret + filled, sizeof *ret - filled);
      if (n <= 0)
        return false;
      filled += (size_t)n;
    }
  return true;
}

static void
answer_end_texts (Gguf *gguf)
{
  gguf->architecture[sizeof gguf->architecture - 1] = '\0';
  gguf->quantization[sizeof gguf->quantization - 1] = '\0';
  gguf->problem[sizeof gguf->problem - 1] = '\0';
}

bool
gguf_child_read (int fd, const char *name, Gguf *ret, GError **error)
{
  GgufAnswer answer = { 0 };
  g_auto (Fd) input = -1;
  struct stat st;
  bool whole;
  int pipes[2];
  pid_t pid;

  if (fstat (fd, &st) < 0 || pipe2 (pipes, O_CLOEXEC) < 0)
    return hive_error_set_errno (error, errno, "Cannot look at %s", name);
  input = pipes[0];
  pid = fork ();
  if (pid == 0)
    child_run (fd, (uint64_t)st.st_size, pipes[1]);
  close (pipes[1]);
  if (pid < 0)
    return hive_error_set_errno (error, errno, "Cannot start the reader of %s", name);
  whole = child_answer (input, &answer);
  kill (pid, SIGKILL);
  while (waitpid (pid, NULL, 0) < 0 && errno == EINTR)
    ;
  answer_end_texts (&answer.gguf);
  if (!whole)
    g_set_error (error, HIVE_ERROR, HIVE_ERROR_MODEL_INVALID, "%s cannot be read: its reader was ended", name);
  else if (!answer.fine)
    g_set_error (error, HIVE_ERROR, HIVE_ERROR_MODEL_INVALID, "%s cannot be used: it %s", name, answer.gguf.problem);
  if (!whole || !answer.fine)
    return false;
  *ret = answer.gguf;
  return true;
}
