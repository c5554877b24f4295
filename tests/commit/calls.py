# SPDX-License-Identifier: LGPL-2.1-or-later
"""The system calls of one process, as `strace -f -y` writes them."""

import collections
import os
import re

LINE = re.compile(r"(\d+) +(\w+)\((.*)\) += (.*)")
DESCRIPTOR = re.compile(r"\d+<([^>]*)>")
# 7</a/folder>, "a name" or, where the working directory doesn't matter, "/a/name"
NAME = re.compile(r'(?:(?:\d+|AT_FDCWD)<([^>]*)>, )?"((?:[^"\\]|\\.)*)"')
# What these do is gone with the process.
LOOKING = frozenset(
    """access arch_prctl brk capget clock_gettime close dup dup3 faccessat faccessat2 fcntl fgetxattr flistxattr flock fstat fstatfs
futex getcwd getdents64 getegid geteuid getgid getpid getrandom gettid getuid getxattr listxattr lseek lstat memfd_create mmap mprotect munmap
newfstatat poll ppoll prctl pread64 prlimit64 read readlink readlinkat rseq rt_sigaction rt_sigprocmask sched_getaffinity sched_yield
set_robust_list set_tid_address stat statfs statx sysinfo umask uname""".split()
)


class Call:
    """@occurrence counts the calls of the same name, from 1; the rest is text as strace has it."""

    def __init__(self, name, arguments, result, occurrence):
        self.name, self.arguments, self.result, self.occurrence = name, arguments, result, occurrence

    def __repr__(self):
        return f"{self.name}({self.arguments}) = {self.result}"

    def works(self):
        return not self.result.startswith(("-", "?"))

    def descriptor(self):
        """The file behind the first argument."""
        match = DESCRIPTOR.match(self.arguments)
        return match[1] if match else ""

    def names(self):
        """The paths that it gives by name, whole."""
        return [os.path.normpath(os.path.join(match[1] or "/", match[2])) for match in NAME.finditer(self.arguments)]

    def made(self):
        """The name that it makes."""
        if self.name in ("mkdir", "mkdirat", "symlink", "symlinkat", "link", "linkat"):
            return self.names()[-1:]
        return self.emptied()

    def emptied(self):
        """The file, or folder, that it makes, or makes empty."""
        if self.name in ("mkdir", "mkdirat") or (self.name in ("open", "openat") and re.search("O_CREAT.*(O_EXCL|O_TRUNC)", self.arguments)):
            return self.names()
        return []

    def removed(self):
        return self.names() if self.name in ("unlink", "unlinkat", "rmdir") else []

    def renamed(self):
        """(from, to), or nothing."""
        return tuple(self.names()) if self.name in ("rename", "renameat", "renameat2") else ()

    def written(self):
        """The file, or folder, whose content or mode it changes."""
        return [self.descriptor()] if self.name in ("write", "pwrite64", "ftruncate", "fchmod", "fchown") else []

    def synced(self):
        return [self.descriptor()] if self.name in ("fsync", "fdatasync") else []

    def leaves_something(self):
        """Whether, for all that is known, things are otherwise after it, even when the process is killed then."""
        if self.name in ("open", "openat", "openat2"):
            return bool(re.search("O_CREAT|O_TRUNC|O_TMPFILE", self.arguments))
        return self.name not in LOOKING

    def changed(self):
        return [*self.made(), *self.removed(), *self.renamed(), *self.written()] if self.works() else []


def telling(calls):
    """Those at which it makes a difference to be killed: the first, and each that comes after one which left something."""
    return [call for before, call in zip([None, *calls], calls) if not before or before.leaves_something()]


def read_calls(text):
    """Those after execve() itself, in order. There is one process, which starts no threads."""
    calls, counts, processes = [], collections.Counter(), set()
    for line in text.splitlines():
        match = LINE.fullmatch(line)
        if not match:
            assert "+++ exited with" in line, line
            continue
        processes.add(match[1])
        counts[match[2]] += 1
        calls.append(Call(match[2], match[3], match[4], counts[match[2]]))
    assert len(processes) == 1 and calls[0].name == "execve"
    return calls[1:]
