/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "package-list.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "error.h"
#include "file.h"

#define LIST_MAX_SIZE (64 * 1024 * 1024)

struct PackageList
{
  char *content;
  GHashTable *entries; /* path in content → type << 12 | mode */
};

void
package_list_free (PackageList *list)
{
  if (!list)
    return;
  g_hash_table_unref (list->entries);
  g_free (list->content);
  g_free (list);
}

/* One terminated entry. */
static bool
package_list_add (PackageList *list, const char *entry)
{
  unsigned mode, uid, gid;
  int path = 0;
  char type;

  if (sscanf (entry, "%c %4o %u %u%n", &type, &mode, &uid, &gid, &path) != 4 || entry[path] != ' ' ||
      !entry[path + 1] || mode > 07777)
    return false;

  return g_hash_table_insert (list->entries, (void *)(entry + path + 1), GUINT_TO_POINTER (type << 12 | mode));
}

PackageList *
package_list_read (int work_fd, GError **error)
{
  g_autoptr (PackageList) list = g_new0 (PackageList, 1);
  g_auto (Fd) fd = file_open_beneath (work_fd, "list", O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0);
  struct stat st;
  size_t size;

  list->entries = g_hash_table_new (g_str_hash, g_str_equal);
  if (fd < 0 || fstat (fd, &st) < 0 || !S_ISREG (st.st_mode))
    {
      g_set_error (error, HIVE_ERROR, HIVE_ERROR_PACKAGE_INVALID,
                   "The list of the package's files is missing: the package phase did not end well. Build it again");
      return NULL;
    }

  list->content = file_read_fd (fd, LIST_MAX_SIZE, "The list of the package's files", &size, error);
  if (!list->content)
    return NULL;

  for (size_t at = 0; at < size; at += strlen (list->content + at) + 1)
    if (!memchr (list->content + at, 0, size - at) || !package_list_add (list, list->content + at))
      {
        g_set_error (error, HIVE_ERROR, HIVE_ERROR_PACKAGE_INVALID,
                     "The list of the package's files is damaged: build the package again");
        return NULL;
      }

  return g_steal_pointer (&list);
}

bool
package_list_find (const PackageList *list, const char *path, char *ret_type, unsigned *ret_mode)
{
  unsigned value = GPOINTER_TO_UINT (g_hash_table_lookup (list->entries, path));

  *ret_type = value >> 12;
  *ret_mode = value & 07777;
  return value != 0;
}

unsigned
package_list_size (const PackageList *list)
{
  return g_hash_table_size (list->entries);
}
