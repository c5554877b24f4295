/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

static bool
is_internal (const char *text)
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
  return address_is_internal ((struct sockaddr *)&storage);
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
                                       "224.0.0.1",
                                       "239.1.2.3",
                                       "255.255.255.255",
                                       "::",
                                       "::1",
                                       "fe80::1",
                                       "febf::1",
                                       "ff02::1",
                                       "fd00:ec2::254",
                                       "::ffff:127.0.0.1",
                                       "::ffff:169.254.169.254",
                                       "64:ff9b::7f00:1",
                                       "2002:7f00:1::1" };

  for (size_t i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_test_message ("%s", texts[i]);
      g_assert_true (is_internal (texts[i]));
    }
}

static void
test_addresses_of_others (void)
{
  static const char *const texts[] = { "1.1.1.1",          "10.0.0.1",        "192.168.1.5", "100.100.100.201",
                                       "126.0.0.1",        "128.0.0.1",       "169.253.1.1", "223.255.255.255",
                                       "2606:4700::1",     "fd00::2",         "fec0::1",     "::ffff:192.0.2.1",
                                       "64:ff9b::808:808", "2002:c000:201::1" };

  for (size_t i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_test_message ("%s", texts[i]);
      g_assert_false (is_internal (texts[i]));
    }
}

static void
test_sockets_of_this_machine (void)
{
  g_assert_true (address_is_internal (&(struct sockaddr){ .sa_family = AF_UNIX }));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/address/of-this-machine-and-its-cloud", test_addresses_of_this_machine_and_its_cloud);
  g_test_add_func ("/address/of-others", test_addresses_of_others);
  g_test_add_func ("/address/sockets-of-this-machine", test_sockets_of_this_machine);
  return g_test_run ();
}
