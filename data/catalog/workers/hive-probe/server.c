/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A very small HTTP server for one person on this machine: GET /, /probe and /health on 127.0.0.1. One thread and
 * poll(); no connection can hold up another, and none lasts longer than a few seconds. */

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "probe.h"

#define MAX_CONNECTIONS    64
#define MAX_REQUEST        4096
#define MAX_ANSWER         4096
#define CONNECTION_SECONDS 5

typedef struct
{
  int fd; /* -1: this place is free */
  time_t deadline;
  size_t received, length, sent; /* length 0: still reading the request */
  char request[MAX_REQUEST + 1];
  char answer[MAX_ANSWER];
} Connection;

typedef struct
{
  int listener;
  char json[2048];
  Connection connections[MAX_CONNECTIONS];
} Server;

static volatile sig_atomic_t stopped;

static void
stop (int signal_number)
{
  (void)signal_number;
  stopped = 1;
}

static time_t
now_seconds (void)
{
  struct timespec now;

  clock_gettime (CLOCK_MONOTONIC, &now);
  return now.tv_sec;
}

static void
connection_close (Connection *connection)
{
  close (connection->fd);
  connection->fd = -1;
}

static void
connection_answer (Connection *connection, const char *status, const char *body, bool head)
{
  int length = snprintf (connection->answer, sizeof connection->answer,
                         "HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n"
                         "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n%s",
                         status, strlen (body), head ? "" : body);

  connection->length = (size_t)length < sizeof connection->answer ? (size_t)length : sizeof connection->answer - 1;
}

/* A web page elsewhere can point its own name at 127.0.0.1 and have a browser ask; its name then stands in Host. */
static bool
host_is_local (const char *request)
{
  static const char *const names[] = { "127.0.0.1", "localhost" };

  for (const char *line = strstr (request, "\r\n"); line && line[2]; line = strstr (line + 2, "\r\n"))
    if (strncasecmp (line + 2, "Host:", 5) == 0)
      {
        const char *host = line + 7 + strspn (line + 7, " \t");

        for (size_t i = 0; i < sizeof names / sizeof *names; i++)
          if (strncasecmp (host, names[i], strlen (names[i])) == 0 && strchr (":\r \t", host[strlen (names[i])]))
            return true;
        return false;
      }
  return true; /* HTTP/1.0 and people with netcat send none; browsers always do */
}

static void
connection_handle (Connection *connection, const Server *server)
{
  char method[8], path[64];
  bool head;

  if (sscanf (connection->request, "%7[A-Z] %63[^ ?\r\n]", method, path) != 2)
    {
      connection_answer (connection, "400 Bad Request", "{\"error\":\"This is not an HTTP request\"}\n", false);
      return;
    }
  head = strcmp (method, "HEAD") == 0;

  if (!head && strcmp (method, "GET") != 0)
    connection_answer (connection, "405 Method Not Allowed", "{\"error\":\"Only GET and HEAD\"}\n", false);
  else if (!host_is_local (connection->request))
    connection_answer (connection, "403 Forbidden", "{\"error\":\"Ask for 127.0.0.1 or localhost\"}\n", head);
  else if (strcmp (path, "/health") == 0)
    connection_answer (connection, "200 OK", "{\"status\":\"ok\",\"version\":\"" PROBE_VERSION "\"}\n", head);
  else if (strcmp (path, "/") == 0 || strcmp (path, "/probe") == 0)
    connection_answer (connection, "200 OK", server->json, head);
  else
    connection_answer (connection, "404 Not Found", "{\"error\":\"There are /, /probe and /health\"}\n", head);
}

static void
connection_read (Connection *connection, const Server *server)
{
  ssize_t n = recv (connection->fd, connection->request + connection->received, MAX_REQUEST - connection->received, 0);

  if (n <= 0)
    {
      if (n == 0 || (errno != EAGAIN && errno != EINTR))
        connection_close (connection);
      return;
    }
  connection->received += (size_t)n;
  connection->request[connection->received] = '\0';

  if (strstr (connection->request, "\r\n\r\n"))
    connection_handle (connection, server);
  else if (connection->received == MAX_REQUEST)
    connection_answer (connection, "431 Request Header Fields Too Large", "{\"error\":\"At most 4 KiB\"}\n", false);
}

