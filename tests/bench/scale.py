# SPDX-License-Identifier: LGPL-2.1-or-later
"""Much of everything: workers in catalogs, jobs in the history, installed workers, files in a package."""

import copy
import datetime
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import time

import measure
from catalog import Catalog, pkgbuild
from measure import Installs, amount, hive_on, private_kib

CATALOGS = 20


def fill_catalogs(hive, count):
    """So many workers in all."""
    catalogs = [hive.catalog]
    for number in range(1, CATALOGS):
        catalogs.append(Catalog(hive.directory / f"catalog{number}"))
        hive.configuration[f"Catalog more{number}"] = {"URL": catalogs[-1].url}
    for number in range(count):
        catalogs[number % CATALOGS].add(f"worker{number}")


def listing(hive):
    start = time.monotonic()
    hive.hivectl("catalog", "--json")
    return time.monotonic() - start


def bench_catalog(build):
    """hivectl catalog of 10,000 workers in 20 catalogs: where nobody asked before, then the first after a start of the daemon, and the next one."""
    hive = hive_on(build)
    turns = []
    try:
        fill_catalogs(hive, amount(10_000, CATALOGS))
        for _ in range(amount(3)):
            shutil.rmtree(hive.cache, ignore_errors=True)
            hive.start()
            cold = listing(hive)
            hive.restart()
            turns.append((cold, listing(hive), listing(hive), private_kib(hive.process.pid)))
            hive.stop()
    finally:
        hive.close()
    cold, first, again, memory = (statistics.median(column) for column in zip(*turns, strict=True))
    return {"cold_ms": round(cold * 1e3), "first_ms": round(first * 1e3), "next_ms": round(again * 1e3), "daemon_private_kib": memory}


def starts(hive):
    """Seconds from the daemon's exec to its name, and the CPU of that; KiB of private memory then."""
    start = time.monotonic()
    hive.start()
    return time.monotonic() - start, measure.cpu_seconds(hive.process.pid), private_kib(hive.process.pid)


def bench_state(build):
    """The daemon's start with 50,000 jobs of history, of yesterday, and 1,000 installed workers, beside its start with one of each, by turns: the first
    start reads each job's record."""
    jobs, workers = amount(50_000), amount(1_000)
    few, many = hive_on(build), hive_on(build)
    figures = {few: [], many: []}
    try:
        for hive in (few, many):
            hive.configure("History", MaxJobs=min(jobs + 100, 100_000))
            hive.catalog.add("trivial", pkgbuild("trivial", build="echo hello"))
            hive.start()
            hive.installs("trivial")
            hive.stop()
        record = json.loads((many.state / "workers/trivial.json").read_text())
        for number in range(workers):
            changed = copy.deepcopy(record) | {"id": f"worker{number}"}
            text = json.dumps(changed).replace("/bin/trivial", f"/bin/worker{number}")
            (many.state / f"workers/worker{number}.json").write_text(text)
        job = json.loads((many.state / "jobs/1/job.json").read_text())
        job["finished_at"] -= 24 * 3600 * 10**6
        for number in range(2, jobs + 2):
            folder = many.state / f"jobs/{number}"
            folder.mkdir()
            (folder / "job.json").write_text(json.dumps(job | {"id": str(number)}))
            os.link(many.state / "jobs/1/log", folder / "log")
        (many.state / "next-job").write_text(f"{jobs + 2}\n")
        for _ in range(amount(7, 3)):
            for hive in (few, many):
                figures[hive].append(starts(hive))
                hive.stop()
        (few_s, few_cpu, few_kib), (many_s, many_cpu, many_kib) = (
            [statistics.median(column) for column in zip(*figures[hive], strict=True)] for hive in (few, many)
        )
    finally:
        few.close()
        many.close()
    return {
        "few_start_ms": round(few_s * 1e3),
        "many_start_ms": round(many_s * 1e3),
        "many_first_start_cpu_ms": round(figures[many][0][1] * 1e3),
        "few_cpu_ms": round(few_cpu * 1e3),
        "many_cpu_ms": round(many_cpu * 1e3),
        "few_private_kib": few_kib,
        "many_private_kib": many_kib,
    }


def phase_seconds(job, first, last):
    """From the first record of phase @first to the first of @last."""
    times = {}
    for record in job.records():
        times.setdefault(record.phase, datetime.datetime.fromisoformat(record.time).timestamp())
    return times[last] - times[first]


def bench_tree(build):
    """Install of 100,000 files of 50 KB in 1,000 folders, from the end of package() to the end, beside cp -a --reflink=never and sha256sum of the same
    tree, and a sync of its file system, by turns."""
    files, folders = amount(100_000), amount(1_000)
    script = (
        "import os, sys\ntop = sys.argv[1]\nfor folder in range(%d):\n    os.makedirs(f'{top}/{folder}')\n"
        "    for file in range(%d):\n        open(f'{top}/{folder}/{file}', 'wb').write(os.urandom(50000))\n" % (folders, files // folders)
    )
    hive = hive_on(build)
    ours, theirs = [], []
    try:
        hive.catalog.add(
            "tree",
            pkgbuild(
                "tree",
                package=f'python3 - "$pkgdir/opt/tree" <<"PYTHON"\n{script}PYTHON\ninstall -d "$pkgdir/usr/local/bin"\nprintf "#!/bin/sh\\n" >"$pkgdir/usr/local/bin/tree"\nchmod 755 "$pkgdir/usr/local/bin/tree"',
            ),
        )
        installs = Installs(hive, "tree")
        for _ in range(amount(3)):
            installs.once()
            ours.append(phase_seconds(installs.job, "install", "cleanup"))
            if measure.peers:
                copied = pathlib.Path(hive.directory) / "copied"
                start = time.monotonic()
                subprocess.run(["cp", "-a", "--reflink=never", str(hive.installed("/opt/tree")), str(copied)], check=True)
                subprocess.run(
                    ["bash", "-c", 'find "$1" -type f -print0 | xargs -0 sha256sum >/dev/null; sync -f "$1"', "bash", str(copied)], check=True
                )
                theirs.append(time.monotonic() - start)
                shutil.rmtree(copied)
    finally:
        hive.close()
    figures = {"hive_s": round(statistics.median(ours), 2)}
    if theirs:
        figures |= {
            "cp_sha256sum_sync_s": round(statistics.median(theirs), 2),
            "share_of_its_rate": round(statistics.median(theirs) / statistics.median(ours), 2),
        }
    return figures
