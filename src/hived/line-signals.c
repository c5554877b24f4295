/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "line-signals.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "audience.h"
#include "error.h"
#include "job-store.h"
#include "json.h"
#include "log-record.h"
#include "log-watch.h"

#define BUDGET_BURST   1000.0
#define BUDGET_RATE    200.0 /* a second */
#define BUDGET_RESERVE 50.0  /* of the burst, for the hive's own notes: a recipe's output cannot crowd them out */

#define SIGNAL_OVERHEAD 200 /* bytes of a signal beside its text */

#define CHUNK         (256 * 1024) /* at least one whole record fits */
#define CHUNKS_A_TURN 32           /* then other events have their turn */
#define FAST_INTERVAL (G_USEC_PER_SEC / 10)
#define FAST_RECORDS  50 /* more than that in one interval: look 10 times a second instead of at every write */
#define LEARNED       (256 * 1024) /* of a log that an earlier daemon's job has already */
#define RESULT_MAX    (16 * 1024)
#define ERROR_MAX     4096
#define PREFIX_OFFSET (LOG_TIME_LENGTH + 1)

struct LineSignals
{
  sd_event *event;
  double tokens;
  uint64_t refilled_at;
  char *buffer; /* CHUNK bytes, while any log is followed */
  unsigned tails;
};

struct LineTail
{
  LineSignals *signals;
  Job *job;
  int fd;
  uint64_t cursor;
  uint64_t told_from;
  bool partial;    /* the cursor may be within a record: what is left of that is passed over, whatever it looks like */
  LogWatch *watch; /* while the log grows slowly */
  sd_event_source *timer; /* while it grows fast, and for turns that are due */
  char prefix[48];        /* "build out ": how the last line of output began after its time */
  size_t prefix_length;
  uint64_t skipped;
  uint64_t skipped_cursor;
  char skipped_phase[32];
  unsigned records; /* seen since then: */
  uint64_t counted_since;
  char *result;
  bool result_is_new;
  LineTailHandler on_result;
  void *on_result_userdata;
  GError *error;
  LineTailHandler drained;
  void *userdata;
};

LineSignals *
line_signals_new (sd_event *event)
{
  LineSignals *signals = g_new0 (LineSignals, 1);

  signals->event = event;
  signals->tokens = BUDGET_BURST;
  return signals;
}

void
line_signals_free (LineSignals *signals)
{
  if (!signals)
    return;
  g_free (signals->buffer);
  g_free (signals);
}

static void
line_signals_refill (LineSignals *signals)
{
  uint64_t now;

  sd_event_now (signals->event, CLOCK_MONOTONIC, &now);
  if (signals->refilled_at > 0 && now > signals->refilled_at)
    signals->tokens += BUDGET_RATE * (double)(now - signals->refilled_at) / (double)G_USEC_PER_SEC;
  signals->tokens = MIN (signals->tokens, BUDGET_BURST);
  signals->refilled_at = now;
}

/* A bus throws out who sends it a string that is no UTF-8, and logs are not only ours to write. */
static char *
text_copy (const char *text, size_t length)
{
  return g_utf8_validate_len (text, length, NULL) ? g_strndup (text, length) : g_utf8_make_valid (text, (gssize)length);
}

/* @destination: NULL: everybody. */
static void
line_tail_send (LineTail *tail, const char *destination, uint64_t cursor, const char *phase, const char *stream,
                const char *text)
{
  const Job *job = tail->job;
  sd_bus_message *message = NULL;

  if (sd_bus_message_new_signal (job->hive->bus, &message, job->path, JOB_INTERFACE, "LineEmitted") >= 0 &&
      (!destination || sd_bus_message_set_destination (message, destination) >= 0) &&
      sd_bus_message_append (message, "tsss", cursor, phase, stream, text) >= 0)
    sd_bus_send (job->hive->bus, message, NULL);
  sd_bus_message_unref (message);
}

