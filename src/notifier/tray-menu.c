/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tray-menu.h"

#include <glib/gi18n.h>
#include <string.h>

#define INTERFACE "com.canonical.dbusmenu"

/* Its version 3 is what all hosts speak; the layout's never changes. */
#define VERSION  3
#define REVISION 1

/* Places for jobs: a menu that does not fit on a screen is of no use. */
#define PLACES 8

/* The items. Menuplace N has the id PLACE_ID(N), and behind it the entries of its own menu. */
enum
{
  ROOT = 0,
  MORE = 1,
  SEPARATOR,
  OPEN,
  QUIT,
  ABOVE_PLACES = 10,

  CANCEL = 1,
  SHOW_LOG,
  TRY_AGAIN,
  DISMISS,
  PLACE_SIZE,
};
#define PLACE_ID(place) (ABOVE_PLACES + (place)*10)
#define LAST_ID         (PLACE_ID (PLACES - 1) + PLACE_SIZE - 1)

typedef struct
{
  char *job; /* NULL: free */
  char *label;
  bool failed, own_recipe;
} MenuPlace;

struct TrayMenu
{
  const TrayMenuHandler *handler;
  void *userdata;
  sd_bus *bus;
  sd_bus_slot *slot;
  MenuPlace places[PLACES];
  unsigned jobs;
};

/* How an item looks. */
typedef struct
{
  const char *label; /* NULL: a line */
  bool visible, enabled, has_menu;
} MenuLook;

static bool
tray_menu_is_item (int id)
{
  return id >= ABOVE_PLACES ? id <= LAST_ID && id % 10 < PLACE_SIZE : id >= ROOT && id <= QUIT;
}

static MenuLook
tray_menu_look_of_place (const TrayMenu *menu, int id)
{
  const MenuPlace *place = &menu->places[id / 10 - 1];

  switch (id % 10)
    {
    case CANCEL:
      return (MenuLook){ _ ("Cancel"), place->job && !place->failed, true, false };
    case SHOW_LOG:
      return (MenuLook){ _ ("Show log"), true, true, false };
    case TRY_AGAIN:
      return (MenuLook){ _ ("Try again"), place->failed && !place->own_recipe, true, false };
    case DISMISS:
      return (MenuLook){ _ ("Dismiss"), place->failed, true, false };
    default:
      return (MenuLook){ place->label ? place->label : "", place->job != NULL, true, true };
    }
}

static char *
tray_menu_label_of_more (unsigned more)
{
  return g_strdup_printf (ngettext ("%u more job", "%u more jobs", more), more);
}

/* @scratch keeps a label that is made for it. */
static MenuLook
tray_menu_look (const TrayMenu *menu, int id, char **scratch)
{
  if (id >= ABOVE_PLACES)
    return tray_menu_look_of_place (menu, id);
  switch (id)
    {
    case MORE:
      *scratch = tray_menu_label_of_more (menu->jobs - MIN (menu->jobs, PLACES));
      return (MenuLook){ *scratch, menu->jobs > PLACES, false, false };
    case SEPARATOR:
      return (MenuLook){ NULL, menu->jobs > 0, true, false };
    case OPEN:
      return (MenuLook){ _ ("Open rbee-hive"), true, true, false };
    case QUIT:
      return (MenuLook){ _ ("Quit"), true, true, false };
    default:
      return (MenuLook){ "", true, true, true };
    }
}

