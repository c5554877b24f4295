/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "job-list.h"

#include <stddef.h>
#include <string.h>

#include "bus-dict.h"
#include "error.h"
#include "job-object.h"
#include "job-store.h"

#define LIST_MAX      500
#define LIST_SIZE_MAX (1024 * 1024)
#define JOB_SIZE      1024 /* of one in an answer, beside its error's message */

static const BusOption job_list_options[] = {
  { "all", 'b', offsetof (JobList, all) },
  { "worker", 's', offsetof (JobList, worker) },
  { "before", 's', offsetof (JobList, before_id) },
  { "max", 'u', offsetof (JobList, max) },
  {},
};

void
job_list_clear (JobList *list)
{
  g_clear_pointer (&list->worker, g_free);
  g_clear_pointer (&list->before_id, g_free);
}

int
job_list_read (JobList *list, sd_bus_message *message, sd_bus_error *error)
{
  int r = bus_dict_read (message, job_list_options, list, error);

  if (r < 0 || !list->before_id)
    return r;
  list->before = job_id_parse (list->before_id);
  if (list->before == 0)
    return sd_bus_error_setf (error, HIVE_ERROR_PREFIX "InvalidArgument",
                              "Option before is the id of a job, which is a number");
  return 0;
}

/* What an answer is made of: the newest first. */
typedef struct
{
  GPtrArray *jobs;   /* borrowed */
  GPtrArray *loaded; /* those of them that are no objects, owned */
  guint max;
  size_t size;
} Answer;

static bool
answer_is_full (const Answer *answer)
{
  return answer->jobs->len >= answer->max || answer->size >= LIST_SIZE_MAX;
}

static void
answer_add (Answer *answer, Job *job)
{
  g_ptr_array_add (answer->jobs, job);
  answer->size += JOB_SIZE + (job->error_message ? strlen (job->error_message) : 0);
}

static bool
job_list_wants (const JobList *list, const char *worker_id)
{
  return !list->worker || g_str_equal (worker_id, list->worker);
}

static void
job_list_take_objects (const JobList *list, JobStore *store, Answer *answer)
{
  GPtrArray *jobs = job_store_jobs (store);

  for (guint i = jobs->len; i > 0 && !answer_is_full (answer); i--)
    {
      Job *job = jobs->pdata[i - 1];

      if (!job->revived && (list->before == 0 || job->number < list->before) && job_list_wants (list, job->worker_id))
        answer_add (answer, job);
    }
}

static void
job_list_take_all (const JobList *list, JobStore *store, Answer *answer)
{
  uint64_t before = list->before;
  const JobEntry *entry;

  while (!answer_is_full (answer) && (entry = job_index_newest (job_store_index (store), before)))
    {
      Job *job;

      before = entry->number;
      if (!job_list_wants (list, entry->worker_id))
        continue;
      job = job_store_find_number (store, before);
      if (!job && (job = job_store_load (store, before, NULL)))
        g_ptr_array_add (answer->loaded, job);
      if (job)
        answer_add (answer, job);
    }
}

int
job_list_append (const JobList *list, JobStore *store, sd_bus_message *reply)
{
  g_autoptr (GPtrArray) jobs = g_ptr_array_new ();
  g_autoptr (GPtrArray) loaded = g_ptr_array_new_with_free_func ((GDestroyNotify)job_free);
  Answer answer = { .jobs = jobs, .loaded = loaded, .max = MIN (list->max > 0 ? list->max : LIST_MAX, LIST_MAX) };
  int r;

  if (list->all)
    job_list_take_all (list, store, &answer);
  else
    job_list_take_objects (list, store, &answer);
  r = sd_bus_message_open_container (reply, 'a', "a{sv}");
  for (guint i = jobs->len; r >= 0 && i > 0; i--)
    r = job_object_append (jobs->pdata[i - 1], reply);
  return r < 0 ? r : sd_bus_message_close_container (reply);
}
