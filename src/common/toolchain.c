/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "toolchain.h"

#include "error.h"

#include <string.h>
#include <sys/stat.h>

#define NAME_MAX_LENGTH 64

static const char *const toolchain_keys[] = { "Path", "Bin", "Environment", "Owner", NULL };

bool
toolchain_has_key (const char *key)
{
  return g_strv_contains (toolchain_keys, key);
}

void
toolchain_free (Toolchain *toolchain)
{
  if (!toolchain)
    return;
  g_free (toolchain->name);
  g_strfreev (toolchain->paths);
  g_strfreev (toolchain->bins);
  g_strfreev (toolchain->environment);
  g_free (toolchain);
}

bool
toolchain_is_below (const char *path, const char *folder)
{
  size_t length = strlen (folder);

  return strncmp (path, folder, length) == 0 && (path[length] == '/' || !path[length]);
}

bool
toolchain_is_owned_by (const char *path, uid_t uid)
{
  g_autofree char *folder = g_strdup (path);
  struct stat info;

  for (;;)
    {
      char *above;

      if (stat (folder, &info) < 0 || (info.st_uid != 0 && info.st_uid != uid))
        return false;
      if (g_str_equal (folder, "/"))
        return true;
      above = g_path_get_dirname (folder);
      g_free (folder);
      folder = above;
    }
}

const char *
toolchain_path_obstacle (const char *path)
{
  /* A sandbox has its own, or what is in them is nobody's toolchain. */
  static const char *const closed[] = { "/proc", "/sys", "/dev", "/etc", "/tmp", "/boot", NULL };
  /* As a whole; what is in them may be one. */
  static const char *const whole[] = { "/",         "/usr",     "/usr/local", "/opt", "/home",  "/root",
                                       "/var",      "/var/lib", "/srv",       "/mnt", "/media", "/run",
                                       "/run/user", "/bin",     "/sbin",      "/lib", "/lib64", NULL };

  for (const char *const *folder = closed; *folder; folder++)
    if (toolchain_is_below (path, *folder))
      return "a sandbox has its own, or nothing there";
  if (g_strv_contains (whole, path))
    return "that is more than a toolchain";
  if (g_str_has_prefix (path, "/home/") && !strchr (path + strlen ("/home/"), '/'))
    return "that is somebody's whole home";
  return NULL;
}

static bool
toolchain_refuse (const Toolchain *toolchain, const char *key, const char *value, const char *why, GError **error)
{
  g_set_error (error, HIVE_ERROR, HIVE_ERROR_INVALID_ARGUMENT,
               "\"%s\" is no value for %s= in [" TOOLCHAIN_SECTION "%s]: %s", value, key, toolchain->name, why);
  return false;
}

/* The parts of a list by `;`; empty ones are left out. */
static char **
toolchain_list (GKeyFile *file, const char *group, const char *key)
{
  g_autofree char *text = g_key_file_get_value (file, group, key, NULL);
  g_auto (GStrv) parts = g_strsplit (text ? text : "", ";", -1);
  g_autoptr (GStrvBuilder) list = g_strv_builder_new ();

  for (char **part = parts; *part; part++)
    if (*g_strstrip (*part))
      g_strv_builder_add (list, *part);
  return g_strv_builder_end (list);
}

/* Absolute, without "." and "..", and nothing that would end an entry of PATH. */
static bool
toolchain_normalise (char **path)
{
  g_autofree char *normal = g_canonicalize_filename (*path, "/");
  bool good = g_path_is_absolute (*path) && !strstr (*path, "/../") && !g_str_has_suffix (*path, "/..") &&
              !strpbrk (*path, ":\n");

  g_free (*path);
  *path = g_steal_pointer (&normal);
  return good;
}

static bool
toolchain_check_paths (Toolchain *toolchain, GError **error)
{
  if (!toolchain->paths[0])
    return toolchain_refuse (toolchain, "Path", "", "name the folders in which it lies", error);
  for (char **path = toolchain->paths; *path; path++)
    {
      const char *why = !toolchain_normalise (path) ? "it has to be absolute, without \"..\" and colons" :
                                                      toolchain_path_obstacle (*path);

      /* A unit does not see whose the homes are. */
      if (!why && !toolchain->any_owner && toolchain_is_below (*path, "/home"))
        why = "who owns a home can change what is in it, so that takes Owner=any";
      if (why)
        return toolchain_refuse (toolchain, "Path", *path, why, error);
    }
  return true;
}

static bool
toolchain_check_bins (Toolchain *toolchain, GError **error)
{
  for (char **bin = toolchain->bins; *bin; bin++)
    {
      bool found = false;

      if (!toolchain_normalise (bin))
        return toolchain_refuse (toolchain, "Bin", *bin, "it has to be absolute, without \"..\" and colons", error);
      for (char **path = toolchain->paths; *path; path++)
        found = found || toolchain_is_below (*bin, *path);
      if (!found)
        return toolchain_refuse (toolchain, "Bin", *bin, "it has to be below one of its Path=", error);
    }
  return true;
}

static bool
toolchain_check_environment (const Toolchain *toolchain, GError **error)
{
  for (char **variable = toolchain->environment; *variable; variable++)
    {
      size_t length = strspn (*variable, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "_");

      if (length == 0 || (*variable)[length] != '=' || g_ascii_isdigit (**variable))
        return toolchain_refuse (toolchain, "Environment", *variable, "it has to be NAME=VALUE", error);
      if (g_str_has_prefix (*variable, "PATH="))
        return toolchain_refuse (toolchain, "Environment", *variable, "name its folders in Bin=", error);
    }
  return true;
}

static bool
toolchain_check_name (const Toolchain *toolchain, GError **error)
{
  const char *name = toolchain->name;

  if (*name && strlen (name) <= NAME_MAX_LENGTH && !name[strspn (name, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "._+-")])
    return true;
  g_set_error (error, HIVE_ERROR, HIVE_ERROR_INVALID_ARGUMENT,
               "[" TOOLCHAIN_SECTION "%s]: a toolchain's name is of letters, digits, dots, dashes, + and _", name);
  return false;
}

Toolchain *
toolchain_read (GKeyFile *file, const char *group, GError **error)
{
  g_autoptr (Toolchain) toolchain = g_new0 (Toolchain, 1);
  g_autofree char *owner = g_key_file_get_value (file, group, "Owner", NULL);

  toolchain->name = g_strdup (group + strlen (TOOLCHAIN_SECTION));
  toolchain->paths = toolchain_list (file, group, "Path");
  toolchain->bins = toolchain_list (file, group, "Bin");
  toolchain->environment = toolchain_list (file, group, "Environment");
  toolchain->any_owner = g_strcmp0 (owner, "any") == 0;
  if (owner && !toolchain->any_owner && !g_str_equal (owner, "root"))
    {
      toolchain_refuse (toolchain, "Owner", owner, "it has to be root or any", error);
      return NULL;
    }
  if (!toolchain_check_name (toolchain, error) || !toolchain_check_paths (toolchain, error) ||
      !toolchain_check_bins (toolchain, error) || !toolchain_check_environment (toolchain, error))
    return NULL;
  return g_steal_pointer (&toolchain);
}

char *
toolchains_search_path (GPtrArray *toolchains, const char *rest)
{
  GString *path = g_string_new (NULL);

  for (guint i = 0; i < toolchains->len; i++)
    for (char **bin = ((Toolchain *)toolchains->pdata[i])->bins; *bin; bin++)
      g_string_append_printf (path, "%s:", *bin);
  g_string_append (path, rest);
  return g_string_free (path, FALSE);
}
