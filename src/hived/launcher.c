/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "launcher.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/keyctl.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "error.h"
#include "file.h"

struct Launcher
{
  sd_event *event;
  const Configuration *configuration;
  GHashTable *uids;     /* uids in use */
  GHashTable *children; /* pids of ours that run */
  uid_t next_uid;
};

struct Child
{
  Launcher *launcher;
  pid_t pid;
  sd_event_source *source;
  ChildHandler handler;
  void *userdata;
};

/* What the programs may inherit: no bus, no desktop, no secrets of whoever started the hive. */
static const char *const environment_kept[] = { "PATH",         "LANG",         "LC_ALL",        "TZ",
                                                "http_proxy",   "https_proxy",  "no_proxy",      "all_proxy",
                                                "HTTPS_PROXY",  "NO_PROXY",     "ALL_PROXY",     "G_DEBUG",
                                                "ASAN_OPTIONS", "LSAN_OPTIONS", "UBSAN_OPTIONS", NULL };

Launcher *
launcher_new (sd_event *event, const Configuration *configuration)
{
  Launcher *launcher = g_new0 (Launcher, 1);

  launcher->event = event;
  launcher->configuration = configuration;
  launcher->uids = g_hash_table_new (NULL, NULL);
  launcher->children = g_hash_table_new (NULL, NULL);
  launcher->next_uid = configuration->first_uid;
  if (prctl (PR_SET_CHILD_SUBREAPER, 1) < 0)
    g_warning ("Cannot become a subreaper: %m");
  return launcher;
}

void
launcher_free (Launcher *launcher)
{
  if (!launcher)
    return;
  g_hash_table_unref (launcher->uids);
  g_hash_table_unref (launcher->children);
  g_free (launcher);
}

bool
launcher_take_uid (Launcher *launcher, uid_t *ret_uid, GError **error)
{
  const Configuration *configuration = launcher->configuration;

  if (geteuid () != 0)
    {
      *ret_uid = geteuid ();
      return true;
    }
  /* Round robin: a uid that was just used rests longest. */
  for (uid_t i = configuration->first_uid; i <= configuration->last_uid; i++)
    {
      uid_t uid = launcher->next_uid;

      launcher->next_uid = uid >= configuration->last_uid ? configuration->first_uid : uid + 1;
      if (g_hash_table_add (launcher->uids, GUINT_TO_POINTER (uid)))
        {
          *ret_uid = uid;
          return true;
        }
    }
  g_set_error (error, HIVE_ERROR, HIVE_ERROR_LIMITS_EXCEEDED, "All users of UserRange=%u-%u are in use",
               (unsigned)configuration->first_uid, (unsigned)configuration->last_uid);
  return false;
}

/* Only a process of that user can end all of that user's processes at once, without a race. */
static void
launcher_kill_uid (uid_t uid)
{
  pid_t pid = fork ();

  if (pid < 0)
    {
      g_warning ("Cannot end the processes of uid %u: %m", (unsigned)uid);
      return;
    }
  if (pid == 0)
    {
      if (setgroups (0, NULL) < 0 || setresgid (uid, uid, uid) < 0 || setresuid (uid, uid, uid) < 0 ||
          getuid () != uid || geteuid () != uid || uid == 0)
        _exit (1);
      kill (-1, SIGKILL);
      _exit (0);
    }
  /* It does two system calls and ends. */
  while (waitpid (pid, NULL, 0) < 0 && errno == EINTR)
    ;
}

void
launcher_release_uid (Launcher *launcher, uid_t uid)
{
  if (geteuid () != 0 || !g_hash_table_contains (launcher->uids, GUINT_TO_POINTER (uid)))
    return;
  launcher_kill_uid (uid);
  g_hash_table_remove (launcher->uids, GUINT_TO_POINTER (uid));
}

static char **
launcher_environment (void)
{
  GPtrArray *environment = g_ptr_array_new ();

  for (const char *const *name = environment_kept; *name; name++)
    {
      const char *value = g_getenv (*name);

      if (value)
        g_ptr_array_add (environment, g_strconcat (*name, "=", value, NULL));
    }
  g_ptr_array_add (environment, NULL);
  return (char **)g_ptr_array_free (environment, FALSE);
}

