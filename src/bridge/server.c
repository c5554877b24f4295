/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "server.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "access-log.h"
#include "bus.h"
#include "error.h"
#include "header.h"
#include "request.h"
#include "routes.h"

#define ACCEPT_BURST      16
#define CONNECTION_MEMORY 8192
#define SWEEP_INTERVAL    G_USEC_PER_SEC
#define PAUSE             (G_USEC_PER_SEC / 10)  /* when descriptors ran out */
#define LINGER            (2 * G_USEC_PER_SEC)   /* for who has not read yet why it was refused */
#define ANSWER_MAX        (600 * G_USEC_PER_SEC) /* from a request to the last byte of its answer */

typedef enum
{
  CONNECTION_READS,   /* the head of a request has not come */
  CONNECTION_SERVED,  /* libmicrohttpd has it */
  CONNECTION_LINGERS, /* it was refused */
} ConnectionState;

struct Connection
{
  Server *server;
  GList link; /* in server->connections */
  ConnectionState state;
  int fd; /* ours until libmicrohttpd has it */
  sd_event_source *source;
  uint64_t deadline;
  Peer peer;
  Head *head;
  bool body_complete; /* the request has come whole */
  struct MHD_Connection *mhd;
  Request *request;
};

struct Server
{
  Bridge *bridge;
  struct MHD_Daemon *daemon;
  GPtrArray *listening; /* sd_event_source */
  sd_event_source *ready;
  sd_event_source *turn;  /* runs the daemon */
  sd_event_source *sweep; /* while there are connections */
  sd_event_source *pause;
  GQueue connections; /* oldest first */
  Connection *adding; /* to the daemon, just now */
};

static uint64_t
server_now (Server *server)
{
  uint64_t now = 0;

  sd_event_now (server->bridge->event, CLOCK_MONOTONIC, &now);
  return now;
}

/* libmicrohttpd runs in a turn of its own, never inside one of its callbacks. */
static void
server_wake (Server *server)
{
  sd_event_source_set_enabled (server->turn, SD_EVENT_ONESHOT);
}

static int
server_run (Server *server)
{
  MHD_UNSIGNED_LONG_LONG timeout;

  do
    MHD_run (server->daemon);
  while (MHD_get_timeout (server->daemon, &timeout) == MHD_YES && timeout == 0);
  return 0;
}

/* Connections */

static void
connection_free (Connection *connection)
{
  Server *server = connection->server;

  g_queue_unlink (&server->connections, &connection->link);
  sd_event_source_disable_unref (connection->source);
  if (connection->fd >= 0)
    close (connection->fd);
  head_free (connection->head);
  server->bridge->used_at = server_now (server);
  g_free (connection);
}

/* Of one that libmicrohttpd has, the socket alone is ended; the rest follows from that. */
static void
connection_end (Connection *connection)
{
  Request *request = connection->request;

  if (connection->state != CONNECTION_SERVED)
    {
      connection_free (connection);
      return;
    }
  shutdown (connection->fd, SHUT_RDWR);
  if (request && request->suspended && !request->gone)
    {
      request->gone = true;
      bus_call_cancel (request->call);
      request->suspended = false;
      MHD_resume_connection (connection->mhd);
    }
  server_wake (connection->server);
}

static int
connection_on_lingering (sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
  Connection *connection = userdata;
  char buffer[4096];
  ssize_t n;

  do
    n = recv (fd, buffer, sizeof buffer, MSG_DONTWAIT);
  while (n > 0);
  if (n == 0 || (errno != EAGAIN && errno != EINTR))
    connection_free (connection);
  return 0;
}

