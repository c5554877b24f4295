/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pager.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <systemd/sd-login.h>
#include <unistd.h>

/* systemctl's: leave at once what fits, keep colours, cut long lines, leave the screen as it is, end by Ctrl-C. */
#define LESS_OPTIONS "FRSXMK"

static struct
{
  bool allowed;
  GPid pid; /* 0: none runs */
  int standard_output, standard_error;
} pager;

void
pager_allow (void)
{
  pager.allowed = true;
}

bool
pager_runs (void)
{
  return pager.pid > 0;
}

int
pager_terminal (void)
{
  return pager_runs () ? pager.standard_output : STDOUT_FILENO;
}

/* Whether we have rights that the person at the terminal has not: then no pager may write files or start a shell. */
static bool
pager_is_secure (void)
{
  const char *wanted = g_getenv ("SYSTEMD_PAGERSECURE");
  uid_t uid;

  if (wanted && *wanted)
    return !g_strv_contains ((const char *const[]){ "0", "n", "no", "f", "false", "off", NULL }, wanted);
  if (g_getenv ("SUDO_UID") || g_getenv ("PKEXEC_UID") || geteuid () != getuid ())
    return true;
  return sd_pid_get_owner_uid (0, &uid) >= 0 && uid != geteuid ();
}

/* The first word of @command, where it is a program that can be found; takes @command. */
static char **
pager_check (char **command)
{
  g_autofree char *program = command && *command ? g_find_program_in_path (*command) : NULL;

  if (program)
    return command;
  g_strfreev (command);
  return NULL;
}

/* What to run; NULL: nothing. A pager of the environment is not run by a shell: its words are its arguments. */
static char **
pager_command (bool secure)
{
  static const char *const usual[] = { "pager", "less", "more" };
  const char *wanted = g_getenv ("SYSTEMD_PAGER") ? g_getenv ("SYSTEMD_PAGER") : g_getenv ("PAGER");
  char **command = NULL;

  if (wanted && (!*wanted || g_str_equal (wanted, "cat")))
    return NULL;
  if (secure && !g_getenv ("SYSTEMD_PAGERSECURE"))
    return pager_check (g_strdupv ((char *[]){ (char *)"less", NULL }));
  if (wanted && g_shell_parse_argv (wanted, NULL, &command, NULL))
    command = pager_check (command);
  for (gsize i = 0; !command && i < G_N_ELEMENTS (usual); i++)
    command = pager_check (g_strdupv ((char *[]){ (char *)usual[i], NULL }));
  return command;
}

static char **
pager_environment (bool secure)
{
  const char *options = g_getenv ("SYSTEMD_LESS");
  const char *charset = g_getenv ("SYSTEMD_LESSCHARSET");
  char **environment = g_environ_setenv (g_get_environ (), "LESS", options ? options : LESS_OPTIONS, TRUE);

  if (!charset && g_get_charset (NULL))
    charset = "utf-8";
  if (charset)
    environment = g_environ_setenv (environment, "LESSCHARSET", charset, TRUE);
  if (secure)
    environment = g_environ_setenv (environment, "LESSSECURE", "1", TRUE);
  return environment;
}

/* In the child. */
static void
pager_prepare (void *userdata)
{
  signal (SIGINT, SIG_DFL);
  prctl (PR_SET_PDEATHSIG, SIGTERM);
}

static bool
pager_is_wanted (void)
{
  const char *term = g_getenv ("TERM");

  return pager.allowed && !pager_runs () && isatty (STDOUT_FILENO) && term && !g_str_equal (term, "dumb");
}

/* From here on Ctrl-C is the pager's, and one that was left ends us by what is written to it. */
static void
pager_lead_to (int input)
{
  bool errors = isatty (STDERR_FILENO);

  pager.standard_output = fcntl (STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
  pager.standard_error = errors ? fcntl (STDERR_FILENO, F_DUPFD_CLOEXEC, 3) : -1;
  dup2 (input, STDOUT_FILENO);
  if (errors)
    dup2 (input, STDERR_FILENO);
  close (input);
  signal (SIGINT, SIG_IGN);
  signal (SIGPIPE, SIG_IGN);
}

void
pager_start (void)
{
  bool secure;
  int input;
  g_auto (GStrv) command = NULL;
  g_auto (GStrv) environment = NULL;

  if (!pager_is_wanted ())
    return;
  pager.allowed = false;
  secure = pager_is_secure ();
  command = pager_command (secure);
  environment = pager_environment (secure);
  if (command && g_spawn_async_with_pipes (NULL, command, environment, G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD,
                                           pager_prepare, NULL, &pager.pid, &input, NULL, NULL, NULL))
    pager_lead_to (input);
}

void
pager_close (void)
{
  if (!pager_runs ())
    return;
  dup2 (pager.standard_output, STDOUT_FILENO);
  if (pager.standard_error >= 0)
    {
      dup2 (pager.standard_error, STDERR_FILENO);
      close (pager.standard_error);
    }
  close (pager.standard_output);
  while (waitpid (pager.pid, NULL, 0) < 0 && errno == EINTR)
    ;
  pager.pid = 0;
  signal (SIGINT, SIG_DFL);
  signal (SIGPIPE, SIG_DFL);
}
