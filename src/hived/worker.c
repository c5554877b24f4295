/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "worker.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "authority.h"
#include "bus-dict.h"
#include "bus-nodes.h"
#include "error.h"
#include "job.h"
#include "json.h"
#include "kept-version.h"
#include "run-rule.h"
#include "updates.h"
#include "verification.h"
#include "worker-id.h"

/* A bus drops who sends more than it takes, which is 32 MiB mostly, and a package decides how long its names are. */
#define FILES_MAX 10000              /* of an answer */
#define PART_SIZE (1024 * 1024)      /* bytes of their names after which an answer ends */
#define ALL_SIZE  (16 * 1024 * 1024) /* likewise, of all workers together */

static const struct
{
  const char *property, *key;
  size_t offset;
} worker_strings[] = {
  { "Id", "id", offsetof (WorkerRecord, id) },
  { "Name", "name", offsetof (WorkerRecord, name) },
  { "Version", "version", offsetof (WorkerRecord, version) },
  { "PkgName", "pkgname", offsetof (WorkerRecord, pkgname) },
  { "PkgVer", "pkgver", offsetof (WorkerRecord, pkgver) },
  { "PkgRel", "pkgrel", offsetof (WorkerRecord, pkgrel) },
  { "Description", "description", offsetof (WorkerRecord, description) },
  { "License", "license", offsetof (WorkerRecord, license) },
  { "Backend", "backend", offsetof (WorkerRecord, backend) },
  { "Cpu", "cpu", offsetof (WorkerRecord, cpu) },
  { "Source", "source", offsetof (WorkerRecord, source) },
  { "Catalog", "catalog", offsetof (WorkerRecord, catalog) },
  { "CatalogName", "catalog_name", offsetof (WorkerRecord, catalog_name) },
  { "RecipeSha256", "recipe_sha256", offsetof (WorkerRecord, recipe_sha256) },
};

static const char *
worker_string (const WorkerRecord *record, size_t offset)
{
  const char *string = offset == offsetof (WorkerRecord, name) ? worker_record_name (record) :
                                                                 *(char *const *)((const char *)record + offset);

  return string ? string : "";
}

char *
worker_path (const char *id)
{
  char *encoded = NULL;
  char *path;

  if (sd_bus_path_encode (WORKER_PREFIX, id, &encoded) < 0)
    g_error ("Out of memory");
  path = g_strdup (encoded);
  free (encoded);
  return path;
}

/* Whole paths on this machine: all, or the first of them. All workers may be asked for in one message. */
static char **
worker_files (Hive *hive, const WorkerRecord *record)
{
  g_auto (GStrv) ids = registry_ids (hive->registry);
  size_t left = MIN (PART_SIZE, ALL_SIZE / MAX (g_strv_length (ids), 1));
  GPtrArray *files = g_ptr_array_new ();

  for (guint i = 0; record->files && i < record->files->len; i++)
    {
      const WorkerFile *file = record->files->pdata[i];
      char *path = configuration_installed_path (hive->configuration, file->path);
      size_t size = strlen (path);

      if (size > left)
        {
          g_free (path);
          break;
        }
      left -= size;
      g_ptr_array_add (files, path);
    }
  g_ptr_array_add (files, NULL);
  return (char **)g_ptr_array_free (files, FALSE);
}

/* An a{sv}: what StartWorker would take. Empty where nobody says how it is run, or where run.conf is broken, which a
 * start tells. */
static int
worker_append_run (sd_bus_message *message, const RunRule *rule)
{
  int r = sd_bus_message_open_container (message, 'a', "{sv}");
  const char *listen = !rule ? NULL : rule->key_arguments ? "any" : rule->keyless ? "loopback" : "unix";

  if (r >= 0 && rule &&
      ((r = bus_dict_append_bool (message, "takes_model", rule->model_arguments != NULL)) < 0 ||
       (r = bus_dict_append_bool (message, "takes_context", rule->context_arguments != NULL)) < 0 ||
       (r = bus_dict_append_strings (message, "formats", rule->formats)) < 0 ||
       (r = bus_dict_append_string (message, "listen", listen)) < 0 ||
       (r = bus_dict_append_string (message, "api", rule->api)) < 0 ||
       (r = bus_dict_append_string (message, "web_ui", rule->web_ui)) < 0))
    return r;
  return r < 0 ? r : sd_bus_message_close_container (message);
}

