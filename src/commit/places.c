/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "places.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "error.h"
#include "file.h"

typedef struct
{
  const char *path; /* in the configuration */
  size_t length;
  int fd; /* -1 until it was needed and there */
} Prefix;

struct Places
{
  const Configuration *configuration;
  GArray *prefixes; /* of Prefix */

  /* The directory that was asked for last: files come sorted, so most calls find theirs here. */
  char *last_path;
  int last_fd;
};

Places *
places_new (const Configuration *configuration)
{
  Places *places = g_new0 (Places, 1);

  places->configuration = configuration;
  places->last_fd = -1;
  places->prefixes = g_array_new (FALSE, FALSE, sizeof (Prefix));
  for (char **path = configuration->install_prefixes; *path; path++)
    {
      Prefix prefix = { .path = *path, .length = strlen (*path), .fd = -1 };

      g_array_append_val (places->prefixes, prefix);
    }

  return places;
}

void
places_forget (Places *places)
{
  fd_clear (&places->last_fd);
  g_clear_pointer (&places->last_path, g_free);
  for (guint i = 0; i < places->prefixes->len; i++)
    fd_clear (&g_array_index (places->prefixes, Prefix, i).fd);
}

void
places_free (Places *places)
{
  if (!places)
    return;
  places_forget (places);
  g_array_unref (places->prefixes);
  g_free (places);
}

/* The longest one wins where one prefix lies in another. */
static Prefix *
places_find (const Places *places, const char *path)
{
  Prefix *found = NULL;

  for (guint i = 0; i < places->prefixes->len; i++)
    {
      Prefix *prefix = &g_array_index (places->prefixes, Prefix, i);

      if (strncmp (path, prefix->path, prefix->length) == 0 && path[prefix->length] == '/' &&
          path[prefix->length + 1] && (!found || prefix->length > found->length))
        found = prefix;
    }

  return found;
}

bool
places_is_below (const Places *places, const char *path)
{
  return places_find (places, path) != NULL;
}

const char *
places_prefix (const Places *places, const char *path)
{
  Prefix *prefix = places_find (places, path);

  return prefix ? prefix->path : NULL;
}

bool
places_is_above (const Places *places, const char *path)
{
  size_t length = strlen (path);

  for (guint i = 0; i < places->prefixes->len; i++)
    {
      const Prefix *prefix = &g_array_index (places->prefixes, Prefix, i);

      if (strncmp (prefix->path, path, length) == 0 && (prefix->path[length] == '/' || !prefix->path[length]))
        return true;
    }

  return false;
}

char *
places_show (const Places *places, const char *path)
{
  return configuration_installed_path (places->configuration, path);
}

