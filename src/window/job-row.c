/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "job-row.h"

#include "job-course.h"
#include "job-words.h"
#include "phase-title.h"

struct _JobRow
{
  AdwPreferencesRow parent;

  GtkLabel *title, *phase;
  GtkProgressBar *bar;
  DbusHiveJob *job;
};

G_DEFINE_FINAL_TYPE (JobRow, job_row, ADW_TYPE_PREFERENCES_ROW)

static void
job_row_update (JobRow *self)
{
  const char *operation = dbus_hive_job_get_operation (self->job), *state = dbus_hive_job_get_state (self->job);
  const char *phase = dbus_hive_job_get_phase (self->job);
  double far = job_course_progress (operation, state, phase, dbus_hive_job_get_progress (self->job));
  g_autofree char *title =
      job_words_title (operation, dbus_hive_job_get_worker_id (self->job), dbus_hive_job_get_name (self->job));
  g_autofree char *text = NULL;

  gtk_label_set_text (self->title, title);
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (self), title);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_LABEL, title, -1);
  if (phase && *phase)
    text = g_strdup_printf ("%s · %d %%", phase_title (operation, phase), (int)(far * 100));
  gtk_label_set_text (self->phase, text ? text : job_words_state (state));
  gtk_progress_bar_set_fraction (self->bar, far);
}

static void
job_row_dispose (GObject *object)
{
  g_clear_object (&JOB_ROW (object)->job);
  gtk_widget_dispose_template (GTK_WIDGET (object), JOB_TYPE_ROW);
  G_OBJECT_CLASS (job_row_parent_class)->dispose (object);
}

static void
job_row_class_init (JobRowClass *class)
{
  GtkWidgetClass *widget = GTK_WIDGET_CLASS (class);

  G_OBJECT_CLASS (class)->dispose = job_row_dispose;
  gtk_widget_class_set_template_from_resource (widget, "/org/rbee/Hive/job-row.ui");
  gtk_widget_class_bind_template_child (widget, JobRow, title);
  gtk_widget_class_bind_template_child (widget, JobRow, phase);
  gtk_widget_class_bind_template_child (widget, JobRow, bar);
}

static void
job_row_init (JobRow *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}

GtkWidget *
job_row_new (DbusHiveJob *job)
{
  JobRow *self = g_object_new (JOB_TYPE_ROW, NULL);

  self->job = g_object_ref (job);
  gtk_actionable_set_action_name (GTK_ACTIONABLE (self), "win.show-job");
  gtk_actionable_set_action_target (GTK_ACTIONABLE (self), "s", dbus_hive_job_get_id (job));
  g_signal_connect_object (job, "notify", G_CALLBACK (job_row_update), self, G_CONNECT_SWAPPED);
  job_row_update (self);
  return GTK_WIDGET (self);
}
