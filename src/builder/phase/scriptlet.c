/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "scriptlet.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "catalog.h"
#include "file.h"

#define SCRIPTLET_MAX (1024 * 1024)

static char *
scriptlet_read (Builder *builder, const char *name)
{
  g_auto (Fd) fd = memfd_create ("scriptlet", MFD_CLOEXEC);

  if (fd < 0 || strchr (name, '/') ||
      !catalog_copy_source (builder->catalog, builder->recipe_url, name, fd, name, NULL) || lseek (fd, 0, SEEK_SET) < 0)
    return NULL;
  return file_read_fd (fd, SCRIPTLET_MAX, name, NULL, NULL);
}

/* "post_install, pre_remove": those of pacman's functions that it defines, as far as reading tells. */
static char *
scriptlet_functions (const char *text)
{
  g_autoptr (GRegex) regex = g_regex_new ("^\\s*(?:function\\s+)?((?:pre|post)_(?:install|upgrade|remove))\\b\\s*[({]",
                                          G_REGEX_MULTILINE | G_REGEX_RAW, 0, NULL);
  g_autoptr (GMatchInfo) match = NULL;
  GString *list = g_string_new (NULL);

  for (g_regex_match (regex, text, 0, &match); g_match_info_matches (match); g_match_info_next (match, NULL))
    {
      g_autofree char *function = g_match_info_fetch (match, 1);

      g_string_append_printf (list, "%s%s()", list->len > 0 ? ", " : "", function);
    }
  return g_string_free (list, FALSE);
}

static void
scriptlet_tell (Builder *builder, const char *name)
{
  g_autofree char *text = scriptlet_read (builder, name);
  g_autofree char *functions = text ? scriptlet_functions (text) : NULL;

  if (!text)
    log_writer_note (builder->log, builder->phase, "⚠ Install scriptlet %s cannot be read; none is ever run", name);
  else if (*functions)
    log_writer_note (builder->log, builder->phase,
                     "⚠ Install scriptlet %s is not run; it has %s: read it, and do by hand what this machine needs",
                     name, functions);
  else
    log_writer_note (builder->log, builder->phase, "⚠ Install scriptlet %s is not run; it has no functions", name);
}

void
scriptlet_tell_all (Builder *builder)
{
  g_autoptr (GHashTable) told = g_hash_table_new (g_str_hash, g_str_equal);
  const GPtrArray *packages = builder->recipe->packages;

  for (guint i = 0; i < packages->len; i++)
    {
      const char *name = recipe_package_value (builder->recipe, packages->pdata[i], "install");

      if (name && g_hash_table_add (told, (void *)name))
        scriptlet_tell (builder, name);
    }
}
