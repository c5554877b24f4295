/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "file.h"

/* What IANA's registries of special-purpose addresses say, but for the three networks for documentation: nothing is
 * there, or what someone put there. */
static const struct
{
  AddressKind kind;
  const char *range;
} specials[] = {
  { ADDRESS_INTERNAL, "0.0.0.0/8" },        /* this machine */
  { ADDRESS_INTERNAL, "127.0.0.0/8" },      /* loopback */
  { ADDRESS_INTERNAL, "169.254.0.0/16" },   /* link-local; metadata of most clouds */
  { ADDRESS_INTERNAL, "100.100.100.200" },  /* metadata of Alibaba's */
  { ADDRESS_INTERNAL, "168.63.129.16" },    /* metadata of Azure's */
  { ADDRESS_INTERNAL, "192.0.0.0/24" },     /* protocols; metadata of Oracle's */
  { ADDRESS_INTERNAL, "224.0.0.0/4" },      /* multicast */
  { ADDRESS_INTERNAL, "240.0.0.0/4" },      /* reserved, broadcast */
  { ADDRESS_PRIVATE, "10.0.0.0/8" },        /* */
  { ADDRESS_PRIVATE, "172.16.0.0/12" },     /* */
  { ADDRESS_PRIVATE, "192.168.0.0/16" },    /* */
  { ADDRESS_PRIVATE, "100.64.0.0/10" },     /* of a provider's, or of an overlay network */
  { ADDRESS_INTERNAL, "::/96" },            /* this machine, and what once carried IPv4 addresses */
  { ADDRESS_INTERNAL, "::ffff:0:0/96" },    /* IPv4 addresses in IPv6 sockets: connect() takes them for such */
  { ADDRESS_INTERNAL, "::ffff:0:0:0/96" },  /* IPv4 addresses, translated */
  { ADDRESS_INTERNAL, "64:ff9b:1::/48" },   /* a network's own translation into its IPv4 */
  { ADDRESS_INTERNAL, "2001::/32" },        /* Teredo */
  { ADDRESS_INTERNAL, "2002::/16" },        /* 6to4 */
  { ADDRESS_INTERNAL, "fe80::/10" },        /* link-local */
  { ADDRESS_INTERNAL, "fec0::/10" },        /* what was private once */
  { ADDRESS_INTERNAL, "fd00:ec2::/32" },    /* metadata of Amazon's */
  { ADDRESS_INTERNAL, "fd20:ce::254/128" }, /* metadata of Google's */
  { ADDRESS_INTERNAL, "ff00::/8" },         /* multicast */
  { ADDRESS_PRIVATE, "fc00::/7" },          /* */
};

/* By this one a network without IPv4 reaches all of the world's, and must; so the address in it counts. */
#define CARRIER    "64:ff9b::"
#define CARRIER_AT 12

bool
address_range_parse (const char *text, AddressRange *ret_range)
{
  const char *slash = strchr (text, '/');
  g_autofree char *address = slash ? g_strndup (text, slash - text) : g_strdup (text);
  AddressRange range = { .family = strchr (address, ':') ? AF_INET6 : AF_INET };
  unsigned most = range.family == AF_INET6 ? 128 : 32;
  guint64 bits = most;

  if (inet_pton (range.family, address, range.bytes) != 1 ||
      (slash && !g_ascii_string_to_unsigned (slash + 1, 10, 0, most, &bits, NULL)))
    return false;
  range.bits = bits;
  *ret_range = range;
  return true;
}

bool
address_range_has (const AddressRange *range, int family, const unsigned char *bytes)
{
  unsigned whole = range->bits / 8, rest = range->bits % 8;

  return family == range->family && memcmp (range->bytes, bytes, whole) == 0 &&
         (rest == 0 || (range->bytes[whole] ^ bytes[whole]) >> (8 - rest) == 0);
}

static AddressRange
range_in_carrier (const AddressRange *range)
{
  AddressRange carried = { .family = AF_INET6, .bits = CARRIER_AT * 8 + range->bits };

  inet_pton (AF_INET6, CARRIER, carried.bytes);
  memcpy (carried.bytes + CARRIER_AT, range->bytes, sizeof carried.bytes - CARRIER_AT);
  return carried;
}

GArray *
address_ranges (AddressKind kind)
{
  GArray *ranges = g_array_new (FALSE, FALSE, sizeof (AddressRange));

  for (size_t i = 0; i < G_N_ELEMENTS (specials); i++)
    {
      AddressRange range, carried;

      if (specials[i].kind != kind || !address_range_parse (specials[i].range, &range))
        continue;
      g_array_append_val (ranges, range);
      carried = range_in_carrier (&range);
      if (range.family == AF_INET)
        g_array_append_val (ranges, carried);
    }
  return ranges;
}

static const unsigned char *
address_bytes (const struct sockaddr *address)
{
  return address->sa_family == AF_INET  ? (const unsigned char *)&((const struct sockaddr_in *)address)->sin_addr :
         address->sa_family == AF_INET6 ? (const unsigned char *)&((const struct sockaddr_in6 *)address)->sin6_addr :
                                          NULL;
}

static bool
address_is_of (const struct sockaddr *address, AddressKind kind)
{
  g_autoptr (GArray) ranges = address_ranges (kind);
  bool found = false;

  for (guint i = 0; i < ranges->len && !found; i++)
    found = address_range_has (&g_array_index (ranges, AddressRange, i), address->sa_family, address_bytes (address));
  return found;
}

AddressKind
address_kind (const struct sockaddr *address)
{
  if (!address_bytes (address) || address_is_of (address, ADDRESS_INTERNAL))
    return ADDRESS_INTERNAL;
  return address_is_of (address, ADDRESS_PRIVATE) ? ADDRESS_PRIVATE : ADDRESS_PUBLIC;
}

static bool
is_loopback (int family, const unsigned char *bytes)
{
  static const char *const loopback[] = { "127.0.0.0/8", "0.0.0.0/8", "::1/128", "::/128", "::ffff:127.0.0.0/104" };
  AddressRange range;

  for (size_t i = 0; i < G_N_ELEMENTS (loopback); i++)
    if (address_range_parse (loopback[i], &range) && address_range_has (&range, family, bytes))
      return true;
  return false;
}

bool
address_range_is_loopback (const AddressRange *range)
{
  return is_loopback (range->family, range->bytes);
}

bool
address_is_loopback (const struct sockaddr *address)
{
  return address_bytes (address) && is_loopback (address->sa_family, address_bytes (address));
}

char *
address_to_string (const struct sockaddr *address)
{
  char text[INET6_ADDRSTRLEN] = "";

  if (address_bytes (address))
    inet_ntop (address->sa_family, address_bytes (address), text, sizeof text);
  return g_strdup (text);
}

bool
address_is_refused (const struct sockaddr *address, socklen_t length)
{
  bool loopback = address_is_loopback (address);
  g_auto (Fd) fd = socket (address->sa_family, (loopback ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC, 0);

  return fd >= 0 && connect (fd, address, length) < 0 && (loopback || errno == EACCES);
}
