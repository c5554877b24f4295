/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* What hive.conf and hive.conf.d/ *.conf beside it say, as text: a later file's key wins. GKeyFile reads such files
 * too, and forgets the lines, which every message about a value names. */
typedef struct ConfigurationText ConfigurationText;

/* A key where it was said last. */
typedef struct
{
  char *section;
  char *key;
  char *value; /* without blanks around it, and without quotes where all of it stands in them */
  char *file;
  unsigned line;
} TextEntry;

/* Reads @path, which may be missing unless @must_exist, and what lies in PATH.d. InvalidArgument names file and line.
 */
ConfigurationText *configuration_text_read (const char *path, bool must_exist, GError **error);
void configuration_text_free (ConfigurationText *text);

/* The same of one file that was read already: @content is what it says. */
ConfigurationText *configuration_text_new (void);
bool configuration_text_add (ConfigurationText *text, const char *file, const char *content, GError **error);

/* NULL: no file says it. */
const TextEntry *configuration_text_find (const ConfigurationText *text, const char *section, const char *key);
const char *configuration_text_get (const ConfigurationText *text, const char *section, const char *key);

/* All of them, in the order in which they were said first. */
GPtrArray *configuration_text_entries (const ConfigurationText *text);

/* The sections that have keys and whose names begin like @prefix, in the order in which they came. */
char **configuration_text_sections (const ConfigurationText *text, const char *prefix);

/* "FILE:LINE" of a key, or of the section's last one where no file says that key. */
char *configuration_text_where (const ConfigurationText *text, const char *section, const char *key);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ConfigurationText, configuration_text_free)
