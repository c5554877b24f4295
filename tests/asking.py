# SPDX-License-Identifier: LGPL-2.1-or-later
"""A recipe whose functions try what a sandbox must refuse, and what it must not."""

import platform

from catalog import pkgbuild

PROGRAM = r"""
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define TRY(name, call) do { errno = 0; long r = (call); printf ("%s %s\n", name, r >= 0 ? "done" : strerrorname_np (errno)); } while (0)

/* systemd's filter ends a program for it. */
#define TRY_APART(name, call) do { int status; fflush (stdout); if (fork () == 0) { TRY (name, call); fflush (stdout); _exit (0); } \
  wait (&status); if (WIFSIGNALED (status)) printf ("%s SIGSYS\n", name); } while (0)

#ifdef __x86_64__
static long i386_socket (void)
{
  long r;

  __asm__ volatile ("int $0x80" : "=a" (r) : "a" (359), "b" (AF_VSOCK), "c" (SOCK_STREAM), "d" (0) : "memory", "r8", "r9", "r10", "r11");
  errno = r < 0 ? -(int) r : 0;
  return r;
}
#endif

int main (void)
{
  char zeros[256] = "";
  int tty = open ("/dev/ptmx", O_RDWR | O_NOCTTY), pid;

  TRY ("io_uring_setup", syscall (SYS_io_uring_setup, 1, zeros));
  TRY ("io_uring_enter", syscall (SYS_io_uring_enter, -1, 0, 0, 0, 0, 0));
  TRY ("io_uring_register", syscall (SYS_io_uring_register, -1, 0, 0, 0));
  TRY ("clone3", syscall (SYS_clone3, zeros, 64));
  TRY ("clone-newuser", syscall (SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0));
  TRY ("unshare-newuser", unshare (CLONE_NEWUSER));
  TRY ("keyctl", syscall (SYS_keyctl, 0, -3, 0));
  TRY ("add_key", syscall (SYS_add_key, "user", "a", "b", 1, -3));
  TRY ("request_key", syscall (SYS_request_key, "user", "a", 0, 0));
  TRY ("bpf", syscall (SYS_bpf, 0, zeros, 32));
  TRY ("perf_event_open", syscall (SYS_perf_event_open, zeros, 0, -1, -1, 0));
  TRY ("userfaultfd", syscall (SYS_userfaultfd, 1));
  TRY ("mount", syscall (SYS_mount, "none", "/tmp", "tmpfs", 0, 0));
  TRY ("fsopen", syscall (SYS_fsopen, "tmpfs", 0));
  TRY ("open_tree_attr", syscall (467, -1, "/", 0, 0, 0));
  TRY ("open_by_handle_at", syscall (SYS_open_by_handle_at, -1, zeros, 0));
  TRY ("syslog", syscall (SYS_syslog, 10, 0, 0));
  TRY ("tiocsti", ioctl (tty, TIOCSTI, "x"));
  TRY ("tiocsti-high", syscall (SYS_ioctl, tty, (1UL << 32) | TIOCSTI, "x"));
  TRY ("vsock", socket (AF_VSOCK, SOCK_STREAM, 0));
  TRY ("vsock-high", syscall (SYS_socket, (1UL << 32) | AF_VSOCK, SOCK_STREAM, 0));
  TRY ("alg", socket (AF_ALG, SOCK_SEQPACKET, 0));
  TRY ("packet", socket (AF_PACKET, SOCK_RAW, 0));
  TRY ("ax25", socket (AF_AX25, SOCK_DGRAM, 0));
  TRY ("tipc-pair", socketpair (AF_TIPC, SOCK_STREAM, 0, (int[2]){ 0 }));
  TRY ("netlink-generic", socket (AF_NETLINK, SOCK_RAW, 16));
#ifdef __x86_64__
  TRY_APART ("x32-socket", syscall (0x40000000 | SYS_socket, AF_VSOCK, SOCK_STREAM, 0));
  TRY_APART ("i386-socket", i386_socket ());
#endif
  TRY ("unix", socket (AF_UNIX, SOCK_STREAM, 0));
  TRY ("inet", socket (AF_INET, SOCK_STREAM, 0));
  TRY ("inet6", socket (AF_INET6, SOCK_DGRAM, 0));
  TRY ("netlink-route", socket (AF_NETLINK, SOCK_RAW, 0));
  TRY ("unshare-files", unshare (CLONE_FILES));
  TRY ("memfd", memfd_create ("a", 0));
  pid = fork ();
  if (pid == 0)
    _exit (ptrace (PTRACE_TRACEME, 0, 0, 0) < 0);
  waitpid (pid, &(int){ 0 }, 0);
  TRY ("fork", pid);
  return 0;
}
"""

REFUSED = {
    "io_uring_setup": "ENOSYS",
    "io_uring_enter": "ENOSYS",
    "io_uring_register": "ENOSYS",
    "clone3": "ENOSYS",
    "clone-newuser": "EPERM",
    "unshare-newuser": "EPERM",
    "keyctl": "EPERM",
    "add_key": "EPERM",
    "request_key": "EPERM",
    "bpf": "EPERM",
    "perf_event_open": "EPERM",
    "userfaultfd": "EPERM",
    "mount": "EPERM",
    "fsopen": "ENOSYS",
    "open_tree_attr": "ENOSYS",
    "open_by_handle_at": "EPERM",
    "syslog": "EPERM",
    "tiocsti": "EPERM",
    "tiocsti-high": "EPERM",
    "vsock": "EAFNOSUPPORT",
    "vsock-high": "EAFNOSUPPORT",
    "alg": "EAFNOSUPPORT",
    "packet": "EAFNOSUPPORT",
    "ax25": "EAFNOSUPPORT",
    "tipc-pair": "EAFNOSUPPORT",
    "netlink-generic": "EPROTONOSUPPORT",
}
OTHER_NUMBERS = {"x32-socket": "ENOSYS", "i386-socket": "ENOSYS"} if platform.machine() == "x86_64" else {}
ALLOWED = ("unix", "inet", "inet6", "netlink-route", "unshare-files", "memfd", "fork")


def asking(name):
    """A recipe whose every function compiles the program and runs it."""
    ask = f'cat >"$srcdir/ask.c" <<\'C\'\n{PROGRAM}C\ncc -o "$srcdir/ask" "$srcdir/ask.c"\n"$srcdir/ask" | sed \'s/^/asked /\''
    package = f'"$srcdir/ask" | sed "s/^/asked /"\ninstall -D /bin/true "$pkgdir/usr/local/bin/{name}"'
    return pkgbuild(name, extra=f"prepare() {{\n{ask}\n}}", build=ask, package=package)


def answers(lines):
    """What came of each try, of each function."""
    found = [line.split()[1:] for line in lines if line.startswith("asked ")]
    size = len(REFUSED) + len(OTHER_NUMBERS) + len(ALLOWED)
    assert len(found) == 3 * size, "\n".join(lines)
    return [dict(found[i : i + size]) for i in range(0, len(found), size)]
