# SPDX-License-Identifier: LGPL-2.1-or-later
"""The daemon killed in the middle: no job is forgotten, none is half done, nothing is left."""

import contextlib
import json
import os
import signal
import subprocess
import time

import pytest

from catalog import install_script, pkgbuild
from job import Job
from waiting import LEAST, unique_seconds, wait_until, with_argument


def wait_for_end(job):
    job.hive.call("GetJob", job.id)
    wait_until(lambda: job.state in ("done", "failed", "cancelled"), what=lambda: f"the end of {job}: {job.state}\n{job.log_text()}")
    return job.state


def test_daemon_that_is_stopped_at_once_starts_nothing_any_more(hive):
    """Jobs wait until the devices were looked at; that answer may come while the hive is stopping."""
    seconds = unique_seconds()
    hive.catalog.add("long", pkgbuild("long", build=f"sleep {seconds}"))
    hive.install("long")
    assert hive.stop() == 0
    assert not with_argument(seconds)


def test_killed_daemon_ends_its_running_job_as_interrupted(hive):
    seconds = unique_seconds()
    hive.catalog.add("long", pkgbuild("long", build=f"echo started\nsetsid -f sleep {seconds}\nsleep {seconds}"))
    job = hive.install("long")
    job.wait_for_line("started")
    wait_until(lambda: with_argument(seconds), what="the job's processes")
    hive.restart(signal.SIGKILL)
    assert wait_for_end(job) == "failed"
    assert job.get("ErrorName") == "Interrupted"
    assert job.get("ErrorMessage")
    records = job.records()
    assert [record.stream for record in records[-2:]] == ["error", "end"]
    assert records[-2].text == f"Interrupted {job.get('ErrorMessage')}"
    assert "started" in job.lines()
    wait_until(lambda: not with_argument(seconds), what="the job's processes to be gone")
    hive.nothing_left()
    hive.catalog.add("long")
    hive.installs("long", reinstall=True)


def test_queued_jobs_survive_a_killed_daemon(hive):
    hive.configure("Jobs", MaxParallel=1)
    hive.catalog.add("first", pkgbuild("first", build=f"echo started\nsleep {unique_seconds()}"))
    hive.catalog.add("second")
    hive.catalog.add("third")
    jobs = [hive.install(name) for name in ("first", "second", "third")]
    jobs[0].wait_for_line("started")
    assert [job.state for job in jobs] == ["running", "queued", "queued"]
    hive.restart(signal.SIGKILL)
    assert [wait_for_end(job) for job in jobs] == ["failed", "done", "done"]
    assert jobs[0].get("ErrorName") == "Interrupted"
    assert jobs[1].get("StartedAt") <= jobs[2].get("StartedAt")
    assert set(hive.workers()) == {"second", "third"}
    hive.nothing_left()


def test_daemon_told_to_end_ends_its_jobs_first(hive):
    seconds = unique_seconds()
    hive.catalog.add("long", pkgbuild("long", build=f"echo started\nsleep {seconds}"))
    job = hive.install("long")
    job.wait_for_line("started")
    assert hive.stop() == 0
    wait_until(lambda: not with_argument(seconds), what="the job's processes to be gone")
    hive.start()
    assert wait_for_end(job) in ("failed", "cancelled")
    hive.nothing_left()


def test_what_is_installed_and_the_jobs_are_known_after_a_restart(hive):
    hive.catalog.add("some", pkgbuild("some", build="echo a line"))
    job = hive.installs("some")
    bad = hive.refuses("no-such-worker", "WorkerNotFound")
    before = hive.get_all(job.path, "org.rbee.Hive.Job"), hive.workers(), hive.call("GetCapabilities")["workers"]
    hive.restart()
    after = hive.get_all(job.path, "org.rbee.Hive.Job"), hive.workers(), hive.call("GetCapabilities")["workers"]
    assert after == before
    assert bad.get("ErrorName") == "WorkerNotFound" and "no-such-worker" in bad.get("ErrorMessage")
    assert job.read_log()[0][-1].text == "done"


def test_log_that_a_crash_cut_short_is_mended(hive):
    hive.catalog.add("long", pkgbuild("long", build=f"echo started\nsleep {unique_seconds()}"))
    job = hive.install("long")
    job.wait_for_line("started")
    hive.stop(signal.SIGKILL)
    wait_until(lambda: not hive.processes(), what="the processes to be gone")
    with open(job.log_path, "ab") as log:
        log.write(b"2026-11-23T07:35:09.5100")
    hive.start()
    assert wait_for_end(job) == "failed"
    lines = job.log_path.read_bytes().split(b"\n")
    assert lines[-1] == b"" and lines[-2].endswith(b" end failed") and b" error Interrupted " in lines[-3]
    assert b"2026-11-23T07:35:09.5100" in lines
    records, ended = job.read_log()
    assert ended and [record.stream for record in records[-2:]] == ["error", "end"]


