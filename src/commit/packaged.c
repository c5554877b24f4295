/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "packaged.h"

#include <string.h>

#include "file.h"

#define LIST_MAX_SIZE (64 * 1024 * 1024)

/* What is looked for, and what was found. */
typedef struct
{
  GHashTable *wanted; /* paths */
  GHashTable *found;  /* path → words */
} Search;

/* One path a line: "/usr/bin/x" of dpkg's, "usr/bin/x" of pacman's. */
static void
search_list (Search *search, const char *path, const char *package, const char *manager)
{
  size_t size;
  g_autofree char *text = file_read (path, LIST_MAX_SIZE, &size, NULL);
  g_autoptr (GString) line = g_string_new (NULL);

  for (const char *at = text, *end; at && *at; at = end + (*end == '\n'))
    {
      end = at + strcspn (at, "\n");
      g_string_assign (line, *at == '/' ? "" : "/");
      g_string_append_len (line, at, end - at);
      if (g_hash_table_contains (search->wanted, line->str))
        g_hash_table_insert (search->found, g_strdup (line->str),
                             g_strdup_printf ("package %s (%s)", package, manager));
    }
}

static void
search_dpkg (Search *search, const Configuration *configuration)
{
  g_autofree char *folder = configuration_installed_path (configuration, "/var/lib/dpkg/info");
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;

  while (dir && (name = g_dir_read_name (dir)))
    if (g_str_has_suffix (name, ".list"))
      {
        g_autofree char *path = g_build_filename (folder, name, NULL);
        g_autofree char *package = g_strndup (name, strlen (name) - strlen (".list"));

        package[strcspn (package, ":")] = '\0'; /* of which architecture */
        search_list (search, path, package, "dpkg");
      }
}

static void
search_pacman (Search *search, const Configuration *configuration)
{
  g_autofree char *folder = configuration_installed_path (configuration, "/var/lib/pacman/local");
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;

  while (dir && (name = g_dir_read_name (dir)))
    {
      g_autofree char *path = g_build_filename (folder, name, "files", NULL);

      search_list (search, path, name, "pacman");
    }
}

static GHashTable *
search_run (const Configuration *configuration, GHashTable *wanted)
{
  Search search = { wanted, g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free) };

  search_dpkg (&search, configuration);
  search_pacman (&search, configuration);
  return search.found;
}

static char *
ask_rpm (const Configuration *configuration, const char *path)
{
  const char *arguments[] = {
    "/usr/bin/rpm", "--root", configuration->install_root, "-qf", "--queryformat", "%{NAME}\n", path, NULL
  };
  const char *environment[] = { "PATH=/usr/bin:/bin", "LC_ALL=C", NULL };
  g_autofree char *answer = NULL;
  int status;

  if (!g_spawn_sync ("/", (char **)arguments, (char **)environment, G_SPAWN_STDERR_TO_DEV_NULL, NULL, NULL, &answer,
                     NULL, &status, NULL) ||
      status != 0)
    return NULL;
  answer[strcspn (answer, "\n")] = '\0';
  return *answer && g_utf8_validate (answer, -1, NULL) ? g_strdup_printf ("package %s (rpm)", answer) : NULL;
}

char *
packaged_by (const Configuration *configuration, const char *path)
{
  g_autoptr (GHashTable) wanted = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (GHashTable) found = NULL;
  const char *words;

  g_hash_table_add (wanted, (char *)path);
  found = search_run (configuration, wanted);
  words = g_hash_table_lookup (found, path);
  return words ? g_strdup (words) : ask_rpm (configuration, path);
}

GHashTable *
packaged_of_tree (const Configuration *configuration, const Tree *tree)
{
  g_autoptr (GHashTable) wanted = g_hash_table_new (g_str_hash, g_str_equal);

  for (guint i = 0; i < tree->entries->len; i++)
    {
      TreeEntry *entry = tree->entries->pdata[i];

      if (!S_ISDIR (entry->st.st_mode))
        g_hash_table_add (wanted, entry->path);
    }
  return search_run (configuration, wanted);
}
