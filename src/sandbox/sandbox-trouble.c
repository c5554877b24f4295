/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sandbox-trouble.h"

#include <glib/gi18n.h>
#include <stdbool.h>
#include <string.h>

#include "error.h"

typedef enum
{
  ANYWHERE,
  IN_CONTAINERS, /* where this machine's settings are the host's, and what changes them is not here */
  ON_MACHINES,
} TroublePlace;

typedef struct
{
  const char *said;    /* pieces of what bubblewrap said, one of which is enough: "this|that" */
  const char *setting; /* a file of /proc/sys that has … */
  const char *value;   /* … this value then; NULL setting: the words alone tell */
  TroublePlace place;
  const char *why;
  const char *hint;
} Trouble;

#define DENIED "Permission denied|not permitted|No permissions"

/* The first that fits is told. bubblewrap's words come first: settings tell only why it said them. */
static const Trouble troubles[] = {
  { "nknown option", NULL, NULL, ANYWHERE, N_ ("The installed bubblewrap is too old (version 0.8 or later is needed)"),
    N_ ("Upgrade the package bubblewrap") },
  { "setuid mode|setuid user", NULL, NULL, ANYWHERE,
    N_ ("The installed bwrap is setuid root, which keeps it from what a sandbox needs"),
    N_ ("Take that away: chmod u-s /usr/bin/bwrap") },
  { "file caps", NULL, NULL, ANYWHERE, N_ ("The installed bwrap has capabilities of its own, which it does not take"),
    N_ ("Take them away: setcap -r /usr/bin/bwrap") },
  { "execvp /", NULL, NULL, ANYWHERE, N_ ("A sandbox starts, but cannot start a program of the hive's own"),
    N_ ("Install rbee-hive again, on a file system that is not mounted noexec") },
  { "execvp", NULL, NULL, ANYWHERE,
    N_ ("A sandbox starts, but finds no programs: it shows /usr, where NixOS and Guix for instance have none"),
    N_ ("Run the hive in a container of another distribution (systemd-nspawn, podman, distrobox)") },
  { "new namespace|No space left", "user/max_user_namespaces", "0", ANYWHERE,
    N_ ("This machine allows no user namespaces"),
    N_ ("Raise the limit: sysctl user.max_user_namespaces=15000 (and a file in /etc/sysctl.d to keep it)") },
  { "No space left|namespaces exceeded", NULL, NULL, ANYWHERE,
    N_ ("As many namespaces as one user may have are in use, or too many are nested"),
    N_ ("Look for the limit that is low, and raise it with sysctl: grep . /proc/sys/user/max_*_namespaces") },
  { "Resource temporarily unavailable", NULL, NULL, ANYWHERE, N_ ("Too many processes run here for a sandbox to start"),
    N_ ("Look which limit it is: TasksMax= in [Jobs] of hive.conf, ulimit -u, or kernel.threads-max") },
  { "source path|type of source", NULL, NULL, ANYWHERE,
    N_ ("What sandboxes are to show is not there, or cannot be reached by the users that jobs run as"),
    N_ ("Put it there; let every user enter each folder above it: chmod a+x") },
  { "mount proc", NULL, NULL, ANYWHERE,
    N_ ("A new /proc may not be mounted here, as in a container whose own /proc is protected"),
    N_ ("Start the container so that it may: podman or docker with --security-opt unmask=/proc/*, systemd-nspawn with "
        "SYSTEMD_NSPAWN_API_VFS_WRITABLE=yes; or run the hive outside") },
  { "/proc/sys/kernel|/proc/self", NULL, NULL, ANYWHERE, N_ ("There is no /proc here, as in a chroot"),
    N_ ("Mount it: mount -t proc proc /proc") },
  { "SECCOMP", NULL, NULL, ANYWHERE, N_ ("This kernel takes no filter of system calls"),
    N_ ("Start one that is built with CONFIG_SECCOMP_FILTER=y, or run the hive where seccomp filters may be set") },
  { "pivot_root: Invalid argument|/ slave: Invalid argument", NULL, NULL, ANYWHERE,
    N_ ("The root of this machine cannot be changed, as in an initramfs or a chroot"),
    N_ ("Run the hive on a file system that was mounted as the root") },
  { "namespace failed: Function not implemented|not support user namespaces", NULL, NULL, ANYWHERE,
    N_ ("This kernel, or a filter of system calls around the hive, has no user namespaces"),
    N_ ("In a container, allow them (docker: --security-opt seccomp=unconfined); elsewhere start a kernel that is "
        "built with CONFIG_USER_NS=y") },
  { "was not disabled", NULL, NULL, ANYWHERE,
    N_ ("This kernel does not keep a sandbox from making namespaces of its own"),
    N_ ("Run the hive on a kernel of Linux itself: some that run containers (gVisor) only resemble it") },
  { "Function not implemented", NULL, NULL, ANYWHERE,
    N_ ("A filter of system calls here denies openat2() to bubblewrap, which needs it since version 0.12"),
    N_ ("Under systemd, remove the lines that this finds: grep -rE 'RestrictSUIDSGID|DynamicUser' /etc/systemd/system "
        "/run/systemd/system, then systemctl daemon-reload; in a container, upgrade its runtime and libseccomp") },
  { "NETLINK_ROUTE socket", NULL, NULL, ANYWHERE, N_ ("A filter here denies netlink sockets to bubblewrap"),
    N_ ("Under systemd, remove the lines that this finds: grep -r RestrictAddressFamilies /etc/systemd/system "
        "/run/systemd/system, then systemctl daemon-reload") },
  { "new namespace", "kernel/unprivileged_userns_clone", "0", ANYWHERE,
    N_ ("This machine allows user namespaces to root alone"),
    N_ ("Allow them: sysctl kernel.unprivileged_userns_clone=1 (and a file in /etc/sysctl.d to keep it)") },
  { DENIED, NULL, NULL, IN_CONTAINERS, N_ ("What runs this container denies sandboxes to bubblewrap"),
    N_ ("Start the container so that it allows them: docker or podman with --security-opt seccomp=unconfined "
        "--security-opt apparmor=unconfined, LXC with security.nesting=true; or run the hive outside") },
  { DENIED, "kernel/apparmor_restrict_unprivileged_userns", "1", ON_MACHINES,
    N_ ("AppArmor denies user namespaces to bubblewrap"),
    N_ ("Load the profile that comes with rbee-hive: apparmor_parser -r /etc/apparmor.d/rbee-hive-bwrap (tools/try "
        "offers to do it)") },
  { DENIED, NULL, NULL, ON_MACHINES, N_ ("This machine denies bubblewrap what a sandbox needs"),
    N_ ("Look for what denied it (journalctl -k; ausearch -m avc with SELinux) and allow it: a container wants docker "
        "or podman with --security-opt seccomp=unconfined --security-opt apparmor=unconfined") },
};

