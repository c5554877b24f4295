/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "scripts.h"

#include <errno.h>
#include <unistd.h>

#include "error.h"

#define INSIDE "/etc/rbee-hive"

char *
scripts_path (const char *name)
{
  return g_build_filename (INSIDE, name, NULL);
}

void
scripts_bind (const Configuration *configuration, Sandbox *sandbox)
{
  sandbox_bind_read_only (sandbox, configuration->libexec_directory, INSIDE);
}

bool
scripts_check (const Configuration *configuration, GError **error)
{
  static const struct
  {
    const char *name;
    int access;
  } files[] = {
    { "catalog-signature.bash", R_OK },
    { "evaluate.bash", R_OK },
    { "git-look.bash", R_OK },
    { "gitconfig", R_OK },
    { "makepkg.bash", R_OK },
    { "package.bash", R_OK },
    { "probe.bash", R_OK },
    { "rbee-hive-fetch", X_OK },
    { "rbee-hive-needs", X_OK },
    { "rbee-hive-network", X_OK },
    { "rbee-hive-pack", X_OK },
    { "rbee-hive-store", X_OK },
    { "run.bash", R_OK },
    { "signature.bash", R_OK },
    { "tidy.bash", R_OK },
  };

  for (size_t i = 0; i < G_N_ELEMENTS (files); i++)
    {
      g_autofree char *path = g_build_filename (configuration->libexec_directory, files[i].name, NULL);

      if (access (path, files[i].access) < 0)
        {
          g_set_error (error, HIVE_ERROR, HIVE_ERROR_FAILED,
                       "A file of the hive's own cannot be used: %s: %s. Install rbee-hive again, or correct "
                       "LibexecDirectory= in hive.conf",
                       path, g_strerror (errno));
          return false;
        }
    }
  return true;
}