/* Answers before there is a request, and waits a little until that was read. */
static void
connection_refuse (Connection *connection, Problem *given)
{
  g_autoptr (Problem) problem = given;
  g_autofree char *json = problem_to_json (problem);
  g_autoptr (GString) answer = header_new (problem->status, PROBLEM_TYPE, NULL);
  Server *server = connection->server;

  if (problem->retry_after)
    g_string_append_printf (answer, "Retry-After: %u\r\n", problem->retry_after);
  g_string_append_printf (answer, "Content-Length: %zu\r\n\r\n%s", strlen (json), json);
  (void)send (connection->fd, answer->str, answer->len, MSG_NOSIGNAL | MSG_DONTWAIT);
  shutdown (connection->fd, SHUT_WR);
  server->bridge->metrics.refused++;
  access_log_refusal (&connection->peer, problem);

  connection->state = CONNECTION_LINGERS;
  connection->deadline = server_now (server) + LINGER;
  connection->source = sd_event_source_disable_unref (connection->source);
  if (sd_event_add_io (server->bridge->event, &connection->source, connection->fd, EPOLLIN | EPOLLRDHUP,
                       connection_on_lingering, connection) < 0)
    connection_free (connection);
}

/* The head is fine: libmicrohttpd reads it again, and answers. */
static void
connection_serve (Connection *connection)
{
  Server *server = connection->server;
  struct sockaddr_storage address = { 0 };
  socklen_t length = sizeof address;
  int fd = connection->fd;

  connection->source = sd_event_source_disable_unref (connection->source);
  if (getpeername (fd, (struct sockaddr *)&address, &length) < 0)
    {
      connection_free (connection);
      return;
    }
  connection->state = CONNECTION_SERVED;
  server->adding = connection;
  if (MHD_add_connection (server->daemon, fd, (struct sockaddr *)&address, length) != MHD_YES && server->adding)
    {
      connection->fd = -1; /* closed already */
      connection_free (connection);
    }
  server->adding = NULL;
  server_wake (server);
}

