# SPDX-License-Identifier: LGPL-2.1-or-later
"""Installing is a transaction: rbee-hive-commit is killed after each of its system calls that leaves anything, and whichever that is, the
machine has the old worker or the new one, whole, as soon as the next start has recovered it; and the registry says which of them."""

import collections
import json
import signal

import pytest

from calls import telling
from changes import FOREIGN, NEIGHBOUR, NEW, OLD, moments
from scratch import Folder, files, root

# How much memory a process asks the kernel for may differ between two runs; nothing else may.
MEMORY = ("brk", "mmap", "munmap")

# Each test takes every PARTS-th system call, so that test processes share the work.
PARTS = 4
in_parts = pytest.mark.parametrize("part", range(PARTS))


def test_changes_that_nobody_disturbs_end_as_these_tests_expect(changes):
    bare, first = changes["install"].before, changes["install"].after
    old, new, without = changes["upgrade"].before, changes["upgrade"].after, changes["remove"].after
    upgraded, back = changes["rollback"].before, changes["rollback"].after
    assert bare == ({}, {}, {})
    assert first.root == root(NEW)
    assert old.root == root(NEIGHBOUR, FOREIGN, OLD)
    assert new.root == root(NEIGHBOUR, FOREIGN, NEW)
    assert without.root == root(NEIGHBOUR, FOREIGN)
    assert [list(state.records) for state in (first, old, new, without)] == [["x"], ["x", "y"], ["x", "y"], ["y"]]
    assert back.root == old.root and upgraded.root == new.root
    assert not old.kept and not first.kept and not back.kept and not without.kept
    assert {path.removeprefix("kept/x/2/pkg"): what for path, what in new.kept.items() if "/pkg/" in path} == {
        path: what for path, what in OLD.items() if not isinstance(what, Folder)
    }
    assert new.kept["kept/x/2/x.json"] == old.records["x"]
    for state, job, version, package in (
        (old, "2", "1", OLD),
        (first, "3", "2", NEW),
        (new, "3", "2", NEW),
        (upgraded, "2", "2", NEW),
        (back, "3", "1", OLD),
    ):
        record = state.records["x"]
        assert {file["path"]: file for file in record["files"]} == files(package)
        assert (record["job"], record["version"]) == (job, version)


def kill(scratch, run, call):
    """Kills a run at @call; returns the notes that it wrote before."""
    killed = scratch.kill(*run, call)
    assert killed.status == -signal.SIGKILL or (killed.status == 0 and call.name in MEMORY), f"not killed at {call}: {killed}"
    return [text for stream, text in killed.log if stream == "note"]


def outcome(scratch, change):
    """Whether the machine is as before the change or as after it; anything else fails the test."""
    state = scratch.look()
    if state == change.before:
        return "before"
    assert state == change.after
    return "after"


def recover(scratch):
    """Recovers; returns what was said of the change that was found: "before" or "after", or None where there was none."""
    found = [json.loads(text) for stream, text in scratch.does(*scratch.recover()).log if stream == "result"]
    if not found:
        return None
    assert [(result["job"], result["worker_id"]) for result in found] == [("3", "x")]
    return {"undone": "before", "done": "after"}[found[0]["outcome"]]


def recover_for_good(scratch, change, call):
    """Recovers what was killed at @call and returns the outcome: it must be one, and what was said, and stay."""
    said = recover(scratch)
    end = outcome(scratch, change)
    assert said in (None, end), f"killed at {call}, the machine is as {end} the change, but recovery said {said}"
    identity = scratch.identity()
    assert recover(scratch) is None
    assert scratch.identity() == identity, f"killed at {call}, a second recovery touched something"
    return end


def change_again(scratch, change):
    """The same once more, by another job."""
    verb, request = change.run
    run = scratch.run(verb, dict(request, job="4", work=str(scratch.work("4"))))
    assert run.status == 0 or (verb != "install" and "NotInstalled" in str(run.log)), run
    if verb == "remove" or run.status != 0:
        assert scratch.look() == change.after
        return
    records = dict(change.after.records, x=dict(change.after.records["x"], job="4"))
    assert scratch.look() == change.after._replace(records=records)


@in_parts
@pytest.mark.parametrize("name", ["install", "upgrade", "rollback", "remove"])
def test_killed_at_any_system_call_it_leaves_the_old_or_the_new(scratch, changes, record_property, name, part):
    change = changes[name]
    scratch.restore(change.start)
    calls = telling(scratch.trace(*change.run))[part::PARTS]
    ends = collections.Counter()
    for number, call in enumerate(calls):
        scratch.restore(change.start)
        notes = kill(scratch, change.run, call)
        if number % 10 == 9:  # whoever comes next recovers first
            change_again(scratch, change)
            continue
        end = recover_for_good(scratch, change, call)
        assert end == "after" or not any(note.startswith("✓") for note in notes), f"killed at {call}, it had said that it was done"
        ends[end] += 1
        if number % 10 == 4:
            change_again(scratch, change)
        scratch.does(*scratch.clean("3"))
        assert "3" not in scratch.work_left()
    assert ends["before"] and ends["after"]
    record_property("system calls", len(calls))
    record_property("ends", str(dict(ends)))


MOMENTS = [
    ("install", "copying"),
    ("install", "placing"),
    ("upgrade", "placing"),
    ("upgrade", "placed"),
    ("upgrade", "committed"),
    ("upgrade", "dropping"),
    ("upgrade", "done"),
    ("rollback", "copying"),
    ("rollback", "committed"),
    ("rollback", "done"),
    ("remove", "placing"),
    ("remove", "dropping"),
]


@pytest.mark.parametrize("name, moment", MOMENTS)
def test_recovery_killed_at_any_system_call_is_completed_by_the_next(scratch, changes, record_property, name, moment):
    change = changes[name]
    scratch.restore(change.start)
    where, end = moments(scratch.trace(*change.run))[moment]
    scratch.restore(change.start)
    kill(scratch, change.run, where)
    calls = scratch.trace(*scratch.recover())
    # How a process starts was tried above.
    calls = calls[next(number for number, call in enumerate(calls) if call.name == "prctl") :]
    said = collections.Counter()
    for call in telling(calls):
        scratch.restore(change.start)
        kill(scratch, change.run, where)
        kill(scratch, scratch.recover(), call)
        said[recover(scratch)] += 1
        assert outcome(scratch, change) == end, f"{name} killed while {moment}, recovery at {call}"
    assert set(said) == {None, end}
    record_property("system calls", len(calls))
    record_property("said", str(dict(said)))


@pytest.fixture(scope="module")
def cleaning(scratch, changes):
    """The start "to-clean" with a work tree that is deeper than `clean` holds descriptors, and that run."""
    scratch.restore("bare")
    deep = scratch.work("6").joinpath("src", *["folder"] * 20)
    deep.mkdir(parents=True)
    (deep / "file").write_text("deep down\n")
    (deep / "link").symlink_to("..")
    scratch.save("to-clean")
    return scratch.clean("6")


def test_cleaning_killed_at_any_system_call_is_completed_by_the_next(scratch, cleaning, record_property):
    scratch.restore("to-clean")
    calls = telling(scratch.trace(*cleaning))
    left = collections.Counter()
    for call in calls:
        scratch.restore("to-clean")
        kill(scratch, cleaning, call)
        left["6" in scratch.work_left()] += 1
        scratch.does(*cleaning)
        assert sorted(scratch.work_left()) == ["3", "4"], call
    assert left[True] and left[False]
    record_property("system calls", len(calls))
