/* SPDX-License-Identifier: LGPL-2.1-or-later */
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
#include "launcher-backend.h"
#include "uid-claim.h"

#define ORPHAN_INTERVAL (20 * 1000)

typedef struct
{
  Launcher base;
  GHashTable *children; /* pids of ours that run */
  uid_t next_uid;
  sd_event_source *sweep; /* while what forgotten children left is ended */
} DirectLauncher;

typedef struct
{
  Child base;
  DirectLauncher *launcher;
  pid_t pid; /* 0 once it has ended */
  uid_t uid;
  int claim;         /* of that user, which it has for itself; -1: it is the hive's own */
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
      g_autoptr (GError) failure = NULL;

      child->uid = launcher->next_uid;
      launcher->next_uid = child->uid >= configuration->last_uid ? configuration->first_uid : child->uid + 1;
      child->claim = uid_claim (child->uid, &failure);
      if (child->claim >= 0)
        return true;
      if (failure)
        {
          g_propagate_error (error, g_steal_pointer (&failure));
          return false;
        }
    }
  g_set_error (error, HIVE_ERROR, HIVE_ERROR_LIMITS_EXCEEDED,
               "All users of UserRange=%u-%u are in use: jobs of this hive or another one have them, or /etc/passwd "
               "does; wait, or choose other ones in hive.conf",
               (unsigned)configuration->first_uid, (unsigned)configuration->last_uid);
  return false;
}

