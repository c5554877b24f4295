/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "builder.h"
#include "catalog.h"
#include "checksum.h"
#include "fetch.h"
#include "file.h"
#include "git.h"
#include "size.h"
#include "source.h"
#include "step.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAGIC_MAX 512 /* bytes at the beginning of a file that tell what it is */

/* A source with the sums that the recipe gives for it, "SKIP" among them; NULL: none of that kind. */
typedef struct
{
  Source *source;
  const char *sums[CHECKSUM_KINDS]; /* of the recipe */
} Wanted;

static void
wanted_free (Wanted *wanted)
{
  source_free (wanted->source);
  g_free (wanted);
}

static bool
sources_refuse_sums (const char *array, unsigned sources, unsigned sums, GError **error)
{
  g_set_error (error, HIVE_ERROR, HIVE_ERROR_RECIPE_INVALID,
               "source has %u elements and %s has %u: each source needs its sum, or SKIP", sources, array, sums);
  return false;
}

static bool
wanted_set_sum (Wanted *wanted, ChecksumKind kind, const char *sum, GError **error)
{
  bool skip = g_str_equal (sum, "SKIP");

  if (!skip && !checksum_is_valid (kind, sum))
    g_set_error (error, HIVE_ERROR, HIVE_ERROR_RECIPE_INVALID, "\"%.200s\" is no %s sum (of the source %s)", sum,
                 checksum_name (kind), wanted->source->name);
  else if (!skip && wanted->source->kind == SOURCE_GIT)
    g_set_error (error, HIVE_ERROR, HIVE_ERROR_RECIPE_INVALID,
                 "The sum of the git source %s can't be checked: use SKIP, and #commit= for a fixed one",
                 wanted->source->name);
  else
    {
      wanted->sums[kind] = sum;
      return true;
    }
  return false;
}

/* One array, source or source_ARCH, with its sums. */
static bool
sources_add (GPtrArray *all, const Recipe *recipe, const char *suffix, GError **error)
{
  g_autofree char *source_array = g_strconcat ("source", suffix, NULL);
  char **texts = g_hash_table_lookup (recipe->variables, source_array);
  unsigned count = texts ? g_strv_length (texts) : 0;
  unsigned first = all->len;
  bool summed = false;

  for (unsigned i = 0; i < count; i++)
    {
      Source *source = source_parse (texts[i], error);

      if (!source)
        return false;
      g_ptr_array_add (all, g_new0 (Wanted, 1));
      ((Wanted *)all->pdata[first + i])->source = source;
    }

  for (ChecksumKind kind = 0; kind < CHECKSUM_KINDS; kind++)
    {
      g_autofree char *array = g_strconcat (checksum_name (kind), "sums", suffix, NULL);
      char **sums = g_hash_table_lookup (recipe->variables, array);

      if (!sums)
        continue;
      if (g_strv_length (sums) != count)
        return sources_refuse_sums (array, count, g_strv_length (sums), error);
      for (unsigned i = 0; i < count; i++)
        if (!wanted_set_sum (all->pdata[first + i], kind, sums[i], error))
          return false;
      summed = true;
    }

  if (count > 0 && !summed)
    g_set_error (error, HIVE_ERROR, HIVE_ERROR_RECIPE_INVALID,
                 "%s has %u elements, but there are no sha256sums%s, sha512sums%s or b2sums%s for them", source_array,
                 count, suffix, suffix, suffix);
  return count == 0 || summed;
}

static GPtrArray *
sources_collect (const Recipe *recipe, GError **error)
{
  g_autoptr (GPtrArray) all = g_ptr_array_new_with_free_func ((GDestroyNotify)wanted_free);
  g_autoptr (GHashTable) names = g_hash_table_new (g_str_hash, g_str_equal);
  g_autofree char *suffix = g_strconcat ("_", catalog_machine_architecture (), NULL);

  if (!sources_add (all, recipe, "", error) || !sources_add (all, recipe, suffix, error))
    return NULL;
  for (guint i = 0; i < all->len; i++)
    if (!g_hash_table_add (names, ((Wanted *)all->pdata[i])->source->name))
      {
        g_set_error (error, HIVE_ERROR, HIVE_ERROR_RECIPE_INVALID, "Two sources have the name %s",
                     ((Wanted *)all->pdata[i])->source->name);
        return NULL;
      }
  return g_steal_pointer (&all);
}

