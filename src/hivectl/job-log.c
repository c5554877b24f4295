/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "job-log.h"

#include <fcntl.h>
#include <glib/gi18n.h>
#include <string.h>

#include "log-reader.h"

/* Records read before somebody else gets a turn. */
#define READ_RECORDS 4096

struct JobLog
{
  Client *client;
  char *path;
  LogReader *reader; /* NULL: by ReadLog */
  uint64_t cursor;   /* of ReadLog */
  bool broken;       /* the last ReadLog found no hive */
};

/* A bus that hands over no descriptors says NotSupported; ReadLog does the same, only slower. */
static bool
job_log_open_file (JobLog *log, GError **error)
{
  g_autoptr (GError) failure = NULL;
  g_autoptr (sd_bus_message) reply = NULL;
  int fd;
  int r;

  if (client_is_remote (log->client))
    return true;
  if (sd_bus_can_send (client_bus (log->client, NULL), SD_BUS_TYPE_UNIX_FD) <= 0)
    return true;
  reply = client_call (log->client, log->path, JOB_INTERFACE, "OpenLog", CLIENT_SOON, &failure, "");
  if (!reply)
    {
      if (failure->code == EXIT_STATUS_FAILED)
        return true;
      g_propagate_error (error, g_steal_pointer (&failure));
      return false;
    }
  r = sd_bus_message_read (reply, "h", &fd);
  if (r < 0)
    return true;
  fd = fcntl (fd, F_DUPFD_CLOEXEC, 3);
  if (fd >= 0)
    log->reader = log_reader_new (fd, 0);
  return true;
}

JobLog *
job_log_open (Client *client, const char *path, GError **error)
{
  g_autoptr (JobLog) log = g_new0 (JobLog, 1);

  log->client = client;
  log->path = g_strdup (path);
  return job_log_open_file (log, error) ? g_steal_pointer (&log) : NULL;
}

void
job_log_free (JobLog *log)
{
  g_clear_pointer (&log->reader, log_reader_free);
  g_free (log->path);
  g_free (log);
}

int
job_log_fd (const JobLog *log)
{
  return log->reader ? log_reader_fd (log->reader) : -1;
}

static JobLogState
job_log_read_file (JobLog *log, JobLogHandler handler, void *userdata, GError **error)
{
  LogRecord record;
  int r = 1;

  for (int i = 0; i < READ_RECORDS; i++)
    {
      r = log_reader_next (log->reader, &record);
      if (r <= 0)
        break;
      handler (&record, userdata);
    }
  if (r > 0)
    return JOB_LOG_MORE;
  if (r == 0)
    return log_reader_ended (log->reader) ? JOB_LOG_ENDED : JOB_LOG_NOTHING_NEW;
  g_set_error (error, CLIENT_ERROR, EXIT_STATUS_FAILED, _ ("Cannot read the log: %s"), g_strerror (-r));
  return JOB_LOG_FAILED;
}

/* One record of an answer: 1, 0 at the end of the array, or a negative errno. */
static int
job_log_read_record (sd_bus_message *reply, JobLogHandler handler, void *userdata)
{
  char time[LOG_TIME_LENGTH];
  const char *phase, *stream, *text;
  LogRecord record = { .time = time };
  uint64_t usec;
  int r;

  r = sd_bus_message_read (reply, "(ttsss)", &record.cursor, &usec, &phase, &stream, &text);
  if (r <= 0)
    return r;
  /* A stream of a later version is nothing we know how to show. */
  if (!log_stream_from_name (stream, strlen (stream), &record.stream))
    return 1;
  log_time_format (usec, time);
  record.phase = phase;
  record.phase_length = strlen (phase);
  record.text = text;
  record.text_length = strlen (text);
  handler (&record, userdata);
  return 1;
}

static int
job_log_read_answer (JobLog *log, sd_bus_message *reply, JobLogHandler handler, void *userdata, JobLogState *ret_state)
{
  uint64_t before = log->cursor;
  int ended;
  int r;

  r = sd_bus_message_enter_container (reply, SD_BUS_TYPE_ARRAY, "(ttsss)");
  if (r < 0)
    return r;
  while ((r = job_log_read_record (reply, handler, userdata)) > 0)
    ;
  if (r < 0 || (r = sd_bus_message_exit_container (reply)) < 0 ||
      (r = sd_bus_message_read (reply, "tb", &log->cursor, &ended)) < 0)
    return r;
  *ret_state = ended ? JOB_LOG_ENDED : log->cursor > before ? JOB_LOG_MORE : JOB_LOG_NOTHING_NEW;
  return 0;
}

/* Ctrl-C reaches ssh too and ends it; the next call makes a new connection. So one that breaks off is not a failure
 * yet.
 */
static JobLogState
job_log_read_bus (JobLog *log, JobLogHandler handler, void *userdata, GError **error)
{
  g_autoptr (GError) failure = NULL;
  g_autoptr (sd_bus_message) reply =
      client_call (log->client, log->path, JOB_INTERFACE, "ReadLog", CLIENT_SOON, &failure, "tu", log->cursor, 0);
  JobLogState state = JOB_LOG_FAILED;
  int r;

  if (!reply && failure->code == EXIT_STATUS_NO_HIVE && !log->broken)
    {
      log->broken = true;
      return JOB_LOG_MORE;
    }
  if (!reply)
    {
      g_propagate_error (error, g_steal_pointer (&failure));
      return JOB_LOG_FAILED;
    }
  log->broken = false;
  r = job_log_read_answer (log, reply, handler, userdata, &state);
  if (r < 0)
    g_set_error (error, CLIENT_ERROR, EXIT_STATUS_FAILED, _ ("Cannot read the log: %s"), g_strerror (-r));
  return state;
}

JobLogState
job_log_read (JobLog *log, JobLogHandler handler, void *userdata, GError **error)
{
  return log->reader ? job_log_read_file (log, handler, userdata, error) :
                       job_log_read_bus (log, handler, userdata, error);
}
