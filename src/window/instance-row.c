/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "instance-row.h"

#include <glib/gi18n.h>

#include "failure.h"
#include "instance-words.h"

struct _InstanceRow
{
  AdwActionRow parent;

  DbusHiveInstance *instance;
  GtkWidget *copy, *restart, *stop;
};

G_DEFINE_FINAL_TYPE (InstanceRow, instance_row, ADW_TYPE_ACTION_ROW)

static void
instance_row_update (InstanceRow *self)
{
  const char *state = dbus_hive_instance_get_state (self->instance);
  g_autofree char *text = instance_words_describe (self->instance);
  bool failed = g_strcmp0 (state, "failed") == 0;

  adw_action_row_set_subtitle (ADW_ACTION_ROW (self), text);
  adw_action_row_set_subtitle_lines (ADW_ACTION_ROW (self), failed ? 0 : 2);
  gtk_widget_set_visible (self->copy, !failed);
}

/* ---- what one does ---- */

static void
instance_row_on_done (GObject *source, GAsyncResult *result, void *userdata)
{
  g_autoptr (InstanceRow) self = userdata;
  g_autoptr (GVariant) answer = NULL;
  g_autoptr (GError) error = NULL;

  answer = g_dbus_proxy_call_finish (G_DBUS_PROXY (source), result, &error);
  gtk_widget_set_sensitive (self->restart, TRUE);
  gtk_widget_set_sensitive (self->stop, TRUE);
  if (!answer)
    failure_present (GTK_WIDGET (self), dbus_hive_instance_get_name (self->instance), error);
}

/* One call, one question: while it is open nothing else is asked. */
static void
instance_row_call (InstanceRow *self, const char *method)
{
  gtk_widget_set_sensitive (self->restart, FALSE);
  gtk_widget_set_sensitive (self->stop, FALSE);
  g_dbus_proxy_call (G_DBUS_PROXY (self->instance), method, NULL, G_DBUS_CALL_FLAGS_ALLOW_INTERACTIVE_AUTHORIZATION,
                     G_MAXINT, NULL, instance_row_on_done, g_object_ref (self));
}

static void
instance_row_on_stop (InstanceRow *self)
{
  instance_row_call (self, "Stop");
}

static void
instance_row_on_restart (InstanceRow *self)
{
  instance_row_call (self, "Restart");
}

static void
instance_row_on_copy (InstanceRow *self)
{
  gdk_clipboard_set_text (gtk_widget_get_clipboard (GTK_WIDGET (self)),
                          dbus_hive_instance_get_address (self->instance));
  gtk_widget_activate_action (GTK_WIDGET (self), "win.toast", "s", _ ("Copied"));
}

/* ---- itself ---- */

static void
instance_row_dispose (GObject *object)
{
  g_clear_object (&INSTANCE_ROW (object)->instance);
  G_OBJECT_CLASS (instance_row_parent_class)->dispose (object);
}

static void
instance_row_class_init (InstanceRowClass *class)
{
  G_OBJECT_CLASS (class)->dispose = instance_row_dispose;
}

static GtkWidget *
instance_row_add_button (InstanceRow *self, const char *icon, const char *label, GCallback clicked)
{
  GtkWidget *button = gtk_button_new_from_icon_name (icon);

  gtk_widget_set_valign (button, GTK_ALIGN_CENTER);
  gtk_widget_add_css_class (button, "flat");
  gtk_widget_set_tooltip_text (button, label);
  gtk_accessible_update_property (GTK_ACCESSIBLE (button), GTK_ACCESSIBLE_PROPERTY_LABEL, label, -1);
  g_signal_connect_object (button, "clicked", clicked, self, G_CONNECT_SWAPPED);
  adw_action_row_add_suffix (ADW_ACTION_ROW (self), button);
  return button;
}

static void
instance_row_init (InstanceRow *self)
{
  self->copy =
      instance_row_add_button (self, "edit-copy-symbolic", _ ("Copy the address"), G_CALLBACK (instance_row_on_copy));
  self->restart =
      instance_row_add_button (self, "view-refresh-symbolic", _ ("Restart"), G_CALLBACK (instance_row_on_restart));
  self->stop =
      instance_row_add_button (self, "media-playback-stop-symbolic", _ ("Stop"), G_CALLBACK (instance_row_on_stop));
}

GtkWidget *
instance_row_new (DbusHiveInstance *instance)
{
  InstanceRow *self = g_object_new (INSTANCE_TYPE_ROW, "activatable", TRUE, "use-markup", FALSE, "title",
                                    dbus_hive_instance_get_name (instance), "title-lines", 1, NULL);

  self->instance = g_object_ref (instance);
  gtk_actionable_set_action_name (GTK_ACTIONABLE (self), "win.show-worker");
  gtk_actionable_set_action_target (GTK_ACTIONABLE (self), "s", dbus_hive_instance_get_worker_id (instance));
  g_signal_connect_object (instance, "notify", G_CALLBACK (instance_row_update), self, G_CONNECT_SWAPPED);
  instance_row_update (self);
  return GTK_WIDGET (self);
}
