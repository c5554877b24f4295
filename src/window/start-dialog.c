/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "start-dialog.h"

#include <glib/gi18n.h>

#include "failure.h"
#include "size.h"

struct _StartDialog
{
  AdwWindow parent;

  GtkWidget *form, *start, *notice;
  GtkLabel *sentence;
  AdwEntryRow *name;
  AdwComboRow *model_row, *device_row;
  GtkSwitch *boot;

  HiveModel *model;
  WorkerItem *item;
  GStrv formats;               /* of models that it reads; none: any */
  GPtrArray *models, *devices; /* char *: what the rows of the two lists stand for; the first: nothing is chosen */
  GCancellable *cancellable;
};

G_DEFINE_FINAL_TYPE (StartDialog, start_dialog, ADW_TYPE_WINDOW)

static void
start_dialog_fail (StartDialog *self, const GError *error)
{
  g_autofree char *sentence = failure_sentence (error);

  gtk_label_set_text (self->sentence, sentence ? sentence : "");
  gtk_widget_set_visible (self->notice, sentence != NULL);
}

/* ---- what there is to choose ---- */

static void
start_dialog_add (AdwComboRow *row, GPtrArray *values, const char *value, const char *title)
{
  gtk_string_list_append (GTK_STRING_LIST (adw_combo_row_get_model (row)), title);
  g_ptr_array_add (values, g_strdup (value));
}

static const char *
start_dialog_chosen (AdwComboRow *row, GPtrArray *values)
{
  guint selected = adw_combo_row_get_selected (row);

  return selected < values->len ? values->pdata[selected] : NULL;
}

static void
start_dialog_add_model (StartDialog *self, GVariant *model)
{
  const char *name = NULL, *format = "";
  guint64 size = 0;
  g_autofree char *bytes = NULL;
  g_autofree char *title = NULL;

  g_variant_lookup (model, "format", "&s", &format);
  g_variant_lookup (model, "size", "t", &size);
  if (!g_variant_lookup (model, "name", "&s", &name) ||
      (*self->formats && !g_strv_contains ((const char *const *)self->formats, format)))
    return;
  bytes = size_to_string (size);
  title = g_strdup_printf ("%s · %s", name, bytes);
  start_dialog_add (self->model_row, self->models, name, title);
}

static void
start_dialog_on_models (GObject *source, GAsyncResult *result, void *userdata)
{
  g_autoptr (GVariant) models = NULL;
  g_autoptr (GError) error = NULL;
  StartDialog *self = userdata;

  if (!dbus_hive_call_list_models_finish (DBUS_HIVE (source), &models, NULL, result, &error))
    {
      if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        start_dialog_fail (self, error);
      return;
    }
  for (gsize i = 0; i < g_variant_n_children (models); i++)
    {
      g_autoptr (GVariant) model = g_variant_get_child_value (models, i);

      start_dialog_add_model (self, model);
    }
  if (self->models->len > 1)
    adw_combo_row_set_selected (self->model_row, 1);
  else
    adw_action_row_set_subtitle (ADW_ACTION_ROW (self->model_row),
                                 _ ("There is none here that it reads: hivectl model pull fetches one"));
}

/* Those that it was built for. */
static void
start_dialog_add_device (StartDialog *self, GVariant *device)
{
  DbusHiveWorker *worker = worker_item_installed (self->item);
  const char *backend = worker ? dbus_hive_worker_get_backend (worker) : NULL;
  const char *id = NULL, *name = "", *type = "";
  g_autofree char *title = NULL;

  g_variant_lookup (device, "name", "&s", &name);
  g_variant_lookup (device, "device_type", "&s", &type);
  if (!g_variant_lookup (device, "id", "&s", &id) || (backend && *backend && !g_str_equal (backend, type)))
    return;
  title = g_strdup_printf ("%s · %s", id, name);
  start_dialog_add (self->device_row, self->devices, id, title);
}

/* Without the list the hive chooses, as it does with one unless told. */
static void
start_dialog_on_capabilities (GObject *source, GAsyncResult *result, void *userdata)
{
  g_autoptr (GVariant) capabilities = NULL;
  g_autoptr (GVariant) devices = NULL;
  g_autoptr (GError) error = NULL;
  StartDialog *self = userdata;

  if (!dbus_hive_call_get_capabilities_finish (DBUS_HIVE (source), &capabilities, result, &error) ||
      !(devices = g_variant_lookup_value (capabilities, "devices", G_VARIANT_TYPE ("aa{sv}"))))
    return;
  for (gsize i = 0; i < g_variant_n_children (devices); i++)
    {
      g_autoptr (GVariant) device = g_variant_get_child_value (devices, i);

      start_dialog_add_device (self, device);
    }
  gtk_widget_set_visible (GTK_WIDGET (self->device_row), self->devices->len > 2);
}

/* The worker's id, or the first of that beginning that nothing runs by. */
static char *
start_dialog_free_name (StartDialog *self)
{
  const char *id = worker_item_id (self->item);
  g_autofree char *name = g_strdup (id);

  for (int i = 2; hive_model_find_instance (self->model, name); i++)
    {
      g_free (name);
      name = g_strdup_printf ("%s-%d", id, i);
    }
  return g_steal_pointer (&name);
}

/* ---- what one does ---- */

static void
start_dialog_on_started (GObject *source, GAsyncResult *result, void *userdata)
{
  g_autofree char *path = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (StartDialog) self = userdata;

  gtk_widget_set_sensitive (self->form, TRUE);
  gtk_widget_set_sensitive (self->start, TRUE);
  if (dbus_hive_call_start_worker_finish (DBUS_HIVE (source), &path, result, &error))
    gtk_window_close (GTK_WINDOW (self));
  else
    start_dialog_fail (self, error);
}

