/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "rehearsal.h"

#include <errno.h>
#include <fcntl.h>

#include "error.h"
#include "file.h"
#include "followed.h"
#include "json.h"
#include "link-check.h"
#include "place-check.h"

static WorkerRecord *
rehearsal_record (JsonObject *request)
{
  WorkerRecord *record = worker_record_new ();

  record->id = g_strdup (json_get_string (request, "worker_id", ""));
  record->pkgname = g_strdup (json_get_string (request, "pkgname", ""));
  record->binary = g_strdup (json_get_string (request, "binary", ""));
  return record;
}

/* What is installed of it and of others may be root's to read. */
static bool
rehearsal_check (const Ledger *ledger, Tree *tree, const WorkerRecord *record, GError **error)
{
  g_autoptr (GHashTable) folders = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (WorkerRecord) old = NULL;

  ledger_read_installed (ledger, record->id, &old, NULL);
  if (!followed_apply (ledger, tree, error))
    return false;
  for (guint i = 0; i < tree->entries->len; i++)
    {
      const TreeEntry *entry = tree->entries->pdata[i];

      if (entry->target && !link_check (ledger, entry, error))
        return false;
    }
  return place_check_tree (ledger, tree, record, old, folders, error);
}

bool
rehearsal_run (const Configuration *configuration, JsonObject *request, GError **error)
{
  const char *path = json_get_string (request, "work", "");
  g_autoptr (Ledger) ledger = ledger_look (configuration);
  g_autoptr (WorkerRecord) record = rehearsal_record (request);
  g_auto (Fd) work = open (path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  g_autoptr (Tree) tree = NULL;

  if (work < 0)
    return hive_error_set_errno (error, errno, "Cannot open %s", path);
  tree = tree_read (configuration, ledger->places, work, NULL, error);
  return tree && rehearsal_check (ledger, tree, record, error);
}
