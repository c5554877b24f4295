/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "worker-page.h"

#include <glib/gi18n.h>
#include <string.h>

#include "controls.h"
#include "failure.h"
#include "job-row.h"
#include "running-group.h"
#include "size.h"

struct _WorkerPage
{
  GtkBox parent;

  AdwAvatar *avatar;
  GtkLabel *name, *description, *facts, *sentence, *lacks, *command, *unknown;
  GtkWidget *buttons, *start, *install, *upgrade, *remove, *notice, *lacking, *command_box, *choices, *details,
      *recipe_group;
  GtkListBox *job_list;
  RunningGroup *running;
  AdwComboRow *backend, *source;
  AdwActionRow *program, *size, *origin;
  AdwExpanderRow *recipe_row;
  GtkTextView *recipe;

  HiveModel *model;
  WorkerItem *item;
  DbusHiveJob *job;          /* whose row is there */
  GCancellable *cancellable; /* of questions about this worker */
  bool filling, busy;
};

G_DEFINE_FINAL_TYPE (WorkerPage, worker_page, GTK_TYPE_BOX)

/* ---- what is shown ---- */

static void
worker_page_tell (WorkerPage *self, const char *sentence)
{
  gtk_label_set_text (self->sentence, sentence ? sentence : "");
  gtk_widget_set_visible (self->notice, sentence != NULL);
}

static void
worker_page_fail (WorkerPage *self, const GError *error)
{
  g_autofree char *sentence = failure_sentence (error);

  if (sentence)
    worker_page_tell (self, sentence);
}

static void
worker_page_update_lacking (WorkerPage *self)
{
  g_auto (GStrv) missing = worker_item_list (self->item, "missing");
  g_autofree char *names = g_strjoinv (", ", missing);
  const char *command = worker_item_text (self->item, "install_command");
  const char *unfit = worker_item_text (self->item, "incompatible_because");
  WorkerSection section = worker_item_section (self->item);
  g_autofree char *text = NULL;

  gtk_widget_set_visible (self->lacking, section == SECTION_LACKING || section == SECTION_UNFIT);
  gtk_widget_set_visible (self->command_box, section == SECTION_LACKING && *command);
  if (section == SECTION_UNFIT)
    text = g_strdup (*unfit ? unfit : _ ("This worker is not made for this machine."));
  else
    text = g_strdup_printf (_ ("This machine lacks %s. Install it first:"), names);
  gtk_label_set_text (self->lacks, text);
  gtk_label_set_text (self->command, command);
}

/* What the hive has no rule for may be there all the same. */
static void
worker_page_update_unknown (WorkerPage *self)
{
  g_auto (GStrv) unknown = worker_item_list (self->item, "unknown");
  g_autofree char *names = g_strjoinv (", ", unknown);
  g_autofree char *text = g_strdup_printf (_ ("Nobody here knows how to look for %s."), names);
  WorkerSection section = worker_item_section (self->item);

  gtk_label_set_text (self->unknown, text);
  gtk_widget_set_visible (GTK_WIDGET (self->unknown),
                          *names && (section == SECTION_READY || section == SECTION_LACKING));
}

static void
worker_page_update_details (WorkerPage *self)
{
  DbusHiveWorker *worker = worker_item_installed (self->item);
  g_autofree char *size = NULL;

  gtk_widget_set_visible (self->details, worker != NULL);
  if (!worker)
    return;
  size = size_to_string (dbus_hive_worker_get_size (worker));
  adw_action_row_set_subtitle (self->program, dbus_hive_worker_get_binary (worker));
  adw_action_row_set_subtitle (self->size, size);
  adw_action_row_set_subtitle (self->origin, dbus_hive_worker_get_catalog (worker));
}

