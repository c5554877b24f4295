/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "job-page.h"

#include <gio/gunixfdlist.h>
#include <glib/gi18n.h>

#include "advice.h"
#include "failure.h"
#include "job-course.h"
#include "job-phases.h"
#include "job-words.h"
#include "log-view.h"
#include "names.h"
#include "phase-title.h"
#include "sentence.h"
#include "stack-page.h"

struct _JobPage
{
  GtkBox parent;

  GtkImage *icon;
  GtkLabel *state, *elapsed, *sentence, *advice, *phases;
  GtkWidget *cancel, *again, *outcome, *unlock;
  GtkProgressBar *bar;
  GtkStack *stack;
  AdwStatusPage *closed;
  LogView *view;
  LogLines *lines; /* NULL: its log was not opened */

  HiveModel *model;
  char *id;
  DbusHiveJob *job; /* NULL: it is being asked for */
  GCancellable *cancellable;
  guint clock;
};

G_DEFINE_FINAL_TYPE (JobPage, job_page, GTK_TYPE_BOX)

/* ---- what is shown ---- */

static void
job_page_show_elapsed (JobPage *self)
{
  gint64 from = self->job ? dbus_hive_job_get_started_at (self->job) : 0;
  gint64 to = self->job ? dbus_hive_job_get_finished_at (self->job) : 0;
  gint64 seconds = from ? ((to ? to : g_get_real_time ()) - from) / G_USEC_PER_SEC : 0;
  g_autofree char *text = NULL;

  if (seconds >= 3600)
    text = g_strdup_printf (_ ("%d h %d min"), (int)(seconds / 3600), (int)(seconds / 60 % 60));
  else if (seconds >= 60)
    text = g_strdup_printf (_ ("%d min %d s"), (int)(seconds / 60), (int)(seconds % 60));
  else
    text = g_strdup_printf (_ ("%d s"), (int)MAX (seconds, 0));
  gtk_label_set_text (self->elapsed, from ? text : "");
}

static gboolean
job_page_on_clock (void *userdata)
{
  job_page_show_elapsed (userdata);
  return G_SOURCE_CONTINUE;
}

static void
job_page_run_clock (JobPage *self, bool runs)
{
  if (runs && !self->clock)
    self->clock = g_timeout_add_seconds (1, job_page_on_clock, self);
  else if (!runs)
    g_clear_handle_id (&self->clock, g_source_remove);
  job_page_show_elapsed (self);
}

static const char *
job_page_icon (const char *state)
{
  if (g_strcmp0 (state, "done") == 0)
    return "emblem-ok-symbolic";
  if (g_strcmp0 (state, "failed") == 0)
    return "dialog-error-symbolic";
  if (g_strcmp0 (state, "cancelled") == 0)
    return "process-stop-symbolic";
  return "emblem-system-symbolic";
}

static void
job_page_show_outcome (JobPage *self, const char *sentence, const char *advice)
{
  gtk_label_set_text (self->sentence, sentence ? sentence : "");
  gtk_label_set_text (self->advice, advice ? advice : "");
  gtk_widget_set_visible (GTK_WIDGET (self->advice), advice != NULL);
  gtk_widget_set_visible (self->outcome, sentence && *sentence);
}

static void
job_page_update_phases (JobPage *self)
{
  g_autofree char *markup = NULL;

  if (self->job && self->lines)
    markup = job_phases_markup (dbus_hive_job_get_operation (self->job), dbus_hive_job_get_state (self->job),
                                log_lines_phases (self->lines),
                                adw_style_manager_get_high_contrast (adw_style_manager_get_default ()));
  gtk_label_set_markup (self->phases, markup ? markup : "");
  gtk_widget_set_visible (GTK_WIDGET (self->phases), markup && *markup);
}

