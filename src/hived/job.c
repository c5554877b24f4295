/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "job.h"

#include <string.h>

#include "boot.h"
#include "display-name.h"
#include "error.h"
#include "file.h"
#include "json.h"
#include "lookup-kind.h"
#include "worker-id.h"

#define LOOKUPS_MAX       256
#define ANNOUNCE_INTERVAL (G_USEC_PER_SEC / 10)

static const char *const job_states[] = {
  [JOB_QUEUED] = "queued", [JOB_RUNNING] = "running", [JOB_COMMITTING] = "committing",
  [JOB_DONE] = "done",     [JOB_FAILED] = "failed",   [JOB_CANCELLED] = "cancelled",
};

static const char *const job_operations[] = {
  [JOB_INSTALL] = "worker_install", [JOB_REMOVE] = "worker_remove", [JOB_ROLLBACK] = "worker_rollback",
  [JOB_PUSH] = "worker_push",       [JOB_PULL] = "model_download",  [JOB_IMPORT] = "model_import",
};

static const char *const job_phases[] = {
  "metadata", "platform", "pkgbuild", "parse",  "dependencies", "install-dependencies",
  "store",    "sources",  "prepare",  "pkgver", "build",        "check",
  "package",  "install",  "remove",   "push",   "capabilities", "cleanup"
};

static int
name_index (const char *const *names, gsize count, const char *name)
{
  for (gsize i = 0; i < count; i++)
    if (g_strcmp0 (names[i], name) == 0)
      return (int)i;
  return -1;
}

Job *
job_new (Hive *hive, uint64_t number, JobOperation operation, const char *worker_id)
{
  Job *job = g_new0 (Job, 1);

  job->hive = hive;
  job->number = number;
  job->id = g_strdup_printf ("%" G_GUINT64_FORMAT, number);
  job->path = g_strconcat (JOB_PREFIX "/", job->id, NULL);
  job->operation = operation;
  job->worker_id = g_strdup (worker_id);
  job->phase = "";
  job->progress = -1;
  job->input = -1;
  return job;
}

void
job_free (Job *job)
{
  if (!job)
    return;
  sd_event_source_disable_unref (job->announce_timer);
  install_options_free (job->options);
  g_clear_pointer (&job->model, json_object_unref);
  fd_clear (&job->input);
  g_free (job->idempotency_key);
  g_free (job->id);
  g_free (job->path);
  g_free (job->worker_id);
  g_free (job->name);
  g_strfreev (job->lookups);
  g_free (job->error_name);
  g_free (job->error_message);
  g_free (job->boot_id);
  g_free (job);
}

uint64_t
job_id_parse (const char *id)
{
  if (!*id || strlen (id) > 18 || *id == '0' || strspn (id, G_CSET_DIGITS) != strlen (id))
    return 0;
  return g_ascii_strtoull (id, NULL, 10);
}

bool
job_is_active (const Job *job)
{
  return job->state == JOB_QUEUED || job->state == JOB_RUNNING || job->state == JOB_COMMITTING;
}

const char *
job_state_name (JobState state)
{
  return job_states[state];
}

const char *
job_name (const Job *job)
{
  return job->name ? job->name : job->worker_id;
}

bool
job_operation_is_on_models (JobOperation operation)
{
  return operation == JOB_PULL || operation == JOB_IMPORT;
}

const char *
job_operation_name (JobOperation operation)
{
  return job_operations[operation];
}

const char *
job_phase_find (const char *name, size_t length)
{
  for (gsize i = 0; i < G_N_ELEMENTS (job_phases); i++)
    if (strlen (job_phases[i]) == length && memcmp (job_phases[i], name, length) == 0)
      return job_phases[i];
  return NULL;
}

