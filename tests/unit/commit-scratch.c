/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "commit-scratch.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "error.h"
#include "install.h"
#include "remove.h"

void
scratch_set_up (Scratch *scratch, gconstpointer data)
{
  g_autofree char *conf = NULL, *text = NULL;
  g_autoptr (GError) error = NULL;

  scratch->path = g_dir_make_tmp ("commit-XXXXXX", &error);
  g_assert_no_error (error);
  conf = scratch_path (scratch, "hive.conf");
  text = g_strdup_printf ("[Hive]\nStateDirectory=%s/state\nCacheDirectory=%s/cache\nInstallRoot=%s/root\n"
                          "[Build]\nMaxTreeSize=1M\n",
                          scratch->path, scratch->path, scratch->path);
  g_assert_true (g_file_set_contents (conf, text, -1, NULL));
  scratch->configuration = configuration_load (conf, &error);
  g_assert_no_error (error);
}

void
scratch_tear_down (Scratch *scratch, gconstpointer data)
{
  const char *argv[] = { "rm", "-rf", scratch->path, NULL };

  g_assert_true (g_spawn_sync (NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL, NULL));
  configuration_free (scratch->configuration);
  g_free (scratch->path);
}

char *
scratch_path (const Scratch *scratch, const char *format, ...)
{
  g_autofree char *below = NULL;
  va_list arguments;

  va_start (arguments, format);
  below = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  return g_build_filename (scratch->path, below, NULL);
}

static char *
package_path (const Scratch *scratch, const char *job, const char *path)
{
  return scratch_path (scratch, "cache/work/%s/pkg/%s", job, path);
}

void
package_directory (const Scratch *scratch, const char *job, const char *path)
{
  g_autofree char *full = package_path (scratch, job, path);

  g_assert_cmpint (g_mkdir_with_parents (full, 0755), ==, 0);
}

void
package_file (const Scratch *scratch, const char *job, const char *path, const char *text, unsigned mode)
{
  g_autofree char *full = package_path (scratch, job, path);
  g_autofree char *directory = g_path_get_dirname (path);

  package_directory (scratch, job, directory);
  unlink (full);
  g_assert_true (g_file_set_contents (full, text, -1, NULL));
  g_assert_cmpint (chmod (full, mode), ==, 0);
}

void
package_link (const Scratch *scratch, const char *job, const char *path, const char *target)
{
  g_autofree char *full = package_path (scratch, job, path);
  g_autofree char *directory = g_path_get_dirname (path);

  package_directory (scratch, job, directory);
  g_assert_cmpint (symlink (target, full), ==, 0);
}

/* The entry for the same path is left out when @add has one. */
void
package_list (const Scratch *scratch, const char *job, const char *add)
{
  g_autofree char *tree = package_path (scratch, job, ""), *file = scratch_path (scratch, "cache/work/%s/list", job);
  const char *argv[] = { "find", tree, "-mindepth", "1", "-printf", "%y %m 0 0 %P\\n", NULL };
  const char *path = add ? strrchr (add, ' ') : NULL;
  g_autoptr (GString) list = g_string_new (NULL);
  g_auto (GStrv) lines = NULL;
  g_autofree char *output = NULL;

  g_assert_true (g_spawn_sync (NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &output, NULL, NULL, NULL));
  lines = g_strsplit (output, "\n", -1);
  for (char **line = lines; *line; line++)
    if (**line && !(path && g_str_has_suffix (*line, path)))
      g_string_append_len (list, *line, strlen (*line) + 1);
  if (add)
    g_string_append_len (list, add, strlen (add) + 1);
  g_assert_true (g_file_set_contents (file, list->str, list->len, NULL));
}

JsonObject *
remove_request (const char *job, const char *worker)
{
  JsonObject *request = json_object_new ();

  json_object_set_string_member (request, "job", job);
  json_object_set_string_member (request, "worker_id", worker);
  return request;
}

JsonObject *
install_request (const Scratch *scratch, const char *job, const char *worker, const char *binary)
{
  g_autofree char *work = scratch_path (scratch, "cache/work/%s", job);
  JsonObject *request = remove_request (job, worker), *record = json_object_new ();

  json_object_set_string_member (record, "version", job);
  json_object_set_string_member (record, "binary", binary);
  json_object_set_int_member (record, "installed_by", 1000);
  json_object_set_object_member (request, "record", record);
  json_object_set_string_member (request, "work", work);
  return request;
}

void
expect_install (const Scratch *scratch, const char *job, const char *worker, const char *binary)
{
  g_autoptr (JsonObject) request = install_request (scratch, job, worker, binary);
  g_autoptr (GError) error = NULL;
  bool installed = install_run (scratch->configuration, NULL, request, &error);

  g_assert_no_error (error);
  g_assert_true (installed);
}

void
expect_refusal (const Scratch *scratch, const char *job, const char *worker, const char *binary, int code,
                const char *word)
{
  g_autoptr (JsonObject) request = install_request (scratch, job, worker, binary);
  g_autoptr (GError) error = NULL;
  g_autofree char *before = snapshot (scratch, "root"), *after = NULL;
  g_autofree char *records = snapshot (scratch, "state"), *records_after = NULL;

  g_assert_false (install_run (scratch->configuration, NULL, request, &error));
  g_assert_error (error, HIVE_ERROR, code);
  if (!strstr (error->message, word))
    g_error ("no \"%s\" in: %s", word, error->message);

  after = snapshot (scratch, "root");
  g_assert_cmpstr (before, ==, after);
  if (*records)
    {
      records_after = snapshot (scratch, "state");
      g_assert_cmpstr (records, ==, records_after);
    }
}

void
expect_remove (const Scratch *scratch, const char *job, const char *worker)
{
  g_autoptr (JsonObject) request = remove_request (job, worker);
  g_autoptr (GError) error = NULL;
  bool removed = remove_run (scratch->configuration, NULL, request, &error);

  g_assert_no_error (error);
  g_assert_true (removed);
}

char *
content (const Scratch *scratch, const char *path)
{
  g_autofree char *full = scratch_path (scratch, "%s", path);
  char *text = NULL;

  g_file_get_contents (full, &text, NULL, NULL);
  return text;
}

char *
snapshot (const Scratch *scratch, const char *path)
{
  static const char script[] = "cd \"$1\" 2>/dev/null || exit 0\n"
                               "find . -mindepth 1 ! -type f -printf '%P %y %m %l\\n' | sort\n"
                               "find . -type f -exec sha256sum {} + | sort\n"
                               "find . -type f -printf '%P %m\\n' | sort";
  g_autofree char *full = scratch_path (scratch, "%s", path);
  const char *argv[] = { "sh", "-c", script, "sh", full, NULL };
  char *output;

  g_assert_true (g_spawn_sync (NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &output, NULL, NULL, NULL));
  return output;
}
