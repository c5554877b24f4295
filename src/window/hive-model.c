/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hive-model.h"

#include <glib/gi18n.h>

#include "failure.h"
#include "job-words.h"
#include "names.h"

struct _HiveModel
{
  GObject parent;

  DbusHive *hive;
  GDBusObjectManager *manager;
  GVariant *catalog; /* aa{sv}; NULL: not known */
  GListStore *workers, *jobs, *instances;
  GHashTable *by_id; /* WorkerItem, of those in the list */
  char *failure, *catalog_failure;
  bool connecting, asking;
  guint idle;
  GCancellable *cancellable;
};

G_DEFINE_FINAL_TYPE (HiveModel, hive_model, G_TYPE_OBJECT)

static void
hive_model_changed (HiveModel *self)
{
  g_signal_emit_by_name (self, "changed");
}

static void
hive_model_fail (HiveModel *self, const GError *error)
{
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  self->connecting = false;
  g_free (self->failure);
  self->failure = failure_sentence (error);
  hive_model_changed (self);
}

static gint
hive_model_compare_jobs (const void *a, const void *b, void *userdata)
{
  guint64 first = dbus_hive_job_get_created_at ((DbusHiveJob *)a),
          second = dbus_hive_job_get_created_at ((DbusHiveJob *)b);

  return first < second ? -1 : first > second;
}

/* By id: what is installed, and the newest job of a worker that goes on; all jobs that do; and by name what runs. A
 * model may have a worker's name. */
static void
hive_model_collect (HiveModel *self, GHashTable *installed, GHashTable *active, GHashTable *jobs, GHashTable *running)
{
  GList *objects = g_dbus_object_manager_get_objects (self->manager);

  for (GList *object = objects; object; object = object->next)
    {
      DbusHiveWorker *worker = dbus_object_peek_hive_worker (object->data);
      DbusHiveJob *job = dbus_object_peek_hive_job (object->data);
      DbusHiveInstance *instance = dbus_object_peek_hive_instance (object->data);

      if (worker && dbus_hive_worker_get_id (worker))
        g_hash_table_insert (installed, g_strdup (dbus_hive_worker_get_id (worker)), worker);
      if (job && job_words_is_active (dbus_hive_job_get_state (job)))
        {
          g_hash_table_add (jobs, job);
          if (!g_str_has_prefix (dbus_hive_job_get_operation (job), "model_"))
            g_hash_table_insert (active, g_strdup (dbus_hive_job_get_worker_id (job)), job);
        }
      if (instance && dbus_hive_instance_get_name (instance))
        g_hash_table_insert (running, g_strdup (dbus_hive_instance_get_name (instance)), instance);
    }
  g_list_free_full (objects, g_object_unref);
}

static void
hive_model_sync_jobs (HiveModel *self, GHashTable *jobs)
{
  GHashTableIter iter;
  void *job;

  for (guint i = g_list_model_get_n_items (G_LIST_MODEL (self->jobs)); i-- > 0;)
    {
      g_autoptr (DbusHiveJob) old = g_list_model_get_item (G_LIST_MODEL (self->jobs), i);

      if (!g_hash_table_contains (jobs, old))
        g_list_store_remove (self->jobs, i);
    }
  g_hash_table_iter_init (&iter, jobs);
  while (g_hash_table_iter_next (&iter, &job, NULL))
    if (!g_list_store_find (self->jobs, job, NULL))
      g_list_store_insert_sorted (self->jobs, job, hive_model_compare_jobs, NULL);
}

static gint
hive_model_compare_instances (const void *a, const void *b, void *userdata)
{
  return g_strcmp0 (dbus_hive_instance_get_name ((DbusHiveInstance *)a),
                    dbus_hive_instance_get_name ((DbusHiveInstance *)b));
}

static void
hive_model_sync_instances (HiveModel *self, GHashTable *running)
{
  GHashTableIter iter;
  void *instance;

  for (guint i = g_list_model_get_n_items (G_LIST_MODEL (self->instances)); i-- > 0;)
    {
      g_autoptr (DbusHiveInstance) old = g_list_model_get_item (G_LIST_MODEL (self->instances), i);

      if (g_hash_table_lookup (running, dbus_hive_instance_get_name (old)) != old)
        g_list_store_remove (self->instances, i);
    }
  g_hash_table_iter_init (&iter, running);
  while (g_hash_table_iter_next (&iter, NULL, &instance))
    if (!g_list_store_find (self->instances, instance, NULL))
      g_list_store_insert_sorted (self->instances, instance, hive_model_compare_instances, NULL);
}

