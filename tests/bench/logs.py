# SPDX-License-Identifier: LGPL-2.1-or-later
"""A log's lines on their way from a recipe to who follows them, and what the daemon needs meanwhile."""

import json
import pathlib
import statistics
import subprocess
import time

import measure
from catalog import pkgbuild
from measure import amount, builder_of, cpu_seconds, hive_on, peak_kib, private_kib
from waiting import wait_until

LINE = "x" * 79


def lines_of_run():
    return amount(2_000_000)


def follow_by_tail(folder):
    """The same recipe through one pipe to `cat >file` and `tail -f` of it, until the last line has come."""
    target = folder / "cat.out"
    target.touch()
    tail = subprocess.Popen(["tail", "-c", "+1", "-f", str(target)], stdout=subprocess.PIPE)
    head = subprocess.Popen(["head", "-n", str(lines_of_run())], stdin=tail.stdout, stdout=subprocess.DEVNULL)
    start = time.monotonic()
    subprocess.run(["bash", "-c", 'yes "$1" | head -n "$2" | cat >"$3"', "bash", LINE, str(lines_of_run()), str(target)], check=True)
    head.wait()
    end = time.monotonic()
    tail.kill()
    tail.wait()
    tail.stdout.close()
    target.unlink()
    return end - start


def follow_the_hive(build):
    hive = hive_on(build, MaxLogSize="1G")
    figures = {}
    try:
        # Between its first and its last line, as a follower of the log sees them; it may start when the follower is there. It ends when its
        # builder was looked at, by a cancel.
        hive.catalog.add("loud", pkgbuild("loud", build=f"sleep 0.5; date +%s.%N; yes {LINE} | head -n {lines_of_run()}; sleep 10000"))
        hive.start()
        before = cpu_seconds(hive.process.pid)
        job = hive.install("loud")
        wait_until(lambda: job.log_path.exists(), what="the log")
        follower = subprocess.Popen([build.build / "tests/bench/line-clock", "count", job.log_path, str(lines_of_run() + 1)], stdout=subprocess.PIPE)
        builder = builder_of(hive)
        done = json.loads(follower.communicate()[0])
        figures["builder_peak_kib"] = peak_kib(builder)
        figures["builder_cpu"] = cpu_seconds(builder)
        figures["daemon_cpu"] = cpu_seconds(hive.process.pid) - before
        figures["daemon_peak_kib"] = peak_kib(hive.process.pid)
        assert done["lines"] == lines_of_run() + 1
        # CLOCK_MONOTONIC is one clock for every process here.
        started = next(
            float(line[-1])
            for line in (text.split(b" ") for text in job.log_path.read_bytes()[:16384].split(b"\n"))
            if len(line) == 4 and line[1:3] == [b"build", b"out"]
        )
        figures["seconds"] = done["at"] - (started - (time.time() - time.monotonic()))
        job.call("Cancel")
        job.wait_for_state("cancelled")
    finally:
        hive.close()
    return figures


def bench_lines(build):
    """Two million 80-byte lines from a recipe to a follower, against cat and tail -f."""
    folder = pathlib.Path("/var/tmp")
    theirs, ours = [], []
    for _ in range(amount(3)):
        if measure.peers:
            theirs.append(follow_by_tail(folder))
        ours.append(follow_the_hive(build))
    median = sorted(ours, key=lambda figures: figures["seconds"])[len(ours) // 2]
    figures = {"hive_lines_per_second": round(lines_of_run() / median["seconds"])}
    if theirs:
        base = statistics.median(theirs)
        figures |= {"tail_lines_per_second": round(lines_of_run() / base), "share_of_tail": round(base / median["seconds"], 2)}
    return figures | {
        "daemon_cpu_s": round(median["daemon_cpu"], 2),
        "builder_cpu_s": round(median["builder_cpu"], 2),
        "daemon_peak_kib": median["daemon_peak_kib"],
        "builder_peak_kib": median["builder_peak_kib"],
    }


def bench_latency(build):
    """One line's way from the recipe's write to a follower of the log, beside a bare pipe's."""
    clock, count = str(build.build / "tests/bench/line-clock"), amount(1000)
    pipe = json.loads(
        subprocess.run(["bash", "-c", '"$1" write "$2" 2000 | "$1" pipe', "bash", clock, str(count)], check=True, stdout=subprocess.PIPE).stdout
    )
    hive = hive_on(build)
    try:
        # The program that stamps the lines comes as a source of the recipe.
        hive.catalog.add(
            "clock",
            pkgbuild(
                "clock", build='install -m755 "$srcdir/line-clock" /tmp/c && /tmp/c write %d 2000' % count, source=["line-clock"], sha256sums=["SKIP"]
            ),
            files={"line-clock": pathlib.Path(clock).read_bytes()},
        )
        hive.start()
        job = hive.install("clock")
        wait_until(lambda: job.log_path.exists(), what="the log")
        log = json.loads(subprocess.run([clock, "log", job.log_path], check=True, stdout=subprocess.PIPE).stdout)
        assert job.wait() == ("done", "", ""), job.log_text()
    finally:
        hive.close()
    return {"hive_median_us": log["median"], "hive_p99_us": log["p99"], "pipe_median_us": pipe["median"], "pipe_p99_us": pipe["p99"]}


def bench_memory(build):
    """The idle daemon's private memory (clean and dirty), fresh and after ten installs."""
    hive = hive_on(build)
    try:
        hive.catalog.add("trivial", pkgbuild("trivial", build="echo hello"))
        hive.start()
        time.sleep(1)
        fresh = private_kib(hive.process.pid)
        for _ in range(amount(10)):
            hive.installs("trivial", reinstall=True)
        time.sleep(1)
        return {"idle_private_kib": fresh, "after_ten_installs_kib": private_kib(hive.process.pid)}
    finally:
        hive.close()
