/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "instance-words.h"

#include <glib/gi18n.h>

#include "advice.h"
#include "sentence.h"
#include "size.h"

static const char *
instance_words_state (const char *state)
{
  static const struct
  {
    const char *state, *word;
  } words[] = {
    { "listening", N_ ("Waits for requests") },
    { "starting", N_ ("Starting") },
    { "ready", N_ ("Ready") },
    { "stopping", N_ ("Stopping") },
    { "failed", N_ ("Failed") },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (words); i++)
    if (g_strcmp0 (state, words[i].state) == 0)
      return _ (words[i].word);
  return state ? state : "";
}

static void
instance_words_add (GPtrArray *words, const char *word)
{
  if (word && *word)
    g_ptr_array_add (words, (char *)word);
}

static char *
instance_words_failure (DbusHiveInstance *instance, const char *why)
{
  const char *state = instance_words_state (dbus_hive_instance_get_state (instance));
  const char *advice = advice_find (dbus_hive_instance_get_error_name (instance), why);
  g_autofree char *said = sentence_translate (why);

  return g_strdup_printf ("%s: %s%s%s", state, said, advice ? "\n" : "", advice ? advice : "");
}

char *
instance_words_describe (DbusHiveInstance *instance)
{
  g_autoptr (GPtrArray) words = g_ptr_array_new ();
  const char *why = dbus_hive_instance_get_error_message (instance);
  guint64 memory = dbus_hive_instance_get_memory (instance);
  g_autofree char *size = memory ? size_to_string (memory) : NULL;

  if (why && *why)
    return instance_words_failure (instance, why);
  instance_words_add (words, instance_words_state (dbus_hive_instance_get_state (instance)));
  instance_words_add (words, dbus_hive_instance_get_model (instance));
  instance_words_add (words, dbus_hive_instance_get_device (instance));
  instance_words_add (words, size);
  if (dbus_hive_instance_get_boot (instance))
    instance_words_add (words, _ ("after each boot"));
  if (dbus_hive_instance_get_outdated (instance))
    instance_words_add (words, _ ("of the earlier version until it is restarted"));
  g_ptr_array_add (words, NULL);
  return g_strjoinv (" · ", (char **)words->pdata);
}
