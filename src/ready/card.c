/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rbee-hive-card there [CARD…] / rbee-hive-card used [CARD…]: whether a worker's card is there before it starts, and
 * whether the worker computes with it afterwards, as ExecStartPre= and ExecStartPost= of its unit. A CARD is its nodes
 * with commas between them; of several one is enough, and without any all is well.
 *
 * A server that cannot use its card goes on with the processor, and its health URL says that all is well. What a
 * program computes with it holds open: of NVIDIA's the card's node, nvidiactl and nvidia-uvm, of AMD's kfd and the
 * card's render node. So the kernel's word is taken for it, of all processes of the unit, and no maker's library has to
 * be there.
 *
 * It runs as root, outside of the worker's confinement, since nobody else may look at another user's descriptors: so it
 * opens nothing of the worker's but the lists of their numbers, and keeps the two capabilities that this takes.
 *
 * A node that is not there is not waited for: what a unit may open is settled as it starts. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <linux/capability.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "card-exit.h"
#include "config.h"
#include "file.h"

#define TURN       (100 * 1000)         /* µs between two looks */
#define PATIENCE   (2 * G_USEC_PER_SEC) /* a worker may open its card with its first answer */
#define CGROUP_MAX (64 * 1024)

/* The numbers of the character device @node; 0: there is none. */
static dev_t
node_number (const char *node)
{
  struct stat status;

  return stat (node, &status) == 0 && S_ISCHR (status.st_mode) ? status.st_rdev : 0;
}

/* Whether the process @pid, an entry of /proc, has @number open. One that ends meanwhile has not. */
static bool
process_holds (const char *pid, dev_t number)
{
  g_autofree char *path = g_build_filename ("/proc", pid, "fd", NULL);
  DIR *directory = opendir (path);
  struct dirent *entry;
  bool holds = false;

  while (directory && !holds && (entry = readdir (directory)))
    {
      struct statx status;

      /* Nothing is asked of a file system that may not answer. */
      holds = *entry->d_name != '.' &&
              statx (dirfd (directory), entry->d_name, AT_STATX_DONT_SYNC, STATX_TYPE, &status) == 0 &&
              S_ISCHR (status.stx_mode) && makedev (status.stx_rdev_major, status.stx_rdev_minor) == number;
    }
  if (directory)
    closedir (directory);
  return holds;
}

/* The control group by which systemd knows the unit of the process @pid, as a line of cgroups(7) has it; NULL: it is
 * gone. */
static char *
process_unit (const char *pid)
{
  g_autofree char *path = g_build_filename ("/proc", pid, "cgroup", NULL);
  g_autofree char *text = file_read (path, CGROUP_MAX, NULL, NULL);
  g_auto (GStrv) lines = g_strsplit (text ? text : "", "\n", -1);
  char *unit = NULL;

  for (char **line = lines; *line; line++)
    if (strstr (*line, ":name=systemd:") || (!unit && g_str_has_prefix (*line, "0::")))
      {
        g_free (unit);
        unit = g_strdup (*line);
      }
  return unit;
}

/* Whether a process of the unit @unit has @number open. */
static bool
unit_holds (const char *unit, dev_t number)
{
  g_autoptr (GDir) processes = g_dir_open ("/proc", 0, NULL);
  const char *pid;

  while (processes && (pid = g_dir_read_name (processes)))
    {
      g_autofree char *its = g_ascii_isdigit (*pid) ? process_unit (pid) : NULL;

      if (g_strcmp0 (its, unit) == 0 && process_holds (pid, number))
        return true;
    }
  return false;
}

static bool
card_is_there (char *const *nodes)
{
  bool there = true;

  for (; there && *nodes; nodes++)
    there = node_number (*nodes) != 0;
  return there;
}

/* Whether processes of this one's unit have all of @nodes open, one or the other. */
static bool
card_is_used (char *const *nodes)
{
  g_autofree char *unit = process_unit ("self");
  bool used = unit != NULL;

  for (; used && *nodes; nodes++)
    {
      dev_t number = node_number (*nodes);

      used = number != 0 && unit_holds (unit, number);
    }
  return used;
}

static bool
cards_any (char *const *cards, bool (*is) (char *const *nodes))
{
  for (; *cards; cards++)
    {
      g_auto (GStrv) nodes = g_strsplit (*cards, ",", -1);

      if (is (nodes))
        return true;
    }
  return false;
}

static bool
cards_wait_for_use (char *const *cards)
{
  int64_t until = g_get_monotonic_time () + PATIENCE;

  while (!cards_any (cards, card_is_used))
    {
      if (g_get_monotonic_time () >= until)
        return false;
      g_usleep (TURN);
    }
  return true;
}

/* To enter another user's /proc/PID/fd, and to follow what is in it: proc(5). */
static bool
keep_capabilities (void)
{
  const uint32_t kept = 1U << CAP_DAC_READ_SEARCH | 1U << CAP_SYS_PTRACE;
  struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
  struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { { .effective = kept, .permitted = kept } };

  return syscall (SYS_capset, &head, data) == 0;
}

int
main (int argc, char **argv)
{
  g_autofree char *all = argc > 2 ? g_strjoinv (" or ", argv + 2) : NULL;

  if (argc == 2 && g_str_equal (argv[1], "--version"))
    {
      g_print ("rbee-hive-card %s\n", PROJECT_VERSION);
      return EXIT_SUCCESS;
    }
  if (!keep_capabilities ())
    {
      g_printerr ("Cannot give capabilities up: %s\n", g_strerror (errno));
      return EXIT_FAILURE;
    }
  if (argc > 1 && g_str_equal (argv[1], "there"))
    {
      if (!all || cards_any (argv + 2, card_is_there))
        return EXIT_SUCCESS;
      g_printerr ("The card's nodes are not there: %s\n", all);
      return CARD_EXIT_MISSING;
    }
  if (argc > 1 && g_str_equal (argv[1], "used"))
    {
      if (!all || cards_wait_for_use (argv + 2))
        return EXIT_SUCCESS;
      g_printerr ("No process of the worker has the card's nodes open: %s\n", all);
      return CARD_EXIT_UNUSED;
    }
  g_printerr ("Usage: rbee-hive-card there|used [NODE[,NODE…]…]\n");
  return 2;
}