static void
line_tail_emit (LineTail *tail, uint64_t cursor, const char *phase, const char *stream, const char *text)
{
  const Job *job = tail->job;
  sd_bus_track *audience;

  tail->signals->tokens -= 1;
  if (!job->hive->audience)
    {
      line_tail_send (tail, NULL, cursor, phase, stream, text);
      return;
    }
  audience = audience_of (job->hive->audience, job->owner);
  for (const char *name = sd_bus_track_first (audience); name; name = sd_bus_track_next (audience))
    line_tail_send (tail, name, cursor, phase, stream, text);
}

/* What a signal of @length bytes of text costs a bus whose clients don't read. */
static size_t
line_tail_weigh (const LineTail *tail, size_t length)
{
  const Hive *hive = tail->job->hive;
  unsigned copies = hive->audience ? sd_bus_track_count (audience_of (hive->audience, tail->job->owner)) : 1;

  return copies * (SIGNAL_OVERHEAD + length);
}

static void
line_tail_emit_skipped (LineTail *tail)
{
  g_autofree char *count = NULL;

  if (tail->skipped == 0)
    return;
  count = g_strdup_printf ("%" G_GUINT64_FORMAT, tail->skipped);
  line_tail_emit (tail, tail->skipped_cursor, tail->skipped_phase, "skipped", count);
  tail->skipped = 0;
}

static void
line_tail_skip (LineTail *tail, uint64_t cursor, const char *phase, size_t phase_length)
{
  if (tail->skipped++ > 0)
    return;
  tail->skipped_cursor = cursor;
  g_snprintf (tail->skipped_phase, sizeof tail->skipped_phase, "%.*s", (int)MIN (phase_length, 31), phase);
}

/* The first name is saved at once: after a restart only the end of a long log is read again. A builder that lies may
 * say thousands. */
static void
line_tail_learn_name (Job *job, const char *said)
{
  bool first = !job->name;
  g_autoptr (GError) error = NULL;

  job_set_name (job, said);
  if (first && job->name && !job_store_save (job->hive->jobs, job, &error))
    g_warning ("Job %s: %s", job->id, error->message);
}

/* What a phase found out that is no outcome of the job: what its worker is called, or what came of looking into stores.
 * A result of one of these phases is nothing else. */
static bool
line_tail_learn_finding (LineTail *tail, const LogRecord *record, const char *phase)
{
  bool is_name = g_strcmp0 (phase, "metadata") == 0;
  g_autoptr (JsonObject) object = NULL;
  g_auto (GStrv) words = NULL;

  if (!is_name && g_strcmp0 (phase, "store") != 0)
    return false;
  if (record->text_length <= RESULT_MAX)
    object = json_parse_object (record->text, (gssize)record->text_length, phase, HIVE_ERROR_FAILED, NULL);
  words = object ? json_get_strings (object, "lookups") : NULL;
  if (!is_name)
    job_set_lookups (tail->job, words);
  else if (object && tail->job->operation == JOB_INSTALL && !tail->job->options->recipe)
    line_tail_learn_name (tail->job, json_get_string (object, "name", NULL));
  return true;
}

/* What the daemon itself wants of a record; the budget has no say in it. */
static void
line_tail_learn (LineTail *tail, const LogRecord *record)
{
  const char *phase = job_phase_find (record->phase, record->phase_length);

  if (phase && record->stream != LOG_STREAM_END && record->stream != LOG_STREAM_ERROR)
    job_set_phase (tail->job, phase);
  if (record->stream == LOG_STREAM_PROGRESS)
    {
      g_autofree char *text = g_strndup (record->text, record->text_length);

      job_set_progress (tail->job, log_progress_parse (text));
    }
  else if (record->stream == LOG_STREAM_RESULT && !line_tail_learn_finding (tail, record, phase))
    {
      g_free (tail->result);
      tail->result = record->text_length <= RESULT_MAX ? text_copy (record->text, record->text_length) : NULL;
      tail->result_is_new = true;
    }
  else if (record->stream == LOG_STREAM_ERROR)
    {
      LogRecord short_record = *record;
      g_autofree char *message = NULL;
      g_autofree char *valid = NULL;
      int code;

      short_record.text_length = MIN (record->text_length, ERROR_MAX);
      log_record_parse_error (&short_record, &code, &message);
      valid = g_utf8_make_valid (message, -1);
      g_clear_error (&tail->error);
      tail->error = g_error_new_literal (HIVE_ERROR, code, valid);
    }
  else if (record->stream == LOG_STREAM_OUT || record->stream == LOG_STREAM_ERR)
    {
      int n = g_snprintf (tail->prefix, sizeof tail->prefix, "%.*s %s ", (int)MIN (record->phase_length, 32),
                          record->phase, log_stream_name (record->stream));

      tail->prefix_length = record->phase_length <= 32 ? (size_t)n : 0;
    }
}