static void
connection_write (Connection *connection)
{
  ssize_t n =
      send (connection->fd, connection->answer + connection->sent, connection->length - connection->sent, MSG_NOSIGNAL);

  if (n < 0 && (errno == EAGAIN || errno == EINTR))
    return;
  if (n < 0)
    {
      connection_close (connection);
      return;
    }
  connection->sent += (size_t)n;
  if (connection->sent == connection->length)
    {
      shutdown (connection->fd, SHUT_WR);
      connection_close (connection);
    }
}

/* A place for one more: a free one, or else that of the connection which has been here longest. */
static Connection *
server_find_place (Server *server)
{
  Connection *oldest = &server->connections[0];

  for (size_t i = 0; i < MAX_CONNECTIONS; i++)
    {
      Connection *connection = &server->connections[i];

      if (connection->fd < 0)
        return connection;
      if (connection->deadline < oldest->deadline)
        oldest = connection;
    }
  connection_close (oldest);
  return oldest;
}

static void
server_accept (Server *server)
{
  int fd = accept4 (server->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
  Connection *connection;

  if (fd < 0)
    return;
  connection = server_find_place (server);
  connection->fd = fd;
  connection->received = connection->length = connection->sent = 0;
  connection->deadline = now_seconds () + CONNECTION_SECONDS;
}

static void
server_turn (Server *server, const sigset_t *unblocked)
{
  struct pollfd polled[MAX_CONNECTIONS + 1];
  Connection *owners[MAX_CONNECTIONS + 1];
  size_t count = 0;

  polled[count++] = (struct pollfd){ .fd = server->listener, .events = POLLIN };
  for (size_t i = 0; i < MAX_CONNECTIONS; i++)
    {
      Connection *connection = &server->connections[i];

      if (connection->fd < 0)
        continue;
      owners[count] = connection;
      polled[count++] = (struct pollfd){ .fd = connection->fd, .events = connection->length > 0 ? POLLOUT : POLLIN };
    }

  if (ppoll (polled, count, &(struct timespec){ .tv_sec = count > 1 ? 1 : 3600 }, unblocked) < 0)
    return; /* a signal: the caller looks whether it is time to go */

  for (size_t i = 1; i < count; i++)
    {
      Connection *connection = owners[i];

      if (polled[i].revents == 0)
        {
          if (now_seconds () >= connection->deadline)
            connection_close (connection);
        }
      else if (connection->length > 0)
        connection_write (connection);
      else
        connection_read (connection, server);
    }
  /* Last, because a new connection may take the place of one that was polled. */
  if (polled[0].revents != 0)
    server_accept (server);
}

static int
listen_on (unsigned port, unsigned *taken)
{
  struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons ((uint16_t)port) };
  socklen_t length = sizeof address;
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

  address.sin_addr.s_addr = htonl (INADDR_LOOPBACK);
  if (fd < 0)
    return -1;
  setsockopt (fd, SOL_SOCKET, SO_REUSEADDR, &(int){ 1 }, sizeof (int));
  if (bind (fd, (struct sockaddr *)&address, sizeof address) < 0 || listen (fd, 64) < 0 ||
      getsockname (fd, (struct sockaddr *)&address, &length) < 0)
    {
      int saved = errno;

      close (fd);
      errno = saved;
      return -1;
    }
  *taken = ntohs (address.sin_port);
  return fd;
}

int
probe_serve (const Probe *probe, unsigned port)
{
  static Server server;
  sigset_t blocked, unblocked;

  probe_format_json (probe, server.json, sizeof server.json);
  server.listener = listen_on (port, &port);
  if (server.listener < 0)
    {
      fprintf (stderr, "hive-probe: can't listen on 127.0.0.1 port %u: %s\n", port, strerror (errno));
      return 1;
    }
  for (size_t i = 0; i < MAX_CONNECTIONS; i++)
    server.connections[i].fd = -1;

  /* Signals arrive only inside ppoll(), so none is lost between the question and the wait. */
  sigemptyset (&blocked);
  sigaddset (&blocked, SIGINT);
  sigaddset (&blocked, SIGTERM);
  sigprocmask (SIG_BLOCK, &blocked, &unblocked);
  sigdelset (&unblocked, SIGINT);
  sigdelset (&unblocked, SIGTERM);
  sigaction (SIGINT, &(struct sigaction){ .sa_handler = stop }, NULL);
  sigaction (SIGTERM, &(struct sigaction){ .sa_handler = stop }, NULL);

  printf ("hive-probe: listening on http://127.0.0.1:%u (/, /probe, /health)\n", port);
  fflush (stdout);
  while (!stopped)
    server_turn (&server, &unblocked);

  close (server.listener);
  return 0;
}
