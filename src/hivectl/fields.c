/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fields.h"

#include "terminal.h"
#include "text.h"

#define GAP 2

struct Fields
{
  GPtrArray *names, *values;
};

Fields *
fields_new (void)
{
  Fields *fields = g_new (Fields, 1);

  fields->names = g_ptr_array_new_with_free_func (g_free);
  fields->values = g_ptr_array_new_with_free_func (g_free);
  return fields;
}

void
fields_free (Fields *fields)
{
  g_ptr_array_unref (fields->names);
  g_ptr_array_unref (fields->values);
  g_free (fields);
}

void
fields_add (Fields *fields, const char *name, const char *value)
{
  if (!value || !*value)
    return;
  g_ptr_array_add (fields->names, g_strdup (name));
  g_ptr_array_add (fields->values, text_line (value));
}

void
fields_print (const Fields *fields)
{
  unsigned width = 0;

  for (guint i = 0; i < fields->names->len; i++)
    width = MAX (width, text_width (fields->names->pdata[i]));
  for (guint i = 0; i < fields->names->len; i++)
    terminal_printf ("%s%s:%s%*s%s\n", terminal_style (TERMINAL_BOLD), (char *)fields->names->pdata[i],
                     terminal_style (TERMINAL_PLAIN), (int)(width - text_width (fields->names->pdata[i]) + GAP), "",
                     (char *)fields->values->pdata[i]);
}
