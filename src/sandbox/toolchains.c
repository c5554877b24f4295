/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "toolchains.h"

#include <fcntl.h>
#include <glib/gi18n.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "error.h"

static bool
toolchain_refuse (const Toolchain *toolchain, const char *path, const char *why, GError **error)
{
  g_set_error (error, HIVE_ERROR, HIVE_ERROR_SANDBOX_UNAVAILABLE,
               "The toolchain %s of hive.conf cannot be used: %s %s, or take its section [%s%s] away", toolchain->name,
               path, why, TOOLCHAIN_SECTION, toolchain->name);
  return false;
}

/* The first folder on the way to @path, or it, that cannot be entered: "" when all can. */
static char *
path_find_closed (const char *path)
{
  for (const char *end = strchr (path + 1, '/');; end = strchr (end + 1, '/'))
    {
      g_autofree char *folder = end ? g_strndup (path, (gsize)(end - path)) : g_strdup (path);

      if (faccessat (AT_FDCWD, folder, end ? X_OK : R_OK | X_OK, 0) < 0)
        return g_steal_pointer (&folder);
      if (!end)
        return g_strdup ("");
    }
}

static bool
toolchain_check_open (const Toolchain *toolchain, const char *path, GError **error)
{
  g_autofree char *closed = path_find_closed (path);
  g_autofree char *why = NULL;
  struct stat info;

  if (!*closed)
    return true;
  if (stat (closed, &info) < 0)
    return toolchain_refuse (toolchain, path, N_ ("is not there. Correct its Path="), error);
  why = g_strdup_printf (
      N_ ("cannot be reached by the users that builds run as, because %s is closed to them (mode "
          "%04o). Move or copy the toolchain to where all may read it, as /opt/%s, or open that folder (chmod o+x %s)"),
      closed, info.st_mode & 07777, toolchain->name, closed);
  return toolchain_refuse (toolchain, path, why, error);
}

/* Its owner and whoever may write into it decide what is in every worker that is built with it. */
static bool
toolchain_check_owner (const Toolchain *toolchain, const char *path, GError **error)
{
  struct stat info;

  if (stat (path, &info) < 0 || !S_ISDIR (info.st_mode))
    return toolchain_refuse (toolchain, path, N_ ("is not a folder. Correct its Path="), error);
  if (toolchain->any_owner)
    return true;
  if (!toolchain_is_owned_by (path, geteuid ()))
    return toolchain_refuse (
        toolchain, path,
        N_ ("is not root's: its owner would decide what is in every worker that is built with it. Copy it "
            "as root, or say Owner=any"),
        error);
  if (info.st_mode & S_IWOTH)
    return toolchain_refuse (toolchain, path,
                             N_ ("may be changed by everybody. Take that right away (chmod o-w), or say Owner=any"),
                             error);
  return true;
}

/* Where a folder of a toolchain really is, when it may be used; else NULL. */
static char *
toolchain_resolve (const Toolchain *toolchain, const char *path, GError **error)
{
  char *real = toolchain_check_open (toolchain, path, error) ? realpath (path, NULL) : NULL;
  const char *why = real ? toolchain_path_obstacle (real) : NULL;

  if (why)
    toolchain_refuse (toolchain, real, why, error);
  if (real && !why && toolchain_check_open (toolchain, real, error) && toolchain_check_owner (toolchain, real, error))
    return real;
  free (real);
  return NULL;
}

bool
toolchain_check (const Toolchain *toolchain, GError **error)
{
  for (char **path = toolchain->paths; *path; path++)
    {
      g_autofree char *real = toolchain_resolve (toolchain, *path, error);

      if (!real)
        return false;
    }
  for (char **bin = toolchain->bins; *bin; bin++)
    if (!toolchain_check_open (toolchain, *bin, error))
      return false;
  return true;
}

bool
toolchains_check (const Configuration *configuration, GError **error)
{
  for (guint i = 0; i < configuration->toolchains->len; i++)
    if (!toolchain_check (configuration->toolchains->pdata[i], error))
      return false;
  return true;
}

/* Sandboxes have these whole. */
static bool
path_is_there_anyway (const char *path)
{
  return toolchain_is_below (path, "/usr") || toolchain_is_below (path, "/opt");
}

static void
toolchain_bind (const Toolchain *toolchain, const char *path, Sandbox *sandbox)
{
  g_autofree char *real = toolchain_resolve (toolchain, path, NULL);

  if (!real)
    return;
  /* A link in /usr or /opt needs what it points to; elsewhere the name as it was written is one, too. */
  if (!path_is_there_anyway (real))
    sandbox_bind_read_only (sandbox, real, real);
  if (!path_is_there_anyway (path) && !g_str_equal (path, real))
    sandbox_bind_read_only (sandbox, real, path);
}

void
toolchains_add (const Configuration *configuration, Sandbox *sandbox)
{
  g_autofree char *search_path = toolchains_search_path (configuration->toolchains, SANDBOX_SYSTEM_PATH);

  for (guint i = 0; i < configuration->toolchains->len; i++)
    {
      const Toolchain *toolchain = configuration->toolchains->pdata[i];

      for (char **path = toolchain->paths; *path; path++)
        toolchain_bind (toolchain, *path, sandbox);
      sandbox_setenv_all (sandbox, toolchain->environment);
    }
  sandbox_setenv (sandbox, "PATH", search_path);
}
