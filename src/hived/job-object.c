/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "job-object.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "authority.h"
#include "bus-dict.h"
#include "error.h"
#include "file.h"
#include "job-run.h"
#include "job-store.h"
#include "log-reader.h"

#define READ_LOG_MAX    (256 * 1024)
#define RECORD_OVERHEAD 64 /* of a record in an answer, beside its text */

static int
job_append_options_entry (const Job *job, sd_bus_message *message)
{
  int r;

  if ((r = sd_bus_message_open_container (message, 'e', "sv")) < 0 ||
      (r = sd_bus_message_append (message, "s", "options")) < 0 ||
      (r = sd_bus_message_open_container (message, 'v', "a{sv}")) < 0 ||
      (r = install_options_append (job->options, message)) < 0 || (r = sd_bus_message_close_container (message)) < 0)
    return r;
  return sd_bus_message_close_container (message);
}

int
job_object_append (const Job *job, sd_bus_message *message)
{
  int r;

  if ((r = sd_bus_message_open_container (message, 'a', "{sv}")) < 0 ||
      (r = bus_dict_append_string (message, "id", job->id)) < 0 ||
      (r = bus_dict_append_string (message, "operation", job_operation_name (job->operation))) < 0 ||
      (r = bus_dict_append_string (message, "worker_id", job->worker_id)) < 0 ||
      (r = bus_dict_append_string (message, "name", job_name (job))) < 0 ||
      (r = bus_dict_append_string (message, "state", job_state_name (job->state))) < 0 ||
      (r = bus_dict_append_string (message, "phase", job->phase)) < 0 ||
      (r = bus_dict_append_double (message, "progress", job->progress)) < 0 ||
      (r = bus_dict_append_uint32 (message, "owner", job->owner)) < 0 ||
      (r = bus_dict_append_uint64 (message, "created_at", job->created_at)) < 0 ||
      (r = bus_dict_append_uint64 (message, "started_at", job->started_at)) < 0 ||
      (r = bus_dict_append_uint64 (message, "finished_at", job->finished_at)) < 0 ||
      (r = bus_dict_append_uint64 (message, "log_size", job->log_size)) < 0 ||
      (r = bus_dict_append_strings (message, "lookups", job->lookups)) < 0 ||
      (r = bus_dict_append_string (message, "error_name", job->error_name)) < 0 ||
      (r = bus_dict_append_string (message, "error_message", job->error_message)) < 0 ||
      (r = bus_dict_append_path (message, "path", job->path)) < 0 || (r = job_append_options_entry (job, message)) < 0)
    return r;
  return sd_bus_message_close_container (message);
}

static int
job_get_string (sd_bus *bus, const char *path, const char *interface, const char *property, sd_bus_message *reply,
                void *userdata, sd_bus_error *error)
{
  const Job *job = userdata;
  const struct
  {
    const char *property, *value;
  } values[] = {
    { "Id", job->id },
    { "Operation", job_operation_name (job->operation) },
    { "WorkerId", job->worker_id },
    { "Name", job_name (job) },
    { "State", job_state_name (job->state) },
    { "Phase", job->phase },
    { "ErrorName", job->error_name },
    { "ErrorMessage", job->error_message },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (values); i++)
    if (g_str_equal (values[i].property, property))
      return sd_bus_message_append (reply, "s", values[i].value ? values[i].value : "");
  return -ENOENT;
}

static int
job_get_options (sd_bus *bus, const char *path, const char *interface, const char *property, sd_bus_message *reply,
                 void *userdata, sd_bus_error *error)
{
  const Job *job = userdata;

  return install_options_append (job->options, reply);
}

static int
job_get_lookups (sd_bus *bus, const char *path, const char *interface, const char *property, sd_bus_message *reply,
                 void *userdata, sd_bus_error *error)
{
  const Job *job = userdata;

  return sd_bus_message_append_strv (reply, job->lookups);
}

static int
job_get_progress (sd_bus *bus, const char *path, const char *interface, const char *property, sd_bus_message *reply,
                  void *userdata, sd_bus_error *error)
{
  const Job *job = userdata;

  return sd_bus_message_append (reply, "d", job->progress);
}

static int
job_get_owner (sd_bus *bus, const char *path, const char *interface, const char *property, sd_bus_message *reply,
               void *userdata, sd_bus_error *error)
{
  const Job *job = userdata;

  return sd_bus_message_append (reply, "u", (uint32_t)job->owner);
}

static int
job_get_number (sd_bus *bus, const char *path, const char *interface, const char *property, sd_bus_message *reply,
                void *userdata, sd_bus_error *error)
{
  const Job *job = userdata;
  uint64_t value = g_str_equal (property, "CreatedAt")  ? job->created_at :
                   g_str_equal (property, "StartedAt")  ? job->started_at :
                   g_str_equal (property, "FinishedAt") ? job->finished_at :
                                                          job->log_size;

  return sd_bus_message_append (reply, "t", value);
}

