/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

typedef struct
{
  const char *network;
  unsigned bits;
} Range;

static const Range ranges4[] = {
  { "0.0.0.0", 8 },          /* this machine */
  { "127.0.0.0", 8 },        /* loopback */
  { "169.254.0.0", 16 },     /* link-local; metadata of most clouds */
  { "100.100.100.200", 32 }, /* metadata of Alibaba's */
  { "192.0.0.192", 32 },     /* metadata of Oracle's */
  { "168.63.129.16", 32 },   /* metadata of Azure's */
  { "224.0.0.0", 4 },        /* multicast */
  { "255.255.255.255", 32 }, /* broadcast */
};

static const Range ranges6[] = {
  { "::", 128 },            /* this machine */
  { "::1", 128 },           /* loopback */
  { "fe80::", 10 },         /* link-local */
  { "fd00:ec2::254", 128 }, /* metadata of Amazon's */
  { "fd20:ce::254", 128 },  /* metadata of Google's */
  { "ff00::", 8 },          /* multicast */
};

/* Where the IPv4 address lies in what stands for one. */
static const struct
{
  Range range;
  unsigned at;
} carriers[] = {
  { { "::ffff:0:0", 96 }, 12 },
  { { "::", 96 }, 12 },
  { { "64:ff9b::", 96 }, 12 },
  { { "2002::", 16 }, 2 },
};

static bool
range_has (const Range *range, int family, const unsigned char *bytes)
{
  unsigned char network[16];
  unsigned whole = range->bits / 8, rest = range->bits % 8;

  inet_pton (family, range->network, network);
  return memcmp (network, bytes, whole) == 0 && (rest == 0 || (network[whole] ^ bytes[whole]) >> (8 - rest) == 0);
}

static bool
address4_is_internal (const unsigned char *bytes)
{
  for (size_t i = 0; i < G_N_ELEMENTS (ranges4); i++)
    if (range_has (&ranges4[i], AF_INET, bytes))
      return true;
  return false;
}

static bool
address6_is_internal (const unsigned char *bytes)
{
  for (size_t i = 0; i < G_N_ELEMENTS (ranges6); i++)
    if (range_has (&ranges6[i], AF_INET6, bytes))
      return true;
  for (size_t i = 0; i < G_N_ELEMENTS (carriers); i++)
    if (range_has (&carriers[i].range, AF_INET6, bytes))
      return address4_is_internal (bytes + carriers[i].at);
  return false;
}

bool
address_is_internal (const struct sockaddr *address)
{
  if (address->sa_family == AF_INET)
    return address4_is_internal ((const unsigned char *)&((const struct sockaddr_in *)address)->sin_addr);
  if (address->sa_family == AF_INET6)
    return address6_is_internal ((const unsigned char *)&((const struct sockaddr_in6 *)address)->sin6_addr);
  return true; /* a socket of this machine */
}

char *
address_to_string (const struct sockaddr *address)
{
  char text[INET6_ADDRSTRLEN] = "";

  if (address->sa_family == AF_INET)
    inet_ntop (AF_INET, &((const struct sockaddr_in *)address)->sin_addr, text, sizeof text);
  else if (address->sa_family == AF_INET6)
    inet_ntop (AF_INET6, &((const struct sockaddr_in6 *)address)->sin6_addr, text, sizeof text);
  return g_strdup (text);
}