/* The entry `run` of an a{sv}. */
static int
worker_append_run_entry (sd_bus_message *message, const RunRule *rule)
{
  int r;

  if (!rule)
    return 0;
  if ((r = sd_bus_message_open_container (message, 'e', "sv")) < 0 ||
      (r = sd_bus_message_append (message, "s", "run")) < 0 ||
      (r = sd_bus_message_open_container (message, 'v', "a{sv}")) < 0 || (r = worker_append_run (message, rule)) < 0 ||
      (r = sd_bus_message_close_container (message)) < 0)
    return r;
  return sd_bus_message_close_container (message);
}

int
worker_append (Hive *hive, sd_bus_message *message, const WorkerRecord *record)
{
  g_auto (GStrv) files = worker_files (hive, record);
  g_autofree char *binary = configuration_installed_path (hive->configuration, record->binary ? record->binary : "");
  g_autofree char *before = kept_version_newest (hive->configuration, record->id);
  g_autoptr (RunRule) rule = run_rule_of_worker (hive->configuration, record, NULL);
  int r;

  r = sd_bus_message_open_container (message, 'a', "{sv}");
  for (gsize i = 0; r >= 0 && i < G_N_ELEMENTS (worker_strings); i++)
    r = bus_dict_append_string (message, worker_strings[i].key, worker_string (record, worker_strings[i].offset));
  if (r < 0 || (r = bus_dict_append_string (message, "binary", binary)) < 0 ||
      (r = bus_dict_append_uint64 (message, "installed_at", record->installed_at)) < 0 ||
      (r = bus_dict_append_uint32 (message, "installed_by", record->installed_by)) < 0 ||
      (r = bus_dict_append_uint64 (message, "size", record->size)) < 0 ||
      (r = bus_dict_append_strings (message, "files", files)) < 0 ||
      (r = bus_dict_append_string (message, "rollback_version", before)) < 0 ||
      (r = bus_dict_append_string (message, "update_version",
                                   updates_version (hive->updates, record->id, record->version))) < 0 ||
      (r = worker_append_run_entry (message, rule)) < 0)
    return r;
  return sd_bus_message_close_container (message);
}

static int
worker_get_string (sd_bus *bus, const char *path, const char *interface, const char *property, sd_bus_message *reply,
                   void *userdata, sd_bus_error *error)
{
  const WorkerRecord *record = userdata;

  for (gsize i = 0; i < G_N_ELEMENTS (worker_strings); i++)
    if (g_str_equal (worker_strings[i].property, property))
      return sd_bus_message_append (reply, "s", worker_string (record, worker_strings[i].offset));
  return -ENOENT;
}

/* A handler is given what worker_find() found, a record; the hive is what the vtable was added with. */
static Hive *
worker_hive (sd_bus *bus)
{
  return sd_bus_slot_get_userdata (sd_bus_get_current_slot (bus));
}

static int
worker_get_binary (sd_bus *bus, const char *path, const char *interface, const char *property, sd_bus_message *reply,
                   void *userdata, sd_bus_error *error)
{
  const WorkerRecord *record = userdata;
  g_autofree char *binary =
      configuration_installed_path (worker_hive (bus)->configuration, record->binary ? record->binary : "");

  return sd_bus_message_append (reply, "s", binary);
}

static int
worker_get_files (sd_bus *bus, const char *path, const char *interface, const char *property, sd_bus_message *reply,
                  void *userdata, sd_bus_error *error)
{
  g_auto (GStrv) files = worker_files (worker_hive (bus), userdata);

  return sd_bus_message_append_strv (reply, files);
}

