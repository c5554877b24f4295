/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gtk/gtk.h>

/* Shows the page @name of @stack, and hides the others from screen readers too, which GtkStack does not. */
void stack_page_show (GtkStack *stack, const char *name);
