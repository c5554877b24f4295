/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cargo-sources.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "folder.h"
#include "sha256.h"

#define SEAL      ".sources" /* beside the targets, whose folders have no such names */
#define SEAL_MAX  128
#define FILES_MAX 200000
#define BYTES_MAX (UINT64_C (1) << 30)

/* What of .git says which commit it is; the rest has times in it. */
static const char *const git_names[] = { "HEAD", "packed-refs", "refs", "shallow", NULL };

typedef struct
{
  char *path;
  struct stat st; /* of the seal */
} CargoSource;

struct CargoSources
{
  GPtrArray *all;       /* CargoSource, by their paths */
  struct timespec time; /* that they have */
  uint64_t size;
  char *sum;
};

static void
cargo_source_free (CargoSource *source)
{
  g_free (source->path);
  g_free (source);
}

void
cargo_sources_free (CargoSources *sources)
{
  if (!sources)
    return;
  g_ptr_array_unref (sources->all);
  g_free (sources->sum);
  g_free (sources);
}

static int
cargo_source_compare (const void *a, const void *b)
{
  return strcmp ((*(CargoSource *const *)a)->path, (*(CargoSource *const *)b)->path);
}

static int cargo_sources_find (CargoSources *sources, int fd, const char *path, const char *const *names,
                               unsigned depth);

