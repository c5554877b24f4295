/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* Lines "Name:  value", the values beneath each other. */
typedef struct Fields Fields;

Fields *fields_new (void);
void fields_free (Fields *fields);

/* Both are copied; @value is made one clean line. One that is NULL or empty is left out. */
void fields_add (Fields *fields, const char *name, const char *value);

/* Shows them on standard output. */
void fields_print (const Fields *fields);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Fields, fields_free)
