/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "rules-watch.h"

#include <string.h>
#include <sys/inotify.h>

#include "registry.h"
#include "worker.h"

/* Events of the folder: editors put another file into the old one's place. */
static int
rules_watch_on_event (sd_event_source *source, const struct inotify_event *event, void *userdata)
{
  Hive *hive = userdata;
  g_autofree char *name = g_path_get_basename (hive->configuration->run_rules);
  g_auto (GStrv) ids = NULL;

  /* Events that were too many to be kept have no name. */
  if (event->len > 0 && !g_str_equal (event->name, name))
    return 0;
  ids = registry_ids (hive->registry);
  for (char **id = ids; *id; id++)
    worker_announce_run (hive, *id);
  return 0;
}

sd_event_source *
rules_watch_new (Hive *hive)
{
  g_autofree char *folder = g_path_get_dirname (hive->configuration->run_rules);
  sd_event_source *source = NULL;
  int r = sd_event_add_inotify (hive->event, &source, folder, IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE,
                                rules_watch_on_event, hive);

  if (r < 0)
    g_debug ("%s cannot be watched: %s", folder, g_strerror (-r));
  return source;
}
