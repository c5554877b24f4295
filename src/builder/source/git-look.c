/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "git-look.h"

#include <string.h>

#include "git-extent.h"
#include "git-lfs.h"
#include "scripts.h"

#define SHOWN 3 /* names in a message; git-look.bash gives as many */

void
git_look_free (GitLook *look)
{
  if (!look)
    return;
  g_free (look->object);
  g_free (look->commit);
  g_free (look->tag);
  g_free (look->complaint);
  g_free (look->pointers);
  g_free (look);
}

char *
git_look_describe (char *const *names, unsigned count)
{
  g_autoptr (GString) text = g_string_new (NULL);
  unsigned shown = 0;

  for (; *names && shown < SHOWN; names++, shown++)
    g_string_append_printf (text, "%s%s", shown > 0 ? ", " : "", *names);
  if (count > shown)
    g_string_append_printf (text, " and %u more", count - shown);
  return g_strdup (text->str);
}

static bool
is_hash (const char *text)
{
  return *text && strspn (text, "0123456789abcdef") == strlen (text);
}

static void
set_text (char **field, const char *value)
{
  g_free (*field);
  *field = g_strdup (value);
}

/* One line, "KEY VALUE". */
static void
look_take (GitLook *look, const char *key, const char *value, GPtrArray *pointers, unsigned *count)
{
  if (g_str_equal (key, "object"))
    set_text (&look->object, value);
  else if (g_str_equal (key, "commit"))
    set_text (&look->commit, value);
  else if (g_str_equal (key, "tag") && *value)
    set_text (&look->tag, value);
  else if (g_str_equal (key, "damaged"))
    look->damaged = true;
  else if (g_str_equal (key, "files"))
    look->files = g_ascii_strtoll (value, NULL, 10);
  else if (g_str_equal (key, "asks"))
    look->extent = g_str_equal (value, "files") ? EXTENT_ALL : EXTENT_COMMITS;
  else if (g_str_equal (key, "pointer"))
    g_ptr_array_add (pointers, (char *)value);
  else if (g_str_equal (key, "pointers"))
    *count = (unsigned)g_ascii_strtoull (value, NULL, 10);
}

GitLook *
git_look_parse (const char *text)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  g_autoptr (GPtrArray) pointers = g_ptr_array_new ();
  g_autoptr (GitLook) look = g_new0 (GitLook, 1);
  unsigned count = 0;

  look->files = -1;
  look->extent = EXTENT_COMMIT;
  for (char **line = lines; *line; line++)
    {
      char *space = strchr (*line, ' ');

      if (space)
        *space = '\0';
      look_take (look, *line, space ? space + 1 : "", pointers, &count);
    }
  g_ptr_array_add (pointers, NULL);
  if (count > 0)
    look->pointers = git_look_describe ((char **)pointers->pdata, count);
  if ((look->object || look->commit) &&
      !(look->object && look->commit && is_hash (look->object) && is_hash (look->commit)))
    return NULL;
  return g_steal_pointer (&look);
}

bool
git_look (Git *git, GError **error)
{
  const Source *source = git->source;
  bool tag = g_strcmp0 (source->ref_kind, "tag") == 0, part = git->fetched && git->extent != EXTENT_ALL;
  g_autofree char *script = scripts_path ("git-look.bash");
  g_autofree char *revision = git_revision (source);
  g_autofree char *max_files = g_strdup_printf ("%u", git->builder->configuration->max_source_files);
  const char *arguments[] = { "bash",
                              script,
                              revision,
                              tag ? revision : "",
                              max_files,
                              GIT_LFS_POINTER,
                              git->hashed ? "" : "verify",
                              part ? git_extent_words : "",
                              part ? git_extent_asks_commits : "",
                              part ? git_extent_asks_files : "",
                              NULL };
  g_autofree char *text = NULL;
  g_autofree char *said = NULL;

  if (git->look)
    return true;
  text = git_ask (git, REACH_NOTHING, arguments, &said, error);
  git->look = text ? git_look_parse (text) : NULL;
  if (!git->look && !*error)
    g_set_error (error, HIVE_ERROR, HIVE_ERROR_SOURCE_UNAVAILABLE, "git cannot list the files of %s", source->name);
  if (git->look)
    git->look->complaint = g_steal_pointer (&said);
  return git->look != NULL;
}
