/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tray-menu.h"

#include <glib/gi18n.h>

#include "dbus-menu.h"
#include "menu-places.h"

/* Places for jobs, and for workers that run: a menu that does not fit on a screen is of no use. */
#define JOBS      8
#define INSTANCES 6

/* The items. A job's place N has the id JOB_ID(N), and behind it the entries of its own menu; so has a worker's. */
enum
{
  MENU_ROOT = 0,
  MORE_JOBS = 1,
  BELOW_JOBS,
  OPEN,
  QUIT,
  MORE_INSTANCES,
  BELOW_INSTANCES,
  ABOVE_JOBS = 10,
  ABOVE_INSTANCES = 100,

  CANCEL = 1,
  SHOW_LOG,
  TRY_AGAIN,
  DISMISS,
  JOB_SIZE,

  STOP = 1,
  INSTANCE_SIZE,
};
#define JOB_ID(place)      (ABOVE_JOBS + (place)*10)
#define INSTANCE_ID(place) (ABOVE_INSTANCES + (place)*10)
#define LAST_ID            (INSTANCE_ID (INSTANCES - 1) + INSTANCE_SIZE - 1)

struct TrayMenu
{
  const TrayMenuHandler *handler;
  void *userdata;
  DbusMenu *menu;
  MenuPlace jobs[JOBS], instances[INSTANCES];
  unsigned n_jobs, n_instances;
};

static bool
tray_menu_is_item (int id)
{
  if (id >= ABOVE_INSTANCES)
    return id <= LAST_ID && id % 10 < INSTANCE_SIZE;
  if (id >= ABOVE_JOBS)
    return id < JOB_ID (JOBS) && id % 10 < JOB_SIZE;
  return id >= MENU_ROOT && id <= BELOW_INSTANCES;
}

static const MenuPlace *
tray_menu_place (const TrayMenu *menu, int id)
{
  return id >= ABOVE_INSTANCES ? &menu->instances[(id - ABOVE_INSTANCES) / 10] : &menu->jobs[(id - ABOVE_JOBS) / 10];
}

static MenuLook
tray_menu_look_of_place (const TrayMenu *menu, int id)
{
  const MenuPlace *place = tray_menu_place (menu, id);

  if (id % 10 == 0)
    return (MenuLook){ place->label ? place->label : "", place->key != NULL, true, true };
  if (id >= ABOVE_INSTANCES)
    return (MenuLook){ _ ("Stop"), true, true, false };
  switch (id % 10)
    {
    case CANCEL:
      return (MenuLook){ _ ("Cancel"), place->key && !place->failed, true, false };
    case SHOW_LOG:
      return (MenuLook){ _ ("Show log"), true, true, false };
    case TRY_AGAIN:
      return (MenuLook){ _ ("Try again"), place->failed && !place->own_recipe, true, false };
    default:
      return (MenuLook){ _ ("Dismiss"), place->failed, true, false };
    }
}

static char *
tray_menu_label_of_more_jobs (unsigned more)
{
  return g_strdup_printf (ngettext ("%u more job", "%u more jobs", more), more);
}

static char *
tray_menu_label_of_more_instances (unsigned more)
{
  return g_strdup_printf (ngettext ("%u more worker runs", "%u more workers run", more), more);
}

static MenuLook
tray_menu_look (const void *userdata, int id, char **scratch)
{
  const TrayMenu *menu = userdata;

  if (id >= ABOVE_JOBS)
    return tray_menu_look_of_place (menu, id);
  switch (id)
    {
    case MORE_JOBS:
      *scratch = tray_menu_label_of_more_jobs (menu->n_jobs - MIN (menu->n_jobs, JOBS));
      return (MenuLook){ *scratch, menu->n_jobs > JOBS, false, false };
    case MORE_INSTANCES:
      *scratch = tray_menu_label_of_more_instances (menu->n_instances - MIN (menu->n_instances, INSTANCES));
      return (MenuLook){ *scratch, menu->n_instances > INSTANCES, false, false };
    case BELOW_JOBS:
      return (MenuLook){ NULL, menu->n_jobs > 0, true, false };
    case BELOW_INSTANCES:
      return (MenuLook){ NULL, menu->n_instances > 0, true, false };
    case OPEN:
      return (MenuLook){ _ ("Open rbee-hive"), true, true, false };
    case QUIT:
      return (MenuLook){ _ ("Quit"), true, true, false };
    default:
      return (MenuLook){ "", true, true, true };
    }
}

/* What follows a place among those of the root. */
static int
tray_menu_next_of_root (int child)
{
  static const int order[] = { MORE_JOBS, BELOW_JOBS, INSTANCE_ID (0), MORE_INSTANCES, BELOW_INSTANCES, OPEN, QUIT, 0 };

  if (child == 0)
    return JOB_ID (0);
  if (child >= ABOVE_INSTANCES)
    return child < INSTANCE_ID (INSTANCES - 1) ? child + 10 : MORE_INSTANCES;
  if (child >= ABOVE_JOBS)
    return child < JOB_ID (JOBS - 1) ? child + 10 : MORE_JOBS;
  for (gsize i = 0; i + 1 < G_N_ELEMENTS (order); i++)
    if (order[i] == child)
      return order[i + 1];
  return 0;
}

