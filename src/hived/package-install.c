/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "package-install.h"

#include "error.h"
#include "packagekit.h"

#define NAMED_MAX 20 /* in one line, of the packages that come along */

typedef enum
{
  STEP_RESOLVE,
  STEP_REFRESH, /* only where a name isn't known; then STEP_RESOLVE again */
  STEP_SIMULATE,
  STEP_INSTALL,
} PackageStep;

struct PackageInstall
{
  sd_bus *bus;
  char **names;
  PackageInstallHandlers handlers;
  void *userdata;

  PackageStep step;
  PackageKit *transaction;
  bool refreshed, cancelled;
  unsigned percent;   /* of what PackageKit told last, */
  bool second_half;   /* which begins at 0 again when all is downloaded */
  GHashTable *found;  /* name → id of what is to be installed; "": it is there */
  GPtrArray *added;   /* "NAME VERSION": what the simulation says will come */
  GPtrArray *removed; /* and what will go */
  GHashTable *told;   /* ids of which a note said that they are installed: each is unpacked, and then set up */
};

static void package_install_step (PackageInstall *install, PackageStep step);

/* "cmake 3.25.1-1" of "cmake;3.25.1-1;amd64;debian-stable-main". */
static char *
package_title (const char *id)
{
  g_auto (GStrv) parts = g_strsplit (id, ";", 4);

  return g_strv_length (parts) < 2 ? g_strdup (id) : g_strjoin (" ", parts[0], parts[1], NULL);
}

static void
package_install_finish (PackageInstall *install, const GError *error)
{
  install->handlers.finished (error, install->userdata);
}

static void package_install_note (PackageInstall *install, const char *format, ...) G_GNUC_PRINTF (2, 3);

static void
package_install_note (PackageInstall *install, const char *format, ...)
{
  g_autofree char *text = NULL;
  va_list arguments;

  va_start (arguments, format);
  text = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  install->handlers.note (text, install->userdata);
}

/* "a 1, b 2 and 5 more" */
static char *
titles_join (const GPtrArray *titles)
{
  GString *list = g_string_new (NULL);

  for (guint i = 0; i < titles->len && i < NAMED_MAX; i++)
    g_string_append_printf (list, "%s%s", i > 0 ? ", " : "", (const char *)titles->pdata[i]);
  if (titles->len > NAMED_MAX)
    g_string_append_printf (list, " and %u more", titles->len - NAMED_MAX);
  return g_string_free (list, FALSE);
}

static void
package_install_find (PackageInstall *install, PackageKitInfo info, const char *id)
{
  g_autofree char *name = g_strndup (id, strcspn (id, ";"));

  if (!g_strv_contains ((const char *const *)install->names, name))
    return;
  /* Of one that is there in an older version, both are told. */
  if (info == PACKAGEKIT_AVAILABLE)
    g_hash_table_replace (install->found, g_steal_pointer (&name), g_strdup (id));
  else if (info == PACKAGEKIT_INSTALLED && !g_hash_table_contains (install->found, name))
    g_hash_table_replace (install->found, g_steal_pointer (&name), g_strdup (""));
}

static void
package_install_on_package (PackageKitInfo info, const char *id, void *userdata)
{
  PackageInstall *install = userdata;
  g_autofree char *title = package_title (id);

  switch (install->step)
    {
    case STEP_RESOLVE:
      package_install_find (install, info, id);
      break;
    case STEP_SIMULATE:
      if (info == PACKAGEKIT_INSTALLING || info == PACKAGEKIT_UPDATING)
        g_ptr_array_add (install->added, g_steal_pointer (&title));
      else if (info == PACKAGEKIT_REMOVING)
        g_ptr_array_add (install->removed, g_steal_pointer (&title));
      break;
    case STEP_INSTALL:
      if ((info == PACKAGEKIT_INSTALLING || info == PACKAGEKIT_UPDATING) &&
          g_hash_table_add (install->told, g_strdup (id)))
        package_install_note (install, "Installing %s", title);
      break;
    case STEP_REFRESH:
      break;
    }
}

static void
package_install_on_percent (unsigned percent, void *userdata)
{
  PackageInstall *install = userdata;

  if (install->step != STEP_INSTALL)
    return;
  install->second_half |= percent < install->percent;
  install->percent = percent;
  install->handlers.percent (percent / 2 + (install->second_half ? 50 : 0), install->userdata);
}

static char **
package_install_unknown (const PackageInstall *install)
{
  g_autoptr (GStrvBuilder) unknown = g_strv_builder_new ();

  for (char **name = install->names; *name; name++)
    if (!g_hash_table_contains (install->found, *name))
      g_strv_builder_add (unknown, *name);
  return g_strv_builder_end (unknown);
}

static char **
package_install_ids (const PackageInstall *install)
{
  g_autoptr (GStrvBuilder) ids = g_strv_builder_new ();
  GHashTableIter each;
  void *id;

  g_hash_table_iter_init (&each, install->found);
  while (g_hash_table_iter_next (&each, NULL, &id))
    if (*(const char *)id)
      g_strv_builder_add (ids, id);
  return g_strv_builder_end (ids);
}

