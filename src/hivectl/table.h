/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* Rows of text in columns, aligned by what a terminal shows. */
typedef struct Table Table;

/* @headings: one a column, NULL-terminated, translated already. */
Table *table_new (const char *const *headings);
void table_free (Table *table);

/* A row of as many cells as there are headings; NULL is an empty one. Cells are made one clean line each. */
void table_add (Table *table, const char *const *cells);

/* The table with @bold before and @plain after its headings. A line is at most @width columns: its last cell is cut for
 * that (but to no less than 8 columns). 0 cuts nothing. */
char *table_to_text (const Table *table, unsigned width, const char *bold, const char *plain);

/* Shows it on standard output: cut to the width of a terminal, whole when that is none. */
void table_print (const Table *table);

/* The rows alone, whole, a tab between their cells. */
char *table_to_plain (const Table *table);
void table_print_plain (const Table *table);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Table, table_free)
