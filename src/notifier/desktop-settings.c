/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "desktop-settings.h"

#include <glib/gi18n.h>
#include <stdbool.h>

#define GROUP "Notifier"

#define LONGEST_NOTIFY_AFTER 86400 /* a day */

static bool
desktop_settings_read_tray (DesktopSettings *settings, const char *value)
{
  static const char *const names[] = { [TRAY_AUTO] = "auto", [TRAY_ALWAYS] = "always", [TRAY_NEVER] = "never" };

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    if (g_str_equal (value, names[i]))
      {
        settings->tray = i;
        return true;
      }
  return false;
}

static bool
desktop_settings_read_notify_after (DesktopSettings *settings, const char *value)
{
  guint64 seconds;

  if (!g_ascii_string_to_unsigned (value, 10, 0, LONGEST_NOTIFY_AFTER, &seconds, NULL))
    return false;
  settings->notify_after = seconds;
  return true;
}

static const struct
{
  const char *key;
  bool (*read) (DesktopSettings *settings, const char *value);
  const char *takes;
} keys[] = {
  { "Tray", desktop_settings_read_tray, "auto, always, never" },
  { "NotifyAfter", desktop_settings_read_notify_after, "0-86400" },
};

static void
desktop_settings_take (DesktopSettings *settings, const char *path, GKeyFile *file, const char *key)
{
  g_autofree char *value = g_key_file_get_string (file, GROUP, key, NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (keys); i++)
    if (g_str_equal (key, keys[i].key))
      {
        if (!value || !keys[i].read (settings, value))
          g_printerr (_ ("rbee-hive-notifier: %s: %s= takes one of %s\n"), path, key, keys[i].takes);
        return;
      }
  g_printerr (_ ("rbee-hive-notifier: %s: there is no key %s= in [%s]\n"), path, key, GROUP);
}

DesktopSettings
desktop_settings_load (void)
{
  DesktopSettings settings = { .tray = TRAY_AUTO, .notify_after = 10 };
  g_autofree char *path = g_build_filename (g_get_user_config_dir (), "rbee-hive", "desktop.conf", NULL);
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) names = NULL;

  if (!g_key_file_load_from_file (file, path, G_KEY_FILE_NONE, &error))
    {
      if (!g_error_matches (error, G_FILE_ERROR, G_FILE_ERROR_NOENT))
        g_printerr (_ ("rbee-hive-notifier: Cannot read %s: %s\n"), path, error->message);
      return settings;
    }
  names = g_key_file_get_keys (file, GROUP, NULL, NULL);
  for (char **key = names; key && *key; key++)
    desktop_settings_take (&settings, path, file, *key);
  return settings;
}
