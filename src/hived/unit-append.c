/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit-append.h"

int
unit_append_true (sd_bus_message *message, const char *const *names, gsize count)
{
  int r = 0;

  for (gsize i = 0; r >= 0 && i < count; i++)
    r = sd_bus_message_append (message, "(sv)", names[i], "b", true);
  return r;
}

int
unit_append_texts (sd_bus_message *message, const UnitText *texts, gsize count)
{
  int r = 0;

  for (gsize i = 0; r >= 0 && i < count; i++)
    if (texts[i].value)
      r = sd_bus_message_append (message, "(sv)", texts[i].name, "s", texts[i].value);
  return r;
}

int
unit_append_numbers (sd_bus_message *message, const UnitNumber *numbers, gsize count)
{
  int r = 0;

  for (gsize i = 0; r >= 0 && i < count; i++)
    r = sd_bus_message_append (message, "(sv)", numbers[i].name, "t", numbers[i].value);
  return r;
}

int
unit_append_list (sd_bus_message *message, const char *name, char **list)
{
  int r;

  if ((r = sd_bus_message_open_container (message, 'r', "sv")) < 0 ||
      (r = sd_bus_message_append (message, "s", name)) < 0 ||
      (r = sd_bus_message_open_container (message, 'v', "as")) < 0 ||
      (r = sd_bus_message_append_strv (message, list)) < 0 || (r = sd_bus_message_close_container (message)) < 0)
    return r;
  return sd_bus_message_close_container (message);
}

int
unit_append_filter (sd_bus_message *message, const char *name, bool allowed, const char *const *list)
{
  int r;

  if ((r = sd_bus_message_open_container (message, 'r', "sv")) < 0 ||
      (r = sd_bus_message_append (message, "s", name)) < 0 ||
      (r = sd_bus_message_open_container (message, 'v', "(bas)")) < 0 ||
      (r = sd_bus_message_open_container (message, 'r', "bas")) < 0 ||
      (r = sd_bus_message_append (message, "b", allowed)) < 0 ||
      (r = sd_bus_message_append_strv (message, (char **)list)) < 0 ||
      (r = sd_bus_message_close_container (message)) < 0 || (r = sd_bus_message_close_container (message)) < 0)
    return r;
  return sd_bus_message_close_container (message);
}

int
unit_append_allowed (sd_bus_message *message, const char *name, const char *const *list)
{
  return unit_append_filter (message, name, true, list);
}

/* systemd replaces $NAME in a command line, and $$ by a dollar. */
static char **
command_escape (char *const *words)
{
  g_autoptr (GStrvBuilder) escaped = g_strv_builder_new ();

  for (; *words; words++)
    {
      g_auto (GStrv) parts = g_strsplit (*words, "$", -1);
      g_autofree char *word = g_strjoinv ("$$", parts);

      g_strv_builder_add (escaped, word);
    }
  return g_strv_builder_end (escaped);
}

int
unit_append_command (sd_bus_message *message, const char *name, char *const *arguments)
{
  g_auto (GStrv) escaped = command_escape (arguments);
  int r;

  if ((r = sd_bus_message_open_container (message, 'r', "sv")) < 0 ||
      (r = sd_bus_message_append (message, "s", name)) < 0 ||
      (r = sd_bus_message_open_container (message, 'v', "a(sasb)")) < 0 ||
      (r = sd_bus_message_open_container (message, 'a', "(sasb)")) < 0 ||
      (r = sd_bus_message_open_container (message, 'r', "sasb")) < 0 ||
      (r = sd_bus_message_append (message, "s", arguments[0])) < 0 ||
      (r = sd_bus_message_append_strv (message, escaped)) < 0 ||
      (r = sd_bus_message_append (message, "b", false)) < 0 || (r = sd_bus_message_close_container (message)) < 0 ||
      (r = sd_bus_message_close_container (message)) < 0 || (r = sd_bus_message_close_container (message)) < 0)
    return r;
  return sd_bus_message_close_container (message);
}

int
unit_append_literal_command (sd_bus_message *message, const char *name, char *const *arguments)
{
  static const char *const flags[] = { "no-env-expand", NULL };
  g_autofree char *extended = g_strconcat (name, "Ex", NULL);
  int r;

  if ((r = sd_bus_message_open_container (message, 'r', "sv")) < 0 ||
      (r = sd_bus_message_append (message, "s", extended)) < 0 ||
      (r = sd_bus_message_open_container (message, 'v', "a(sasas)")) < 0 ||
      (r = sd_bus_message_open_container (message, 'a', "(sasas)")) < 0 ||
      (r = sd_bus_message_open_container (message, 'r', "sasas")) < 0 ||
      (r = sd_bus_message_append (message, "s", arguments[0])) < 0 ||
      (r = sd_bus_message_append_strv (message, (char **)arguments)) < 0 ||
      (r = sd_bus_message_append_strv (message, (char **)flags)) < 0 ||
      (r = sd_bus_message_close_container (message)) < 0 || (r = sd_bus_message_close_container (message)) < 0 ||
      (r = sd_bus_message_close_container (message)) < 0)
    return r;
  return sd_bus_message_close_container (message);
}
