/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hive-window.h"

#include <glib/gi18n.h>

#include "failure.h"
#include "job-page.h"
#include "job-row.h"
#include "running-group.h"
#include "sentence.h"
#include "stack-page.h"
#include "start-dialog.h"
#include "worker-page.h"
#include "worker-row.h"

struct _HiveWindow
{
  AdwApplicationWindow parent;

  AdwToastOverlay *toasts;
  AdwLeaflet *leaflet;
  GtkWidget *left, *right, *catalog_notice;
  GtkToggleButton *search_button;
  GtkSearchEntry *search_entry;
  GtkStack *list_stack, *pages;
  GtkSpinner *spinner;
  AdwStatusPage *away;
  GtkBox *sections;
  GtkLabel *catalog_sentence;
  AdwWindowTitle *title;
  WorkerPage *worker_page;
  JobPage *job_page;

  HiveModel *model;
  GtkListBox *job_list, *worker_lists[N_SECTIONS];
  GtkFilter *filters[N_SECTIONS];
  GtkFilterListModel *filtered[N_SECTIONS];
  RunningGroup *running;
  char *wanted;       /* a worker to show when it is known */
  bool starts_wanted; /* and to start */
};

G_DEFINE_FINAL_TYPE (HiveWindow, hive_window, ADW_TYPE_APPLICATION_WINDOW)

/* ---- the list ---- */

static const struct
{
  const char *title, *description;
} headings[N_SECTIONS] = {
  [SECTION_INSTALLED] = { N_ ("Installed"), NULL },
  [SECTION_READY] = { N_ ("Available"), NULL },
  [SECTION_LACKING] = { N_ ("Something Is Missing First"), N_ ("They fit this machine once what they need is there.") },
  [SECTION_UNFIT] = { N_ ("Not for This Machine"), NULL },
};

static GtkListBox *
hive_window_add_section (HiveWindow *self, const char *title, const char *description)
{
  GtkWidget *group = adw_preferences_group_new (), *list = gtk_list_box_new ();

  adw_preferences_group_set_title (ADW_PREFERENCES_GROUP (group), title);
  adw_preferences_group_set_description (ADW_PREFERENCES_GROUP (group), description);
  gtk_list_box_set_selection_mode (GTK_LIST_BOX (list), GTK_SELECTION_NONE);
  gtk_widget_add_css_class (list, "boxed-list");
  gtk_accessible_update_property (GTK_ACCESSIBLE (list), GTK_ACCESSIBLE_PROPERTY_LABEL, title, -1);
  adw_preferences_group_add (ADW_PREFERENCES_GROUP (group), list);
  gtk_box_append (self->sections, group);
  return GTK_LIST_BOX (list);
}

static void
hive_window_show_section (GtkListBox *list, bool shown)
{
  gtk_widget_set_visible (gtk_widget_get_ancestor (GTK_WIDGET (list), ADW_TYPE_PREFERENCES_GROUP), shown);
}

static gboolean
hive_window_is_in_section (void *item, void *userdata)
{
  GtkListBox *list = userdata;
  HiveWindow *self = HIVE_WINDOW (gtk_widget_get_root (GTK_WIDGET (list)));

  return list == self->worker_lists[worker_item_section (item)] &&
         worker_item_matches (item, gtk_editable_get_text (GTK_EDITABLE (self->search_entry)));
}

static int
hive_window_compare (const void *a, const void *b, void *userdata)
{
  return g_utf8_collate (worker_item_name ((WorkerItem *)a), worker_item_name ((WorkerItem *)b));
}

static GtkWidget *
hive_window_make_worker_row (void *item, void *userdata)
{
  return worker_row_new (item);
}

static GtkWidget *
hive_window_make_job_row (void *item, void *userdata)
{
  return job_row_new (item);
}

static void
hive_window_fill_section (HiveWindow *self, WorkerSection section)
{
  GListModel *workers = g_object_ref (hive_model_workers (self->model));
  GtkSorter *sorter = GTK_SORTER (gtk_custom_sorter_new (hive_window_compare, NULL, NULL));
  GListModel *sorted = G_LIST_MODEL (gtk_sort_list_model_new (workers, sorter));
  GtkListBox *list = self->worker_lists[section];

  self->filters[section] = GTK_FILTER (gtk_custom_filter_new (hive_window_is_in_section, list, NULL));
  self->filtered[section] = gtk_filter_list_model_new (sorted, g_object_ref (self->filters[section]));
  gtk_list_box_bind_model (list, G_LIST_MODEL (self->filtered[section]), hive_window_make_worker_row, self, NULL);
}

