# SPDX-License-Identifier: LGPL-2.1-or-later
"""Power cuts in the middle of a change of what is installed. guest/power_cut.py does the work."""

import json

import pytest

ONE, TWO = ("",), ("root", "state")
# A file system that writes nothing before it has to, and keeps no order between content and names.
FORGETFUL = "commit=300,data=writeback,noauto_da_alloc"
# One on which each step is durable before the next begins: then a cut comes between any two.
EAGER = "sync"
NO_SYNC = "int fsync (int fd) { return 0; } int syncfs (int fd) { return 0; }"


def cut_power(machine, change, options, folders, **environment):
    done = machine.run(
        "env",
        *(f"{key}={value}" for key, value in environment.items()),
        "unshare",
        "--mount",
        "--propagation=private",
        "python3",
        "/opt/rbee-vm/power_cut.py",
        change,
        options,
        *folders,
        timeout=600,
    )
    print(done.stdout)
    return json.loads(done.stdout)


def assert_whole(result):
    assert not result["wrong"]
    assert result["cuts"] == result["before"] + result["after"]
    assert result["after"]


# The longest first, so that they are shared well between processes.
@pytest.mark.parametrize("change", ["upgrade", "remove"])
def test_power_cut_between_any_two_steps_leaves_the_worker_whole_or_none(virtual_machine, change):
    result = cut_power(virtual_machine, change, EAGER, ONE)
    assert_whole(result)
    assert result["before"]


@pytest.mark.parametrize("options, folders", [(EAGER, ONE), (FORGETFUL, TWO)], ids=["one-disk", "two-disks"])
@pytest.mark.parametrize("change", ["undo", "finish"])
def test_power_cut_during_recovery_is_recovered_from(virtual_machine, change, options, folders):
    assert_whole(cut_power(virtual_machine, change, options, folders))


@pytest.mark.parametrize("folders", [ONE, TWO], ids=["one-disk", "two-disks"])
@pytest.mark.parametrize("change", ["install", "upgrade", "remove"])
def test_power_cut_leaves_the_worker_as_it_was_or_as_it_was_asked_for(virtual_machine, change, folders):
    result = cut_power(virtual_machine, change, FORGETFUL, folders)
    assert_whole(result)
    assert result["before"]


def test_disk_forgets_what_was_not_synced(virtual_machine):
    """The other tests would notice: without fsync() an upgrade that has returned can be lost."""
    virtual_machine.run("gcc", "-shared", "-fPIC", "-x", "c", "-", "-o", "/run/no-sync.so", input=NO_SYNC)
    result = cut_power(virtual_machine, "upgrade", FORGETFUL, ONE, NO_SYNC="/run/no-sync.so")
    assert result["wrong"]
