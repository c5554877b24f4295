# SPDX-License-Identifier: LGPL-2.1-or-later
"""What these tests disturb: an install on a bare machine, and an upgrade, a rollback and a removal on one where others have files,
too."""

import collections

from scratch import File, Folder, Link

# The saved start, what is run there (verb and request, as job 3), and the two states that it may end in
Change = collections.namedtuple("Change", "start run before after")

# Another worker, with which folders are shared, and a file of somebody who is not a worker
NEIGHBOUR = {
    "/usr/local/bin/y": File(0o755, b"neighbour\n"),
    "/usr/local/share/y/data": File(0o644, b"its data\n"),
}
FOREIGN = {"/usr/local/bin/mine": File(0o640, b"somebody's\n")}

# Two versions of a worker that differ in every way that a commit knows
OLD = {
    "/usr/local/bin/x": File(0o755, b"one\n"),
    "/usr/local/bin/x-tool": Link("x"),
    "/usr/local/share/x/data": File(0o644, b"old data\n"),
    "/usr/local/share/x/same": File(0o644, b"in both\n"),
    "/usr/local/share/x/kind": File(0o644, b"a file that becomes a link\n"),
    "/usr/local/share/x/old/deep/file": File(0o644, b"only in the old version\n"),
    "/usr/local/share/x/old/link": Link("deep/file"),
    "/usr/local/share/x/empty": Folder(0o755),
    "/usr/local/share/x/gone": Folder(0o755),
}
NEW = {
    "/usr/local/bin/x": File(0o755, b"two" * 400_000),  # more than one write()
    "/usr/local/bin/x-tool": Link("../share/x/tool"),
    "/usr/local/share/x/data": File(0o644, b"new data\n"),
    "/usr/local/share/x/same": File(0o644, b"in both\n"),
    "/usr/local/share/x/kind": Link("data"),
    "/usr/local/share/x/tool": File(0o755, b"only in the new version\n"),
    "/usr/local/share/x/empty": Folder(0o755),
    "/usr/local/share/x/fresh": Folder(0o700),
    "/opt/x/plugins/first": File(0o444, b"in new folders\n"),
    "/opt/x/plugins/latest": Link("first"),
}


def install_package(scratch, job, worker, version, package):
    scratch.build(job, package)
    scratch.does(*scratch.install(job, worker, version))
    scratch.does(*scratch.clean(job))


def prepare(scratch):
    """Saves the starts "bare", "old" and "upgraded", and returns the changes by name. Job 4 has the new version's tree, too."""
    scratch.build("3", NEW)
    scratch.build("4", NEW)
    scratch.root.rmdir()
    scratch.save("bare")
    bare = scratch.look()
    scratch.does(*scratch.install("3", "x", "2"))
    first = scratch.look()

    scratch.restore("bare")
    install_package(scratch, "1", "y", "1", NEIGHBOUR)
    scratch.put(FOREIGN)
    without = scratch.look()
    scratch.save("without")
    install_package(scratch, "2", "x", "1", OLD)
    old = scratch.look()
    scratch.save("old")
    scratch.does(*scratch.install("3", "x", "2"))
    new = scratch.look()

    scratch.restore("without")
    install_package(scratch, "0", "x", "1", OLD)
    install_package(scratch, "2", "x", "2", NEW)
    upgraded = scratch.look()
    scratch.save("upgraded")
    scratch.does(*scratch.rollback("3", "x"))
    back = scratch.look()

    return {
        "install": Change("bare", scratch.install("3", "x", "2"), bare, first),
        "upgrade": Change("old", scratch.install("3", "x", "2"), old, new),
        "rollback": Change("upgraded", scratch.rollback("3", "x"), upgraded, back),
        "remove": Change("upgraded", scratch.uninstall("3", "x"), upgraded, without),
    }


def moments(calls):
    """Calls of a change in the middle of what it does, and whether it ends as before or after when it is killed there."""
    manifests = [number for number, call in enumerate(calls) if call.renamed() and "/transactions/" in call.arguments]
    before, commit, after = calls[: manifests[-1]], calls[manifests[-1]], calls[manifests[-1] + 1 :]
    found = {
        "copying": ([call for call in before if "O_EXCL" in call.arguments], "before"),
        "placing": ([call for call in before if call.renamed() and "~" in call.arguments], "before"),
        "placed": ([commit], "before"),
        "committed": (after[:1], "after"),
        "dropping": ([call for call in after if call.removed() and "~" in call.arguments], "after"),
        "done": ([call for call in after if call.removed() and "/transactions/" in call.arguments], "after"),
    }
    return {name: (some[len(some) // 2], end) for name, (some, end) in found.items() if some}
