/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sgr.h"

#include <stdlib.h>
#include <string.h>

/* Of the desktop's palette, those that can be read: on white, on black. */
static const guint32 colours[2][8] = {
  { 0x000000, 0xa51d2d, 0x1b7a3d, 0x865e00, 0x1a5fb4, 0x813d9c, 0x00707a, 0x5e5c64 },
  { 0x9a9996, 0xff7b72, 0x8ff0a4, 0xf8e45c, 0x99c1f1, 0xdc8add, 0x7fe0e8, 0xf6f5f4 },
};

typedef struct
{
  int colour; /* -1: the window's own */
  bool bold;
  guint start;
} Style;

static void
sgr_apply (PangoAttrList *attributes, const Style *style, guint end, bool dark)
{
  PangoAttribute *attribute;

  if (end == style->start)
    return;
  if (style->colour >= 0)
    {
      guint32 rgb = colours[dark][style->colour];

      attribute = pango_attr_foreground_new ((rgb >> 16) * 257, (rgb >> 8 & 255) * 257, (rgb & 255) * 257);
      attribute->start_index = style->start;
      attribute->end_index = end;
      pango_attr_list_insert (attributes, attribute);
    }
  if (style->bold)
    {
      attribute = pango_attr_weight_new (PANGO_WEIGHT_BOLD);
      attribute->start_index = style->start;
      attribute->end_index = end;
      pango_attr_list_insert (attributes, attribute);
    }
}

static void
sgr_set (Style *style, long code)
{
  if (code == 0)
    *style = (Style){ .colour = -1 };
  else if (code == 1)
    style->bold = true;
  else if (code == 22)
    style->bold = false;
  else if (code == 39)
    style->colour = -1;
  else if (code >= 30 && code <= 37)
    style->colour = code - 30;
  else if (code >= 90 && code <= 97)
    style->colour = code - 90;
}

/* "1;31m…": returns what comes after it. A colour of 256 or of 16 million is left out. */
static const char *
sgr_read (Style *style, const char *at)
{
  for (;;)
    {
      char *end;
      long code = strtol (at, &end, 10);

      if (code == 38 || code == 48)
        return end + strcspn (end, "m") + (end[strcspn (end, "m")] == 'm');
      sgr_set (style, code);
      if (*end != ';')
        return end + (*end == 'm');
      at = end + 1;
    }
}

char *
sgr_parse (const char *text, bool dark, PangoAttrList **ret_attributes)
{
  g_autoptr (GString) plain = NULL;
  PangoAttrList *attributes = NULL;
  Style style = { .colour = -1 };
  const char *escape;

  if (ret_attributes)
    *ret_attributes = NULL;
  if (!strstr (text, "\033["))
    return g_strdup (text);

  plain = g_string_sized_new (strlen (text));
  attributes = pango_attr_list_new ();
  for (; (escape = strstr (text, "\033[")); style.start = plain->len)
    {
      g_string_append_len (plain, text, escape - text);
      sgr_apply (attributes, &style, plain->len, dark);
      text = sgr_read (&style, escape + 2);
    }
  g_string_append (plain, text);
  sgr_apply (attributes, &style, plain->len, dark);
  if (ret_attributes)
    *ret_attributes = attributes;
  else
    pango_attr_list_unref (attributes);
  return g_string_free (g_steal_pointer (&plain), FALSE);
}