static WorkerItem *
hive_model_item (HiveModel *self, GHashTable *seen, const char *id)
{
  g_autoptr (WorkerItem) added = NULL;
  WorkerItem *item = hive_model_find_worker (self, id);

  if (!item)
    {
      item = added = worker_item_new (id);
      g_hash_table_insert (self->by_id, g_strdup (id), item);
      g_list_store_append (self->workers, item);
    }
  g_hash_table_add (seen, g_strdup (id));
  return item;
}

static void
hive_model_update_item (HiveModel *self, WorkerItem *item, GVariant *entry, GHashTable *installed, GHashTable *active)
{
  const char *id = worker_item_id (item);

  worker_item_update (item, entry, g_hash_table_lookup (installed, id), g_hash_table_lookup (active, id));
  g_signal_emit_by_name (self, "worker-changed", item);
}

static void
hive_model_sync_catalog (HiveModel *self, GHashTable *seen, GHashTable *installed, GHashTable *active)
{
  gsize n = self->catalog ? g_variant_n_children (self->catalog) : 0;

  for (gsize i = 0; i < n; i++)
    {
      g_autoptr (GVariant) entry = g_variant_get_child_value (self->catalog, i);
      const char *id = NULL;

      if (g_variant_lookup (entry, "id", "&s", &id) && !g_hash_table_contains (seen, id))
        hive_model_update_item (self, hive_model_item (self, seen, id), entry, installed, active);
    }
}

/* What no catalog has: installed from a recipe of one's own, or being so. */
static void
hive_model_sync_others (HiveModel *self, GHashTable *seen, GHashTable *of, GHashTable *installed, GHashTable *active)
{
  GHashTableIter iter;
  void *id;

  g_hash_table_iter_init (&iter, of);
  while (g_hash_table_iter_next (&iter, &id, NULL))
    if (!g_hash_table_contains (seen, id))
      hive_model_update_item (self, hive_model_item (self, seen, id), NULL, installed, active);
}

static gboolean
hive_model_sync (void *userdata)
{
  HiveModel *self = userdata;
  g_autoptr (GHashTable) installed = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GHashTable) active = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GHashTable) jobs = g_hash_table_new (NULL, NULL);
  g_autoptr (GHashTable) running = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  self->idle = 0;
  hive_model_collect (self, installed, active, jobs, running);
  hive_model_sync_jobs (self, jobs);
  hive_model_sync_instances (self, running);
  hive_model_sync_catalog (self, seen, installed, active);
  hive_model_sync_others (self, seen, installed, installed, active);
  hive_model_sync_others (self, seen, active, installed, active);
  for (guint i = g_list_model_get_n_items (G_LIST_MODEL (self->workers)); i-- > 0;)
    {
      g_autoptr (WorkerItem) item = g_list_model_get_item (G_LIST_MODEL (self->workers), i);

      if (!g_hash_table_contains (seen, worker_item_id (item)))
        {
          hive_model_update_item (self, item, NULL, installed, active);
          g_hash_table_remove (self->by_id, worker_item_id (item));
          g_list_store_remove (self->workers, i);
        }
    }
  hive_model_changed (self);
  return G_SOURCE_REMOVE;
}

/* Many changes at once are one. Of a hive that is away nothing is learned. */
static void
hive_model_queue (HiveModel *self)
{
  g_autofree char *owner = NULL;

  if (!self->manager)
    return;
  owner = g_dbus_object_manager_client_get_name_owner (G_DBUS_OBJECT_MANAGER_CLIENT (self->manager));
  if (owner && !self->idle)
    self->idle = g_idle_add (hive_model_sync, self);
}

