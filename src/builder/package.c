/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "file.h"
#include "package-trees.h"
#include "scriptlet.h"
#include "step.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#define LIST_FD  9 /* package.bash writes there */
#define LIST_MAX (64 * 1024 * 1024)

/* What fakeroot showed of the tree, for the commit to check. */
static bool
package_store_list (Builder *builder, const GString *list, GError **error)
{
  g_auto (Fd) fd = file_open_beneath (builder->work_fd, "list", O_WRONLY | O_CREAT | O_EXCL, 0644);
  int r = fd < 0 ? fd : file_write_all (fd, list->str, list->len);

  return r >= 0 || hive_error_set_errno (error, -r, "Can't write %s/list", builder->request->work);
}

/* "bash package.bash run.bash NAME…" */
static char **
package_command (char *const *names)
{
  g_autoptr (GStrvBuilder) command = g_strv_builder_new ();
  g_autofree char *script = step_script ("package.bash");
  g_autofree char *run = step_script ("run.bash");

  g_strv_builder_add_many (command, "bash", script, run, NULL);
  g_strv_builder_addv (command, (const char **)names);
  return g_strv_builder_end (command);
}

/* What the package functions said of their packages, FIELD PACKAGE VALUE… up to an empty word; the list follows. */
static const char *
package_read_said (const char *at, const char *end, GPtrArray *scriptlets)
{
  const char *words[3];
  unsigned count = 0;

  for (; at < end && memchr (at, '\0', end - at); at += strlen (at) + 1)
    {
      if (count == 0 && !*at)
        return at + 1;
      words[count++ % G_N_ELEMENTS (words)] = at;
      count %= G_N_ELEMENTS (words);
      if (count == 0 && g_str_equal (words[0], "install"))
        g_ptr_array_add (scriptlets, (void *)words[2]);
    }
  return NULL;
}

bool
package_run (Builder *builder, GError **error)
{
  static const Step step = {
    .phase = "package", .title = "Package", .icon = "📦", .failure = HIVE_ERROR_PACKAGE_FAILED
  };
  char **names = g_hash_table_lookup (builder->recipe->variables, "pkgname");
  g_auto (GStrv) command = package_command (names);
  g_autoptr (Sandbox) sandbox = step_function_sandbox (builder);
  g_autoptr (GPtrArray) scriptlets = g_ptr_array_new ();
  g_autoptr (GString) list = NULL;
  const char *said, *end, *listed;
  size_t size;

  step_bind (builder, sandbox, "pkg");
  sandbox_setenv (sandbox, "FAKEROOTDONTTRYCHOWN", "1");
  sandbox_collect (sandbox, LIST_FD, LIST_MAX);
  if (!step_run_in (builder, &step, sandbox, (const char *const *)command, error))
    return false;

  said = sandbox_collected (sandbox, &size);
  end = said + size;
  listed = package_read_said (said, end, scriptlets);
  if (!listed)
    {
      g_set_error (error, HIVE_ERROR, HIVE_ERROR_PACKAGE_FAILED, "The package phase did not end well");
      return false;
    }
  scriptlet_tell_all (builder, scriptlets);
  list = g_string_new_len (listed, end - listed);
  return (!names[1] || builder->apart || package_trees_merge (builder->work_fd, names, list, error)) &&
         package_store_list (builder, list, error);
}