/* A worker's job can be asked for again by its options; a model's, or one of a recipe that is in no catalog, cannot. */
static bool
job_page_can_repeat (JobPage *self)
{
  static const char *const operations[] = { "worker_install", "worker_remove", "worker_rollback", NULL };
  const char *state = dbus_hive_job_get_state (self->job);
  GVariant *options = dbus_hive_job_get_options (self->job);

  return (g_strcmp0 (state, "failed") == 0 || g_strcmp0 (state, "cancelled") == 0) &&
         g_strv_contains (operations, dbus_hive_job_get_operation (self->job)) &&
         !(options && g_variant_lookup (options, "origin", "&s", NULL));
}

static void
job_page_update (JobPage *self)
{
  const char *operation = dbus_hive_job_get_operation (self->job), *state = dbus_hive_job_get_state (self->job);
  const char *phase = dbus_hive_job_get_phase (self->job);
  bool active = job_words_is_active (state), ended_ill = g_strcmp0 (state, "failed") == 0;
  const char *said = active && phase && *phase && g_strcmp0 (state, "queued") ? phase_title (operation, phase) :
                                                                                job_words_state (state);
  double far = job_course_progress (operation, state, phase, dbus_hive_job_get_progress (self->job));

  gtk_image_set_from_icon_name (self->icon, job_page_icon (state));
  gtk_label_set_text (self->state, said);
  gtk_widget_set_visible (self->cancel, active);
  gtk_widget_set_visible (self->again, job_page_can_repeat (self));
  gtk_widget_set_visible (GTK_WIDGET (self->bar), active);
  gtk_progress_bar_set_fraction (self->bar, far);
  if (ended_ill)
    {
      const char *sentence = dbus_hive_job_get_error_message (self->job);
      g_autofree char *words = sentence_translate (sentence);

      job_page_show_outcome (self, words, advice_find (dbus_hive_job_get_error_name (self->job), sentence));
    }
  job_page_update_phases (self);
  job_page_run_clock (self, active);
  g_signal_emit_by_name (self, "titled");
}

static void
job_page_fail (JobPage *self, const GError *error)
{
  g_autofree char *sentence = failure_sentence (error);

  if (sentence)
    job_page_show_outcome (self, sentence, NULL);
}

/* ---- its log ---- */

static void
job_page_close_log (JobPage *self, const GError *error)
{
  g_autofree char *name = g_dbus_error_get_remote_error (error);
  g_autofree char *sentence = failure_sentence (error);
  bool asks = g_strcmp0 (name, "org.freedesktop.DBus.Error.InteractiveAuthorizationRequired") == 0;

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  if (!sentence)
    return; /* dismissed: what was there stays */
  gtk_widget_set_visible (self->unlock, asks);
  adw_status_page_set_title (self->closed, asks ? _ ("This Log Is Not Yours") : _ ("The Log Cannot Be Shown"));
  adw_status_page_set_description (self->closed, NULL);
  if (!asks)
    {
      g_autofree char *escaped = g_markup_escape_text (sentence, -1);

      adw_status_page_set_description (self->closed, escaped);
    }
  stack_page_show (self->stack, "closed");
}

static void
job_page_on_log (GObject *source, GAsyncResult *result, void *userdata)
{
  g_autoptr (GVariant) index = NULL;
  g_autoptr (GUnixFDList) descriptors = NULL;
  g_autoptr (GError) error = NULL;
  JobPage *self = userdata;
  int fd;

  if (!dbus_hive_job_call_open_log_finish (DBUS_HIVE_JOB (source), &index, &descriptors, result, &error) ||
      (fd = g_unix_fd_list_get (descriptors, g_variant_get_handle (index), &error)) < 0)
    {
      if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        job_page_close_log (self, error);
      return;
    }
  g_clear_object (&self->lines);
  self->lines = log_lines_new (fd);
  g_signal_connect_object (self->lines, "phase", G_CALLBACK (job_page_update_phases), self, G_CONNECT_SWAPPED);
  log_view_set_lines (self->view, self->lines);
  stack_page_show (self->stack, "log");
}

static void
job_page_open_log (JobPage *self, GDBusCallFlags flags)
{
  dbus_hive_job_call_open_log (self->job, flags, G_MAXINT, NULL, self->cancellable, job_page_on_log, self);
}