int
job_reply (Job *job, const GError *failure, sd_bus_message *message, sd_bus_error *error)
{
  if (!job)
    return bus_error_from_gerror (error, failure);
  return sd_bus_reply_method_return (message, "o", job->path);
}

/* Whether the sender of @message may do that to the job; as authority_check(). */
static int
job_check_sender (const Job *job, sd_bus_message *message, Action action, sd_bus_error *error)
{
  const AuthRequest question = { .action = action, .worker = job->worker_id, .job = job->id, .owner = job->owner };

  return authority_check (job->hive->authority, message, &question, NULL, error);
}

static int
job_method_cancel (sd_bus_message *message, void *userdata, sd_bus_error *error)
{
  Job *job = userdata;
  g_autoptr (GError) failure = NULL;
  int r;

  r = job_check_sender (job, message, ACTION_CANCEL_JOB, error);
  if (r != 0)
    return r;
  if (!job_run_cancel (job, &failure))
    return bus_error_from_gerror (error, failure);
  return sd_bus_reply_method_return (message, NULL);
}

/* The log for the sender of @message, if the sender may read it; as authority_check(). */
static int
job_open_log (Job *job, sd_bus_message *message, int *ret_fd, sd_bus_error *error)
{
  g_autoptr (GError) failure = NULL;
  int r;

  r = job->hive->configuration->owner_reads_log ? job_check_sender (job, message, ACTION_READ_LOG, error) : 0;
  if (r != 0)
    return r;
  *ret_fd = job_store_open_log (job->hive->jobs, job, O_RDONLY);
  if (*ret_fd >= 0)
    return 0;
  hive_error_set_errno (&failure, -*ret_fd, "Cannot open the log of job %s", job->id);
  return bus_error_from_gerror (error, failure);
}

static int
job_method_open_log (sd_bus_message *message, void *userdata, sd_bus_error *error)
{
  Job *job = userdata;
  g_auto (Fd) fd = -1;
  g_autoptr (GError) failure = NULL;
  int r;

  r = job_open_log (job, message, &fd, error);
  if (r != 0)
    return r;
  if (!log_quota_take (job->hive->log_quota, callers_uid (job->hive->callers, message),
                       (uint64_t)g_get_monotonic_time (), &failure))
    return bus_error_from_gerror (error, failure);
  return sd_bus_reply_method_return (message, "h", fd);
}

static int
log_record_append (sd_bus_message *reply, const LogRecord *record, const char *text)
{
  g_autofree char *phase = g_utf8_make_valid (record->phase, (gssize)record->phase_length);

  return sd_bus_message_append (reply, "(ttsss)", record->cursor, log_time_parse (record->time), phase,
                                log_stream_name (record->stream), text);
}

/* Appends records until @max of them or 256 KiB are there. */
static int
job_append_records (sd_bus_message *reply, LogReader *reader, uint32_t max, uint64_t *ret_next)
{
  size_t size = 0;
  LogRecord record;
  uint32_t count;
  int r;

  for (count = 0; max == 0 || count < max; count++)
    {
      g_autofree char *text = NULL;

      *ret_next = log_reader_cursor (reader);
      r = log_reader_next (reader, &record);
      if (r < 0)
        return r;
      if (r == 0)
        break;
      size += record.text_length + record.phase_length + RECORD_OVERHEAD;
      if (size > READ_LOG_MAX && count > 0)
        return 0;
      text = g_utf8_make_valid (record.text, (gssize)record.text_length);
      r = log_record_append (reply, &record, text);
      if (r < 0)
        return r;
    }
  *ret_next = log_reader_cursor (reader);
  return 0;
}

static int
job_reply_records (Job *job, sd_bus_message *message, LogReader *reader, uint32_t max, uint64_t size)
{
  sd_bus_message *reply = NULL;
  uint64_t next = 0;
  int ended;
  int r;

  r = sd_bus_message_new_method_return (message, &reply);
  if (r >= 0)
    r = sd_bus_message_open_container (reply, 'a', "(ttsss)");
  if (r >= 0)
    r = job_append_records (reply, reader, max, &next);
  /* A log that could not be ended (no space) is over with its job. */
  ended = (log_reader_ended (reader) && next >= log_reader_cursor (reader)) ||
          (!job_is_active (job) && !job->run && next >= size);
  if (r >= 0)
    r = sd_bus_message_close_container (reply);
  if (r >= 0)
    r = sd_bus_message_append (reply, "tb", next, ended);
  return bus_reply_send (reply, r);
}