/* In the child, between fork and exec: system calls only. */
static _Noreturn void
launch_execute (const Launch *launch, char *const *environment, int input, int output, pid_t parent)
{
  sigset_t none;

  setsid ();
  if (dup2 (input, STDIN_FILENO) < 0 || dup2 (output, STDOUT_FILENO) < 0)
    _exit (126);
  if (close_range (STDERR_FILENO + 1, ~0U, 0) < 0)
    _exit (126);
  if (launch->uid != geteuid () && (setgroups (0, NULL) < 0 || setresgid (launch->uid, launch->uid, launch->uid) < 0 ||
                                    setresuid (launch->uid, launch->uid, launch->uid) < 0))
    {
      dprintf (STDERR_FILENO, "%s: cannot become uid %u: %m\n", launch->arguments[0], (unsigned)launch->uid);
      _exit (126);
    }
  /* Whoever has a session keyring may read its keys, whatever his uid and namespaces: not the one of who started the
   * hive. */
  if (syscall (SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) < 0 && errno != ENOSYS && errno != EPERM)
    _exit (126);
  if (launch->dies_with_hive && (prctl (PR_SET_PDEATHSIG, SIGTERM) < 0 || getppid () != parent))
    _exit (126);
  umask (022);
  signal (SIGPIPE, SIG_DFL);
  sigemptyset (&none);
  sigprocmask (SIG_SETMASK, &none, NULL);
  execve (launch->arguments[0], launch->arguments, environment);
  dprintf (STDERR_FILENO, "%s: cannot be executed: %m\n", launch->arguments[0]);
  _exit (127);
}

static int
child_handle_exit (sd_event_source *source, const siginfo_t *status, void *userdata)
{
  Child *child = userdata;

  g_hash_table_remove (child->launcher->children, GINT_TO_POINTER (child->pid));
  child->pid = 0;
  child->handler (status, child->userdata);
  return 0;
}

Child *
launcher_start (Launcher *launcher, const Launch *launch, ChildHandler handler, void *userdata, GError **error)
{
  g_auto (GStrv) environment = launcher_environment ();
  g_auto (Fd) null = open ("/dev/null", O_RDWR | O_CLOEXEC);
  pid_t parent = getpid ();
  Child *child;
  pid_t pid;
  int r;

  pid = fork ();
  if (pid < 0)
    {
      hive_error_set_errno (error, errno, "Cannot start %s", launch->arguments[0]);
      return NULL;
    }
  if (pid == 0)
    launch_execute (launch, environment, launch->input >= 0 ? launch->input : null,
                    launch->output >= 0 ? launch->output : null, parent);

  child = g_new0 (Child, 1);
  *child = (Child){ .launcher = launcher, .pid = pid, .handler = handler, .userdata = userdata };
  g_hash_table_add (launcher->children, GINT_TO_POINTER (pid));
  r = sd_event_add_child (launcher->event, &child->source, pid, WEXITED, child_handle_exit, child);
  if (r < 0)
    {
      hive_error_set_errno (error, -r, "Cannot wait for %s", launch->arguments[0]);
      child_free (child);
      return NULL;
    }
  return child;
}

bool
launcher_end_orphans (Launcher *launcher)
{
  g_autofree char *path = g_strdup_printf ("/proc/self/task/%d/children", (int)getpid ());
  g_autofree char *text = NULL;
  g_auto (GStrv) pids = NULL;
  bool clean = true;

  /* Builders and commits collect their own; whoever else is our child was left by one that crashed. */
  if (!g_file_get_contents (path, &text, NULL, NULL))
    return true;
  pids = g_strsplit (g_strchomp (text), " ", -1);
  for (char **each = pids; *each; each++)
    {
      pid_t pid = (pid_t)g_ascii_strtoll (*each, NULL, 10);

      if (pid <= 0 || g_hash_table_contains (launcher->children, GINT_TO_POINTER (pid)))
        continue;
      kill (pid, SIGKILL);
      if (waitpid (pid, NULL, WNOHANG) != pid)
        clean = false;
    }
  return clean;
}

void
child_signal (Child *child, int signal, bool group)
{
  if (child->pid > 0)
    kill (group ? -child->pid : child->pid, signal);
}

void
child_free (Child *child)
{
  if (!child)
    return;
  sd_event_source_disable_unref (child->source);
  if (child->pid > 0)
    {
      kill (-child->pid, SIGKILL);
      kill (child->pid, SIGKILL);
      while (waitpid (child->pid, NULL, 0) < 0 && errno == EINTR)
        ;
      g_hash_table_remove (child->launcher->children, GINT_TO_POINTER (child->pid));
    }
  g_free (child);
}

void
child_abandon (Child *child)
{
  if (!child)
    return;
  child->pid = 0;
  child_free (child);
}

char *
child_status_to_string (const siginfo_t *status)
{
  if (status->si_code == CLD_EXITED)
    return g_strdup_printf ("status %d", status->si_status);
  return g_strdup_printf ("signal %d", status->si_status);
}

int
child_status_code (const siginfo_t *status)
{
  return status->si_code == CLD_EXITED ? status->si_status : -1;
}