static int
tray_menu_next_child (int id, int child)
{
  int size = id >= ABOVE_INSTANCES ? INSTANCE_SIZE : JOB_SIZE;

  if (id == MENU_ROOT)
    return tray_menu_next_of_root (child);
  if (id < ABOVE_JOBS || id % 10 != 0)
    return 0;
  return child == 0 ? id + 1 : child < id + size - 1 ? child + 1 : 0;
}

static void
tray_menu_click_job (TrayMenu *menu, const char *job, int entry)
{
  switch (entry)
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
tray_menu_click (void *userdata, int id)
{
  TrayMenu *menu = userdata;
  g_autofree char *key = id >= ABOVE_JOBS ? g_strdup (tray_menu_place (menu, id)->key) : NULL;

  if (id == OPEN)
    menu->handler->open (menu->userdata);
  else if (id == QUIT)
    menu->handler->quit (menu->userdata);
  else if (key && id < ABOVE_INSTANCES)
    tray_menu_click_job (menu, key, id % 10);
  else if (key && id % 10 == STOP)
    menu->handler->stop (key, menu->userdata);
}

static const DbusMenuContent content = {
  .last_id = LAST_ID,
  .is_item = tray_menu_is_item,
  .next_child = tray_menu_next_child,
  .look = tray_menu_look,
  .click = tray_menu_click,
};

int
tray_menu_attach (TrayMenu *menu, sd_bus *bus)
{
  return dbus_menu_attach (menu->menu, bus);
}

/* An underscore is followed by a mnemonic, unless by another one. @text is consumed. */
static char *
tray_menu_escape (char *text)
{
  GString *label = g_string_new (text);

  g_free (text);
  g_string_replace (label, "_", "__", 0);
  return g_string_free (label, FALSE);
}

static MenuPlace *
tray_menu_show_job (const WatchedJob *job, bool is_here)
{
  g_autofree char *what = watched_job_describe (job);
  bool left_alone = watched_job_is_active (job) && !is_here;
  char *text = left_alone ? g_strdup_printf (_ ("%s: the hive is away"), what) : g_steal_pointer (&what);
  MenuPlace *place = menu_place_new (job->id, tray_menu_escape (text));

  place->failed = watched_job_is_failed (job);
  place->own_recipe = !watched_job_can_repeat (job);
  return place;
}

void
tray_menu_update (TrayMenu *menu, GPtrArray *jobs, GPtrArray *instances, bool is_here)
{
  g_autoptr (GPtrArray) of_jobs = g_ptr_array_new_with_free_func ((GDestroyNotify)menu_place_free);
  g_autoptr (GPtrArray) of_instances = g_ptr_array_new_with_free_func ((GDestroyNotify)menu_place_free);
  g_autoptr (GArray) changed = g_array_new (FALSE, FALSE, sizeof (int));
  static const int below[] = { MORE_JOBS, BELOW_JOBS, MORE_INSTANCES, BELOW_INSTANCES };

  for (guint i = 0; i < jobs->len; i++)
    g_ptr_array_add (of_jobs, tray_menu_show_job (jobs->pdata[i], is_here));
  for (guint i = 0; i < instances->len; i++)
    {
      const WatchedInstance *instance = instances->pdata[i];
      char *label = tray_menu_escape (watched_instance_describe (instance));

      g_ptr_array_add (of_instances, menu_place_new (instance->name, label));
    }
  menu_places_fill (menu->jobs, JOBS, JOB_ID (0), JOB_SIZE, of_jobs, changed);
  menu_places_fill (menu->instances, INSTANCES, INSTANCE_ID (0), INSTANCE_SIZE, of_instances, changed);
  if (jobs->len != menu->n_jobs || instances->len != menu->n_instances)
    g_array_append_vals (changed, below, G_N_ELEMENTS (below));
  menu->n_jobs = jobs->len;
  menu->n_instances = instances->len;
  dbus_menu_tell (menu->menu, changed);
}

TrayMenu *
tray_menu_new (const TrayMenuHandler *handler, void *userdata)
{
  TrayMenu *menu = g_new0 (TrayMenu, 1);

  menu->handler = handler;
  menu->userdata = userdata;
  menu->menu = dbus_menu_new (&content, menu);
  return menu;
}

void
tray_menu_free (TrayMenu *menu)
{
  if (!menu)
    return;
  dbus_menu_free (menu->menu);
  for (int i = 0; i < JOBS; i++)
    menu_place_clear (&menu->jobs[i]);
  for (int i = 0; i < INSTANCES; i++)
    menu_place_clear (&menu->instances[i]);
  g_free (menu);
}