static void
job_page_on_unlock (JobPage *self)
{
  job_page_open_log (self, G_DBUS_CALL_FLAGS_ALLOW_INTERACTIVE_AUTHORIZATION);
}

/* ---- which job ---- */

static void
job_page_on_job (GObject *source, GAsyncResult *result, void *userdata)
{
  g_autoptr (GError) error = NULL;
  DbusHiveJob *job = dbus_hive_job_proxy_new_finish (result, &error);
  JobPage *self = userdata;

  if (!job)
    {
      if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        job_page_fail (self, error);
      return;
    }
  self->job = job;
  g_signal_connect_object (job, "notify", G_CALLBACK (job_page_update), self, G_CONNECT_SWAPPED);
  job_page_update (self);
  job_page_open_log (self, G_DBUS_CALL_FLAGS_NONE);
}

/* It may be one that had to be made an object again. */
static void
job_page_on_path (GObject *source, GAsyncResult *result, void *userdata)
{
  g_autofree char *path = NULL;
  g_autoptr (GError) error = NULL;
  JobPage *self = userdata;

  if (!dbus_hive_call_get_job_finish (DBUS_HIVE (source), &path, result, &error))
    {
      if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        job_page_fail (self, error);
      return;
    }
  dbus_hive_job_proxy_new (g_dbus_proxy_get_connection (G_DBUS_PROXY (source)), G_DBUS_PROXY_FLAGS_NONE, HIVE_NAME,
                           path, self->cancellable, job_page_on_job, self);
}

static void
job_page_ask (JobPage *self)
{
  DbusHive *hive = hive_model_hive (self->model);

  if (self->id && !self->job && hive)
    dbus_hive_call_get_job (hive, self->id, G_DBUS_CALL_FLAGS_NONE, -1, self->cancellable, job_page_on_path, self);
}

static void
job_page_clear (JobPage *self)
{
  g_cancellable_cancel (self->cancellable);
  g_set_object (&self->cancellable, NULL);
  self->cancellable = g_cancellable_new ();
  if (self->job)
    g_signal_handlers_disconnect_by_data (self->job, self);
  g_clear_object (&self->job);
  g_clear_object (&self->lines);
  g_clear_pointer (&self->id, g_free);
  job_page_run_clock (self, false);
}

void
job_page_show (JobPage *self, const char *id)
{
  if (g_strcmp0 (self->id, id) == 0)
    return;
  job_page_clear (self);
  self->id = g_strdup (id);
  gtk_label_set_text (self->state, "");
  gtk_widget_set_visible (self->cancel, FALSE);
  gtk_widget_set_visible (self->again, FALSE);
  gtk_widget_set_visible (GTK_WIDGET (self->bar), FALSE);
  job_page_show_outcome (self, NULL, NULL);
  job_page_update_phases (self);
  log_view_set_lines (self->view, NULL);
  stack_page_show (self->stack, "log");
  job_page_ask (self);
}

const char *
job_page_id (JobPage *self)
{
  return self->id;
}

char *
job_page_title (JobPage *self)
{
  return self->job ? job_words_title (dbus_hive_job_get_operation (self->job), dbus_hive_job_get_worker_id (self->job),
                                      dbus_hive_job_get_name (self->job)) :
                     NULL;
}

/* ---- what one does ---- */

void
job_page_search (JobPage *self)
{
  log_view_search (self->view);
}

static void
job_page_on_cancelled (GObject *source, GAsyncResult *result, void *userdata)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JobPage) self = userdata;

  if (!dbus_hive_job_call_cancel_finish (DBUS_HIVE_JOB (source), result, &error) && self->job == (void *)source)
    job_page_fail (self, error);
}

static void
job_page_on_cancel (JobPage *self)
{
  dbus_hive_job_call_cancel (self->job, G_DBUS_CALL_FLAGS_ALLOW_INTERACTIVE_AUTHORIZATION, G_MAXINT, NULL,
                             job_page_on_cancelled, g_object_ref (self));
}

