/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "local-tree.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "file.h"
#include "json.h"
#include "recipe-files.h"

#define FOLDER   "rehearsal" /* in the work directory: as the work directory of an install */
#define LIST_MAX (64 * 1024 * 1024)

/* "TYPE MODE UID GID PATH": where the path is. */
static const char *
line_path (const char *line)
{
  for (int word = 0; word < 4 && line; word++)
    line = strchr (line, ' ') ? strchr (line, ' ') + 1 : NULL;
  return line;
}

/* What the list says of the package @name; NULL: there is one alone, and it speaks of no other. */
static GString *
list_of_package (const GString *list, const char *name)
{
  g_autofree char *prefix = g_strconcat (name ? name : "", "/", NULL);
  g_autoptr (GString) own = g_string_new (NULL);

  for (const char *line = list->str; line < list->str + list->len; line += strlen (line) + 1)
    {
      const char *path = line_path (line);
      const char *rest =
          path && (!name || g_str_has_prefix (path, prefix)) ? path + (name ? strlen (prefix) : 0) : NULL;

      if (!rest)
        continue;
      g_string_append_len (own, line, path - line);
      g_string_append_len (own, rest, (gssize)strlen (rest) + 1);
    }
  return g_steal_pointer (&own);
}

static char *
rehearsal_request (const Builder *builder, const char *name, const char *binary)
{
  const char *base = recipe_value (builder->recipe, "pkgbase");
  g_autofree char *work = g_build_filename (builder->request->work, FOLDER, NULL);
  g_autoptr (JsonObject) request = json_object_new ();

  json_object_set_string_member (request, "work", work);
  json_object_set_string_member (request, "worker_id", base ? base : name);
  json_object_set_string_member (request, "pkgname", name);
  json_object_set_string_member (request, "binary", binary);
  return json_to_text (request, false);
}

/* What the commit program says of the tree in FOLDER; NULL: nothing. */
static char *
rehearsal_ask (const Builder *builder, const char *name, const char *binary)
{
  const Configuration *configuration = builder->configuration;
  g_autofree char *program = g_build_filename (configuration->libexec_directory, "rbee-hive-commit", NULL);
  const char *command[] = { program, "rehearse", configuration->path ? "--config" : NULL, configuration->path, NULL };
  g_autofree char *request = rehearsal_request (builder, name, binary);
  g_autoptr (GError) error = NULL;
  g_autoptr (GSubprocess) child = g_subprocess_newv (command,
                                                     G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE |
                                                         G_SUBPROCESS_FLAGS_STDERR_SILENCE,
                                                     &error);
  g_autoptr (JsonObject) answer = NULL;
  g_autofree char *text = NULL;

  if (!child || !g_subprocess_communicate_utf8 (child, request, NULL, &text, NULL, &error))
    return g_strdup (error->message);
  answer = text && *text ? json_parse_object (text, strlen (text), "the answer", HIVE_ERROR_FAILED, NULL) : NULL;
  return answer ? g_strdup (json_get_string (answer, "message", "")) : NULL;
}

/* Puts the tree @from where an install would have it, for as long as it is looked at. */
static char *
rehearsal_run (const Builder *builder, const char *from, const char *name, const char *binary, const GString *list,
               GError **error)
{
  g_auto (Fd) fd = file_open_beneath (builder->work_fd, FOLDER "/list", O_WRONLY | O_CREAT | O_TRUNC, 0644);
  int r = fd < 0 ? fd : file_write_all (fd, list->str, list->len);
  char *said;

  if (r < 0 || renameat (builder->work_fd, from, builder->work_fd, FOLDER "/pkg") < 0)
    {
      hive_error_set_errno (error, r < 0 ? -r : errno, "Cannot look at the package %s", name);
      return NULL;
    }
  said = rehearsal_ask (builder, name, binary);
  if (renameat (builder->work_fd, FOLDER "/pkg", builder->work_fd, from) < 0)
    hive_error_set_errno (error, errno, "Cannot put back the package %s", name);
  return said;
}

/* The path of the worker's program: "/usr/local/bin/x". */
static char *
program_of (Builder *builder, const GString *list, bool several, GError **error)
{
  const char *base = recipe_value (builder->recipe, "pkgbase");
  const char *path;

  if (!recipe_files_find_program (builder, base ? base : recipe_value (builder->recipe, "pkgname"), list, error))
    return NULL;
  path = builder->entry->install_path;
  return g_strdup (several ? strchr (path + 1, '/') : path);
}

static bool
rehearse_all (Builder *builder, GError **error)
{
  char **names = g_hash_table_lookup (builder->recipe->variables, "pkgname");
  g_auto (Fd) fd = file_open_beneath (builder->work_fd, "list", O_RDONLY, 0);
  g_autoptr (GString) list = g_string_new (NULL);
  g_autofree char *binary = NULL;
  g_autofree char *text = NULL;
  size_t size;

  text = fd < 0 ? NULL : file_read_fd (fd, LIST_MAX, "list", &size, error);
  if (!text ||
      (mkdirat (builder->work_fd, FOLDER, 0700) < 0 && hive_error_set_errno (error, errno, "Cannot make %s", FOLDER)))
    return false;
  g_string_append_len (list, text, (gssize)size);
  binary = program_of (builder, list, names[1] != NULL, error);
  if (!binary)
    return false;
  for (char **name = names; *name; name++)
    {
      g_autofree char *from = g_build_filename ("pkg", names[1] ? *name : NULL, NULL);
      g_autoptr (GString) own = list_of_package (list, names[1] ? *name : NULL);
      g_autofree char *said = rehearsal_run (builder, from, *name, binary, own, error);

      if (said)
        log_writer_note (builder->log, builder->phase, "⚠ The hive would not install %s: %s", *name, said);
      if (*error)
        return false;
    }
  return true;
}

void
local_tree_rehearse (Builder *builder)
{
  g_autoptr (GError) error = NULL;

  if (!rehearse_all (builder, &error))
    log_writer_note (builder->log, builder->phase, "⚠ The hive would not install this: %s", error->message);
}
