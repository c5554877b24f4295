# SPDX-License-Identifier: LGPL-2.1-or-later
"""A builder that somebody looks into with strace or gdb. When it dies, the kernel tells its tracer first, and the daemon, whose child it
is, once that one has heard it: ptrace(2)."""

import ctypes
import os
import pathlib
import signal

from catalog import pkgbuild
from waiting import unique_seconds, wait_until

PTRACE_SEIZE = 0x4206
ALL_CHILDREN = 0x40000000  # __WALL


def builder(hive):
    return next(pid for pid, command in hive.processes() if "rbee-hive-builder" in command.split()[0])


def is_dead(pid):
    return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"


def test_a_traced_builder_that_dies_ends_its_job_when_the_tracer_has_heard_it(hive):
    hive.catalog.add("long", pkgbuild("long", build=f"echo started\nsleep {unique_seconds()}"))
    job = hive.install("long")
    job.wait_for_line("started")
    pid = builder(hive)
    system = ctypes.CDLL(None, use_errno=True)
    assert system.ptrace(ctypes.c_long(PTRACE_SEIZE), ctypes.c_long(pid), None, None) == 0, os.strerror(ctypes.get_errno())
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: is_dead(pid), what="the builder's death")
    hive.catalog.add("other")
    hive.installs("other")  # so the daemon has looked meanwhile
    assert job.state == "running"
    os.waitpid(pid, ALL_CHILDREN)
    job.wait()
    assert job.state == "failed" and "builder ended unexpectedly" in job.get("ErrorMessage"), job.log_text()
    hive.nothing_left()
