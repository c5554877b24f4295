/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <systemd/sd-bus.h>

/* Packages of the distribution are installed, with all they need, through PackageKit: what is there already is left as
 * it is, what isn't known is looked up again, and nothing is done where something else would have to go for it. */
typedef struct PackageInstall PackageInstall;

typedef struct
{
  /* A line for a person. */
  void (*note) (const char *text, void *userdata);

  /* How far the packages' installation is, of 100. */
  void (*percent) (unsigned percent, void *userdata);

  /* Called once, last; the installation may be freed in it. Without @error all packages are there. Else what
   * packagekit.h says, or MissingDependencies naming the packages that aren't known, or would remove others. */
  void (*finished) (const GError *error, void *userdata);
} PackageInstallHandlers;

/* Begins to install the packages @names. NULL and Failed when PackageKit cannot be asked. */
PackageInstall *package_install_start (sd_bus *bus, char *const *names, const PackageInstallHandlers *handlers,
                                       void *userdata, GError **error);

/* Asks it to end as soon as it can; it is told as Interrupted, unless all was installed by then. */
void package_install_cancel (PackageInstall *install);

/* Forgets it; what PackageKit does goes on. */
void package_install_free (PackageInstall *install);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PackageInstall, package_install_free)