static void
line_tail_record (LineTail *tail, const char *line, size_t length, uint64_t cursor)
{
  g_autofree char *phase = NULL;
  g_autofree char *text = NULL;
  LogRecord record;
  bool chatter;

  if (!log_record_parse (line, length, &record))
    return;
  line_tail_learn (tail, &record);
  if (cursor < tail->told_from)
    return;
  chatter = record.stream == LOG_STREAM_OUT || record.stream == LOG_STREAM_ERR || record.stream == LOG_STREAM_PROGRESS;
  if (tail->signals->tokens < (chatter ? BUDGET_RESERVE : 1) + (tail->skipped > 0 ? 1 : 0) ||
      (chatter && !backlog_take (tail->job->hive->backlog, line_tail_weigh (tail, record.text_length))))
    {
      line_tail_skip (tail, cursor, record.phase, record.phase_length);
      return;
    }
  line_tail_emit_skipped (tail);
  phase = text_copy (record.phase, record.phase_length);
  text = text_copy (record.text, record.text_length);
  line_tail_emit (tail, cursor, phase, log_stream_name (record.stream), text);
}

/* Takes the whole lines of @buffer; how many bytes that were. */
static size_t
line_tail_scan (LineTail *tail, const char *buffer, size_t size)
{
  const char *line = buffer;
  const char *end = buffer + size;
  const char *newline;

  if (tail->partial && (newline = memchr (line, '\n', size)))
    {
      line = newline + 1;
      tail->partial = false;
    }
  if (tail->partial)
    return size;
  while ((newline = memchr (line, '\n', (size_t)(end - line))))
    {
      size_t length = (size_t)(newline - line);
      uint64_t cursor = tail->cursor + (uint64_t)(line - buffer);

      tail->records++;
      /* Output past the budget that looks like the line before it is counted, and nothing else. */
      if (tail->skipped > 0 && tail->signals->tokens < BUDGET_RESERVE && tail->prefix_length > 0 &&
          length >= PREFIX_OFFSET + tail->prefix_length &&
          memcmp (line + PREFIX_OFFSET, tail->prefix, tail->prefix_length) == 0)
        tail->skipped++;
      else
        line_tail_record (tail, line, length, cursor);
      line = newline + 1;
    }
  return (size_t)(line - buffer);
}

/* Reads on. True at the log's present end, false when there is more. */
static bool
line_tail_read (LineTail *tail)
{
  LineSignals *signals = tail->signals;

  if (!signals->buffer)
    signals->buffer = g_malloc (CHUNK);
  line_signals_refill (signals);
  for (int i = 0; i < CHUNKS_A_TURN; i++)
    {
      ssize_t n = pread (tail->fd, signals->buffer, CHUNK, (off_t)tail->cursor);
      size_t used;

      if (n < 0 && errno == EINTR)
        continue;
      if (n <= 0)
        return true;
      used = line_tail_scan (tail, signals->buffer, (size_t)n);
      /* A line that no record can be: pass it over. */
      if (used == 0 && n == CHUNK)
        used = CHUNK;
      tail->cursor += used;
      if (n < CHUNK)
        {
          job_set_log_size (tail->job, tail->cursor);
          return true;
        }
    }
  job_set_log_size (tail->job, tail->cursor);
  return false;
}

static int line_tail_on_timer (sd_event_source *source, uint64_t usec, void *userdata);
static void line_tail_on_growth (void *userdata);

