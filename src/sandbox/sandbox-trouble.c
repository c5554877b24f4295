/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sandbox-trouble.h"

#include "error.h"

#include <stdbool.h>
#include <string.h>

typedef struct
{
  const char *setting; /* a file of /proc/sys that explains it, with … */
  const char *value;   /* … this value; NULL setting: only the text tells */
  const char *said;    /* a piece of what bubblewrap said; NULL: whatever it said */
  const char *why;
  const char *hint;
} Trouble;

/* The first that fits is told: certain ones first. */
static const Trouble troubles[] = {
  { NULL, NULL, "nknown option", "The installed bubblewrap is too old (version 0.8 or later is needed)",
    "Upgrade the package bubblewrap" },
  { "/proc/sys/user/max_user_namespaces", "0", NULL, "This machine allows no user namespaces",
    "Raise the limit: sysctl user.max_user_namespaces=15000 (and a file in /etc/sysctl.d to keep it)" },
  { "/proc/sys/kernel/unprivileged_userns_clone", "0", NULL, "This machine allows user namespaces to root alone",
    "Allow them: sysctl kernel.unprivileged_userns_clone=1 (and a file in /etc/sysctl.d to keep it)" },
  { "/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1", NULL,
    "AppArmor denies user namespaces to bubblewrap",
    "Load the profile that comes with rbee-hive: apparmor_parser -r /etc/apparmor.d/rbee-hive-bwrap (tools/try offers "
    "to do it)" },
  { NULL, NULL, "mount proc", "A new /proc may not be mounted here, as in a container whose own /proc is protected",
    "Start the container so that it may: podman or docker with --security-opt unmask=/proc/*, systemd-nspawn with "
    "SYSTEMD_NSPAWN_API_VFS_WRITABLE=yes; or run the hive outside" },
  { NULL, NULL, "SECCOMP", "This kernel takes no filter of system calls",
    "Start one that is built with CONFIG_SECCOMP_FILTER=y, or run the hive where seccomp filters may be set" },
  { NULL, NULL, "No permissions to create", "This machine denies new namespaces to bubblewrap",
    "In a container, allow them (docker: --security-opt seccomp=unconfined); elsewhere see "
    "kernel.unprivileged_userns_clone "
    "and user.max_user_namespaces" },
  { NULL, NULL, "Function not implemented",
    "A filter of system calls here denies openat2() to bubblewrap, which needs it since version 0.12",
    "Under systemd, remove the lines that this finds: grep -rE 'RestrictSUIDSGID|DynamicUser' /etc/systemd/system "
    "/run/systemd/system, then systemctl daemon-reload; in a container, upgrade its runtime and libseccomp" },
  { NULL, NULL, "uid map", "This machine denies bubblewrap a user namespace's uid map",
    "In a container, allow it (docker: --security-opt seccomp=unconfined --security-opt apparmor=unconfined); "
    "elsewhere "
    "look for denials in the system's log" },
};

static bool
setting_is (const char *path, const char *value)
{
  g_autofree char *text = NULL;

  return g_file_get_contents (path, &text, NULL, NULL) && g_str_equal (g_strchomp (text), value);
}

static bool
trouble_fits (const Trouble *trouble, const char *said)
{
  if (trouble->said && !strstr (said, trouble->said))
    return false;
  return !trouble->setting || setting_is (trouble->setting, trouble->value);
}

static const char *
first_line_of (const char *said)
{
  return g_str_has_prefix (said, "bwrap: ") ? said + strlen ("bwrap: ") : said;
}

void
sandbox_trouble_set_error (GError **error, const char *said, char **ret_hint)
{
  g_autofree char *why = g_strdup ("bubblewrap (the program bwrap) is not installed");
  const char *hint = "Install the package bubblewrap (apt install bubblewrap, dnf install bubblewrap, pacman -S "
                     "bubblewrap, zypper install bubblewrap)";

  if (said)
    {
      g_free (why);
      why = NULL;
      hint = "Try: bwrap --unshare-all --unshare-user --disable-userns --ro-bind / / true";
      for (size_t i = 0; i < G_N_ELEMENTS (troubles) && !why; i++)
        if (trouble_fits (&troubles[i], said))
          {
            why = g_strdup_printf ("%s (bubblewrap: %s)", troubles[i].why, first_line_of (said));
            hint = troubles[i].hint;
          }
      if (!why)
        why = g_strdup_printf ("bubblewrap could not make a sandbox: %s", first_line_of (said));
    }

  if (ret_hint)
    *ret_hint = g_strdup (hint);
  g_set_error (error, HIVE_ERROR, HIVE_ERROR_SANDBOX_UNAVAILABLE, ret_hint ? "%s" : "%s. %s", why, hint);
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
    failure->message = g_strdup_printf ("%s took too long: %s (%s in hive.conf)", what, message, key);
  else
    failure->message = g_strdup_printf ("%s was ended: %s", what, message);
  return false;
}
