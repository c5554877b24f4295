/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "configuration-text.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "byte-order-mark.h"
#include "error.h"
#include "file.h"
#include "key-value.h"

#define FILE_MAX_SIZE (16 * 1024 * 1024)

struct ConfigurationText
{
  GPtrArray *entries; /* of TextEntry */
  GHashTable *index;  /* "SECTION\nKEY" → its TextEntry */
};

/* Where in which file the reading is. */
typedef struct
{
  ConfigurationText *text;
  const char *file;
  unsigned line;
  char *section; /* NULL: before the first */
} Reading;

static void
text_entry_free (void *data)
{
  TextEntry *entry = data;

  g_free (entry->section);
  g_free (entry->key);
  g_free (entry->value);
  g_free (entry->file);
  g_free (entry);
}

void
configuration_text_free (ConfigurationText *text)
{
  g_hash_table_unref (text->index);
  g_ptr_array_unref (text->entries);
  g_free (text);
}

const TextEntry *
configuration_text_find (const ConfigurationText *text, const char *section, const char *key)
{
  g_autofree char *name = g_strconcat (section, "\n", key, NULL);

  return g_hash_table_lookup (text->index, name);
}

const char *
configuration_text_get (const ConfigurationText *text, const char *section, const char *key)
{
  const TextEntry *entry = configuration_text_find (text, section, key);

  return entry ? entry->value : NULL;
}

GPtrArray *
configuration_text_entries (const ConfigurationText *text)
{
  return text->entries;
}

char **
configuration_text_sections (const ConfigurationText *text, const char *prefix)
{
  g_autoptr (GStrvBuilder) sections = g_strv_builder_new ();
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);

  for (guint i = 0; i < text->entries->len; i++)
    {
      TextEntry *entry = text->entries->pdata[i];

      if (g_str_has_prefix (entry->section, prefix) && g_hash_table_add (seen, entry->section))
        g_strv_builder_add (sections, entry->section);
    }
  return g_strv_builder_end (sections);
}

char *
configuration_text_where (const ConfigurationText *text, const char *section, const char *key)
{
  const TextEntry *found = key ? configuration_text_find (text, section, key) : NULL;

  for (guint i = text->entries->len; i > 0 && !found; i--)
    {
      const TextEntry *entry = text->entries->pdata[i - 1];

      if (g_str_equal (entry->section, section))
        found = entry;
    }
  return found ? g_strdup_printf ("%s:%u", found->file, found->line) : g_strdup ("hive.conf");
}

#define reading_refuse(error, ...) hive_error_refuse (error, HIVE_ERROR_INVALID_ARGUMENT, __VA_ARGS__)

/* Where a "#" would begin a comment if comments could stand behind something; NULL: nowhere. */
static const char *
find_comment (const char *value)
{
  for (const char *sign = strchr (value, '#'); sign; sign = strchr (sign + 1, '#'))
    if (sign == value || g_ascii_isspace (sign[-1]))
      return sign;
  return NULL;
}

static void
reading_set (Reading *reading, const char *key, const char *value)
{
  g_autofree char *name = g_strconcat (reading->section, "\n", key, NULL);
  TextEntry *entry = g_hash_table_lookup (reading->text->index, name);

  if (!entry)
    {
      entry = g_new0 (TextEntry, 1);
      entry->section = g_strdup (reading->section);
      entry->key = g_strdup (key);
      g_ptr_array_add (reading->text->entries, entry);
      g_hash_table_insert (reading->text->index, g_steal_pointer (&name), entry);
    }
  g_free (entry->value);
  g_free (entry->file);
  entry->value = key_value_unquote (value);
  entry->file = g_strdup (reading->file);
  entry->line = reading->line;
}

static bool
reading_take_key (Reading *reading, char *line, GError **error)
{
  char *sign = strchr (line, '=');
  g_autofree char *unquoted = NULL;
  const char *key, *value, *comment;

  if (!sign || sign == line)
    return reading_refuse (error, "%s:%u: \"%s\" is neither [SECTION] nor KEY=VALUE nor a comment", reading->file,
                           reading->line, line);
  *sign = '\0';
  key = g_strchomp (line);
  value = g_strchug (sign + 1);
  if (!reading->section)
    return reading_refuse (error, "%s:%u: %s= stands before the first [SECTION]", reading->file, reading->line, key);
  if (g_str_has_suffix (value, "\\"))
    return reading_refuse (error, "%s:%u: the value of %s= in [%s] ends with its line: write it in one, without \\",
                           reading->file, reading->line, key, reading->section);
  unquoted = key_value_unquote (value);
  comment = g_str_equal (unquoted, value) ? find_comment (value) : NULL;
  if (comment)
    return reading_refuse (
        error, "%s:%u: \"%s\" would be part of the value of %s= in [%s]: put a comment on a line of its own",
        reading->file, reading->line, comment, key, reading->section);
  reading_set (reading, key, value);
  return true;
}

