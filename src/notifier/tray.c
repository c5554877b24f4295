/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tray.h"

#include <glib/gi18n.h>
#include <unistd.h>

#include "bus-owner.h"
#include "dbus-menu.h"
#include "desktop-names.h"

#define WATCHER      "org.kde.StatusNotifierWatcher"
#define WATCHER_PATH "/StatusNotifierWatcher"
#define INTERFACE    "org.kde.StatusNotifierItem"
#define PATH         "/StatusNotifierItem"

struct Tray
{
  sd_bus *session;
  const DesktopSettings *settings;
  BusOwner *watcher;
  TrayMenu *menu;
  unsigned running, failed;
  char *token;
  /* The icon has a connection of its own, since closing that is the one way to take it away which all hosts know. NULL:
   * it is not shown. */
  sd_bus *bus;
  sd_bus_slot *item, *naming;
  char *name;
  bool named;
};

static const char *
tray_status (const Tray *tray)
{
  return tray->failed ? "NeedsAttention" : "Active";
}

static char *
tray_describe (const Tray *tray)
{
  g_autofree char *running =
      g_strdup_printf (ngettext ("%u job under way", "%u jobs under way", tray->running), tray->running);
  g_autofree char *failed = g_strdup_printf (ngettext ("%u job failed", "%u jobs failed", tray->failed), tray->failed);

  if (tray->running && tray->failed)
    return g_strdup_printf ("%s, %s", running, failed);
  return tray->failed ? g_steal_pointer (&failed) : tray->running ? g_steal_pointer (&running) : g_strdup ("");
}

