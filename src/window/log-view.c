/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "log-view.h"

#include <adwaita.h>
#include <glib/gi18n.h>
#include <string.h>

#include "log-reader.h"
#include "log-row.h"
#include "log-search.h"
#include "sgr.h"

/* A clipboard is for people. */
#define MOST_COPIED 100000
/* What the list does so soon after a key or a click was meant. */
#define TOUCH_USEC 300000

struct _LogView
{
  GtkBox parent;

  GtkSearchEntry *entry;
  GtkLabel *count;
  GtkWidget *previous, *next;
  GtkToggleButton *follow;
  GtkScrolledWindow *scrolled;
  GtkListView *list;

  LogLines *lines;
  GtkSelectionModel *selection;
  LogSearch *search;
  guint match;      /* of the search: the one that is shown */
  bool found;       /* one is shown */
  GHashTable *rows; /* GtkListItem: those that show a line now */
  double seen;      /* where the list was scrolled to */
  guint tick, read; /* before the next frame */
  gint64 touched;   /* when a person did something to it */
};

G_DEFINE_FINAL_TYPE (LogView, log_view, GTK_TYPE_BOX)

/* ---- rows ---- */

static void
log_view_mark (LogView *self, const char *text, PangoAttrList **attributes)
{
  const char *wanted = self->search ? log_search_text (self->search) : NULL;

  for (const char *at = text; wanted && (at = strcasestr (at, wanted)); at += strlen (wanted))
    {
      PangoAttribute *ground = pango_attr_background_new (0xf5f5, 0xc2c2, 0x1111);
      PangoAttribute *ink = pango_attr_foreground_new (0, 0, 0);

      if (!*attributes)
        *attributes = pango_attr_list_new ();
      ground->start_index = ink->start_index = at - text;
      ground->end_index = ink->end_index = at - text + strlen (wanted);
      pango_attr_list_change (*attributes, ground);
      pango_attr_list_change (*attributes, ink);
    }
}

static void
log_view_render (LogView *self, GtkListItem *item)
{
  LogLine *line = gtk_list_item_get_item (item);
  GtkWidget *row = gtk_list_item_get_child (item);
  bool dark = adw_style_manager_get_dark (adw_style_manager_get_default ());
  PangoAttrList *attributes = NULL;
  char *text = sgr_parse (log_line_text (line), dark, &attributes);

  log_view_mark (self, text, &attributes);
  if (gtk_widget_get_parent (row))
    gtk_accessible_update_property (GTK_ACCESSIBLE (gtk_widget_get_parent (row)), GTK_ACCESSIBLE_PROPERTY_LABEL, text,
                                    -1);
  if (log_line_stream (line) == LOG_STREAM_ERROR)
    gtk_widget_add_css_class (row, "error-line");
  else
    gtk_widget_remove_css_class (row, "error-line");
  log_row_set (LOG_ROW (row), log_line_number (line), text, attributes);
  g_clear_pointer (&attributes, pango_attr_list_unref);
}

static void
log_view_set_up_row (GtkSignalListItemFactory *factory, GtkListItem *item, void *userdata)
{
  gtk_list_item_set_child (item, log_row_new ());
}

static void
log_view_bind_row (GtkSignalListItemFactory *factory, GtkListItem *item, void *userdata)
{
  LogView *self = userdata;

  g_hash_table_add (self->rows, item);
  log_view_render (self, item);
}

static void
log_view_unbind_row (GtkSignalListItemFactory *factory, GtkListItem *item, void *userdata)
{
  g_hash_table_remove (((LogView *)userdata)->rows, item);
}

static void
log_view_render_all (LogView *self)
{
  GHashTableIter iter;
  void *item;

  g_hash_table_iter_init (&iter, self->rows);
  while (g_hash_table_iter_next (&iter, &item, NULL))
    log_view_render (self, item);
}

/* ---- where it stands ---- */

static void
log_view_scroll_to (LogView *self, guint position)
{
  gtk_widget_activate_action (GTK_WIDGET (self->list), "list.scroll-to-item", "u", position);
}

