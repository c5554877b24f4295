/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "table.h"

#include <string.h>

#include "terminal.h"
#include "text.h"

#define GAP      2 /* between columns */
#define LAST_MIN 8 /* what is left of the last column at least */

struct Table
{
  guint columns;
  GPtrArray *cells; /* of all rows, the headings first */
};

Table *
table_new (const char *const *headings)
{
  Table *table = g_new (Table, 1);

  table->columns = g_strv_length ((char **)headings);
  table->cells = g_ptr_array_new_with_free_func (g_free);
  table_add (table, headings);
  return table;
}

void
table_free (Table *table)
{
  g_ptr_array_unref (table->cells);
  g_free (table);
}

void
table_add (Table *table, const char *const *cells)
{
  for (guint i = 0; i < table->columns; i++)
    g_ptr_array_add (table->cells, text_line (cells[i] ? cells[i] : ""));
}

static unsigned
table_column_width (const Table *table, guint column)
{
  unsigned width = 0;

  for (guint i = column; i < table->cells->len; i += table->columns)
    width = MAX (width, text_width (table->cells->pdata[i]));
  return width;
}

/* The cells of one row. The last is cut to @last columns, unless that is 0, and not padded. */
static void
table_append_row (const Table *table, GString *text, char *const *cells, const unsigned *widths, unsigned last)
{
  size_t start = text->len;

  for (guint i = 0; i + 1 < table->columns; i++)
    g_string_append_printf (text, "%s%*s", cells[i], (int)(widths[i] - text_width (cells[i]) + GAP), "");
  if (last > 0)
    {
      g_autofree char *cut = text_cut (cells[table->columns - 1], last);

      g_string_append (text, cut);
    }
  else
    g_string_append (text, cells[table->columns - 1]);

  while (text->len > start && text->str[text->len - 1] == ' ')
    g_string_truncate (text, text->len - 1);
}

char *
table_to_text (const Table *table, unsigned width, const char *bold, const char *plain)
{
  g_autofree unsigned *widths = g_new (unsigned, table->columns);
  GString *text = g_string_new (bold);
  unsigned before = 0, last = 0;

  for (guint i = 0; i < table->columns; i++)
    widths[i] = table_column_width (table, i);
  for (guint i = 0; i + 1 < table->columns; i++)
    before += widths[i] + GAP;
  if (width > 0)
    last = width > before + LAST_MIN ? width - before : LAST_MIN;

  for (guint i = 0; i < table->cells->len; i += table->columns)
    {
      table_append_row (table, text, (char *const *)table->cells->pdata + i, widths, last);
      g_string_append (text, i == 0 ? plain : "");
      g_string_append_c (text, '\n');
    }
  return g_string_free (text, FALSE);
}

void
table_print (const Table *table)
{
  g_autofree char *text = table_to_text (table, terminal_is_terminal () ? terminal_width () : 0,
                                         terminal_style (TERMINAL_BOLD), terminal_style (TERMINAL_PLAIN));

  terminal_write (text, strlen (text));
}

char *
table_to_plain (const Table *table)
{
  GString *text = g_string_new (NULL);

  for (guint i = table->columns; i < table->cells->len; i++)
    {
      g_string_append (text, table->cells->pdata[i]);
      g_string_append_c (text, (i + 1) % table->columns == 0 ? '\n' : '\t');
    }
  return g_string_free (text, FALSE);
}

void
table_print_plain (const Table *table)
{
  g_autofree char *text = table_to_plain (table);

  terminal_write (text, strlen (text));
}
