/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <systemd/sd-bus.h>

#define DBUS_MENU_PATH "/MenuBar"

/* A menu on a bus, com.canonical.dbusmenu, of constant shape: its items are there from the beginning, and are shown,
 * hidden and named. https://github.com/gnustep/libs-dbuskit/blob/master/Bundles/DBusMenu/com.canonical.dbusmenu.xml */
typedef struct DbusMenu DbusMenu;

/* How an item looks. */
typedef struct
{
  const char *label; /* NULL: a line */
  bool visible, enabled, has_menu;
} MenuLook;

/* What is in it. The item 0 is the root, whose children it shows. */
typedef struct
{
  int last_id;
  bool (*is_item) (int id);
  int (*next_child) (int id, int child); /* the one after @child among those of @id; 0: the first, or no more */
  MenuLook (*look) (const void *userdata, int id, char **scratch); /* @scratch keeps a label that is made for it */
  void (*click) (void *userdata, int id);
} DbusMenuContent;

/* @content must outlive it. */
DbusMenu *dbus_menu_new (const DbusMenuContent *content, void *userdata);
void dbus_menu_free (DbusMenu *menu);

/* Shows it on @bus; NULL: on none. A negative errno when that is broken. */
int dbus_menu_attach (DbusMenu *menu, sd_bus *bus);

/* Tells who looks at it that these items (int) look different now. */
void dbus_menu_tell (DbusMenu *menu, GArray *ids);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DbusMenu, dbus_menu_free)
