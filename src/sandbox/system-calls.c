/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "system-calls.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/sched.h>
#include <seccomp.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "error.h"
#include "file.h"

#define LOW_HALF       UINT64_C (0xffffffff) /* where the kernel takes an int of the 64 bits that a program may set */
#define FAMILY_LAST    AF_NETLINK
#define OPEN_TREE_ATTR 467 /* since Linux 6.15; the same everywhere */

/* Refused whatever the arguments. ENOSYS where programs know older kernels and do without, EPERM where they know
 * kernels that are set up so. Left alone, because builds and their tests use it and it reaches no further than the
 * sandbox's own processes and user: ptrace (LeakSanitizer, gdb), personality (setarch), mbind and the like (OpenMP),
 * modify_ldt (wine), aio, landlock. */
static const struct
{
  int call;
  int errnum;
} refused[] = {
  /* Opens sockets, files and more past every filter of system calls, this one too. Everybody falls back. */
  { SCMP_SYS (io_uring_setup), ENOSYS },
  { SCMP_SYS (io_uring_enter), ENOSYS },
  { SCMP_SYS (io_uring_register), ENOSYS },
  /* Its flags lie in memory, where no filter sees them; the C libraries go on with clone(2). */
  { SCMP_SYS (clone3), ENOSYS },
  /* Keyrings are the one thing of the caller's that no namespace takes away: tickets, keys of file systems. */
  { SCMP_SYS (add_key), EPERM },
  { SCMP_SYS (keyctl), EPERM },
  { SCMP_SYS (request_key), EPERM },
  /* Large, and a row of ways into the kernel; for tracing machines, not for building. */
  { SCMP_SYS (bpf), EPERM },
  { SCMP_SYS (perf_event_open), EPERM },
  { SCMP_SYS (userfaultfd), EPERM }, /* stops the kernel in the middle of what it does: what many exploits need */
  /* Other namespaces and mounts: there is no right to any here, and this does not ask whether. */
  { SCMP_SYS (setns), EPERM },
  { SCMP_SYS (mount), EPERM },
  { SCMP_SYS (umount2), EPERM },
  { SCMP_SYS (pivot_root), EPERM },
  { SCMP_SYS (open_tree), ENOSYS },
  { OPEN_TREE_ATTR, ENOSYS },
  { SCMP_SYS (move_mount), ENOSYS },
  { SCMP_SYS (fsopen), ENOSYS },
  { SCMP_SYS (fsconfig), ENOSYS },
  { SCMP_SYS (fsmount), ENOSYS },
  { SCMP_SYS (fspick), ENOSYS },
  { SCMP_SYS (mount_setattr), ENOSYS },
  /* A file by its number, past all folders: the way out of more than one container. */
  { SCMP_SYS (open_by_handle_at), EPERM },
  /* The machine's: its kernel, its log, its clock, its disks. */
  { SCMP_SYS (init_module), EPERM },
  { SCMP_SYS (finit_module), EPERM },
  { SCMP_SYS (delete_module), EPERM },
  { SCMP_SYS (kexec_load), EPERM },
  { SCMP_SYS (kexec_file_load), EPERM },
  { SCMP_SYS (reboot), EPERM },
  { SCMP_SYS (syslog), EPERM },
  { SCMP_SYS (acct), EPERM },
  { SCMP_SYS (quotactl), EPERM },
  { SCMP_SYS (quotactl_fd), EPERM },
  { SCMP_SYS (swapon), EPERM },
  { SCMP_SYS (swapoff), EPERM },
  { SCMP_SYS (settimeofday), EPERM },
  { SCMP_SYS (clock_settime), EPERM },
  /* Of no use to anybody for decades, and still there. */
  { SCMP_SYS (uselib), ENOSYS },
  { SCMP_SYS (lookup_dcookie), ENOSYS },
};

/* Types what a person is then taken to have typed, on a terminal that is shared. */
static const unsigned long refused_ioctls[] = { TIOCSTI, TIOCLINUX };

/* AF_VSOCK reaches the host of a virtual machine, AF_ALG and AF_PACKET and what is older the kernel's least read code.
 * AF_NETLINK is what getaddrinfo(3) and Go ask for the machine's addresses. */
static const int families[] = { AF_UNSPEC, AF_UNIX, AF_INET, AF_INET6, AF_NETLINK };

static bool
family_is_allowed (int family)
{
  for (size_t i = 0; i < G_N_ELEMENTS (families); i++)
    if (families[i] == family)
      return true;
  return false;
}

