/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "error.h"
#include "file.h"
#include "peer.h"

#define SOCKET_GROUP "rbee"
#define SOCKET_MODE  0660

typedef union
{
  struct sockaddr any;
  struct sockaddr_in four;
  struct sockaddr_in6 six;
  struct sockaddr_un path;
} Address;

static socklen_t
address_parse (const char *text, Address *address)
{
  g_autofree char *url = g_strconcat ("http://", text, NULL);
  g_autoptr (GUri) uri = g_uri_parse (url, G_URI_FLAGS_NONE, NULL);
  in_port_t port = htons ((uint16_t)g_uri_get_port (uri));

  memset (address, 0, sizeof *address);
  if (inet_pton (AF_INET, g_uri_get_host (uri), &address->four.sin_addr) == 1)
    {
      address->four.sin_family = AF_INET;
      address->four.sin_port = port;
      return sizeof address->four;
    }
  inet_pton (AF_INET6, g_uri_get_host (uri), &address->six.sin6_addr);
  address->six.sin6_family = AF_INET6;
  address->six.sin6_port = port;
  return sizeof address->six;
}

static int
listener_open_address (const char *text, GError **error)
{
  Address address;
  socklen_t length = address_parse (text, &address);
  g_auto (Fd) fd = socket (address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  int on = 1;

  if (fd < 0 && errno == EAFNOSUPPORT)
    return -EAFNOSUPPORT;
  if (fd < 0 || setsockopt (fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0 ||
      (address.any.sa_family == AF_INET6 && setsockopt (fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) < 0) ||
      bind (fd, &address.any, length) < 0 || listen (fd, SOMAXCONN) < 0)
    {
      if (errno == EADDRNOTAVAIL && address.any.sa_family == AF_INET6)
        return -EADDRNOTAVAIL;
      hive_error_set_errno (error, errno, "Cannot listen on %s (Listen= in [Bridge])", text);
      return -1;
    }
  return fd_steal (&fd);
}

/* A socket file that nobody answers on is left from an earlier run. */
static bool
path_is_stale (const Address *address)
{
  g_auto (Fd) fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

  return fd >= 0 && connect (fd, &address->any, sizeof address->path) < 0 && errno == ECONNREFUSED;
}

/* Nobody but its group and us may ask there; where there is no such group, we alone. */
static void
path_give_to_group (const char *path)
{
  struct group *group = getgrnam (SOCKET_GROUP);

  if (group && chown (path, (uid_t)-1, group->gr_gid) < 0)
    g_warning ("%s does not become group %s's: %s", path, SOCKET_GROUP, g_strerror (errno));
}

static int
listener_open_path (const char *path, GError **error)
{
  Address address = { .path = { .sun_family = AF_UNIX } };
  g_auto (Fd) fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  mode_t mask;
  int r;

  g_strlcpy (address.path.sun_path, path, sizeof address.path.sun_path);
  if (path_is_stale (&address))
    unlink (path);
  mask = umask (0777 & ~SOCKET_MODE);
  r = fd < 0 || bind (fd, &address.any, sizeof address.path) < 0 ? -errno : 0;
  umask (mask);
  if (r < 0 || listen (fd, SOMAXCONN) < 0)
    {
      hive_error_set_errno (error, r < 0 ? -r : errno, "Cannot listen on %s (Listen= in [Bridge])", path);
      return -1;
    }
  path_give_to_group (path);
  return fd_steal (&fd);
}

static bool
listener_open_own (Listener *listener, const Configuration *configuration, GError **error)
{
  for (char **entry = configuration->listen; *entry; entry++)
    {
      int fd = **entry == '/' ? listener_open_path (*entry, error) : listener_open_address (*entry, error);

      if (fd == -1)
        return false;
      if (fd < 0)
        {
          g_message ("%s is left out: %s", *entry, g_strerror (-fd)); /* a machine without IPv6 */
          continue;
        }
      if (**entry == '/')
        g_ptr_array_add (listener->paths, g_strdup (*entry));
      g_array_append_val (listener->fds, fd);
    }
  return true;
}

static bool
listener_take_passed (Listener *listener, int count, GError **error)
{
  for (int fd = SD_LISTEN_FDS_START; fd < SD_LISTEN_FDS_START + count; fd++)
    {
      if (sd_is_socket (fd, AF_UNSPEC, SOCK_STREAM, 1) <= 0)
        {
          g_set_error (error, HIVE_ERROR, HIVE_ERROR_INVALID_ARGUMENT,
                       "Descriptor %d that systemd passed is not a listening stream socket", fd);
          return false;
        }
      if (fcntl (fd, F_SETFL, fcntl (fd, F_GETFL) | O_NONBLOCK) < 0)
        return hive_error_set_errno (error, errno, "Cannot use the sockets that systemd passed");
      g_array_append_val (listener->fds, fd);
    }
  listener->from_systemd = true;
  return true;
}

static bool
address_is_any (const Address *address)
{
  return address->any.sa_family == AF_INET ? address->four.sin_addr.s_addr == INADDR_ANY :
                                             IN6_IS_ADDR_UNSPECIFIED (&address->six.sin6_addr);
}

/* What a Host may say, and a browser be sent to. */
static bool
listener_learn (Listener *listener, int fd, const Configuration *configuration, GError **error)
{
  Address address = { 0 };
  socklen_t length = sizeof address;
  char text[INET6_ADDRSTRLEN];
  g_autofree char *host = NULL;
  unsigned port;

  if (getsockname (fd, &address.any, &length) < 0)
    return hive_error_set_errno (error, errno, "Cannot use a listening socket");
  if (address.any.sa_family == AF_UNIX)
    return true;
  if (address.any.sa_family == AF_INET)
    host = g_strdup (inet_ntop (AF_INET, &address.four.sin_addr, text, sizeof text));
  else
    host = g_strdup_printf ("[%s]", inet_ntop (AF_INET6, &address.six.sin6_addr, text, sizeof text));
  port = ntohs (address.any.sa_family == AF_INET ? address.four.sin_port : address.six.sin6_port);
  if (configuration->trust_everybody && !peer_address_is_local (&address.any))
    {
      g_set_error (error, HIVE_ERROR, HIVE_ERROR_INVALID_ARGUMENT,
                   "Authentication=none works on loopback alone, and %s:%u is none: take it out of Listen= (or of "
                   "rbee-hive-bridge.socket), or set Authentication=token",
                   host, port);
      return false;
    }
  g_message ("Listening on http://%s:%u", host, port);
  if (!listener->url)
    listener->url = g_strdup_printf ("http://%s:%u", address_is_any (&address) ? "localhost" : host, port);
  g_ptr_array_add (listener->hosts, g_steal_pointer (&host));
  return true;
}

Listener *
listener_new (const Configuration *configuration, GError **error)
{
  g_autoptr (Listener) listener = g_new0 (Listener, 1);
  int passed = sd_listen_fds (true);

  listener->fds = g_array_new (false, false, sizeof (int));
  listener->paths = g_ptr_array_new_with_free_func (g_free);
  listener->hosts = g_ptr_array_new_with_free_func (g_free);
  if (passed > 0 ? !listener_take_passed (listener, passed, error) :
                   !listener_open_own (listener, configuration, error))
    return NULL;
  for (guint i = 0; i < listener->fds->len; i++)
    if (!listener_learn (listener, g_array_index (listener->fds, int, i), configuration, error))
      return NULL;
  if (listener->fds->len == 0)
    {
      g_set_error (error, HIVE_ERROR, HIVE_ERROR_INVALID_ARGUMENT,
                   "There is nothing to listen on (Listen= in [Bridge])");
      return NULL;
    }
  return g_steal_pointer (&listener);
}

void
listener_close (Listener *listener)
{
  for (guint i = 0; i < listener->fds->len; i++)
    close (g_array_index (listener->fds, int, i));
  g_array_set_size (listener->fds, 0);
  for (guint i = 0; i < listener->paths->len; i++)
    unlink (listener->paths->pdata[i]);
  g_ptr_array_set_size (listener->paths, 0);
}

void
listener_free (Listener *listener)
{
  if (!listener)
    return;
  listener_close (listener);
  g_array_unref (listener->fds);
  g_ptr_array_unref (listener->paths);
  g_ptr_array_unref (listener->hosts);
  g_free (listener->url);
  g_free (listener);
}