static GtkAdjustment *
log_view_adjustment (LogView *self)
{
  return gtk_scrolled_window_get_vadjustment (self->scrolled);
}

static gboolean
log_view_on_tick (GtkWidget *widget, GdkFrameClock *clock, void *userdata)
{
  LogView *self = userdata;
  GtkAdjustment *adjustment = log_view_adjustment (self);

  self->tick = 0;
  if (gtk_toggle_button_get_active (self->follow))
    gtk_adjustment_set_value (adjustment,
                              gtk_adjustment_get_upper (adjustment) - gtk_adjustment_get_page_size (adjustment));
  return G_SOURCE_REMOVE;
}

/* As often as the list learns how long it is; it would not hear while it is being laid out. */
static void
log_view_stay_at_end (LogView *self)
{
  if (!self->tick && gtk_toggle_button_get_active (self->follow))
    self->tick = gtk_widget_add_tick_callback (GTK_WIDGET (self), log_view_on_tick, self, NULL);
}

static void
log_view_on_follow (LogView *self)
{
  log_view_stay_at_end (self);
}

static gboolean
log_view_on_event (GtkEventController *controller, GdkEvent *event, void *userdata)
{
  GdkEventType type = gdk_event_get_event_type (event);

  if (type != GDK_MOTION_NOTIFY || gdk_event_get_modifier_state (event) & GDK_BUTTON1_MASK)
    LOG_VIEW (userdata)->touched = g_get_monotonic_time ();
  return GDK_EVENT_PROPAGATE;
}

/* A person who goes up wants to read there; lines that come, and a window that is made larger, move the list as well.
 */
static void
log_view_on_scrolled (LogView *self)
{
  GtkAdjustment *adjustment = log_view_adjustment (self);
  double value = gtk_adjustment_get_value (adjustment);
  double end = gtk_adjustment_get_upper (adjustment) - gtk_adjustment_get_page_size (adjustment);

  if (value < self->seen - 1 && value < end - 1 && g_get_monotonic_time () < self->touched + TOUCH_USEC)
    gtk_toggle_button_set_active (self->follow, FALSE);
  else if (value > self->seen + 1 && value >= end - 1)
    gtk_toggle_button_set_active (self->follow, TRUE);
  self->seen = value;
}

/* ---- the search ---- */

static void
log_view_show_match (LogView *self)
{
  guint line = log_search_line (self->search, self->match);

  gtk_toggle_button_set_active (self->follow, FALSE);
  gtk_selection_model_select_item (self->selection, line, TRUE);
  log_view_scroll_to (self, line);
}

static void
log_view_count (LogView *self)
{
  guint n = self->search ? log_search_count (self->search) : 0;
  g_autofree char *text = NULL;

  if (n == 0)
    text = g_strdup (_ ("Not found"));
  else
    text = g_strdup_printf (_ ("%u of %u"), self->match + 1, n);
  gtk_label_set_text (self->count, text);
  gtk_widget_set_tooltip_text (GTK_WIDGET (self->count), text); /* a narrow window shows its beginning */
  gtk_widget_set_visible (GTK_WIDGET (self->count), self->search != NULL);
  gtk_widget_set_visible (self->previous, n > 0);
  gtk_widget_set_sensitive (self->previous, n > 1);
  gtk_widget_set_sensitive (self->next, n > 1);
}

static void
log_view_on_matches (LogView *self)
{
  if (!self->found && log_search_count (self->search) > 0)
    {
      self->found = true;
      log_view_show_match (self);
    }
  log_view_count (self);
}

static void
log_view_on_search (LogView *self)
{
  const char *text = gtk_editable_get_text (GTK_EDITABLE (self->entry));

  g_clear_object (&self->search);
  self->match = 0;
  self->found = false;
  if (*text && self->lines)
    {
      self->search = log_search_new (self->lines, text);
      g_signal_connect_object (self->search, "changed", G_CALLBACK (log_view_on_matches), self, G_CONNECT_SWAPPED);
    }
  else if (self->selection)
    gtk_selection_model_unselect_all (self->selection);
  log_view_count (self);
  log_view_render_all (self);
}