/* What it can be changed to, which is not a part of its record. */
static int
worker_get_other_version (sd_bus *bus, const char *path, const char *interface, const char *property,
                          sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
  const WorkerRecord *record = userdata;
  g_autofree char *before = NULL;

  if (g_str_equal (property, "UpdateVersion"))
    return sd_bus_message_append (reply, "s",
                                  updates_version (worker_hive (bus)->updates, record->id, record->version));
  before = kept_version_newest (worker_hive (bus)->configuration, record->id);
  return sd_bus_message_append (reply, "s", before);
}

static int
worker_get_build (sd_bus *bus, const char *path, const char *interface, const char *property, sd_bus_message *reply,
                  void *userdata, sd_bus_error *error)
{
  const WorkerRecord *record = userdata;
  g_autofree char *text = record->build ? json_to_text (record->build, false) : g_strdup ("");

  return sd_bus_message_append (reply, "s", text);
}

static int
worker_get_run (sd_bus *bus, const char *path, const char *interface, const char *property, sd_bus_message *reply,
                void *userdata, sd_bus_error *error)
{
  const WorkerRecord *record = userdata;
  g_autoptr (RunRule) rule = run_rule_of_worker (worker_hive (bus)->configuration, record, NULL);

  return worker_append_run (reply, rule);
}

static int
worker_get_number (sd_bus *bus, const char *path, const char *interface, const char *property, sd_bus_message *reply,
                   void *userdata, sd_bus_error *error)
{
  const WorkerRecord *record = userdata;

  if (g_str_equal (property, "InstalledBy"))
    return sd_bus_message_append (reply, "u", (uint32_t)record->installed_by);
  return sd_bus_message_append (reply, "t", g_str_equal (property, "Size") ? record->size : record->installed_at);
}

static int
worker_method_remove (sd_bus_message *message, void *userdata, sd_bus_error *error)
{
  const WorkerRecord *record = userdata;
  Hive *hive = worker_hive (sd_bus_message_get_bus (message));
  g_autofree char *id = g_strdup (record->id);
  g_autoptr (GError) failure = NULL;
  uid_t uid;
  Job *job;
  int r;

  if (!hive_check_remove (hive, id, NULL, &failure))
    return bus_error_from_gerror (error, failure);
  r = authority_check (hive->authority, message, &(AuthRequest){ .action = ACTION_REMOVE_WORKER, .worker = id }, &uid,
                       error);
  if (r != 0)
    return r;
  job = hive_remove (hive, id, NULL, uid, &failure);
  return job_reply (job, failure, message, error);
}

static int
worker_method_upgrade (sd_bus_message *message, void *userdata, sd_bus_error *error)
{
  const WorkerRecord *record = userdata;
  Hive *hive = worker_hive (sd_bus_message_get_bus (message));
  g_autofree char *id = g_strdup (record->id);

  return updates_upgrade (hive, message, id, &(ChangeOptions)CHANGE_OPTIONS_NONE, error);
}

static int
worker_method_rollback (sd_bus_message *message, void *userdata, sd_bus_error *error)
{
  const WorkerRecord *record = userdata;
  Hive *hive = worker_hive (sd_bus_message_get_bus (message));
  g_autofree char *id = g_strdup (record->id);

  return updates_rollback (hive, message, id, &(ChangeOptions)CHANGE_OPTIONS_NONE, error);
}

static int
worker_method_verify (sd_bus_message *message, void *userdata, sd_bus_error *error)
{
  const WorkerRecord *record = userdata;
  Hive *hive = worker_hive (sd_bus_message_get_bus (message));

  return verifications_start (hive->verifications, message, record->id, error);
}

/* An a{sv}. @size: what its names take is added. */
static int
worker_append_file (Hive *hive, sd_bus_message *message, const WorkerFile *file, size_t *size)
{
  g_autofree char *path = configuration_installed_path (hive->configuration, file->path);
  g_autofree char *mode = g_strdup_printf ("%04o", file->mode);
  int r;

  *size += strlen (path) + (file->symlink ? strlen (file->target) : 0);
  if ((r = sd_bus_message_open_container (message, 'a', "{sv}")) < 0 ||
      (r = bus_dict_append_string (message, "path", path)) < 0 ||
      (r = bus_dict_append_string (message, "type", file->symlink ? "symlink" : "file")) < 0)
    return r;
  if (file->symlink)
    r = bus_dict_append_string (message, "target", file->target);
  else if ((r = bus_dict_append_string (message, "mode", mode)) >= 0 &&
           (r = bus_dict_append_uint64 (message, "size", file->size)) >= 0)
    r = bus_dict_append_string (message, "sha256", file->sha256);
  return r < 0 ? r : sd_bus_message_close_container (message);
}

