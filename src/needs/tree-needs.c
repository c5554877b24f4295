/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tree-needs.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "elf-needs.h"
#include "file.h"
#include "folder.h"

#define DEPTH_MAX   128    /* as the commit has it */
#define FILES_MAX   200000 /* the same */
#define LINE_LENGTH 256

typedef struct
{
  Needs *needs;
  int top;
  unsigned files;
} Walk;

/* "#!/usr/bin/env python3 -u": both are needed. */
static void
add_script (Needs *needs, const char *line)
{
  g_auto (GStrv) words = g_strsplit_set (line + 2, " \t\r\n", -1);
  const char *first = NULL;

  for (char **word = words; *word; word++)
    {
      if (!**word || (first && **word == '-') || (first && strchr (*word, '=')))
        continue;
      if (first)
        {
          needs_add (needs, needs->interpreters, *word);
          return;
        }
      first = *word;
      needs_add (needs, needs->interpreters, first);
      if (!g_str_has_suffix (first, "/env"))
        return;
    }
}

static void
add_file (Needs *needs, int parent, const char *name, const struct stat *st)
{
  g_auto (Fd) fd = file_open_beneath (parent, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0);
  char line[LINE_LENGTH + 1] = "";

  if (fd < 0 || pread (fd, line, LINE_LENGTH, 0) < 2)
    return;
  if (strncmp (line, "#!", 2) == 0 && st->st_mode & 0111)
    {
      line[strcspn (line, "\n")] = '\0';
      add_script (needs, line);
    }
  else if (memcmp (line, "\177ELF", 4) == 0 || memcmp (line, "!<arch>\n", 8) == 0)
    elf_needs_add (needs, fd);
}

static char *
path_in (int top, int parent, const char *name)
{
  g_autofree char *whole = file_real_path (parent);
  g_autofree char *above = file_real_path (top);

  return whole && above && g_str_has_prefix (whole, above) ? g_strconcat (whole + strlen (above), "/", name, NULL) :
                                                             NULL;
}

static int
walk_visit (int parent, const char *name, const struct stat *st, void *userdata)
{
  Walk *walk = userdata;
  g_autofree char *path = NULL;

  if (++walk->files > FILES_MAX)
    return -E2BIG;
  if (S_ISDIR (st->st_mode))
    return 0;
  g_hash_table_add (walk->needs->names, g_strdup (name));
  path = path_in (walk->top, parent, name);
  if (path)
    g_hash_table_add (walk->needs->paths, g_steal_pointer (&path));
  if (S_ISREG (st->st_mode))
    add_file (walk->needs, parent, name, st);
  return 0;
}

int
tree_needs_add (Needs *needs, int fd)
{
  Walk walk = { .needs = needs, .top = fd };

  return folder_visit (fd, walk_visit, &walk, DEPTH_MAX);
}
