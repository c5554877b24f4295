/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "opener.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "file.h"

/* Of what a program says, a sentence is shown. */
#define LONGEST_SAID 1000

typedef struct
{
  OpenerFailed failed;
  void *userdata;
  char *token;
  char *file; /* to be opened when it has been written; NULL: none */
  Fd said;    /* what the program writes to stderr */
} Opener;

static void
opener_free (void *data)
{
  Opener *opener = data;

  fd_clear (&opener->said);
  g_free (opener->token);
  g_free (opener->file);
  g_free (opener);
}

/* What the program said, without the program's name. */
static char *
opener_read_said (const Opener *opener)
{
  char text[LONGEST_SAID + 1];
  ssize_t length = pread (opener->said, text, LONGEST_SAID, 0);
  const char *from = text;

  text[MAX (length, 0)] = 0;
  if (g_str_has_prefix (from, "hivectl: "))
    from += strlen ("hivectl: ");
  return g_strstrip (g_utf8_make_valid (from, -1));
}

/* Our signals are blocked, for the event loop. */
static void
opener_set_up (void *userdata)
{
  sigset_t none;

  sigemptyset (&none);
  sigprocmask (SIG_SETMASK, &none, NULL);
  signal (SIGPIPE, SIG_DFL);
}

/* Starts @command, which writes to @output (-1: nowhere). */
static bool
opener_spawn (Opener *opener, const char *const *command, int output, pid_t *ret_pid, GError **error)
{
  g_auto (GStrv) environment = g_get_environ ();

  if (opener->token)
    environment = g_environ_setenv (environment, "XDG_ACTIVATION_TOKEN", opener->token, TRUE);
  return g_spawn_async_with_fds (g_get_home_dir (), (char **)command, environment,
                                 G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD |
                                     (output < 0 ? G_SPAWN_STDOUT_TO_DEV_NULL : 0),
                                 opener_set_up, NULL, ret_pid, -1, output, opener->said, error);
}

static int opener_on_end (sd_event_source *source, const siginfo_t *info, void *userdata);

/* Starts @command for @opener, which is freed when it has ended. */
static void
opener_run (sd_event *event, Opener *opener, const char *const *command, int output)
{
  g_autoptr (GError) error = NULL;
  sd_event_source *source = NULL;
  pid_t pid;

  if (opener_spawn (opener, command, output, &pid, &error) &&
      sd_event_add_child (event, &source, pid, WEXITED, opener_on_end, opener) >= 0)
    {
      sd_event_source_set_destroy_callback (source, opener_free);
      sd_event_source_set_floating (source, true);
      sd_event_source_unref (source);
      return;
    }
  if (error)
    opener->failed (error->message, opener->userdata);
  opener_free (opener);
}

static Opener *
opener_new (const char *token, const char *file, OpenerFailed failed, void *userdata)
{
  Opener *opener = g_new0 (Opener, 1);

  opener->failed = failed;
  opener->userdata = userdata;
  opener->token = g_strdup (token);
  opener->file = g_strdup (file);
  opener->said = memfd_create ("said", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  return opener;
}

static int
opener_on_end (sd_event_source *source, const siginfo_t *info, void *userdata)
{
  Opener *opener = userdata;
  g_autofree char *said = NULL;

  /* A browser that it started may go on writing there, and must neither fill our memory nor get SIGPIPE. */
  fcntl (opener->said, F_ADD_SEALS, F_SEAL_GROW);
  if (info->si_code != CLD_EXITED || info->si_status != 0)
    {
      said = opener_read_said (opener);
      opener->failed (said, opener->userdata);
    }
  else if (opener->file)
    {
      const char *command[] = { "xdg-open", opener->file, NULL };

      opener_run (sd_event_source_get_event (source),
                  opener_new (opener->token, NULL, opener->failed, opener->userdata), command, -1);
    }
  sd_event_source_disable_unref (sd_event_source_ref (source));
  return 0;
}

void
opener_open_page (sd_event *event, const char *token, OpenerFailed failed, void *userdata)
{
  const char *command[] = { "hivectl", "web", "--open", NULL };

  opener_run (event, opener_new (token, NULL, failed, userdata), command, -1);
}

void
opener_show_log (sd_event *event, const char *job, const char *token, OpenerFailed failed, void *userdata)
{
  g_autofree char *name = g_strdup_printf ("rbee-hive-job-%s.log", job);
  g_autofree char *path = g_build_filename (g_get_user_runtime_dir (), name, NULL);
  const char *command[] = { "hivectl", "log", job, NULL };
  g_auto (Fd) output = -1;

  unlink (path);
  output = open (path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (output < 0)
    {
      g_autofree char *why = g_strdup_printf ("%s: %s", path, g_strerror (errno));

      failed (why, userdata);
      return;
    }
  opener_run (event, opener_new (token, path, failed, userdata), command, output);
}
