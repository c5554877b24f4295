/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unfinished.h"

#include <stdlib.h>
#include <unistd.h>

#include "error.h"
#include "file.h"
#include "json.h"

#define SUFFIX   ".aside"
#define MAX_SIZE (64 * 1024)

void
unfinished_note (const char *transactions, const char *job, const char *worker_id, const char *message)
{
  g_autofree char *path = g_strdup_printf ("%s/%s" SUFFIX, transactions, job);
  g_autoptr (JsonObject) object = json_object_new ();
  g_autofree char *text = NULL;

  json_object_set_string_member (object, "job", job);
  json_object_set_string_member (object, "worker_id", worker_id);
  json_object_set_string_member (object, "message", message);
  text = json_to_text (object, false);
  file_replace (path, text, -1, false, NULL);
}

void
unfinished_forget (const char *transactions, const char *job)
{
  g_autofree char *path = g_strdup_printf ("%s/%s" SUFFIX, transactions, job);

  unlink (path);
}

static int
compare_unfinished_jobs (const void *a, const void *b)
{
  guint64 one = g_ascii_strtoull (*(char *const *)a, NULL, 10), other = g_ascii_strtoull (*(char *const *)b, NULL, 10);

  return one < other ? -1 : one > other;
}

JsonArray *
unfinished_list (const Configuration *configuration)
{
  g_autofree char *folder = configuration_state_path (configuration, "transactions", NULL);
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  JsonArray *list = json_array_new ();
  const char *name;

  while (dir && (name = g_dir_read_name (dir)))
    if (g_str_has_suffix (name, SUFFIX))
      g_ptr_array_add (names, g_strdup (name));
  g_ptr_array_sort (names, compare_unfinished_jobs);
  for (guint i = 0; i < names->len; i++)
    {
      g_autofree char *path = g_build_filename (folder, names->pdata[i], NULL);
      size_t size;
      g_autofree char *text = file_read (path, MAX_SIZE, &size, NULL);
      JsonObject *object = text ? json_parse_object (text, size, path, HIVE_ERROR_FAILED, NULL) : NULL;

      if (object)
        json_array_add_object_element (list, object);
    }
  return list;
}
