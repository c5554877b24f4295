/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dbus-menu.h"

#define INTERFACE "com.canonical.dbusmenu"

/* Its version 3 is what all hosts speak; the layout's never changes. */
#define VERSION  3
#define REVISION 1

#define ROOT 0

struct DbusMenu
{
  const DbusMenuContent *content;
  void *userdata;
  sd_bus *bus;
  sd_bus_slot *slot;
};

static int
dbus_menu_append_properties (const DbusMenu *menu, int id, sd_bus_message *message)
{
  g_autofree char *scratch = NULL;
  MenuLook look = menu->content->look (menu->userdata, id, &scratch);
  int r = sd_bus_message_open_container (message, 'a', "{sv}");

  if (r >= 0)
    r = look.label ? sd_bus_message_append (message, "{sv}", "label", "s", look.label) :
                     sd_bus_message_append (message, "{sv}", "type", "s", "separator");
  if (r >= 0)
    r = sd_bus_message_append (message, "{sv}{sv}", "visible", "b", look.visible, "enabled", "b", look.enabled);
  if (r >= 0 && look.has_menu)
    r = sd_bus_message_append (message, "{sv}", "children-display", "s", "submenu");
  return r < 0 ? r : sd_bus_message_close_container (message);
}

/* (ia{sv}av), with so many levels of children; -1: all. */
static int
dbus_menu_append_item (const DbusMenu *menu, int id, int depth, sd_bus_message *message)
{
  int r;

  if ((r = sd_bus_message_open_container (message, 'r', "ia{sv}av")) < 0 ||
      (r = sd_bus_message_append (message, "i", id)) < 0 || (r = dbus_menu_append_properties (menu, id, message)) < 0 ||
      (r = sd_bus_message_open_container (message, 'a', "v")) < 0)
    return r;
  for (int child = 0; depth != 0 && (child = menu->content->next_child (id, child)) != 0;)
    if ((r = sd_bus_message_open_container (message, 'v', "(ia{sv}av)")) < 0 ||
        (r = dbus_menu_append_item (menu, child, depth - 1, message)) < 0 ||
        (r = sd_bus_message_close_container (message)) < 0)
      return r;
  if ((r = sd_bus_message_close_container (message)) < 0)
    return r;
  return sd_bus_message_close_container (message);
}

static int
dbus_menu_refuse (sd_bus_error *error, int id)
{
  return sd_bus_error_setf (error, SD_BUS_ERROR_INVALID_ARGS, "The menu has no item %d", id);
}

static int
dbus_menu_get_layout (sd_bus_message *call, void *userdata, sd_bus_error *error)
{
  DbusMenu *menu = userdata;
  sd_bus_message *reply = NULL;
  int id, depth, r;

  if ((r = sd_bus_message_read (call, "ii", &id, &depth)) < 0)
    return r;
  if (!menu->content->is_item (id))
    return dbus_menu_refuse (error, id);
  if ((r = sd_bus_message_new_method_return (call, &reply)) >= 0 &&
      (r = sd_bus_message_append (reply, "u", REVISION)) >= 0 &&
      (r = dbus_menu_append_item (menu, id, depth, reply)) >= 0)
    r = sd_bus_send (NULL, reply, NULL);
  sd_bus_message_unref (reply);
  return r;
}

/* (ia{sv}) */
static int
dbus_menu_append_group (const DbusMenu *menu, int id, sd_bus_message *message)
{
  int r;

  if ((r = sd_bus_message_open_container (message, 'r', "ia{sv}")) < 0 ||
      (r = sd_bus_message_append (message, "i", id)) < 0 || (r = dbus_menu_append_properties (menu, id, message)) < 0)
    return r;
  return sd_bus_message_close_container (message);
}

/* No ids are all. */
static int
dbus_menu_append_groups (const DbusMenu *menu, const int *ids, size_t count, sd_bus_message *message)
{
  int r = sd_bus_message_open_container (message, 'a', "(ia{sv})");

  for (size_t i = 0; r >= 0 && i < count; i++)
    if (menu->content->is_item (ids[i]))
      r = dbus_menu_append_group (menu, ids[i], message);
  for (int id = ROOT; r >= 0 && count == 0 && id <= menu->content->last_id; id++)
    if (menu->content->is_item (id))
      r = dbus_menu_append_group (menu, id, message);
  return r < 0 ? r : sd_bus_message_close_container (message);
}

