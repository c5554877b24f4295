/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "outside.h"

#include <string.h>
#include <unistd.h>

#include "file.h"

#define TEXT_MAX (4 * 1024 * 1024)

/* What is behind @folder in @path; NULL: it is not below it. */
static const char *
outside_rest (const char *path, const char *folder)
{
  size_t length = strlen (folder);

  return strncmp (path, folder, length) == 0 && (path[length] == '/' || !path[length]) ? path + length : NULL;
}

/* Where the file that the recipe calls @name lies on this machine; NULL: in its own folder. */
static char *
outside_path (const Evaluation *evaluation, const char *name)
{
  const char *folder = evaluation->folder ? evaluation->folder : evaluation->inside;
  const char *rest = outside_rest (name, evaluation->inside);
  g_autofree char *whole = rest ? g_strconcat (folder, rest, NULL) : g_strdup (name);
  g_autofree char *path = g_canonicalize_filename (whole, folder);

  return outside_rest (path, folder) ? NULL : g_steal_pointer (&path);
}

static void
outside_add (const Evaluation *evaluation, const char *name, bool own, GHashTable *seen, GPtrArray *files)
{
  g_autofree char *path = outside_path (evaluation, name);

  if (!path || (own && access (path, F_OK) < 0) || !g_hash_table_add (seen, g_strdup (name)))
    return;
  g_ptr_array_add (
      files,
      g_strdup_printf (own ? N_ ("The PKGBUILD looks at %s, which the sandbox that recipes are read in does not show: "
                                 "put what it needs into its folder, or into its repository") :
                             N_ ("The PKGBUILD reads %s, which is not in its folder, and a catalog's recipe has "
                                 "nothing else while it is read: write what it needs into it"),
                       name));
}

/* Those that bash did not find. */
static void
outside_add_said (const Evaluation *evaluation, const char *said, bool own, GHashTable *seen, GPtrArray *files)
{
  g_autoptr (GRegex) regex = g_regex_new (": line [0-9]+: ([^\\n:]*/[^\\n:]*): No such file or directory", 0, 0, NULL);
  g_autoptr (GMatchInfo) match = NULL;

  for (g_regex_match (regex, said, 0, &match); g_match_info_matches (match); g_match_info_next (match, NULL))
    {
      g_autofree char *name = g_match_info_fetch (match, 1);

      outside_add (evaluation, name, own, seen, files);
    }
}

/* To be read a second time takes time, and most recipes name nothing of the kind. */
static bool
outside_may_be_named (const Evaluation *evaluation)
{
  g_autofree char *path = g_build_filename (evaluation->directory, evaluation->name, NULL);
  size_t size;
  g_autofree char *text = file_read (path, TEXT_MAX, &size, NULL);

  return text && g_regex_match_simple ("~|\\bHOME\\b|\\bXDG_|\\.\\./|/(etc|home|media|mnt|root|run|srv|sys|var)\\b",
                                       text, G_REGEX_RAW, 0);
}

GPtrArray *
outside_files (const Evaluation *evaluation, const char *said)
{
  bool own = evaluation->folder != NULL;
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  GPtrArray *files = g_ptr_array_new_with_free_func (g_free);
  g_auto (GStrv) unseen = own && outside_may_be_named (evaluation) ? evaluation_find_unseen (evaluation) : NULL;

  if (said)
    outside_add_said (evaluation, said, own, seen, files);
  for (char **name = unseen; name && *name; name++)
    outside_add (evaluation, *name, true, seen, files);
  return files;
}
