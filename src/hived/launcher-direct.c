/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "launcher-backend.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/keyctl.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "credentials.h"
#include "error.h"
#include "file.h"

#define ORPHAN_INTERVAL (20 * 1000)

typedef struct
{
  Launcher base;
  GHashTable *uids;     /* uids in use */
  GHashTable *children; /* pids of ours that run */
  uid_t next_uid;
} DirectLauncher;

typedef struct
{
  Child base;
  DirectLauncher *launcher;
  pid_t pid; /* 0 once it has ended */
  uid_t uid;
  bool has_uid;      /* it has that user for itself */
  char *credentials; /* the folder of its tokens; NULL: none */
  bool timed_out;
  bool dies_with_hive;
  sd_event_source *exit;
  sd_event_source *timer; /* the time it has; waiting for orphans */
} DirectChild;

/* A user for one child: run by root a free uid of UserRange=, else the hive's own. */
static bool
direct_take_uid (DirectLauncher *launcher, DirectChild *child, GError **error)
{
  const Configuration *configuration = launcher->base.configuration;

  child->uid = geteuid ();
  if (child->uid != 0)
    return true;
  /* Round robin: a uid that was just used rests longest. */
  for (uid_t i = configuration->first_uid; i <= configuration->last_uid; i++)
    {
      uid_t uid = launcher->next_uid;

      launcher->next_uid = uid >= configuration->last_uid ? configuration->first_uid : uid + 1;
      if (g_hash_table_add (launcher->uids, GUINT_TO_POINTER (uid)))
        {
          child->uid = uid;
          child->has_uid = true;
          return true;
        }
    }
  g_set_error (error, HIVE_ERROR, HIVE_ERROR_LIMITS_EXCEEDED, "All users of UserRange=%u-%u are in use",
               (unsigned)configuration->first_uid, (unsigned)configuration->last_uid);
  return false;
}

/* Only a process of that user can end all of that user's processes at once, without a race. */
static void
direct_kill_uid (uid_t uid)
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

/* Gives the user back, after ending whatever still runs as it. */
static void
direct_release_uid (DirectChild *child)
{
  credentials_remove (child->credentials);
  g_clear_pointer (&child->credentials, g_free);
  if (!child->has_uid)
    return;
  direct_kill_uid (child->uid);
  g_hash_table_remove (child->launcher->uids, GUINT_TO_POINTER (child->uid));
  child->has_uid = false;
}