static int
dbus_menu_get_group_properties (sd_bus_message *call, void *userdata, sd_bus_error *error)
{
  sd_bus_message *reply = NULL;
  const int *ids;
  size_t size;
  int r;

  if ((r = sd_bus_message_read_array (call, 'i', (const void **)&ids, &size)) < 0)
    return r;
  if ((r = sd_bus_message_new_method_return (call, &reply)) >= 0 &&
      (r = dbus_menu_append_groups (userdata, ids, size / sizeof *ids, reply)) >= 0)
    r = sd_bus_send (NULL, reply, NULL);
  sd_bus_message_unref (reply);
  return r;
}

static int
dbus_menu_get_property (sd_bus_message *call, void *userdata, sd_bus_error *error)
{
  DbusMenu *menu = userdata;
  g_autofree char *scratch = NULL;
  const char *name;
  MenuLook look;
  int id, r;

  if ((r = sd_bus_message_read (call, "is", &id, &name)) < 0)
    return r;
  if (!menu->content->is_item (id))
    return dbus_menu_refuse (error, id);
  look = menu->content->look (menu->userdata, id, &scratch);
  if (g_str_equal (name, "label") && look.label)
    return sd_bus_reply_method_return (call, "v", "s", look.label);
  if (g_str_equal (name, "type"))
    return sd_bus_reply_method_return (call, "v", "s", look.label ? "standard" : "separator");
  if (g_str_equal (name, "visible"))
    return sd_bus_reply_method_return (call, "v", "b", look.visible);
  if (g_str_equal (name, "enabled"))
    return sd_bus_reply_method_return (call, "v", "b", look.enabled);
  if (g_str_equal (name, "children-display"))
    return sd_bus_reply_method_return (call, "v", "s", look.has_menu ? "submenu" : "");
  return sd_bus_error_setf (error, SD_BUS_ERROR_INVALID_ARGS, "The item %d has no property %s", id, name);
}

/* Reads isvu. @ret_id is an item that was clicked; 0: none was. */
static int
dbus_menu_read_event (DbusMenu *menu, sd_bus_message *call, int *ret_id, bool *ret_known)
{
  const char *event;
  int r;

  if ((r = sd_bus_message_read (call, "is", ret_id, &event)) < 0 || (r = sd_bus_message_skip (call, "vu")) < 0)
    return r;
  *ret_known = menu->content->is_item (*ret_id);
  if (*ret_known && !g_str_equal (event, "clicked"))
    *ret_id = ROOT;
  return 0;
}

/* The answer goes first: a click may take away the icon, and its connection. */
static int
dbus_menu_event (sd_bus_message *call, void *userdata, sd_bus_error *error)
{
  DbusMenu *menu = userdata;
  bool known;
  int id, r;

  if ((r = dbus_menu_read_event (menu, call, &id, &known)) < 0)
    return r;
  if (!known)
    return dbus_menu_refuse (error, id);
  r = sd_bus_reply_method_return (call, NULL);
  menu->content->click (menu->userdata, id);
  return r;
}

static int
dbus_menu_event_group (sd_bus_message *call, void *userdata, sd_bus_error *error)
{
  DbusMenu *menu = userdata;
  g_autoptr (GArray) clicked = g_array_new (FALSE, FALSE, sizeof (int));
  g_autoptr (GArray) unknown = g_array_new (FALSE, FALSE, sizeof (int));
  sd_bus_message *reply = NULL;
  bool known;
  int id, r;

  if ((r = sd_bus_message_enter_container (call, 'a', "(isvu)")) < 0)
    return r;
  while ((r = sd_bus_message_enter_container (call, 'r', "isvu")) > 0)
    {
      if ((r = dbus_menu_read_event (menu, call, &id, &known)) < 0 || (r = sd_bus_message_exit_container (call)) < 0)
        return r;
      g_array_append_val (known ? clicked : unknown, id);
    }
  if (r >= 0 && (r = sd_bus_message_new_method_return (call, &reply)) >= 0 &&
      (r = sd_bus_message_append_array (reply, 'i', unknown->data, unknown->len * sizeof (int))) >= 0)
    r = sd_bus_send (NULL, reply, NULL);
  sd_bus_message_unref (reply);
  for (guint i = 0; r >= 0 && i < clicked->len; i++)
    menu->content->click (menu->userdata, g_array_index (clicked, int, i));
  return r;
}

