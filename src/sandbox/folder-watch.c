/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "folder-watch.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "file.h"
#include "folder.h"

static int
folder_watch_count (int parent, const char *name, const struct stat *st, void *userdata)
{
  FolderWatch *watch = userdata;

  watch->size += (uint64_t)st->st_blocks * 512;
  watch->files++;
  return watch->size > watch->max_size || watch->files > watch->max_files ? -EFBIG : 0;
}

bool
folder_watch_is_over (FolderWatch *watch)
{
  int64_t begin = g_get_monotonic_time (), end;
  g_auto (Fd) fd = open (watch->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  int r;

  watch->size = watch->files = 0;
  r = fd < 0 ? 0 :
               (watch->whole ? folder_visit_top : folder_visit) (fd, folder_watch_count, watch, FOLDER_WATCH_DEPTH_MAX);
  end = g_get_monotonic_time ();
  watch->next = end + MAX (FOLDER_WATCH_INTERVAL, (end - begin) * 10);
  return r == -EFBIG || r == -ELOOP;
}

bool
folder_watch_is_short (FolderWatch *watch)
{
  g_auto (Fd) fd = open (watch->path, O_PATH | O_CLOEXEC);

  watch->next_space = g_get_monotonic_time () + FOLDER_WATCH_INTERVAL;
  return fd >= 0 && folder_is_short_of_space (fd, watch->keep_free);
}