static void
hive_model_on_catalog (GObject *source, GAsyncResult *result, void *userdata)
{
  g_autoptr (GVariant) workers = NULL;
  g_autoptr (GError) error = NULL;
  HiveModel *self;

  if (!dbus_hive_call_list_catalog_finish (DBUS_HIVE (source), &workers, result, &error) &&
      g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  self = userdata;
  self->asking = false;
  g_clear_pointer (&self->catalog_failure, g_free);
  if (workers)
    {
      g_clear_pointer (&self->catalog, g_variant_unref);
      self->catalog = g_steal_pointer (&workers);
    }
  else
    self->catalog_failure = failure_sentence (error);
  hive_model_queue (self);
  hive_model_changed (self);
}

static void
hive_model_ask_catalog (HiveModel *self)
{
  if (self->asking)
    return;
  self->asking = true;
  dbus_hive_call_list_catalog (self->hive, g_variant_new ("a{sv}", NULL), G_DBUS_CALL_FLAGS_NONE, G_MAXINT,
                               self->cancellable, hive_model_on_catalog, self);
}

static void
hive_model_on_properties (HiveModel *self, GDBusObjectProxy *object, GDBusProxy *interface)
{
  DbusHiveWorker *worker = dbus_object_peek_hive_worker (DBUS_OBJECT (object));
  WorkerItem *item = worker ? hive_model_find_worker (self, dbus_hive_worker_get_id (worker)) : NULL;

  if (item)
    g_signal_emit_by_name (item, "changed");
  hive_model_queue (self);
}

static void
hive_model_on_owner (HiveModel *self)
{
  g_autofree char *owner = g_dbus_object_manager_client_get_name_owner (G_DBUS_OBJECT_MANAGER_CLIENT (self->manager));

  if (!owner)
    return;
  g_clear_pointer (&self->failure, g_free);
  hive_model_queue (self);
  hive_model_ask_catalog (self);
}

static void
hive_model_watch (HiveModel *self)
{
  g_signal_connect_object (self->manager, "object-added", G_CALLBACK (hive_model_queue), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->manager, "object-removed", G_CALLBACK (hive_model_queue), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->manager, "interface-proxy-properties-changed", G_CALLBACK (hive_model_on_properties),
                           self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->hive, "notify::runs-workers", G_CALLBACK (hive_model_changed), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (self->manager, "notify::name-owner", G_CALLBACK (hive_model_on_owner), self,
                           G_CONNECT_SWAPPED);
  for (const char *const *name =
           (const char *const[]){ "worker-installed", "worker-removed", "devices-changed", "catalog-changed", NULL };
       *name; name++)
    g_signal_connect_object (self->hive, *name, G_CALLBACK (hive_model_ask_catalog), self, G_CONNECT_SWAPPED);
}

static void
hive_model_on_manager (GObject *source, GAsyncResult *result, void *userdata)
{
  g_autoptr (GError) error = NULL;
  GDBusObjectManager *manager = dbus_object_manager_client_new_finish (result, &error);
  HiveModel *self = userdata;

  if (!manager)
    {
      hive_model_fail (self, error);
      return;
    }
  self->connecting = false;
  self->manager = manager;
  hive_model_watch (self);
  hive_model_on_owner (self);
  hive_model_changed (self);
}

/* What the hive says of itself comes with the proxy, so an empty one says that nothing answers. */
static void
hive_model_on_version (GObject *source, GAsyncResult *result, void *userdata)
{
  g_autoptr (GVariant) answer = NULL;
  g_autoptr (GError) error = NULL;
  HiveModel *self = userdata;

  answer = g_dbus_proxy_call_finish (G_DBUS_PROXY (source), result, &error);
  if (!answer)
    {
      hive_model_fail (self, error);
      return;
    }
  dbus_object_manager_client_new (g_dbus_proxy_get_connection (G_DBUS_PROXY (source)),
                                  G_DBUS_OBJECT_MANAGER_CLIENT_FLAGS_NONE, HIVE_NAME, HIVE_PATH, self->cancellable,
                                  hive_model_on_manager, self);
}

static void
hive_model_on_hive (GObject *source, GAsyncResult *result, void *userdata)
{
  g_autoptr (GError) error = NULL;
  DbusHive *hive = dbus_hive_proxy_new_finish (result, &error);
  HiveModel *self = userdata;

  if (!hive)
    {
      hive_model_fail (self, error);
      return;
    }
  g_set_object (&self->hive, hive);
  g_object_unref (hive);
  g_dbus_proxy_call (G_DBUS_PROXY (self->hive), "org.freedesktop.DBus.Peer.Ping", NULL, G_DBUS_CALL_FLAGS_NONE, -1,
                     self->cancellable, hive_model_on_version, self);
}

static void
hive_model_on_bus (GObject *source, GAsyncResult *result, void *userdata)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GDBusConnection) bus = g_bus_get_finish (result, &error);
  HiveModel *self = userdata;

  if (!bus)
    {
      if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        g_prefix_error (&error, "%s: ", _ ("Cannot reach the system bus"));
      hive_model_fail (self, error);
      return;
    }
  g_dbus_connection_set_exit_on_close (bus, FALSE);
  dbus_hive_proxy_new (bus, G_DBUS_PROXY_FLAGS_NONE, HIVE_NAME, HIVE_PATH, self->cancellable, hive_model_on_hive, self);
}