@pytest.mark.parametrize("delay", [0, 0.02, 0.05, 0.1, 0.2])
def test_daemon_killed_around_the_commit_leaves_all_or_nothing(hive, delay):
    package = (
        install_script("big")
        + '\nfor i in 1 2 3 4 5 6 7 8; do install -d "$pkgdir/usr/local/share/big"; head -c 4M /dev/urandom > "$pkgdir/usr/local/share/big/$i"; done'
    )
    hive.catalog.add("big", pkgbuild("big", package=package))
    job = hive.install("big")
    job.wait_for_line("Installing binary")
    time.sleep(delay)
    hive.restart(signal.SIGKILL)
    wait_for_end(job)
    files, _ = hive.root_entries()
    assert len(files) in (0, 9)
    assert set(hive.workers()) == ({"big"} if files else set())
    if files:
        assert hive.call("Verify", path="/org/rbee/Hive/worker/big", interface="org.rbee.Hive.Worker") == []
    assert job.state == ("done" if files else "failed")
    hive.nothing_left()


def commit(hive, verb, request, **environment):
    with open(hive.directory / "commit.log", "a") as log:
        return subprocess.Popen(
            [str(hive.build.libexec / "rbee-hive-commit"), "--config", str(hive.directory / "hive.conf"), verb],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            text=True,
            env=dict(os.environ, **environment),
        )


@pytest.mark.parametrize("delay", [0, 0.005, 0.02, 0.05, 0.1, 0.15, 0.2])
def test_commit_killed_at_any_moment_of_an_upgrade_is_rolled_back_or_forward(hive, delay):
    def package(word):
        return pkgbuild(
            "big",
            version=word,
            package=install_script("big", f"echo {word}")
            + f"""
install -d "$pkgdir/usr/local/share/big"
for i in 1 2 3 4 5 6 7 8; do yes {word} | head -c 2M > "$pkgdir/usr/local/share/big/$i"; done
echo {word} > "$pkgdir/usr/local/share/big/only-{word}\"""",
        )

    hive.catalog.add("big", package("1"), version="1")
    hive.installs("big")
    hive.catalog.add("big", package("2"), version="2")
    job = hive.install("big")
    job.wait_for_line("Installing binary")
    time.sleep(delay)
    for pid, command in hive.processes():
        if "rbee-hive-commit" in command:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
    job.wait()
    hive.restart()
    version = hive.workers()["big"]["version"]
    assert version in ("1-1", "2-1")
    assert (job.state == "done") == (version == "2-1"), job.log_text()
    assert hive.call("Verify", path="/org/rbee/Hive/worker/big", interface="org.rbee.Hive.Worker") == []
    hive.nothing_left()


def test_two_hives_on_one_state_directory_do_not_start(hive):
    hive.start()
    done = subprocess.run(
        [str(hive.build.libexec / "rbee-hived"), "--config", str(hive.directory / "hive.conf"), "--bus", hive.address],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=LEAST,
    )
    assert done.returncode != 0
    assert "org.rbee.Hive" in done.stdout or str(hive.state) in done.stdout


def test_damaged_job_record_does_not_keep_the_hive_from_starting(hive):
    hive.catalog.add("some")
    job = hive.installs("some")
    hive.stop()
    (hive.state / "jobs" / "7").mkdir()
    (hive.state / "jobs" / "7" / "job.json").write_text("{rubbish")
    (hive.state / "jobs" / "not-a-job").mkdir()
    hive.start()
    assert job.id in [listed["id"] for listed in hive.call("ListJobs", {}, signature="(a{sv})")]
    assert Job(hive, hive.call("GetJob", job.id)).state == "done"
    record = json.loads((hive.state / "jobs" / job.id / "job.json").read_text())
    assert record["state"] == "done"
    subprocess.run(["rm", "-rf", str(hive.state / "jobs" / "7"), str(hive.state / "jobs" / "not-a-job")], check=True)


def test_a_recipes_text_is_no_end_of_its_job(hive):
    """Of the log of a job that it had lost, the daemon reads the last 32 KiB: here they begin at what looks like an end."""
    forged = "2026-01-01T00:00:00.000000Z cleanup end done"
    prefix = len("2026-01-01T00:00:00.000000Z build out ") + len("\n")
    rest = 32 * 1024 - len(forged + "\n") - 31 * (prefix + 1000)
    last = "y" * (rest - prefix)
    hive.catalog.add(
        "forger", pkgbuild("forger", build=f"echo 'PAD{forged}'; for i in {{1..31}}; do echo {'x' * 1000}; done; echo {last}; sleep 86388")
    )
    job = hive.install("forger")
    job.wait_for_line(last)
    hive.restart(signal.SIGKILL)
    assert wait_for_end(job) == "failed"
    assert job.get("ErrorName") == "Interrupted"
    hive.nothing_left()
