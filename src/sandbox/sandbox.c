/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "children.h"
#include "error.h"
#include "file.h"
#include "log-text.h"
#include "sandbox-private.h"
#include "sandbox-trouble.h"

#define PIPE_SIZE (1024 * 1024)

static volatile sig_atomic_t cancelled;

void
sandbox_cancel_all (void)
{
  cancelled = 1;
}

bool
sandbox_was_cancelled (void)
{
  return cancelled;
}

bool
sandbox_check_cancelled (GError **error)
{
  if (cancelled)
    g_set_error_literal (error, HIVE_ERROR, HIVE_ERROR_INTERRUPTED, "The job was cancelled");
  return !cancelled;
}

bool
sandbox_wait (unsigned seconds, GError **error)
{
  for (unsigned slice = 0; slice < seconds * 10 && !cancelled; slice++)
    g_usleep (G_USEC_PER_SEC / 10);
  return sandbox_check_cancelled (error);
}

Sandbox *
sandbox_new (const Configuration *configuration)
{
  Sandbox *sandbox = g_new0 (Sandbox, 1);

  sandbox->configuration = configuration;
  sandbox->binds = g_ptr_array_new_with_free_func (g_free);
  sandbox->environment = g_ptr_array_new_with_free_func (g_free);
  sandbox->allowed = g_ptr_array_new_with_free_func (g_free);
  sandbox->passed = g_array_new (FALSE, FALSE, sizeof (int));
  sandbox->out = (SandboxStream){ .fd = -1, .tail = g_string_new (NULL) };
  sandbox->err = (SandboxStream){ .fd = -1, .tail = g_string_new (NULL) };
  sandbox->held = g_string_new (NULL);
  sandbox->status = g_string_new (NULL);
  sandbox->collected = g_string_new (NULL);
  sandbox->status_fd = sandbox->collect_fd = sandbox->collect_inside = sandbox->stdout_fd = sandbox->give_inside = -1;
  sandbox_setenv (sandbox, "PATH", SANDBOX_SYSTEM_PATH);
  sandbox_setenv (sandbox, "LANG", "C.UTF-8");
  return sandbox;
}

void
sandbox_free (Sandbox *sandbox)
{
  if (!sandbox)
    return;
  for (guint i = 0; i < sandbox->passed->len; i++)
    close (g_array_index (sandbox->passed, int, i));
  g_array_unref (sandbox->passed);
  g_ptr_array_unref (sandbox->binds);
  g_ptr_array_unref (sandbox->environment);
  g_ptr_array_unref (sandbox->allowed);
  fd_clear (&sandbox->out.fd);
  fd_clear (&sandbox->err.fd);
  fd_clear (&sandbox->status_fd);
  fd_clear (&sandbox->collect_fd);
  g_string_free (sandbox->out.tail, TRUE);
  g_string_free (sandbox->err.tail, TRUE);
  if (sandbox->held)
    g_string_free (sandbox->held, TRUE);
  g_string_free (sandbox->status, TRUE);
  g_string_free (sandbox->collected, TRUE);
  g_free (sandbox->given);
  g_free (sandbox->directory);
  g_free (sandbox->tmp);
  g_free (sandbox->hosts);
  g_free (sandbox->watch.path);
  g_free (sandbox);
}

void
sandbox_set_timeout (Sandbox *sandbox, unsigned seconds)
{
  sandbox->timeout = seconds;
}

void
sandbox_limit_folder (Sandbox *sandbox, const char *path, uint64_t max_size, unsigned max_files)
{
  g_free (sandbox->watch.path);
  sandbox->watch = (FolderWatch){ .path = g_strdup (path),
                                  .max_size = max_size,
                                  .max_files = max_files,
                                  .keep_free = sandbox->configuration->keep_free };
}

void
sandbox_limit_work (Sandbox *sandbox, const char *path)
{
  sandbox_limit_folder (sandbox, path, sandbox->configuration->max_work_size, sandbox->configuration->max_work_files);
  sandbox->watch.whole = true;
}

void
sandbox_limit_evaluation (Sandbox *sandbox)
{
  sandbox->evaluation = true;
}

void
sandbox_set_output (Sandbox *sandbox, Output *out, Output *err)
{
  sandbox->out.output = out;
  sandbox->err.output = err;
}

void
sandbox_set_stdout (Sandbox *sandbox, int fd)
{
  sandbox->stdout_fd = fd;
}

