/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <sys/stat.h>

#include "file.h"
#include "folder.h"
#include "step.h"
#include "tool-cache.h"

#define DEPTH_MAX 256

static int
prepare_set_time (int parent, const char *name, const struct stat *st, void *userdata)
{
  const struct timespec *times = userdata;

  utimensat (parent, name, times, AT_SYMLINK_NOFOLLOW);
  return 0;
}

/* As makepkg does when it was given SOURCE_DATE_EPOCH. */
static bool
prepare_unify_times (Builder *builder, GError **error)
{
  struct timespec times[2] = { { .tv_sec = builder->started }, { .tv_sec = builder->started } };
  g_auto (Fd) src = file_open_beneath (builder->work_fd, "src", O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
  int r = src < 0 ? src : folder_visit (src, prepare_set_time, times, DEPTH_MAX);

  return r >= 0 || hive_error_set_errno (error, -r, "Cannot set the times of the sources");
}

/* Of what is only packaged, no tool keeps anything. */
static bool
prepare_is_build (const Recipe *recipe)
{
  return recipe_has_function (recipe, "prepare") || recipe_has_function (recipe, "build") ||
         recipe_has_function (recipe, "check");
}

bool
prepare_run (Builder *builder, GError **error)
{
  static const PhaseStep step = {
    .phase = "prepare", .title = "Prepare", .icon = "🩹", .failure = HIVE_ERROR_BUILD_FAILED
  };

  return (!prepare_is_build (builder->recipe) || tool_cache_take (builder, error)) &&
         step_run (builder, &step, error) && (!builder->reproducible || prepare_unify_times (builder, error));
}