static void
line_tail_look_in (LineTail *tail, uint64_t delay)
{
  LineSignals *signals = tail->signals;
  uint64_t now;

  sd_event_now (signals->event, CLOCK_MONOTONIC, &now);
  if (tail->timer)
    {
      sd_event_source_set_time (tail->timer, now + delay);
      sd_event_source_set_enabled (tail->timer, SD_EVENT_ONESHOT);
    }
  else
    sd_event_add_time (signals->event, &tail->timer, CLOCK_MONOTONIC, now + delay, 1, line_tail_on_timer, tail);
}

static void
line_tail_turn (LineTail *tail)
{
  bool at_end;
  uint64_t now;

  sd_event_now (tail->signals->event, CLOCK_MONOTONIC, &now);
  if (now >= tail->counted_since + FAST_INTERVAL)
    {
      tail->records = 0;
      tail->counted_since = now;
    }
  at_end = line_tail_read (tail);
  if (tail->drained && at_end)
    {
      LineTailHandler drained = g_steal_pointer (&tail->drained);

      line_tail_emit_skipped (tail);
      drained (tail->userdata); /* may free the tail */
      return;
    }
  /* Not before: what follows may take it back. */
  if (at_end && tail->result_is_new && tail->on_result)
    {
      tail->result_is_new = false;
      tail->on_result (tail->on_result_userdata);
    }
  if (!at_end || tail->drained)
    line_tail_look_in (tail, 0);
  else if (tail->records > FAST_RECORDS || tail->skipped > 0)
    {
      /* Fast: being woken by every write would cost more than reading. */
      g_clear_pointer (&tail->watch, log_watch_free);
      line_tail_look_in (tail, FAST_INTERVAL);
    }
  else if (!tail->watch)
    {
      tail->watch = log_watch_new (tail->signals->event, tail->fd, line_tail_on_growth, tail);
      /* What came between the reading and the watch has woken nobody. */
      line_tail_look_in (tail, tail->watch ? 0 : FAST_INTERVAL);
    }
}

static int
line_tail_on_timer (sd_event_source *source, uint64_t usec, void *userdata)
{
  LineTail *tail = userdata;

  /* Tell what was left out as soon as the budget has room again, also when nothing follows. */
  if (tail->skipped > 0)
    {
      line_signals_refill (tail->signals);
      if (tail->signals->tokens >= BUDGET_RESERVE + 1 &&
          backlog_take (tail->job->hive->backlog, line_tail_weigh (tail, 0)))
        line_tail_emit_skipped (tail);
    }
  line_tail_turn (tail);
  return 0;
}

static void
line_tail_on_growth (void *userdata)
{
  line_tail_turn (userdata);
}

LineTail *
line_tail_new (LineSignals *signals, Job *job, int fd, uint64_t told_from)
{
  LineTail *tail = g_new0 (LineTail, 1);

  tail->signals = signals;
  tail->job = job;
  tail->fd = fd;
  tail->told_from = told_from;
  /* What a builder says last is what counts, and no log is read whole for it. */
  tail->cursor = told_from > LEARNED ? told_from - LEARNED : 0;
  tail->partial = tail->cursor > 0;
  signals->tails++;
  line_tail_look_in (tail, 0);
  return tail;
}

void
line_tail_free (LineTail *tail)
{
  if (!tail)
    return;
  if (--tail->signals->tails == 0)
    g_clear_pointer (&tail->signals->buffer, g_free);
  log_watch_free (tail->watch);
  sd_event_source_disable_unref (tail->timer);
  g_clear_error (&tail->error);
  g_free (tail->result);
  g_free (tail);
}

void
line_tail_drain (LineTail *tail, LineTailHandler handler, void *userdata)
{
  tail->drained = handler;
  tail->userdata = userdata;
  line_tail_look_in (tail, 0);
}

void
line_tail_on_result (LineTail *tail, LineTailHandler handler, void *userdata)
{
  tail->on_result = handler;
  tail->on_result_userdata = userdata;
}

const char *
line_tail_result (const LineTail *tail)
{
  return tail->result;
}

const GError *
line_tail_error (const LineTail *tail)
{
  return tail->error;
}

void
line_tail_forget_error (LineTail *tail)
{
  g_clear_error (&tail->error);
}