static void
worker_page_update_buttons (WorkerPage *self)
{
  WorkerSection section = worker_item_section (self->item);
  bool job = worker_item_job (self->item) != NULL, installed = section == SECTION_INSTALLED;
  const char *newer = worker_item_update_version (self->item);
  g_autofree char *label = g_strdup_printf (_ ("Update to %s"), newer);

  gtk_widget_set_visible (self->buttons, !job && section != SECTION_UNFIT);
  gtk_widget_set_visible (self->start, worker_item_run (self->item) && hive_model_runs_workers (self->model));
  gtk_actionable_set_action_target (GTK_ACTIONABLE (self->start), "s", worker_item_id (self->item));
  gtk_widget_set_visible (self->install, !installed);
  gtk_widget_set_visible (self->upgrade, installed && *newer);
  gtk_widget_set_visible (self->remove, installed);
  gtk_button_set_label (GTK_BUTTON (self->upgrade), label);
  gtk_label_set_ellipsize (GTK_LABEL (gtk_button_get_child (GTK_BUTTON (self->upgrade))), PANGO_ELLIPSIZE_MIDDLE);
  gtk_widget_set_tooltip_text (self->upgrade, label);
  gtk_widget_set_sensitive (self->buttons, !self->busy);
}

static void
worker_page_update_job (WorkerPage *self)
{
  DbusHiveJob *job = worker_item_job (self->item);
  GtkListBoxRow *old = gtk_list_box_get_row_at_index (self->job_list, 0);

  gtk_widget_set_visible (GTK_WIDGET (self->job_list), job != NULL);
  if (!g_set_object (&self->job, job))
    return;
  if (old)
    gtk_list_box_remove (self->job_list, GTK_WIDGET (old));
  if (job)
    gtk_list_box_append (self->job_list, job_row_new (job));
}

/* ---- what is chosen ---- */

static void
worker_page_fill_combo (AdwComboRow *row, const char *automatic, char **names)
{
  g_autoptr (GtkStringList) list = gtk_string_list_new (NULL);

  gtk_string_list_append (list, automatic);
  for (char **name = names; *name; name++)
    gtk_string_list_append (list, *name);
  adw_combo_row_set_model (row, G_LIST_MODEL (list));
  adw_combo_row_set_selected (row, 0);
  gtk_widget_set_visible (GTK_WIDGET (row), g_strv_length (names) > 1);
}

static void
worker_page_fill_choices (WorkerPage *self)
{
  g_auto (GStrv) backends = worker_item_list (self->item, "backends");
  g_auto (GStrv) sources = worker_item_list (self->item, "sources");
  bool several = g_strv_length (backends) > 1 || g_strv_length (sources) > 1;
  g_autofree char *backend = g_strdup_printf (_ ("Automatic: %s"), worker_item_text (self->item, "backend"));
  g_autofree char *source = g_strdup_printf (_ ("Automatic: %s"), *sources ? *sources : "");

  self->filling = true;
  worker_page_fill_combo (self->backend, backend, backends);
  adw_action_row_set_subtitle (ADW_ACTION_ROW (self->backend), worker_item_text (self->item, "backend_reason"));
  worker_page_fill_combo (self->source, source, sources);
  self->filling = false;
  gtk_widget_set_visible (self->choices, several && worker_item_section (self->item) != SECTION_INSTALLED &&
                                             worker_item_section (self->item) != SECTION_UNFIT);
}

static void
worker_page_add_choice (AdwComboRow *row, const char *key, GVariantBuilder *options)
{
  guint selected = adw_combo_row_get_selected (row);
  GtkStringObject *chosen = adw_combo_row_get_selected_item (row);

  if (selected > 0 && selected != GTK_INVALID_LIST_POSITION)
    g_variant_builder_add (options, "{sv}", key, g_variant_new_string (gtk_string_object_get_string (chosen)));
}

static GVariant *
worker_page_options (WorkerPage *self)
{
  GVariantBuilder options;

  g_variant_builder_init (&options, G_VARIANT_TYPE_VARDICT);
  worker_page_add_choice (self->backend, "backend", &options);
  worker_page_add_choice (self->source, "source", &options);
  return g_variant_builder_end (&options);
}

/* ---- the recipe ---- */