static int
worker_append_files (Hive *hive, sd_bus_message *message, const WorkerRecord *record, uint32_t from, uint32_t max)
{
  uint32_t count = record->files ? record->files->len : 0;
  int r = sd_bus_message_open_container (message, 'a', "a{sv}");
  size_t size = 0;

  for (uint32_t i = from; r >= 0 && i < count && i - from < max && size < PART_SIZE; i++)
    r = worker_append_file (hive, message, record->files->pdata[i], &size);
  return r < 0 ? r : sd_bus_message_close_container (message);
}

static int
worker_method_list_files (sd_bus_message *message, void *userdata, sd_bus_error *error)
{
  Hive *hive = worker_hive (sd_bus_message_get_bus (message));
  sd_bus_message *reply = NULL;
  uint32_t from, max;
  int r;

  if ((r = sd_bus_message_read (message, "uu", &from, &max)) < 0 ||
      (r = sd_bus_message_new_method_return (message, &reply)) < 0)
    return r;
  r = worker_append_files (hive, reply, userdata, from, max == 0 ? FILES_MAX : MIN (max, FILES_MAX));
  return bus_reply_send (reply, r);
}

static const sd_bus_vtable worker_vtable[] = {
  SD_BUS_VTABLE_START (0),
  SD_BUS_METHOD_WITH_ARGS ("Remove", SD_BUS_NO_ARGS, SD_BUS_RESULT ("o", job), worker_method_remove,
                           SD_BUS_VTABLE_UNPRIVILEGED),
  SD_BUS_METHOD_WITH_ARGS ("Upgrade", SD_BUS_NO_ARGS, SD_BUS_RESULT ("o", job), worker_method_upgrade,
                           SD_BUS_VTABLE_UNPRIVILEGED),
  SD_BUS_METHOD_WITH_ARGS ("Rollback", SD_BUS_NO_ARGS, SD_BUS_RESULT ("o", job), worker_method_rollback,
                           SD_BUS_VTABLE_UNPRIVILEGED),
  SD_BUS_METHOD_WITH_ARGS ("Verify", SD_BUS_NO_ARGS, SD_BUS_RESULT ("a(ss)", problems), worker_method_verify,
                           SD_BUS_VTABLE_UNPRIVILEGED),
  SD_BUS_METHOD_WITH_ARGS ("ListFiles", SD_BUS_ARGS ("u", from, "u", max), SD_BUS_RESULT ("aa{sv}", files),
                           worker_method_list_files, SD_BUS_VTABLE_UNPRIVILEGED),
  SD_BUS_PROPERTY ("Id", "s", worker_get_string, 0, SD_BUS_VTABLE_PROPERTY_CONST),
  SD_BUS_PROPERTY ("Name", "s", worker_get_string, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
  SD_BUS_PROPERTY ("Version", "s", worker_get_string, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
  SD_BUS_PROPERTY ("PkgName", "s", worker_get_string, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
  SD_BUS_PROPERTY ("PkgVer", "s", worker_get_string, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
  SD_BUS_PROPERTY ("PkgRel", "s", worker_get_string, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
  SD_BUS_PROPERTY ("Description", "s", worker_get_string, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
  SD_BUS_PROPERTY ("License", "s", worker_get_string, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
  SD_BUS_PROPERTY ("Backend", "s", worker_get_string, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
  SD_BUS_PROPERTY ("Cpu", "s", worker_get_string, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
  SD_BUS_PROPERTY ("Source", "s", worker_get_string, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
  SD_BUS_PROPERTY ("Catalog", "s", worker_get_string, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
  SD_BUS_PROPERTY ("CatalogName", "s", worker_get_string, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
  SD_BUS_PROPERTY ("RecipeSha256", "s", worker_get_string, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
  SD_BUS_PROPERTY ("Build", "s", worker_get_build, 0, SD_BUS_VTABLE_PROPERTY_EMITS_INVALIDATION),
  SD_BUS_PROPERTY ("Binary", "s", worker_get_binary, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
  SD_BUS_PROPERTY ("InstalledAt", "t", worker_get_number, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
  SD_BUS_PROPERTY ("InstalledBy", "u", worker_get_number, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
  SD_BUS_PROPERTY ("Size", "t", worker_get_number, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
  SD_BUS_PROPERTY ("Files", "as", worker_get_files, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
  SD_BUS_PROPERTY ("RollbackVersion", "s", worker_get_other_version, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
  SD_BUS_PROPERTY ("UpdateVersion", "s", worker_get_other_version, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
  SD_BUS_PROPERTY ("Run", "a{sv}", worker_get_run, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
  SD_BUS_VTABLE_END,
};

static int
worker_find (sd_bus *bus, const char *path, const char *interface, void *userdata, void **ret_found,
             sd_bus_error *error)
{
  Hive *hive = userdata;
  const WorkerRecord *record;
  char *id = NULL;
  int r;

  r = sd_bus_path_decode (path, WORKER_PREFIX, &id);
  if (r <= 0)
    return r;
  record = worker_id_is_valid (id) ? registry_get (hive->registry, id, NULL) : NULL;
  free (id);
  *ret_found = (void *)record;
  return record != NULL;
}

static int
worker_enumerate (sd_bus *bus, const char *prefix, void *userdata, char ***ret_nodes, sd_bus_error *error)
{
  Hive *hive = userdata;
  g_auto (GStrv) ids = registry_ids (hive->registry);

  return bus_nodes (WORKER_PREFIX, ids, ret_nodes);
}

int
worker_publish (Hive *hive)
{
  int r;

  r = sd_bus_add_fallback_vtable (hive->bus, NULL, WORKER_PREFIX, WORKER_INTERFACE, worker_vtable, worker_find, hive);
  if (r < 0)
    return r;
  return sd_bus_add_node_enumerator (hive->bus, NULL, WORKER_PREFIX, worker_enumerate, hive);
}

void
worker_announce_installed (Hive *hive, const char *id, bool replaced)
{
  g_autofree char *path = worker_path (id);
  g_autofree char *version = registry_version (hive->registry, id);

  if (replaced)
    sd_bus_emit_properties_changed (hive->bus, path, WORKER_INTERFACE, "Name", "Version", "PkgName", "PkgVer", "PkgRel",
                                    "Description", "License", "Backend", "Cpu", "Source", "Catalog", "CatalogName",
                                    "RecipeSha256", "Build", "Binary", "InstalledAt", "InstalledBy", "Size", "Files",
                                    "RollbackVersion", "UpdateVersion", "Run", NULL);
  else
    sd_bus_emit_object_added (hive->bus, path);
  sd_bus_emit_signal (hive->bus, HIVE_PATH, HIVE_INTERFACE, "WorkerInstalled", "ss", id, version);
}

void
worker_announce_removed (Hive *hive, const char *id)
{
  g_autofree char *path = worker_path (id);

  sd_bus_emit_interfaces_removed (hive->bus, path, WORKER_INTERFACE, NULL);
  sd_bus_emit_signal (hive->bus, HIVE_PATH, HIVE_INTERFACE, "WorkerRemoved", "s", id);
}

void
worker_announce_update (Hive *hive, const char *id)
{
  g_autofree char *path = worker_path (id);

  sd_bus_emit_properties_changed (hive->bus, path, WORKER_INTERFACE, "UpdateVersion", NULL);
}

void
worker_announce_run (Hive *hive, const char *id)
{
  g_autofree char *path = worker_path (id);

  sd_bus_emit_properties_changed (hive->bus, path, WORKER_INTERFACE, "Run", NULL);
}