static bool
reading_take_section (Reading *reading, char *line, GError **error)
{
  size_t length = strcspn (line, "]");

  if (line[length] != ']' || line[length + 1])
    return reading_refuse (error, "%s:%u: \"%s\" is not a section: write [SECTION], and a comment on a line of its own",
                           reading->file, reading->line, line);
  line[length] = '\0';
  g_free (reading->section);
  reading->section = g_strdup (g_strstrip (line + 1));
  return true;
}

static bool
reading_take_line (Reading *reading, char *line, GError **error)
{
  if (!g_utf8_validate (line, -1, NULL))
    return reading_refuse (error, "%s:%u: the line is not valid UTF-8", reading->file, reading->line);
  g_strstrip (line);
  if (!*line || *line == '#' || *line == ';')
    return true;
  return *line == '[' ? reading_take_section (reading, line, error) : reading_take_key (reading, line, error);
}

bool
configuration_text_add (ConfigurationText *text, const char *file, const char *content, GError **error)
{
  Reading reading = { .text = text, .file = file };
  g_auto (GStrv) lines = NULL;
  bool fine = true;

  content += byte_order_mark_length (content, strlen (content));
  lines = g_strsplit (content, "\n", -1);
  for (char **line = lines; *line && fine; line++)
    {
      reading.line++;
      fine = reading_take_line (&reading, *line, error);
    }
  g_free (reading.section);
  return fine;
}

/* Builds, the bridge and hivectl read it, each as another user. */
static bool
refuse_denied (const char *path, GError **error)
{
  g_set_error (error, HIVE_ERROR, HIVE_ERROR_INVALID_ARGUMENT,
               "Cannot read %s: Permission denied. Each user must be able to read the configuration: chmod a+rX %s",
               path, path);
  return false;
}

static bool
configuration_text_read_file (ConfigurationText *text, const char *path, GError **error)
{
  g_autoptr (GError) failure = NULL;
  g_autofree char *content = NULL;
  gsize length;

  content = file_read (path, FILE_MAX_SIZE, &length, &failure);
  if (!content)
    {
      if (access (path, R_OK) < 0 && errno == EACCES)
        return refuse_denied (path, error);
      g_set_error_literal (error, HIVE_ERROR, HIVE_ERROR_INVALID_ARGUMENT, failure->message);
      return false;
    }
  if (strlen (content) < length)
    {
      g_set_error (error, HIVE_ERROR, HIVE_ERROR_INVALID_ARGUMENT, "%s is not text: it has a NUL byte", path);
      return false;
    }
  return configuration_text_add (text, path, content, error);
}

static int
compare_names (const void *a, const void *b)
{
  return strcmp (*(char *const *)a, *(char *const *)b);
}

/* What editors leave there begins with a dot, or ends otherwise. */
static bool
configuration_text_read_folder (ConfigurationText *text, const char *path, GError **error)
{
  g_autofree char *folder = g_strconcat (path, ".d", NULL);
  g_autoptr (GError) failure = NULL;
  g_autoptr (GDir) dir = g_dir_open (folder, 0, &failure);
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  const char *name;

  if (g_error_matches (failure, G_FILE_ERROR, G_FILE_ERROR_ACCES))
    return refuse_denied (folder, error);
  if (!dir && !g_error_matches (failure, G_FILE_ERROR, G_FILE_ERROR_NOENT))
    {
      g_set_error_literal (error, HIVE_ERROR, HIVE_ERROR_INVALID_ARGUMENT, failure->message);
      return false;
    }
  while (dir && (name = g_dir_read_name (dir)))
    if (g_str_has_suffix (name, ".conf") && *name != '.')
      g_ptr_array_add (names, g_build_filename (folder, name, NULL));

  g_ptr_array_sort (names, compare_names);
  for (guint i = 0; i < names->len; i++)
    if (!configuration_text_read_file (text, names->pdata[i], error))
      return false;
  return true;
}

ConfigurationText *
configuration_text_new (void)
{
  ConfigurationText *text = g_new0 (ConfigurationText, 1);

  text->entries = g_ptr_array_new_with_free_func (text_entry_free);
  text->index = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  return text;
}

ConfigurationText *
configuration_text_read (const char *path, bool must_exist, GError **error)
{
  g_autoptr (ConfigurationText) text = configuration_text_new ();

  if ((must_exist || access (path, F_OK) == 0 || errno == EACCES) && !configuration_text_read_file (text, path, error))
    return NULL;
  return configuration_text_read_folder (text, path, error) ? g_steal_pointer (&text) : NULL;
}