/* Which page of the left side: the list, or why there is none. */
static const char *
hive_window_left_page (HiveWindow *self, guint shown)
{
  const char *failure = hive_model_failure (self->model);

  if (!hive_model_is_here (self->model))
    return failure ? "away" : "loading";
  if (shown > 0 || hive_model_catalog_failure (self->model))
    return "list";
  if (hive_model_is_loading (self->model))
    return "loading";
  return "none";
}

static void
hive_window_update (HiveWindow *self)
{
  const char *failure = hive_model_failure (self->model), *page;
  const char *catalog_failure = hive_model_catalog_failure (self->model);
  g_autofree char *catalog_words = sentence_translate (catalog_failure ? catalog_failure : "");
  guint jobs = g_list_model_get_n_items (hive_model_jobs (self->model));
  guint shown = jobs + g_list_model_get_n_items (hive_model_instances (self->model));

  hive_window_show_section (self->job_list, jobs > 0);
  for (int i = 0; i < N_SECTIONS; i++)
    {
      guint n = g_list_model_get_n_items (G_LIST_MODEL (self->filtered[i]));

      hive_window_show_section (self->worker_lists[i], n > 0);
      shown += n;
    }
  if (failure)
    {
      g_autofree char *escaped = g_markup_escape_text (failure, -1);

      adw_status_page_set_description (self->away, escaped);
    }
  gtk_widget_set_visible (self->catalog_notice, catalog_failure != NULL);
  gtk_label_set_text (self->catalog_sentence, catalog_words);
  page = hive_window_left_page (self, shown);
  stack_page_show (self->list_stack, page);
  gtk_spinner_set_spinning (self->spinner, g_str_equal (page, "loading"));
}

static void
hive_window_filter (HiveWindow *self)
{
  for (int i = 0; i < N_SECTIONS; i++)
    gtk_filter_changed (self->filters[i], GTK_FILTER_CHANGE_DIFFERENT);
  hive_window_update (self);
}

/* ---- what is chosen ---- */

static void
hive_window_mark_row (GtkListBoxRow *row, const char *action, const char *id)
{
  GVariant *target = gtk_actionable_get_action_target_value (GTK_ACTIONABLE (row));

  if (id && g_strcmp0 (gtk_actionable_get_action_name (GTK_ACTIONABLE (row)), action) == 0 &&
      g_str_equal (g_variant_get_string (target, NULL), id))
    gtk_widget_add_css_class (GTK_WIDGET (row), "current");
  else
    gtk_widget_remove_css_class (GTK_WIDGET (row), "current");
}

static void
hive_window_mark_list (GtkListBox *list, const char *action, const char *id)
{
  GtkListBoxRow *row;

  for (int i = 0; (row = gtk_list_box_get_row_at_index (list, i)); i++)
    hive_window_mark_row (row, action, id);
}

/* On a narrow window nothing is beside the list. */
static void
hive_window_mark_current (HiveWindow *self)
{
  const char *page = gtk_stack_get_visible_child_name (self->pages);
  WorkerItem *item = worker_page_item (self->worker_page);
  bool beside = !adw_leaflet_get_folded (self->leaflet);
  const char *worker = beside && item && g_strcmp0 (page, "worker") == 0 ? worker_item_id (item) : NULL;
  const char *job = beside && g_strcmp0 (page, "job") == 0 ? job_page_id (self->job_page) : NULL;

  if (!self->job_list)
    return;
  hive_window_mark_list (self->job_list, "win.show-job", job);
  for (int i = 0; i < N_SECTIONS; i++)
    hive_window_mark_list (self->worker_lists[i], "win.show-worker", worker);
}

static void
hive_window_update_title (HiveWindow *self)
{
  const char *page = gtk_stack_get_visible_child_name (self->pages);
  WorkerItem *item = worker_page_item (self->worker_page);
  g_autofree char *title = job_page_title (self->job_page);
  g_autofree char *subtitle = NULL;

  if (g_str_equal (page, "job"))
    {
      subtitle = g_strdup_printf (_ ("Job %s"), job_page_id (self->job_page));
      adw_window_title_set_title (self->title, title ? title : "");
      adw_window_title_set_subtitle (self->title, subtitle);
      return;
    }
  adw_window_title_set_title (self->title, item && g_str_equal (page, "worker") ? worker_item_name (item) : "");
  adw_window_title_set_subtitle (self->title, "");
}

static void
hive_window_choose (HiveWindow *self, const char *page)
{
  stack_page_show (self->pages, page);
  adw_leaflet_set_visible_child (self->leaflet, self->right);
  hive_window_update_title (self);
  hive_window_mark_current (self);
}

void
hive_window_show_job (HiveWindow *self, const char *id)
{
  job_page_show (self->job_page, id);
  hive_window_choose (self, "job");
}

void
hive_window_show_worker (HiveWindow *self, const char *id)
{
  WorkerItem *item = hive_model_find_worker (self->model, id);

  self->starts_wanted = false;
  g_clear_pointer (&self->wanted, g_free);
  if (!item)
    {
      self->wanted = g_strdup (id);
      return;
    }
  worker_page_show (self->worker_page, item);
  hive_window_choose (self, "worker");
}

