# SPDX-License-Identifier: LGPL-2.1-or-later
"""Verify reads all of a worker: nobody takes that from the others, and nothing reads on for somebody who has left."""

import subprocess

import pytest

from waiting import unique_seconds, wait_until, with_argument

WORKER = "/org/rbee/Hive/worker/some"
INTERFACE = "org.rbee.Hive.Worker"


@pytest.fixture
def seconds():
    return unique_seconds()


@pytest.fixture
def slow(hive, seconds):
    """A hive whose verifications do not end by themselves: each sleeps so long."""
    hive.catalog.add("some")
    hive.installs("some")
    folder = hive.directory / "libexec"
    folder.mkdir()
    for program in hive.build.libexec.iterdir():
        (folder / program.name).symlink_to(program)
    commit = folder / "rbee-hive-commit"
    commit.unlink()
    commit.write_text(f'#!/bin/sh\n[ "$1" = verify ] && exec sleep {seconds}\nexec {hive.build.libexec}/rbee-hive-commit "$@"\n')
    commit.chmod(0o755)
    hive.stop()
    hive.configure("Hive", LibexecDirectory=folder)
    return hive.start()


def verify_as(hive, uid):
    return hive.spawn(
        "setpriv",
        f"--reuid={uid}",
        f"--regid={uid}",
        "--clear-groups",
        "busctl",
        f"--address={hive.address}",
        "--timeout=600",
        "call",
        "org.rbee.Hive",
        WORKER,
        INTERFACE,
        "Verify",
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


@pytest.mark.root
def test_verifications_of_one_user_leave_room_for_another(slow, seconds):
    greedy = [verify_as(slow, 65534) for _ in range(8)]
    refused = wait_until(lambda: [process for process in greedy if process.poll() is not None], what="the refusals")
    assert b"ask again" in refused[0].stdout.read()
    wait_until(lambda: len(with_argument(seconds)) == 2, what="two of them")
    verify_as(slow, 1)
    wait_until(lambda: len(with_argument(seconds)) == 3, what="that of another user")


def test_verification_ends_when_its_caller_leaves(slow, seconds):
    waiting = slow.spawn(
        "busctl", f"--address={slow.address}", "--timeout=600", "call", "org.rbee.Hive", WORKER, INTERFACE, "Verify", stdout=subprocess.DEVNULL
    )
    wait_until(lambda: len(with_argument(seconds)) == 1, what="the verification")
    waiting.kill()
    wait_until(lambda: len(with_argument(seconds)) == 0, what="its end")
    assert slow.process.poll() is None


def test_verification_that_waits_does_not_keep_the_hive_from_ending(slow, seconds):
    slow.spawn(
        "busctl",
        f"--address={slow.address}",
        "--timeout=600",
        "call",
        "org.rbee.Hive",
        WORKER,
        INTERFACE,
        "Verify",
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    wait_until(lambda: len(with_argument(seconds)) == 1, what="the verification")
    slow.stop()
    wait_until(lambda: len(with_argument(seconds)) == 0, what="its end")