JsonObject *
job_to_json (const Job *job)
{
  JsonObject *object = json_object_new ();

  json_object_set_int_member (object, "format", 1);
  json_object_set_string_member (object, "id", job->id);
  json_object_set_string_member (object, "operation", job_operation_name (job->operation));
  json_object_set_string_member (object, "worker_id", job->worker_id);
  if (job->name)
    json_object_set_string_member (object, "name", job->name);
  if (job->options)
    json_object_set_object_member (object, "options", install_options_to_json (job->options));
  if (job->model)
    json_object_set_object_member (object, "model", json_object_ref (job->model));
  if (job->idempotency_key)
    json_object_set_string_member (object, "idempotency_key", job->idempotency_key);
  json_object_set_int_member (object, "owner", job->owner);
  json_object_set_string_member (object, "state", job_state_name (job->state));
  json_object_set_string_member (object, "phase", job->phase);
  json_object_set_int_member (object, "created_at", (gint64)job->created_at);
  json_object_set_int_member (object, "started_at", (gint64)job->started_at);
  json_object_set_int_member (object, "finished_at", (gint64)job->finished_at);
  if (job->boot_id)
    json_object_set_string_member (object, "boot_id", job->boot_id);
  json_object_set_boolean_member (object, "cancelled", job->cancelled);
  if (job->built)
    {
      json_object_set_string_member (object, "ending", ending_kind_name (job->ending.kind));
      json_object_set_int_member (object, "ending_number", job->ending.number);
    }
  if (job->lookups)
    json_set_strings (object, "lookups", job->lookups);
  if (job->error_name)
    {
      json_object_set_string_member (object, "error_name", job->error_name);
      json_object_set_string_member (object, "error_message", job->error_message);
    }
  return object;
}

static void
job_take_lookups (Job *job, char *const *words)
{
  g_autoptr (GStrvBuilder) known = g_strv_builder_new ();
  unsigned count = 0;

  for (; words && *words && count < LOOKUPS_MAX; words++)
    if (lookup_kind_find (*words) < LOOKUP_KINDS)
      {
        g_strv_builder_add (known, *words);
        count++;
      }
  g_strfreev (job->lookups);
  job->lookups = count > 0 ? g_strv_builder_end (known) : NULL;
}

static InstallOptions *
job_options_from_json (JsonObject *object)
{
  JsonNode *node = json_object_get_member (object, "options");

  return node && JSON_NODE_HOLDS_OBJECT (node) ? install_options_from_json (json_node_get_object (node)) :
                                                 install_options_new ();
}

Job *
job_from_json (Hive *hive, uint64_t number, JsonObject *object, const char *name, GError **error)
{
  int operation =
      name_index (job_operations, G_N_ELEMENTS (job_operations), json_get_string (object, "operation", NULL));
  int state = name_index (job_states, G_N_ELEMENTS (job_states), json_get_string (object, "state", NULL));
  const char *worker_id = json_get_string (object, "worker_id", "");
  const char *phase = json_get_string (object, "phase", "");
  g_auto (GStrv) lookups = json_get_strings (object, "lookups");
  Job *job;

  if (json_get_int (object, "format", 0) != 1 || operation < 0 || state < 0 || !worker_id_is_valid (worker_id))
    {
      g_set_error (error, HIVE_ERROR, HIVE_ERROR_FAILED, "%s is not the record of a job", name);
      return NULL;
    }
  job = job_new (hive, number, (JobOperation)operation, worker_id);
  job->state = (JobState)state;
  job->name = display_name_clean (json_get_string (object, "name", NULL));
  if (job->operation == JOB_INSTALL)
    job->options = job_options_from_json (object);
  if (job_operation_is_on_models (job->operation))
    {
      JsonNode *model = json_object_get_member (object, "model");

      job->model = model && JSON_NODE_HOLDS_OBJECT (model) ? json_node_dup_object (model) : json_object_new ();
    }
  job->idempotency_key = g_strdup (json_get_string (object, "idempotency_key", NULL));
  phase = job_phase_find (phase, strlen (phase));
  if (phase)
    job->phase = phase;
  job->owner = (uid_t)json_get_int (object, "owner", 0);
  job->created_at = (uint64_t)json_get_int (object, "created_at", 0);
  job->started_at = (uint64_t)json_get_int (object, "started_at", 0);
  job->finished_at = (uint64_t)json_get_int (object, "finished_at", 0);
  job_take_lookups (job, lookups);
  job->error_name = g_strdup (json_get_string (object, "error_name", NULL));
  job->error_message = g_strdup (json_get_string (object, "error_message", NULL));
  job->boot_id = g_strdup (json_get_string (object, "boot_id", NULL));
  job->cancelled = json_get_bool (object, "cancelled", false);
  job->built = json_object_has_member (object, "ending");
  job->ending.kind = ending_kind_find (json_get_string (object, "ending", NULL));
  job->ending.number = (int)json_get_int (object, "ending_number", 0);
  return job;
}

