/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "file.h"
#include "step.h"

#include <errno.h>
#include <fcntl.h>

#define LIST_FD  9 /* package.bash writes there */
#define LIST_MAX (64 * 1024 * 1024)

/* What fakeroot showed of the tree, for the commit to check. */
static bool
package_store_list (Builder *builder, Sandbox *sandbox, GError **error)
{
  g_auto (Fd) fd = file_open_beneath (builder->work_fd, "list", O_WRONLY | O_CREAT | O_EXCL, 0644);
  size_t size;
  const char *list = sandbox_collected (sandbox, &size);
  int r = fd < 0 ? fd : file_write_all (fd, list, size);

  return r >= 0 || hive_error_set_errno (error, -r, "Can't write %s/list", builder->request->work);
}

bool
package_run (Builder *builder, GError **error)
{
  static const Step step = {
    .phase = "package", .title = "Package", .icon = "📦", .failure = HIVE_ERROR_PACKAGE_FAILED
  };
  g_autofree char *script = step_script ("package.bash");
  g_autofree char *run = step_script ("run.bash");
  g_autofree char *own = g_strdup_printf ("package_%s", recipe_value (builder->recipe, "pkgname"));
  const char *function = recipe_has_function (builder->recipe, "package") ? "package" : own;
  const char *arguments[] = { "bash", script, run, function, NULL };
  g_autoptr (Sandbox) sandbox = step_function_sandbox (builder);

  step_bind (builder, sandbox, "pkg");
  sandbox_setenv (sandbox, "FAKEROOTDONTTRYCHOWN", "1");
  sandbox_collect (sandbox, LIST_FD, LIST_MAX);
  if (!step_run_in (builder, &step, sandbox, arguments, error))
    return false;
  return package_store_list (builder, sandbox, error);
}
