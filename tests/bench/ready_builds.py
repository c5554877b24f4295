# SPDX-License-Identifier: LGPL-2.1-or-later
"""Ready builds from a registry, against the build itself, and against skopeo and tar."""

import datetime
import os
import pathlib
import re
import socket
import statistics
import subprocess
import threading
import time

import installs
import measure
from catalog import pkgbuild
from measure import Installs, amount, hive_on, seconds
from registry import REPOSITORY, Registry
from stores import Signer, pushes


def large_recipe(size):
    """A tree of that many bytes that do not become fewer, in eight files."""
    files = f'for i in 1 2 3 4 5 6 7 8; do head -c {size // 8} /dev/urandom >"$pkgdir/usr/local/share/large/$i"; done'
    return pkgbuild(
        "large",
        package=f'install -d "$pkgdir/usr/local/share/large" "$pkgdir/usr/local/bin"; {files}; install -m755 /dev/null "$pkgdir/usr/local/bin/large"',
    )


class Peaks:
    """The most memory that the hive's programs had while it watched, in KiB, by name."""

    def __init__(self, hive):
        self.children = pathlib.Path(f"/proc/{hive.process.pid}/task/{hive.process.pid}/children")
        self.kib, self.ended = {}, threading.Event()
        self.thread = threading.Thread(target=self.watch)

    def look(self):
        for pid in self.children.read_text().split():
            try:
                status = pathlib.Path(f"/proc/{pid}/status").read_text()
                name = os.path.basename(os.readlink(f"/proc/{pid}/exe"))
            except OSError:
                continue
            if peak := re.search(r"^VmHWM:\s+(\d+)", status, re.MULTILINE):
                self.kib[name] = max(self.kib.get(name, 0), int(peak[1]))

    def watch(self):
        while not self.ended.wait(0.01):
            self.look()

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.thread.join()

    def mib(self, name):
        return round(self.kib.get(f"rbee-hive-{name}", 0) / 1024, 1)


def phase_ms(job, last):
    """From the beginning of the look into stores to the line that has @last."""
    lines = [record for record in job.records() if record.phase == "store"]
    begun, ended = (datetime.datetime.fromisoformat(line.time) for line in (lines[0], next(line for line in lines if last in line.text)))
    return (ended - begun).total_seconds() * 1e3


def new_hive(build, registry):
    """One that pushes to and takes from @registry."""
    hive = hive_on(build)
    signer = Signer(hive.directory / "keys")
    hive.configuration["Store shelf"] = {"URL": registry.url}
    hive.configuration["Key builder"] = {"File": signer.public}
    hive.configuration["Push"] = {"SigningKey": signer.secret}
    return hive


def bench_stores(build):
    """Ready builds of a registry on loopback: the C project of 200 files, from InstallWorker to Finished, against its build; a look that finds
    nothing; a registry that does not answer; and a tree of 1 GB against skopeo copy plus tar."""
    registry = Registry()
    hive = new_hive(build, registry)
    try:
        return {**small(hive), **misses(hive), **dead(hive, registry), **large(hive, registry)}
    finally:
        hive.close()
        registry.close()


def small(hive):
    hive.catalog.add("project", *installs.project())
    turns = Installs(hive, "project")
    built = turns.once()
    pushes(hive, "project")
    hits = []
    with Peaks(hive) as peaks:
        for _ in range(amount(10, 2)):
            hits.append(turns.once())
    hit = statistics.median(hits)
    return {
        "project_built_ms": round(built * 1e3, 1),
        "project_hit_ms": round(hit * 1e3, 1),
        "times_faster": round(built / hit, 1),
        "builder_peak_mib": peaks.mib("builder"),
        "commit_peak_mib": peaks.mib("commit"),
    }


def misses(hive):
    hive.catalog.add("trivial")
    times = [phase_ms(hive.installs("trivial", reinstall=True), "has no build") for _ in range(amount(10, 2))]
    return {"miss_ms": round(statistics.median(times), 1)}


def dead(hive, registry):
    """It takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        hive.stop()
        hive.configuration["Store shelf"]["URL"] = f"http://127.0.0.1:{silent.getsockname()[1]}/{REPOSITORY}"
        took = phase_ms(hive.installs("trivial", reinstall=True), "is of no use")
    hive.stop()
    hive.configuration["Store shelf"]["URL"] = registry.url
    return {"dead_ms": round(took, 1)}


def large(hive, registry):
    size = amount(2**30, 2**20)
    hive.catalog.add("large", large_recipe(size))
    hive.installs("large")
    start = time.monotonic()
    pushes(hive, "large")
    pushed = time.monotonic() - start
    key = hive.record("large")["build"]["key"]
    turns = Installs(hive, "large")
    ours, theirs = [], []
    for _ in range(amount(3)):
        with Peaks(hive) as peaks:
            ours.append(turns.once())
        if measure.peers:
            theirs.append(skopeo_and_tar(hive, registry, key))
    figures = {
        "large_push_mb_s": round(size / pushed / 1e6, 1),
        "large_hit_mb_s": round(size / statistics.median(ours) / 1e6, 1),
        "large_builder_peak_mib": peaks.mib("builder"),
        "large_commit_peak_mib": peaks.mib("commit"),
    }
    if theirs:
        figures["skopeo_and_tar_mb_s"] = round(size / statistics.median(theirs) / 1e6, 1)
        figures["share_of_their_rate"] = round(statistics.median(theirs) / statistics.median(ours), 2)
    return figures


def skopeo_and_tar(hive, registry, key):
    """The same blobs into a folder, and the tree unpacked; synced, as an install is."""
    folder = hive.directory / "theirs"
    where = f"docker://{registry.address}:{registry.port}/{REPOSITORY}:{key}"
    copy = ["skopeo", "--insecure-policy", "copy", "--all", "--preserve-digests", "--src-tls-verify=false", where, f"oci:{folder}/copy:x"]
    tree = registry.records(key)[0]["tree"]["digest"].removeprefix("sha256:")
    (folder / "tree").mkdir(parents=True)
    took = seconds(copy) + seconds(["tar", "--zstd", "-x", "-f", folder / "copy" / "blobs" / "sha256" / tree, "-C", folder / "tree"])
    took += seconds(["sync", "-f", folder])
    subprocess.run(["rm", "-r", folder], check=True)
    return took
