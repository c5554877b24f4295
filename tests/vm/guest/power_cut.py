# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs in the virtual machine, for test_power_cut.py: lets rbee-hive-commit make a change on a disk whose writes are logged, and then cuts
the power again and again: gives the disk what it had by then, recovers, and looks at what is there.

    power_cut.py CHANGE MOUNT-OPTIONS FOLDER...

CHANGE is install, upgrade or remove, or undo or finish: a recovery after a power cut, with power cuts of its own. Each FOLDER (root, state,
or "" for both together) is a file system of its own. NO_SYNC may name a library without fsync() that the change is made with. Prints
{"cuts": how many, "recovered": how many of them left other files than those before, "before": how many left all as it was, "after": how many
left all as it was asked for, "wrong": the others}."""

import bisect
import collections
import json
import os
import shutil
import sys

import write_log

import disk

COMMIT = "/usr/libexec/rbee-hive/rbee-hive-commit"
CONFIGURATION = disk.PLACE / "hive.conf"
ROOT, STATE, CACHE = disk.FILES / "root", disk.FILES / "state", disk.PLACE / "cache"
IGNORED = {
    "lost+found",
    "root/lost+found",
    "state/lost+found",
    "state/transactions",
    "state/transactions/.lock",
    "state/workers",
    "state/kept",
    "state/kept/lamp",
}  # the folders; what was replaced, in a folder of its own within, counts

# Path: content, or (target of a link,).
OLD = {
    "usr/local/bin/lamp": "the old program\n" * 300,
    "usr/local/lib/lamp/data": "old data\n",
    "usr/local/lib/lamp/link": ("data",),
    "usr/local/lib/lamp/only-old": "goes with the old version\n",
    "usr/local/share/lamp/old/notes": "in folders of the old version\n",
}
NEW = {
    "usr/local/bin/lamp": "the new program, longer\n" * 400,
    "usr/local/lib/lamp/data": "new data\n",
    "usr/local/lib/lamp/link": ("more",),
    "usr/local/lib/lamp/more": "comes with the new version\n" * 100,
    "usr/local/share/lamp/new/deep/notes": "in folders of the new version\n",
}


def commit(verb, environment=None, **request):
    disk.run(COMMIT, "--config", CONFIGURATION, verb, input=json.dumps(request), env=dict(os.environ, **(environment or {})))


def install(job, files, environment=None):
    """Of a work tree as a builder leaves it."""
    work = CACHE / "work" / job
    for path, content in files.items():
        target = work / "pkg" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, tuple):
            target.symlink_to(content[0])
        else:
            target.write_text(content)
            target.chmod(0o755 if "bin" in target.parts else 0o644)
    (work / "list").write_text(disk.run("find", work / "pkg", "-mindepth", "1", "-printf", r"%y %m 0 0 %P\0"))
    commit(
        "install", environment, job=job, worker_id="lamp", work=str(work), record={"version": job, "binary": "/usr/local/bin/lamp", "installed_by": 0}
    )
    shutil.rmtree(work, ignore_errors=True)  # which an install of a small tree has removed


def make(change):
    environment = {"LD_PRELOAD": os.environ["NO_SYNC"]} if "NO_SYNC" in os.environ else {}
    if change == "recover":
        commit("recover", environment)
    elif change == "remove":
        commit("remove", environment, job="2", worker_id="lamp")
    else:
        install("2", NEW, environment)


def look():
    """All that is on the disk: by name its mode, content and inode number."""
    found = {}
    for path in disk.FILES.glob("**/*"):
        content = os.readlink(path) if path.is_symlink() else "" if path.is_dir() else path.read_text(errors="replace")
        st = path.lstat()
        found[str(path.relative_to(disk.FILES))] = oct(st.st_mode), content, st.st_ino
    return found


def worker(found):
    """What of that is the worker, or should not be there."""
    return {name: (mode, content) for name, (mode, content, _) in found.items() if name not in IGNORED}


def difference(found, wanted):
    """What @found has that it should not have, and what it should have."""
    return " ".join(
        f"{sign}{name} {these[name][0]} {these[name][1][:40]!r}"
        for sign, these, those in (("+", found, wanted), ("-", wanted, found))
        for name in sorted(these)
        if these[name] != those.get(name)
    )


def prepare(device, installed):
    disk.PLACE.joinpath("cache").mkdir(exist_ok=True)
    CONFIGURATION.write_text(f"[Hive]\nStateDirectory={STATE}\nCacheDirectory={CACHE}\nInstallRoot={ROOT}\n")
    with device.mounted():
        ROOT.mkdir(exist_ok=True)
        STATE.mkdir(exist_ok=True)
        if installed:
            install("1", installed)
        return worker(look())


def record(device, change, options):
    """Makes the change; gives the disk's content before it, its writes, and what is there after it."""
    content = device.read()
    with device.logged(options) as entries:
        make(change)
        device.mark("returned")
        os.sync()
        after = worker(look())
    return content, entries, after


def is_committed(device, content):
    """Whether the upgrade was by then: its manifest says so, or it is done with."""
    device.write(content)
    with device.mounted():
        manifests = [json.loads(manifest.read_text()) for manifest in STATE.glob("transactions/*.json")]
        return manifests[0]["state"] == "committed" if manifests else json.loads((STATE / "workers/lamp.json").read_text())["version"] == "2"


def record_recovery(device, change, options, before):
    """The same of a recovery right before the point of no return or right after it, when it has most to do."""
    content, entries, after = record(device, "upgrade", "sync")
    committed = bisect.bisect_left(
        range(len(entries) + 1), True, key=lambda number: is_committed(device, write_log.replay(content, entries[:number]))
    )
    device.write(write_log.replay(content, entries[: committed - 1 if change == "undo" else committed]))
    wanted = before if change == "undo" else after
    content, entries, found = record(device, "recover", options)
    assert found == wanted, difference(found, wanted)
    return content, entries, wanted


def recover(device, content, known):
    """What is left of the disk's content. Where the same files were recovered before, the same comes of it."""
    device.write(content)
    with device.mounted():
        found = tuple(sorted(look().items()))
        if found not in known:
            commit("recover")
            known[found] = worker(look())
        return known[found]


def cut_power(device, change, options):
    outcomes, wrong, known = collections.Counter(), [], {}
    before = prepare(device, None if change == "install" else OLD)
    if change in ("undo", "finish"):
        content, entries, after = record_recovery(device, change, options, before)
        before = after
    else:
        content, entries, after = record(device, change, options)

    for cut, marks in write_log.cuts(content, entries):
        found = recover(device, cut, known)
        outcome = "after" if found == after else "before" if found == before and "returned" not in marks else "wrong"
        outcomes[outcome] += 1
        if outcome == "wrong":
            wrong.append(f"cut {outcomes.total()}, {marks or 'not'} returned: {difference(found, after)}")
    return {"cuts": outcomes.total(), "recovered": len(known), "before": outcomes["before"], "after": outcomes["after"], "wrong": wrong}


def main(change, options, *folders):
    with disk.Disk(folders) as device:
        print(json.dumps(cut_power(device, change, options)))


main(*sys.argv[1:])