static void
connection_look (Connection *connection, uint32_t revents)
{
  const Configuration *configuration = connection->server->bridge->configuration;
  Problem *problem = NULL;
  char buffer[HEAD_MAX + 4];
  ssize_t n = recv (connection->fd, buffer, sizeof buffer, MSG_PEEK | MSG_DONTWAIT);
  int r;

  if (n < 0 && (errno == EAGAIN || errno == EINTR))
    return;
  if (n <= 0)
    {
      connection_free (connection);
      return;
    }
  r = head_parse (buffer, (size_t)n, &connection->head, &problem);
  if (r > 0 && connection->head->content_length > configuration->max_body_size)
    {
      problem = problem_new (MHD_HTTP_CONTENT_TOO_LARGE, PROBLEM_LIMITS, "MaxBodySize",
                             "A request's body has at most %" G_GUINT64_FORMAT " bytes (MaxBodySize= in [Bridge])",
                             configuration->max_body_size);
      r = -1;
    }
  if (r < 0)
    connection_refuse (connection, problem);
  else if (r > 0)
    connection_serve (connection);
  else if (revents & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
    connection_free (connection);
}

static int
connection_on_head (sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
  connection_look (userdata, revents);
  return 0;
}

/* Of other machines', since everybody here, and everybody behind a proxy here, has one address. */
static bool
server_address_is_full (Server *server, const Peer *peer)
{
  unsigned count = 0;

  if (peer->is_local)
    return false;
  for (GList *link = server->connections.head; link; link = link->next)
    count += g_str_equal (((Connection *)link->data)->peer.name, peer->name);
  return count > server->bridge->configuration->max_connections_per_address;
}

/* The one that has waited longest without having sent a request; not @newest. */
static bool
server_evict (Server *server, const Connection *newest)
{
  for (GList *link = server->connections.head; link; link = link->next)
    {
      Connection *connection = link->data;

      if (connection == newest || (connection->state == CONNECTION_SERVED && connection->body_complete))
        continue;
      server->bridge->metrics.refused++;
      connection_end (connection);
      return true;
    }
  return false;
}

static int server_on_sweep (sd_event_source *source, uint64_t usec, void *userdata);

static void
server_sweep_later (Server *server)
{
  if (!server->sweep)
    sd_event_add_time_relative (server->bridge->event, &server->sweep, CLOCK_MONOTONIC, SWEEP_INTERVAL, 0,
                                server_on_sweep, server);
  else if (sd_event_source_get_enabled (server->sweep, NULL) == 0)
    {
      sd_event_source_set_time_relative (server->sweep, SWEEP_INTERVAL);
      sd_event_source_set_enabled (server->sweep, SD_EVENT_ONESHOT);
    }
}

/* Who is too slow goes: libmicrohttpd's own timeout lets those live who send a byte a second. */
static int
server_on_sweep (sd_event_source *source, uint64_t usec, void *userdata)
{
  Server *server = userdata;
  uint64_t now = server_now (server);
  GList *next;

  for (GList *link = server->connections.head; link; link = next)
    {
      Connection *connection = link->data;

      next = link->next;
      if (now < connection->deadline)
        continue;
      connection->deadline = now + SWEEP_INTERVAL;
      if (connection->state == CONNECTION_READS)
        connection_refuse (connection, problem_new (MHD_HTTP_REQUEST_TIMEOUT, PROBLEM_LIMITS, "RequestTimeout",
                                                    "A request comes within %u s (RequestTimeout= in [Bridge])",
                                                    server->bridge->configuration->request_timeout));
      else
        connection_end (connection);
    }
  if (server->connections.length > 0)
    server_sweep_later (server);
  return 0;
}

static Connection *
connection_new (Server *server, int fd)
{
  Connection *connection = g_new0 (Connection, 1);

  connection->server = server;
  connection->link.data = connection;
  connection->fd = fd;
  connection->deadline =
      server_now (server) + (uint64_t)server->bridge->configuration->request_timeout * G_USEC_PER_SEC;
  g_queue_push_tail_link (&server->connections, &connection->link);
  server_sweep_later (server);
  return connection;
}

/* Room for one more, if need be by taking it from who waits. */
static bool
server_has_room (Server *server, const Connection *newest)
{
  unsigned most = server->bridge->configuration->max_connections;

  return server->connections.length <= most ||
         (server_evict (server, newest) && server->connections.length <= 2 * most);
}

static void
server_accept (Server *server, int fd)
{
  const Configuration *configuration = server->bridge->configuration;
  Connection *connection = connection_new (server, fd);

  if (!peer_read (&connection->peer, fd) ||
      sd_event_add_io (server->bridge->event, &connection->source, fd, EPOLLIN | EPOLLRDHUP | EPOLLET,
                       connection_on_head, connection) < 0)
    connection_free (connection);
  else if (server_address_is_full (server, &connection->peer))
    connection_refuse (connection,
                       problem_new (MHD_HTTP_TOO_MANY_REQUESTS, PROBLEM_LIMITS, "MaxConnectionsPerAddress",
                                    "%s has %u connections, and no more (MaxConnectionsPerAddress= in [Bridge])",
                                    connection->peer.name, configuration->max_connections_per_address));
  else if (!server_has_room (server, connection))
    connection_refuse (connection, problem_new (MHD_HTTP_SERVICE_UNAVAILABLE, PROBLEM_LIMITS, "MaxConnections",
                                                "There are %u connections, and no more (MaxConnections= in [Bridge])",
                                                configuration->max_connections));
  else
    connection_look (connection, 0); /* most have sent their request by now */
}

static void
server_listen (Server *server, bool on)
{
  for (guint i = 0; i < server->listening->len; i++)
    sd_event_source_set_enabled (server->listening->pdata[i], on ? SD_EVENT_ON : SD_EVENT_OFF);
}

static int
server_on_pause_over (sd_event_source *source, uint64_t usec, void *userdata)
{
  server_listen (userdata, true);
  return 0;
}

/* No descriptors, or no memory: whoever waits goes, and the others wait in the kernel's queue. */
static void
server_relieve (Server *server, int errnum)
{
  g_warning ("Can't accept a connection: %s", g_strerror (errnum));
  server_evict (server, NULL);
  server_listen (server, false);
  server->pause = sd_event_source_disable_unref (server->pause);
  sd_event_add_time_relative (server->bridge->event, &server->pause, CLOCK_MONOTONIC, PAUSE, 0, server_on_pause_over,
                              server);
}

static int
server_on_connection (sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
  Server *server = userdata;

  for (int i = 0; i < ACCEPT_BURST; i++)
    {
      int accepted = accept4 (fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

      if (accepted >= 0)
        server_accept (server, accepted);
      else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
        {
          server_relieve (server, errno);
          break;
        }
      else if (errno != EINTR && errno != ECONNABORTED)
        break;
    }
  /* Who has sent a request is no longer one who waits, and gives way to nobody. */
  return server_run (server);
}

/* Requests */

static Request *
request_new (Connection *connection)
{
  Request *request = g_new0 (Request, 1);

  request->bridge = connection->server->bridge;
  request->connection = connection;
  request->peer = &connection->peer;
  request->head = g_steal_pointer (&connection->head);
  request->body = g_string_new (NULL);
  request->started = (uint64_t)g_get_monotonic_time ();
  request->uid = UID_UNKNOWN;
  connection->request = request;
  return request;
}

static void
request_free (Request *request)
{
  if (request->free_data)
    request->free_data (request->data);
  bus_call_cancel (request->call);
  if (request->response)
    MHD_destroy_response (request->response);
  head_free (request->head);
  g_string_free (request->body, true);
  g_free (request->cross_origin);
  g_free (request->parameter);
  g_free (request);
}

/* Whoever waited for an answer has gone. */
static int
request_on_hangup (sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
  Request *request = userdata;

  connection_end (request->connection);
  return 0;
}

static void
request_suspend (Request *request)
{
  Connection *connection = request->connection;

  request->suspended = true;
  MHD_suspend_connection (connection->mhd);
  connection->source = sd_event_source_disable_unref (connection->source);
  sd_event_add_io (request->bridge->event, &connection->source, connection->fd, EPOLLRDHUP, request_on_hangup, request);
}

static void
request_resume (Request *request)
{
  Connection *connection = request->connection;

  if (!request->suspended)
    return;
  request->suspended = false;
  connection->source = sd_event_source_disable_unref (connection->source);
  MHD_resume_connection (connection->mhd);
  server_wake (connection->server);
}

void
request_answer (Request *request, unsigned status, struct MHD_Response *response)
{
  header_add_all (response, request->cross_origin);
  request->status = status;
  request->response = response;
  request_resume (request);
}

void
request_take (Request *request, RequestTake take)
{
  request->take = take;
  request_resume (request);
}

/* What the request has come to, for libmicrohttpd. */
static enum MHD_Result
request_conclude (Request *request)
{
  Connection *connection = request->connection;
  int fd;

  if (request->gone)
    return MHD_NO;
  if (request->response)
    return MHD_queue_response (connection->mhd, request->status, request->response);
  if (!request->take)
    {
      request_suspend (request);
      return MHD_YES;
    }
  /* With MHD_USE_TURBO it closes its descriptor without shutdown(2), and the connection lives on in ours. */
  request->taken = true;
  fd = fcntl (connection->fd, F_DUPFD_CLOEXEC, 3);
  if (fd >= 0)
    request->take (request, fd);
  return MHD_NO;
}

static enum MHD_Result
server_on_request (void *userdata, struct MHD_Connection *mhd, const char *url, const char *method, const char *version,
                   const char *data, size_t *size, void **request_data)
{
  Connection *connection = MHD_get_connection_info (mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
  Request *request = *request_data;

  if (!request)
    {
      /* The one request of this connection; what follows it is none. */
      if (!connection->head)
        return MHD_NO;
      *request_data = request_new (connection);
      return MHD_YES;
    }
  if (*size > 0)
    {
      g_string_append_len (request->body, data, (gssize)*size);
      *size = 0;
      return MHD_YES;
    }
  if (!connection->body_complete)
    {
      connection->body_complete = true;
      connection->deadline = server_now (connection->server) + ANSWER_MAX;
      routes_dispatch (request);
    }
  return request_conclude (request);
}

static void
server_on_completed (void *userdata, struct MHD_Connection *mhd, void **request_data,
                     enum MHD_RequestTerminationCode code)
{
  Request *request = *request_data;

  if (!request)
    return;
  if (!request->taken)
    access_log_request (request);
  if (request->connection)
    request->connection->request = NULL;
  request_free (request);
  *request_data = NULL;
}

static void
server_on_notify (void *userdata, struct MHD_Connection *mhd, void **context, enum MHD_ConnectionNotificationCode code)
{
  Server *server = userdata;
  Connection *connection = *context;

  if (code == MHD_CONNECTION_NOTIFY_STARTED)
    {
      *context = g_steal_pointer (&server->adding);
      if (*context)
        ((Connection *)*context)->mhd = mhd;
    }
  else if (connection)
    {
      connection->fd = -1; /* libmicrohttpd closes it next */
      connection_free (connection);
      *context = NULL;
    }
}

static int
server_on_ready (sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
  return server_run (userdata);
}

static int
server_on_turn (sd_event_source *source, void *userdata)
{
  return server_run (userdata);
}

/* The server */

static bool
server_start_daemon (Server *server)
{
  server->daemon =
      MHD_start_daemon (MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_NO_LISTEN_SOCKET | MHD_USE_TURBO, 0, NULL,
                        NULL, server_on_request, server,                                                 //
                        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY,                   //
                        MHD_OPTION_CONNECTION_LIMIT, 2 * server->bridge->configuration->max_connections, //
                        MHD_OPTION_STRICT_FOR_CLIENT, 1,                                                 //
                        MHD_OPTION_NOTIFY_COMPLETED, server_on_completed, server,                        //
                        MHD_OPTION_NOTIFY_CONNECTION, server_on_notify, server,                          //
                        MHD_OPTION_END);
  return server->daemon != NULL;
}

static int
server_watch (Server *server)
{
  sd_event *event = server->bridge->event;
  const GArray *fds = server->bridge->listener->fds;
  int fd = MHD_get_daemon_info (server->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
  int r;

  if ((r = sd_event_add_io (event, &server->ready, fd, EPOLLIN, server_on_ready, server)) < 0 ||
      (r = sd_event_add_defer (event, &server->turn, server_on_turn, server)) < 0 ||
      (r = sd_event_source_set_enabled (server->turn, SD_EVENT_OFF)) < 0)
    return r;
  for (guint i = 0; i < fds->len; i++)
    {
      sd_event_source *source;

      r = sd_event_add_io (event, &source, g_array_index (fds, int, i), EPOLLIN, server_on_connection, server);
      if (r < 0)
        return r;
      g_ptr_array_add (server->listening, source);
    }
  return 0;
}

static void
source_free (void *source)
{
  sd_event_source_disable_unref (source);
}

Server *
server_new (Bridge *bridge, GError **error)
{
  Server *server = g_new0 (Server, 1);
  int r;

  server->bridge = bridge;
  server->listening = g_ptr_array_new_with_free_func (source_free);
  g_queue_init (&server->connections);
  r = server_start_daemon (server) ? server_watch (server) : -ENOMEM;
  if (r >= 0)
    return server;
  hive_error_set_errno (error, -r, "Can't start the HTTP server");
  server_free (server);
  return NULL;
}

void
server_close (Server *server)
{
  g_ptr_array_set_size (server->listening, 0);
  server->pause = sd_event_source_disable_unref (server->pause);
  listener_close (server->bridge->listener);
}

unsigned
server_count (const Server *server)
{
  return server->connections.length;
}

void
server_free (Server *server)
{
  GList *next;

  if (!server)
    return;
  server_close (server);
  for (GList *link = server->connections.head; link; link = next)
    {
      next = link->next;
      connection_end (link->data);
    }
  if (server->daemon)
    {
      /* None may be suspended any more. */
      server_run (server);
      MHD_stop_daemon (server->daemon);
    }
  sd_event_source_disable_unref (server->ready);
  sd_event_source_disable_unref (server->turn);
  sd_event_source_disable_unref (server->sweep);
  g_ptr_array_unref (server->listening);
  g_free (server);
}
