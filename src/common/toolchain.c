/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "toolchain.h"

#include <glib/gi18n.h>
#include <string.h>
#include <sys/stat.h>

#include "error.h"
#include "key-value.h"

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
      return N_ ("a sandbox has its own, or nothing there");
  if (g_strv_contains (whole, path))
    return N_ ("that is more than a toolchain");
  if (g_str_has_prefix (path, "/home/") && !strchr (path + strlen ("/home/"), '/'))
    return N_ ("that is somebody's whole home");
  return NULL;
}

/* A section as it is read. */
typedef struct
{
  const ConfigurationText *said;
  const char *group;
  Toolchain *toolchain;
} Section;

static bool
section_refuse (const Section *section, const char *key, const char *value, const char *why, GError **error)
{
  g_autofree char *where = configuration_text_where (section->said, section->group, key);

  g_set_error (error, HIVE_ERROR, HIVE_ERROR_INVALID_ARGUMENT, "%s: \"%s\" is not a value for %s= in [%s]: %s", where,
               value, key, section->group, why);
  return false;
}

static char **
section_list (const Section *section, const char *key)
{
  const char *text = configuration_text_get (section->said, section->group, key);

  return key_value_list (text ? text : "");
}

/* Absolute, without "." and "..", and nothing that would end an entry of PATH. */
static bool
toolchain_normalise (char **path)
{
  g_autofree char *normal = g_canonicalize_filename (*path, "/");
  bool good = g_path_is_absolute (*path) && !strstr (*path, "/../") && !g_str_has_suffix (*path, "/..") &&
              !strpbrk (*path, ",:\n");

  g_free (*path);
  *path = g_steal_pointer (&normal);
  return good;
}

static bool
section_check_paths (const Section *section, GError **error)
{
  Toolchain *toolchain = section->toolchain;

  if (!toolchain->paths[0])
    return section_refuse (section, "Path", "", "name the folders in which it lies", error);
  for (char **path = toolchain->paths; *path; path++)
    {
      const char *why =
          !toolchain_normalise (path) ?
              "it has to be absolute, without \"..\", commas and colons; between several stands a semicolon" :
              toolchain_path_obstacle (*path);

      /* A unit does not see whose the homes are. */
      if (!why && !toolchain->any_owner && toolchain_is_below (*path, "/home"))
        why = "who owns a home can change what is in it, so that takes Owner=any";
      if (why)
        return section_refuse (section, "Path", *path, why, error);
    }
  return true;
}

static bool
section_check_bins (const Section *section, GError **error)
{
  Toolchain *toolchain = section->toolchain;

  for (char **bin = toolchain->bins; *bin; bin++)
    {
      bool found = false;

      if (!toolchain_normalise (bin))
        return section_refuse (
            section, "Bin", *bin,
            "it has to be absolute, without \"..\", commas and colons; between several stands a semicolon", error);
      for (char **path = toolchain->paths; *path; path++)
        found = found || toolchain_is_below (*bin, *path);
      if (!found)
        return section_refuse (section, "Bin", *bin, "it has to be below one of its Path=", error);
    }
  return true;
}

static bool
section_check_environment (const Section *section, GError **error)
{
  const Toolchain *toolchain = section->toolchain;

  for (char **variable = toolchain->environment; *variable; variable++)
    {
      size_t length = strspn (*variable, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "_");

      if (length == 0 || (*variable)[length] != '=' || g_ascii_isdigit (**variable))
        return section_refuse (section, "Environment", *variable, "it has to be NAME=VALUE", error);
      if (key_value_is_several_variables (*variable))
        return section_refuse (section, "Environment", *variable, "between several stands a semicolon", error);
      if (g_str_has_prefix (*variable, "PATH="))
        return section_refuse (section, "Environment", *variable, "name its folders in Bin=", error);
    }
  return true;
}

static bool
section_check_name (const Section *section, GError **error)
{
  const char *name = section->toolchain->name;
  g_autofree char *where = NULL;

  if (*name && strlen (name) <= NAME_MAX_LENGTH && !name[strspn (name, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "._+-")])
    return true;
  where = configuration_text_where (section->said, section->group, NULL);
  g_set_error (error, HIVE_ERROR, HIVE_ERROR_INVALID_ARGUMENT,
               "%s: [%s]: a toolchain's name is of letters, digits, dots, dashes, + and _", where, section->group);
  return false;
}

Toolchain *
toolchain_read (const ConfigurationText *said, const char *group, GError **error)
{
  g_autoptr (Toolchain) toolchain = g_new0 (Toolchain, 1);
  const Section section = { .said = said, .group = group, .toolchain = toolchain };
  const char *owner = configuration_text_get (said, group, "Owner");

  toolchain->name = g_strdup (group + strlen (TOOLCHAIN_SECTION));
  toolchain->paths = section_list (&section, "Path");
  toolchain->bins = section_list (&section, "Bin");
  toolchain->environment = section_list (&section, "Environment");
  toolchain->any_owner = g_strcmp0 (owner, "any") == 0;
  if (owner && !toolchain->any_owner && !g_str_equal (owner, "root"))
    {
      section_refuse (&section, "Owner", owner, "it has to be root or any", error);
      return NULL;
    }
  if (!section_check_name (&section, error) || !section_check_paths (&section, error) ||
      !section_check_bins (&section, error) || !section_check_environment (&section, error))
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