/* A list that is old, or was never fetched, is not a reason to give up. */
static void
package_install_resolved (PackageInstall *install)
{
  g_auto (GStrv) unknown = package_install_unknown (install);
  g_auto (GStrv) ids = package_install_ids (install);
  g_autofree char *list = g_strjoinv (", ", unknown);
  g_autoptr (GError) error = NULL;

  if (*unknown && !install->refreshed)
    {
      package_install_note (install, "Not in the package lists: %s. Fetching new lists...", list);
      install->refreshed = true;
      package_install_step (install, STEP_REFRESH);
    }
  else if (*unknown)
    {
      error = g_error_new (HIVE_ERROR, HIVE_ERROR_MISSING_DEPENDENCIES,
                           "This system's package repositories have no %s: enable the one that has it", list);
      package_install_finish (install, error);
    }
  else if (!*ids)
    package_install_finish (install, NULL);
  else
    package_install_step (install, STEP_SIMULATE);
}

static void
package_install_simulated (PackageInstall *install)
{
  g_autofree char *added = titles_join (install->added);
  g_autofree char *removed = titles_join (install->removed);
  g_autoptr (GError) error = NULL;

  if (install->removed->len > 0)
    {
      error = g_error_new (HIVE_ERROR, HIVE_ERROR_MISSING_DEPENDENCIES,
                           "Installing the packages would remove %s, which is yours to decide", removed);
      package_install_finish (install, error);
      return;
    }
  if (install->added->len > 0)
    package_install_note (install, "To install: %s", added);
  package_install_step (install, STEP_INSTALL);
}

static void
package_install_on_end (const GError *failure, void *userdata)
{
  PackageInstall *install = userdata;

  g_clear_pointer (&install->transaction, packagekit_free);
  if (failure && !(install->step == STEP_REFRESH && !install->cancelled))
    package_install_finish (install, failure);
  else if (install->step == STEP_RESOLVE)
    package_install_resolved (install);
  else if (install->step == STEP_SIMULATE)
    package_install_simulated (install);
  else if (install->step == STEP_INSTALL)
    package_install_finish (install, NULL);
  else
    {
      /* Some repository may be down, and the others have it. */
      if (failure)
        package_install_note (install, "⚠ %s", failure->message);
      package_install_step (install, STEP_RESOLVE);
    }
}

static PackageKit *
package_install_transaction (PackageInstall *install, PackageStep step, GError **error)
{
  static const PackageKitRole roles[] = {
    [STEP_RESOLVE] = PACKAGEKIT_RESOLVE,
    [STEP_REFRESH] = PACKAGEKIT_REFRESH,
    [STEP_SIMULATE] = PACKAGEKIT_SIMULATE,
    [STEP_INSTALL] = PACKAGEKIT_INSTALL,
  };
  static const PackageKitHandlers handlers = {
    .package = package_install_on_package,
    .percent = package_install_on_percent,
    .finished = package_install_on_end,
  };
  g_auto (GStrv) ids = package_install_ids (install);

  install->step = step;
  return packagekit_start (install->bus, roles[step], step == STEP_RESOLVE ? install->names : ids, &handlers, install,
                           error);
}

static void
package_install_step (PackageInstall *install, PackageStep step)
{
  g_autoptr (GError) error = NULL;

  if (install->cancelled)
    error = g_error_new_literal (HIVE_ERROR, HIVE_ERROR_INTERRUPTED, "The installation of packages was cancelled");
  else
    install->transaction = package_install_transaction (install, step, &error);
  if (error)
    package_install_finish (install, error);
}

PackageInstall *
package_install_start (sd_bus *bus, char *const *names, const PackageInstallHandlers *handlers, void *userdata,
                       GError **error)
{
  g_autoptr (PackageInstall) install = g_new0 (PackageInstall, 1);

  install->bus = sd_bus_ref (bus);
  install->names = g_strdupv ((char **)names);
  install->handlers = *handlers;
  install->userdata = userdata;
  install->found = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  install->added = g_ptr_array_new_with_free_func (g_free);
  install->told = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  install->removed = g_ptr_array_new_with_free_func (g_free);
  install->transaction = package_install_transaction (install, STEP_RESOLVE, error);
  return install->transaction ? g_steal_pointer (&install) : NULL;
}

void
package_install_cancel (PackageInstall *install)
{
  install->cancelled = true;
  if (install->transaction)
    packagekit_cancel (install->transaction);
}

void
package_install_free (PackageInstall *install)
{
  if (!install)
    return;
  packagekit_free (install->transaction);
  g_hash_table_unref (install->found);
  g_ptr_array_unref (install->added);
  g_ptr_array_unref (install->removed);
  g_hash_table_unref (install->told);
  g_strfreev (install->names);
  sd_bus_unref (install->bus);
  g_free (install);
}
