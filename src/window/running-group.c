/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "running-group.h"

#include <glib/gi18n.h>

#include "instance-row.h"

struct _RunningGroup
{
  AdwPreferencesGroup parent;

  GtkListBox *list;
  GtkFilter *filter;
  GtkFilterListModel *shown; /* NULL: of no model yet */
  char *worker;
};

G_DEFINE_FINAL_TYPE (RunningGroup, running_group, ADW_TYPE_PREFERENCES_GROUP)

static gboolean
running_group_has (void *instance, void *userdata)
{
  RunningGroup *self = userdata;

  return !self->worker || g_strcmp0 (dbus_hive_instance_get_worker_id (instance), self->worker) == 0;
}

static GtkWidget *
running_group_make_row (void *instance, void *userdata)
{
  return instance_row_new (instance);
}

static void
running_group_update (RunningGroup *self)
{
  gtk_widget_set_visible (GTK_WIDGET (self), g_list_model_get_n_items (G_LIST_MODEL (self->shown)) > 0);
}

void
running_group_show (RunningGroup *self, HiveModel *model, const char *worker_id)
{
  g_free (self->worker);
  self->worker = g_strdup (worker_id);
  if (self->shown)
    {
      gtk_filter_changed (self->filter, GTK_FILTER_CHANGE_DIFFERENT);
      return;
    }
  self->filter = GTK_FILTER (gtk_custom_filter_new (running_group_has, self, NULL));
  self->shown = gtk_filter_list_model_new (g_object_ref (hive_model_instances (model)), g_object_ref (self->filter));
  gtk_list_box_bind_model (self->list, G_LIST_MODEL (self->shown), running_group_make_row, NULL, NULL);
  g_signal_connect_object (self->shown, "items-changed", G_CALLBACK (running_group_update), self, G_CONNECT_SWAPPED);
  running_group_update (self);
}

static void
running_group_dispose (GObject *object)
{
  RunningGroup *self = RUNNING_GROUP (object);

  if (self->shown)
    gtk_list_box_bind_model (self->list, NULL, NULL, NULL, NULL);
  g_clear_object (&self->shown);
  g_clear_object (&self->filter);
  G_OBJECT_CLASS (running_group_parent_class)->dispose (object);
}

static void
running_group_finalize (GObject *object)
{
  g_free (RUNNING_GROUP (object)->worker);
  G_OBJECT_CLASS (running_group_parent_class)->finalize (object);
}

static void
running_group_class_init (RunningGroupClass *class)
{
  G_OBJECT_CLASS (class)->dispose = running_group_dispose;
  G_OBJECT_CLASS (class)->finalize = running_group_finalize;
}

static void
running_group_init (RunningGroup *self)
{
  const char *title = C_ ("workers", "Running");

  self->list = GTK_LIST_BOX (gtk_list_box_new ());
  gtk_list_box_set_selection_mode (self->list, GTK_SELECTION_NONE);
  gtk_widget_add_css_class (GTK_WIDGET (self->list), "boxed-list");
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->list), GTK_ACCESSIBLE_PROPERTY_LABEL, title, -1);
  adw_preferences_group_set_title (ADW_PREFERENCES_GROUP (self), title);
  adw_preferences_group_add (ADW_PREFERENCES_GROUP (self), GTK_WIDGET (self->list));
  gtk_widget_set_visible (GTK_WIDGET (self), FALSE);
}
