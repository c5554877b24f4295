/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "build-record.h"
#include "cargo-target.h"
#include "file.h"
#include "package-trees.h"
#include "recipe-files.h"
#include "scriptlet.h"
#include "scripts.h"
#include "step.h"

#define LIST_FD  9 /* package.bash writes there */
#define LIST_MAX (64 * 1024 * 1024)

#define VALUES_MAX 100000 /* of one field */

/* What fakeroot showed of the tree, for the commit to check. */
static bool
package_store_list (Builder *builder, const GString *list, GError **error)
{
  g_auto (Fd) fd = file_open_beneath (builder->work_fd, "list", O_WRONLY | O_CREAT | O_EXCL, 0644);
  int r = fd < 0 ? fd : file_write_all (fd, list->str, list->len);

  return r >= 0 || hive_error_set_errno (error, -r, "Cannot write %s/list", builder->request->work);
}

/* "bash package.bash run.bash NAME…" */
static char **
package_command (char *const *names)
{
  g_autoptr (GStrvBuilder) command = g_strv_builder_new ();
  g_autofree char *script = scripts_path ("package.bash");
  g_autofree char *run = scripts_path ("run.bash");

  g_strv_builder_add_many (command, "bash", script, run, NULL);
  g_strv_builder_addv (command, (const char **)names);
  return g_strv_builder_end (command);
}

static const char *
take_word (const char **at, const char *end)
{
  const char *word = *at;
  const char *nul = word < end ? memchr (word, '\0', end - word) : NULL;

  if (!nul)
    return NULL;
  *at = nul + 1;
  return word;
}

/* FIELD NAME COUNT VALUE…: what a package function made of a field of its package. */
static bool
package_take_field (Recipe *recipe, const char *field, const char **at, const char *end)
{
  const char *name = take_word (at, end);
  const char *text = name ? take_word (at, end) : NULL;
  RecipePackage *package = text ? recipe_package (recipe, name) : NULL;
  g_autoptr (GPtrArray) values = g_ptr_array_new ();
  guint64 count;

  if (!package || !g_ascii_string_to_unsigned (text, 10, 0, VALUES_MAX, &count, NULL))
    return false;
  while (count-- > 0)
    {
      const char *value = take_word (at, end);

      if (!value)
        return false;
      g_ptr_array_add (values, (void *)value);
    }
  g_ptr_array_add (values, NULL);
  recipe_package_override (package, field, (char **)values->pdata);
  return true;
}

/* Reads what all of them said, up to an empty word; the list that follows, or NULL. */
static const char *
package_read_said (Recipe *recipe, const char *at, const char *end)
{
  const char *field;

  while ((field = take_word (&at, end)) && *field)
    if (!package_take_field (recipe, field, &at, end))
      return NULL;
  return field ? at : NULL;
}

bool
package_run (Builder *builder, GError **error)
{
  static const PhaseStep step = {
    .phase = "package", .title = "Package", .icon = "📦", .failure = HIVE_ERROR_PACKAGE_FAILED
  };
  char **names = g_hash_table_lookup (builder->recipe->variables, "pkgname");
  g_auto (GStrv) command = package_command (names);
  g_autoptr (Sandbox) sandbox = step_function_sandbox (builder, error);
  g_autoptr (GString) list = NULL;
  const char *said, *end, *listed;
  size_t size;

  if (!sandbox)
    return false;
  g_clear_pointer (&builder->network, network_holder_free);
  step_bind (builder, sandbox, "pkg");
  sandbox_setenv (sandbox, "FAKEROOTDONTTRYCHOWN", "1");
  sandbox_collect (sandbox, LIST_FD, LIST_MAX);
  if (!step_run_in (builder, &step, sandbox, (const char *const *)command, error))
    return false;

  said = sandbox_collected (sandbox, &size);
  end = said + size;
  listed = package_read_said (builder->recipe, said, end);
  if (!listed)
    {
      g_set_error (error, HIVE_ERROR, HIVE_ERROR_PACKAGE_FAILED, "The package phase did not end well");
      return false;
    }
  scriptlet_tell_all (builder);
  cargo_target_keep (builder);
  list = g_string_new_len (listed, end - listed);
  return (!names[1] || builder->apart || package_trees_merge (builder->work_fd, names, list, error)) &&
         (!builder->request->files || recipe_files_find_program (builder, builder->request->worker_id, list, error)) &&
         package_store_list (builder, list, error) && (builder->apart || build_record_write (builder, error));
}
