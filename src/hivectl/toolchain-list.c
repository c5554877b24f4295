/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "toolchain-list.h"

#include <glib/gi18n.h>
#include <unistd.h>

#include "json.h"
#include "table.h"
#include "terminal.h"
#include "text.h"
#include "toolchain-search.h"

static JsonArray *
toolchains_of_node (JsonNode *node)
{
  return node && JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node) : NULL;
}

/* Whether recipes find a toolchain of that name already, or a folder of it. */
static bool
toolchains_have (JsonArray *toolchains, JsonObject *other)
{
  const char *path = json_get_string (other, "path", "");

  for (guint i = 0; i < json_array_get_length (toolchains); i++)
    {
      const char *known = json_get_string (json_array_get_object_element (toolchains, i), "path", "");

      if (*known && (toolchain_is_below (known, path) || toolchain_is_below (path, known)))
        return true;
    }
  return false;
}

/* Jobs of a hive that a user started run as that user. */
static bool
hive_is_mine (Client *client)
{
  sd_bus *bus = client_bus (client, NULL);
  sd_bus_creds *creds = NULL;
  uid_t uid = 0;

  if (bus && sd_bus_get_name_creds (bus, HIVE_NAME, SD_BUS_CREDS_EUID, &creds) >= 0)
    sd_bus_creds_get_euid (creds, &uid);
  sd_bus_creds_unref (creds);
  return uid != 0 && uid == getuid ();
}

/* What jobs cannot read is not proposed: an administrator who follows that has a hive that installs nothing. */
static void
toolchains_close (Client *client, JsonArray *toolchains)
{
  if (hive_is_mine (client))
    return;
  for (guint i = 0; i < json_array_get_length (toolchains); i++)
    {
      JsonObject *toolchain = json_array_get_object_element (toolchains, i);
      g_autofree char *closed = toolchain_search_closed (json_get_string (toolchain, "path", ""));

      if (!closed || json_get_bool (toolchain, "visible", false))
        continue;
      json_object_set_string_member (toolchain, "closed", closed);
      json_object_set_string_member (toolchain, "configuration", "");
    }
}

JsonArray *
toolchain_list_read (Client *client, JsonObject *capabilities)
{
  JsonArray *known = toolchains_of_node (json_object_get_member (capabilities, "toolchains"));
  JsonArray *list = json_array_new ();
  g_autoptr (JsonArray) mine = NULL;

  for (guint i = 0; known && i < json_array_get_length (known); i++)
    json_array_add_element (list, json_node_copy (json_array_get_element (known, i)));
  mine = client_is_remote (client) ? NULL : toolchain_search (NULL, g_get_home_dir (), "");
  if (mine)
    toolchains_close (client, mine);
  for (guint i = 0; mine && i < json_array_get_length (mine); i++)
    if (!toolchains_have (list, json_array_get_object_element (mine, i)))
      json_array_add_element (list, json_node_copy (json_array_get_element (mine, i)));
  return list;
}

static char *
toolchain_title (JsonObject *toolchain)
{
  const char *version = json_get_string (toolchain, "version", "");

  return g_strdup_printf ("%s%s%s", json_get_string (toolchain, "name", ""), *version ? " " : "", version);
}

/* How to have one whose folder only its owner can read: root has another home. */
static void
toolchain_print_closed (JsonObject *toolchain)
{
  const char *closed = json_get_string (toolchain, "closed", "");
  g_autofree char *title = toolchain_title (toolchain);
  g_autofree char *home = g_shell_quote (g_get_home_dir ());
  g_autofree char *environment = getuid () == 0 ? g_strdup ("") : g_strdup_printf ("env HOME=%s ", home);

  if (!*closed)
    return;
  terminal_printf ("\n");
  terminal_printf (_ ("Builds cannot read %s: %s is closed to other users. As root, copy it to /opt:"), title, closed);
  terminal_printf ("\n\n    %shivectl toolchain import %s\n", environment, json_get_string (toolchain, "name", ""));
}

/* What to put where, for one that recipes don't find. */
static bool
toolchain_print_proposal (JsonObject *toolchain, const char *folder)
{
  const char *configuration = json_get_string (toolchain, "configuration", "");
  g_autofree char *title = toolchain_title (toolchain);
  g_auto (GStrv) lines = g_strsplit (configuration, "\n", -1);
  const char *name = json_get_string (toolchain, "name", "");
  g_autofree char *file = NULL;

  if (!*configuration)
    return false;
  terminal_printf ("\n");
  file = g_strdup_printf ("%s/%s.conf", folder, name);
  terminal_printf (_ ("To have recipes find %s, write %s:"), title, file);
  terminal_printf ("\n\n");
  for (char **line = lines; *line; line++)
    if (**line)
      {
        g_autofree char *clean = text_line (*line);

        terminal_printf ("    %s\n", clean);
      }
  if (g_strv_contains ((const char *const *)lines, "Owner=any"))
    terminal_printf ("\n%s\n", _ ("Owner=any trusts whoever owns it with all that is built with it."));
  return true;
}

void
toolchain_list_print (JsonArray *toolchains, const char *folder)
{
  g_autoptr (Table) table =
      table_new ((const char *const[]){ _ ("TOOLCHAIN"), _ ("FOUND BY RECIPES"), _ ("PATH"), NULL });
  bool proposed = false;

  if (json_array_get_length (toolchains) == 0)
    return;
  for (guint i = 0; i < json_array_get_length (toolchains); i++)
    {
      JsonObject *toolchain = json_array_get_object_element (toolchains, i);
      g_autofree char *title = toolchain_title (toolchain);

      table_add (table,
                 (const char *const[]){ title, json_get_bool (toolchain, "visible", false) ? _ ("yes") : _ ("no"),
                                        json_get_string (toolchain, "path", ""), NULL });
    }
  terminal_printf ("\n");
  table_print (table);
  for (guint i = 0; i < json_array_get_length (toolchains); i++)
    {
      JsonObject *toolchain = json_array_get_object_element (toolchains, i);

      toolchain_print_closed (toolchain);
      proposed = toolchain_print_proposal (toolchain, folder) || proposed;
    }
  if (proposed)
    terminal_printf ("\n%s\n", _ ("Then restart the daemon (jobs run on): systemctl restart rbee-hived"));
}
