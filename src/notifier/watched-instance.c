/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "watched-instance.h"

#include <glib/gi18n.h>

void
watched_instance_free (WatchedInstance *instance)
{
  if (!instance)
    return;
  g_free (instance->name);
  g_free (instance->state);
  g_free (instance);
}

static int
watched_instance_read_text (char **field, sd_bus_message *message)
{
  const char *text;
  int r = sd_bus_message_read (message, "v", "s", &text);

  if (r < 0)
    return r;
  g_free (*field);
  *field = g_strdup (text);
  return 0;
}

int
watched_instance_read (WatchedInstance *instance, sd_bus_message *message)
{
  const char *key;
  int r = sd_bus_message_enter_container (message, 'a', "{sv}");

  if (r < 0)
    return r;
  while ((r = sd_bus_message_enter_container (message, 'e', "sv")) > 0)
    {
      if ((r = sd_bus_message_read (message, "s", &key)) < 0)
        return r;
      if (g_ascii_strcasecmp (key, "name") == 0)
        r = watched_instance_read_text (&instance->name, message);
      else if (g_ascii_strcasecmp (key, "state") == 0)
        r = watched_instance_read_text (&instance->state, message);
      else
        r = sd_bus_message_skip (message, "v");
      if (r < 0 || (r = sd_bus_message_exit_container (message)) < 0)
        return r;
    }
  return r < 0 ? r : sd_bus_message_exit_container (message);
}

char *
watched_instance_describe (const WatchedInstance *instance)
{
  static const struct
  {
    const char *state, *label;
  } labels[] = {
    { "listening", N_ ("%s (waits for requests)") },
    { "starting", N_ ("%s (starts)") },
    { "ready", N_ ("%s (ready)") },
    { "stopping", N_ ("%s (ends)") },
    { "failed", N_ ("%s (failed)") },
  };
  GString *label = g_string_new ("%s");

  for (gsize i = 0; i < G_N_ELEMENTS (labels); i++)
    if (g_strcmp0 (instance->state, labels[i].state) == 0)
      g_string_assign (label, _ (labels[i].label));
  g_string_replace (label, "%s", instance->name, 1);
  return g_string_free (label, FALSE);
}
