/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <systemd/sd-login.h>
#include <termios.h>
#include <unistd.h>

static const int deadly[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };

struct Agent
{
  pid_t pid;
  struct termios terminal; /* as it was: who is killed while a password is typed leaves it silent */
  struct sigaction before[G_N_ELEMENTS (deadly)];
};

/* The one there is, for the signal handler. */
static Agent *current;

/* Calls only what a signal handler may. */
static void
agent_end (const Agent *agent)
{
  kill (agent->pid, SIGTERM);
  kill (agent->pid, SIGCONT);
  while (waitpid (agent->pid, NULL, 0) < 0 && errno == EINTR)
    ;
  tcsetattr (STDIN_FILENO, TCSANOW, &agent->terminal);
}

static void
agent_on_signal (int number)
{
  agent_end (current);
  signal (number, SIG_DFL);
  raise (number);
}

static void
agent_watch_signals (Agent *agent)
{
  const struct sigaction action = { .sa_handler = agent_on_signal };

  current = agent;
  for (gsize i = 0; i < G_N_ELEMENTS (deadly); i++)
    {
      sigaction (deadly[i], NULL, &agent->before[i]);
      if (agent->before[i].sa_handler != SIG_IGN)
        sigaction (deadly[i], &action, NULL);
    }
}

/* In the child. A session may have a better agent, a window; outside of sessions there can be no other, and there
 * polkit overlooks those that stand back. */
static void G_GNUC_NORETURN
agent_execute (pid_t parent, int registered)
{
  const char *fallback = sd_pid_get_session (0, NULL) >= 0 ? "--fallback" : NULL;
  g_autofree char *number = g_strdup_printf ("%d", registered);
  sigset_t none;

  sigemptyset (&none);
  sigprocmask (SIG_SETMASK, &none, NULL);
  prctl (PR_SET_PDEATHSIG, SIGTERM);
  /* What goes wrong with it is told by the hive's answer. */
  (void)dup2 (open ("/dev/null", O_WRONLY | O_CLOEXEC), STDERR_FILENO);
  if (getppid () == parent && fcntl (registered, F_SETFD, 0) == 0)
    execlp ("pkttyagent", "pkttyagent", "--notify-fd", number, fallback, NULL);
  _exit (127);
}

/* The pipe's other end is closed when the agent is registered, or is gone. */
static void
agent_wait (int pipe)
{
  char nothing;

  while (read (pipe, &nothing, 1) < 0 && errno == EINTR)
    ;
}

Agent *
agent_new (void)
{
  g_autofree Agent *agent = g_new0 (Agent, 1);
  pid_t parent = getpid ();
  int ends[2];

  if (geteuid () == 0 || tcgetattr (STDIN_FILENO, &agent->terminal) < 0 || pipe2 (ends, O_CLOEXEC) < 0)
    return NULL;
  agent->pid = fork ();
  if (agent->pid == 0)
    agent_execute (parent, ends[1]);
  close (ends[1]);
  if (agent->pid > 0)
    {
      agent_watch_signals (agent);
      agent_wait (ends[0]);
    }
  close (ends[0]);
  return agent->pid > 0 ? g_steal_pointer (&agent) : NULL;
}

void
agent_free (Agent *agent)
{
  if (!agent)
    return;
  for (gsize i = 0; i < G_N_ELEMENTS (deadly); i++)
    sigaction (deadly[i], &agent->before[i], NULL);
  agent_end (agent);
  current = NULL;
  g_free (agent);
}
