/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "clean.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cache-store.h"
#include "error.h"
#include "file.h"
#include "folder.h"
#include "work.h"

/* What is removed at once after an install: the next one waits meanwhile. */
#define SOON_FILES 1000
#define SOON_SIZE  (UINT64_C (64) * 1024 * 1024)

/* Sources are checked again when they are used; what tools keep is not, so only an install that people wanted and got
 * makes it everybody's. */
static void
clean_keep (const Configuration *configuration, int folder, const char *name, const char *path, const char *tools_of)
{
  g_autofree char *kept = g_build_filename (name, "keep", NULL);
  g_autoptr (GError) sources = NULL;
  g_autoptr (GError) tools = NULL;
  g_auto (Fd) keep = file_open_beneath (folder, kept, O_PATH | O_DIRECTORY, 0);
  g_auto (Fd) work = keep < 0 ? -1 : work_take (configuration, path, &sources);

  /* What is kept may have other names in the rest of the tree, and is the job's alone without it. */
  if (work < 0 || folder_remove_others (work, "keep") < 0)
    return;
  cache_store_promote (configuration, work, CACHE_SOURCES, NULL, &sources);
  if (tools_of)
    cache_store_promote (configuration, work, CACHE_TOOLS, tools_of, &tools);
  if (sources)
    fprintf (stderr, "rbee-hive-commit: %s\n", sources->message);
  if (tools)
    fprintf (stderr, "rbee-hive-commit: %s\n", tools->message);
}

bool
clean_run (const Configuration *configuration, const char *path, const char *tools_of, GError **error)
{
  const char *name = work_name (configuration, path, error);
  g_autoptr (GError) failure = NULL;
  g_auto (Fd) folder = name ? work_open_all (configuration, &failure) : -1;
  int r;

  if (!name)
    return false;
  if (folder < 0)
    {
      g_autofree char *all = configuration_cache_path (configuration, "work", NULL);

      if (access (all, F_OK) < 0 && errno == ENOENT)
        return true;
      g_propagate_error (error, g_steal_pointer (&failure));
      return false;
    }

  clean_keep (configuration, folder, name, path, tools_of);
  r = folder_remove (folder, name);
  if (r == -EXDEV)
    {
      g_set_error (error, HIVE_ERROR, HIVE_ERROR_FAILED, "Something is mounted below %s: unmount it, then remove it",
                   path);
      return false;
    }
  return r == 0 || hive_error_set_errno (error, -r, "Cannot remove %s", path);
}

typedef struct
{
  uint64_t size, files;
} TreeAmount;

static int
clean_count (int parent, const char *name, const struct stat *st, void *userdata)
{
  TreeAmount *amount = userdata;

  amount->size += (uint64_t)st->st_blocks * 512;
  amount->files++;
  return amount->size > SOON_SIZE || amount->files > SOON_FILES ? -E2BIG : 0;
}

void
clean_soon (const Configuration *configuration, const char *path, const char *tools_of)
{
  const char *name = work_name (configuration, path, NULL);
  g_auto (Fd) folder = name ? work_open_all (configuration, NULL) : -1;
  g_auto (Fd) work = folder < 0 ? -1 : file_open_beneath (folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
  TreeAmount amount = { 0 };

  if (work >= 0 && folder_visit (work, clean_count, &amount, FOLDER_DEPTH_MAX) == 0)
    clean_run (configuration, path, tools_of, NULL);
}