/* Gives the user back. What still runs as it keeps others from claiming it (uid-claim.h). */
static void
direct_release_uid (DirectChild *child)
{
  credentials_remove (child->credentials);
  g_clear_pointer (&child->credentials, g_free);
  fd_clear (&child->claim);
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
  /* A process may read the keys of its session keyring, whatever its uid and namespaces: so a new one, not that of the
   * user who started the hive. */
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
direct_on_exit (sd_event_source *source, const siginfo_t *status, void *userdata)
{
  DirectChild *child = userdata;
  EndingKind kind = child->timed_out ? ENDING_TIMED_OUT : status->si_code == CLD_EXITED ? ENDING_EXITED : ENDING_KILLED;

  g_hash_table_remove (child->launcher->children, GINT_TO_POINTER (child->pid));
  child->pid = 0;
  child->timer = sd_event_source_disable_unref (child->timer);
  sd_event_source_set_enabled (source, SD_EVENT_OFF);
  child_tell (&child->base, (Ending){ .kind = kind, .number = status->si_status });
  return 0;
}

static int
direct_on_timeout (sd_event_source *source, uint64_t usec, void *userdata)
{
  DirectChild *child = userdata;

  child->timed_out = true;
  child_signal (&child->base, SIGKILL, true);
  return 0;
}

static bool
direct_make_work (const DirectChild *child, const char *work, GError **error)
{
  /* A folder with the set-group-ID bit gives it to what is made in it, down to what package() makes. */
  if (mkdir (work, 0700) < 0 || chmod (work, 0700) < 0)
    return hive_error_set_errno (error, errno, "Cannot make the work folder %s", work);
  if (child->claim >= 0 && chown (work, child->uid, child->uid) < 0)
    return hive_error_set_errno (error, errno, "Cannot give %s to uid %u", work, (unsigned)child->uid);
  return true;
}

/* Where the child is the hive's own user, it reads what the hive reads. */
static bool
direct_make_credentials (DirectChild *child, const Launch *launch, GError **error)
{
  g_autoptr (GError) failure = NULL;

  if (child->claim >= 0 || launch->role == LAUNCH_PUSH)
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

/* A new source of sd-event looks at the child once. A tracer (strace, gdb) is told of the death first, and until it has
 * taken that, waitid() has nothing for us: ptrace(2). So look again and again; without a pause, but tracers are quick.
 * Off in between, since sd-event would otherwise leave epoll as it is. */
static int
direct_ask_until_gone (sd_event_source *exit)
{
  int r = sd_event_source_set_enabled (exit, SD_EVENT_OFF);

  return r < 0 ? r : sd_event_source_set_enabled (exit, SD_EVENT_ON);
}

static bool
direct_watch (DirectChild *child, const Launch *launch, GError **error)
{
  sd_event *event = child->launcher->base.event;
  uint64_t time = (uint64_t)child->launcher->base.configuration->runtime_max * G_USEC_PER_SEC;
  int r = sd_event_add_child (event, &child->exit, child->pid, WEXITED, direct_on_exit, child);

  if (r >= 0)
    r = direct_ask_until_gone (child->exit);
  if (r >= 0 && launch->work)
    r = sd_event_add_time_relative (event, &child->timer, CLOCK_MONOTONIC, time, 0, direct_on_timeout, child);
  return r >= 0 || hive_error_set_errno (error, -r, "Cannot wait for %s", launch->arguments[0]);
}

static Child *
direct_start (Launcher *launcher, const Launch *launch, ChildHandler handler, void *userdata, GError **error)
{
  DirectChild *child = g_new0 (DirectChild, 1);

  child->base = (Child){ .launcher = launcher, .handler = handler, .userdata = userdata };
  child->launcher = (DirectLauncher *)launcher;
  child->uid = geteuid ();
  child->claim = -1;
  child->dies_with_hive = launch->dies_with_hive;
  if ((launch->role != LAUNCH_COMMIT && launch->role != LAUNCH_PUSH &&
       !direct_take_uid (child->launcher, child, error)) ||
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

/* Ends what builders left. What a recipe starts is in the PID namespace of a sandbox, and ends with it; our own
 * programs become our children when what started them is gone, and are ended one by one. Nothing is ended by its uid,
 * which may be that of processes that are not ours. True when none is left. */
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
direct_on_orphans (sd_event_source *source, uint64_t usec, void *userdata)
{
  DirectChild *child = userdata;

  if (!direct_end_orphans (child->launcher))
    {
      sd_event_source_set_time_relative (source, ORPHAN_INTERVAL);
      return sd_event_source_set_enabled (source, SD_EVENT_ONESHOT);
    }
  direct_release_uid (child);
  child_tell_gone (&child->base);
  return 0;
}

static void
direct_collect (Child *base)
{
  DirectChild *child = (DirectChild *)base;

  if (sd_event_add_time_relative (base->launcher->event, &child->timer, CLOCK_MONOTONIC, 0, 1, direct_on_orphans,
                                  child) < 0)
    g_error ("Out of memory");
}

static int
direct_on_sweep (sd_event_source *source, uint64_t usec, void *userdata)
{
  if (direct_end_orphans (userdata))
    return 0;
  sd_event_source_set_time_relative (source, ORPHAN_INTERVAL);
  return sd_event_source_set_enabled (source, SD_EVENT_ONESHOT);
}

/* What a child left that nobody waits for. When the event loop has ended, direct_free() does it. */
static void
direct_sweep (DirectLauncher *launcher)
{
  launcher->sweep = sd_event_source_disable_unref (launcher->sweep);
  sd_event_add_time_relative (launcher->base.event, &launcher->sweep, CLOCK_MONOTONIC, 0, 1, direct_on_sweep, launcher);
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
  if (child->claim >= 0)
    direct_sweep (child->launcher);
  direct_release_uid (child);
  g_free (child);
}

static void
direct_free (Launcher *base)
{
  DirectLauncher *launcher = (DirectLauncher *)base;

  sd_event_source_disable_unref (launcher->sweep);
  direct_end_orphans (launcher);
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
  launcher->children = g_hash_table_new (NULL, NULL);
  launcher->next_uid = configuration->first_uid;
  credentials_remove_all (configuration);
  /* What a dead builder leaves behind becomes ours to end. */
  if (prctl (PR_SET_CHILD_SUBREAPER, 1) < 0)
    g_warning ("Cannot become a subreaper: %m");
  return &launcher->base;
}