void
sandbox_collect (Sandbox *sandbox, int inside_fd, size_t max_size)
{
  g_assert (inside_fd > STDERR_FILENO && inside_fd < FD_BASE);
  sandbox->collect_inside = inside_fd;
  sandbox->collect_max = max_size;
}

void
sandbox_give (Sandbox *sandbox, int inside_fd, const char *text)
{
  g_assert (inside_fd > STDERR_FILENO && inside_fd < FD_BASE && strlen (text) <= PIPE_BUF);
  sandbox->give_inside = inside_fd;
  sandbox->given = g_strdup (text);
}

const char *
sandbox_collected (Sandbox *sandbox, size_t *ret_length)
{
  if (ret_length)
    *ret_length = sandbox->collected->len;
  return sandbox->collected->str;
}

const char *
sandbox_diagnostics (Sandbox *sandbox)
{
  g_autoptr (GString) clean = g_string_new (NULL);
  g_auto (GStrv) lines = g_strsplit (sandbox->err.tail->str, "\n", -1);

  for (char **line = lines; *line; line++)
    {
      if (!**line)
        continue;
      if (clean->len > 0)
        g_string_append_c (clean, '\n');
      log_text_clean (clean, *line, strlen (*line));
    }

  g_string_assign (sandbox->err.tail, clean->str);
  return sandbox->err.tail->str;
}

/* A pipe whose reading end is ours and does not block. */
static bool
sandbox_pipe (int *ret_read, int *ret_write, int size, GError **error)
{
  int fds[2];

  if (pipe2 (fds, O_CLOEXEC) < 0)
    return hive_error_set_errno (error, errno, "Cannot make a pipe");

  *ret_read = fds[0];
  *ret_write = fcntl (fds[1], F_DUPFD_CLOEXEC, FD_BASE);
  close (fds[1]);
  if (*ret_write < 0 || fcntl (fds[0], F_SETFL, O_NONBLOCK) < 0)
    return hive_error_set_errno (error, errno, "Cannot make a pipe");

  /* The user's share of pipe memory may be used up: a smaller pipe is only slower. */
  if (size > 0)
    fcntl (fds[0], F_SETPIPE_SZ, size);
  return true;
}

static void
set_limit (int resource, rlim_t value)
{
  struct rlimit limit = { value, value };

  setrlimit (resource, &limit);
}

typedef struct
{
  const char *program;
  char *const *arguments;
  int null, out, err, collect, give; /* the child's ends */
  pid_t parent;
  sigset_t mask;
} SandboxStart;

void
sandbox_reset_signals (void)
{
  for (int number = 1; number < NSIG; number++)
    signal (number, SIG_DFL);
}

