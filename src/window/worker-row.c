/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "worker-row.h"

#include <glib/gi18n.h>

struct _WorkerRow
{
  AdwActionRow parent;

  WorkerItem *item;
  GtkWidget *version, *update, *spinner;
};

G_DEFINE_FINAL_TYPE (WorkerRow, worker_row, ADW_TYPE_ACTION_ROW)

static void
worker_row_update (WorkerRow *self)
{
  bool busy = worker_item_job (self->item) != NULL, newer = *worker_item_update_version (self->item) != '\0';

  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (self), worker_item_name (self->item));
  adw_action_row_set_subtitle (ADW_ACTION_ROW (self), worker_item_description (self->item));
  gtk_label_set_text (GTK_LABEL (self->version), worker_item_version (self->item));
  gtk_widget_set_visible (self->version, !busy && !newer);
  gtk_widget_set_visible (self->update, !busy && newer);
  gtk_widget_set_visible (self->spinner, busy);
  gtk_spinner_set_spinning (GTK_SPINNER (self->spinner), busy);
}

static void
worker_row_dispose (GObject *object)
{
  g_clear_object (&WORKER_ROW (object)->item);
  G_OBJECT_CLASS (worker_row_parent_class)->dispose (object);
}

static void
worker_row_class_init (WorkerRowClass *class)
{
  G_OBJECT_CLASS (class)->dispose = worker_row_dispose;
}

static void
worker_row_init (WorkerRow *self)
{
  self->version = gtk_label_new (NULL);
  gtk_label_set_ellipsize (GTK_LABEL (self->version), PANGO_ELLIPSIZE_END);
  gtk_label_set_max_width_chars (GTK_LABEL (self->version), 12);
  gtk_widget_add_css_class (self->version, "dim-label");
  gtk_widget_add_css_class (self->version, "numeric");
  self->update = gtk_label_new (_ ("Update"));
  gtk_widget_set_valign (self->update, GTK_ALIGN_CENTER);
  gtk_widget_add_css_class (self->update, "pill-label");
  gtk_widget_add_css_class (self->update, "accent");
  self->spinner = gtk_spinner_new ();
  adw_action_row_add_suffix (ADW_ACTION_ROW (self), self->version);
  adw_action_row_add_suffix (ADW_ACTION_ROW (self), self->update);
  adw_action_row_add_suffix (ADW_ACTION_ROW (self), self->spinner);
}

GtkWidget *
worker_row_new (WorkerItem *item)
{
  /* What a catalog says is text, not markup. */
  WorkerRow *self = g_object_new (WORKER_TYPE_ROW, "activatable", TRUE, "use-markup", FALSE, "title-lines", 1,
                                  "subtitle-lines", 2, NULL);

  self->item = g_object_ref (item);
  gtk_actionable_set_action_name (GTK_ACTIONABLE (self), "win.show-worker");
  gtk_actionable_set_action_target (GTK_ACTIONABLE (self), "s", worker_item_id (item));
  g_signal_connect_object (item, "changed", G_CALLBACK (worker_row_update), self, G_CONNECT_SWAPPED);
  worker_row_update (self);
  return GTK_WIDGET (self);
}