static void
log_view_step (LogView *self, guint by)
{
  guint n = self->search ? log_search_count (self->search) : 0;

  if (n == 0)
    return;
  self->match = (self->match + by) % n;
  log_view_show_match (self);
  log_view_count (self);
}

static void
log_view_next (LogView *self)
{
  log_view_step (self, 1);
}

static void
log_view_previous (LogView *self)
{
  log_view_step (self, self->search && log_search_count (self->search) ? log_search_count (self->search) - 1 : 0);
}

/* ---- the clipboard ---- */

static void
log_view_append (GString *text, const char *line)
{
  g_autofree char *plain = sgr_parse (line, false, NULL);

  g_string_append (text, plain);
  g_string_append_c (text, '\n');
}

static guint
log_view_read_selected (LogView *self, GtkBitset *selected, GString *text)
{
  guint n = MIN (gtk_bitset_get_size (selected), MOST_COPIED);

  for (guint i = 0; i < n; i++)
    {
      g_autoptr (LogLine) line = g_list_model_get_item (G_LIST_MODEL (self->lines), gtk_bitset_get_nth (selected, i));

      log_view_append (text, log_line_text (line));
    }
  return n;
}

/* The last ones, when they are very many. */
static guint
log_view_read_all (LogView *self, GString *text)
{
  guint all = g_list_model_get_n_items (G_LIST_MODEL (self->lines)), n = MIN (all, MOST_COPIED);
  g_autoptr (LogReader) reader = NULL;
  LogRecord record;

  if (n == 0)
    return 0;
  reader = log_reader_new (log_lines_dup_fd (self->lines), log_lines_cursor (self->lines, all - n));
  for (guint i = 0; i < n && log_reader_next (reader, &record) > 0;)
    {
      g_autofree char *line = log_record_to_line (&record);

      if (line)
        {
          log_view_append (text, line);
          i++;
        }
    }
  return n;
}

static void
log_view_copy (LogView *self)
{
  g_autoptr (GtkBitset) selected = self->lines ? gtk_selection_model_get_selection (self->selection) : NULL;
  g_autoptr (GString) text = g_string_new (NULL);
  g_autofree char *told = NULL;
  guint n = 0;

  if (!self->lines)
    return;
  n = gtk_bitset_is_empty (selected) ? log_view_read_all (self, text) : log_view_read_selected (self, selected, text);
  gdk_clipboard_set_text (gtk_widget_get_clipboard (GTK_WIDGET (self)), text->str);
  told = g_strdup_printf (ngettext ("Copied %u line", "Copied %u lines", n), n);
  gtk_widget_activate_action (GTK_WIDGET (self), "win.toast", "s", told);
}

static gboolean
log_view_on_copy_key (GtkWidget *widget, GVariant *arguments, void *userdata)
{
  log_view_copy (LOG_VIEW (widget));
  return TRUE;
}

/* ---- itself ---- */

static gboolean
log_view_on_frame (GtkWidget *widget, GdkFrameClock *clock, void *userdata)
{
  LogView *self = userdata;

  self->read = 0;
  if (self->lines)
    log_lines_read (self->lines);
  return G_SOURCE_REMOVE;
}

/* Lines that came are shown with the next frame. */
static void
log_view_on_grown (LogView *self)
{
  if (!self->read)
    self->read = gtk_widget_add_tick_callback (GTK_WIDGET (self), log_view_on_frame, self, NULL);
}

void
log_view_search (LogView *self)
{
  gtk_widget_grab_focus (GTK_WIDGET (self->entry));
}

