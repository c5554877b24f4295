/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>

#include "builder.h"
#include "file.h"
#include "recipe-files.h"
#include "store-lookup.h"

#define LIST_MAX (64 * 1024 * 1024)

/* Which of the tree's programs the worker of a recipe of one's own is. */
static bool
store_find_program (Builder *builder, GError **error)
{
  g_auto (Fd) fd = file_open_beneath (builder->work_fd, "list", O_RDONLY, 0);
  size_t size;
  g_autofree char *text = fd < 0 ? NULL : file_read_fd (fd, LIST_MAX, "list", &size, error);
  g_autoptr (GString) list = text ? g_string_new_len (text, (gssize)size) : NULL;

  return list && recipe_files_find_program (builder, builder->request->worker_id, list, error);
}

bool
store_run (Builder *builder, GError **error)
{
  if (!store_lookup_is_asked (builder))
    return true;
  if (!store_lookup_run (builder, error))
    return false;
  if (builder->ready)
    return !builder->request->files || store_find_program (builder, error);
  builder->phase = "dependencies";
  return dependencies_run_build (builder, error);
}