static void
job_page_on_started (GObject *source, GAsyncResult *result, void *userdata)
{
  g_autoptr (GVariant) answer = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (JobPage) self = userdata;
  const char *path;

  answer = g_dbus_proxy_call_finish (G_DBUS_PROXY (source), result, &error);
  if (!answer)
    {
      job_page_fail (self, error);
      return;
    }
  g_variant_get (answer, "(&o)", &path);
  gtk_widget_activate_action (GTK_WIDGET (self), "win.show-job", "s", strrchr (path, '/') + 1);
}

/* The same once more, with the options that it had. */
static void
job_page_on_again (JobPage *self)
{
  const char *operation = dbus_hive_job_get_operation (self->job), *worker = dbus_hive_job_get_worker_id (self->job);
  GVariant *options = dbus_hive_job_get_options (self->job);
  const char *method = "InstallWorkerWithOptions";

  if (g_str_equal (operation, "worker_remove"))
    method = "RemoveWorkerWithOptions";
  else if (g_str_equal (operation, "worker_rollback"))
    method = "RollbackWorkerWithOptions";
  g_dbus_proxy_call (G_DBUS_PROXY (hive_model_hive (self->model)), method,
                     options ? g_variant_new ("(s@a{sv})", worker, options) : g_variant_new ("(sa{sv})", worker, NULL),
                     G_DBUS_CALL_FLAGS_ALLOW_INTERACTIVE_AUTHORIZATION, G_MAXINT, NULL, job_page_on_started,
                     g_object_ref (self));
}

/* ---- itself ---- */

static void
job_page_dispose (GObject *object)
{
  JobPage *self = JOB_PAGE (object);

  job_page_clear (self);
  g_clear_object (&self->model);
  gtk_widget_dispose_template (GTK_WIDGET (object), JOB_TYPE_PAGE);
  G_OBJECT_CLASS (job_page_parent_class)->dispose (object);
}

static void
job_page_class_init (JobPageClass *class)
{
  GtkWidgetClass *widget = GTK_WIDGET_CLASS (class);

  G_OBJECT_CLASS (class)->dispose = job_page_dispose;
  g_type_ensure (LOG_TYPE_VIEW);
  g_signal_new ("titled", JOB_TYPE_PAGE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  gtk_widget_class_set_template_from_resource (widget, "/org/rbee/Hive/job-page.ui");
  gtk_widget_class_bind_template_child (widget, JobPage, icon);
  gtk_widget_class_bind_template_child (widget, JobPage, state);
  gtk_widget_class_bind_template_child (widget, JobPage, elapsed);
  gtk_widget_class_bind_template_child (widget, JobPage, sentence);
  gtk_widget_class_bind_template_child (widget, JobPage, advice);
  gtk_widget_class_bind_template_child (widget, JobPage, phases);
  gtk_widget_class_bind_template_child (widget, JobPage, cancel);
  gtk_widget_class_bind_template_child (widget, JobPage, again);
  gtk_widget_class_bind_template_child (widget, JobPage, outcome);
  gtk_widget_class_bind_template_child (widget, JobPage, unlock);
  gtk_widget_class_bind_template_child (widget, JobPage, bar);
  gtk_widget_class_bind_template_child (widget, JobPage, stack);
  gtk_widget_class_bind_template_child (widget, JobPage, closed);
  gtk_widget_class_bind_template_child (widget, JobPage, view);
  gtk_widget_class_bind_template_callback (widget, job_page_on_cancel);
  gtk_widget_class_bind_template_callback (widget, job_page_on_again);
  gtk_widget_class_bind_template_callback (widget, job_page_on_unlock);
}

static void
job_page_init (JobPage *self)
{
  self->cancellable = g_cancellable_new ();
  gtk_widget_init_template (GTK_WIDGET (self));
  stack_page_show (self->stack, "log");
  g_signal_connect_object (adw_style_manager_get_default (), "notify::high-contrast",
                           G_CALLBACK (job_page_update_phases), self, G_CONNECT_SWAPPED);
}

void
job_page_set_model (JobPage *self, HiveModel *model)
{
  self->model = g_object_ref (model);
  g_signal_connect_object (model, "changed", G_CALLBACK (job_page_ask), self, G_CONNECT_SWAPPED);
}
