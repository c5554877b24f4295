/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "stream.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "access-log.h"
#include "response.h"
#include "sse.h"

#define SEND_BUFFER (256 * 1024) /* what a reader that does not read costs, in the kernel */
#define HEARTBEAT   ":\n\n"

/* A machine that vanished is noticed within two minutes. */
#define KEEPALIVE_IDLE     60
#define KEEPALIVE_INTERVAL 15
#define KEEPALIVE_COUNT    4

Problem *
stream_check_limit (const Bridge *bridge)
{
  unsigned most = bridge->configuration->max_streams;
  Problem *problem;

  if (bridge->metrics.open_streams < most && !bridge->draining)
    return NULL;
  problem = problem_new (HTTP_SERVICE_UNAVAILABLE, PROBLEM_LIMITS, "MaxStreams",
                         "There are %u streams, and no more (MaxStreams= in [Bridge])", most);
  problem->retry_after = 1;
  return problem;
}

void
stream_open (Request *request, RequestTake take)
{
  Problem *problem = stream_check_limit (request->bridge);

  if (problem)
    request_answer_problem (request, problem);
  else if (request->head->method == METHOD_HEAD)
    request_answer_text (request, HTTP_OK, SSE_TYPE, g_strdup (""));
  else
    request_take (request, take);
}

bool
stream_is_event_source (const Request *request)
{
  return head_accepts (request->head, HEADER_ACCEPT, "text/event-stream");
}

static void
socket_prepare (int fd)
{
  static const struct
  {
    int level, name, value;
  } options[] = {
    { SOL_SOCKET, SO_SNDBUF, SEND_BUFFER },
    { SOL_SOCKET, SO_KEEPALIVE, 1 },
    { IPPROTO_TCP, TCP_NODELAY, 1 },
    { IPPROTO_TCP, TCP_KEEPIDLE, KEEPALIVE_IDLE },
    { IPPROTO_TCP, TCP_KEEPINTVL, KEEPALIVE_INTERVAL },
    { IPPROTO_TCP, TCP_KEEPCNT, KEEPALIVE_COUNT },
  };

  /* A Unix socket has no TCP options, and needs none. */
  for (gsize i = 0; i < G_N_ELEMENTS (options); i++)
    setsockopt (fd, options[i].level, options[i].name, &options[i].value, sizeof options[i].value);
}

static int
stream_on_io (sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
  Stream *stream = userdata;

  if (revents & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
    stream->broken = true;
  stream_turn (stream);
  return 0;
}

static void
stream_queue_head (Stream *stream, const Request *request)
{
  g_autoptr (Response) response = response_new (HTTP_OK, stream->kind->type ? stream->kind->type : SSE_TYPE);

  response_add_header (response, "X-Accel-Buffering", "no");
  stream->pending = response_head (response, request->cross_origin);
  if (stream->is_event_source)
    g_string_append (stream->pending, "retry: 1000\n\n");
}

bool
stream_init (Stream *stream, const StreamKind *kind, const Request *request, int fd)
{
  Bridge *bridge = request->bridge;

  stream->kind = kind;
  stream->bridge = bridge;
  stream->fd = fd;
  stream->uid = request->uid;
  stream->peer = g_strdup (request->peer->name);
  stream->path = g_strdup (request->head->path);
  stream->is_event_source = !kind->type && stream_is_event_source (request);
  stream->started = request->started;
  bridge->metrics.open_streams++;
  bridge->metrics.streams++;
  socket_prepare (fd);
  stream_queue_head (stream, request);
  if (sd_event_add_io (bridge->event, &stream->source, fd, EPOLLRDHUP, stream_on_io, stream) >= 0)
    return true;
  stream_clear (stream);
  return false;
}

void
stream_clear (Stream *stream)
{
  Bridge *bridge = stream->bridge;
  uint64_t now = (uint64_t)g_get_monotonic_time ();

  access_log_stream (stream->peer, stream->uid, stream->path, stream->bytes, now - stream->started);
  bridge->metrics.open_streams--;
  bridge->used_at = now;
  sd_event_source_disable_unref (stream->source);
  close (stream->fd);
  if (stream->pending)
    g_string_free (stream->pending, true);
  g_free (stream->peer);
  g_free (stream->path);
}

void
stream_queue (Stream *stream, const char *text, size_t length)
{
  if (!stream->pending)
    {
      stream->pending = g_string_new (NULL);
      stream->sent = 0;
    }
  g_string_append_len (stream->pending, text, (gssize)length);
}

void
stream_wait (Stream *stream, bool on)
{
  if (stream->waits == on)
    return;
  stream->waits = on;
  sd_event_source_set_io_events (stream->source, EPOLLRDHUP | (on ? EPOLLOUT : 0));
}

size_t
stream_write (Stream *stream, const char *text, size_t length)
{
  ssize_t n;

  do
    n = send (stream->fd, text, length, MSG_NOSIGNAL | MSG_DONTWAIT);
  while (n < 0 && errno == EINTR);
  if (n < 0 && errno != EAGAIN)
    stream->broken = true;
  n = MAX (n, 0);
  stream->bytes += (uint64_t)n;
  stream->bridge->metrics.bytes += (uint64_t)n;
  if ((size_t)n < length && !stream->broken)
    stream_wait (stream, true);
  return (size_t)n;
}

bool
stream_flush (Stream *stream)
{
  if (!stream->pending)
    return true;
  stream->sent += stream_write (stream, stream->pending->str + stream->sent, stream->pending->len - stream->sent);
  if (stream->sent < stream->pending->len)
    return false;
  g_string_free (g_steal_pointer (&stream->pending), true);
  return true;
}

void
stream_turn (Stream *stream)
{
  if (!stream->broken && !stream->done)
    stream->kind->pump (stream);
  if (stream->broken || stream->done)
    stream->kind->closed (stream);
}

void
stream_beat (Stream *stream)
{
  if (!stream->is_event_source || stream->pending || stream->waits)
    return;
  stream_queue (stream, HEARTBEAT, strlen (HEARTBEAT));
  stream_turn (stream);
}

void
streams_beat (GPtrArray *streams)
{
  for (guint i = streams->len; i-- > 0;)
    stream_beat (streams->pdata[i]);
}

void
streams_drain (GPtrArray *streams)
{
  for (guint i = streams->len; i-- > 0;)
    {
      Stream *stream = streams->pdata[i];

      if (!stream->pending)
        stream_turn (stream);
    }
}