static int
tray_get_property (sd_bus *bus, const char *path, const char *interface, const char *property, sd_bus_message *reply,
                   void *userdata, sd_bus_error *error)
{
  const Tray *tray = userdata;
  const struct
  {
    const char *property, *value;
  } values[] = {
    { "Category", "SystemServices" },
    { "Id", "rbee-hive" },
    { "Title", "rbee-hive" },
    { "Status", tray_status (tray) },
    { "IconName", DESKTOP_ENTRY "-symbolic" },
    { "AttentionIconName", DESKTOP_ENTRY "-failed-symbolic" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (values); i++)
    if (g_str_equal (values[i].property, property))
      return sd_bus_message_append (reply, "s", values[i].value);
  return sd_bus_message_append (reply, "s", "");
}

static int
tray_get_pixmap (sd_bus *bus, const char *path, const char *interface, const char *property, sd_bus_message *reply,
                 void *userdata, sd_bus_error *error)
{
  return sd_bus_message_append (reply, "a(iiay)", 0);
}

static int
tray_get_tool_tip (sd_bus *bus, const char *path, const char *interface, const char *property, sd_bus_message *reply,
                   void *userdata, sd_bus_error *error)
{
  g_autofree char *text = tray_describe (userdata);

  return sd_bus_message_append (reply, "(sa(iiay)ss)", "", 0, "rbee-hive", text);
}

static int
tray_get_rest (sd_bus *bus, const char *path, const char *interface, const char *property, sd_bus_message *reply,
               void *userdata, sd_bus_error *error)
{
  if (g_str_equal (property, "Menu"))
    return sd_bus_message_append (reply, "o", DBUS_MENU_PATH);
  if (g_str_equal (property, "ItemIsMenu"))
    return sd_bus_message_append (reply, "b", true);
  return sd_bus_message_append (reply, "i", 0);
}

/* A click opens the menu, which is the host's doing. */
static int
tray_on_click (sd_bus_message *call, void *userdata, sd_bus_error *error)
{
  return sd_bus_reply_method_return (call, NULL);
}

static int
tray_on_token (sd_bus_message *call, void *userdata, sd_bus_error *error)
{
  Tray *tray = userdata;
  const char *token;
  int r = sd_bus_message_read (call, "s", &token);

  if (r < 0)
    return r;
  g_free (tray->token);
  tray->token = g_strdup (token);
  return sd_bus_reply_method_return (call, NULL);
}

static const sd_bus_vtable tray_vtable[] = {
  SD_BUS_VTABLE_START (0),
  SD_BUS_PROPERTY ("Category", "s", tray_get_property, 0, 0),
  SD_BUS_PROPERTY ("Id", "s", tray_get_property, 0, 0),
  SD_BUS_PROPERTY ("Title", "s", tray_get_property, 0, 0),
  SD_BUS_PROPERTY ("Status", "s", tray_get_property, 0, 0),
  SD_BUS_PROPERTY ("WindowId", "i", tray_get_rest, 0, 0),
  SD_BUS_PROPERTY ("IconThemePath", "s", tray_get_property, 0, 0),
  SD_BUS_PROPERTY ("IconName", "s", tray_get_property, 0, 0),
  SD_BUS_PROPERTY ("IconPixmap", "a(iiay)", tray_get_pixmap, 0, 0),
  SD_BUS_PROPERTY ("OverlayIconName", "s", tray_get_property, 0, 0),
  SD_BUS_PROPERTY ("OverlayIconPixmap", "a(iiay)", tray_get_pixmap, 0, 0),
  SD_BUS_PROPERTY ("AttentionIconName", "s", tray_get_property, 0, 0),
  SD_BUS_PROPERTY ("AttentionIconPixmap", "a(iiay)", tray_get_pixmap, 0, 0),
  SD_BUS_PROPERTY ("AttentionMovieName", "s", tray_get_property, 0, 0),
  SD_BUS_PROPERTY ("ToolTip", "(sa(iiay)ss)", tray_get_tool_tip, 0, 0),
  SD_BUS_PROPERTY ("ItemIsMenu", "b", tray_get_rest, 0, 0),
  SD_BUS_PROPERTY ("Menu", "o", tray_get_rest, 0, 0),
  SD_BUS_METHOD ("ContextMenu", "ii", NULL, tray_on_click, 0),
  SD_BUS_METHOD ("Activate", "ii", NULL, tray_on_click, 0),
  SD_BUS_METHOD ("SecondaryActivate", "ii", NULL, tray_on_click, 0),
  SD_BUS_METHOD ("Scroll", "is", NULL, tray_on_click, 0),
  SD_BUS_METHOD ("ProvideXdgActivationToken", "s", NULL, tray_on_token, 0),
  SD_BUS_SIGNAL ("NewTitle", NULL, 0),
  SD_BUS_SIGNAL ("NewIcon", NULL, 0),
  SD_BUS_SIGNAL ("NewAttentionIcon", NULL, 0),
  SD_BUS_SIGNAL ("NewOverlayIcon", NULL, 0),
  SD_BUS_SIGNAL ("NewToolTip", NULL, 0),
  SD_BUS_SIGNAL ("NewStatus", "s", 0),
  SD_BUS_VTABLE_END,
};

static void
tray_hide (Tray *tray)
{
  tray_menu_attach (tray->menu, NULL);
  tray->item = sd_bus_slot_unref (tray->item);
  tray->naming = sd_bus_slot_unref (tray->naming);
  tray->bus = sd_bus_flush_close_unref (tray->bus);
  tray->named = false;
}

static void
tray_register (Tray *tray)
{
  sd_bus_message *call = NULL;

  if (sd_bus_message_new_method_call (tray->bus, &call, WATCHER, WATCHER_PATH, WATCHER, "RegisterStatusNotifierItem") >=
          0 &&
      sd_bus_message_set_auto_start (call, false) >= 0 && sd_bus_message_append (call, "s", tray->name) >= 0)
    sd_bus_call_async (tray->bus, NULL, call, NULL, NULL, 0);
  sd_bus_message_unref (call);
}

static int
tray_on_name (sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
  Tray *tray = userdata;

  tray->named = !sd_bus_message_is_method_error (reply, NULL);
  if (tray->named)
    tray_register (tray);
  return 0;
}

/* The name is what the specification has it be. */
static void
tray_show (Tray *tray)
{
  if (sd_bus_open_user (&tray->bus) < 0 ||
      sd_bus_attach_event (tray->bus, sd_bus_get_event (tray->session), SD_EVENT_PRIORITY_NORMAL) < 0 ||
      sd_bus_add_object_vtable (tray->bus, &tray->item, PATH, INTERFACE, tray_vtable, tray) < 0 ||
      tray_menu_attach (tray->menu, tray->bus) < 0 ||
      sd_bus_request_name_async (tray->bus, &tray->naming, tray->name, 0, tray_on_name, tray) < 0)
    tray_hide (tray);
}

static bool
tray_is_wanted (const Tray *tray)
{
  switch (tray->settings->tray)
    {
    case TRAY_ALWAYS:
      return true;
    case TRAY_NEVER:
      return false;
    default:
      return tray->running || tray->failed;
    }
}

/* Shows the icon, or takes it away. */
static void
tray_decide (Tray *tray)
{
  bool wanted = tray_is_wanted (tray) && bus_owner_unique (tray->watcher);

  if (wanted && !tray->bus)
    tray_show (tray);
  else if (!wanted && tray->bus)
    tray_hide (tray);
}

/* A new watcher knows nothing of us. */
static void
tray_on_watcher (const char *unique, void *userdata)
{
  Tray *tray = userdata;

  if (unique && tray->named)
    tray_register (tray);
  else
    tray_decide (tray);
}

void
tray_update (Tray *tray, GPtrArray *jobs, GPtrArray *instances, bool is_here)
{
  unsigned running = 0, failed = 0;

  for (guint i = 0; i < jobs->len; i++)
    {
      running += watched_job_is_active (jobs->pdata[i]);
      failed += watched_job_is_failed (jobs->pdata[i]);
    }
  tray_menu_update (tray->menu, jobs, instances, is_here);
  if (running == tray->running && failed == tray->failed)
    return;
  tray->running = running;
  tray->failed = failed;
  if (tray->bus)
    {
      sd_bus_emit_signal (tray->bus, PATH, INTERFACE, "NewStatus", "s", tray_status (tray));
      sd_bus_emit_signal (tray->bus, PATH, INTERFACE, "NewToolTip", NULL);
    }
  tray_decide (tray);
}

char *
tray_steal_token (Tray *tray)
{
  return g_steal_pointer (&tray->token);
}

int
tray_new (Tray **ret, sd_bus *bus, const DesktopSettings *settings, const TrayMenuHandler *handler, void *userdata)
{
  g_autoptr (Tray) tray = g_new0 (Tray, 1);
  int r;

  tray->session = sd_bus_ref (bus);
  tray->settings = settings;
  tray->name = g_strdup_printf (INTERFACE "-%d-1", (int)getpid ());
  tray->menu = tray_menu_new (handler, userdata);
  if ((r = bus_owner_new (&tray->watcher, bus, WATCHER)) < 0)
    return r;
  bus_owner_watch (tray->watcher, tray_on_watcher, tray);
  *ret = g_steal_pointer (&tray);
  return 0;
}

void
tray_free (Tray *tray)
{
  if (!tray)
    return;
  tray_hide (tray);
  tray_menu_free (tray->menu);
  bus_owner_free (tray->watcher);
  sd_bus_unref (tray->session);
  g_free (tray->name);
  g_free (tray->token);
  g_free (tray);
}