/* What cannot be started has a page that says what can be done with it. */
void
hive_window_start_worker (HiveWindow *self, const char *id)
{
  WorkerItem *item = hive_model_find_worker (self->model, id);

  hive_window_show_worker (self, id);
  self->starts_wanted = !item;
  if (item && worker_item_run (item) && hive_model_runs_workers (self->model))
    start_dialog_present (GTK_WINDOW (self), self->model, item);
}

static void
hive_window_on_worker (HiveWindow *self, WorkerItem *item)
{
  if (!self->wanted || !g_str_equal (worker_item_id (item), self->wanted))
    return;
  if (self->starts_wanted)
    hive_window_start_worker (self, worker_item_id (item));
  else
    hive_window_show_worker (self, worker_item_id (item));
}

static void
hive_window_on_model (HiveWindow *self)
{
  hive_window_filter (self);
  hive_window_mark_current (self);
}

/* ---- actions ---- */

static void
hive_window_tell (HiveWindow *self, const char *text)
{
  g_autofree char *escaped = g_markup_escape_text (text, -1);

  adw_toast_overlay_add_toast (self->toasts, adw_toast_new (escaped));
}

static void
hive_window_action_show_job (GtkWidget *widget, const char *name, GVariant *parameter)
{
  hive_window_show_job (HIVE_WINDOW (widget), g_variant_get_string (parameter, NULL));
}

static void
hive_window_action_show_worker (GtkWidget *widget, const char *name, GVariant *parameter)
{
  hive_window_show_worker (HIVE_WINDOW (widget), g_variant_get_string (parameter, NULL));
}

static void
hive_window_action_start_worker (GtkWidget *widget, const char *name, GVariant *parameter)
{
  hive_window_start_worker (HIVE_WINDOW (widget), g_variant_get_string (parameter, NULL));
}

static void
hive_window_action_toast (GtkWidget *widget, const char *name, GVariant *parameter)
{
  hive_window_tell (HIVE_WINDOW (widget), g_variant_get_string (parameter, NULL));
}

static void
hive_window_action_back (GtkWidget *widget, const char *name, GVariant *parameter)
{
  adw_leaflet_navigate (HIVE_WINDOW (widget)->leaflet, ADW_NAVIGATION_DIRECTION_BACK);
}

/* Whether a log is what the keyboard is at, or nothing else in sight is. */
static bool
hive_window_is_at_log (HiveWindow *self)
{
  GtkWidget *focus = gtk_root_get_focus (GTK_ROOT (self));

  return adw_leaflet_get_visible_child (self->leaflet) == self->right &&
         g_str_equal (gtk_stack_get_visible_child_name (self->pages), "job") &&
         !(focus && gtk_widget_is_ancestor (focus, self->left));
}

static void
hive_window_action_search (GtkWidget *widget, const char *name, GVariant *parameter)
{
  HiveWindow *self = HIVE_WINDOW (widget);

  if (hive_window_is_at_log (self))
    {
      job_page_search (self->job_page);
      return;
    }
  adw_leaflet_set_visible_child (self->leaflet, self->left);
  gtk_toggle_button_set_active (self->search_button, TRUE);
  gtk_widget_grab_focus (GTK_WIDGET (self->search_entry));
}

static void
hive_window_action_reload (GtkWidget *widget, const char *name, GVariant *parameter)
{
  hive_model_reload (HIVE_WINDOW (widget)->model);
}

static void
hive_window_on_updates (GObject *source, GAsyncResult *result, void *userdata)
{
  g_autoptr (HiveWindow) self = userdata;
  g_autoptr (GVariant) updates = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;

  if (!dbus_hive_call_check_updates_finish (DBUS_HIVE (source), &updates, result, &error))
    text = failure_sentence (error);
  else if (g_variant_n_children (updates) == 0)
    text = g_strdup (_ ("Everything is up to date"));
  if (text)
    hive_window_tell (self, text);
}

static void
hive_window_action_check_updates (GtkWidget *widget, const char *name, GVariant *parameter)
{
  HiveWindow *self = HIVE_WINDOW (widget);
  DbusHive *hive = hive_model_hive (self->model);

  if (hive)
    dbus_hive_call_check_updates (hive, G_DBUS_CALL_FLAGS_NONE, G_MAXINT, NULL, hive_window_on_updates,
                                  g_object_ref (self));
}

/* ---- itself ---- */

