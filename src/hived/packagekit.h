/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <systemd/sd-bus.h>

/* One transaction of PackageKit, the distribution's own package manager behind one API for all distributions. What it
 * takes and tells is from org.freedesktop.PackageKit.Transaction.xml, its numbers are those of pk-enum.h. */
typedef struct PackageKit PackageKit;

typedef enum
{
  PACKAGEKIT_RESOLVE,  /* names → ids, of packages that are installed and that are available */
  PACKAGEKIT_REFRESH,  /* what is available is looked up again */
  PACKAGEKIT_SIMULATE, /* ids → everything that installing them would change */
  PACKAGEKIT_INSTALL,  /* ids; packages without a trusted signature are refused */
} PackageKitRole;

/* What becomes of a package, or has become. */
typedef enum
{
  PACKAGEKIT_OTHER,
  PACKAGEKIT_INSTALLED,
  PACKAGEKIT_AVAILABLE,
  PACKAGEKIT_DOWNLOADING,
  PACKAGEKIT_UPDATING,
  PACKAGEKIT_INSTALLING,
  PACKAGEKIT_REMOVING, /* also when another one takes its place, or an older version */
} PackageKitInfo;

typedef struct
{
  /* @id is "name;version;architecture;where from". NULL: of no interest. */
  void (*package) (PackageKitInfo info, const char *id, void *userdata);

  /* Of 100. NULL likewise. */
  void (*percent) (unsigned percent, void *userdata);

  /* Called once, last; the transaction may be freed in it. Without @error it did what it should. */
  void (*finished) (const GError *error, void *userdata);
} PackageKitHandlers;

/* Begins one, of @what (names or ids; ignored by PACKAGEKIT_REFRESH). PackageKit is started where it does not run, and
 * lets transactions that change something wait for each other. The daemon is root, to whom PackageKit says no to
 * nothing. NULL and Failed when it cannot be asked.
 *
 * What @finished may be told: MissingDependencies, with PackageKit's own words, or saying that there is none here;
 * Interrupted when it was cancelled, or ended. */
PackageKit *packagekit_start (sd_bus *bus, PackageKitRole role, char *const *what, const PackageKitHandlers *handlers,
                              void *userdata, GError **error);

/* Asks it to stop, and its end is told as any. It goes on where stopping would leave half a package. */
void packagekit_cancel (PackageKit *packagekit);

/* Forgets it; what it does goes on. */
void packagekit_free (PackageKit *packagekit);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PackageKit, packagekit_free)
