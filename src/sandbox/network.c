/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "network.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <ifaddrs.h>
#include <linux/capability.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "address.h"
#include "file.h"
#include "network-link.h"

#define SAID_MAX 1024 /* of what pasta says */

/* How a family is reached. */
typedef struct
{
  int family;
  const char *probe;            /* an address of the world; nothing is sent to it */
  const char *option;           /* pasta's, for it alone */
  const char *public, *private; /* our address, of the kind that this machine has, which decides what programs prefer */
  const char *gateway, *nobody, *dns;
  const char *everywhere;
  const char *carrier; /* of the other family, and not of everywhere */
  bool there;
  AddressRange gateway_range, nobody_range;
} Way;

/* Where this machine has no way to the world but neighbours, the link to them; else NULL. pasta finds none itself. */
static char *link_name;

#define NAT64 "64:ff9b::"

/* What programs see of these addresses leads nowhere outside, should it ever get there: 240.0.0.0/4 is reserved,
 * and 100::/64 is discarded by routers. */
static Way ways[] = {
  { AF_INET, "1.1.1.1", "-4", "240.0.0.2", "240.0.0.2", "240.0.0.1", "240.0.0.3", NETWORK_DNS4, "0.0.0.0/0", NULL },
  { AF_INET6, "2606:4700:4700::1111", "-6", "100::2", "fd72:6265:6500::2", "100::1", "100::3", NETWORK_DNS6, "2000::/3",
    NAT64 "/96" },
};

static _Noreturn void G_GNUC_PRINTF (1, 2) fail (const char *format, ...)
{
  va_list arguments;

  va_start (arguments, format);
  fputs (NETWORK_PREFIX, stderr);
  vfprintf (stderr, format, arguments);
  fputc ('\n', stderr);
  va_end (arguments);
  exit (1);
}

/* @r: a negative errno, or 0. */
static void
must (int r, const char *what)
{
  if (r < 0)
    fail ("cannot %s: %s", what, g_strerror (-r));
}

/* @r: of a call that sets errno. */
static void
must_call (long r, const char *what)
{
  must (r < 0 ? -errno : 0, what);
}

static AddressRange
range_of (const char *text)
{
  AddressRange range;

  if (!address_range_parse (text, &range))
    fail ("\"%s\" is not an address", text);
  return range;
}

/* Whether this machine has a way to the world by that family, and from which address: asked of its routes. */
static void
way_find (Way *way)
{
  g_auto (Fd) fd = socket (way->family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  AddressRange probe = range_of (way->probe);
  struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_port = htons (9) };
  struct sockaddr_in four = { .sin_family = AF_INET, .sin_port = htons (9) };
  struct sockaddr *to = way->family == AF_INET ? (struct sockaddr *)&four : (struct sockaddr *)&six;
  socklen_t length = way->family == AF_INET ? sizeof four : sizeof six;

  memcpy (way->family == AF_INET ? (void *)&four.sin_addr : (void *)&six.sin6_addr, probe.bytes,
          way->family == AF_INET ? sizeof four.sin_addr : sizeof six.sin6_addr);
  way->there = fd >= 0 && connect (fd, to, length) == 0 && getsockname (fd, to, &length) == 0 &&
               address_kind (to) != ADDRESS_INTERNAL;
  if (address_kind (to) == ADDRESS_PRIVATE)
    way->public = way->private;
}

static void
find_ways (void)
{
  struct ifaddrs *addresses = NULL;

  for (size_t i = 0; i < G_N_ELEMENTS (ways); i++)
    way_find (&ways[i]);
  if (ways[0].there || ways[1].there)
    return;
  must_call (getifaddrs (&addresses), "list this machine's addresses");
  for (const struct ifaddrs *each = addresses; each; each = each->ifa_next)
    for (size_t i = 0; i < G_N_ELEMENTS (ways); i++)
      if (each->ifa_addr && each->ifa_addr->sa_family == ways[i].family && each->ifa_flags & IFF_RUNNING &&
          address_kind (each->ifa_addr) != ADDRESS_INTERNAL && (!link_name || g_str_equal (link_name, each->ifa_name)))
        {
          g_free (link_name);
          link_name = g_strdup (each->ifa_name);
          ways[i].there = true;
          if (address_kind (each->ifa_addr) == ADDRESS_PRIVATE)
            ways[i].public = ways[i].private;
        }
  freeifaddrs (addresses);
}

