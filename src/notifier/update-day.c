/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "update-day.h"

#include <errno.h>
#include <stdbool.h>

#include "error.h"
#include "file.h"

/* What is found within so long is told together. */
#define TOGETHER (10 * G_USEC_PER_SEC)

struct UpdateDay
{
  gint64 (*clock) (void);
  char *path;
  char *told;   /* "2026-11-30", which a person has seen; NULL: not by us */
  char *taken;  /* the day of the telling that began last */
  gint64 began; /* when that was; 0: never */
};

/* Of this machine's calendar. */
static char *
update_day_name (gint64 now)
{
  g_autoptr (GDateTime) time = g_date_time_new_from_unix_local (now / G_USEC_PER_SEC);

  return g_date_time_format (time, "%Y-%m-%d");
}

/* What the file says counts, since another session may have told since; it may be gone, or never have been written. */
static bool
update_day_is_told (const UpdateDay *day, const char *today)
{
  g_autofree char *text = NULL;

  if (g_strcmp0 (day->told, today) == 0)
    return true;
  return g_file_get_contents (day->path, &text, NULL, NULL) && g_str_equal (g_strstrip (text), today);
}

/* Without the file this session still knows it. */
static void
update_day_write (const UpdateDay *day)
{
  g_autofree char *folder = g_path_get_dirname (day->path);
  g_autofree char *text = g_strconcat (day->told, "\n", NULL);
  g_autoptr (GError) error = NULL;

  if (g_mkdir_with_parents (folder, 0700) < 0)
    hive_error_set_errno (&error, errno, "Cannot make the folder %s", folder);
  else
    file_replace (day->path, text, -1, false, &error);
  if (error)
    g_printerr ("rbee-hive-notifier: %s\n", error->message);
}

UpdateTurn
update_day_take (UpdateDay *day)
{
  gint64 now = day->clock ();
  g_autofree char *today = update_day_name (now);

  if (day->began && now >= day->began && now - day->began < TOGETHER)
    return UPDATE_MORE;
  if (update_day_is_told (day, today))
    return UPDATE_UNTOLD;
  g_free (day->taken);
  day->taken = g_steal_pointer (&today);
  day->began = now;
  return UPDATE_FIRST;
}

void
update_day_keep (UpdateDay *day)
{
  if (!day->taken || g_strcmp0 (day->told, day->taken) == 0)
    return;
  g_free (day->told);
  day->told = g_strdup (day->taken);
  update_day_write (day);
}

UpdateDay *
update_day_new (gint64 (*clock) (void))
{
  UpdateDay *day = g_new0 (UpdateDay, 1);

  day->clock = clock;
  day->path = g_build_filename (g_get_user_state_dir (), "rbee-hive", "updates-told", NULL);
  return day;
}

void
update_day_free (UpdateDay *day)
{
  if (!day)
    return;
  g_free (day->path);
  g_free (day->told);
  g_free (day->taken);
  g_free (day);
}
