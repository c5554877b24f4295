/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cargo-target.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cache.h"
#include "cargo-sources.h"
#include "cpu-level.h"
#include "file.h"
#include "folder.h"

#define KEPT        "cargo-targets"    /* in the tools' cache; below it the stamp, and below that as in src/ */
#define STAMP       ".rustc_info.json" /* cargo writes it into each folder that it builds in */
#define MANIFEST    "Cargo.toml"
#define DEPTH_MAX   4 /* src/REPOSITORY/SOME/FOLDER/target */
#define FOLDERS_MAX 16
#define SHARE_MAX   4 /* of MaxCacheSize=; what has grown over it starts empty */
#define SOURCES_MAX 256

/* What is compiled depends on it, and cargo doesn't know it. */
static char *
cargo_target_machine (void)
{
  g_auto (GStrv) flags = cpu_flags_list (NULL);
  g_autofree char *processor = flags ? g_strjoinv (" ", flags) : g_strdup ("");
  g_autofree char *libraries = NULL;
  struct stat st = { 0 };

  if (stat ("/etc/ld.so.cache", &st) == 0)
    libraries = g_strdup_printf ("%lld %lld", (long long)st.st_size, (long long)st.st_mtime);
  return cache_key ("machine", processor, libraries ? libraries : "none", NULL);
}

static int
cargo_target_open_kept (const Builder *builder)
{
  g_autofree char *path = g_build_filename ("keep", cache_kind_name (CACHE_TOOLS), builder->tool_cache, NULL);

  return file_open_beneath (builder->work_fd, path, O_RDONLY | O_DIRECTORY, 0);
}

