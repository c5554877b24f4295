# SPDX-License-Identifier: LGPL-2.1-or-later
"""After a power cut there is what was synced: the order in which rbee-hive-commit makes its steps durable.

Each rule is held against the system calls of each kind of run. A Disk follows them and says what is not safe yet."""

import collections
import copy
import re

import pytest

from changes import moments
from disk import Disk, lies_below
from scratch import File

# One call, the disk and the manifest's state ("staging", "placing", "committed" or None) before it, and the latter after it
Moment = collections.namedtuple("Moment", "call disk manifest next_manifest")


class Run:
    """The system calls of one run. A recovery finds what a killed run did @before, which is not a safer than that left it, and its
    manifest in a state."""

    def __init__(self, scratch, calls, before=(), manifest=None):
        self.calls, self.before, self.manifest, self.top = calls, before, manifest, scratch.here
        self.root, self.workers, self.transactions = scratch.root, scratch.state / "workers", scratch.state / "transactions"

    def with_calls(self, calls):
        other = copy.copy(self)
        other.calls = calls
        return other

    def moments(self):
        disk, manifest, written = Disk(self.top), self.manifest, None
        for call in self.before:
            disk.do(call)
        for call in self.calls:
            following = manifest
            if call.name == "write" and lies_below(call.descriptor(), self.transactions):
                written = re.search(r'state\\":\\"(\w+)', call.arguments)[1]
            elif call.works() and any(self.is_manifest(path) for path in call.renamed()):
                following = written
            elif call.works() and any(self.is_manifest(path) for path in call.removed()):
                following = None
            yield Moment(call, disk, manifest, following)
            disk.do(call)
            manifest = following

    def is_manifest(self, path):
        return lies_below(path, self.transactions) and path.endswith(".json")

    def unsafe(self, disk):
        """What is installed or recorded and not safe. Remnants in workers/ that come back go at the next start."""
        return [path for path in disk.unsafe(self.root, self.workers) if lies_below(path, self.root) or path.endswith(".json")]


def nothing_is_touched_before_the_manifest_is_safe_that_allows_it(run):
    for call, disk, manifest, _ in run.moments():
        if any(lies_below(path, run.root) for path in call.changed()):
            assert manifest and not disk.unsafe(run.transactions), f"{call}: {disk.unsafe(run.transactions)}"
            assert not disk.names & {str(run.root), str(run.transactions), str(run.workers)}, f"{call}: a folder that it needs may be gone"


def nothing_takes_its_name_before_its_content_is_safe(run):
    for call, disk, _, _ in run.moments():
        assert not call.renamed() or call.renamed()[0] not in disk.files, call


def all_copies_and_the_record_are_safe_before_the_first_takes_its_place(run):
    for call, disk, manifest, following in run.moments():
        if following == "placing" and manifest != following:
            assert not disk.unsafe(run.root, run.workers), call


def nothing_that_was_there_goes_before_the_change_is_committed(run):
    for call, _, manifest, _ in run.moments():
        records = [path for path in call.changed() if lies_below(path, run.workers) and path.endswith(".json")]
        dropped = [path for path in call.removed() if lies_below(path, run.root)]
        assert manifest == "committed" or not records + dropped, call


def the_manifest_goes_when_all_that_it_tells_of_is_safe(run):
    ends = [(call, run.unsafe(disk)) for call, disk, manifest, following in run.moments() if manifest and not following]
    assert len(ends) == 1
    assert not ends[0][1], ends


def success_is_told_when_it_is_safe(run):
    told = [
        (call, run.unsafe(disk), manifest)
        for call, disk, manifest, _ in run.moments()
        if call.name == "write" and re.search("Binary installed|Removed:|recover result", call.arguments)
    ]
    assert len(told) == 1
    assert not told[0][1] and not told[0][2], told


RULES = [
    nothing_is_touched_before_the_manifest_is_safe_that_allows_it,
    nothing_takes_its_name_before_its_content_is_safe,
    all_copies_and_the_record_are_safe_before_the_first_takes_its_place,
    nothing_that_was_there_goes_before_the_change_is_committed,
    the_manifest_goes_when_all_that_it_tells_of_is_safe,
    success_is_told_when_it_is_safe,
]

# Recoveries of changes that were killed: which, when, and what their manifest says by then
RECOVERIES = {
    "recovery-of-copying": ("install", "copying", "staging"),
    "recovery-of-placing": ("upgrade", "placing", "placing"),
    "recovery-of-placed": ("install", "placed", "placing"),
    "recovery-of-committed": ("upgrade", "committed", "committed"),
    "recovery-of-removal": ("remove", "dropping", "committed"),
}
# Undoing takes away what the change itself had brought.
UNDOING = [name for name, (_, _, manifest) in RECOVERIES.items() if manifest != "committed"]
KINDS = ["install", "upgrade", "remove", "install-of-many", *RECOVERIES]


@pytest.fixture(scope="module")
def runs(scratch, changes):
    found = {}
    for name, change in changes.items():
        scratch.restore(change.start)
        found[name] = Run(scratch, scratch.trace(*change.run))

    scratch.restore("bare")
    many = {f"/usr/local/share/x/{number}": File(0o644, b"one of many\n") for number in range(1001)}
    scratch.build("5", {"/usr/local/bin/x": File(0o755, b"the binary\n"), **many})
    found["install-of-many"] = Run(scratch, scratch.trace(*scratch.install("5", "x", "2")))

    for kind, (name, moment, manifest) in RECOVERIES.items():
        change = changes[name]
        calls = found[name].calls
        call, _ = moments(calls)[moment]
        scratch.restore(change.start)
        scratch.kill(*change.run, call)
        found[kind] = Run(scratch, scratch.trace(*scratch.recover()), calls[: calls.index(call)], manifest)
    return found


def pairs():
    for rule in RULES:
        for kind in KINDS:
            if kind not in UNDOING or rule is not nothing_that_was_there_goes_before_the_change_is_committed:
                yield pytest.param(rule, kind, id=f"{rule.__name__}-{kind}")


@pytest.mark.parametrize("rule, kind", pairs())
def test_rule(runs, rule, kind):
    rule(runs[kind])


def breaks(rule, run):
    try:
        rule(run)
    except AssertionError:
        return True
    return False


@pytest.mark.parametrize("kind", ["install", "remove"])
def test_each_sync_is_needed_by_a_rule(runs, kind):
    """Without it, that is; so the rules notice when one is forgotten."""
    run = runs[kind]
    for path in sorted({path for call in run.calls for path in call.synced()}):
        without = run.with_calls([call for call in run.calls if path not in call.synced()])
        assert any(breaks(rule, without) for rule in RULES), f"nobody needs that {path} is synced"


@pytest.mark.parametrize("name, moment", [("install", "placed"), ("upgrade", "placing"), ("upgrade", "committed"), ("remove", "dropping")])
def test_manifest_that_a_power_cut_brings_back_changes_nothing(scratch, changes, name, moment):
    """That it is gone is the one thing that isn't synced at the end."""
    change = changes[name]
    scratch.restore(change.start)
    call, end = moments(scratch.trace(*change.run))[moment]
    scratch.restore(change.start)
    scratch.kill(*change.run, call)
    manifest = scratch.state / "transactions" / "3.json"
    content = manifest.read_bytes()
    for _ in range(2):
        scratch.does(*scratch.recover())
        assert not manifest.exists()
        assert scratch.look() == getattr(change, end)
        manifest.write_bytes(content)