static int
job_method_read_log (sd_bus_message *message, void *userdata, sd_bus_error *error)
{
  Job *job = userdata;
  g_autoptr (LogReader) reader = NULL;
  g_auto (Fd) fd = -1;
  struct stat status;
  uint64_t cursor;
  uint32_t max;
  int r;

  r = sd_bus_message_read (message, "tu", &cursor, &max);
  if (r < 0)
    return r;
  r = job_open_log (job, message, &fd, error);
  if (r != 0)
    return r;
  if (fstat (fd, &status) < 0)
    return -errno;
  if (cursor > (uint64_t)status.st_size)
    return sd_bus_error_setf (error, HIVE_ERROR_PREFIX "InvalidArgument", "The log of job %s ends at %jd, before %ju",
                              job->id, (intmax_t)status.st_size, (uintmax_t)cursor);
  reader = log_reader_new (fd_steal (&fd), cursor);
  return job_reply_records (job, message, reader, max, (uint64_t)status.st_size);
}

static const sd_bus_vtable job_vtable[] = {
  SD_BUS_VTABLE_START (0),
  SD_BUS_METHOD_WITH_ARGS ("Cancel", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT, job_method_cancel, SD_BUS_VTABLE_UNPRIVILEGED),
  SD_BUS_METHOD_WITH_ARGS ("OpenLog", SD_BUS_NO_ARGS, SD_BUS_RESULT ("h", log), job_method_open_log,
                           SD_BUS_VTABLE_UNPRIVILEGED),
  SD_BUS_METHOD_WITH_ARGS ("ReadLog", SD_BUS_ARGS ("t", cursor, "u", max),
                           SD_BUS_RESULT ("a(ttsss)", records, "t", next, "b", ended), job_method_read_log,
                           SD_BUS_VTABLE_UNPRIVILEGED),
  SD_BUS_PROPERTY ("Id", "s", job_get_string, 0, SD_BUS_VTABLE_PROPERTY_CONST),
  SD_BUS_PROPERTY ("Operation", "s", job_get_string, 0, SD_BUS_VTABLE_PROPERTY_CONST),
  SD_BUS_PROPERTY ("WorkerId", "s", job_get_string, 0, SD_BUS_VTABLE_PROPERTY_CONST),
  SD_BUS_PROPERTY ("Name", "s", job_get_string, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
  SD_BUS_PROPERTY ("Options", "a{sv}", job_get_options, 0, SD_BUS_VTABLE_PROPERTY_CONST),
  SD_BUS_PROPERTY ("State", "s", job_get_string, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
  SD_BUS_PROPERTY ("Phase", "s", job_get_string, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
  SD_BUS_PROPERTY ("Progress", "d", job_get_progress, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
  SD_BUS_PROPERTY ("Owner", "u", job_get_owner, 0, SD_BUS_VTABLE_PROPERTY_CONST),
  SD_BUS_PROPERTY ("CreatedAt", "t", job_get_number, 0, SD_BUS_VTABLE_PROPERTY_CONST),
  SD_BUS_PROPERTY ("StartedAt", "t", job_get_number, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
  SD_BUS_PROPERTY ("FinishedAt", "t", job_get_number, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
  SD_BUS_PROPERTY ("LogSize", "t", job_get_number, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
  SD_BUS_PROPERTY ("Lookups", "as", job_get_lookups, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
  SD_BUS_PROPERTY ("ErrorName", "s", job_get_string, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
  SD_BUS_PROPERTY ("ErrorMessage", "s", job_get_string, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
  SD_BUS_SIGNAL_WITH_ARGS ("LineEmitted", SD_BUS_ARGS ("t", cursor, "s", phase, "s", stream, "s", text), 0),
  SD_BUS_SIGNAL_WITH_ARGS ("Finished", SD_BUS_ARGS ("s", result, "s", error_name, "s", error_message), 0),
  SD_BUS_VTABLE_END,
};

static int
job_find (sd_bus *bus, const char *path, const char *interface, void *userdata, void **ret_found, sd_bus_error *error)
{
  Hive *hive = userdata;

  if (!g_str_has_prefix (path, JOB_PREFIX "/"))
    return 0;
  *ret_found = job_store_find (hive->jobs, path + strlen (JOB_PREFIX "/"));
  return *ret_found != NULL;
}

static int
job_enumerate (sd_bus *bus, const char *prefix, void *userdata, char ***ret_nodes, sd_bus_error *error)
{
  Hive *hive = userdata;
  GPtrArray *jobs = job_store_jobs (hive->jobs);
  char **nodes = calloc (jobs->len + 1, sizeof *nodes); /* sd-bus frees it */

  for (guint i = 0; nodes && i < jobs->len; i++)
    nodes[i] = strdup (((Job *)jobs->pdata[i])->path);
  *ret_nodes = nodes;
  return nodes ? 0 : -ENOMEM;
}

int
job_object_publish (Hive *hive)
{
  int r;

  r = sd_bus_add_fallback_vtable (hive->bus, NULL, JOB_PREFIX, JOB_INTERFACE, job_vtable, job_find, hive);
  if (r < 0)
    return r;
  return sd_bus_add_node_enumerator (hive->bus, NULL, JOB_PREFIX, job_enumerate, hive);
}
