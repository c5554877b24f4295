/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "address.h"

static AddressKind
kind_of (const char *text)
{
  struct sockaddr_storage storage = { 0 };
  g_autofree char *shown = NULL;
  bool six = strchr (text, ':') != NULL;
  void *bytes =
      six ? (void *)&((struct sockaddr_in6 *)&storage)->sin6_addr : (void *)&((struct sockaddr_in *)&storage)->sin_addr;

  storage.ss_family = six ? AF_INET6 : AF_INET;
  g_assert_cmpint (inet_pton (storage.ss_family, text, bytes), ==, 1);
  shown = address_to_string ((struct sockaddr *)&storage);
  g_assert_cmpstr (shown, ==, text);
  return address_kind ((struct sockaddr *)&storage);
}

static void
check (AddressKind kind, const char *const *texts)
{
  for (; *texts; texts++)
    {
      g_test_message ("%s", *texts);
      g_assert_cmpint (kind_of (*texts), ==, kind);
    }
}

static void
test_addresses_of_this_machine_and_its_cloud (void)
{
  static const char *const texts[] = { "127.0.0.1",
                                       "127.255.255.255",
                                       "0.0.0.0",
                                       "0.1.2.3",
                                       "169.254.169.254",
                                       "100.100.100.200",
                                       "168.63.129.16",
                                       "192.0.0.192",
                                       "224.0.0.1",
                                       "239.1.2.3",
                                       "240.0.0.1",
                                       "255.255.255.255",
                                       "::",
                                       "::1",
                                       "fe80::1",
                                       "febf::1",
                                       "fec0::1",
                                       "ff02::1",
                                       "fd00:ec2::254",
                                       "fd20:ce::254",
                                       "::ffff:127.0.0.1",
                                       "::ffff:169.254.169.254",
                                       "::ffff:192.0.2.1",
                                       "64:ff9b::7f00:1",
                                       "64:ff9b:1::a00:1",
                                       "2002:7f00:1::1",
                                       "2002:c000:201::1",
                                       "2001::1",
                                       NULL };

  check (ADDRESS_INTERNAL, texts);
}

static void
test_addresses_of_private_networks (void)
{
  static const char *const texts[] = {
    "10.0.0.1",      "172.16.0.1",     "172.31.255.255", "192.168.1.5",       "100.64.0.1",
    "100.127.255.1", "64:ff9b::a00:1", "fd00::2",        "64:ff9b::c0a8:105", NULL
  };

  check (ADDRESS_PRIVATE, texts);
}

static void
test_addresses_of_others (void)
{
  static const char *const texts[] = {
    "1.1.1.1",         "9.255.255.255", "11.0.0.0",     "172.15.0.1",  "172.32.0.1", "192.167.1.1",      "100.63.0.1",
    "100.128.0.1",     "126.0.0.1",     "128.0.0.1",    "169.253.1.1", "192.0.2.1",  "203.0.113.80",     "198.51.100.1",
    "223.255.255.255", "2606:4700::1",  "2001:4860::1", "2003::1",     "fbff::1",    "64:ff9b::808:808", NULL
  };

  check (ADDRESS_PUBLIC, texts);
}

static void
test_sockets_of_this_machine (void)
{
  g_assert_cmpint (address_kind (&(struct sockaddr){ .sa_family = AF_UNIX }), ==, ADDRESS_INTERNAL);
}

static void
test_ranges (void)
{
  static const char *const good[] = { "10.0.0.0/8", "10.1.2.3", "fc00::/7", "0.0.0.0/0", "::/0", "1.2.3.4/32", NULL };
  static const char *const bad[] = { "",          "/8",           "10.0.0.0/33", "10.0.0/8", "::/129",
                                     "10.0.0.0/", "10.0.0.0/8/8", "name",        NULL };
  AddressRange range;

  for (const char *const *text = good; *text; text++)
    g_assert_true (address_range_parse (*text, &range));
  for (const char *const *text = bad; *text; text++)
    g_assert_false (address_range_parse (*text, &range));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/address/of-this-machine-and-its-cloud", test_addresses_of_this_machine_and_its_cloud);
  g_test_add_func ("/address/of-private-networks", test_addresses_of_private_networks);
  g_test_add_func ("/address/of-others", test_addresses_of_others);
  g_test_add_func ("/address/sockets-of-this-machine", test_sockets_of_this_machine);
  g_test_add_func ("/address/ranges", test_ranges);
  return g_test_run ();
}
