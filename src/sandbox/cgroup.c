/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cgroup.h"

#include <string.h>

#include "file.h"

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

/* What the file @name of this job's unit says; NULL: it has none. */
static char *
cgroup_read_unit (const char *name)
{
  g_autofree char *membership = file_read ("/proc/self/cgroup", TEXT_MAX, NULL, NULL);
  g_autofree char *unit = membership ? cgroup_unit_path (membership) : NULL;
  g_autofree char *path = unit ? g_build_filename (unit, name, NULL) : NULL;

  return path ? file_read (path, TEXT_MAX, NULL, NULL) : NULL;
}

bool
cgroup_has_reached_tasks_max (void)
{
  g_autofree char *events = cgroup_read_unit ("pids.events");

  return events && cgroup_events_tell_max (events);
}

bool
cgroup_has_run_out_of_memory (void)
{
  g_autofree char *events = cgroup_read_unit ("memory.events");
  const char *kills = events ? strstr (events, "oom_kill ") : NULL;

  return kills && kills[strlen ("oom_kill ")] != '0';
}

/* "200000 100000", "max 100000". */
static double
cgroup_read_processors (const char *folder)
{
  g_autofree char *path = g_build_filename (folder, "cpu.max", NULL);
  g_autofree char *text = file_read (path, TEXT_MAX, NULL, NULL);
  char *rest = NULL;
  double quota = text ? g_ascii_strtod (text, &rest) : 0;
  double period = rest ? g_ascii_strtod (rest, NULL) : 0;

  return period > 0 ? quota / period : 0;
}

static uint64_t
cgroup_read_memory (const char *folder)
{
  g_autofree char *path = g_build_filename (folder, "memory.max", NULL);
  g_autofree char *text = file_read (path, TEXT_MAX, NULL, NULL);

  return text ? g_ascii_strtoull (text, NULL, 10) : 0; /* "max": 0 */
}

CgroupLimits
cgroup_limits_below (const char *root, const char *membership)
{
  g_auto (GStrv) lines = g_strsplit (membership, "\n", -1);
  CgroupLimits limits = { 0 };
  g_autofree char *group = NULL;

  for (char **line = lines; *line && !group; line++)
    if (g_str_has_prefix (*line, "0::/") && !strstr (*line, "/.."))
      group = g_strdup (*line + strlen ("0::"));
  while (group)
    {
      g_autofree char *folder = g_build_filename (root, group, NULL);
      double processors = cgroup_read_processors (folder);
      uint64_t memory = cgroup_read_memory (folder);
      char *above = strlen (group) > 1 ? g_path_get_dirname (group) : NULL;

      if (processors > 0 && (limits.processors == 0 || processors < limits.processors))
        limits.processors = processors;
      if (memory > 0 && (limits.memory == 0 || memory < limits.memory))
        limits.memory = memory;
      g_free (group);
      group = above;
    }
  return limits;
}

CgroupLimits
cgroup_limits (void)
{
  g_autofree char *membership = file_read ("/proc/self/cgroup", TEXT_MAX, NULL, NULL);

  return cgroup_limits_below (CGROUP_ROOT, membership ? membership : "");
}
