/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "feed-opening.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "bus-json.h"
#include "bus.h"
#include "feed-reader.h"
#include "stream.h"

/* A request on its way to being a reader. */
typedef struct
{
  Request *request;
  Feed *feed;
  SsePosition position;
  bool reset; /* the cursor was none of this log */
} Opening;

static void
opening_free (void *data)
{
  Opening *opening = data;

  if (opening->feed)
    {
      g_ptr_array_remove_fast (opening->feed->waiting, opening->request);
      opening->feed->openings--;
      feed_rest (opening->feed);
    }
  g_free (opening);
}

static void
opening_take (Request *request, int fd)
{
  Opening *opening = request->data;

  feed_reader_start (opening->feed, request, fd, &opening->position, opening->reset);
}

/* Where to begin: after what the client says to have had. False: the request is answered. */
static bool
opening_find_cursor (Request *request, Opening *opening)
{
  const char *last = request->head->values[HEADER_LAST_EVENT_ID];
  g_autofree char *query = NULL;
  guint64 cursor = 0;
  bool fine;

  fine = head_query (request->head, "cursor", &query);
  last = last && *last ? last : fine ? query : "";
  fine = !last || g_ascii_string_to_unsigned (last, 10, 0, G_MAXINT64, &cursor, NULL);
  fine = fine && feed_gave (opening->feed, cursor);
  if (!fine && !opening->position.is_event_source)
    {
      request_answer_problem (request,
                              problem_new (HTTP_BAD_REQUEST, PROBLEM_INVALID, NULL,
                                           "\"%s\" is not a cursor of the log of job %s", last, opening->feed->id));
      return false;
    }
  opening->reset = !fine;
  opening->position.cursor = fine ? cursor : 0;
  return true;
}

/* The feed is there. */
static void
opening_go_on (Request *request)
{
  Opening *opening = request->data;
  Feed *feed = opening->feed;
  bool owner_alone = request->bridge->configuration->owner_reads_log;

  if (owner_alone && request->uid != feed->owner && request->uid != 0 &&
      !request->bridge->configuration->trust_everybody)
    {
      request_answer_problem (request, problem_new (HTTP_FORBIDDEN, PROBLEM_DENIED, "LogAccess",
                                                    "Only its owner (uid %u) and root may read the log of job %s "
                                                    "(LogAccess= in [Log])",
                                                    (unsigned)feed->owner, feed->id));
      return;
    }
  opening->position.is_event_source = !opening->position.is_text && stream_is_event_source (request);
  if (!opening->position.is_text && !opening_find_cursor (request, opening))
    return;
  /* An EventSource that comes back after the end is told to stop. */
  if (opening->position.cursor > 0 && feed_ends_at (feed, opening->position.cursor))
    {
      request_answer (request, response_new (HTTP_NO_CONTENT, NULL));
      return;
    }
  if (request->head->method == METHOD_HEAD)
    request_answer_text (request, HTTP_OK, opening->position.is_text ? TEXT_TYPE : SSE_TYPE, g_strdup (""));
  else
    request_take (request, opening_take);
}

/* Asking for a log */

static void
feed_fail (Feed *feed, sd_bus_message *reply, int r)
{
  g_autoptr (GPtrArray) waiting = g_steal_pointer (&feed->waiting);

  feed->waiting = g_ptr_array_new ();
  /* Whoever comes next asks again. */
  g_hash_table_remove (feed->feeds->feeds, feed->id);
  for (guint i = 0; i < waiting->len; i++)
    {
      Request *request = waiting->pdata[i];

      if (!reply)
        request_answer_problem (request, problem_new_unreachable ("the bus broke off"));
      else if (r < 0)
        request_answer_unreadable (request, r);
      else
        request_answer_problem (request, problem_from_bus (sd_bus_message_get_error (reply)));
    }
}

/* False: there is no bus. */
static bool
feed_call (Feed *feed, const char *path, const char *interface, const char *member, const char *argument,
           BusReply handler)
{
  Bus *bus = feed->feeds->bridge->bus;
  g_autoptr (Problem) problem = NULL;
  sd_bus_message *call = bus_new_call (bus, path, interface, member, &problem);

  if (!call || (argument && sd_bus_message_append (call, "s", argument) < 0))
    {
      sd_bus_message_unref (call);
      feed_fail (feed, NULL, 0);
      return false;
    }
  bus_send (bus, &feed->call, call, handler, feed);
  return true;
}

static void
feed_on_log (sd_bus_message *reply, void *userdata)
{
  Feed *feed = userdata;
  g_autoptr (GPtrArray) waiting = NULL;
  struct stat status;
  int fd = -1;
  int r = bus_reply_failed (reply) ? 0 : sd_bus_message_read (reply, "h", &fd);

  if (r > 0)
    r = feed->fd = fcntl (fd, F_DUPFD_CLOEXEC, 3);
  if (r <= 0)
    {
      feed_fail (feed, reply, r);
      return;
    }
  if (fstat (feed->fd, &status) == 0)
    feed->size = (uint64_t)status.st_size;
  waiting = g_steal_pointer (&feed->waiting);
  feed->waiting = g_ptr_array_new ();
  for (guint i = 0; i < waiting->len; i++)
    opening_go_on (waiting->pdata[i]);
}

static void
feed_on_job (sd_bus_message *reply, void *userdata)
{
  Feed *feed = userdata;
  g_autoptr (JsonNode) node = NULL;
  int r = bus_reply_failed (reply) ? 0 : bus_json_read (reply, &node);

  if (!node || !JSON_NODE_HOLDS_OBJECT (node))
    {
      feed_fail (feed, reply, node ? -EPROTO : r);
      return;
    }
  feed_learn (feed, json_node_get_object (node));
  feed_call (feed, feed->path, JOB_INTERFACE, "OpenLog", NULL, feed_on_log);
}

static void
feed_on_path (sd_bus_message *reply, void *userdata)
{
  Feed *feed = userdata;
  const char *path;
  int r = bus_reply_failed (reply) ? 0 : sd_bus_message_read (reply, "o", &path);

  if (r <= 0)
    {
      feed_fail (feed, reply, r);
      return;
    }
  feed->path = g_strdup (path);
  feed_call (feed, path, "org.freedesktop.DBus.Properties", "GetAll", JOB_INTERFACE, feed_on_job);
}

void
feed_open (Feed *feed, Request *request, bool as_text)
{
  Opening *opening = g_new0 (Opening, 1);

  opening->request = request;
  opening->feed = feed;
  opening->position.is_text = as_text;
  feed->openings++;
  request->data = opening;
  request->free_data = opening_free;
  if (feed->fd >= 0)
    {
      opening_go_on (request);
      return;
    }
  g_ptr_array_add (feed->waiting, request);
  if (!feed->call)
    feed_call (feed, HIVE_PATH, HIVE_INTERFACE, "GetJob", feed->id, feed_on_path);
}