/* What nobody is to reach: what is not public, and whatever this machine answers to. */
static GArray *
denied_ranges (void)
{
  GArray *denied = address_ranges (ADDRESS_INTERNAL);
  g_autoptr (GArray) private = address_ranges (ADDRESS_PRIVATE);
  struct ifaddrs *addresses = NULL;

  g_array_append_vals (denied, private->data, private->len);
  must_call (getifaddrs (&addresses), "list this machine's addresses");
  for (const struct ifaddrs *each = addresses; each; each = each->ifa_next)
    {
      g_autofree char *text = NULL;
      AddressRange range;

      if (!each->ifa_addr)
        continue;
      text = address_to_string (each->ifa_addr);
      if (*text && address_range_parse (text, &range))
        g_array_append_val (denied, range);
      /* And as NAT64 writes it (RFC 6052), where that is reached. */
      if (*text && each->ifa_addr->sa_family == AF_INET)
        {
          g_autofree char *carried = g_strconcat (NAT64, text, NULL);
          range = range_of (carried);
          g_array_append_val (denied, range);
        }
    }
  freeifaddrs (addresses);
  return denied;
}

static void
add_allowed (GArray *allowed, const char *text)
{
  g_autoptr (GArray) ranges = address_ranges (ADDRESS_PRIVATE);

  if (!g_str_equal (text, ADDRESS_ALL_PRIVATE))
    {
      g_array_set_size (ranges, 1);
      g_array_index (ranges, AddressRange, 0) = range_of (text);
    }
  g_array_append_vals (allowed, ranges->data, ranges->len);
}

static void
write_file (const char *path, const char *text)
{
  g_auto (Fd) fd = open (path, O_WRONLY | O_CLOEXEC);

  if (fd < 0 || write (fd, text, strlen (text)) < 0)
    fail ("cannot write %s: %s", path, g_strerror (errno));
}

/* A user namespace in which this process has all rights over what it makes. */
static void
unshare_user (void)
{
  g_autofree char *uid = g_strdup_printf ("%u %u 1\n", (unsigned)getuid (), (unsigned)getuid ());
  g_autofree char *gid = g_strdup_printf ("%u %u 1\n", (unsigned)getgid (), (unsigned)getgid ());

  must_call (unshare (CLONE_NEWUSER), "make a user namespace");
  write_file ("/proc/self/setgroups", "deny");
  write_file ("/proc/self/uid_map", uid);
  write_file ("/proc/self/gid_map", gid);
}

/* Of this process the namespace's own: none, since pasta may look at nobody who has more than it; or those that pasta
 * lives by, past its execve(). */
static void
set_capabilities (bool pasta)
{
  static const int needed[] = { CAP_SYS_ADMIN, CAP_NET_ADMIN, CAP_NET_BIND_SERVICE };
  struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
  struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { 0 };

  for (size_t i = 0; pasta && i < G_N_ELEMENTS (needed); i++)
    data[0].effective |= 1U << needed[i];
  data[0].permitted = data[0].inheritable = data[0].effective;
  must_call (syscall (SYS_capset, &head, data), "set capabilities");
  for (size_t i = 0; pasta && i < G_N_ELEMENTS (needed); i++)
    must_call (prctl (PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, needed[i], 0, 0), "keep capabilities");
}

