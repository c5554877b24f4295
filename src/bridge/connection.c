/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "connection.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/sendfile.h>
#include <unistd.h>

#include "access-log.h"
#include "request.h"
#include "response.h"
#include "routes.h"

#define READ_SIZE  (16 * 1024)
#define LINGER     (2 * G_USEC_PER_SEC)
#define ANSWER_MAX (600 * G_USEC_PER_SEC) /* from a request to the last byte of its answer */

#define CONTINUE "HTTP/1.1 100 Continue\r\n\r\n"

static int connection_on_io (sd_event_source *source, int fd, uint32_t revents, void *userdata);

static uint64_t
connection_now (const Connection *connection)
{
  uint64_t now = 0;

  sd_event_now (connection->bridge->event, CLOCK_MONOTONIC, &now);
  return now;
}

Connection *
connection_new (Bridge *bridge, GQueue *others, int fd)
{
  Connection *connection = g_new0 (Connection, 1);

  connection->bridge = bridge;
  connection->others = others;
  connection->link.data = connection;
  connection->fd = fd;
  connection->received = g_string_new (NULL);
  connection->deadline =
      connection_now (connection) + (uint64_t)bridge->configuration->request_timeout * G_USEC_PER_SEC;
  g_queue_push_tail_link (others, &connection->link);
  if (peer_read (&connection->peer, fd) &&
      sd_event_add_io (bridge->event, &connection->source, fd, EPOLLIN, connection_on_io, connection) >= 0)
    return connection;
  connection_free (connection);
  return NULL;
}

static void
connection_end_request (Connection *connection)
{
  if (!connection->request)
    return;
  if (!connection->request->take)
    access_log_request (connection->request);
  g_clear_pointer (&connection->request, request_free);
}

void
connection_free (Connection *connection)
{
  g_queue_unlink (connection->others, &connection->link);
  sd_event_source_disable_unref (connection->source);
  connection_end_request (connection);
  if (connection->fd >= 0)
    close (connection->fd);
  if (connection->received)
    g_string_free (connection->received, true);
  if (connection->answer)
    g_string_free (connection->answer, true);
  connection->bridge->used_at = connection_now (connection);
  g_free (connection);
}

/* Refusing */

static void
connection_drain (Connection *connection)
{
  char buffer[READ_SIZE];
  ssize_t n;

  do
    n = recv (connection->fd, buffer, sizeof buffer, MSG_DONTWAIT);
  while (n > 0);
  if (n == 0 || (errno != EAGAIN && errno != EINTR))
    connection_free (connection);
}

/* Closing a socket before all that was sent to it was read would take the answer back. */
static void
connection_linger (Connection *connection)
{
  connection->state = CONNECTION_LINGERS;
  connection->deadline = connection_now (connection) + LINGER;
  shutdown (connection->fd, SHUT_WR);
  sd_event_source_set_io_events (connection->source, EPOLLIN);
}

static void
connection_tell (Connection *connection, const Problem *problem)
{
  g_autoptr (Response) response = response_new_problem (problem);
  g_autoptr (GString) text = response_head (response, NULL);
  gsize length;
  const char *json = g_bytes_get_data (response->text, &length);

  g_string_append_len (text, json, (gssize)length);
  (void)send (connection->fd, text->str, text->len, MSG_NOSIGNAL | MSG_DONTWAIT);
  g_clear_pointer (&connection->request, request_free);
  connection->bridge->metrics.refused++;
  access_log_refusal (&connection->peer, problem);
}

void
connection_refuse (Connection *connection, Problem *given)
{
  g_autoptr (Problem) problem = given;

  connection_tell (connection, problem);
  connection_linger (connection);
}

void
connection_evict (Connection *connection, Problem *given)
{
  g_autoptr (Problem) problem = given;

  if (connection->state != CONNECTION_LINGERS)
    connection_tell (connection, problem);
  connection_free (connection);
}

void
connection_time_out (Connection *connection)
{
  if (connection->state == CONNECTION_HEAD || connection->state == CONNECTION_BODY)
    connection_refuse (connection, problem_new (HTTP_REQUEST_TIMEOUT, PROBLEM_LIMITS, "RequestTimeout",
                                                "The request was not received within %u s (RequestTimeout= in "
                                                "[Bridge])",
                                                connection->bridge->configuration->request_timeout));
  else
    connection_free (connection);
}

/* Answering */

/* The next piece of the answer's head and text, or of its file. 0: everything is sent. */
static ssize_t
connection_send (Connection *connection)
{
  const Response *response = connection->request->response;
  size_t left = connection->answer->len - connection->sent;
  bool has_file = response->file >= 0 && connection->request->head->method != METHOD_HEAD;
  ssize_t n;

  if (left > 0)
    {
      n = send (connection->fd, connection->answer->str + connection->sent, left,
                MSG_NOSIGNAL | MSG_DONTWAIT | (has_file ? MSG_MORE : 0));
      connection->sent += n > 0 ? (size_t)n : 0;
      return n;
    }
  if (!has_file)
    return 0;
  return sendfile (connection->fd, response->file, &connection->file_sent,
                   response->file_size - (uint64_t)connection->file_sent);
}

