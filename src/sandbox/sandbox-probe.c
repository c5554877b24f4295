/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "error.h"
#include "sandbox-private.h"
#include "sandbox-trouble.h"

bool
sandbox_probe (const Configuration *configuration, bool network, char **ret_hint, GError **error)
{
  static const char *const argv[] = { "true", NULL };
  g_autoptr (Sandbox) sandbox = sandbox_new (configuration);
  g_autoptr (GError) failure = NULL;
  int status;

  if (ret_hint)
    *ret_hint = NULL;
  sandbox_set_timeout (sandbox, 20);
  if (network)
    sandbox_allow_network (sandbox);
  if (sandbox_run (sandbox, argv, &status, &failure) && status == 0)
    return true;

  if (!failure)
    g_set_error (&failure, HIVE_ERROR, HIVE_ERROR_SANDBOX_UNAVAILABLE,
                 "A sandbox starts, but programs do not run in it (true ended with status %d)", status);
  else if (ret_hint && failure->code == HIVE_ERROR_SANDBOX_UNAVAILABLE)
    {
      g_autofree char *program = g_find_program_in_path ("bwrap");

      g_clear_error (&failure);
      if (sandbox_network_is_trouble (sandbox->err.tail->str))
        sandbox_network_set_error (&failure, sandbox_diagnostics (sandbox), ret_hint);
      else
        sandbox_trouble_set_error (&failure, program ? sandbox_diagnostics (sandbox) : NULL, ret_hint);
    }
  g_propagate_error (error, g_steal_pointer (&failure));
  return false;
}