static void
worker_page_set_recipe (WorkerPage *self, const char *text)
{
  g_autofree char *visible = controls_visible (text);

  gtk_text_buffer_set_text (gtk_text_view_get_buffer (self->recipe), visible, -1);
}

static void
worker_page_on_recipe_text (GObject *source, GAsyncResult *result, void *userdata)
{
  g_autofree char *text = NULL;
  g_autofree char *sentence = NULL;
  g_autoptr (GError) error = NULL;

  if (dbus_hive_call_get_recipe_finish (DBUS_HIVE (source), &text, result, &error))
    worker_page_set_recipe (userdata, text);
  else if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    {
      sentence = failure_sentence (error);
      worker_page_set_recipe (userdata, sentence ? sentence : "");
    }
}

static void
worker_page_on_recipe (WorkerPage *self)
{
  if (!self->item || !adw_expander_row_get_expanded (self->recipe_row))
    return;
  worker_page_set_recipe (self, _ ("…"));
  dbus_hive_call_get_recipe (hive_model_hive (self->model), worker_item_id (self->item), worker_page_options (self),
                             G_DBUS_CALL_FLAGS_NONE, G_MAXINT, self->cancellable, worker_page_on_recipe_text, self);
}

static void
worker_page_on_choice (WorkerPage *self)
{
  if (!self->filling)
    worker_page_on_recipe (self);
}

/* ---- what one does ---- */

typedef struct
{
  WorkerPage *page;
  WorkerItem *item;
} WorkerAct;

static void
worker_page_on_started (GObject *source, GAsyncResult *result, void *userdata)
{
  WorkerAct *act = userdata;
  g_autoptr (WorkerPage) self = act->page;
  g_autoptr (WorkerItem) item = act->item;
  g_autoptr (GVariant) answer = NULL;
  g_autoptr (GError) error = NULL;
  const char *path;

  g_free (act);
  self->busy = false;
  gtk_widget_set_sensitive (self->buttons, TRUE);
  answer = g_dbus_proxy_call_finish (G_DBUS_PROXY (source), result, &error);
  if (item != self->item)
    return;
  if (!answer)
    {
      worker_page_fail (self, error);
      return;
    }
  g_variant_get (answer, "(&o)", &path);
  gtk_widget_activate_action (GTK_WIDGET (self), "win.show-job", "s", strrchr (path, '/') + 1);
}

/* One call, one question: while it is open nothing else is asked. @arguments is floating. */
static void
worker_page_start (WorkerPage *self, const char *method, GVariant *arguments)
{
  WorkerAct *act = g_new0 (WorkerAct, 1);

  act->page = g_object_ref (self);
  act->item = g_object_ref (self->item);
  self->busy = true;
  worker_page_tell (self, NULL);
  worker_page_update_buttons (self);
  g_dbus_proxy_call (G_DBUS_PROXY (hive_model_hive (self->model)), method, arguments,
                     G_DBUS_CALL_FLAGS_ALLOW_INTERACTIVE_AUTHORIZATION, G_MAXINT, NULL, worker_page_on_started, act);
}

static void
worker_page_on_install (WorkerPage *self)
{
  worker_page_start (self, "InstallWorkerWithOptions",
                     g_variant_new ("(s@a{sv})", worker_item_id (self->item), worker_page_options (self)));
}

static void
worker_page_on_upgrade (WorkerPage *self)
{
  worker_page_start (self, "UpgradeWorker", g_variant_new ("(s)", worker_item_id (self->item)));
}

static void
worker_page_on_removal_answer (WorkerPage *self, const char *response, AdwMessageDialog *dialog)
{
  const char *id = g_object_get_data (G_OBJECT (dialog), "worker");

  if (g_str_equal (response, "remove") && self->item && g_str_equal (worker_item_id (self->item), id))
    worker_page_start (self, "RemoveWorker", g_variant_new ("(s)", id));
}