static void
connection_write (Connection *connection)
{
  ssize_t n;

  do
    n = connection_send (connection);
  while (n > 0 || (n < 0 && errno == EINTR));
  if (n < 0 && errno == EAGAIN)
    {
      connection->state = CONNECTION_ANSWERS;
      sd_event_source_set_io_events (connection->source, EPOLLOUT);
      return;
    }
  connection_end_request (connection);
  connection_linger (connection);
  connection_drain (connection);
}

static void
connection_answer (Connection *connection)
{
  Request *request = connection->request;
  gsize length;
  const char *text;

  connection->answer = response_head (request->response, request->cross_origin);
  if (request->response->text && request->head->method != METHOD_HEAD)
    {
      text = g_bytes_get_data (request->response->text, &length);
      g_string_append_len (connection->answer, text, (gssize)length);
    }
  connection_write (connection);
}

/* What the request has come to. */
static void
connection_conclude (Connection *connection)
{
  Request *request = connection->request;

  if (request->take)
    {
      connection->source = sd_event_source_disable_unref (connection->source);
      request->take (request, connection->fd);
      connection->fd = -1;
      connection_free (connection);
    }
  else
    connection_answer (connection);
}

/* In a turn of its own: who answered is not done yet. */
void
connection_go_on (Connection *connection)
{
  if (connection->state == CONNECTION_WAITS)
    sd_event_source_set_io_events (connection->source, EPOLLOUT);
}

/* Receiving */

/* False: there is nothing, and the connection may be gone. */
static bool
connection_receive (Connection *connection)
{
  char buffer[READ_SIZE];
  ssize_t n = recv (connection->fd, buffer, sizeof buffer, MSG_DONTWAIT);

  if (n > 0)
    g_string_append_len (connection->received, buffer, n);
  else if (n == 0 || (errno != EAGAIN && errno != EINTR))
    connection_free (connection);
  return n > 0;
}

static void
connection_serve (Connection *connection)
{
  Request *request = connection->request;

  if (connection->received->len < request->head->content_length)
    return;
  request->body = g_steal_pointer (&connection->received);
  g_string_truncate (request->body, request->head->content_length);
  connection->deadline = connection_now (connection) + ANSWER_MAX;
  routes_dispatch (request);
  connection->state = CONNECTION_WAITS;
  if (request->response || request->take)
    connection_conclude (connection);
  else
    sd_event_source_set_io_events (connection->source, EPOLLRDHUP);
}

/* The head is fine. */
static void
connection_accept (Connection *connection, Head *head)
{
  connection->state = CONNECTION_BODY;
  connection->request = request_new (connection, head);
  g_string_erase (connection->received, 0, (gssize)head->size);
  if (head->values[HEADER_EXPECT] && connection->received->len < head->content_length)
    (void)send (connection->fd, CONTINUE, strlen (CONTINUE), MSG_NOSIGNAL | MSG_DONTWAIT);
  connection_serve (connection);
}

void
connection_look (Connection *connection)
{
  uint64_t most = connection->bridge->configuration->max_body_size;
  size_t seen = connection->received->len;
  Problem *problem = NULL;
  g_autoptr (Head) head = NULL;
  int r;

  if (!connection_receive (connection))
    return;
  r = head_parse (connection->received->str, connection->received->len, seen, &head, &problem);
  if (r > 0 && head->content_length > most)
    {
      problem =
          problem_new (HTTP_CONTENT_TOO_LARGE, PROBLEM_LIMITS, "MaxBodySize",
                       "A request's body has at most %" G_GUINT64_FORMAT " bytes (MaxBodySize= in [Bridge])", most);
      r = -1;
    }
  if (r < 0)
    connection_refuse (connection, problem);
  else if (r > 0)
    connection_accept (connection, g_steal_pointer (&head));
}

static int
connection_on_io (sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
  Connection *connection = userdata;

  switch (connection->state)
    {
    case CONNECTION_HEAD:
      connection_look (connection);
      break;
    case CONNECTION_BODY:
      if (connection_receive (connection))
        connection_serve (connection);
      break;
    case CONNECTION_WAITS:
      if (connection->request->response || connection->request->take)
        connection_conclude (connection);
      else
        connection_free (connection); /* its client has gone */
      break;
    case CONNECTION_ANSWERS:
      connection_write (connection);
      break;
    case CONNECTION_LINGERS:
      connection_drain (connection);
      break;
    }
  return 0;
}
