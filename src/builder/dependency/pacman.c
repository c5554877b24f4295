/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pacman.h"

#include <string.h>

#include "file.h"

#define DESCRIPTION_MAX (4 * 1024 * 1024)

typedef struct
{
  char *title; /* "gcc 14.2.1-1" */
  char *version;
  char **provides;
} Package;

struct Pacman
{
  GHashTable *packages; /* name → Package */
};

static void
package_free (Package *package)
{
  g_free (package->title);
  g_free (package->version);
  g_strfreev (package->provides);
  g_free (package);
}

/* The lines below %NAME%, up to an empty one. */
static char **
description_values (char *const *lines, const char *name)
{
  g_autoptr (GStrvBuilder) values = g_strv_builder_new ();

  while (*lines && !g_str_equal (*lines, name))
    lines++;
  for (lines += *lines != NULL; *lines && **lines; lines++)
    g_strv_builder_add (values, *lines);
  return g_strv_builder_end (values);
}

static void
pacman_add (Pacman *pacman, const char *description)
{
  g_auto (GStrv) lines = g_strsplit (description, "\n", -1);
  g_auto (GStrv) name = description_values (lines, "%NAME%");
  g_auto (GStrv) version = description_values (lines, "%VERSION%");
  Package *package;

  if (!name[0] || !version[0])
    return;
  package = g_new0 (Package, 1);
  package->title = g_strdup_printf ("%s %s", name[0], version[0]);
  package->version = g_strdup (version[0]);
  package->provides = description_values (lines, "%PROVIDES%");
  g_hash_table_replace (pacman->packages, g_strdup (name[0]), package);
}

Pacman *
pacman_read (const char *folder)
{
  g_autoptr (GDir) directory = g_dir_open (folder, 0, NULL);
  Pacman *pacman;
  const char *name;

  if (!directory)
    return NULL;
  pacman = g_new (Pacman, 1);
  pacman->packages = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify)package_free);
  while ((name = g_dir_read_name (directory)))
    {
      g_autofree char *path = g_build_filename (folder, name, "desc", NULL);
      g_autofree char *description = file_read (path, DESCRIPTION_MAX, NULL, NULL);

      if (description)
        pacman_add (pacman, description);
    }
  return pacman;
}

void
pacman_free (Pacman *pacman)
{
  if (!pacman)
    return;
  g_hash_table_unref (pacman->packages);
  g_free (pacman);
}

/* Whether "name" or "name=version" is what is wanted: without a version it stands for none in particular. */
static bool
provision_meets (const char *provision, const Dependency *dependency, const char **ret_version)
{
  size_t length = strlen (dependency->name);

  if (strncmp (provision, dependency->name, length) != 0)
    return false;
  if (provision[length] == '=')
    *ret_version = provision + length + 1;
  else if (provision[length] == '\0')
    *ret_version = NULL;
  else
    return false;
  return dependency->relation == DEPENDENCY_ANY || (*ret_version && dependency_is_met_by (dependency, *ret_version));
}

const char *
pacman_find (const Pacman *pacman, const Dependency *dependency, const char **ret_version)
{
  const Package *package = g_hash_table_lookup (pacman->packages, dependency->name);
  GHashTableIter packages;
  void *each;

  if (package && dependency_is_met_by (dependency, package->version))
    {
      *ret_version = package->version;
      return package->title;
    }
  g_hash_table_iter_init (&packages, pacman->packages);
  while (g_hash_table_iter_next (&packages, NULL, &each))
    for (char **provision = ((Package *)each)->provides; *provision; provision++)
      if (provision_meets (*provision, dependency, ret_version))
        return ((Package *)each)->title;
  return NULL;
}

const char *
pacman_version (const Pacman *pacman, const char *name)
{
  const Package *package = g_hash_table_lookup (pacman->packages, name);

  return package ? package->version : NULL;
}
