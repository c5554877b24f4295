/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib/gstdio.h>

#include "sandbox-trouble.h"

/* A machine's root with these files, each a path and its text, and what is then said of bubblewrap's words. */
typedef struct
{
  const char *files[4];
  const char *said;
  const char *why; /* a piece; NULL: it is unknown */
} Case;

#define CONTAINER "run/.containerenv", ""
#define APPARMOR  "proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1\n"
#define NO_USERS  "proc/sys/user/max_user_namespaces", "0\n"
#define ROOT_ONLY "proc/sys/kernel/unprivileged_userns_clone", "0\n"

static const Case cases[] = {
  { { NULL }, "bwrap: Unknown option --disable-userns", "too old" },
  { { APPARMOR }, "bwrap: Unknown option --disable-userns", "too old" },
  /* 0.8 as upstream and as Debian has it. */
  { { ROOT_ONLY },
    "bwrap: No permissions to creating new namespace, likely because the kernel does not",
    "root alone" },
  { { ROOT_ONLY }, "bwrap: No permissions to create new namespace, likely because the kernel does not", "root alone" },
  { { NULL },
    "bwrap: No permissions to creating new namespace, likely because the kernel does not",
    "This machine denies" },
  { { APPARMOR }, "bwrap: No permissions to create new namespace, likely because the kernel does not", "AppArmor" },
  { { CONTAINER, APPARMOR }, "bwrap: No permissions to create new namespace, likely because", "runs this container" },
  { { ROOT_ONLY }, "bwrap: Creating new namespace failed: Operation not permitted", "root alone" },
  { { APPARMOR }, "bwrap: Creating new namespace failed: Operation not permitted", "AppArmor" },
  { { CONTAINER }, "bwrap: Creating new namespace failed: Operation not permitted", "runs this container" },
  { { NULL }, "bwrap: Creating new namespace failed: Operation not permitted", "This machine denies" },
  { { APPARMOR }, "bwrap: setting up uid map: Permission denied", "AppArmor" },
  { { APPARMOR }, "bwrap: loopback: Failed RTM_NEWADDR: Operation not permitted", "AppArmor" },
  { { APPARMOR }, "bwrap: Failed to make / slave: Permission denied", "AppArmor" },
  { { CONTAINER, APPARMOR }, "bwrap: setting up uid map: Permission denied", "runs this container" },
  { { CONTAINER, APPARMOR }, "bwrap: Failed to make / slave: Permission denied", "runs this container" },
  { { CONTAINER }, "bwrap: pivot_root: Operation not permitted", "runs this container" },
  { { NULL }, "bwrap: pivot_root: Operation not permitted", "This machine denies" },
  { { NULL }, "bwrap: pivot_root: Invalid argument", "initramfs" },
  { { CONTAINER, APPARMOR }, "bwrap: Can't mount proc on /newroot/proc: Operation not permitted", "A new /proc" },
  { { APPARMOR }, "bwrap: Can't mount proc on /newroot/proc: Operation not permitted", "A new /proc" },
  { { NO_USERS }, "bwrap: Creating new namespace failed: No space left on device", "no user namespaces" },
  { { NO_USERS },
    "bwrap: Creating new namespace failed: nesting depth or /proc/sys/user/max_*_namespaces exceeded (ENOSPC)",
    "no user namespaces" },
  { { NULL }, "bwrap: Creating new namespace failed: No space left on device", "As many namespaces" },
  { { NULL },
    "bwrap: Creating new namespace failed: nesting depth or /proc/sys/user/max_*_namespaces exceeded (ENOSPC)",
    "As many namespaces" },
  { { APPARMOR }, "bwrap: Creating new namespace failed: Function not implemented", "a filter of system calls around" },
  { { NULL },
    "bwrap: Creating new namespace failed, likely because the kernel does not support user namespaces.",
    "has no user namespaces" },
  { { NULL }, "bwrap: Can't open /usr: Function not implemented", "openat2" },
  { { NULL }, "bwrap: The --size option is not permitted in setuid mode", "setuid root" },
  { { NULL }, "bwrap: Unexpected capabilities but not setuid, old file caps config?", "capabilities of its own" },
  { { APPARMOR }, "bwrap: execvp true: No such file or directory", "finds no programs" },
  { { NULL }, "bwrap: execvp /etc/rbee-hive/rbee-hive-fetch: Permission denied", "of the hive's own" },
  { { NULL }, "bwrap: loopback: Failed to create NETLINK_ROUTE socket: Address family not supported", "netlink" },
  { { NULL }, "bwrap: Can't read /proc/sys/kernel/overflowuid: No such file or directory", "no /proc" },
  { { NULL }, "bwrap: prctl(PR_SET_SECCOMP): Invalid argument", "no filter of system calls" },
  { { NULL }, "bwrap: Failed to make / slave: Invalid argument", "a chroot" },
  { { APPARMOR }, "bwrap: Creating new namespace failed: Resource temporarily unavailable", "Too many processes" },
  { { NULL }, "bwrap: Can't fork: Resource temporarily unavailable", "Too many processes" },
  { { CONTAINER, APPARMOR }, "bwrap: Can't find source path /home/a/x: Permission denied", "users that jobs run as" },
  { { NULL }, "bwrap: Can't get type of source /home/a/x: Permission denied", "users that jobs run as" },
  { { APPARMOR, NO_USERS }, "bwrap: Can't find source path /usr: No such file or directory", "is not there" },
  { { NULL }, "bwrap: creation of new user namespaces was not disabled as requested", "does not keep" },
  /* A setting explains nothing that was not said. */
  { { APPARMOR, NO_USERS }, "bwrap: Can't read seccomp data: Input/output error", NULL },
};

static void
write_file (const char *root, const char *name, const char *text)
{
  g_autofree char *path = g_build_filename (root, name, NULL);
  g_autofree char *folder = g_path_get_dirname (path);

  g_assert_cmpint (g_mkdir_with_parents (folder, 0755), ==, 0);
  g_assert_true (g_file_set_contents (path, text, -1, NULL));
}

static void
test_words_first_and_settings_second (void)
{
  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      const Case *one = &cases[i];
      g_autofree char *root = g_dir_make_tmp (NULL, NULL);
      const char *remove[] = { "rm", "-r", root, NULL };
      const char *hint = NULL, *why;

      for (size_t file = 0; file < G_N_ELEMENTS (one->files) && one->files[file]; file += 2)
        write_file (root, one->files[file], one->files[file + 1]);
      why = sandbox_trouble_find (root, one->said, &hint);
      g_test_message ("%s: %s", one->said, why ? why : "unknown");
      g_assert_true (one->why ? why && strstr (why, one->why) : !why);
      g_assert_true ((hint != NULL) == (why != NULL));
      g_assert_true (
          g_spawn_sync (NULL, (char **)remove, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL, NULL));
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sandbox-trouble/words-first-and-settings-second", test_words_first_and_settings_second);
  return g_test_run ();
}
