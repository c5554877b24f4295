/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "place-content.h"

#include <string.h>

#include "error.h"
#include "file.h"
#include "system-files.h"

#define CONTENT_MAX (64 * 1024)
#define BLANK       " \t\f\v"

/* The lines of a small file; NULL with @error. */
static char **
content_lines (const Tree *tree, const TreeEntry *entry, GError **error)
{
  g_auto (Fd) fd = S_ISREG (entry->st.st_mode) ? tree_open (tree, entry) : -1;
  g_autofree char *text = NULL;
  struct stat st;
  size_t size;

  if (!S_ISREG (entry->st.st_mode))
    {
      tree_refuse (error, "%s in the package is a symbolic link: package() must install the file itself there",
                   entry->path);
      return NULL;
    }
  if (fd < 0 || fstat (fd, &st) < 0 || !tree_entry_is (entry, &st))
    {
      tree_set_changed (entry->path, error);
      return NULL;
    }
  text = file_read_fd (fd, CONTENT_MAX, entry->path, &size, NULL);
  if (!text || strlen (text) != size)
    {
      tree_refuse (error, "%s in the package is not text of at most %d bytes: package() must leave it out", entry->path,
                   CONTENT_MAX);
      return NULL;
    }
  return g_strsplit_set (text, "\r\n", -1);
}

/* The keys of the Desktop Entry Specification (and of KDE's services) by which desktops come upon a program unasked.
 * GLib passes over form feeds too; KDE takes "\x4d" in a key for "M", which no harmless entry needs. */
static bool
desktop_line_is_active (const char *line, const char **ret_key)
{
  static const char *const keys[] = { "MimeType",     "DBusActivatable",    "Implements",
                                      "ServiceTypes", "X-KDE-ServiceTypes", "X-KDE-Library" };
  const char *key = line + strspn (line, BLANK), *equals = strchr (key, '=');
  const char *value = equals ? equals + 1 + strspn (equals + 1, BLANK) : "";
  size_t length = strcspn (key, BLANK "=[");

  if (!*value || g_str_equal (value, "false"))
    return false;
  if (memchr (key, '\\', (size_t)(equals - key)))
    {
      *ret_key = "a key with \\";
      return true;
    }
  for (size_t i = 0; i < G_N_ELEMENTS (keys); i++)
    if (strlen (keys[i]) == length && strncmp (key, keys[i], length) == 0)
      {
        *ret_key = keys[i];
        return true;
      }
  return false;
}

bool
place_content_check_desktop (const Tree *tree, const TreeEntry *entry, GError **error)
{
  g_auto (GStrv) lines = content_lines (tree, entry, error);
  const char *key;

  if (!lines)
    return false;
  for (char **line = lines; *line; line++)
    if (desktop_line_is_active (*line, &key))
      return tree_refuse (error,
                          "%s in the package has %s, by which desktops start it for files, links or messages of each "
                          "user: package() must install it without that line",
                          entry->path, key);
  return true;
}

/* compinit takes from the first line for which commands a file is: "#compdef NAME…", options and patterns among them;
 * spaces may come before that. */
bool
place_content_check_zsh (const Ledger *ledger, const Tree *tree, const TreeEntry *entry, const PlaceNames *names,
                         GError **error)
{
  const char *name = strrchr (entry->path, '/') + 1;
  g_auto (GStrv) lines = content_lines (tree, entry, error);
  g_auto (GStrv) words = lines && lines[0] ? g_strsplit_set (g_strchug (lines[0]), " \t", -1) : NULL;
  g_autofree char *found = lines ? system_files_find_below (ledger->configuration, "/usr/share/zsh", name) : NULL;

  if (!lines)
    return false;
  if (found)
    {
      g_set_error (error, HIVE_ERROR, HIVE_ERROR_FILE_CONFLICT,
                   "%s would be taken for %s, which is zsh's: package() must leave it out", entry->path, found);
      return false;
    }
  for (char **word = words; word && *word && g_str_equal (words[0], "#compdef") && *++word;)
    if (**word && !g_strv_contains ((const char *const *)names->commands, *word))
      return tree_refuse (
          error,
          "%s in the package says that it completes %s, which is not a command of the package: its first "
          "line must be \"#compdef %s\"",
          entry->path, *word, name + 1);
  return true;
}
