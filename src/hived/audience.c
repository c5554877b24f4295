/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "audience.h"

#include <string.h>

#define BUS_NAME "org.freedesktop.DBus"
#define BUS_PATH "/org/freedesktop/DBus"

struct Audience
{
  sd_bus *bus;
  GHashTable *tracks; /* uid → sd_bus_track */
  GHashTable *sought; /* uids whose connections are looked for */
  GPtrArray *names;   /* connections whose user is still to be asked for */
  sd_bus_slot *question;
};

static void
track_unref (void *track)
{
  sd_bus_track_unref (track);
}

Audience *
audience_new (sd_bus *bus)
{
  Audience *audience = g_new0 (Audience, 1);

  audience->bus = bus;
  audience->tracks = g_hash_table_new_full (NULL, NULL, NULL, track_unref);
  audience->sought = g_hash_table_new (NULL, NULL);
  audience->names = g_ptr_array_new_with_free_func (g_free);
  return audience;
}

void
audience_free (Audience *audience)
{
  if (!audience)
    return;
  sd_bus_slot_unref (audience->question);
  g_hash_table_unref (audience->tracks);
  g_hash_table_unref (audience->sought);
  g_ptr_array_unref (audience->names);
  g_free (audience);
}

void
audience_add (Audience *audience, uid_t uid, const char *name)
{
  sd_bus_track *track = audience_of (audience, uid);

  if (!track)
    {
      if (sd_bus_track_new (audience->bus, &track, NULL, NULL) < 0)
        return;
      g_hash_table_insert (audience->tracks, GUINT_TO_POINTER (uid), track);
    }
  sd_bus_track_add_name (track, name);
}

sd_bus_track *
audience_of (const Audience *audience, uid_t uid)
{
  return g_hash_table_lookup (audience->tracks, GUINT_TO_POINTER (uid));
}

static void audience_ask_next (Audience *audience);

static int
audience_on_user (sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
  Audience *audience = userdata;
  guint last = audience->names->len - 1;
  uint32_t uid;

  audience->question = sd_bus_slot_unref (audience->question);
  if (!sd_bus_message_is_method_error (reply, NULL) && sd_bus_message_read (reply, "u", &uid) > 0 &&
      g_hash_table_contains (audience->sought, GUINT_TO_POINTER (uid)))
    audience_add (audience, uid, audience->names->pdata[last]);
  g_ptr_array_set_size (audience->names, (gint)last);
  audience_ask_next (audience);
  return 0;
}

/* One at a time: a bus allows a connection few questions. */
static void
audience_ask_next (Audience *audience)
{
  guint count = audience->names->len;

  if (count > 0)
    sd_bus_call_method_async (audience->bus, &audience->question, BUS_NAME, BUS_PATH, BUS_NAME, "GetConnectionUnixUser",
                              audience_on_user, audience, "s", audience->names->pdata[count - 1]);
}

static int
audience_on_names (sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
  Audience *audience = userdata;
  const char *own = "", *name;

  audience->question = sd_bus_slot_unref (audience->question);
  if (sd_bus_message_is_method_error (reply, NULL) || sd_bus_message_enter_container (reply, 'a', "s") < 0)
    return 0;
  sd_bus_get_unique_name (audience->bus, &own);
  while (sd_bus_message_read (reply, "s", &name) > 0)
    if (*name == ':' && !g_str_equal (name, own))
      g_ptr_array_add (audience->names, g_strdup (name));
  audience_ask_next (audience);
  return 0;
}

void
audience_find (Audience *audience, uid_t uid)
{
  g_hash_table_add (audience->sought, GUINT_TO_POINTER (uid));
  if (!audience->question)
    sd_bus_call_method_async (audience->bus, &audience->question, BUS_NAME, BUS_PATH, BUS_NAME, "ListNames",
                              audience_on_names, audience, NULL);
}
