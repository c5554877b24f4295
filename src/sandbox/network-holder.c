/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "network-holder.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "children.h"
#include "file.h"
#include "network.h"
#include "sandbox-private.h"

#define PATIENCE (30 * G_USEC_PER_SEC)

struct NetworkHolder
{
  pid_t pid;
  int leash; /* it ends when this is closed */
  int said;  /* a NUL byte: the network is there; else what it lacks, or nothing */
  bool there;
};

/* In the child, between vfork and exec: system calls only. */
static _Noreturn void
holder_execute (char *const *command, int leash, int said)
{
  char *const environment[] = { NULL };

  if (dup2 (leash, STDIN_FILENO) < 0 || dup2 (said, STDOUT_FILENO) < 0 || dup2 (said, STDERR_FILENO) < 0 ||
      close_range (STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC) < 0)
    _exit (126);
  sandbox_reset_signals ();
  execve (*command, command, environment);
  _exit (125);
}

static pid_t
holder_spawn (char *const *command, int leash, int said)
{
  pid_t pid = vfork ();

  if (pid == 0)
    holder_execute (command, leash, said);
  return pid;
}

NetworkHolder *
network_holder_new (const Configuration *configuration)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_autoptr (Sandbox) sandbox = sandbox_new (configuration);
  g_auto (GStrv) command = NULL;
  int leash[2], said[2];
  NetworkHolder *holder;

  if (!children_can_spare ())
    return NULL;
  sandbox_allow_network (sandbox);
  sandbox_network_add_command (sandbox, builder);
  g_strv_builder_add (builder, NETWORK_HOLD);
  command = g_strv_builder_end (builder);
  if (pipe2 (leash, O_CLOEXEC) < 0)
    return NULL;
  if (pipe2 (said, O_CLOEXEC) < 0)
    {
      close (leash[0]);
      close (leash[1]);
      return NULL;
    }
  holder = g_new (NetworkHolder, 1);
  *holder = (NetworkHolder){ .pid = holder_spawn (command, leash[0], said[1]), .leash = leash[1], .said = said[0] };
  close (leash[0]);
  close (said[1]);
  if (holder->pid > 0)
    children_spare (holder->pid);
  return holder;
}

/* Whoever reaps what is left of the next sandbox reaps it. */
void
network_holder_free (NetworkHolder *holder)
{
  if (!holder)
    return;
  children_spare (0);
  fd_clear (&holder->leash);
  fd_clear (&holder->said);
  g_free (holder);
}

static bool
holder_lives (const NetworkHolder *holder)
{
  siginfo_t ended = { 0 };

  return waitid (P_PID, (id_t)holder->pid, &ended, WEXITED | WNOHANG | WNOWAIT) == 0 && ended.si_pid == 0;
}

bool
network_holder_wait (NetworkHolder *holder)
{
  int64_t until = g_get_monotonic_time () + PATIENCE;
  char byte;

  while (!holder->there && holder->pid > 0 && !sandbox_was_cancelled () && g_get_monotonic_time () < until)
    {
      struct pollfd poll_said = { .fd = holder->said, .events = POLLIN };

      /* A signal may come just before it waits. */
      if (poll (&poll_said, 1, 100) <= 0)
        continue;
      if (read (holder->said, &byte, 1) != 1 || byte != '\0')
        return false;
      holder->there = true;
    }
  return holder->there && holder_lives (holder);
}

pid_t
network_holder_pid (const NetworkHolder *holder)
{
  return holder->pid;
}