/* Of netlink's many protocols, the one that tells addresses and routes. */
static int
filter_add_netlink (scmp_filter_ctx filter)
{
  return seccomp_rule_add (filter, SCMP_ACT_ERRNO (EPROTONOSUPPORT), SCMP_SYS (socket), 2,
                           SCMP_A0 (SCMP_CMP_EQ, AF_NETLINK), SCMP_A2 (SCMP_CMP_NE, NETLINK_ROUTE));
}

static int
filter_add_families (scmp_filter_ctx filter, int call)
{
  const uint32_t action = SCMP_ACT_ERRNO (EAFNOSUPPORT);
  int r = seccomp_rule_add (filter, action, call, 1, SCMP_A0 (SCMP_CMP_GT, FAMILY_LAST));

  for (int family = 0; family < FAMILY_LAST && r == 0; family++)
    if (!family_is_allowed (family))
      r = seccomp_rule_add (filter, action, call, 1, SCMP_A0 (SCMP_CMP_EQ, family));
  return r;
}

/* The calls that are refused by what they are given. */
static int
filter_add_conditions (scmp_filter_ctx filter)
{
  const uint32_t denied = SCMP_ACT_ERRNO (EPERM);
  const struct scmp_arg_cmp user = SCMP_A0 (SCMP_CMP_MASKED_EQ, CLONE_NEWUSER, CLONE_NEWUSER);
  /* The oldest architectures have clone's first two arguments the other way round. */
#if defined(__s390__) || defined(__CRIS__)
  const struct scmp_arg_cmp cloned = SCMP_A1 (SCMP_CMP_MASKED_EQ, CLONE_NEWUSER, CLONE_NEWUSER);
#else
  const struct scmp_arg_cmp cloned = user;
#endif
  int r = seccomp_rule_add_array (filter, denied, SCMP_SYS (unshare), 1, &user);

  if (r == 0)
    r = seccomp_rule_add_array (filter, denied, SCMP_SYS (clone), 1, &cloned);
  for (size_t i = 0; i < G_N_ELEMENTS (refused_ioctls) && r == 0; i++)
    r = seccomp_rule_add (filter, denied, SCMP_SYS (ioctl), 1,
                          SCMP_A1 (SCMP_CMP_MASKED_EQ, LOW_HALF, refused_ioctls[i]));
  return r;
}

/* Sockets that have no name in any file are the network's: who has this machine's own has no Unix socket, but for
 * connected pairs, which reach nobody else. Where socketcall(2) has its arguments in memory it is refused whole. */
static int
filter_add_unix (scmp_filter_ctx filter)
{
  int r =
      seccomp_rule_add (filter, SCMP_ACT_ERRNO (EAFNOSUPPORT), SCMP_SYS (socket), 1, SCMP_A0 (SCMP_CMP_EQ, AF_UNIX));

#ifdef __NR_socketcall
  if (r == 0)
    r = seccomp_rule_add (filter, SCMP_ACT_ERRNO (ENOSYS), SCMP_SYS (socketcall), 0);
#endif
  return r;
}

/* 0 or a negative errno. */
static int
filter_fill (scmp_filter_ctx filter, bool unix_sockets)
{
  /* What is called by another architecture's numbers (i386, x32) is as on a kernel without that architecture. */
  int r = seccomp_attr_set (filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ERRNO (ENOSYS));

  for (size_t i = 0; i < G_N_ELEMENTS (refused) && r == 0; i++)
    r = seccomp_rule_add (filter, SCMP_ACT_ERRNO (refused[i].errnum), refused[i].call, 0);
  if (r == 0)
    r = filter_add_conditions (filter);
  if (r == 0)
    r = filter_add_families (filter, SCMP_SYS (socket));
  if (r == 0)
    r = filter_add_families (filter, SCMP_SYS (socketpair));
  if (r == 0 && !unix_sockets)
    r = filter_add_unix (filter);
  return r < 0 ? r : filter_add_netlink (filter);
}

int
system_calls_filter (bool unix_sockets, GError **error)
{
  scmp_filter_ctx filter = seccomp_init (SCMP_ACT_ALLOW);
  g_auto (Fd) fd = memfd_create ("seccomp", MFD_CLOEXEC);
  int r = fd < 0 ? -errno : filter ? filter_fill (filter, unix_sockets) : -ENOMEM;

  if (r == 0)
    r = seccomp_export_bpf (filter, fd);
  if (r == 0 && lseek (fd, 0, SEEK_SET) < 0)
    r = -errno;
  if (filter)
    seccomp_release (filter);
  if (r == 0)
    return fd_steal (&fd);
  g_set_error (error, HIVE_ERROR, HIVE_ERROR_SANDBOX_UNAVAILABLE,
               "The filter of system calls could not be made: libseccomp says %s", g_strerror (-r));
  return -1;
}
