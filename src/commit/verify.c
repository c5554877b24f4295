/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "verify.h"

#include "json.h"
#include "match.h"
#include "worker-id.h"

static const char *const problems[] = {
  [MATCH_CHANGED] = "changed",
  [MATCH_MISSING] = "missing",
  [MATCH_UNREADABLE] = "unreadable",
};

static JsonArray *
problem_new (const Places *places, const char *path, Match match)
{
  g_autofree char *full = places_show (places, path);
  JsonArray *problem = json_array_new ();

  json_array_add_string_element (problem, full);
  json_array_add_string_element (problem, problems[match]);
  return problem;
}

JsonObject *
verify_run (const Configuration *configuration, JsonObject *request, GError **error)
{
  const char *id = json_get_string (request, "worker_id", "");
  g_autofree char *workers = configuration_state_path (configuration, "workers", NULL);
  g_autoptr (Places) places = places_new (configuration);
  g_autoptr (WorkerRecord) record = NULL;
  JsonObject *answer;
  JsonArray *array;

  if (!worker_id_check (id, error))
    return NULL;
  record = worker_record_read (workers, id, error);
  if (!record)
    return NULL;

  array = json_array_new ();
  for (guint i = 0; i < record->files->len; i++)
    {
      const WorkerFile *file = record->files->pdata[i];
      Match match = match_file (places, file, NULL);

      if (match != MATCH_SAME)
        json_array_add_array_element (array, problem_new (places, file->path, match));
    }

  answer = json_object_new ();
  json_object_set_array_member (answer, "problems", array);
  return answer;
}