static char **
pasta_command (const char *pasta, pid_t namespace, const char *ports)
{
  g_autoptr (GStrvBuilder) command = g_strv_builder_new ();
  g_autofree char *path = g_strdup_printf ("/proc/%d/ns/net", (int)namespace);
  const bool both = ways[0].there && ways[1].there;

  g_strv_builder_add_many (command, pasta, "--quiet", "--netns", path, "--ns-ifname", NETWORK_LINK, "--no-map-gw",
                           "--no-netns-quit", "--no-dhcp", "--no-dhcpv6", "--no-ndp", "--no-ra", "--no-icmp", "-t",
                           "none", "-u", "none", "-T", ports, "-U", "none", NULL);
  for (size_t i = 0; i < G_N_ELEMENTS (ways); i++)
    if (ways[i].there)
      {
        g_strv_builder_add_many (command, "--dns-forward", ways[i].dns, NULL);
        if (!both)
          g_strv_builder_add (command, ways[i].option);
        if (link_name) /* which has no gateway, and pasta wants one */
          g_strv_builder_add_many (command, "--gateway", ways[i].gateway, NULL);
      }
  if (link_name)
    g_strv_builder_add_many (command, "--interface", link_name, NULL);
  return g_strv_builder_end (command);
}

/* The first process of a PID namespace, which ends with the program that this one becomes, and pasta with it. @said is
 * what it tells in: pasta's complaints, or a NUL byte when the network is there. */
static _Noreturn void
keep_pasta (int begin, int said, char **command)
{
  char byte;
  int status;
  pid_t pid;

  prctl (PR_SET_PDEATHSIG, SIGKILL);
  if (read (begin, &byte, 1) != 1)
    _exit (1);
  pid = fork ();
  if (pid == 0)
    {
      dup2 (said, STDERR_FILENO);
      close_range (STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC); /* the program's are not pasta's to hold */
      set_capabilities (true);
      execv (*command, command);
      dprintf (said, "%s", g_strerror (errno));
      _exit (127);
    }
  if (pid < 0 || waitpid (pid, &status, 0) != pid || !WIFEXITED (status) || WEXITSTATUS (status) != 0 ||
      write (said, "", 1) != 1 || close_range (0, ~0U, 0) < 0)
    _exit (1);
  while (wait (NULL) > 0 || errno == EINTR)
    ;
  _exit (0);
}

static int
start_keeper (const char *pasta, const char *ports, int *ret_said)
{
  pid_t namespace = getpid ();
  int begin[2], said[2];
  pid_t pid;

  must_call (pipe2 (begin, O_CLOEXEC), "make a pipe");
  must_call (pipe2 (said, O_CLOEXEC), "make a pipe");
  pid = syscall (SYS_clone, CLONE_NEWPID | SIGCHLD, NULL, NULL, NULL, NULL);
  must_call (pid, "make a PID namespace");
  if (pid == 0)
    {
      int null = open ("/dev/null", O_RDWR | O_CLOEXEC);

      for (int fd = 0; fd <= STDERR_FILENO; fd++)
        dup2 (null, fd);
      close (begin[1]);
      keep_pasta (begin[0], said[1], pasta_command (pasta, namespace, ports));
    }
  close (begin[0]);
  close (said[1]);
  *ret_said = said[0];
  return begin[1];
}

static void
wait_for_pasta (int begin, int said)
{
  char text[SAID_MAX + 1];
  size_t length = 0;
  ssize_t n;

  must_call (write (begin, "", 1), "start pasta");
  while ((n = read (said, text + length, SAID_MAX - length)) > 0)
    {
      length += n;
      if (text[length - 1] == '\0')
        return;
    }
  text[length] = '\0';
  fail ("pasta: %s", length > 0 ? g_strdelimit (g_strchomp (text), "\n", ';') : "it ended and said nothing");
}

static void
way_open (Way *way)
{
  const AddressRange address = range_of (way->public), everywhere = range_of (way->everywhere);

  way->gateway_range = range_of (way->gateway);
  way->nobody_range = range_of (way->nobody);
  must (network_link_add_family (&address, &way->gateway_range), "set an address");
  must (network_link_allow (&everywhere, &way->gateway_range), "set a route");
  if (way->carrier)
    {
      const AddressRange carrier = range_of (way->carrier);

      must (network_link_allow (&carrier, &way->gateway_range), "set a route");
    }
}

/* The way of the range's family; NULL: there is none. */
static const Way *
way_of (const AddressRange *range)
{
  for (size_t i = 0; i < G_N_ELEMENTS (ways); i++)
    if (ways[i].family == range->family && ways[i].there)
      return &ways[i];
  return NULL;
}

