/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "server.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>

#include "connection.h"
#include "error.h"

#define ACCEPT_BURST   16
#define SWEEP_INTERVAL G_USEC_PER_SEC
#define PAUSE          (G_USEC_PER_SEC / 10) /* when descriptors ran out */

struct Server
{
  Bridge *bridge;
  GPtrArray *listening;   /* sd_event_source */
  sd_event_source *sweep; /* while there are connections */
  sd_event_source *pause;
  GQueue connections; /* oldest first */
};

static uint64_t
server_now (Server *server)
{
  uint64_t now = 0;

  sd_event_now (server->bridge->event, CLOCK_MONOTONIC, &now);
  return now;
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

static Problem *
server_refusal (const Server *server)
{
  return problem_new (HTTP_SERVICE_UNAVAILABLE, PROBLEM_LIMITS, "MaxConnections",
                      "There are %u connections, and no more (MaxConnections= in [Bridge])",
                      server->bridge->configuration->max_connections);
}

/* The one that has waited longest without having sent a request; not @newest. */
static bool
server_evict (Server *server, const Connection *newest)
{
  for (GList *link = server->connections.head; link; link = link->next)
    {
      Connection *connection = link->data;

      if (connection == newest || connection->state == CONNECTION_WAITS || connection->state == CONNECTION_ANSWERS)
        continue;
      connection_evict (connection, server_refusal (server));
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

/* A limit for the whole request: one for each byte of it would let those live who send a byte a second. */
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
      connection_time_out (connection);
    }
  if (server->connections.length > 0)
    server_sweep_later (server);
  return 0;
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
  Connection *connection = connection_new (server->bridge, &server->connections, fd);

  if (!connection)
    return;
  server_sweep_later (server);
  if (server_address_is_full (server, &connection->peer))
    connection_refuse (connection,
                       problem_new (HTTP_TOO_MANY_REQUESTS, PROBLEM_LIMITS, "MaxConnectionsPerAddress",
                                    "%s has %u connections, and no more (MaxConnectionsPerAddress= in [Bridge])",
                                    connection->peer.name, configuration->max_connections_per_address));
  else if (!server_has_room (server, connection))
    connection_refuse (connection, server_refusal (server));
  else
    connection_look (connection); /* most have sent their request already */
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
  g_warning ("Cannot accept a connection: %s", g_strerror (errnum));
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
  return 0;
}

static int
server_watch (Server *server)
{
  sd_event *event = server->bridge->event;
  const GArray *fds = server->bridge->listener->fds;

  for (guint i = 0; i < fds->len; i++)
    {
      sd_event_source *source;
      int r = sd_event_add_io (event, &source, g_array_index (fds, int, i), EPOLLIN, server_on_connection, server);
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
  r = server_watch (server);
  if (r >= 0)
    return server;
  hive_error_set_errno (error, -r, "Cannot start the HTTP server");
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
  if (!server)
    return;
  server_close (server);
  while (server->connections.head)
    connection_free (server->connections.head->data);
  sd_event_source_disable_unref (server->sweep);
  g_ptr_array_unref (server->listening);
  g_free (server);
}
