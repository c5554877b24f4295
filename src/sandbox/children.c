/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "children.h"

#include <glib.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t spared;

void
children_spare (pid_t pid)
{
  spared = pid;
}

static char *
children_path (void)
{
  return g_strdup_printf ("/proc/self/task/%d/children", (int)getpid ());
}

bool
children_can_spare (void)
{
  g_autofree char *path = children_path ();

  return access (path, R_OK) == 0;
}

/* Kills the children that @pids names; false: there are none but the spared one. */
static bool
kill_children (const char *pids)
{
  g_auto (GStrv) words = g_strsplit (pids, " ", -1);
  bool any = false;

  for (char **word = words; *word; word++)
    {
      pid_t pid = g_ascii_strtoll (*word, NULL, 10);

      if (pid <= 0 || pid == spared)
        continue;
      kill (pid, SIGKILL);
      any = true;
    }
  return any;
}

static pid_t
reap_one (int flags)
{
  pid_t pid = waitpid (-1, NULL, flags);

  if (pid > 0 && pid == spared)
    spared = 0; /* the number may be another's next */
  return pid;
}

void
children_reap (void)
{
  g_autofree char *path = children_path ();

  for (;;)
    {
      g_autofree char *text = NULL;
      pid_t pid = reap_one (WNOHANG);

      if (pid > 0)
        continue;
      if (pid < 0)
        return;

      if (g_file_get_contents (path, &text, NULL, NULL))
        {
          if (!kill_children (text))
            return;
        }
      else if (spared > 0)
        kill (spared, SIGKILL);
      reap_one (0);
    }
}