static int
cargo_sources_take (CargoSources *sources, int parent, const char *path, const char *name, unsigned depth)
{
  g_autofree char *below = g_build_filename (path, name, NULL);
  bool is_git = g_str_equal (name, ".git");
  CargoSource *source;
  struct stat st;

  if (fstatat (parent, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
    return -errno;
  if (S_ISDIR (st.st_mode))
    {
      g_auto (Fd) fd = file_open_beneath (parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);

      return fd < 0 ? fd_steal (&fd) : cargo_sources_find (sources, fd, below, is_git ? git_names : NULL, depth - 1);
    }
  sources->size += st.st_size;
  if ((!S_ISREG (st.st_mode) && !S_ISLNK (st.st_mode)) || sources->all->len >= FILES_MAX || sources->size > BYTES_MAX)
    return -EFBIG;
  source = g_new0 (CargoSource, 1);
  source->path = g_steal_pointer (&below);
  source->st = st;
  g_ptr_array_add (sources->all, source);
  return 0;
}

/* All that is in the folder @fd, at @path; @names: these alone. */
static int
cargo_sources_find (CargoSources *sources, int fd, const char *path, const char *const *names, unsigned depth)
{
  int own = depth > 0 ? file_open_beneath (fd, ".", O_RDONLY | O_DIRECTORY, 0) : -ELOOP;
  g_autoptr (AutoDir) dir = own < 0 ? NULL : fdopendir (own);
  struct dirent *item;

  if (!dir)
    return own < 0 ? own : -errno;
  while ((errno = 0, item = readdir (dir)))
    {
      int r = 0;

      if (!g_str_equal (item->d_name, ".") && !g_str_equal (item->d_name, "..") &&
          (!names || g_strv_contains (names, item->d_name)))
        r = cargo_sources_take (sources, fd, path, item->d_name, depth);
      if (r < 0)
        return r;
    }
  return -errno;
}

/* As many bytes as it had when it was found. */
static bool
cargo_sources_add_file (Sha256 *sum, int src, const CargoSource *source)
{
  g_auto (Fd) fd = file_open_beneath (src, source->path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0);
  char buffer[64 * 1024];
  off_t done = 0;

  while (fd >= 0 && done < source->st.st_size)
    {
      ssize_t n = read (fd, buffer, MIN ((off_t)sizeof buffer, source->st.st_size - done));

      if (n <= 0)
        return false;
      sha256_add (sum, buffer, n);
      done += n;
    }
  return fd >= 0;
}

static bool
cargo_sources_add_link (Sha256 *sum, int src, const CargoSource *source)
{
  char target[4096];
  ssize_t length = readlinkat (src, source->path, target, sizeof target);

  if (length < 0 || length != source->st.st_size)
    return false;
  sha256_add (sum, target, length);
  return true;
}

/* Each with its path, mode and size before it, so that no two trees have one sum. */
static bool
cargo_sources_sum (CargoSources *sources, int src)
{
  g_autoptr (Sha256) sum = sha256_new ();

  for (guint i = 0; i < sources->all->len; i++)
    {
      const CargoSource *source = sources->all->pdata[i];
      g_autofree char *head = g_strdup_printf ("%o %lld", source->st.st_mode, (long long)source->st.st_size);

      sha256_add (sum, source->path, strlen (source->path) + 1);
      sha256_add (sum, head, strlen (head) + 1);
      if (S_ISLNK (source->st.st_mode) ? !cargo_sources_add_link (sum, src, source) :
                                         !cargo_sources_add_file (sum, src, source))
        return false;
    }
  sources->sum = sha256_to_hex (sum);
  return true;
}

CargoSources *
cargo_sources_read (int src, const struct timespec *started)
{
  g_autoptr (CargoSources) sources = g_new0 (CargoSources, 1);

  sources->all = g_ptr_array_new_with_free_func ((GDestroyNotify)cargo_source_free);
  sources->time = *started;
  if (cargo_sources_find (sources, src, "", NULL, FOLDER_DEPTH_MAX) < 0)
    return NULL;
  g_ptr_array_sort (sources->all, cargo_source_compare);
  return cargo_sources_sum (sources, src) ? g_steal_pointer (&sources) : NULL;
}

/* "SUM SECONDS NANOSECONDS" */
static bool
cargo_sources_read_kept (const CargoSources *sources, int kept, struct timespec *ret_time)
{
  g_auto (Fd) fd = file_open_beneath (kept, SEAL, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0);
  g_autofree char *text = fd < 0 ? NULL : file_read_fd (fd, SEAL_MAX, SEAL, NULL, NULL);
  g_auto (GStrv) words = text ? g_strsplit (text, " ", -1) : NULL;
  guint64 seconds, nanoseconds;

  if (!words || g_strv_length (words) != 3 || !g_str_equal (words[0], sources->sum) ||
      !g_ascii_string_to_unsigned (words[1], 10, 0, G_MAXINT32, &seconds, NULL) ||
      !g_ascii_string_to_unsigned (words[2], 10, 0, 999999999, &nanoseconds, NULL))
    return false;
  *ret_time = (struct timespec){ .tv_sec = (time_t)seconds, .tv_nsec = (long)nanoseconds };
  return true;
}

void
cargo_sources_restore (CargoSources *sources, int src, int kept)
{
  struct timespec times[2];

  if (!cargo_sources_read_kept (sources, kept, &times[0]))
    return;
  times[1] = times[0];
  sources->time = times[0];
  for (guint i = 0; i < sources->all->len; i++)
    {
      const CargoSource *source = sources->all->pdata[i];

      /* One that stays new is compiled again. */
      utimensat (src, source->path, times, AT_SYMLINK_NOFOLLOW);
    }
}

void
cargo_sources_seal (CargoSources *sources, int src)
{
  for (guint i = 0; i < sources->all->len; i++)
    {
      CargoSource *source = sources->all->pdata[i];

      if (fstatat (src, source->path, &source->st, AT_SYMLINK_NOFOLLOW) < 0)
        source->st = (struct stat){ 0 };
    }
}

/* Nobody can set a time of change. */
static bool
cargo_sources_are_sealed (const CargoSources *sources, int src)
{
  for (guint i = 0; i < sources->all->len; i++)
    {
      const CargoSource *source = sources->all->pdata[i];
      struct stat st;

      if (fstatat (src, source->path, &st, AT_SYMLINK_NOFOLLOW) < 0 || st.st_ino != source->st.st_ino ||
          st.st_ctim.tv_sec != source->st.st_ctim.tv_sec || st.st_ctim.tv_nsec != source->st.st_ctim.tv_nsec)
        return false;
    }
  return true;
}

void
cargo_sources_keep (const CargoSources *sources, int src, int kept)
{
  g_auto (Fd) fd = -1;
  g_autofree char *text = NULL;

  if (!cargo_sources_are_sealed (sources, src))
    return;
  text = g_strdup_printf ("%s %lld %ld", sources->sum, (long long)sources->time.tv_sec, sources->time.tv_nsec);
  fd = file_open_beneath (kept, SEAL, O_WRONLY | O_CREAT | O_EXCL, 0644);
  if (fd >= 0 && file_write_all (fd, text, strlen (text)) < 0)
    unlinkat (kept, SEAL, 0);
}