void
hive_model_reload (HiveModel *self)
{
  g_clear_pointer (&self->failure, g_free);
  if (self->manager)
    hive_model_ask_catalog (self);
  else if (!self->connecting)
    {
      self->connecting = true;
      g_bus_get (G_BUS_TYPE_SYSTEM, self->cancellable, hive_model_on_bus, self);
    }
  hive_model_changed (self);
}

static void
hive_model_finalize (GObject *object)
{
  HiveModel *self = HIVE_MODEL (object);

  g_cancellable_cancel (self->cancellable);
  g_clear_handle_id (&self->idle, g_source_remove);
  g_clear_object (&self->manager);
  g_clear_object (&self->hive);
  g_hash_table_unref (self->by_id);
  g_clear_object (&self->workers);
  g_clear_object (&self->jobs);
  g_clear_object (&self->instances);
  g_clear_object (&self->cancellable);
  g_clear_pointer (&self->catalog, g_variant_unref);
  g_free (self->failure);
  g_free (self->catalog_failure);
  G_OBJECT_CLASS (hive_model_parent_class)->finalize (object);
}

static void
hive_model_class_init (HiveModelClass *class)
{
  G_OBJECT_CLASS (class)->finalize = hive_model_finalize;
  g_signal_new ("changed", HIVE_TYPE_MODEL, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  g_signal_new ("worker-changed", HIVE_TYPE_MODEL, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1,
                WORKER_TYPE_ITEM);
}

static void
hive_model_init (HiveModel *self)
{
  self->workers = g_list_store_new (WORKER_TYPE_ITEM);
  self->jobs = g_list_store_new (DBUS_TYPE_HIVE_JOB);
  self->instances = g_list_store_new (DBUS_TYPE_HIVE_INSTANCE);
  self->by_id = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->cancellable = g_cancellable_new ();
  hive_model_reload (self);
}

HiveModel *
hive_model_new (void)
{
  return g_object_new (HIVE_TYPE_MODEL, NULL);
}

bool
hive_model_is_here (HiveModel *self)
{
  return self->manager != NULL;
}

bool
hive_model_runs_workers (HiveModel *self)
{
  g_autoptr (GVariant) said =
      self->hive ? g_dbus_proxy_get_cached_property (G_DBUS_PROXY (self->hive), "RunsWorkers") : NULL;

  return !said || g_variant_get_boolean (said);
}

const char *
hive_model_failure (HiveModel *self)
{
  return self->failure;
}

const char *
hive_model_catalog_failure (HiveModel *self)
{
  return self->catalog_failure;
}

bool
hive_model_is_loading (HiveModel *self)
{
  return self->connecting || self->asking;
}

GListModel *
hive_model_workers (HiveModel *self)
{
  return G_LIST_MODEL (self->workers);
}

GListModel *
hive_model_jobs (HiveModel *self)
{
  return G_LIST_MODEL (self->jobs);
}

GListModel *
hive_model_instances (HiveModel *self)
{
  return G_LIST_MODEL (self->instances);
}

WorkerItem *
hive_model_find_worker (HiveModel *self, const char *id)
{
  return id ? g_hash_table_lookup (self->by_id, id) : NULL;
}

DbusHiveInstance *
hive_model_find_instance (HiveModel *self, const char *name)
{
  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (self->instances)); i++)
    {
      g_autoptr (DbusHiveInstance) instance = g_list_model_get_item (G_LIST_MODEL (self->instances), i);

      if (g_strcmp0 (dbus_hive_instance_get_name (instance), name) == 0)
        return instance;
    }
  return NULL;
}

DbusHive *
hive_model_hive (HiveModel *self)
{
  return self->hive;
}