/* What is shown is told when it changes. */
static int
dbus_menu_about_to_show (sd_bus_message *call, void *userdata, sd_bus_error *error)
{
  return sd_bus_reply_method_return (call, "b", false);
}

static int
dbus_menu_about_to_show_group (sd_bus_message *call, void *userdata, sd_bus_error *error)
{
  return sd_bus_reply_method_return (call, "aiai", 0, 0);
}

static int
dbus_menu_get_state (sd_bus *bus, const char *path, const char *interface, const char *property, sd_bus_message *reply,
                     void *userdata, sd_bus_error *error)
{
  if (g_str_equal (property, "Version"))
    return sd_bus_message_append (reply, "u", VERSION);
  if (g_str_equal (property, "TextDirection"))
    return sd_bus_message_append (reply, "s", "ltr");
  if (g_str_equal (property, "Status"))
    return sd_bus_message_append (reply, "s", "normal");
  return sd_bus_message_append (reply, "as", 0);
}

static const sd_bus_vtable menu_vtable[] = {
  SD_BUS_VTABLE_START (0),
  SD_BUS_METHOD ("GetLayout", "iias", "u(ia{sv}av)", dbus_menu_get_layout, 0),
  SD_BUS_METHOD ("GetGroupProperties", "aias", "a(ia{sv})", dbus_menu_get_group_properties, 0),
  SD_BUS_METHOD ("GetProperty", "is", "v", dbus_menu_get_property, 0),
  SD_BUS_METHOD ("Event", "isvu", NULL, dbus_menu_event, 0),
  SD_BUS_METHOD ("EventGroup", "a(isvu)", "ai", dbus_menu_event_group, 0),
  SD_BUS_METHOD ("AboutToShow", "i", "b", dbus_menu_about_to_show, 0),
  SD_BUS_METHOD ("AboutToShowGroup", "ai", "aiai", dbus_menu_about_to_show_group, 0),
  SD_BUS_PROPERTY ("Version", "u", dbus_menu_get_state, 0, SD_BUS_VTABLE_PROPERTY_CONST),
  SD_BUS_PROPERTY ("TextDirection", "s", dbus_menu_get_state, 0, SD_BUS_VTABLE_PROPERTY_CONST),
  SD_BUS_PROPERTY ("Status", "s", dbus_menu_get_state, 0, SD_BUS_VTABLE_PROPERTY_CONST),
  SD_BUS_PROPERTY ("IconThemePath", "as", dbus_menu_get_state, 0, SD_BUS_VTABLE_PROPERTY_CONST),
  SD_BUS_SIGNAL ("ItemsPropertiesUpdated", "a(ia{sv})a(ias)", 0),
  SD_BUS_SIGNAL ("LayoutUpdated", "ui", 0),
  SD_BUS_SIGNAL ("ItemActivationRequested", "iu", 0),
  SD_BUS_VTABLE_END,
};

int
dbus_menu_attach (DbusMenu *menu, sd_bus *bus)
{
  menu->slot = sd_bus_slot_unref (menu->slot);
  menu->bus = bus;
  return bus ? sd_bus_add_object_vtable (bus, &menu->slot, DBUS_MENU_PATH, INTERFACE, menu_vtable, menu) : 0;
}

void
dbus_menu_tell (DbusMenu *menu, GArray *ids)
{
  sd_bus_message *signal = NULL;

  if (menu->bus && ids->len > 0 &&
      sd_bus_message_new_signal (menu->bus, &signal, DBUS_MENU_PATH, INTERFACE, "ItemsPropertiesUpdated") >= 0 &&
      dbus_menu_append_groups (menu, (const int *)ids->data, ids->len, signal) >= 0 &&
      sd_bus_message_append (signal, "a(ias)", 0) >= 0)
    sd_bus_send (menu->bus, signal, NULL);
  sd_bus_message_unref (signal);
}

DbusMenu *
dbus_menu_new (const DbusMenuContent *content, void *userdata)
{
  DbusMenu *menu = g_new0 (DbusMenu, 1);

  menu->content = content;
  menu->userdata = userdata;
  return menu;
}

void
dbus_menu_free (DbusMenu *menu)
{
  if (!menu)
    return;
  sd_bus_slot_unref (menu->slot);
  g_free (menu);
}