static void
hive_window_dispose (GObject *object)
{
  HiveWindow *self = HIVE_WINDOW (object);

  for (int i = 0; i < N_SECTIONS; i++)
    {
      if (self->worker_lists[i])
        gtk_list_box_bind_model (self->worker_lists[i], NULL, NULL, NULL, NULL);
      self->worker_lists[i] = NULL;
      g_clear_object (&self->filtered[i]);
      g_clear_object (&self->filters[i]);
    }
  self->job_list = NULL;
  g_clear_object (&self->model);
  g_clear_pointer (&self->wanted, g_free);
  gtk_widget_dispose_template (GTK_WIDGET (object), HIVE_TYPE_WINDOW);
  G_OBJECT_CLASS (hive_window_parent_class)->dispose (object);
}

static void
hive_window_bind (GtkWidgetClass *widget)
{
  gtk_widget_class_bind_template_child (widget, HiveWindow, toasts);
  gtk_widget_class_bind_template_child (widget, HiveWindow, leaflet);
  gtk_widget_class_bind_template_child (widget, HiveWindow, left);
  gtk_widget_class_bind_template_child (widget, HiveWindow, right);
  gtk_widget_class_bind_template_child (widget, HiveWindow, catalog_notice);
  gtk_widget_class_bind_template_child (widget, HiveWindow, catalog_sentence);
  gtk_widget_class_bind_template_child (widget, HiveWindow, search_button);
  gtk_widget_class_bind_template_child (widget, HiveWindow, search_entry);
  gtk_widget_class_bind_template_child (widget, HiveWindow, list_stack);
  gtk_widget_class_bind_template_child (widget, HiveWindow, pages);
  gtk_widget_class_bind_template_child (widget, HiveWindow, spinner);
  gtk_widget_class_bind_template_child (widget, HiveWindow, away);
  gtk_widget_class_bind_template_child (widget, HiveWindow, sections);
  gtk_widget_class_bind_template_child (widget, HiveWindow, title);
  gtk_widget_class_bind_template_child (widget, HiveWindow, worker_page);
  gtk_widget_class_bind_template_child (widget, HiveWindow, job_page);
  gtk_widget_class_bind_template_callback (widget, hive_window_filter);
  gtk_widget_class_bind_template_callback (widget, hive_window_mark_current);
  gtk_widget_class_bind_template_callback (widget, hive_window_update_title);
}

static void
hive_window_class_init (HiveWindowClass *class)
{
  GtkWidgetClass *widget = GTK_WIDGET_CLASS (class);

  G_OBJECT_CLASS (class)->dispose = hive_window_dispose;
  g_type_ensure (WORKER_TYPE_PAGE);
  g_type_ensure (JOB_TYPE_PAGE);
  gtk_widget_class_set_template_from_resource (widget, "/org/rbee/Hive/hive-window.ui");
  hive_window_bind (widget);
  gtk_widget_class_install_action (widget, "win.show-job", "s", hive_window_action_show_job);
  gtk_widget_class_install_action (widget, "win.show-worker", "s", hive_window_action_show_worker);
  gtk_widget_class_install_action (widget, "win.start-worker", "s", hive_window_action_start_worker);
  gtk_widget_class_install_action (widget, "win.toast", "s", hive_window_action_toast);
  gtk_widget_class_install_action (widget, "win.back", NULL, hive_window_action_back);
  gtk_widget_class_install_action (widget, "win.search", NULL, hive_window_action_search);
  gtk_widget_class_install_action (widget, "win.reload", NULL, hive_window_action_reload);
  gtk_widget_class_install_action (widget, "win.check-updates", NULL, hive_window_action_check_updates);
}

static void
hive_window_init (HiveWindow *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  stack_page_show (self->pages, "nothing");
  self->job_list = hive_window_add_section (self, _ ("Under Way"), NULL);
  self->running = g_object_new (RUNNING_TYPE_GROUP, NULL);
  gtk_box_append (self->sections, GTK_WIDGET (self->running));
  for (int i = 0; i < N_SECTIONS; i++)
    self->worker_lists[i] = hive_window_add_section (self, _ (headings[i].title),
                                                     headings[i].description ? _ (headings[i].description) : NULL);
}

HiveWindow *
hive_window_new (GtkApplication *application, HiveModel *model)
{
  HiveWindow *self = g_object_new (HIVE_TYPE_WINDOW, "application", application, NULL);

  self->model = g_object_ref (model);
  worker_page_set_model (self->worker_page, model);
  job_page_set_model (self->job_page, model);
  gtk_list_box_bind_model (self->job_list, hive_model_jobs (model), hive_window_make_job_row, self, NULL);
  running_group_show (self->running, model, NULL);
  for (int i = 0; i < N_SECTIONS; i++)
    hive_window_fill_section (self, i);
  g_signal_connect_object (model, "changed", G_CALLBACK (hive_window_on_model), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (model, "worker-changed", G_CALLBACK (hive_window_on_worker), self, G_CONNECT_SWAPPED);
  hive_window_update (self);
  return self;
}