/* The paths below @fd of folders that have a file @mark; those within such are not looked for. */
static void
cargo_target_find (GPtrArray *paths, int fd, const char *path, const char *mark, unsigned depth)
{
  g_autoptr (AutoDir) dir = NULL;
  struct dirent *item;
  struct stat st;
  int own;

  if (fstatat (fd, mark, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG (st.st_mode))
    {
      g_ptr_array_add (paths, g_strdup (path));
      return;
    }
  own = depth > 0 ? file_open_beneath (fd, ".", O_RDONLY | O_DIRECTORY, 0) : -1;
  dir = own < 0 ? NULL : fdopendir (own);
  while (dir && paths->len < FOLDERS_MAX && (item = readdir (dir)))
    {
      g_auto (Fd) child = -1;
      g_autofree char *below = NULL;

      if (*item->d_name == '.' || (item->d_type != DT_DIR && item->d_type != DT_UNKNOWN))
        continue;
      child = file_open_beneath (fd, item->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
      below = g_build_filename (path, item->d_name, NULL);
      if (child >= 0)
        cargo_target_find (paths, child, below, mark, depth - 1);
    }
}

static GPtrArray *
cargo_target_list (int fd, const char *mark)
{
  GPtrArray *paths = g_ptr_array_new_with_free_func (g_free);

  cargo_target_find (paths, fd, "", mark, DEPTH_MAX);
  return paths;
}

/* Moves the folder @path from below one to below the other, which has those above it, or gets them with @make. */
static int
cargo_target_move (int from, int to, const char *path, bool make)
{
  g_autofree char *parent = g_path_get_dirname (path);
  g_autofree char *name = g_path_get_basename (path);
  g_auto (Fd) source = file_open_beneath (from, parent, O_RDONLY | O_DIRECTORY, 0);
  g_auto (Fd) target = -1;

  for (const char *slash = strchr (path, '/'); make && slash; slash = strchr (slash + 1, '/'))
    {
      g_autofree char *above = g_strndup (path, slash - path);

      if (mkdirat (to, above, 0755) < 0 && errno != EEXIST)
        return -errno;
    }
  target = file_open_beneath (to, parent, O_RDONLY | O_DIRECTORY, 0);
  return source < 0 ? fd_steal (&source) :
         target < 0 ? fd_steal (&target) :
                      file_rename_new (source, name, target, name);
}

static bool
time_is_before (const struct timespec *one, const struct timespec *other)
{
  return one->tv_sec != other->tv_sec ? one->tv_sec < other->tv_sec : one->tv_nsec < other->tv_nsec;
}

/* When the clock was set back, what was kept may look newer than what it is made of. */
static int
cargo_target_check_time (int parent, const char *name, const struct stat *st, void *userdata)
{
  (void)parent;
  (void)name;
  return time_is_before (&st->st_mtim, userdata) ? 0 : -ESTALE;
}

/* Archives and what is copied have times of their own. */
static int
cargo_target_renew (int parent, const char *name, const struct stat *st, void *userdata)
{
  const struct timespec *started = userdata;
  struct timespec times[2] = { *started, *started };

  if (!S_ISDIR (st->st_mode) && time_is_before (&st->st_mtim, started) &&
      utimensat (parent, name, times, AT_SYMLINK_NOFOLLOW) < 0)
    return -errno;
  return 0;
}

/* What leads to something older that is not among the sources. */
static int
cargo_target_check_link (int parent, const char *name, const struct stat *st, void *userdata)
{
  struct stat seen;

  if (!S_ISLNK (st->st_mode) || fstatat (parent, name, &seen, 0) < 0 || !S_ISREG (seen.st_mode))
    return 0;
  return time_is_before (&seen.st_mtim, userdata) ? -ESTALE : 0;
}

/* The recipe was written when the job began, by the clock of the same file system. */
static bool
cargo_target_started (const Builder *builder, struct timespec *ret_started)
{
  struct stat st;

  if (fstatat (builder->work_fd, "start/PKGBUILD", &st, AT_SYMLINK_NOFOLLOW) < 0)
    return false;
  *ret_started = st.st_mtim;
  return true;
}

/* All of it, or nothing of it. */
static int
cargo_target_put_back (int kept, int src, struct timespec *started, unsigned *ret_moved)
{
  g_autoptr (GPtrArray) paths = cargo_target_list (kept, STAMP);
  int r = paths->len == 0 ? -ENOENT : folder_visit (kept, cargo_target_check_time, started, SOURCES_MAX);

  r = r < 0 ? r : folder_visit (src, cargo_target_check_link, started, SOURCES_MAX);
  for (guint i = 0; r >= 0 && i < paths->len; i++)
    /* What is there already, or has no place any more, is passed over. */
    *ret_moved += cargo_target_move (kept, src, paths->pdata[i], false) >= 0;
  return r;
}

void
cargo_target_restore (Builder *builder)
{
  g_autofree char *machine = cargo_target_machine ();
  g_autofree char *path = g_build_filename (KEPT, machine, NULL);
  g_auto (Fd) src = file_open_beneath (builder->work_fd, "src", O_RDONLY | O_DIRECTORY, 0);
  g_auto (Fd) tools = builder->tool_cache ? cargo_target_open_kept (builder) : -1;
  g_auto (Fd) kept = tools < 0 ? -1 : file_open_beneath (tools, path, O_RDONLY | O_DIRECTORY, 0);
  g_autoptr (GPtrArray) crates = NULL;
  struct timespec started;
  unsigned moved = 0;

  if (src < 0 || tools < 0)
    return;
  crates = cargo_target_list (src, MANIFEST);
  /* Also when nothing was kept: what is built now is compared with these times in the next build. */
  if (crates->len > 0 && !builder->reproducible && cargo_target_started (builder, &started) &&
      folder_visit (src, cargo_target_renew, &started, SOURCES_MAX) >= 0)
    {
      builder->cargo_sources = cargo_sources_read (src, &started);
      if (kept >= 0)
        cargo_target_put_back (kept, src, &started, &moved);
      if (builder->cargo_sources && moved > 0)
        cargo_sources_restore (builder->cargo_sources, src, kept);
      if (builder->cargo_sources)
        cargo_sources_seal (builder->cargo_sources, src);
    }
  if (moved > 0)
    log_writer_note (builder->log, builder->phase, "✓ cargo finds what it compiled, and compiles what has changed");
  folder_remove (tools, KEPT);
}

static bool
cargo_target_is_small (const Builder *builder, int src, const char *path)
{
  g_auto (Fd) fd = file_open_beneath (src, path, O_RDONLY | O_DIRECTORY, 0);
  uint64_t size, files;

  return fd >= 0 && folder_size (fd, &size, &files) >= 0 &&
         size <= builder->configuration->max_cache_size / SHARE_MAX &&
         files <= builder->configuration->max_cache_files / SHARE_MAX;
}

/* An empty folder for them; a descriptor or a negative errno. */
static int
cargo_target_make_kept (int tools)
{
  g_autofree char *machine = cargo_target_machine ();
  g_autofree char *path = g_build_filename (KEPT, machine, NULL);
  int r = folder_remove (tools, KEPT);

  if (r < 0)
    return r;
  if (mkdirat (tools, KEPT, 0755) < 0 || mkdirat (tools, path, 0755) < 0)
    return -errno;
  return file_open_beneath (tools, path, O_RDONLY | O_DIRECTORY, 0);
}

void
cargo_target_keep (Builder *builder)
{
  g_auto (Fd) src = file_open_beneath (builder->work_fd, "src", O_RDONLY | O_DIRECTORY, 0);
  g_auto (Fd) tools = builder->tool_cache ? cargo_target_open_kept (builder) : -1;
  g_auto (Fd) kept = -1;
  g_autoptr (GPtrArray) paths = NULL;

  if (src < 0 || tools < 0 || builder->reproducible)
    return;
  paths = cargo_target_list (src, STAMP);
  kept = paths->len == 0 ? -1 : cargo_target_make_kept (tools);
  for (guint i = 0; kept >= 0 && i < paths->len; i++)
    if (cargo_target_is_small (builder, src, paths->pdata[i]))
      cargo_target_move (src, kept, paths->pdata[i], true);
  if (kept >= 0 && builder->cargo_sources)
    cargo_sources_keep (builder->cargo_sources, src, kept);
}
