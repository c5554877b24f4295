/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "worker-item.h"

#include <string.h>

struct _WorkerItem
{
  GObject parent;

  char *id;
  GVariant *entry;
  DbusHiveWorker *installed;
  DbusHiveJob *job;
};

G_DEFINE_FINAL_TYPE (WorkerItem, worker_item, G_TYPE_OBJECT)

static void
worker_item_finalize (GObject *object)
{
  WorkerItem *self = WORKER_ITEM (object);

  g_free (self->id);
  g_clear_pointer (&self->entry, g_variant_unref);
  g_clear_object (&self->installed);
  g_clear_object (&self->job);
  G_OBJECT_CLASS (worker_item_parent_class)->finalize (object);
}

static void
worker_item_class_init (WorkerItemClass *class)
{
  G_OBJECT_CLASS (class)->finalize = worker_item_finalize;
  g_signal_new ("changed", WORKER_TYPE_ITEM, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
worker_item_init (WorkerItem *self)
{
}

WorkerItem *
worker_item_new (const char *id)
{
  WorkerItem *self = g_object_new (WORKER_TYPE_ITEM, NULL);

  self->id = g_strdup (id);
  return self;
}

void
worker_item_update (WorkerItem *self, GVariant *entry, DbusHiveWorker *installed, DbusHiveJob *job)
{
  g_autoptr (GVariant) old = g_steal_pointer (&self->entry);
  bool same = old == entry || (old && entry && g_variant_equal (old, entry));

  self->entry = entry ? g_variant_ref (entry) : NULL;
  same = !g_set_object (&self->installed, installed) && same;
  same = !g_set_object (&self->job, job) && same;
  if (!same)
    g_signal_emit_by_name (self, "changed");
}

const char *
worker_item_text (WorkerItem *self, const char *key)
{
  const char *text = "";

  if (self->entry)
    g_variant_lookup (self->entry, key, "&s", &text);
  return text;
}

GStrv
worker_item_list (WorkerItem *self, const char *key)
{
  GStrv list = NULL;

  if (!self->entry || !g_variant_lookup (self->entry, key, "^as", &list))
    list = g_new0 (char *, 1);
  return list;
}

WorkerSection
worker_item_section (WorkerItem *self)
{
  g_auto (GStrv) missing = worker_item_list (self, "missing");
  gboolean compatible = TRUE;

  if (self->installed)
    return SECTION_INSTALLED;
  if (self->entry)
    g_variant_lookup (self->entry, "compatible", "b", &compatible);
  if (!compatible)
    return SECTION_UNFIT;
  return *missing ? SECTION_LACKING : SECTION_READY;
}

const char *
worker_item_id (WorkerItem *self)
{
  return self->id;
}

/* What the hive noted, as jobs have it; where that was nothing, which is the id, the catalog's. A recipe of one's own
 * is not what a catalog has by that id. */
const char *
worker_item_name (WorkerItem *self)
{
  const char *noted = self->installed ? dbus_hive_worker_get_name (self->installed) : NULL;
  bool own = self->installed && g_strcmp0 (dbus_hive_worker_get_source (self->installed), "recipe") == 0;
  const char *name = noted && *noted && !g_str_equal (noted, self->id) ? noted :
                     own                                               ? self->id :
                                                                         worker_item_text (self, "name");

  return *name ? name : self->id;
}

const char *
worker_item_description (WorkerItem *self)
{
  const char *said = worker_item_text (self, "description");

  if (!*said && self->installed)
    said = dbus_hive_worker_get_description (self->installed);
  return said ? said : "";
}

const char *
worker_item_version (WorkerItem *self)
{
  const char *version = self->installed ? dbus_hive_worker_get_version (self->installed) : NULL;

  return version ? version : worker_item_text (self, "version");
}

char *
worker_item_facts (WorkerItem *self)
{
  g_auto (GStrv) backends = worker_item_list (self, "backends");
  g_auto (GStrv) formats = worker_item_list (self, "supported_formats");
  g_autofree char *computes = g_strjoinv (", ", backends);
  g_autofree char *reads = g_strjoinv (", ", formats);
  const char *facts[] = { worker_item_version (self), worker_item_text (self, "license"), computes, reads };
  GString *line = g_string_new (NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (facts); i++)
    if (*facts[i])
      g_string_append_printf (line, "%s%s", line->len > 0 ? " · " : "", facts[i]);
  return g_string_free (line, FALSE);
}

const char *
worker_item_update_version (WorkerItem *self)
{
  const char *version = self->installed ? dbus_hive_worker_get_update_version (self->installed) : NULL;

  return version ? version : "";
}

GVariant *
worker_item_run (WorkerItem *self)
{
  GVariant *run = self->installed ? dbus_hive_worker_get_run (self->installed) : NULL;

  return run && g_variant_n_children (run) > 0 ? run : NULL;
}

GVariant *
worker_item_entry (WorkerItem *self)
{
  return self->entry;
}

DbusHiveWorker *
worker_item_installed (WorkerItem *self)
{
  return self->installed;
}

DbusHiveJob *
worker_item_job (WorkerItem *self)
{
  return self->job;
}

bool
worker_item_matches (WorkerItem *self, const char *words)
{
  g_autofree char *whole = NULL;
  g_autofree char *folded = NULL;
  g_autofree char *wanted = NULL;

  if (!words || !*words)
    return true;
  whole = g_strjoin (" ", self->id, worker_item_name (self), worker_item_description (self), NULL);
  folded = g_utf8_casefold (whole, -1);
  wanted = g_utf8_casefold (words, -1);
  return strstr (folded, wanted) != NULL;
}
