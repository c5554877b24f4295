/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "install-plan.h"

#include <errno.h>
#include <sys/stat.h>

#include "error.h"
#include "link-check.h"
#include "match.h"
#include "packaged.h"
#include "place-check.h"
#include "writers.h"

void
install_plan_clear (InstallPlan *plan)
{
  worker_record_free (plan->old);
  g_clear_pointer (&plan->owners, g_hash_table_unref);
  g_clear_pointer (&plan->folders, g_hash_table_unref);
  g_clear_pointer (&plan->shared, g_hash_table_unref);
  g_clear_pointer (&plan->others, g_ptr_array_unref);
  g_clear_pointer (&plan->left, g_ptr_array_unref);
  g_clear_pointer (&plan->packaged, g_hash_table_unref);
}

/* What belongs to others */

static void
install_plan_add_folders (InstallPlan *plan, const WorkerRecord *record, const char *path)
{
  g_autofree char *directory = g_path_get_dirname (path);

  while (!g_str_equal (directory, "/") && !g_hash_table_contains (plan->folders, directory))
    {
      char *outer = g_path_get_dirname (directory);

      g_hash_table_insert (plan->folders, directory, record->id);
      directory = outer;
    }
}

static bool
install_plan_read_others (InstallPlan *plan, const char *id, GError **error)
{
  plan->owners = g_hash_table_new (g_str_hash, g_str_equal);
  plan->folders = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  plan->shared = g_hash_table_new (g_str_hash, g_str_equal);
  plan->others = ledger_read_others (plan->ledger, id, error);
  if (!plan->others)
    return false;

  for (guint i = 0; i < plan->others->len; i++)
    {
      const WorkerRecord *record = plan->others->pdata[i];

      for (guint j = 0; j < record->files->len; j++)
        {
          const WorkerFile *file = record->files->pdata[j];

          g_hash_table_insert (plan->owners, file->path, record->id);
          install_plan_add_folders (plan, record, file->path);
        }
      for (char **path = record->directories; *path; path++)
        g_hash_table_add (plan->shared, *path);
    }

  return true;
}

/* Conflicts */

static bool
install_plan_conflict_owner (const InstallPlan *plan, const char *path, const char *owner, GError **error)
{
  g_autofree char *full = places_show (plan->ledger->places, path);

  return tree_conflict (error, "%s belongs to worker %s: remove that worker first, or change one of the recipes", full,
                        owner);
}

/* @package (taken): which one has the file; NULL: none. */
static bool
install_plan_conflict_foreign (const InstallPlan *plan, const char *path, char *package, GError **error)
{
  g_autofree char *owner = package;
  g_autofree char *full = places_show (plan->ledger->places, path);

  if (owner)
    return tree_conflict (error, "%s belongs to %s: remove that package first, or change the recipe", full, owner);
  return tree_conflict (error, "%s exists and belongs to no worker; move it away", full);
}

/* True for a prefix and what is below one. */
static bool
install_plan_is_in_prefix (const InstallPlan *plan, const char *path)
{
  return places_is_below (plan->ledger->places, path) ||
         g_strv_contains ((const char *const *)plan->ledger->configuration->install_prefixes, path);
}

/* @st: of what is there in the place of a folder. */
static bool
install_plan_conflict_folder (const InstallPlan *plan, const char *path, const struct stat *st, GError **error)
{
  g_autofree char *full = places_show (plan->ledger->places, path);

  if (plan->old && worker_record_find (plan->old, path))
    return tree_conflict (
        error,
        "%s is a file of the installed version, and a folder in the new one: remove the worker first, "
        "then install it again",
        full);
  if (S_ISLNK (st->st_mode))
    return tree_conflict (
        error,
        "%s is a symbolic link where the package needs a folder: package() must install to the folder "
        "that it leads to",
        full);
  return tree_conflict (error, "%s exists and is not a folder, but the package needs one there; move it away", full);
}

static bool
install_plan_directory (InstallPlan *plan, const TreeEntry *entry, GError **error)
{
  const char *owner = g_hash_table_lookup (plan->owners, entry->path);
  struct stat st;
  int r;

  if (owner)
    return install_plan_conflict_owner (plan, entry->path, owner, error);

  r = places_stat (plan->ledger->places, entry->path, &st);
  if (r == -ENOENT)
    {
      g_ptr_array_add (plan->transaction->made, g_strdup (entry->path));
      return true;
    }
  if (r < 0)
    return places_set_error (plan->ledger->places, -r, entry->path, error);
  if (S_ISDIR (st.st_mode))
    return !install_plan_is_in_prefix (plan, entry->path) || writers_check (plan->ledger->places, entry->path, error);
  return install_plan_conflict_folder (plan, entry->path, &st, error);
}