static int
tray_menu_append_properties (const TrayMenu *menu, int id, sd_bus_message *message)
{
  g_autofree char *scratch = NULL;
  MenuLook look = tray_menu_look (menu, id, &scratch);
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

/* The id that follows @child among those of @id; the first with @child 0; 0: no more. */
static int
tray_menu_next_child (int id, int child)
{
  if (id >= ABOVE_PLACES)
    return id % 10 != 0 ? 0 : child == 0 ? id + CANCEL : child < id + PLACE_SIZE - 1 ? child + 1 : 0;
  if (id != ROOT)
    return 0;
  if (child == 0)
    return PLACE_ID (0);
  if (child >= ABOVE_PLACES)
    return child < PLACE_ID (PLACES - 1) ? child + 10 : MORE;
  return child < QUIT ? child + 1 : 0;
}

/* (ia{sv}av), with so many levels of children; -1: all. */
static int
tray_menu_append_item (const TrayMenu *menu, int id, int depth, sd_bus_message *message)
{
  int r;

  if ((r = sd_bus_message_open_container (message, 'r', "ia{sv}av")) < 0 ||
      (r = sd_bus_message_append (message, "i", id)) < 0 || (r = tray_menu_append_properties (menu, id, message)) < 0 ||
      (r = sd_bus_message_open_container (message, 'a', "v")) < 0)
    return r;
  for (int child = 0; depth != 0 && (child = tray_menu_next_child (id, child)) != 0;)
    if ((r = sd_bus_message_open_container (message, 'v', "(ia{sv}av)")) < 0 ||
        (r = tray_menu_append_item (menu, child, depth - 1, message)) < 0 ||
        (r = sd_bus_message_close_container (message)) < 0)
      return r;
  if ((r = sd_bus_message_close_container (message)) < 0)
    return r;
  return sd_bus_message_close_container (message);
}

static int
tray_menu_refuse (sd_bus_error *error, int id)
{
  return sd_bus_error_setf (error, SD_BUS_ERROR_INVALID_ARGS, "The menu has no item %d", id);
}

static int
tray_menu_get_layout (sd_bus_message *call, void *userdata, sd_bus_error *error)
{
  sd_bus_message *reply = NULL;
  int id, depth, r;

  if ((r = sd_bus_message_read (call, "ii", &id, &depth)) < 0)
    return r;
  if (!tray_menu_is_item (id))
    return tray_menu_refuse (error, id);
  if ((r = sd_bus_message_new_method_return (call, &reply)) >= 0 &&
      (r = sd_bus_message_append (reply, "u", REVISION)) >= 0 &&
      (r = tray_menu_append_item (userdata, id, depth, reply)) >= 0)
    r = sd_bus_send (NULL, reply, NULL);
  sd_bus_message_unref (reply);
  return r;
}

/* (ia{sv}) */
static int
tray_menu_append_group (const TrayMenu *menu, int id, sd_bus_message *message)
{
  int r;

  if ((r = sd_bus_message_open_container (message, 'r', "ia{sv}")) < 0 ||
      (r = sd_bus_message_append (message, "i", id)) < 0 || (r = tray_menu_append_properties (menu, id, message)) < 0)
    return r;
  return sd_bus_message_close_container (message);
}

/* No ids are all. */
static int
tray_menu_append_groups (const TrayMenu *menu, const int *ids, size_t count, sd_bus_message *message)
{
  int r = sd_bus_message_open_container (message, 'a', "(ia{sv})");

  for (size_t i = 0; r >= 0 && i < count; i++)
    if (tray_menu_is_item (ids[i]))
      r = tray_menu_append_group (menu, ids[i], message);
  for (int id = ROOT; r >= 0 && count == 0 && id <= LAST_ID; id++)
    if (tray_menu_is_item (id))
      r = tray_menu_append_group (menu, id, message);
  return r < 0 ? r : sd_bus_message_close_container (message);
}

static int
tray_menu_get_group_properties (sd_bus_message *call, void *userdata, sd_bus_error *error)
{
  sd_bus_message *reply = NULL;
  const int *ids;
  size_t size;
  int r;

  if ((r = sd_bus_message_read_array (call, 'i', (const void **)&ids, &size)) < 0)
    return r;
  if ((r = sd_bus_message_new_method_return (call, &reply)) >= 0 &&
      (r = tray_menu_append_groups (userdata, ids, size / sizeof *ids, reply)) >= 0)
    r = sd_bus_send (NULL, reply, NULL);
  sd_bus_message_unref (reply);
  return r;
}

static int
tray_menu_get_property (sd_bus_message *call, void *userdata, sd_bus_error *error)
{
  g_autofree char *scratch = NULL;
  const char *name;
  MenuLook look;
  int id, r;

  if ((r = sd_bus_message_read (call, "is", &id, &name)) < 0)
    return r;
  if (!tray_menu_is_item (id))
    return tray_menu_refuse (error, id);
  look = tray_menu_look (userdata, id, &scratch);
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

static void
tray_menu_click_place (TrayMenu *menu, int id)
{
  g_autofree char *job = g_strdup (menu->places[id / 10 - 1].job);

  if (!job)
    return;
  switch (id % 10)
    {
    case CANCEL:
      menu->handler->cancel (job, menu->userdata);
      break;
    case SHOW_LOG:
      menu->handler->show_log (job, menu->userdata);
      break;
    case TRY_AGAIN:
      menu->handler->try_again (job, menu->userdata);
      break;
    case DISMISS:
      menu->handler->dismiss (job, menu->userdata);
      break;
    }
}

static void
tray_menu_click (TrayMenu *menu, int id)
{
  if (id == OPEN)
    menu->handler->open (menu->userdata);
  else if (id == QUIT)
    menu->handler->quit (menu->userdata);
  else if (id >= ABOVE_PLACES)
    tray_menu_click_place (menu, id);
}

/* Reads isvu. @ret_id is an item that was clicked; 0: none was. */
static int
tray_menu_read_event (sd_bus_message *call, int *ret_id, bool *ret_known)
{
  const char *event;
  int r;

  if ((r = sd_bus_message_read (call, "is", ret_id, &event)) < 0 || (r = sd_bus_message_skip (call, "vu")) < 0)
    return r;
  *ret_known = tray_menu_is_item (*ret_id);
  if (*ret_known && !g_str_equal (event, "clicked"))
    *ret_id = ROOT;
  return 0;
}

/* The answer goes first: a click may take away the icon, and its connection. */
static int
tray_menu_event (sd_bus_message *call, void *userdata, sd_bus_error *error)
{
  bool known;
  int id, r;

  if ((r = tray_menu_read_event (call, &id, &known)) < 0)
    return r;
  if (!known)
    return tray_menu_refuse (error, id);
  r = sd_bus_reply_method_return (call, NULL);
  tray_menu_click (userdata, id);
  return r;
}

static int
tray_menu_event_group (sd_bus_message *call, void *userdata, sd_bus_error *error)
{
  g_autoptr (GArray) clicked = g_array_new (FALSE, FALSE, sizeof (int));
  g_autoptr (GArray) unknown = g_array_new (FALSE, FALSE, sizeof (int));
  sd_bus_message *reply = NULL;
  bool known;
  int id, r;

  if ((r = sd_bus_message_enter_container (call, 'a', "(isvu)")) < 0)
    return r;
  while ((r = sd_bus_message_enter_container (call, 'r', "isvu")) > 0)
    {
      if ((r = tray_menu_read_event (call, &id, &known)) < 0 || (r = sd_bus_message_exit_container (call)) < 0)
        return r;
      g_array_append_val (known ? clicked : unknown, id);
    }
  if (r >= 0 && (r = sd_bus_message_new_method_return (call, &reply)) >= 0 &&
      (r = sd_bus_message_append_array (reply, 'i', unknown->data, unknown->len * sizeof (int))) >= 0)
    r = sd_bus_send (NULL, reply, NULL);
  sd_bus_message_unref (reply);
  for (guint i = 0; r >= 0 && i < clicked->len; i++)
    tray_menu_click (userdata, g_array_index (clicked, int, i));
  return r;
}

/* What is shown is told when it changes. */
static int
tray_menu_about_to_show (sd_bus_message *call, void *userdata, sd_bus_error *error)
{
  return sd_bus_reply_method_return (call, "b", false);
}

static int
tray_menu_about_to_show_group (sd_bus_message *call, void *userdata, sd_bus_error *error)
{
  return sd_bus_reply_method_return (call, "aiai", 0, 0);
}

static int
tray_menu_get_state (sd_bus *bus, const char *path, const char *interface, const char *property, sd_bus_message *reply,
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

static const sd_bus_vtable vtable[] = {
  SD_BUS_VTABLE_START (0),
  SD_BUS_METHOD ("GetLayout", "iias", "u(ia{sv}av)", tray_menu_get_layout, 0),
  SD_BUS_METHOD ("GetGroupProperties", "aias", "a(ia{sv})", tray_menu_get_group_properties, 0),
  SD_BUS_METHOD ("GetProperty", "is", "v", tray_menu_get_property, 0),
  SD_BUS_METHOD ("Event", "isvu", NULL, tray_menu_event, 0),
  SD_BUS_METHOD ("EventGroup", "a(isvu)", "ai", tray_menu_event_group, 0),
  SD_BUS_METHOD ("AboutToShow", "i", "b", tray_menu_about_to_show, 0),
  SD_BUS_METHOD ("AboutToShowGroup", "ai", "aiai", tray_menu_about_to_show_group, 0),
  SD_BUS_PROPERTY ("Version", "u", tray_menu_get_state, 0, SD_BUS_VTABLE_PROPERTY_CONST),
  SD_BUS_PROPERTY ("TextDirection", "s", tray_menu_get_state, 0, SD_BUS_VTABLE_PROPERTY_CONST),
  SD_BUS_PROPERTY ("Status", "s", tray_menu_get_state, 0, SD_BUS_VTABLE_PROPERTY_CONST),
  SD_BUS_PROPERTY ("IconThemePath", "as", tray_menu_get_state, 0, SD_BUS_VTABLE_PROPERTY_CONST),
  SD_BUS_SIGNAL ("ItemsPropertiesUpdated", "a(ia{sv})a(ias)", 0),
  SD_BUS_SIGNAL ("LayoutUpdated", "ui", 0),
  SD_BUS_SIGNAL ("ItemActivationRequested", "iu", 0),
  SD_BUS_VTABLE_END,
};

int
tray_menu_attach (TrayMenu *menu, sd_bus *bus)
{
  menu->slot = sd_bus_slot_unref (menu->slot);
  menu->bus = bus;
  return bus ? sd_bus_add_object_vtable (bus, &menu->slot, TRAY_MENU_PATH, INTERFACE, vtable, menu) : 0;
}

static void
tray_menu_tell (TrayMenu *menu, GArray *ids)
{
  sd_bus_message *signal = NULL;

  if (menu->bus && ids->len > 0 &&
      sd_bus_message_new_signal (menu->bus, &signal, TRAY_MENU_PATH, INTERFACE, "ItemsPropertiesUpdated") >= 0 &&
      tray_menu_append_groups (menu, (const int *)ids->data, ids->len, signal) >= 0 &&
      sd_bus_message_append (signal, "a(ias)", 0) >= 0)
    sd_bus_send (menu->bus, signal, NULL);
  sd_bus_message_unref (signal);
}

/* An underscore is followed by a mnemonic, unless by another one. */
static char *
tray_menu_label (const WatchedJob *job, bool is_here)
{
  g_autofree char *what = watched_job_describe (job);
  GString *label = g_string_new (what);

  if (watched_job_is_active (job) && !is_here)
    g_string_printf (label, _ ("%s: the hive is away"), what);
  g_string_replace (label, "_", "__", 0);
  return g_string_free (label, FALSE);
}

static void
tray_menu_clear_place (MenuPlace *place)
{
  g_clear_pointer (&place->job, g_free);
  g_clear_pointer (&place->label, g_free);
  place->failed = place->own_recipe = false;
}

static bool
tray_menu_has (const TrayMenu *menu, const char *job)
{
  for (int i = 0; i < PLACES; i++)
    if (g_strcmp0 (menu->places[i].job, job) == 0)
      return true;
  return false;
}

/* The job of that place, or one that has none; NULL: none. */
static const WatchedJob *
tray_menu_find_for (const TrayMenu *menu, const MenuPlace *place, GPtrArray *jobs)
{
  for (guint i = 0; i < jobs->len; i++)
    {
      const WatchedJob *job = jobs->pdata[i];

      if (place->job ? g_str_equal (job->id, place->job) : !tray_menu_has (menu, job->id))
        return job;
    }
  return NULL;
}

/* Notes what changes of a place. */
static void
tray_menu_fill (TrayMenu *menu, int index, GPtrArray *jobs, bool is_here, GArray *changed)
{
  MenuPlace *place = &menu->places[index];
  bool was_taken = place->job != NULL;
  const WatchedJob *job = tray_menu_find_for (menu, place, jobs);
  g_autofree char *label = NULL;
  int id = PLACE_ID (index);
  bool whole;

  if (!job)
    {
      tray_menu_clear_place (place);
      job = tray_menu_find_for (menu, place, jobs);
      if (was_taken && !job)
        g_array_append_val (changed, id);
    }
  if (!job)
    return;
  label = tray_menu_label (job, is_here);
  whole = !place->job || place->failed != watched_job_is_failed (job);
  if (!whole && g_strcmp0 (label, place->label) == 0)
    return;
  tray_menu_clear_place (place);
  place->job = g_strdup (job->id);
  place->label = g_steal_pointer (&label);
  place->failed = watched_job_is_failed (job);
  place->own_recipe = job->own_recipe;
  for (int i = 0; i < (whole ? PLACE_SIZE : 1); i++, id++)
    g_array_append_val (changed, id);
}

void
tray_menu_update (TrayMenu *menu, GPtrArray *jobs, bool is_here)
{
  g_autoptr (GArray) changed = g_array_new (FALSE, FALSE, sizeof (int));
  static const int of_number[] = { MORE, SEPARATOR };

  for (int i = 0; i < PLACES; i++)
    tray_menu_fill (menu, i, jobs, is_here, changed);
  if (jobs->len != menu->jobs)
    g_array_append_vals (changed, of_number, G_N_ELEMENTS (of_number));
  menu->jobs = jobs->len;
  tray_menu_tell (menu, changed);
}

TrayMenu *
tray_menu_new (const TrayMenuHandler *handler, void *userdata)
{
  TrayMenu *menu = g_new0 (TrayMenu, 1);

  menu->handler = handler;
  menu->userdata = userdata;
  return menu;
}

void
tray_menu_free (TrayMenu *menu)
{
  if (!menu)
    return;
  sd_bus_slot_unref (menu->slot);
  for (int i = 0; i < PLACES; i++)
    tray_menu_clear_place (&menu->places[i]);
  g_free (menu);
}
