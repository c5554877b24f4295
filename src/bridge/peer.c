/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "peer.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

bool
peer_address_is_local (const struct sockaddr *address)
{
  const struct sockaddr_in6 *six = (const void *)address;
  const struct sockaddr_in *four = (const void *)address;

  switch (address->sa_family)
    {
    case AF_UNIX:
      return true;
    case AF_INET:
      return ntohl (four->sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
    case AF_INET6:
      return IN6_IS_ADDR_LOOPBACK (&six->sin6_addr) ||
             (IN6_IS_ADDR_V4MAPPED (&six->sin6_addr) && six->sin6_addr.s6_addr[12] == IN_LOOPBACKNET);
    default:
      return false;
    }
}

static bool
peer_read_unix (Peer *peer, int fd)
{
  struct ucred credentials;
  socklen_t length = sizeof credentials;

  if (getsockopt (fd, SOL_SOCKET, SO_PEERCRED, &credentials, &length) < 0)
    return false;
  peer->is_unix = true;
  peer->uid = credentials.uid;
  g_snprintf (peer->name, sizeof peer->name, "uid %u", (unsigned)credentials.uid);
  return true;
}

bool
peer_read (Peer *peer, int fd)
{
  struct sockaddr_storage storage = { 0 };
  struct sockaddr *address = (void *)&storage;
  socklen_t length = sizeof storage;
  const void *number = &((struct sockaddr_in *)address)->sin_addr;

  memset (peer, 0, sizeof *peer);
  if (getpeername (fd, address, &length) < 0)
    return false;
  peer->is_local = peer_address_is_local (address);
  if (address->sa_family == AF_UNIX)
    return peer_read_unix (peer, fd);
  if (address->sa_family == AF_INET6)
    number = &((struct sockaddr_in6 *)address)->sin6_addr;
  return inet_ntop (address->sa_family, number, peer->name, sizeof peer->name) != NULL;
}
