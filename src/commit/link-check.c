/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "link-check.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "file.h"
#include "writers.h"

/* Opens @path below InstallRoot, or else on this machine, through links: the link's text will do so too. */
static int
open_of_system (const Configuration *configuration, const char *path)
{
  g_autofree char *full = configuration_installed_path (configuration, path);
  int fd = open (full, O_PATH | O_CLOEXEC);

  return fd < 0 && errno == ENOENT ? open (path, O_PATH | O_CLOEXEC) : fd;
}

/* Who may write @path, or put something else at it, as far up as @root, in words; NULL: nobody but root. */
static char *
writer_of_path (const char *path, const char *root)
{
  g_autofree char *at = g_strdup (path);

  while (g_str_has_prefix (at, root) && !g_str_equal (at, root))
    {
      g_auto (Fd) fd = open (at, O_PATH | O_NOFOLLOW | O_CLOEXEC);
      char *writer = fd < 0 ? g_strdup_printf ("nobody knows who (%s)", g_strerror (errno)) : writers_other (fd);
      char *above;

      if (writer)
        return writer;
      above = g_path_get_dirname (at);
      g_free (at);
      at = above;
    }
  return NULL;
}

static bool
link_check_usr (const Ledger *ledger, const TreeEntry *entry, const char *path, GError **error)
{
  const char *root = ledger->configuration->install_root;
  g_auto (Fd) fd = open_of_system (ledger->configuration, path);
  g_autofree char *real = fd < 0 ? NULL : file_real_path (fd);
  g_autofree char *writer = real ? writer_of_path (real, root) : NULL;
  const char *inside = real && g_str_has_prefix (real, root) && !g_str_equal (root, "/") ? real + strlen (root) : real;

  if (!inside)
    return tree_refuse (error,
                        "The symbolic link %s in the package leads to %s, which does not exist: package() must make it "
                        "lead to a file that is there, or install a copy",
                        entry->path, path);
  if (!g_str_has_prefix (inside, "/usr/"))
    return tree_refuse (
        error,
        "The symbolic link %s in the package leads by %s to %s, which is not below /usr: package() must "
        "install a copy",
        entry->path, path, inside);
  return !writer || tree_refuse (error,
                                 "The symbolic link %s in the package leads to %s, which %s may write: package() must "
                                 "install a copy",
                                 entry->path, path, writer);
}

bool
link_check (const Ledger *ledger, const TreeEntry *entry, GError **error)
{
  g_autofree char *directory = g_path_get_dirname (entry->path);
  g_autofree char *path = g_canonicalize_filename (entry->target, directory);
  g_autofree char *prefixes = NULL;
  const char *at = entry->target;

  /* A target may climb with leading ".." and then descend. ".." further on could climb from where another link leads
   * to. */
  for (; strncmp (at, "..", 2) == 0 && (at[2] == '/' || !at[2]);)
    for (at += 2; *at == '/';)
      at++;
  if (strstr (at, "/../") || g_str_has_suffix (at, "/.."))
    return tree_refuse (error,
                        "The symbolic link %s in the package has \"..\" in the middle of its target (%s): "
                        "package() must make it plain",
                        entry->path, entry->target);
  if (places_is_below (ledger->places, path))
    return true;
  if (g_str_has_prefix (path, "/usr/"))
    return link_check_usr (ledger, entry, path, error);

  prefixes = g_strjoinv (" or ", ledger->configuration->install_prefixes);
  return tree_refuse (
      error,
      "The symbolic link %s in the package leads to %s. It must lead to a path below %s, or to a file of "
      "root's below /usr: package() must write that path, or install a copy (python3 -m venv --copies "
      "makes one of its Python)",
      entry->path, path, prefixes);
}
