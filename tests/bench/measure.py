# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the benches share: the build to measure, how large each is, and the named programs beside the hive."""

import os
import pathlib
import re
import resource
import subprocess
import sys
import time

SOURCE = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(SOURCE / "tests"), str(SOURCE / "tests" / "bridge")]
from gi.repository import Gio, GLib  # noqa: E402

from build import Build  # noqa: E402
from client import JOB  # noqa: E402
from hive import Hive  # noqa: E402
from uids import Uids  # noqa: E402
from waiting import wait_until  # noqa: E402

USERS = Uids()
size = 1.0  # of each bench
peers = True  # whether the named programs are measured too


def amount(whole, least=1):
    """So many of @whole as this run's size has it."""
    return max(least, round(whole * size))


def release_build(folder, source=SOURCE):
    """Compiles @source into @folder with buildtype=release."""
    if not (folder / "build.ninja").exists():
        subprocess.run(
            ["meson", "setup", "--buildtype=release", "-Dweb=disabled", "-Dwindow=disabled", str(folder), str(source)],
            check=True,
            stdout=subprocess.DEVNULL,
        )
    subprocess.run(["ninja", "-C", str(folder)], check=True, stdout=subprocess.DEVNULL)


def installed(folder=None):
    """The programs of the build in @folder; of none: of RBEE_TEST_BUILD, or else of build/bench, made here."""
    if folder is None and "RBEE_TEST_BUILD" not in os.environ:
        folder = SOURCE / "build" / "bench"
        release_build(folder)
    if folder is not None:
        os.environ["RBEE_TEST_BUILD"] = str(folder)
        os.environ.pop("RBEE_TEST_INSTALLED", None)
    return Build()


def hive_on(build, **log):
    hive = Hive(build, USERS.range)
    hive.configure("Log", **log)
    return hive


def ordinary_user():
    """makepkg refuses root: (a command that drops it, the home of who runs then)."""
    if os.geteuid() != 0:
        return []
    return ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--"]


def seconds(command, **options):
    start = time.monotonic()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, **options)
    return time.monotonic() - start


def makepkg(folder, recipe, files=(), configuration=None):
    """The command and the options that run makepkg on a recipe in @folder, as somebody who is not root."""
    folder.mkdir()
    for name, data in {**dict(files), "PKGBUILD": recipe}.items():
        (folder / name).write_bytes(data if isinstance(data, bytes) else data.encode())
    if configuration:
        (folder / "makepkg.conf").write_text(configuration)
    if os.geteuid() == 0:
        subprocess.run(["chown", "-R", "65534:65534", str(folder)], check=True)
    environment = dict(
        os.environ,
        PACMAN="true",
        HOME=str(folder),
        PKGDEST=str(folder),
        BUILDDIR=str(folder),
        LC_ALL="C.UTF-8",
        **({"MAKEPKG_CONF": str(folder / "makepkg.conf")} if configuration else {}),
    )
    return [*ordinary_user(), "makepkg", "-d", "--nocheck", "-f", "-C"], {"cwd": folder, "env": environment}


class Installs:
    """Installs of one worker, timed from InstallWorker to Finished."""

    def __init__(self, hive, name):
        self.hive, self.name, self.ended = hive, name, []
        hive.start()
        self.connection = hive.connect()
        self.connection.signal_subscribe(None, JOB, "Finished", None, None, Gio.DBusSignalFlags.NONE, lambda *_: self.ended.append(time.monotonic()))

    def once(self):
        time.sleep(0.1)  # one install is measured, and the kernel takes namespaces of the one before down meanwhile
        self.ended.clear()
        start = time.monotonic()
        job = self.hive.install(self.name, connection=self.connection, reinstall=True)
        while not self.ended:
            GLib.MainContext.default().iteration(True)
        assert job.wait() == ("done", "", ""), job.log_text()
        self.job = job
        return self.ended[0] - start


def cpu_seconds(pid, ended_children=False):
    """Of the processors; with those of its children, and theirs, that have ended."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return sum(map(int, fields[11 : 15 if ended_children else 13])) / os.sysconf("SC_CLK_TCK")


def children_cpu_seconds():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def peak_kib(pid):
    return int(re.search(r"^VmHWM:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)[1])


def builder_of(hive):
    """Of the one job that runs: the daemon's child, and none of the forks of that; waits for it."""
    children = pathlib.Path(f"/proc/{hive.process.pid}/task/{hive.process.pid}/children")

    def find():
        for pid in children.read_text().split():
            try:
                words = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if words[0].endswith(b"rbee-hive-builder") and b"--query" not in words:
                return int(pid)
        return None

    wait_until(find, what="the builder")
    return find()


def private_kib(pid):
    text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
    return sum(int(size) for size in re.findall(r"^Private_\w+:\s+(\d+) kB", text, re.MULTILINE))