/* Fetches into start/NAME. */
static int
sources_fetch (Builder *builder, const Source *source, GError **error)
{
  g_autofree char *path = g_build_filename ("start", source->name, NULL);
  g_autofree char *target = g_build_filename (builder->request->work, path, NULL);
  g_autofree char *why = NULL;
  g_auto (Fd) fd = file_open_beneath (builder->work_fd, path, O_RDWR | O_CREAT | O_EXCL, 0644);
  FetchResult result;

  if (fd < 0)
    {
      hive_error_set_errno (error, -fd, "Can't write %s", target);
      return -1;
    }
  if (source->kind == SOURCE_LOCAL)
    return catalog_copy_source (builder->catalog, builder->recipe_url, source->name, fd, target, error) ?
               fd_steal (&fd) :
               -1;

  result = fetch_file (&(Fetch){ .configuration = builder->configuration,
                                 .url = source->url,
                                 .max_size = builder->configuration->max_download_size,
                                 .timeout = builder->configuration->download_timeout,
                                 .log = builder->log,
                                 .phase = "sources" },
                       fd, &why);
  if (result != FETCH_OK)
    {
      fetch_set_source_error (result, why, target, error);
      return -1;
    }
  return fd_steal (&fd);
}

/* Every sum that is given is verified; @ret_told names them, "sha256, b2" or "not verified". */
static bool
sources_verify (const Wanted *wanted, int fd, char **ret_told, GError **error)
{
  g_autoptr (GString) told = g_string_new (NULL);

  for (ChecksumKind kind = 0; kind < CHECKSUM_KINDS; kind++)
    {
      const char *expected = wanted->sums[kind];
      g_autofree char *sum = NULL;

      if (!expected || g_str_equal (expected, "SKIP"))
        continue;
      sum = checksum_of_fd (kind, fd, error);
      if (!sum)
        return false;
      if (g_ascii_strcasecmp (sum, expected) != 0)
        {
          g_set_error (error, HIVE_ERROR, HIVE_ERROR_CHECKSUM_MISMATCH,
                       "The source %s is not what the recipe expects: its %s sum is %s, not %s", wanted->source->name,
                       checksum_name (kind), sum, expected);
          return false;
        }
      g_string_append_printf (told, "%s%s", told->len > 0 ? ", " : "", checksum_name (kind));
    }

  *ret_told = g_strdup (told->len > 0 ? told->str : "not verified");
  return true;
}

/* True when the file begins as the archives and compressed files do that bsdtar reads. */
static bool
sources_may_be_archive (int fd)
{
  static const struct
  {
    unsigned offset, length;
    const char *magic;
  } magics[] = {
    { 257, 5, "ustar" },
    { 0, 2, "\x1f\x8b" },
    { 0, 3, "BZh" },
    { 0, 6,
      "\xfd"
      "7zXZ\0" },
    { 0, 4, "\x28\xb5\x2f\xfd" },
    { 0, 4, "PK\x03\x04" },
    { 0, 6, "7z\xbc\xaf\x27\x1c" },
    { 0, 6, "070701" },
    { 0, 8, "!<arch>\n" },
    { 0, 4, "\xed\xab\xee\xdb" },
    { 0, 4, "\x04\x22\x4d\x18" },
    { 0, 4, "LZIP" },
  };
  char head[MAGIC_MAX];
  ssize_t size = pread (fd, head, sizeof head, 0);

  for (size_t i = 0; i < G_N_ELEMENTS (magics); i++)
    if (size >= (ssize_t)(magics[i].offset + magics[i].length) &&
        memcmp (head + magics[i].offset, magics[i].magic, magics[i].length) == 0)
      return true;
  return false;
}

