/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "inventory.h"

#include <errno.h>
#include <string.h>

#include "error.h"
#include "ledger.h"

static void
write_entry (FILE *stream, const char *kind, const char *first, const char *second, const char *third)
{
  fprintf (stream, "%s%c%s%c%s%c%s%c", kind, 0, first, 0, second, 0, third, 0);
}

static void
write_file (FILE *stream, const Places *places, const WorkerFile *file)
{
  const char *prefix = places_prefix (places, file->path);
  g_autofree char *shown = prefix ? places_show (places, prefix) : NULL;

  if (shown)
    write_entry (stream, file->symlink ? "link" : "file", shown, file->path + strlen (prefix) + 1,
                 file->symlink ? file->target : file->sha256);
}

static void
write_worker (FILE *stream, const Places *places, const WorkerRecord *record)
{
  write_entry (stream, "worker", record->id, "", "");
  for (guint i = 0; i < record->files->len; i++)
    write_file (stream, places, record->files->pdata[i]);
}

static int
compare_descending (const void *a, const void *b)
{
  return strcmp (*(char *const *)b, *(char *const *)a);
}

/* What one worker made may hold what is another's: they come after all files, and what is inside before what it is in.
 */
static void
write_folders (FILE *stream, const Places *places, const GPtrArray *records)
{
  g_autoptr (GPtrArray) folders = g_ptr_array_new ();

  for (guint i = 0; i < records->len; i++)
    for (char **path = ((WorkerRecord *)records->pdata[i])->directories; *path; path++)
      g_ptr_array_add (folders, *path);
  g_ptr_array_sort (folders, compare_descending);
  for (guint i = 0; i < folders->len; i++)
    {
      g_autofree char *shown = places_show (places, folders->pdata[i]);

      write_entry (stream, "folder", shown, "", "");
    }
}

bool
inventory_run (const Configuration *configuration, FILE *stream, GError **error)
{
  g_autoptr (Ledger) ledger = ledger_open (configuration, NULL, error);
  g_autoptr (GPtrArray) records = ledger ? ledger_read_others (ledger, "", error) : NULL;

  if (!records)
    return false;
  for (guint i = 0; i < records->len; i++)
    write_worker (stream, ledger->places, records->pdata[i]);
  write_folders (stream, ledger->places, records);
  return (fflush (stream) == 0 && !ferror (stream)) || hive_error_set_errno (error, EIO, "Cannot write the inventory");
}
