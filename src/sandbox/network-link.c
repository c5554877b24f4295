/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "network-link.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_tun.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "file.h"

#define MTU      65520 /* the largest that pasta takes: fewer packets are faster */
#define LOOPBACK 1     /* its index in every network namespace */

/* Of one range, the smallest that fits is taken. */
enum
{
  METRIC_ALLOWED = 1,
  METRIC_DENIED,
  METRIC_NOWHERE, /* IPv6 passes over a denial when the device is named */
};

typedef struct
{
  struct nlmsghdr head;
  char body[256];
} LinkRequest;

static void
request_add (LinkRequest *request, const void *data, size_t length)
{
  g_assert (NLMSG_ALIGN (request->head.nlmsg_len) + length <= sizeof *request);
  memcpy ((char *)request + NLMSG_ALIGN (request->head.nlmsg_len), data, length);
  request->head.nlmsg_len = NLMSG_ALIGN (request->head.nlmsg_len) + length;
}

static void
request_add_attribute (LinkRequest *request, unsigned short type, const void *data, size_t length)
{
  request_add (request, &(struct rtattr){ .rta_type = type, .rta_len = RTA_LENGTH (length) }, RTA_LENGTH (0));
  request_add (request, data, length);
}

static size_t
range_size (const AddressRange *range)
{
  return range->family == AF_INET ? 4 : 16;
}

/* Sends it to the kernel and waits for what that says. */
static int
request_send (LinkRequest *request)
{
  g_auto (Fd) fd = socket (AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
  struct
  {
    struct nlmsghdr head;
    struct nlmsgerr error;
    char rest[512];
  } reply;

  request->head.nlmsg_flags |= NLM_F_REQUEST | NLM_F_ACK;
  if (fd < 0 || send (fd, request, request->head.nlmsg_len, 0) < 0 || recv (fd, &reply, sizeof reply, 0) < 0)
    return -errno;
  return reply.head.nlmsg_type == NLMSG_ERROR ? reply.error.error : -EBADMSG;
}

static LinkRequest
request_new (unsigned short type, unsigned short flags)
{
  return (LinkRequest){ .head = { .nlmsg_len = NLMSG_LENGTH (0), .nlmsg_type = type, .nlmsg_flags = flags } };
}

static int
link_up (int index, uint32_t mtu)
{
  LinkRequest request = request_new (RTM_NEWLINK, 0);

  request_add (&request,
               &(struct ifinfomsg){
                   .ifi_family = AF_UNSPEC, .ifi_index = index, .ifi_flags = IFF_UP, .ifi_change = IFF_UP },
               sizeof (struct ifinfomsg));
  request_add_attribute (&request, IFLA_MTU, &mtu, sizeof mtu);
  return request_send (&request);
}

int
network_link_up_loopback (void)
{
  return link_up (LOOPBACK, 65536);
}

static const unsigned char gateway_hardware[ETH_ALEN] = { 0x9a, 0x55, 0x9a, 0x55, 0x9a, 0x55 };

int
network_link_make (void)
{
  g_auto (Fd) fd = open ("/dev/net/tun", O_RDWR | O_CLOEXEC);
  struct ifreq link = { .ifr_name = NETWORK_LINK, .ifr_flags = IFF_TAP | IFF_NO_PI };
  const struct tun_filter head = { .count = 1 };
  _Alignas(struct tun_filter) unsigned char filter[sizeof head + ETH_ALEN]; /* the head and what follows it */

  memcpy (filter, &head, sizeof head);
  memcpy (filter + sizeof head, gateway_hardware, ETH_ALEN);
  if (fd < 0 || ioctl (fd, TUNSETIFF, &link) < 0 || ioctl (fd, TUNSETTXFILTER, filter) < 0 ||
      ioctl (fd, TUNSETPERSIST, 1) < 0)
    return -errno;
  return link_up (if_nametoindex (NETWORK_LINK), MTU);
}

static int
add_address (const AddressRange *address)
{
  LinkRequest request = request_new (RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL);

  request_add (&request,
               &(struct ifaddrmsg){ .ifa_family = address->family,
                                    .ifa_prefixlen = range_size (address) * 8,
                                    .ifa_flags = IFA_F_NODAD,
                                    .ifa_index = if_nametoindex (NETWORK_LINK) },
               sizeof (struct ifaddrmsg));
  request_add_attribute (&request, IFA_LOCAL, address->bytes, range_size (address));
  return request_send (&request);
}

static int
add_neighbour (const AddressRange *address)
{
  LinkRequest request = request_new (RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE);

  request_add (&request,
               &(struct ndmsg){ .ndm_family = address->family,
                                .ndm_ifindex = if_nametoindex (NETWORK_LINK),
                                .ndm_state = NUD_PERMANENT },
               sizeof (struct ndmsg));
  request_add_attribute (&request, NDA_DST, address->bytes, range_size (address));
  request_add_attribute (&request, NDA_LLADDR, gateway_hardware, sizeof gateway_hardware);
  return request_send (&request);
}

static int
add_route (const AddressRange *range, unsigned char type, const AddressRange *gateway, uint32_t metric)
{
  LinkRequest request = request_new (RTM_NEWROUTE, NLM_F_CREATE | NLM_F_APPEND);
  uint32_t index = if_nametoindex (NETWORK_LINK);

  request_add (&request,
               &(struct rtmsg){ .rtm_family = range->family,
                                .rtm_dst_len = range->bits,
                                .rtm_table = RT_TABLE_MAIN,
                                .rtm_protocol = RTPROT_STATIC,
                                .rtm_type = type,
                                .rtm_flags = gateway ? RTNH_F_ONLINK : 0 },
               sizeof (struct rtmsg));
  request_add_attribute (&request, RTA_PRIORITY, &metric, sizeof metric);
  if (range->bits > 0)
    request_add_attribute (&request, RTA_DST, range->bytes, range_size (range));
  if (gateway)
    {
      request_add_attribute (&request, RTA_GATEWAY, gateway->bytes, range_size (gateway));
      request_add_attribute (&request, RTA_OIF, &index, sizeof index);
    }
  return request_send (&request);
}

int
network_link_add_family (const AddressRange *address, const AddressRange *gateway)
{
  int r = add_address (address);

  return r < 0 ? r : add_neighbour (gateway);
}

int
network_link_allow (const AddressRange *range, const AddressRange *gateway)
{
  return add_route (range, RTN_UNICAST, gateway, METRIC_ALLOWED);
}

int
network_link_deny (const AddressRange *range, const AddressRange *nobody)
{
  int r = add_route (range, RTN_PROHIBIT, NULL, METRIC_DENIED);

  return r < 0 ? r : add_route (range, RTN_UNICAST, nobody, METRIC_NOWHERE);
}