/* In the child, between vfork and exec: system calls only. */
static _Noreturn void
sandbox_execute (const Sandbox *sandbox, const SandboxStart *start)
{
  char *const environment[] = { NULL };

  if (dup2 (start->null, STDIN_FILENO) < 0 ||
      dup2 (sandbox->stdout_fd >= 0 ? sandbox->stdout_fd : start->out, STDOUT_FILENO) < 0 ||
      dup2 (start->err, STDERR_FILENO) < 0)
    _exit (126);
  if (sandbox->collect_inside >= 0 && dup2 (start->collect, sandbox->collect_inside) < 0)
    _exit (126);
  if (sandbox->give_inside >= 0 && dup2 (start->give, sandbox->give_inside) < 0)
    _exit (126);

  /* Whatever else is open here stays here. */
  if (close_range (STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC) < 0)
    _exit (126);
  if (sandbox->collect_inside >= 0)
    fcntl (sandbox->collect_inside, F_SETFD, 0);
  if (sandbox->give_inside >= 0)
    fcntl (sandbox->give_inside, F_SETFD, 0);
  for (guint i = 0; i < sandbox->passed->len; i++)
    fcntl (g_array_index (sandbox->passed, int, i), F_SETFD, 0);

  set_limit (RLIMIT_CORE, 0);
  if (sandbox->evaluation)
    {
      /* Not the address space, of which some programs reserve much and use little. */
      set_limit (RLIMIT_DATA, 1 << 30);
      set_limit (RLIMIT_FSIZE, 16 << 20);
      set_limit (RLIMIT_CPU, sandbox->timeout + 1);
    }

  sandbox_reset_signals ();
  if (prctl (PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid () != start->parent)
    _exit (126);
  sigprocmask (SIG_SETMASK, &start->mask, NULL);
  execve (start->program, start->arguments, environment);
  _exit (125);
}

/* By vfork(), since this process has more memory than is worth a copy. */
static pid_t
sandbox_spawn (const Sandbox *sandbox, const SandboxStart *start)
{
  pid_t pid = vfork ();

  if (pid == 0)
    sandbox_execute (sandbox, start);
  return pid;
}

void
sandbox_check_folder (Sandbox *sandbox)
{
  FolderWatch *watch = &sandbox->watch;
  int64_t now = g_get_monotonic_time ();

  if (!watch->path || sandbox->stop != STOP_NONE)
    return;
  if (now >= watch->next_space && folder_watch_is_short (watch))
    sandbox->stop = STOP_NO_SPACE;
  else if (now >= watch->next && folder_watch_is_over (watch))
    sandbox->stop = STOP_TOO_LARGE;
}

static void
sandbox_check_stop (Sandbox *sandbox, bool *killed)
{
  sandbox_check_folder (sandbox);
  if (sandbox->stop == STOP_NONE && cancelled)
    sandbox->stop = STOP_CANCELLED;
  if (sandbox->stop == STOP_NONE && sandbox->deadline > 0 && g_get_monotonic_time () >= sandbox->deadline)
    sandbox->stop = STOP_TIMED_OUT;

  if (sandbox->stop != STOP_NONE && !*killed)
    {
      kill (sandbox->pid, SIGKILL);
      *killed = true;
    }
}

static struct timespec *
sandbox_time_left (const Sandbox *sandbox, struct timespec *ret_time)
{
  int64_t next = sandbox->deadline > 0 ? sandbox->deadline : INT64_MAX;
  int64_t left;

  if (sandbox->watch.path)
    next = MIN (next, MIN (sandbox->watch.next, sandbox->watch.next_space));
  if (sandbox->stop != STOP_NONE)
    next = INT64_MAX;
  if (sandbox->out.output)
    next = MIN (next, output_due (sandbox->out.output));
  if (next == INT64_MAX)
    return NULL;
  left = MAX (next - g_get_monotonic_time (), 0);
  *ret_time = (struct timespec){ .tv_sec = left / G_USEC_PER_SEC, .tv_nsec = left % G_USEC_PER_SEC * 1000 };
  return ret_time;
}

/* Passes on what comes until the outer bubblewrap ends. Signals arrive only while ppoll() waits. */
static int
sandbox_follow (Sandbox *sandbox, int pidfd, const sigset_t *mask)
{
  int *fds[] = { &sandbox->out.fd, &sandbox->err.fd, &sandbox->collect_fd, &sandbox->status_fd };
  bool killed = false;
  int status;

  for (;;)
    {
      struct pollfd polls[G_N_ELEMENTS (fds) + 1];
      struct timespec time;

      sandbox_check_stop (sandbox, &killed);
      if (sandbox->out.output)
        output_tell (sandbox->out.output);
      for (size_t i = 0; i < G_N_ELEMENTS (fds); i++)
        polls[i] = (struct pollfd){ .fd = *fds[i], .events = POLLIN };
      polls[G_N_ELEMENTS (fds)] = (struct pollfd){ .fd = pidfd, .events = POLLIN };

      if (ppoll (polls, G_N_ELEMENTS (polls), sandbox_time_left (sandbox, &time), mask) <= 0)
        continue;
      for (size_t i = 0; i < G_N_ELEMENTS (fds); i++)
        if (polls[i].revents)
          sandbox_read (sandbox, fds[i]);
      if (polls[G_N_ELEMENTS (fds)].revents && waitpid (sandbox->pid, &status, WNOHANG) == sandbox->pid)
        return status;
    }
}

/* A pipe that holds @text and has no other end any more. */
static bool
sandbox_fill_pipe (const char *text, int *ret_read, GError **error)
{
  g_auto (Fd) read_fd = -1;
  g_auto (Fd) write_fd = -1;
  int r;

  if (!sandbox_pipe (&read_fd, &write_fd, 0, error))
    return false;
  r = file_write_all (write_fd, text, strlen (text));
  *ret_read = fcntl (read_fd, F_DUPFD_CLOEXEC, FD_BASE);
  return (r >= 0 && *ret_read >= 0) || hive_error_set_errno (error, r < 0 ? -r : errno, "Cannot fill a pipe");
}

static bool
sandbox_open_pipes (Sandbox *sandbox, SandboxStart *start, GError **error)
{
  start->null = open ("/dev/null", O_RDONLY | O_CLOEXEC);
  if (start->null < 0)
    return hive_error_set_errno (error, errno, "Cannot open /dev/null");

  return sandbox_pipe (&sandbox->out.fd, &start->out, PIPE_SIZE, error) &&
         sandbox_pipe (&sandbox->err.fd, &start->err, PIPE_SIZE, error) &&
         (sandbox->collect_inside < 0 || sandbox_pipe (&sandbox->collect_fd, &start->collect, 0, error)) &&
         (sandbox->give_inside < 0 || sandbox_fill_pipe (sandbox->given, &start->give, error));
}

/* bubblewrap's command line: its options through a descriptor, because they are many, and the program. */
static char **
sandbox_command (Sandbox *sandbox, const char *bubblewrap, const char *const *argv, GError **error)
{
  g_autoptr (GStrvBuilder) command = g_strv_builder_new ();
  g_autofree char *status_number = NULL;
  g_autofree char *args_number = NULL;
  g_autoptr (GString) options = NULL;
  int fd;

  if (!sandbox_pipe (&sandbox->status_fd, &fd, 0, error) || !(status_number = sandbox_pass (sandbox, fd, error)))
    return NULL;
  options = sandbox_options (sandbox, status_number, error);
  if (!options)
    return NULL;
  fd = file_memory ("sandbox", options->str, options->len, error);
  if (fd < 0 || !(args_number = sandbox_pass (sandbox, fd, error)))
    return NULL;

  sandbox_network_add_command (sandbox, command);
  g_strv_builder_add_many (command, bubblewrap, "--args", args_number, "--", NULL);
  for (; *argv; argv++)
    g_strv_builder_add (command, *argv);
  return g_strv_builder_end (command);
}

static void
start_clear (SandboxStart *start)
{
  fd_clear (&start->null);
  fd_clear (&start->out);
  fd_clear (&start->err);
  fd_clear (&start->collect);
  fd_clear (&start->give);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (SandboxStart, start_clear)

bool
sandbox_run (Sandbox *sandbox, const char *const *argv, int *ret_status, GError **error)
{
  g_auto (SandboxStart) start = { .null = -1, .out = -1, .err = -1, .collect = -1, .give = -1, .parent = getpid () };
  g_autofree char *program = g_find_program_in_path ("bwrap");
  g_auto (GStrv) command = NULL;
  g_auto (Fd) pidfd = -1;
  sigset_t blocked;
  int wait_status, failure;

  if (!program)
    {
      sandbox_trouble_set_error (error, NULL, NULL);
      return false;
    }
  if (!(command = sandbox_command (sandbox, program, argv, error)) || !sandbox_open_pipes (sandbox, &start, error))
    return false;

  prctl (PR_SET_CHILD_SUBREAPER, 1);
  sigemptyset (&blocked);
  sigaddset (&blocked, SIGTERM);
  sigaddset (&blocked, SIGINT);
  sigprocmask (SIG_BLOCK, &blocked, &start.mask);
  sandbox->deadline = sandbox->timeout ? g_get_monotonic_time () + (int64_t)sandbox->timeout * G_USEC_PER_SEC : 0;
  sandbox->watch.next = g_get_monotonic_time () + FOLDER_WATCH_INTERVAL; /* what lies there was looked at before */

  start.program = *command;
  start.arguments = command;
  sandbox->pid = sandbox_spawn (sandbox, &start);
  failure = errno;
  if (sandbox->pid > 0)
    pidfd = syscall (SYS_pidfd_open, sandbox->pid, 0);
  if (sandbox->pid > 0 && pidfd < 0)
    {
      failure = errno;
      kill (sandbox->pid, SIGKILL);
      children_reap ();
    }
  if (pidfd < 0)
    {
      sigprocmask (SIG_SETMASK, &start.mask, NULL);
      return hive_error_set_errno (error, failure, "Cannot start the sandbox");
    }

  /* Only the sandbox holds its ends from here on. */
  start_clear (&start);
  for (guint i = 0; i < sandbox->passed->len; i++)
    close (g_array_index (sandbox->passed, int, i));
  g_array_set_size (sandbox->passed, 0);

  wait_status = sandbox_follow (sandbox, pidfd, &start.mask);
  children_reap ();
  sandbox_drain (sandbox);
  sigprocmask (SIG_SETMASK, &start.mask, NULL);
  return sandbox_conclude (sandbox, wait_status, ret_status, error);
}