/* Runs bsdtar in a sandbox without network that can write to src/ alone. */
static bool
sources_run_bsdtar (Builder *builder, const char *const *arguments, int *ret_status, GError **error)
{
  g_autoptr (Sandbox) sandbox = step_sandbox (builder);
  g_autofree char *src = step_path (builder, "src");

  step_bind (builder, sandbox, "src");
  sandbox_chdir (sandbox, src);
  sandbox_set_timeout (sandbox, builder->configuration->step_timeout);
  if (!sandbox_run (sandbox, arguments, ret_status, error))
    return step_explain (error, "Extracting an archive", "StepTimeout=");
  if (*ret_status == 127)
    return step_missing_program (builder, "bsdtar", error);
  if (*ret_status != 0)
    step_tell_diagnostics (builder, sandbox);
  return true;
}

/* As makepkg: whatever bsdtar can list is an archive, unless noextract names it. */
static bool
sources_extract (Builder *builder, const Source *source, int fd, GError **error)
{
  char **kept = g_hash_table_lookup (builder->recipe->variables, "noextract");
  g_autofree char *path = step_path (builder, source->name);
  const char *list[] = { "bsdtar", "-tf", path, "-q", "*", NULL };
  const char *extract[] = { "bsdtar", "-xf", path, NULL };
  int status;

  if ((kept && g_strv_contains ((const char *const *)kept, source->name)) || !sources_may_be_archive (fd))
    return true;
  if (!sources_run_bsdtar (builder, list, &status, error))
    return false;
  if (status != 0)
    return true;
  if (!sources_run_bsdtar (builder, extract, &status, error))
    return false;
  if (status != 0)
    g_set_error (error, HIVE_ERROR, HIVE_ERROR_SOURCE_UNAVAILABLE,
                 "The archive %s can't be extracted; the log shows what bsdtar says", source->name);
  return status == 0;
}

static bool
sources_take_file (Builder *builder, const Wanted *wanted, GError **error)
{
  const Source *source = wanted->source;
  g_autofree char *link = g_build_filename ("src", source->name, NULL);
  g_autofree char *target = g_build_filename ("..", source->name, NULL);
  g_auto (Fd) fd = sources_fetch (builder, source, error);
  g_autofree char *told = NULL;
  g_autofree char *size = NULL;
  struct stat st;

  if (fd < 0 || !sources_verify (wanted, fd, &told, error))
    return false;
  /* As makepkg does: an archive before it may have had a file of that name. */
  if (fstat (fd, &st) < 0 || (unlinkat (builder->work_fd, link, 0) < 0 && errno != ENOENT) ||
      symlinkat (target, builder->work_fd, link) < 0)
    {
      g_set_error (error, HIVE_ERROR, HIVE_ERROR_SOURCE_UNAVAILABLE, "The source %s can't be put into srcdir: %s",
                   source->name, g_strerror (errno));
      return false;
    }
  if (!sources_extract (builder, source, fd, error))
    return false;

  size = size_to_string (st.st_size);
  log_writer_note (builder->log, "sources", "✓ Source: %s (%s, %s)", source->name, size, told);
  return true;
}

static bool
sources_take_git (Builder *builder, const Source *source, GError **error)
{
  if (!git_fetch (builder, source, error))
    return false;
  log_writer_note (builder->log, "sources", "✓ Source: %s (git%s%s%s%s)", source->name, source->ref ? ", " : "",
                   source->ref ? source->ref_kind : "", source->ref ? " " : "", source->ref ? source->ref : "");
  return true;
}

bool
sources_run (Builder *builder, GError **error)
{
  g_autoptr (GPtrArray) all = sources_collect (builder->recipe, error);

  if (!all)
    return false;
  for (guint i = 0; i < all->len; i++)
    {
      const Wanted *wanted = all->pdata[i];

      if (wanted->source->kind == SOURCE_GIT ? !sources_take_git (builder, wanted->source, error) :
                                               !sources_take_file (builder, wanted, error))
        return false;
    }
  return true;
}
