/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "rules-watch.h"

#include <errno.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "registry.h"
#include "worker.h"

/* Editors put another file into the old one's place. */
#define OF_FILE (IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE)

/* Where a folder is missing. */
#define OF_FOLDER (IN_CREATE | IN_MOVED_TO)

/* A watch follows its folder wherever that goes, and ends with it. */
#define OF_ITSELF (IN_MOVE_SELF | IN_DELETE_SELF)

struct RulesWatch
{
  Hive *hive;
  GPtrArray *sources; /* sd_event_source, of the folder that is there and of all above it, which may go elsewhere */
  char *awaited;      /* what counts in that folder: the file, */
  bool is_incomplete; /* or the folder that is missing */
};

static void rules_watch_begin (RulesWatch *watch);

static void
rules_watch_announce (RulesWatch *watch)
{
  g_auto (GStrv) ids = registry_ids (watch->hive->registry);

  for (char **id = ids; *id; id++)
    worker_announce_run (watch->hive, *id);
}

static int
rules_watch_on_event (sd_event_source *source, const struct inotify_event *event, void *userdata)
{
  RulesWatch *watch = userdata;

  /* Events that were too many to be kept have no name, nor have those of the folder itself. */
  if (event->len > 0 && !g_str_equal (event->name, watch->awaited))
    return 0;
  if (event->len == 0 || watch->is_incomplete)
    rules_watch_begin (watch);
  rules_watch_announce (watch);
  return 0;
}

static int
rules_watch_add (RulesWatch *watch, const char *folder, unsigned events)
{
  sd_event_source *source = NULL;
  int r = sd_event_add_inotify (watch->hive->event, &source, folder, events, rules_watch_on_event, watch);

  if (r >= 0)
    g_ptr_array_add (watch->sources, source);
  else if (r != -ENOENT && r != -ENOTDIR)
    g_debug ("%s cannot be watched: %s", folder, g_strerror (-r));
  return r;
}

/* @name in @folder: the file, or a folder on its way that is missing. */
static bool
rules_watch_await (RulesWatch *watch, const char *folder, const char *name, bool is_file)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);

  g_free (watch->awaited);
  watch->awaited = g_strdup (name);
  watch->is_incomplete = !is_file;
  rules_watch_add (watch, folder, is_file ? OF_FILE : OF_FOLDER);
  return is_file || access (path, F_OK) < 0;
}

/* Each folder on the way from the root, so that what moves meanwhile is heard of. False where a folder that was missing
 * came meanwhile. */
static bool
rules_watch_try (RulesWatch *watch)
{
  g_auto (GStrv) names = g_strsplit (watch->hive->configuration->run_rules, "/", -1);
  g_autofree char *folder = g_strdup ("/");

  g_ptr_array_set_size (watch->sources, 0);
  for (char **name = names; *name; name++)
    {
      g_autofree char *next = g_build_filename (folder, *name, NULL);
      int r;

      if (!**name)
        continue;
      if (!name[1])
        return rules_watch_await (watch, folder, *name, true);
      r = rules_watch_add (watch, next, OF_ITSELF);
      if (r == -ENOENT || r == -ENOTDIR)
        return rules_watch_await (watch, folder, *name, false);
      g_free (folder);
      folder = g_steal_pointer (&next);
    }
  return true;
}

static void
rules_watch_begin (RulesWatch *watch)
{
  while (!rules_watch_try (watch))
    ;
}

static void
rules_watch_drop (void *source)
{
  sd_event_source_disable_unref (source);
}

RulesWatch *
rules_watch_new (Hive *hive)
{
  RulesWatch *watch = g_new0 (RulesWatch, 1);

  watch->hive = hive;
  watch->sources = g_ptr_array_new_with_free_func (rules_watch_drop);
  rules_watch_begin (watch);
  return watch;
}

void
rules_watch_free (RulesWatch *watch)
{
  if (!watch)
    return;
  g_ptr_array_unref (watch->sources);
  g_free (watch->awaited);
  g_free (watch);
}