static int
open_directory (const char *path)
{
  int fd = open (path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

  return fd < 0 ? -errno : fd;
}

/* Opens @directory, which lies below a prefix, is one, or leads to one. */
static int
places_open_directory (Places *places, const char *directory)
{
  g_autofree char *inside = g_strconcat (directory, "/.", NULL); /* below a prefix that is @directory itself, too */
  Prefix *prefix = places_find (places, inside);

  if (!prefix)
    {
      g_autofree char *full = places_show (places, *directory ? directory : "/");

      return *directory && !places_is_above (places, directory) ? -EXDEV : open_directory (full);
    }

  if (prefix->fd < 0)
    {
      g_autofree char *full = places_show (places, prefix->path);

      prefix->fd = open_directory (full);
      if (prefix->fd < 0)
        return prefix->fd;
    }

  return file_open_beneath (prefix->fd, inside + prefix->length + 1, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
}

int
places_open_parent (Places *places, const char *path, const char **ret_name)
{
  const char *slash = strrchr (path, '/');
  g_autofree char *directory = NULL;
  int fd;

  if (*path != '/' || !slash[1] || (!places_is_below (places, path) && !places_is_above (places, path)))
    return -EXDEV;

  *ret_name = slash + 1;
  directory = g_strndup (path, slash - path);
  if (places->last_path && g_str_equal (places->last_path, directory))
    return places->last_fd;

  fd = places_open_directory (places, directory);
  if (fd < 0)
    return fd;

  fd_clear (&places->last_fd);
  g_free (places->last_path);
  places->last_path = g_steal_pointer (&directory);
  return places->last_fd = fd;
}

int
places_stat (Places *places, const char *path, struct stat *ret_stat)
{
  const char *name;
  int fd = places_open_parent (places, path, &name);

  if (fd < 0)
    return fd;
  return fstatat (fd, name, ret_stat, places_is_below (places, path) ? AT_SYMLINK_NOFOLLOW : 0) < 0 ? -errno : 0;
}

/* The path itself, or the folder that holds it, if that has an attribute by which not even root may change it. */
static char *
places_find_immutable (const Places *places, const char *path)
{
  g_autofree char *full = places_show (places, path);
  g_autofree char *folder = g_path_get_dirname (full);
  const char *both[] = { full, folder };
  struct statx st;

  for (size_t i = 0; i < G_N_ELEMENTS (both); i++)
    if (statx (AT_FDCWD, both[i], AT_SYMLINK_NOFOLLOW, 0, &st) == 0 &&
        st.stx_attributes & (STATX_ATTR_IMMUTABLE | STATX_ATTR_APPEND))
      return g_strdup (both[i]);
  return NULL;
}

bool
places_set_error (const Places *places, int errnum, const char *path, GError **error)
{
  const char *prefix = places_prefix (places, path);
  g_autofree char *full = places_show (places, path);
  g_autofree char *base = places_show (places, prefix ? prefix : path);
  g_autofree char *immutable = errnum == EPERM ? places_find_immutable (places, path) : NULL;

  if (immutable)
    {
      g_set_error (error, HIVE_ERROR, HIVE_ERROR_FAILED,
                   "%s is made immutable (see lsattr(1)): run \"chattr -ia %s\", then try again", immutable, immutable);
      return false;
    }
  switch (errnum)
    {
    case ENOSPC:
    case EDQUOT:
      g_set_error (error, HIVE_ERROR, HIVE_ERROR_NO_SPACE, "No space left for %s: free some on the file system of %s",
                   full, base);
      return false;
    case EROFS:
      g_set_error (error, HIVE_ERROR, HIVE_ERROR_FAILED,
                   "%s is on a read-only file system (%s): make %s writable, or let InstallRoot= and "
                   "InstallPrefixes= in hive.conf name a place that is",
                   base, full, base);
      return false;
    case EACCES:
    case EPERM:
      g_set_error (error, HIVE_ERROR, HIVE_ERROR_FAILED,
                   "Cannot write to %s (%s): %s. Run the hive as a user who may, or let InstallRoot= and "
                   "InstallPrefixes= in hive.conf name a place that it may write to",
                   base, full, g_strerror (errnum));
      return false;
    case EBUSY:
      g_set_error (error, HIVE_ERROR, HIVE_ERROR_FAILED,
                   "Something is mounted on %s: run \"umount %s\", then try again", full, full);
      return false;
    case EISDIR:
      g_set_error (error, HIVE_ERROR, HIVE_ERROR_FAILED,
                   "A folder is where %s, or the temporary file beside it, should be: move it away, then try again",
                   full);
      return false;
    case ELOOP:
    case ENOTDIR:
      g_set_error (error, HIVE_ERROR, HIVE_ERROR_FILE_CONFLICT,
                   "A folder on the way to %s is a symbolic link or a file: the package must install to real folders",
                   full);
      return false;
    case EXDEV:
      g_set_error (error, HIVE_ERROR, HIVE_ERROR_FAILED,
                   "%s lies outside of InstallPrefixes= in hive.conf: add its folder there, then try again", full);
      return false;
    default:
      return hive_error_set_errno (error, errnum, "Cannot write %s", full);
    }
}
