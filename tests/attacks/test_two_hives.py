# SPDX-License-Identifier: LGPL-2.1-or-later
"""Hives that root runs side by side, with one range of users: a tried one and a real one, or two tried ones."""

import os
import signal
import subprocess

import pytest

from catalog import pkgbuild
from waiting import wait_until

pytestmark = pytest.mark.root

# Until the test opens it, from outside.
GATE = 'echo started; touch "$srcdir/started"; until [ -e "$srcdir/gate" ]; do sleep 0.05; done'


@pytest.fixture
def pair(make_hive):
    return make_hive(), make_hive()


def starts_slow(hive):
    """A job that builds until open_gate()."""
    hive.catalog.add("slow", pkgbuild("slow", build=GATE))
    job = hive.install("slow")
    job.wait_for_line("started")
    return job


def open_gate(hive, job):
    next((hive.cache / "work" / job.id).rglob("started")).with_name("gate").touch()


def uid_of(hive, job):
    return os.stat(hive.cache / "work" / job.id).st_uid


def finds_no_user(hive, uid, *parts):
    end = hive.install("some").wait()
    assert (end.result, end.error) == ("failed", "LimitsExceeded")
    assert all(part in end.message for part in (f"UserRange={uid}-{uid}", *parts)), end.message


def test_end_of_a_job_ends_no_job_of_another_hive(pair):
    one, other = pair
    job = starts_slow(one)
    other.catalog.add("quick")
    # As often as there are users: in the old days one of them was the other's.
    for _ in range(one.uid_range[1] - one.uid_range[0] + 1):
        other.installs("quick", reinstall=True)
    open_gate(one, job)
    assert job.wait() == ("done", "", ""), job.log_text()


def test_jobs_of_two_hives_have_different_users(pair):
    jobs = [starts_slow(hive) for hive in pair]
    assert len({uid_of(hive, job) for hive, job in zip(pair, jobs)}) == 2
    for hive, job in zip(pair, jobs):
        open_gate(hive, job)
        assert job.wait().result == "done"


def test_user_with_processes_that_nobody_claims_is_given_to_no_job_and_they_live(hive):
    """A hive that was killed may leave some for a moment; a container may have the same uids."""
    first = hive.uid_range[0]
    hive.configure("Jobs", UserRange=f"{first}-{first + 3}")
    hive.catalog.add("some")
    stranger = subprocess.Popen(["setpriv", f"--reuid={first}", f"--regid={first}", "--clear-groups", "sleep", "600"])
    try:
        for _ in range(4):
            hive.installs("some", reinstall=True)
            assert stranger.poll() is None
        hive.removes("some")
    finally:
        stranger.kill()
        stranger.wait()


def test_range_whose_users_all_have_processes_is_in_use(hive):
    first = hive.uid_range[0]
    hive.configure("Jobs", UserRange=f"{first}-{first}")
    hive.catalog.add("some")
    stranger = subprocess.Popen(["setpriv", f"--reuid={first}", f"--regid={first}", "--clear-groups", "sleep", "600"])
    try:
        finds_no_user(hive, first, "hive.conf")
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()
    wait_until(lambda: hive.install("some").wait().result == "done", what="the user to be free")


def test_hive_that_is_killed_gives_its_users_back(hive):
    first = hive.uid_range[0]
    hive.configure("Jobs", UserRange=f"{first}-{first + 1}")  # the look at the devices has one for a moment
    starts_slow(hive)
    hive.restart(signal.SIGKILL)
    hive.catalog.add("some")
    # The look at the devices wants the only user too, for a moment.
    wait_until(lambda: hive.install("some").wait().result == "done", what="the user to be free")


def test_user_with_a_name_is_no_jobs(hive):
    """Whoever is in /etc/passwd may log in, or be a service, tomorrow."""
    nobody = 65534
    hive.configure("Jobs", UserRange=f"{nobody}-{nobody}")
    hive.catalog.add("some")
    finds_no_user(hive, nobody, "/etc/passwd")