static bool
install_plan_file (InstallPlan *plan, const TreeEntry *entry, GError **error)
{
  const char *owner = g_hash_table_lookup (plan->owners, entry->path);
  const char *folder = g_hash_table_lookup (plan->folders, entry->path);
  bool own = plan->old && worker_record_find (plan->old, entry->path);
  struct stat st;
  int r;

  if (!ledger_check_path (plan->ledger, entry->path, error))
    return false;
  if (owner || folder)
    return install_plan_conflict_owner (plan, entry->path, owner ? owner : folder, error);

  r = places_stat (plan->ledger->places, entry->path, &st);
  if (r < 0 && r != -ENOENT)
    return places_set_error (plan->ledger->places, -r, entry->path, error);
  if (r == 0 && S_ISDIR (st.st_mode))
    {
      g_autofree char *full = places_show (plan->ledger->places, entry->path);

      return tree_conflict (error, "%s is a folder where the package has a file; move it away", full);
    }
  if (r == 0 && !own)
    return install_plan_conflict_foreign (plan, entry->path, packaged_by (plan->ledger->configuration, entry->path),
                                          error);
  if (plan->packaged && g_hash_table_contains (plan->packaged, entry->path))
    return install_plan_conflict_foreign (plan, entry->path,
                                          g_strdup (g_hash_table_lookup (plan->packaged, entry->path)), error);

  transaction_add_step (plan->transaction, r == 0 ? STEP_REPLACE : STEP_PLACE, entry->path);
  return true;
}

/* Files and directories of the installed version that the new one has no more. */
static void
install_plan_leftovers (InstallPlan *plan)
{
  for (guint i = 0; plan->old && i < plan->old->files->len; i++)
    {
      const WorkerFile *file = plan->old->files->pdata[i];
      uint64_t inode;
      Match match;

      if (tree_find (plan->tree, file->path))
        continue;
      match = match_file (plan->ledger->places, file, &inode);
      if (match == MATCH_SAME)
        transaction_add_step (plan->transaction, STEP_REMOVE, file->path)->inode = inode;
      else if (match != MATCH_MISSING)
        g_ptr_array_add (plan->left, g_strdup (file->path));
    }

  for (char **path = plan->old ? plan->old->directories : NULL; path && *path; path++)
    if (!tree_find (plan->tree, *path) && !g_hash_table_contains (plan->shared, *path))
      g_ptr_array_add (plan->transaction->obsolete, g_strdup (*path));
}

/* Directories that this worker's installs made, or that it now shares with the worker whose install did. */
static char **
install_plan_directories (const InstallPlan *plan)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_autoptr (GHashTable) ours = g_hash_table_new (g_str_hash, g_str_equal);

  for (guint i = 0; i < plan->transaction->made->len; i++)
    g_hash_table_add (ours, plan->transaction->made->pdata[i]);
  for (char **path = plan->old ? plan->old->directories : NULL; path && *path; path++)
    g_hash_table_add (ours, *path);

  for (guint i = 0; i < plan->tree->entries->len; i++)
    {
      const TreeEntry *entry = plan->tree->entries->pdata[i];

      if (S_ISDIR (entry->st.st_mode) &&
          (g_hash_table_contains (ours, entry->path) || g_hash_table_contains (plan->shared, entry->path)))
        g_strv_builder_add (builder, entry->path);
    }

  return g_strv_builder_end (builder);
}

static bool
install_plan_check_links (const InstallPlan *plan, GError **error)
{
  for (guint i = 0; i < plan->tree->entries->len; i++)
    {
      const TreeEntry *entry = plan->tree->entries->pdata[i];

      if (entry->target && !link_check (plan->ledger, entry, error))
        return false;
    }
  return true;
}

bool
install_plan_make (InstallPlan *plan, const char *id, GError **error)
{
  if (!ledger_read_installed (plan->ledger, id, &plan->old, error) || !install_plan_read_others (plan, id, error) ||
      !install_plan_check_links (plan, error) ||
      !place_check_tree (plan->ledger, plan->tree, plan->transaction->record, plan->old, plan->folders, error))
    return false;
  if (plan->old)
    plan->packaged = packaged_of_tree (plan->ledger->configuration, plan->tree);

  for (guint i = 0; i < plan->tree->entries->len; i++)
    {
      const TreeEntry *entry = plan->tree->entries->pdata[i];

      if (!(S_ISDIR (entry->st.st_mode) ? install_plan_directory (plan, entry, error) :
                                          install_plan_file (plan, entry, error)))
        return false;
    }

  install_plan_leftovers (plan);
  if (plan->old && !plan->transaction->spends && plan->ledger->configuration->keep_versions > 0 &&
      !g_str_equal (plan->old->version, plan->transaction->record->version))
    plan->transaction->keeps = g_strdup (plan->old->job);
  g_strfreev (plan->transaction->record->directories);
  plan->transaction->record->directories = install_plan_directories (plan);
  return true;
}
