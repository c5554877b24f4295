/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "registry.h"

#include <string.h>
#include <sys/stat.h>

#include "worker-id.h"

#define KEEP (2 * G_USEC_PER_SEC)

struct Registry
{
  Hive *hive;
  char *directory;
  WorkerRecord *record; /* the last one read: properties are asked for one by one */
  struct stat status;   /* of its file when it was read */
  sd_event_source *timer;
};

Registry *
registry_new (Hive *hive)
{
  Registry *registry = g_new0 (Registry, 1);

  registry->hive = hive;
  registry->directory = configuration_state_path (hive->configuration, "workers", NULL);
  return registry;
}

void
registry_free (Registry *registry)
{
  if (!registry)
    return;
  sd_event_source_disable_unref (registry->timer);
  worker_record_free (registry->record);
  g_free (registry->directory);
  g_free (registry);
}

static char *
registry_path (Registry *registry, const char *id)
{
  g_autofree char *name = g_strconcat (id, ".json", NULL);

  return g_build_filename (registry->directory, name, NULL);
}

static int
registry_on_stale (sd_event_source *source, uint64_t usec, void *userdata)
{
  Registry *registry = userdata;

  g_clear_pointer (&registry->record, worker_record_free);
  return 0;
}

static bool
registry_is_fresh (Registry *registry, const char *id, const struct stat *status)
{
  return registry->record && g_str_equal (registry->record->id, id) && registry->status.st_ino == status->st_ino &&
         registry->status.st_size == status->st_size && registry->status.st_mtim.tv_sec == status->st_mtim.tv_sec &&
         registry->status.st_mtim.tv_nsec == status->st_mtim.tv_nsec;
}

static void
registry_keep (Registry *registry, WorkerRecord *record, const struct stat *status)
{
  worker_record_free (registry->record);
  registry->record = record;
  registry->status = *status;
  registry->timer = sd_event_source_disable_unref (registry->timer);
  sd_event_add_time_relative (registry->hive->event, &registry->timer, CLOCK_MONOTONIC, KEEP, 0, registry_on_stale,
                              registry);
}

const WorkerRecord *
registry_get (Registry *registry, const char *id, GError **error)
{
  g_autofree char *path = registry_path (registry, id);
  struct stat status = { 0 };
  WorkerRecord *record;

  if (!worker_id_check (id, error))
    return NULL;
  if (stat (path, &status) == 0 && registry_is_fresh (registry, id, &status))
    return registry->record;
  record = worker_record_read (registry->directory, id, error);
  if (!record)
    return NULL;
  registry_keep (registry, record, &status);
  return record;
}

bool
registry_has (Registry *registry, const char *id)
{
  g_autofree char *path = registry_path (registry, id);
  struct stat status;

  return worker_id_is_valid (id) && stat (path, &status) == 0;
}

char *
registry_version (Registry *registry, const char *id)
{
  const WorkerRecord *record = registry_has (registry, id) ? registry_get (registry, id, NULL) : NULL;

  return g_strdup (record && record->version ? record->version : "");
}

static int
id_compare (const void *one, const void *other)
{
  return strcmp (*(char *const *)one, *(char *const *)other);
}

char **
registry_ids (Registry *registry)
{
  g_autoptr (GPtrArray) ids = g_ptr_array_new ();
  g_autoptr (GDir) directory = g_dir_open (registry->directory, 0, NULL);
  const char *name;

  while (directory && (name = g_dir_read_name (directory)))
    if (g_str_has_suffix (name, ".json"))
      {
        g_autofree char *id = g_strndup (name, strlen (name) - strlen (".json"));

        if (worker_id_is_valid (id))
          g_ptr_array_add (ids, g_steal_pointer (&id));
      }
  g_ptr_array_sort (ids, id_compare);
  g_ptr_array_add (ids, NULL);
  return (char **)g_ptr_array_free (g_steal_pointer (&ids), FALSE);
}