/* The namespace and all that is in it. */
static void
make_network (const GArray *allowed, const GArray *denied)
{
  must_call (unshare (CLONE_NEWNET), "make a network namespace");
  must (network_link_up_loopback (), "bring the loopback device up");
  if (!ways[0].there && !ways[1].there)
    return;
  must (network_link_make (), "make a device of /dev/net/tun");
  for (size_t i = 0; i < G_N_ELEMENTS (ways); i++)
    if (ways[i].there)
      way_open (&ways[i]);
  for (guint i = 0; i < denied->len; i++)
    {
      const AddressRange *range = &g_array_index (denied, AddressRange, i);
      const Way *way = way_of (range);

      if (way)
        must (network_link_deny (range, &way->nobody_range), "deny an address");
    }
  for (guint i = 0; i < allowed->len; i++)
    {
      const AddressRange *range = &g_array_index (allowed, AddressRange, i);
      const Way *way = way_of (range);

      if (way)
        must (network_link_allow (range, &way->gateway_range), "allow an address");
    }
}

/* Who asked closes our input, or dies. */
static _Noreturn void
hold (void)
{
  int null = open ("/dev/null", O_RDWR | O_CLOEXEC);
  char byte;

  must_call (null < 0 || write (STDOUT_FILENO, "", 1) != 1 ? -1 : 0, "say that the network is there");
  dup2 (null, STDOUT_FILENO);
  dup2 (null, STDERR_FILENO);
  while (read (STDIN_FILENO, &byte, 1) < 0 && errno == EINTR)
    ;
  _exit (0);
}

static void
join (const char *pid, const char *name, int kind)
{
  g_autofree char *path = g_strdup_printf ("/proc/%s/ns/%s", pid, name);
  g_auto (Fd) fd = open (path, O_RDONLY | O_CLOEXEC);

  must_call (fd < 0 ? fd : setns (fd, kind), "join the job's network");
}

static _Noreturn void
run (char **command)
{
  set_capabilities (false);
  execv (*command, command);
  fail ("cannot run %s: %s", *command, g_strerror (errno));
}

int
main (int argc, char **argv)
{
  static const struct option options[] = {
    { "pasta", required_argument, NULL, 'x' }, { "allow", required_argument, NULL, 'a' },
    { "port", required_argument, NULL, 'p' },  { "hold", no_argument, NULL, 'h' },
    { "join", required_argument, NULL, 'j' },  {}
  };
  g_autoptr (GArray) allowed = g_array_new (FALSE, FALSE, sizeof (AddressRange));
  g_autoptr (GString) ports = g_string_new (NULL);
  g_autoptr (GArray) denied = NULL;
  const char *pasta = NULL, *held = NULL;
  int option, begin, said;
  bool holds = false;

  while ((option = getopt_long (argc, argv, "+", options, NULL)) >= 0)
    {
      if (option == 'x')
        pasta = optarg;
      else if (option == 'a')
        add_allowed (allowed, optarg);
      else if (option == 'p')
        g_string_append_printf (ports, "%s%s", ports->len > 0 ? "," : "", optarg);
      else if (option == 'h')
        holds = true;
      else if (option == 'j')
        held = optarg;
      else
        fail ("it is started by rbee-hive-builder");
    }
  if (held)
    {
      join (held, "user", CLONE_NEWUSER);
      join (held, "net", CLONE_NEWNET);
      run (argv + optind);
    }
  find_ways ();
  for (size_t i = 0; i < G_N_ELEMENTS (ways); i++)
    {
      AddressRange dns = range_of (ways[i].dns);

      g_array_append_val (allowed, dns);
    }
  if (!pasta && (ways[0].there || ways[1].there))
    fail ("pasta: not installed");
  denied = denied_ranges ();
  unshare_user ();
  begin = start_keeper (pasta, ports->len > 0 ? ports->str : "none", &said);
  make_network (allowed, denied);
  set_capabilities (false);
  if (ways[0].there || ways[1].there)
    wait_for_pasta (begin, said);
  close (begin);
  close (said);
  if (holds)
    hold ();
  run (argv + optind);
}