/* In the child, between fork and exec: system calls only. */
static _Noreturn void
direct_execute (const Launch *launch, uid_t uid, char *const *environment, int input, int output, pid_t parent)
{
  sigset_t none;

  setsid ();
  if (dup2 (input, STDIN_FILENO) < 0 || dup2 (output, STDOUT_FILENO) < 0)
    _exit (126);
  if (close_range (STDERR_FILENO + 1, ~0U, 0) < 0)
    _exit (126);
  if (uid != geteuid () && (setgroups (0, NULL) < 0 || setresgid (uid, uid, uid) < 0 || setresuid (uid, uid, uid) < 0))
    {
      dprintf (STDERR_FILENO, "%s: cannot become uid %u: %m\n", launch->arguments[0], (unsigned)uid);
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
direct_handle_exit (sd_event_source *source, const siginfo_t *status, void *userdata)
{
  DirectChild *child = userdata;
  EndingKind kind = child->timed_out ? ENDING_TIMED_OUT : status->si_code == CLD_EXITED ? ENDING_EXITED : ENDING_KILLED;

  g_hash_table_remove (child->launcher->children, GINT_TO_POINTER (child->pid));
  child->pid = 0;
  child->timer = sd_event_source_disable_unref (child->timer);
  child_tell (&child->base, (Ending){ .kind = kind, .number = status->si_status });
  return 0;
}

static int
direct_handle_timeout (sd_event_source *source, uint64_t usec, void *userdata)
{
  DirectChild *child = userdata;

  child->timed_out = true;
  child_signal (&child->base, SIGKILL, true);
  return 0;
}

static bool
direct_make_work (const DirectChild *child, const char *work, GError **error)
{
  if (mkdir (work, 0700) < 0)
    return hive_error_set_errno (error, errno, "Cannot make the work folder %s", work);
  if (child->has_uid && chown (work, child->uid, child->uid) < 0)
    return hive_error_set_errno (error, errno, "Cannot give %s to uid %u", work, (unsigned)child->uid);
  return true;
}

/* Where the child is the hive's own user, it reads what the hive reads. */
static bool
direct_make_credentials (DirectChild *child, const Launch *launch, GError **error)
{
  g_autoptr (GError) failure = NULL;

  if (child->has_uid)
    child->credentials = credentials_make (child->launcher->base.configuration, launch->tokens, child->uid, &failure);
  if (!failure)
    return true;
  g_propagate_error (error, g_steal_pointer (&failure));
  return false;
}

static bool
direct_fork (DirectChild *child, const Launch *launch, GError **error)
{
  g_auto (GStrv) kept = launcher_environment ();
  g_auto (GStrv) environment = child->credentials ? g_environ_setenv (g_steal_pointer (&kept), "CREDENTIALS_DIRECTORY",
                                                                      child->credentials, TRUE) :
                                                    g_steal_pointer (&kept);
  g_auto (Fd) null = open ("/dev/null", O_RDWR | O_CLOEXEC);
  pid_t parent = getpid ();

  child->pid = fork ();
  if (child->pid == 0)
    direct_execute (launch, child->uid, environment, launch->input >= 0 ? launch->input : null,
                    launch->output >= 0 ? launch->output : null, parent);
  if (child->pid > 0)
    return g_hash_table_add (child->launcher->children, GINT_TO_POINTER (child->pid));
  child->pid = 0;
  return hive_error_set_errno (error, errno, "Cannot start %s", launch->arguments[0]);
}

static bool
direct_watch (DirectChild *child, const Launch *launch, GError **error)
{
  sd_event *event = child->launcher->base.event;
  uint64_t time = (uint64_t)child->launcher->base.configuration->runtime_max * G_USEC_PER_SEC;
  int r = sd_event_add_child (event, &child->exit, child->pid, WEXITED, direct_handle_exit, child);

  if (r >= 0 && launch->work)
    r = sd_event_add_time_relative (event, &child->timer, CLOCK_MONOTONIC, time, 0, direct_handle_timeout, child);
  return r >= 0 || hive_error_set_errno (error, -r, "Cannot wait for %s", launch->arguments[0]);
}

static Child *
direct_start (Launcher *launcher, const Launch *launch, ChildHandler handler, void *userdata, GError **error)
{
  DirectChild *child = g_new0 (DirectChild, 1);

  child->base = (Child){ .launcher = launcher, .handler = handler, .userdata = userdata };
  child->launcher = (DirectLauncher *)launcher;
  child->uid = geteuid ();
  child->dies_with_hive = launch->dies_with_hive;
  if ((launch->role != LAUNCH_COMMIT && !direct_take_uid (child->launcher, child, error)) ||
      !direct_make_credentials (child, launch, error) ||
      (launch->work && !direct_make_work (child, launch->work, error)) || !direct_fork (child, launch, error) ||
      !direct_watch (child, launch, error))
    {
      child->dies_with_hive = true;
      child_free (&child->base);
      return NULL;
    }
  return &child->base;
}

/* Builders and commits collect their own; whoever else is our child was left by one that crashed. True when none is. */
static bool
direct_end_orphans (DirectLauncher *launcher)
{
  g_autofree char *path = g_strdup_printf ("/proc/self/task/%d/children", (int)getpid ());
  g_autofree char *text = NULL;
  g_auto (GStrv) pids = NULL;
  bool clean = true;

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

static void
direct_signal (Child *base, int signal, bool whole)
{
  DirectChild *child = (DirectChild *)base;

  if (child->pid > 0)
    kill (whole ? -child->pid : child->pid, signal);
}

static int
direct_handle_orphans (sd_event_source *source, uint64_t usec, void *userdata)
{
  DirectChild *child = userdata;

  if (!direct_end_orphans (child->launcher))
    {
      sd_event_source_set_time_relative (source, ORPHAN_INTERVAL);
      return sd_event_source_set_enabled (source, SD_EVENT_ONESHOT);
    }
  child_tell_gone (&child->base);
  return 0;
}

static void
direct_collect (Child *base)
{
  DirectChild *child = (DirectChild *)base;

  direct_release_uid (child);
  if (sd_event_add_time_relative (base->launcher->event, &child->timer, CLOCK_MONOTONIC, 0, 1, direct_handle_orphans,
                                  child) < 0)
    g_error ("Out of memory");
}

static void
direct_forget (Child *base)
{
  DirectChild *child = (DirectChild *)base;

  sd_event_source_disable_unref (child->exit);
  sd_event_source_disable_unref (child->timer);
  if (child->pid > 0 && child->dies_with_hive)
    {
      kill (-child->pid, SIGKILL);
      kill (child->pid, SIGKILL);
      while (waitpid (child->pid, NULL, 0) < 0 && errno == EINTR)
        ;
      g_hash_table_remove (child->launcher->children, GINT_TO_POINTER (child->pid));
      child->pid = 0;
    }
  if (child->has_uid)
    {
      direct_release_uid (child);
      direct_end_orphans (child->launcher);
    }
  g_free (child->credentials);
  g_free (child);
}

static void
direct_free (Launcher *base)
{
  DirectLauncher *launcher = (DirectLauncher *)base;

  g_hash_table_unref (launcher->uids);
  g_hash_table_unref (launcher->children);
  g_free (launcher);
}

static const LauncherBackend direct_backend = {
  .free = direct_free,
  .start = direct_start,
  .signal = direct_signal,
  .collect = direct_collect,
  .forget = direct_forget,
};

Launcher *
launcher_direct_new (sd_event *event, const Configuration *configuration)
{
  DirectLauncher *launcher = g_new0 (DirectLauncher, 1);

  launcher->base = (Launcher){ .backend = &direct_backend, .event = event, .configuration = configuration };
  launcher->uids = g_hash_table_new (NULL, NULL);
  launcher->children = g_hash_table_new (NULL, NULL);
  launcher->next_uid = configuration->first_uid;
  credentials_remove_all (configuration);
  /* What a dead builder leaves behind becomes ours to end. */
  if (prctl (PR_SET_CHILD_SUBREAPER, 1) < 0)
    g_warning ("Cannot become a subreaper: %m");
  return &launcher->base;
}
