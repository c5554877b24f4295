/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The other ends of the bridge for tests/bench/run: clients that read streams, whoever writes logs, and a bare server
 * that does nothing but send the same bytes. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define TEXT_SIZE  90
#define EVENT_SIZE (TEXT_SIZE + 8) /* "data: ", two newlines */
#define RECORD     "2026-01-01T00:00:00.000000Z build out "
#define BATCH      256
#define BUFFER     (256 * 1024)

static void
must (bool fine, const char *what)
{
  if (fine)
    return;
  perror (what);
  exit (1);
}

static uint64_t
now_ns (void)
{
  struct timespec time;

  clock_gettime (CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

static void
wait_until (uint64_t ns)
{
  struct timespec time = { .tv_sec = (time_t)(ns / 1000000000), .tv_nsec = (long)(ns % 1000000000) };

  clock_nanosleep (CLOCK_MONOTONIC, TIMER_ABSTIME, &time, NULL);
}

static void
write_all (int fd, const char *data, size_t size)
{
  while (size > 0)
    {
      ssize_t n = write (fd, data, size);

      if (n < 0 && errno == EINTR)
        continue;
      must (n > 0, "write");
      data += n;
      size -= (size_t)n;
    }
}

static int
connect_to (int port)
{
  struct sockaddr_in address = { .sin_family = AF_INET,
                                 .sin_port = htons ((uint16_t)port),
                                 .sin_addr = { htonl (INADDR_LOOPBACK) } };
  int fd = socket (AF_INET, SOCK_STREAM, 0);

  must (fd >= 0 && connect (fd, (struct sockaddr *)&address, sizeof address) == 0, "connect");
  return fd;
}

static int
listen_on (int *port)
{
  struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr = { htonl (INADDR_LOOPBACK) } };
  socklen_t length = sizeof address;
  int fd = socket (AF_INET, SOCK_STREAM, 0);

  must (fd >= 0 && bind (fd, (struct sockaddr *)&address, sizeof address) == 0 && listen (fd, 4096) == 0 &&
            getsockname (fd, (struct sockaddr *)&address, &length) == 0,
        "listen");
  *port = ntohs (address.sin_port);
  return fd;
}

/* A client of a stream. */
typedef struct
{
  int fd;
  bool in_body, newline, done;
  uint64_t amount; /* bytes or events of the body so far */
} Client;

static void
client_ask (Client *client, int port, const char *path, const char *token)
{
  char request[4096];
  int length = snprintf (request, sizeof request,
                         "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nAuthorization: Bearer %s\r\nAccept: %s\r\n\r\n",
                         path, port, token, getenv ("ACCEPT") ? getenv ("ACCEPT") : "*/*");

  client->fd = connect_to (port);
  write_all (client->fd, request, (size_t)length);
  fcntl (client->fd, F_SETFL, O_NONBLOCK);
}

static void
client_take (Client *client, const char *data, size_t size, bool events)
{
  if (!client->in_body)
    {
      const char *end = memmem (data, size, "\r\n\r\n", 4);

      if (!end)
        return;
      must (strncmp (data, "HTTP/1.1 200", 12) == 0, data);
      client->in_body = true;
      size -= (size_t)(end + 4 - data);
      data = end + 4;
    }
  if (!events)
    {
      client->amount += size;
      return;
    }
  for (size_t i = 0; i < size; i++)
    {
      client->amount += data[i] == '\n' && client->newline;
      client->newline = data[i] == '\n' && !client->newline;
    }
}

/* Reads @clients streams until each has had @amount, and says how long that took. */
static int
read_streams (int port, const char *path, const char *token, int clients, bool events, uint64_t amount)
{
  Client *all = calloc ((size_t)clients, sizeof *all);
  static char buffer[BUFFER];
  int epoll = epoll_create1 (0);
  int left = clients;
  uint64_t start = now_ns ();

  for (int i = 0; i < clients; i++)
    {
      struct epoll_event event = { .events = EPOLLIN, .data = { .ptr = &all[i] } };

      client_ask (&all[i], port, path, token);
      epoll_ctl (epoll, EPOLL_CTL_ADD, all[i].fd, &event);
    }
  fprintf (stderr, "connected\n");
  while (left > 0)
    {
      struct epoll_event ready[64];
      int count = epoll_wait (epoll, ready, 64, -1);

      for (int i = 0; i < count; i++)
        {
          Client *client = ready[i].data.ptr;
          ssize_t n = read (client->fd, buffer, sizeof buffer);

          if (n > 0)
            client_take (client, buffer, (size_t)n, events);
          if (n == 0 || (n < 0 && errno != EAGAIN) || client->amount >= amount)
            {
              must (client->amount >= amount, "a stream ended early");
              epoll_ctl (epoll, EPOLL_CTL_DEL, client->fd, NULL);
              left--;
            }
        }
    }
  printf ("{\"seconds\": %.6f, \"at\": %.6f}\n", (double)(now_ns () - start) / 1e9, (double)now_ns () / 1e9);
  return 0;
}

/* Appends @count records to a log, @rate a second (0: as fast as it goes). */
static int
write_log (const char *path, uint64_t count, uint64_t rate)
{
  static char batch[BATCH * (sizeof RECORD + TEXT_SIZE)];
  char *end = batch;
  int fd = open (path, O_WRONLY | O_APPEND);
  uint64_t start = now_ns ();

  must (fd >= 0, path);
  for (int i = 0; i < BATCH; i++)
    {
      memcpy (end, RECORD, sizeof RECORD - 1);
      end += sizeof RECORD - 1;
      memset (end, 'x', TEXT_SIZE);
      end += TEXT_SIZE;
      *end++ = '\n';
    }
  for (uint64_t done = 0; done < count;)
    {
      uint64_t due = rate ? (now_ns () - start) * rate / 1000000000 + 1 : count;
      uint64_t some = due > done ? due - done : 0;

      some = some > BATCH ? BATCH : some;
      some = some > count - done ? count - done : some;
      write_all (fd, batch, some * (size_t)(end - batch) / BATCH);
      done += some;
      if (rate && some < BATCH)
        wait_until (now_ns () + 1000000);
    }
  printf ("{\"seconds\": %.6f, \"at\": %.6f}\n", (double)(now_ns () - start) / 1e9, (double)now_ns () / 1e9);
  return 0;
}

/* What stands behind a socket of the bare server: how much of the bytes it has had. */
typedef struct
{
  int fd;
  uint64_t sent;
} Reader;

static void
serve_accept (int epoll, int listener)
{
  static const char head[] = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n";
  struct epoll_event event = { .events = EPOLLOUT };
  Reader *reader = calloc (1, sizeof *reader);
  char request[4096];

  reader->fd = accept (listener, NULL, NULL);
  must (reader->fd >= 0 && read (reader->fd, request, sizeof request) > 0, "accept");
  write_all (reader->fd, head, sizeof head - 1);
  fcntl (reader->fd, F_SETFL, O_NONBLOCK);
  event.data.ptr = reader;
  epoll_ctl (epoll, EPOLL_CTL_ADD, reader->fd, &event);
}

/* Sends @count events to whoever connects, out of one buffer. */
static void
serve (uint64_t count)
{
  struct epoll_event event = { .events = EPOLLIN };
  static char block[1024 * EVENT_SIZE];
  int epoll = epoll_create1 (0);
  int port;
  int listener = listen_on (&port);

  for (char *at = block; at < block + sizeof block; at += EVENT_SIZE)
    {
      memcpy (at, "data: ", 6);
      memset (at + 6, 'x', TEXT_SIZE);
      memcpy (at + 6 + TEXT_SIZE, "\n\n", 2);
    }
  epoll_ctl (epoll, EPOLL_CTL_ADD, listener, &event);
  printf ("%d\n", port);
  fflush (stdout);
  for (;;)
    {
      struct epoll_event ready[64];
      int events = epoll_wait (epoll, ready, 64, -1);

      for (int i = 0; i < events; i++)
        {
          Reader *reader = ready[i].data.ptr;
          size_t at, size;
          ssize_t n;

          if (!reader)
            {
              serve_accept (epoll, listener);
              continue;
            }
          at = reader->sent % sizeof block;
          size = sizeof block - at;
          size = size > count * EVENT_SIZE - reader->sent ? count * EVENT_SIZE - reader->sent : size;
          n = send (reader->fd, block + at, size, MSG_NOSIGNAL);
          reader->sent += n > 0 ? (uint64_t)n : 0;
          if ((n < 0 && errno != EAGAIN) || reader->sent == count * EVENT_SIZE)
            epoll_ctl (epoll, EPOLL_CTL_DEL, reader->fd, NULL);
        }
    }
}

/* Publishes @count events to a channel of nchan's, one request each, many requests under way. */
static int
publish (int port, const char *path, uint64_t count)
{
  char request[1024];
  char text[TEXT_SIZE + 1] = { 0 };
  static char buffer[BUFFER];
  uint64_t sent = 0, answered = 0;
  uint64_t start = now_ns ();
  size_t length;
  int fd = connect_to (port);

  memset (text, 'x', TEXT_SIZE);
  length = (size_t)
      snprintf (request, sizeof request,
                "POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n%s", path,
                TEXT_SIZE, text);
  while (answered < count)
    {
      ssize_t n;

      for (; sent < count && sent - answered < 64; sent++)
        write_all (fd, request, length);
      n = read (fd, buffer, sizeof buffer);
      must (n > 0, "nchan");
      for (const char *at = buffer; (at = memmem (at, (size_t)(buffer + n - at), "HTTP/1.1 20", 11)); at += 11)
        answered++;
    }
  printf ("{\"seconds\": %.6f, \"at\": %.6f}\n", (double)(now_ns () - start) / 1e9, (double)now_ns () / 1e9);
  return 0;
}

static int
compare (const void *one, const void *other)
{
  const uint64_t *a = one, *b = other;

  return (*a > *b) - (*a < *b);
}

/* Takes stamps ("data: @NS\n") from a socket and says how old they were. */
static int
print_delays (int fd, size_t count)
{
  uint64_t *delays = calloc (count, sizeof *delays);
  static char buffer[BUFFER];
  size_t held = 0, seen = 0;

  while (seen < count)
    {
      ssize_t n = read (fd, buffer + held, sizeof buffer - held - 1);
      uint64_t now = now_ns ();
      char *at = buffer;

      must (n > 0, "read");
      held += (size_t)n;
      buffer[held] = '\0';
      for (char *stamp; (stamp = strchr (at, '@')) && strchr (stamp, '\n'); at = strchr (stamp, '\n') + 1)
        if (seen < count)
          delays[seen++] = now - strtoull (stamp + 1, NULL, 10);
      held -= (size_t)(at - buffer);
      memmove (buffer, at, held);
    }
  qsort (delays, count, sizeof *delays, compare);
  printf ("{\"median\": %.1f, \"p99\": %.1f}\n", (double)delays[count / 2] / 1e3,
          (double)delays[count * 99 / 100] / 1e3);
  return 0;
}

static void
send_stamps (int fd, const char *before, uint64_t count, uint64_t interval_us)
{
  char line[128];

  for (uint64_t i = 0; i < count; i++)
    {
      wait_until (now_ns () + interval_us * 1000);
      write_all (fd, line, (size_t)snprintf (line, sizeof line, "%s@%" PRIu64 "\n", before, now_ns ()));
    }
}

/* The same over a TCP connection and nothing else. */
static int
bare_delays (uint64_t count, uint64_t interval_us)
{
  int port;
  int listener = listen_on (&port);
  int on = 1;
  int fd;

  if (fork () == 0)
    {
      fd = connect_to (port);
      setsockopt (fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      send_stamps (fd, "data: ", count, interval_us);
      _exit (0);
    }
  print_delays (accept (listener, NULL, NULL), count);
  wait (NULL);
  return 0;
}

static int
usage (void)
{
  fputs ("Usage: sse-clock read PORT PATH TOKEN CLIENTS bytes|events AMOUNT\n"
         "       sse-clock write LOG COUNT RATE\n"
         "       sse-clock serve COUNT\n"
         "       sse-clock publish PORT PATH COUNT\n"
         "       sse-clock stamp LOG COUNT INTERVAL_US\n"
         "       sse-clock delays PORT PATH TOKEN COUNT\n"
         "       sse-clock tcp COUNT INTERVAL_US\n",
         stderr);
  return 2;
}

int
main (int argc, char **argv)
{
  const char *verb = argc > 2 ? argv[1] : "";
  Client client = { 0 };

  signal (SIGPIPE, SIG_IGN);
  if (strcmp (verb, "read") == 0 && argc == 8)
    return read_streams (atoi (argv[2]), argv[3], argv[4], atoi (argv[5]), strcmp (argv[6], "events") == 0,
                         strtoull (argv[7], NULL, 10));
  if (strcmp (verb, "write") == 0 && argc == 5)
    return write_log (argv[2], strtoull (argv[3], NULL, 10), strtoull (argv[4], NULL, 10));
  if (strcmp (verb, "serve") == 0 && argc == 3)
    serve (strtoull (argv[2], NULL, 10));
  if (strcmp (verb, "publish") == 0 && argc == 5)
    return publish (atoi (argv[2]), argv[3], strtoull (argv[4], NULL, 10));
  if (strcmp (verb, "stamp") == 0 && argc == 5)
    {
      int fd = open (argv[2], O_WRONLY | O_APPEND);

      must (fd >= 0, argv[2]);
      send_stamps (fd, RECORD, strtoull (argv[3], NULL, 10), strtoull (argv[4], NULL, 10));
      return 0;
    }
  if (strcmp (verb, "delays") == 0 && argc == 6)
    {
      client_ask (&client, atoi (argv[2]), argv[3], argv[4]);
      fcntl (client.fd, F_SETFL, 0);
      return print_delays (client.fd, strtoull (argv[5], NULL, 10));
    }
  if (strcmp (verb, "tcp") == 0 && argc == 4)
    return bare_delays (strtoull (argv[2], NULL, 10), strtoull (argv[3], NULL, 10));
  return usage ();
}
