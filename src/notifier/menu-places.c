/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "menu-places.h"

MenuPlace *
menu_place_new (const char *key, char *label)
{
  MenuPlace *place = g_new0 (MenuPlace, 1);

  place->key = g_strdup (key);
  place->label = label;
  return place;
}

void
menu_place_clear (MenuPlace *place)
{
  g_clear_pointer (&place->key, g_free);
  g_clear_pointer (&place->label, g_free);
  place->failed = place->own_recipe = false;
}

void
menu_place_free (MenuPlace *place)
{
  menu_place_clear (place);
  g_free (place);
}

static bool
menu_places_have (const MenuPlace *places, int count, const char *key)
{
  for (int i = 0; i < count; i++)
    if (g_strcmp0 (places[i].key, key) == 0)
      return true;
  return false;
}

/* What the place @index has, or one that has none; NULL: none. */
static const MenuPlace *
menu_places_find_for (const MenuPlace *places, int count, int index, GPtrArray *wanted)
{
  for (guint i = 0; i < wanted->len; i++)
    {
      const MenuPlace *one = wanted->pdata[i];

      if (places[index].key ? g_str_equal (one->key, places[index].key) : !menu_places_have (places, count, one->key))
        return one;
    }
  return NULL;
}

/* Takes over what is to be shown. Returns how many of the items look different then. */
static int
menu_place_set (MenuPlace *place, const MenuPlace *shown, int size)
{
  bool whole = !place->key || place->failed != shown->failed;

  if (!whole && g_strcmp0 (shown->label, place->label) == 0)
    return 0;
  menu_place_clear (place);
  *place = *shown;
  place->key = g_strdup (shown->key);
  place->label = g_strdup (shown->label);
  return whole ? size : 1;
}

void
menu_places_fill (MenuPlace *places, int count, int first, int size, GPtrArray *wanted, GArray *changed)
{
  for (int i = 0; i < count; i++)
    {
      const MenuPlace *shown = menu_places_find_for (places, count, i, wanted);
      bool was_taken = places[i].key != NULL;
      int differ = 0;

      if (!shown)
        {
          menu_place_clear (&places[i]);
          shown = menu_places_find_for (places, count, i, wanted);
          differ = was_taken;
        }
      if (shown)
        differ = menu_place_set (&places[i], shown, size);
      for (int id = first + i * 10; differ-- > 0; id++)
        g_array_append_val (changed, id);
    }
}