void
log_view_set_lines (LogView *self, LogLines *lines)
{
  g_clear_object (&self->search);
  gtk_editable_set_text (GTK_EDITABLE (self->entry), "");
  gtk_list_view_set_model (self->list, NULL);
  g_clear_object (&self->selection);
  if (self->lines)
    g_signal_handlers_disconnect_by_data (self->lines, self);
  g_clear_object (&self->lines);
  gtk_toggle_button_set_active (self->follow, TRUE);
  self->seen = 0;
  log_view_count (self);
  if (!lines)
    return;
  self->lines = g_object_ref (lines);
  g_signal_connect_object (lines, "grown", G_CALLBACK (log_view_on_grown), self, G_CONNECT_SWAPPED);
  self->selection = GTK_SELECTION_MODEL (gtk_multi_selection_new (G_LIST_MODEL (g_object_ref (lines))));
  gtk_list_view_set_model (self->list, self->selection);
}

static void
log_view_dispose (GObject *object)
{
  LogView *self = LOG_VIEW (object);

  g_clear_object (&self->search);
  g_clear_object (&self->selection);
  g_clear_object (&self->lines);
  gtk_widget_dispose_template (GTK_WIDGET (object), LOG_TYPE_VIEW);
  G_OBJECT_CLASS (log_view_parent_class)->dispose (object);
}

static void
log_view_finalize (GObject *object)
{
  g_hash_table_unref (LOG_VIEW (object)->rows);
  G_OBJECT_CLASS (log_view_parent_class)->finalize (object);
}

static void
log_view_class_init (LogViewClass *class)
{
  GtkWidgetClass *widget = GTK_WIDGET_CLASS (class);

  G_OBJECT_CLASS (class)->dispose = log_view_dispose;
  G_OBJECT_CLASS (class)->finalize = log_view_finalize;
  gtk_widget_class_set_template_from_resource (widget, "/org/rbee/Hive/log-view.ui");
  gtk_widget_class_bind_template_child (widget, LogView, entry);
  gtk_widget_class_bind_template_child (widget, LogView, count);
  gtk_widget_class_bind_template_child (widget, LogView, previous);
  gtk_widget_class_bind_template_child (widget, LogView, next);
  gtk_widget_class_bind_template_child (widget, LogView, follow);
  gtk_widget_class_bind_template_child (widget, LogView, scrolled);
  gtk_widget_class_bind_template_child (widget, LogView, list);
  gtk_widget_class_bind_template_callback (widget, log_view_on_search);
  gtk_widget_class_bind_template_callback (widget, log_view_next);
  gtk_widget_class_bind_template_callback (widget, log_view_previous);
  gtk_widget_class_bind_template_callback (widget, log_view_on_follow);
  gtk_widget_class_bind_template_callback (widget, log_view_copy);
  gtk_widget_class_bind_template_callback (widget, log_view_set_up_row);
  gtk_widget_class_bind_template_callback (widget, log_view_bind_row);
  gtk_widget_class_bind_template_callback (widget, log_view_unbind_row);
  gtk_widget_class_add_binding (widget, GDK_KEY_c, GDK_CONTROL_MASK, log_view_on_copy_key, NULL);
}

static void
log_view_init (LogView *self)
{
  GtkEventController *events = gtk_event_controller_legacy_new ();

  self->rows = g_hash_table_new (NULL, NULL);
  gtk_widget_init_template (GTK_WIDGET (self));
  gtk_event_controller_set_propagation_phase (events, GTK_PHASE_CAPTURE);
  g_signal_connect (events, "event", G_CALLBACK (log_view_on_event), self);
  gtk_widget_add_controller (GTK_WIDGET (self->scrolled), events);
  g_signal_connect_swapped (log_view_adjustment (self), "changed", G_CALLBACK (log_view_stay_at_end), self);
  g_signal_connect_swapped (log_view_adjustment (self), "value-changed", G_CALLBACK (log_view_on_scrolled), self);
  g_signal_connect_object (adw_style_manager_get_default (), "notify::dark", G_CALLBACK (log_view_render_all), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (adw_style_manager_get_default (), "notify::high-contrast", G_CALLBACK (log_view_render_all),
                           self, G_CONNECT_SWAPPED);
}
