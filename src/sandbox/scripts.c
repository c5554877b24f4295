/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "scripts.h"

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