static bool
setting_is (const char *root, const char *setting, const char *value)
{
  g_autofree char *path = g_build_filename (root, "proc/sys", setting, NULL);
  g_autofree char *text = NULL;

  return g_file_get_contents (path, &text, NULL, NULL) && g_str_equal (g_strchomp (text), value);
}

/* What the usual ones leave where their guests find it. */
static bool
is_container (const char *root)
{
  static const char *const marks[] = { "run/systemd/container", "run/host/container-manager", "run/.containerenv",
                                       ".dockerenv", "var/run/secrets/kubernetes.io" };

  for (size_t i = 0; i < G_N_ELEMENTS (marks); i++)
    {
      g_autofree char *path = g_build_filename (root, marks[i], NULL);

      if (g_file_test (path, G_FILE_TEST_EXISTS))
        return true;
    }
  return false;
}

static bool
trouble_fits (const Trouble *trouble, const char *root, const char *said)
{
  g_auto (GStrv) pieces = g_strsplit (trouble->said, "|", -1);
  bool fits = false;

  for (char **piece = pieces; *piece && !fits; piece++)
    fits = strstr (said, *piece) != NULL;
  return fits && (!trouble->setting || setting_is (root, trouble->setting, trouble->value)) &&
         (trouble->place == ANYWHERE || (trouble->place == IN_CONTAINERS) == is_container (root));
}

const char *
sandbox_trouble_find (const char *root, const char *said, const char **ret_hint)
{
  for (size_t i = 0; i < G_N_ELEMENTS (troubles); i++)
    if (trouble_fits (&troubles[i], root, said))
      {
        *ret_hint = troubles[i].hint;
        return troubles[i].why;
      }
  return NULL;
}

static const char *
first_line_of (const char *said)
{
  return g_str_has_prefix (said, "bwrap: ") ? said + strlen ("bwrap: ") : said;
}

void
sandbox_trouble_set_error (GError **error, const char *said, char **ret_hint)
{
  g_autofree char *message = g_strdup (N_ ("bubblewrap (the program bwrap) is not installed"));
  const char *hint = N_ ("Install the package bubblewrap (apt install bubblewrap, dnf install bubblewrap, pacman -S "
                         "bubblewrap, zypper install bubblewrap)");

  if (said)
    {
      const char *why = sandbox_trouble_find ("/", said, &hint);

      g_free (message);
      message = why ? g_strdup_printf (N_ ("%s (bubblewrap: %s)"), why, first_line_of (said)) :
                      g_strdup_printf (N_ ("bubblewrap could not make a sandbox: %s"), first_line_of (said));
      if (!why)
        hint = N_ ("Try: bwrap --unshare-all --unshare-user --disable-userns --ro-bind / / true");
    }

  if (ret_hint)
    *ret_hint = g_strdup (hint);
  g_set_error (error, HIVE_ERROR, HIVE_ERROR_SANDBOX_UNAVAILABLE, ret_hint ? "%s" : "%s. %s", message, hint);
}

bool
sandbox_trouble_explain (GError **error, const char *what, const char *key)
{
  GError *failure = error ? *error : NULL;
  g_autofree char *message = NULL;

  if (!failure || (failure->code != HIVE_ERROR_TIMED_OUT && failure->code != HIVE_ERROR_LIMITS_EXCEEDED &&
                   failure->code != HIVE_ERROR_NO_SPACE))
    return false;
  message = g_steal_pointer (&failure->message);
  if (failure->code == HIVE_ERROR_TIMED_OUT)
    failure->message = g_strdup_printf (N_ ("%s took too long: %s (%s in hive.conf)"), what, message, key);
  else
    failure->message = g_strdup_printf (N_ ("%s was ended: %s"), what, message);
  return false;
}