static void
worker_page_on_remove (WorkerPage *self)
{
  g_autofree char *heading = g_strdup_printf (_ ("Remove %s?"), worker_item_name (self->item));
  GtkWidget *dialog = adw_message_dialog_new (GTK_WINDOW (gtk_widget_get_root (GTK_WIDGET (self))), heading,
                                              _ ("Its files are deleted. You can install it again."));

  adw_message_dialog_add_responses (ADW_MESSAGE_DIALOG (dialog), "keep", _ ("Keep It"), "remove", _ ("Remove"), NULL);
  adw_message_dialog_set_response_appearance (ADW_MESSAGE_DIALOG (dialog), "remove", ADW_RESPONSE_DESTRUCTIVE);
  adw_message_dialog_set_default_response (ADW_MESSAGE_DIALOG (dialog), "keep");
  adw_message_dialog_set_close_response (ADW_MESSAGE_DIALOG (dialog), "keep");
  g_object_set_data_full (G_OBJECT (dialog), "worker", g_strdup (worker_item_id (self->item)), g_free);
  g_signal_connect_object (dialog, "response", G_CALLBACK (worker_page_on_removal_answer), self, G_CONNECT_SWAPPED);
  gtk_window_present (GTK_WINDOW (dialog));
}

static void
worker_page_copy (WorkerPage *self, const char *text)
{
  gdk_clipboard_set_text (gtk_widget_get_clipboard (GTK_WIDGET (self)), text);
  gtk_widget_activate_action (GTK_WIDGET (self), "win.toast", "s", _ ("Copied"));
}

static void
worker_page_on_copy_command (WorkerPage *self)
{
  worker_page_copy (self, gtk_label_get_text (self->command));
}

static void
worker_page_on_copy_program (WorkerPage *self)
{
  worker_page_copy (self, adw_action_row_get_subtitle (self->program));
}

/* ---- itself ---- */

static void
worker_page_update (WorkerPage *self)
{
  g_autofree char *facts = worker_item_facts (self->item);

  gtk_label_set_text (self->name, worker_item_name (self->item));
  gtk_label_set_text (self->description, worker_item_description (self->item));
  gtk_label_set_text (self->facts, facts);
  adw_avatar_set_text (self->avatar, worker_item_id (self->item)); /* of "LLM Worker (CPU)" it would show "L(" */
  gtk_widget_set_visible (self->recipe_group, worker_item_entry (self->item) != NULL);
  worker_page_update_lacking (self);
  worker_page_update_unknown (self);
  worker_page_update_details (self);
  worker_page_update_buttons (self);
  worker_page_update_job (self);
}

static void
worker_page_on_changed (WorkerPage *self)
{
  worker_page_update (self);
  worker_page_fill_choices (self);
}

static void
worker_page_leave (WorkerPage *self)
{
  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  self->cancellable = g_cancellable_new ();
  if (self->item)
    g_signal_handlers_disconnect_by_data (self->item, self);
  g_clear_object (&self->item);
}

void
worker_page_show (WorkerPage *self, WorkerItem *item)
{
  if (self->item == item)
    return;
  worker_page_leave (self);
  self->item = g_object_ref (item);
  g_signal_connect_object (item, "changed", G_CALLBACK (worker_page_on_changed), self, G_CONNECT_SWAPPED);
  adw_expander_row_set_expanded (self->recipe_row, FALSE);
  worker_page_tell (self, NULL);
  running_group_show (self->running, self->model, worker_item_id (item));
  worker_page_on_changed (self);
}

WorkerItem *
worker_page_item (WorkerPage *self)
{
  return self->item;
}

static void
worker_page_on_model (WorkerPage *self)
{
  if (self->item)
    worker_page_update_buttons (self);
}

void
worker_page_set_model (WorkerPage *self, HiveModel *model)
{
  self->model = g_object_ref (model);
  g_signal_connect_object (model, "changed", G_CALLBACK (worker_page_on_model), self, G_CONNECT_SWAPPED);
}

static void
worker_page_dispose (GObject *object)
{
  WorkerPage *self = WORKER_PAGE (object);

  worker_page_leave (self);
  g_clear_object (&self->job);
  g_clear_object (&self->model);
  gtk_widget_dispose_template (GTK_WIDGET (object), WORKER_TYPE_PAGE);
  G_OBJECT_CLASS (worker_page_parent_class)->dispose (object);
}

