/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cgroup.h"

#include "file.h"

#include <string.h>

#define CGROUP_ROOT "/sys/fs/cgroup"
#define TEXT_MAX    4096

char *
cgroup_unit_path (const char *membership)
{
  g_auto (GStrv) lines = g_strsplit (membership, "\n", -1);

  for (char **line = lines; *line; line++)
    {
      const char *path = g_str_has_prefix (*line, "0::/") ? *line + strlen ("0::") : NULL;
      g_autofree char *name = path ? g_path_get_basename (path) : NULL;

      if (name && g_str_has_prefix (name, "rbee-job-"))
        return g_build_filename (CGROUP_ROOT, path, NULL);
    }
  return NULL;
}

bool
cgroup_events_tell_max (const char *events)
{
  g_auto (GStrv) lines = g_strsplit (events, "\n", -1);

  for (char **line = lines; *line; line++)
    if (g_str_has_prefix (*line, "max ") && !g_str_equal (*line, "max 0"))
      return true;
  return false;
}

bool
cgroup_has_reached_tasks_max (void)
{
  g_autofree char *membership = file_read ("/proc/self/cgroup", TEXT_MAX, NULL, NULL);
  g_autofree char *unit = membership ? cgroup_unit_path (membership) : NULL;
  g_autofree char *path = unit ? g_build_filename (unit, "pids.events", NULL) : NULL;
  g_autofree char *events = path ? file_read (path, TEXT_MAX, NULL, NULL) : NULL;

  return events && cgroup_events_tell_max (events);
}
