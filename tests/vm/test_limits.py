# SPDX-License-Identifier: LGPL-2.1-or-later
"""What one job, and one worker that runs, may take, enforced by the kernel: memory, processes, time."""

import json

import pytest

from catalog import Catalog, install_script, pkgbuild
from waiting import wait_until

CONFIGURATION = """[Catalog]
URL=file:///srv/catalog
[Jobs]
MemoryMax=128M
TasksMax=50
RuntimeMax={runtime_max}
"""
FORK_BOMB = "python3 -c 'import os\nwhile True: os.fork()'"
# Its first shell waits without a process of its own, and the others try again for as long as they are let.
LASTING_FORK_BOMB = "mkfifo never; exec 9<>never; bomb() { bomb | bomb & }; bomb; read -u 9"


class Hive:
    """The hive of the virtual machine, used by its commands."""

    def __init__(self, machine, folder):
        self.machine, self.catalog = machine, Catalog(folder)
        self.configure()
        self.add("tame")

    def configure(self, runtime_max=3600):
        self.machine.write("/etc/rbee-hive/hive.conf.d/limits.conf", CONFIGURATION.format(runtime_max=runtime_max))
        self.machine.run("systemctl", "restart", "rbee-hived.service")

    def add(self, worker, build=None, recipe=None, **changes):
        self.catalog.add(worker, recipe or pkgbuild(worker, build=build), **changes)
        for path in self.catalog.folder(worker).iterdir():
            self.machine.write(f"/srv/catalog/workers/{worker}/{path.name}", path.read_text())

    def hivectl(self, *arguments, **options):
        return self.machine.run("hivectl", *arguments, timeout=300, **options)

    def install(self, worker):
        """Starts it and returns the job's id."""
        return self.hivectl("install", "--no-wait", worker).stdout.strip()

    def job(self, number):
        return next(job for job in json.loads(self.hivectl("jobs", "--json").stdout) if job["id"] == number)

    def wait(self, number):
        self.hivectl("log", "--follow", number, status=None)
        return self.job(number)

    def refuses(self, worker, error, *parts):
        job = self.wait(self.install(worker))
        assert (job["state"], job["error_name"]) == ("failed", error), self.hivectl("log", job["id"]).stdout
        for part in parts:
            assert part in job["error_message"]

    def tasks_denied(self, number):
        """How often a process of the job was denied one more."""
        events = self.machine.run("cat", f"/sys/fs/cgroup/rbee.slice/rbee-hive.slice/rbee-job-{number}.service/pids.events", status=None)
        return int(events.stdout.split()[1]) if events.stdout else 0

    def pid(self):
        return self.machine.run("systemctl", "show", "--property=MainPID", "rbee-hived.service").stdout

    def is_unharmed(self):
        """It still does what it is asked for."""
        self.hivectl("install", "--reinstall", "tame")
        assert self.machine.run("tame").stdout == "I work\n"
        assert not self.machine.run("systemctl", "list-units", "--plain", "--no-legend", "--all", "rbee-job-*").stdout


@pytest.fixture
def hive(virtual_machine, tmp_path):
    hive = Hive(virtual_machine, tmp_path / "catalog")
    pid = hive.pid()
    yield hive
    hive.is_unharmed()
    assert hive.pid() == pid, "the daemon did not live through it"


def test_build_that_takes_too_much_memory_ends_and_names_the_limit(hive):
    hive.add("greedy", "echo started; tail /dev/zero")
    hive.refuses("greedy", "LimitsExceeded", "128", "MemoryMax=", "hive.conf")


def test_fork_bomb_in_a_build_ends_and_names_the_limit(hive):
    hive.add("bomb", FORK_BOMB)
    hive.refuses("bomb", "LimitsExceeded", "50", "TasksMax=", "hive.conf")


def test_fork_bomb_that_lasts_disturbs_nobody_and_is_cancelled(hive):
    hive.add("lasting", LASTING_FORK_BOMB)
    job = hive.install("lasting")
    wait_until(lambda: hive.tasks_denied(job), what="the limit to be reached")
    hive.hivectl("install", "--reinstall", "tame")
    assert hive.job(job)["state"] == "running"
    hive.hivectl("cancel", job)
    assert hive.wait(job)["state"] == "cancelled"


def test_build_that_takes_too_long_ends_and_names_the_limit(virtual_machine, tmp_path):
    hive = Hive(virtual_machine, tmp_path / "catalog")
    hive.configure(runtime_max=5)
    hive.add("endless", "sleep 600")
    hive.refuses("endless", "TimedOut", "5 s", "RuntimeMax=", "hive.conf")
    hive.configure()
    hive.is_unharmed()


def test_worker_that_takes_too_much_memory_as_it_loads_is_told_of_the_kernels_kill(hive):
    recipe = pkgbuild("hungry", package=install_script("hungry", "echo I load; exec tail /dev/zero"))
    hive.add("hungry", recipe=recipe, run={"arguments": ["%p"]})
    assert hive.wait(hive.install("hungry"))["state"] == "done"
    failed = hive.hivectl("start", "hungry", "--memory-max=64M", status=1)
    assert "StartFailed" in failed.stderr and "the kernel killed it for want of memory (option memory_max" in failed.stderr
    assert "I load" in failed.stderr and json.loads(hive.hivectl("ps", "--json").stdout) == []
