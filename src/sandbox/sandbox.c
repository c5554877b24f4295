/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sandbox-private.h"

#include "error.h"
#include "file.h"
#include "folder.h"
#include "log-text.h"
#include "network.h"
#include "sandbox-trouble.h"
#include "size.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define PIPE_SIZE      (1024 * 1024)
#define READ_SIZE      (256 * 1024)
#define TAIL_MAX       4096          /* of standard error, for messages */
#define EVALUATION_MAX (1024 * 1024) /* what a recipe may print while it is read */
#define BWRAP_PREFIX   "bwrap: "

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

static void
sandbox_close (int *fd)
{
  fd_clear (fd);
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
  sandbox_close (&sandbox->out.fd);
  sandbox_close (&sandbox->err.fd);
  sandbox_close (&sandbox->status_fd);
  sandbox_close (&sandbox->collect_fd);
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

/* In the child, between fork and exec: system calls only. */
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

  /* We ignore SIGPIPE, and who started us maybe others (nohup); programs and their tests count on none. */
  for (int number = 1; number < NSIG; number++)
    signal (number, SIG_DFL);
  if (prctl (PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid () != start->parent)
    _exit (126);
  sigprocmask (SIG_SETMASK, &start->mask, NULL);
  execve (start->program, start->arguments, environment);
  _exit (125);
}

static void
stream_keep_tail (SandboxStream *stream, const char *data, size_t length)
{
  if (length > TAIL_MAX)
    {
      data += length - TAIL_MAX;
      length = TAIL_MAX;
    }
  g_string_append_len (stream->tail, data, length);
  if (stream->tail->len > TAIL_MAX)
    g_string_erase (stream->tail, 0, stream->tail->len - TAIL_MAX);
}

static void
stream_feed (SandboxStream *stream, const char *data, size_t length)
{
  if (length > 0 && stream->output)
    output_feed (stream->output, data, length);
}

static bool
may_begin_with (const GString *text, const char *prefix)
{
  return strncmp (text->str, prefix, MIN (strlen (prefix), text->len)) == 0;
}

/* Bubblewrap speaks on the same descriptor as its program, before it and never after, and so does what made its
 * network. As long as what came may be such a complaint it is kept back: if the program was never started, it is no
 * line of the recipe. */
static bool
sandbox_holds (Sandbox *sandbox, const char *data, size_t length)
{
  if (!sandbox->held)
    return false;

  g_string_append_len (sandbox->held, data, MIN (length, TAIL_MAX));
  if (length < TAIL_MAX && sandbox->held->len < TAIL_MAX &&
      (may_begin_with (sandbox->held, BWRAP_PREFIX) || may_begin_with (sandbox->held, NETWORK_PREFIX)))
    return true;

  g_string_truncate (sandbox->held, sandbox->held->len - MIN (length, TAIL_MAX));
  stream_feed (&sandbox->err, sandbox->held->str, sandbox->held->len);
  g_string_free (g_steal_pointer (&sandbox->held), TRUE);
  return false;
}

static void
sandbox_take (Sandbox *sandbox, SandboxStream *stream, const char *data, size_t length)
{
  stream->total += length;
  stream_keep_tail (stream, data, length);
  if (stream != &sandbox->err || !sandbox_holds (sandbox, data, length))
    stream_feed (stream, data, length);

  if (sandbox->evaluation && sandbox->out.total + sandbox->err.total > EVALUATION_MAX && sandbox->stop == STOP_NONE)
    sandbox->stop = STOP_TOO_MUCH;
}

static void
sandbox_take_collected (Sandbox *sandbox, const char *data, size_t length)
{
  if (sandbox->collected->len + length > sandbox->collect_max)
    {
      if (sandbox->stop == STOP_NONE)
        sandbox->stop = STOP_TOO_MUCH;
      return;
    }
  g_string_append_len (sandbox->collected, data, length);
}

/* One read of whichever of the four pipes @fd is. True when more may be there. */
static bool
sandbox_read (Sandbox *sandbox, int *fd)
{
  static char buffer[READ_SIZE];
  ssize_t n;

  if (*fd < 0)
    return false;

  n = read (*fd, buffer, sizeof buffer);
  if (n < 0 && (errno == EAGAIN || errno == EINTR))
    return errno == EINTR;
  if (n <= 0)
    {
      sandbox_close (fd);
      return false;
    }

  if (fd == &sandbox->out.fd)
    sandbox_take (sandbox, &sandbox->out, buffer, n);
  else if (fd == &sandbox->err.fd)
    sandbox_take (sandbox, &sandbox->err, buffer, n);
  else if (fd == &sandbox->collect_fd)
    sandbox_take_collected (sandbox, buffer, n);
  else if (sandbox->status->len < TAIL_MAX)
    g_string_append_len (sandbox->status, buffer, n);
  return true;
}

/* Ends whatever is left of the job: this process is a subreaper, so once the outer bubblewrap is gone its init is our
 * child, and with the init the kernel ends everything in that PID namespace before wait() returns. */
static void
sandbox_reap (void)
{
  g_autofree char *path = g_strdup_printf ("/proc/self/task/%d/children", (int)getpid ());

  for (;;)
    {
      g_autofree char *text = NULL;
      g_auto (GStrv) pids = NULL;
      pid_t pid = waitpid (-1, NULL, WNOHANG);

      if (pid > 0)
        continue;
      if (pid < 0)
        return;

      if (g_file_get_contents (path, &text, NULL, NULL))
        {
          pids = g_strsplit (g_strchomp (text), " ", -1);
          for (char **each = pids; *each; each++)
            if (g_ascii_strtoll (*each, NULL, 10) > 0)
              kill (g_ascii_strtoll (*each, NULL, 10), SIGKILL);
        }
      waitpid (-1, NULL, 0);
    }
}

static void
sandbox_drain (Sandbox *sandbox)
{
  int *fds[] = { &sandbox->out.fd, &sandbox->err.fd, &sandbox->collect_fd, &sandbox->status_fd };

  for (size_t i = 0; i < G_N_ELEMENTS (fds); i++)
    while (sandbox_read (sandbox, fds[i]))
      ;
}

static void
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
  if (next == INT64_MAX || sandbox->stop != STOP_NONE)
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

/* The program's exit status, which bubblewrap tells only of a program that it started. */
static bool
sandbox_exit_code (const Sandbox *sandbox, int *ret_status)
{
  const char *code = strstr (sandbox->status->str, "\"exit-code\":");

  return code && sscanf (code, "\"exit-code\": %d", ret_status) == 1;
}

static void
sandbox_set_too_large (const FolderWatch *watch, GError **error)
{
  g_autofree char *max_size = size_to_string (watch->max_size);

  if (!watch->whole)
    g_set_error (error, HIVE_ERROR, HIVE_ERROR_LIMITS_EXCEEDED,
                 "It made more than %s, more than %u files, or folders more than %d deep", max_size, watch->max_files,
                 FOLDER_WATCH_DEPTH_MAX);
  else if (watch->size > watch->max_size)
    g_set_error (error, HIVE_ERROR, HIVE_ERROR_LIMITS_EXCEEDED,
                 N_ ("The work tree became larger than %s (MaxWorkSize= in hive.conf)"), max_size);
  else
    g_set_error (error, HIVE_ERROR, HIVE_ERROR_LIMITS_EXCEEDED,
                 "The work tree came to have more than %u files and folders (MaxWorkFiles= in hive.conf)",
                 watch->max_files);
}

static bool
sandbox_stopped (const Sandbox *sandbox, GError **error)
{
  switch (sandbox->stop)
    {
    case STOP_CANCELLED:
      return !sandbox_check_cancelled (error);
    case STOP_TIMED_OUT:
      g_set_error (error, HIVE_ERROR, HIVE_ERROR_TIMED_OUT, "It took longer than %u s", sandbox->timeout);
      return true;
    case STOP_TOO_MUCH:
      g_set_error (error, HIVE_ERROR, HIVE_ERROR_LIMITS_EXCEEDED, "It printed too much");
      return true;
    case STOP_TOO_LARGE:
      sandbox_set_too_large (&sandbox->watch, error);
      return true;
    case STOP_NO_SPACE:
      g_set_error (
          error, HIVE_ERROR, HIVE_ERROR_NO_SPACE,
          "Too little is left of the file system of %s, of which KeepFree= in hive.conf leaves some to others: "
          "free space there",
          sandbox->configuration->cache_directory);
      return true;
    case STOP_NONE:
    default:
      return false;
    }
}

/* Where these cannot be started, nothing else can. */
static bool
sandbox_lacks_system (const Sandbox *sandbox)
{
  static const char *const signs[] = { "execvp bash:", "execvp true:", "execvp /" };

  for (size_t i = 0; i < G_N_ELEMENTS (signs); i++)
    if (strstr (sandbox->err.tail->str, signs[i]))
      return true;
  return false;
}

/* A program that failed where it writes says that there was no room, though it may have made some since. */
static bool
sandbox_lacked_space (const Sandbox *sandbox)
{
  static const char *const signs[] = { "No space left on device", "Disk quota exceeded" };
  g_auto (Fd) fd = sandbox->watch.path ? open (sandbox->watch.path, O_PATH | O_CLOEXEC) : -1;

  for (size_t i = 0; fd >= 0 && i < G_N_ELEMENTS (signs); i++)
    if (strstr (sandbox->out.tail->str, signs[i]) || strstr (sandbox->err.tail->str, signs[i]))
      return true;
  return fd >= 0 && folder_is_short_of_space (fd, 1);
}

/* What came of it, when the last process is gone and the pipes are empty. */
static bool
sandbox_conclude (Sandbox *sandbox, int wait_status, int *ret_status, GError **error)
{
  bool started = sandbox_exit_code (sandbox, ret_status);

  if (sandbox->held && started)
    stream_feed (&sandbox->err, sandbox->held->str, sandbox->held->len);
  if (sandbox->out.output)
    output_finish (sandbox->out.output);
  if (sandbox->err.output)
    output_finish (sandbox->err.output);

  sandbox->watch.next = sandbox->watch.next_space = 0;
  sandbox_check_folder (sandbox);
  if (sandbox_stopped (sandbox, error))
    return false;
  if (started && *ret_status != 0 && sandbox_lacked_space (sandbox))
    {
      g_set_error (
          error, HIVE_ERROR, HIVE_ERROR_NO_SPACE,
          N_ ("There is no space left in the file system of %s: free some there, or set CacheDirectory= in [Hive] "
              "of hive.conf to a folder that has more"),
          sandbox->configuration->cache_directory);
      return false;
    }
  if (started)
    return true;

  if (WIFSIGNALED (wait_status))
    {
      g_set_error (error, HIVE_ERROR, HIVE_ERROR_FAILED, "The sandbox was ended from outside (%s)",
                   strsignal (WTERMSIG (wait_status)));
      return false;
    }
  if (strstr (sandbox->err.tail->str, BWRAP_PREFIX "execvp") && !sandbox_lacks_system (sandbox))
    {
      *ret_status = 127; /* as a shell says: there is no such program */
      return true;
    }

  if (sandbox->err.tail->len == 0)
    g_set_error (error, HIVE_ERROR, HIVE_ERROR_SANDBOX_UNAVAILABLE,
                 "bubblewrap ended with status %d and said nothing, status \"%s\"", WEXITSTATUS (wait_status),
                 sandbox->status->str);
  else if (sandbox_network_is_trouble (sandbox->err.tail->str))
    sandbox_network_set_error (error, sandbox_diagnostics (sandbox), NULL);
  else
    sandbox_trouble_set_error (error, sandbox_diagnostics (sandbox), NULL);
  return false;
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

  start.program = *command;
  start.arguments = command;
  sandbox->pid = fork ();
  failure = errno;
  if (sandbox->pid == 0)
    sandbox_execute (sandbox, &start);
  if (sandbox->pid > 0)
    pidfd = syscall (SYS_pidfd_open, sandbox->pid, 0);
  if (sandbox->pid > 0 && pidfd < 0)
    {
      failure = errno;
      kill (sandbox->pid, SIGKILL);
      sandbox_reap ();
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
  sandbox_reap ();
  sandbox_drain (sandbox);
  sigprocmask (SIG_SETMASK, &start.mask, NULL);
  return sandbox_conclude (sandbox, wait_status, ret_status, error);
}

bool
sandbox_probe (const Configuration *configuration, bool network, char **ret_hint, GError **error)
{
  static const char *const argv[] = { "true", NULL };
  g_autoptr (Sandbox) sandbox = sandbox_new (configuration);
  g_autoptr (GError) failure = NULL;
  int status;

  if (ret_hint)
    *ret_hint = NULL;
  sandbox_set_timeout (sandbox, 20);
  if (network)
    sandbox_allow_network (sandbox);
  if (sandbox_run (sandbox, argv, &status, &failure) && status == 0)
    return true;

  if (!failure)
    g_set_error (&failure, HIVE_ERROR, HIVE_ERROR_SANDBOX_UNAVAILABLE,
                 "A sandbox starts, but programs do not run in it (true ended with status %d)", status);
  else if (ret_hint && failure->code == HIVE_ERROR_SANDBOX_UNAVAILABLE)
    {
      g_autofree char *program = g_find_program_in_path ("bwrap");

      g_clear_error (&failure);
      if (sandbox_network_is_trouble (sandbox->err.tail->str))
        sandbox_network_set_error (&failure, sandbox_diagnostics (sandbox), ret_hint);
      else
        sandbox_trouble_set_error (&failure, program ? sandbox_diagnostics (sandbox) : NULL, ret_hint);
    }
  g_propagate_error (error, g_steal_pointer (&failure));
  return false;
}
