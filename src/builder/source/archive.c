/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "archive.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n.h>
#include <string.h>
#include <unistd.h>

#include "file.h"
#include "sandbox-trouble.h"
#include "step.h"

#define HEAD_MAX 512 /* bytes at the beginning of a file that tell what it is */

/* What makepkg unpacks without an archive in it, by which program and under which suffixes. */
static const struct
{
  const char *program;
  const char *magic;
  size_t length;
  const char *suffixes[4];
} compressors[] = {
  { "gzip", "\x1f\x8b", 2, { ".gz", ".z", ".Z" } },
  { "bzip2", "BZh", 3, { ".bz2", ".bz" } },
  { "xz",
    "\xfd"
    "7zXZ",
    5,
    { ".xz" } },
  { "zstd", "\x28\xb5\x2f\xfd", 4, { ".zst" } },
};

void
archive_limit (Builder *builder, Sandbox *sandbox)
{
  g_autofree char *src = g_build_filename (builder->request->work, "src", NULL);

  sandbox_limit_folder (sandbox, src, builder->configuration->max_source_size,
                        builder->configuration->max_source_files);
}

bool
archive_explain (GError **error, const char *name, const char *key)
{
  GError *failure = error ? *error : NULL;
  g_autofree char *what = g_strdup_printf ("Unpacking %s", name);
  g_autofree char *message = NULL;

  if (!failure || failure->code != HIVE_ERROR_LIMITS_EXCEEDED)
    return sandbox_trouble_explain (error, what, key);
  message = g_steal_pointer (&failure->message);
  failure->message = g_strdup_printf (N_ ("The sources are too large with %s unpacked: %s (MaxSourceSize= and "
                                          "MaxSourceFiles= in hive.conf)"),
                                      name, message);
  return false;
}

/* Runs a program in src/; its output goes to @out (-1: nowhere), and what it complains of, if @tell, to the log. */
static bool
archive_run (Builder *builder, const Source *source, const char *const *arguments, int out, bool tell, int *ret_status,
             GError **error)
{
  g_autoptr (Sandbox) sandbox = step_sandbox (builder);
  g_autofree char *src = step_path (builder, "src");

  step_bind (builder, sandbox, "src");
  sandbox_chdir (sandbox, src);
  sandbox_set_timeout (sandbox, builder->configuration->step_timeout);
  archive_limit (builder, sandbox);
  if (out >= 0)
    sandbox_set_stdout (sandbox, out);
  if (!sandbox_run (sandbox, arguments, ret_status, error))
    return archive_explain (error, source->name, "StepTimeout=");
  if (*ret_status == 127)
    return step_missing_program (builder, arguments[0], error);
  if (*ret_status != 0 && tell)
    step_tell_diagnostics (builder, sandbox);
  return true;
}

static bool
archive_set_broken (const char *name, const char *program, GError **error)
{
  g_set_error (error, HIVE_ERROR, HIVE_ERROR_SOURCE_UNAVAILABLE,
               "The archive %s cannot be extracted; the log shows what %s says", name, program);
  return false;
}

/* Plain text is none, but for the formats of text; whatever else may be an archive of one of the many kinds that bsdtar
 * knows. */
static bool
archive_may_be_one (const char *head, size_t size)
{
  static const char *const texts[] = { "#mtree", "!<arch>\n", "0707", "WARC/" };

  for (size_t i = 0; i < G_N_ELEMENTS (texts); i++)
    if (size >= strlen (texts[i]) && memcmp (head, texts[i], strlen (texts[i])) == 0)
      return true;
  for (size_t i = 0; i < size; i++)
    if (g_ascii_iscntrl (head[i]) && !strchr ("\t\n\r\f\033", head[i]))
      return true;
  return size > 0 && memchr (head, '\0', size) != NULL;
}

/* The file that a merely compressed one becomes; NULL when makepkg leaves it as it is. */
static char *
archive_uncompressed_name (const char *name, const char *head, size_t size, const char **ret_program)
{
  for (size_t i = 0; i < G_N_ELEMENTS (compressors); i++)
    if (size >= compressors[i].length && memcmp (head, compressors[i].magic, compressors[i].length) == 0)
      for (const char *const *suffix = compressors[i].suffixes; *suffix; suffix++)
        if (g_str_has_suffix (name, *suffix) && strlen (name) > strlen (*suffix))
          {
            *ret_program = compressors[i].program;
            return g_strndup (name, strlen (name) - strlen (*suffix));
          }
  return NULL;
}

static bool
archive_decompress (Builder *builder, const Source *source, const char *program, const char *name, GError **error)
{
  g_autofree char *to = g_build_filename ("src", name, NULL);
  g_autofree char *path = step_path (builder, source->name);
  const char *arguments[] = { program, "-dcf", "--", path, NULL };
  g_auto (Fd) fd = -1;
  int status;

  if (unlinkat (builder->work_fd, to, 0) < 0 && errno != ENOENT)
    return hive_error_set_errno (error, errno, "Cannot replace %s", to);
  fd = file_open_beneath (builder->work_fd, to, O_WRONLY | O_CREAT | O_EXCL, 0644);
  if (fd < 0)
    return hive_error_set_errno (error, -fd, "Cannot write %s", to);
  if (!archive_run (builder, source, arguments, fd, true, &status, error))
    return false;
  return status == 0 || archive_set_broken (source->name, program, error);
}

bool
archive_extract (Builder *builder, const Source *source, int fd, GError **error)
{
  char **kept = g_hash_table_lookup (builder->recipe->variables, "noextract");
  g_autofree char *path = step_path (builder, source->name);
  const char *list[] = { "bsdtar", "-tf", path, "-q", "*", NULL };
  const char *extract[] = { "bsdtar", "-xf", path, NULL };
  char head[HEAD_MAX];
  ssize_t size = pread (fd, head, sizeof head, 0);
  const char *program = NULL;
  g_autofree char *name = size > 0 ? archive_uncompressed_name (source->name, head, size, &program) : NULL;
  int status;

  if (size <= 0 || (kept && g_strv_contains ((const char *const *)kept, source->name)) ||
      !archive_may_be_one (head, size))
    return true;
  if (!archive_run (builder, source, list, -1, false, &status, error))
    return false;
  if (status != 0)
    return !name || archive_decompress (builder, source, program, name, error);
  if (!archive_run (builder, source, extract, -1, true, &status, error))
    return false;
  return status == 0 || archive_set_broken (source->name, "bsdtar", error);
}