static void
start_dialog_add_option (GVariantBuilder *options, const char *key, const char *value)
{
  if (value && *value)
    g_variant_builder_add (options, "{sv}", key, g_variant_new_string (value));
}

/* One call, one question: while it is open nothing else is asked. */
static void
start_dialog_on_start (StartDialog *self)
{
  GVariantBuilder options;

  g_variant_builder_init (&options, G_VARIANT_TYPE_VARDICT);
  start_dialog_add_option (&options, "name", gtk_editable_get_text (GTK_EDITABLE (self->name)));
  start_dialog_add_option (&options, "model", start_dialog_chosen (self->model_row, self->models));
  start_dialog_add_option (&options, "device", start_dialog_chosen (self->device_row, self->devices));
  if (gtk_switch_get_active (self->boot))
    g_variant_builder_add (&options, "{sv}", "boot", g_variant_new_boolean (TRUE));
  gtk_widget_set_visible (self->notice, FALSE);
  gtk_widget_set_sensitive (self->form, FALSE);
  gtk_widget_set_sensitive (self->start, FALSE);
  dbus_hive_call_start_worker (hive_model_hive (self->model), worker_item_id (self->item),
                               g_variant_builder_end (&options), G_DBUS_CALL_FLAGS_ALLOW_INTERACTIVE_AUTHORIZATION,
                               G_MAXINT, NULL, start_dialog_on_started, g_object_ref (self));
}

/* ---- itself ---- */

static void
start_dialog_dispose (GObject *object)
{
  StartDialog *self = START_DIALOG (object);

  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->model);
  g_clear_object (&self->item);
  gtk_widget_dispose_template (GTK_WIDGET (object), START_TYPE_DIALOG);
  G_OBJECT_CLASS (start_dialog_parent_class)->dispose (object);
}

static void
start_dialog_finalize (GObject *object)
{
  StartDialog *self = START_DIALOG (object);

  g_strfreev (self->formats);
  g_ptr_array_unref (self->models);
  g_ptr_array_unref (self->devices);
  g_object_unref (self->cancellable);
  G_OBJECT_CLASS (start_dialog_parent_class)->finalize (object);
}

static void
start_dialog_class_init (StartDialogClass *class)
{
  GtkWidgetClass *widget = GTK_WIDGET_CLASS (class);

  G_OBJECT_CLASS (class)->dispose = start_dialog_dispose;
  G_OBJECT_CLASS (class)->finalize = start_dialog_finalize;
  gtk_widget_class_set_template_from_resource (widget, "/org/rbee/Hive/start-dialog.ui");
  gtk_widget_class_bind_template_child (widget, StartDialog, form);
  gtk_widget_class_bind_template_child (widget, StartDialog, start);
  gtk_widget_class_bind_template_child (widget, StartDialog, notice);
  gtk_widget_class_bind_template_child (widget, StartDialog, sentence);
  gtk_widget_class_bind_template_child (widget, StartDialog, name);
  gtk_widget_class_bind_template_child (widget, StartDialog, model_row);
  gtk_widget_class_bind_template_child (widget, StartDialog, device_row);
  gtk_widget_class_bind_template_child (widget, StartDialog, boot);
  gtk_widget_class_bind_template_callback (widget, start_dialog_on_start);
  gtk_widget_class_add_binding_action (widget, GDK_KEY_Escape, 0, "window.close", NULL);
}

static void
start_dialog_init (StartDialog *self)
{
  self->models = g_ptr_array_new_with_free_func (g_free);
  self->devices = g_ptr_array_new_with_free_func (g_free);
  self->cancellable = g_cancellable_new ();
  gtk_widget_init_template (GTK_WIDGET (self));
  adw_combo_row_set_model (self->model_row, G_LIST_MODEL (gtk_string_list_new (NULL)));
  adw_combo_row_set_model (self->device_row, G_LIST_MODEL (gtk_string_list_new (NULL)));
  start_dialog_add (self->model_row, self->models, NULL, _ ("None"));
  start_dialog_add (self->device_row, self->devices, NULL, _ ("Automatic"));
}

/* What takes a model needs one. */
static void
start_dialog_ask_models (StartDialog *self)
{
  GVariant *run = worker_item_run (self->item);
  gboolean takes_model = FALSE;

  g_variant_lookup (run, "takes_model", "b", &takes_model);
  gtk_widget_set_visible (GTK_WIDGET (self->model_row), takes_model);
  if (!g_variant_lookup (run, "formats", "^as", &self->formats))
    self->formats = g_new0 (char *, 1);
  if (takes_model)
    dbus_hive_call_list_models (hive_model_hive (self->model), G_DBUS_CALL_FLAGS_NONE, G_MAXINT, self->cancellable,
                                start_dialog_on_models, self);
}

void
start_dialog_present (GtkWindow *parent, HiveModel *model, WorkerItem *item)
{
  StartDialog *self = g_object_new (START_TYPE_DIALOG, "transient-for", parent, NULL);
  DbusHive *hive = hive_model_hive (model);
  g_autofree char *title = g_strdup_printf (_ ("Start %s"), worker_item_name (item));
  g_autofree char *name = NULL;

  self->model = g_object_ref (model);
  self->item = g_object_ref (item);
  name = start_dialog_free_name (self);
  gtk_window_set_title (GTK_WINDOW (self), title);
  gtk_editable_set_text (GTK_EDITABLE (self->name), name);
  start_dialog_ask_models (self);
  dbus_hive_call_get_capabilities (hive, G_DBUS_CALL_FLAGS_NONE, G_MAXINT, self->cancellable,
                                   start_dialog_on_capabilities, self);
  gtk_window_present (GTK_WINDOW (self));
}
