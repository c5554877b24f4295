/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* A place in a menu for one of several things that come and go. What has one keeps it, so that a click hits what was
 * under it. */
typedef struct
{
  char *key; /* of what it shows; NULL: it is free */
  char *label;
  bool failed, own_recipe;
} MenuPlace;

MenuPlace *menu_place_new (const char *key, char *label);
void menu_place_free (MenuPlace *place);

void menu_place_clear (MenuPlace *place);

/* Has @count places show what there is, @wanted (MenuPlace), as far as they go. The items of a place have @size numbers
 * beginning with @first, and those of the next begin ten later; numbers of items that changed are added to @changed. */
void menu_places_fill (MenuPlace *places, int count, int first, int size, GPtrArray *wanted, GArray *changed);