void
job_announce (Job *job)
{
  static const struct
  {
    unsigned change;
    const char *property;
  } properties[] = {
    { JOB_CHANGED_STATE, "State" },       { JOB_CHANGED_PHASE, "Phase" },         { JOB_CHANGED_PROGRESS, "Progress" },
    { JOB_CHANGED_STARTED, "StartedAt" }, { JOB_CHANGED_FINISHED, "FinishedAt" }, { JOB_CHANGED_LOG_SIZE, "LogSize" },
    { JOB_CHANGED_ERROR, "ErrorName" },   { JOB_CHANGED_ERROR, "ErrorMessage" },  { JOB_CHANGED_LOOKUPS, "Lookups" },
    { JOB_CHANGED_NAME, "Name" },
  };
  const char *names[G_N_ELEMENTS (properties) + 1];
  gsize count = 0;

  for (gsize i = 0; i < G_N_ELEMENTS (properties); i++)
    if (job->changed & properties[i].change)
      names[count++] = properties[i].property;
  names[count] = NULL;
  job->changed = 0;
  job->announce_timer = sd_event_source_disable_unref (job->announce_timer);
  sd_event_now (job->hive->event, CLOCK_MONOTONIC, &job->announced_at);
  if (count > 0)
    sd_bus_emit_properties_changed_strv (job->hive->bus, job->path, JOB_INTERFACE, (char **)names);
}

static int
job_on_announce (sd_event_source *source, uint64_t usec, void *userdata)
{
  job_announce (userdata);
  return 0;
}

void
job_changed (Job *job, unsigned changes)
{
  uint64_t now;

  job->changed |= changes;
  if (job->announce_timer)
    return;
  sd_event_now (job->hive->event, CLOCK_MONOTONIC, &now);
  /* Always by the timer, even when it is due: what changes together is announced together. */
  sd_event_add_time (job->hive->event, &job->announce_timer, CLOCK_MONOTONIC,
                     MAX (now, job->announced_at + ANNOUNCE_INTERVAL), 1, job_on_announce, job);
}

void
job_set_state (Job *job, JobState state)
{
  if (job->state == state)
    return;
  job->state = state;
  job_changed (job, JOB_CHANGED_STATE);
  if (!job_is_active (job))
    {
      job->finished_at = (uint64_t)g_get_real_time ();
      job_changed (job, JOB_CHANGED_FINISHED);
    }
  else if (state != JOB_QUEUED && job->started_at == 0)
    {
      job->started_at = (uint64_t)g_get_real_time ();
      job_changed (job, JOB_CHANGED_STARTED);
    }
  job->hive->observer->changed (job->hive);
}

void
job_set_boot (Job *job)
{
  g_free (job->boot_id);
  job->boot_id = boot_id ();
}

bool
job_is_of_this_boot (const Job *job)
{
  return boot_is_now (job->boot_id);
}

void
job_set_phase (Job *job, const char *phase)
{
  if (job->phase == phase)
    return;
  job->phase = phase;
  job_changed (job, JOB_CHANGED_PHASE);
  job_set_progress (job, -1);
}

void
job_set_progress (Job *job, double progress)
{
  if (job->progress == progress)
    return;
  job->progress = progress;
  job_changed (job, JOB_CHANGED_PROGRESS);
}

void
job_set_log_size (Job *job, uint64_t size)
{
  if (job->log_size == size)
    return;
  job->log_size = size;
  job_changed (job, JOB_CHANGED_LOG_SIZE);
}

void
job_set_error (Job *job, const GError *error)
{
  g_free (job->error_name);
  g_free (job->error_message);
  job->error_name = g_strdup (hive_error_name (error->domain == HIVE_ERROR ? error->code : HIVE_ERROR_FAILED));
  job->error_message = g_utf8_make_valid (error->message, -1);
  job_changed (job, JOB_CHANGED_ERROR);
}

void
job_set_name (Job *job, const char *said)
{
  g_autofree char *name = display_name_clean (said);

  if (!name || g_str_equal (name, job_name (job)))
    return;
  g_free (job->name);
  job->name = g_steal_pointer (&name);
  job_changed (job, JOB_CHANGED_NAME);
}

void
job_set_lookups (Job *job, char *const *words)
{
  job_take_lookups (job, words);
  job_changed (job, JOB_CHANGED_LOOKUPS);
}

void
job_tell_finished (const Job *job)
{
  const char *state = job_state_name (job->state);
  const char *name = job->error_name ? job->error_name : "";
  const char *message = job->error_message ? job->error_message : "";

  sd_bus_emit_signal (job->hive->bus, job->path, JOB_INTERFACE, "Finished", "sss", state, name, message);
  sd_bus_emit_signal (job->hive->bus, HIVE_PATH, HIVE_INTERFACE, "JobFinished", "sosss", job->id, job->path, state,
                      name, message);
}
