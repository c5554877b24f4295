/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "log-row.h"

#include <adwaita.h>
#include <stdbool.h>
#include <string.h>

#define NUMBER_CELLS 5
#define GAP          12
/* Narrower it is of no use. */
#define LEAST_CELLS 16
#define DIM         0.55

struct _LogRow
{
  GtkWidget parent;

  guint number;
  char *text;
  PangoAttrList *attributes;
  gsize plain; /* of its characters, when each takes a cell; 0: it must be laid out */
  /* Of the font; 0: not known yet. */
  int cell; /* in Pango's units; -1: its letters differ in width */
  int line;
};

G_DEFINE_FINAL_TYPE (LogRow, log_row, GTK_TYPE_WIDGET)

/* ---- sizes ---- */

static int
log_row_text_width (LogRow *self, const char *text)
{
  g_autoptr (PangoLayout) layout = gtk_widget_create_pango_layout (GTK_WIDGET (self), text);
  int width, height;

  pango_layout_get_size (layout, &width, &height);
  self->line = PANGO_PIXELS_CEIL (height);
  return width;
}

static void
log_row_know_font (LogRow *self)
{
  int width;

  if (self->cell)
    return;
  width = log_row_text_width (self, "MMMMMMMM");
  self->cell = width == log_row_text_width (self, "iiiiiiii") ? width / 8 : -1;
}

/* Where the text begins. */
static int
log_row_indent (LogRow *self)
{
  int cell = self->cell > 0 ? self->cell : 8 * PANGO_SCALE;

  return PANGO_PIXELS_CEIL (MAX (NUMBER_CELLS, snprintf (NULL, 0, "%u", self->number)) * cell) + GAP;
}

static bool
log_row_fits (LogRow *self, int width)
{
  return self->cell > 0 && self->plain > 0 && self->plain <= G_MAXINT / 2 / (gsize)self->cell &&
         PANGO_PIXELS_CEIL ((int)self->plain * self->cell) <= width - log_row_indent (self);
}

static PangoLayout *
log_row_lay_out (LogRow *self, int width)
{
  PangoLayout *layout = gtk_widget_create_pango_layout (GTK_WIDGET (self), self->text);

  pango_layout_set_attributes (layout, self->attributes);
  if (log_row_fits (self, width))
    return layout;
  pango_layout_set_width (layout, MAX (width - log_row_indent (self), 1) * PANGO_SCALE);
  pango_layout_set_wrap (layout, PANGO_WRAP_WORD_CHAR);
  return layout;
}

static void
log_row_measure (GtkWidget *widget, GtkOrientation orientation, int for_size, int *minimum, int *natural,
                 int *minimum_baseline, int *natural_baseline)
{
  LogRow *self = LOG_ROW (widget);

  log_row_know_font (self);
  if (orientation == GTK_ORIENTATION_HORIZONTAL)
    *minimum = log_row_indent (self) + PANGO_PIXELS_CEIL (LEAST_CELLS * MAX (self->cell, PANGO_SCALE));
  else if (for_size < 0 || log_row_fits (self, for_size))
    *minimum = self->line;
  else
    {
      g_autoptr (PangoLayout) layout = log_row_lay_out (self, for_size);

      pango_layout_get_pixel_size (layout, NULL, minimum);
    }
  *natural = *minimum;
}

static GtkSizeRequestMode
log_row_get_request_mode (GtkWidget *widget)
{
  return GTK_SIZE_REQUEST_HEIGHT_FOR_WIDTH;
}

static void
log_row_css_changed (GtkWidget *widget, GtkCssStyleChange *change)
{
  LOG_ROW (widget)->cell = 0;
  GTK_WIDGET_CLASS (log_row_parent_class)->css_changed (widget, change);
}

/* ---- what is seen ---- */

static void
log_row_snapshot_number (LogRow *self, GtkSnapshot *snapshot, GdkRGBA colour)
{
  g_autofree char *digits = g_strdup_printf ("%*u", NUMBER_CELLS, self->number);
  g_autoptr (PangoLayout) layout = gtk_widget_create_pango_layout (GTK_WIDGET (self), digits);

  if (!adw_style_manager_get_high_contrast (adw_style_manager_get_default ()))
    colour.alpha *= DIM;
  gtk_snapshot_append_layout (snapshot, layout, &colour);
}

static void
log_row_snapshot (GtkWidget *widget, GtkSnapshot *snapshot)
{
  LogRow *self = LOG_ROW (widget);
  g_autoptr (PangoLayout) layout = NULL;
  GdkRGBA colour;

  log_row_know_font (self); /* colours may have changed and no sizes, so that nothing was measured */
  gtk_style_context_get_color (gtk_widget_get_style_context (widget), &colour);
  log_row_snapshot_number (self, snapshot, colour);
  layout = log_row_lay_out (self, gtk_widget_get_width (widget));
  gtk_snapshot_translate (snapshot, &GRAPHENE_POINT_INIT (log_row_indent (self), 0));
  gtk_snapshot_append_layout (snapshot, layout, &colour);
}

/* ---- itself ---- */

static void
log_row_finalize (GObject *object)
{
  LogRow *self = LOG_ROW (object);

  g_free (self->text);
  g_clear_pointer (&self->attributes, pango_attr_list_unref);
  G_OBJECT_CLASS (log_row_parent_class)->finalize (object);
}

static void
log_row_class_init (LogRowClass *class)
{
  GtkWidgetClass *widget = GTK_WIDGET_CLASS (class);

  G_OBJECT_CLASS (class)->finalize = log_row_finalize;
  widget->measure = log_row_measure;
  widget->get_request_mode = log_row_get_request_mode;
  widget->css_changed = log_row_css_changed;
  widget->snapshot = log_row_snapshot;
  gtk_widget_class_set_css_name (widget, "label");
  gtk_widget_class_set_accessible_role (widget, GTK_ACCESSIBLE_ROLE_PRESENTATION);
}

static void
log_row_init (LogRow *self)
{
  gtk_widget_add_css_class (GTK_WIDGET (self), "monospace");
}

GtkWidget *
log_row_new (void)
{
  return g_object_new (LOG_TYPE_ROW, NULL);
}

static gsize
log_row_count_plain (const char *text)
{
  gsize i = 0;

  while (text[i] >= ' ' && text[i] <= '~')
    i++;
  return text[i] ? 0 : i;
}

void
log_row_set (LogRow *self, guint number, char *text, PangoAttrList *attributes)
{
  int width = gtk_widget_get_width (GTK_WIDGET (self));
  bool fitted = log_row_fits (self, width);

  g_free (self->text);
  g_clear_pointer (&self->attributes, pango_attr_list_unref);
  self->number = number;
  self->text = text;
  self->attributes = attributes ? pango_attr_list_ref (attributes) : NULL;
  self->plain = attributes ? 0 : log_row_count_plain (text);
  if (fitted && log_row_fits (self, width))
    gtk_widget_queue_draw (GTK_WIDGET (self));
  else
    gtk_widget_queue_resize (GTK_WIDGET (self));
}