static void
worker_page_finalize (GObject *object)
{
  g_clear_object (&WORKER_PAGE (object)->cancellable);
  G_OBJECT_CLASS (worker_page_parent_class)->finalize (object);
}

static void
worker_page_bind_labels (GtkWidgetClass *widget)
{
  gtk_widget_class_bind_template_child (widget, WorkerPage, avatar);
  gtk_widget_class_bind_template_child (widget, WorkerPage, name);
  gtk_widget_class_bind_template_child (widget, WorkerPage, description);
  gtk_widget_class_bind_template_child (widget, WorkerPage, facts);
  gtk_widget_class_bind_template_child (widget, WorkerPage, sentence);
  gtk_widget_class_bind_template_child (widget, WorkerPage, lacks);
  gtk_widget_class_bind_template_child (widget, WorkerPage, command);
  gtk_widget_class_bind_template_child (widget, WorkerPage, unknown);
  gtk_widget_class_bind_template_child (widget, WorkerPage, program);
  gtk_widget_class_bind_template_child (widget, WorkerPage, size);
  gtk_widget_class_bind_template_child (widget, WorkerPage, origin);
  gtk_widget_class_bind_template_child (widget, WorkerPage, recipe);
}

static void
worker_page_bind_controls (GtkWidgetClass *widget)
{
  gtk_widget_class_bind_template_child (widget, WorkerPage, buttons);
  gtk_widget_class_bind_template_child (widget, WorkerPage, start);
  gtk_widget_class_bind_template_child (widget, WorkerPage, running);
  gtk_widget_class_bind_template_child (widget, WorkerPage, install);
  gtk_widget_class_bind_template_child (widget, WorkerPage, upgrade);
  gtk_widget_class_bind_template_child (widget, WorkerPage, remove);
  gtk_widget_class_bind_template_child (widget, WorkerPage, job_list);
  gtk_widget_class_bind_template_child (widget, WorkerPage, notice);
  gtk_widget_class_bind_template_child (widget, WorkerPage, lacking);
  gtk_widget_class_bind_template_child (widget, WorkerPage, command_box);
  gtk_widget_class_bind_template_child (widget, WorkerPage, choices);
  gtk_widget_class_bind_template_child (widget, WorkerPage, backend);
  gtk_widget_class_bind_template_child (widget, WorkerPage, source);
  gtk_widget_class_bind_template_child (widget, WorkerPage, details);
  gtk_widget_class_bind_template_child (widget, WorkerPage, recipe_group);
  gtk_widget_class_bind_template_child (widget, WorkerPage, recipe_row);
}

static void
worker_page_class_init (WorkerPageClass *class)
{
  GtkWidgetClass *widget = GTK_WIDGET_CLASS (class);

  G_OBJECT_CLASS (class)->dispose = worker_page_dispose;
  G_OBJECT_CLASS (class)->finalize = worker_page_finalize;
  g_type_ensure (RUNNING_TYPE_GROUP);
  gtk_widget_class_set_template_from_resource (widget, "/org/rbee/Hive/worker-page.ui");
  worker_page_bind_labels (widget);
  worker_page_bind_controls (widget);
  gtk_widget_class_bind_template_callback (widget, worker_page_on_install);
  gtk_widget_class_bind_template_callback (widget, worker_page_on_upgrade);
  gtk_widget_class_bind_template_callback (widget, worker_page_on_remove);
  gtk_widget_class_bind_template_callback (widget, worker_page_on_recipe);
  gtk_widget_class_bind_template_callback (widget, worker_page_on_choice);
  gtk_widget_class_bind_template_callback (widget, worker_page_on_copy_command);
  gtk_widget_class_bind_template_callback (widget, worker_page_on_copy_program);
}

static void
worker_page_init (WorkerPage *self)
{
  self->cancellable = g_cancellable_new ();
  gtk_widget_init_template (GTK_WIDGET (self));
}
