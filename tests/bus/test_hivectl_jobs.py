# SPDX-License-Identifier: LGPL-2.1-or-later
"""hivectl jobs, log and wait: jobs that ended, jobs that run, and a hive that goes and comes back meanwhile."""

import contextlib
import ctypes
import json
import os
import re
import signal
import socket
import subprocess

from gi.repository import GLib

from catalog import pkgbuild
from hivectl import SGR, Terminal, endless, latest_job, lines_of_json, slow
from waiting import LEAST, wait_until


def test_log_of_a_job_that_ended_and_of_one_that_runs(hive):
    hive.catalog.add("bad", pkgbuild("bad", build="false"))
    hive.hivectl("install", "bad", status=1)
    lines = latest_job(hive).lines()
    assert hive.hivectl("log", "1").stdout.splitlines() == lines
    assert hive.hivectl("log", "1", "--follow", status=1).stdout.splitlines() == lines
    assert [record["stream"] for record in lines_of_json(hive.hivectl("log", "1", "--json").stdout)][-2:] == ["error", "end"]
    assert hive.hivectl("log", "1", "--follow", "--quiet", status=1).stdout == ""

    job = hive.install(endless(hive))
    job.wait_for_line("started")
    assert hive.hivectl("log", job.id).stdout.splitlines()[-1] == "started"
    assert "no job 99" in hive.hivectl("log", "99", status=3).stderr
    assert hive.hivectl("log", "../1", status=3).stdout == ""
    job.cancel()
    job.wait()


def test_log_lines_are_the_last_of_what_is_there(hive):
    hive.catalog.add("some", pkgbuild("some", build="seq 100"))
    hive.start()
    whole = hive.hivectl("install", "some").stdout.splitlines()
    for arguments, lines in (
        (("-n", "3"), whole[-3:]),
        (("--lines=1",), whole[-1:]),
        (("-n", "0"), []),
        (("-n", "all"), whole),
        (("-n", "100000"), whole),
    ):
        assert hive.hivectl("log", "1", *arguments).stdout.splitlines() == lines
    assert hive.hivectl("log", "1", "--follow", "-n", "2").stdout.splitlines() == whole[-2:]
    records = lines_of_json(hive.hivectl("log", "1", "--json").stdout)
    assert lines_of_json(hive.hivectl("log", "1", "--json", "-n", "4").stdout) == records[-4:]
    assert "a number or all" in hive.hivectl("log", "1", "-n", "few", status=2).stderr
    assert "a number or all" in hive.hivectl("log", "1", "--lines=-1", status=2).stderr


def test_wait_is_silent_and_its_status_says_how_jobs_ended(hive):
    go_on = slow(hive)
    hive.catalog.add("fails", pkgbuild("fails", build="false"))
    hive.start()
    hive.hivectl("install", "--no-wait", "slow")
    waiting = hive.spawn(hive.build.bin / "hivectl", "wait", "1", stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    latest_job(hive).wait_for_line("started")
    assert waiting.poll() is None
    go_on()
    assert waiting.communicate()[0] == b"" and waiting.returncode == 0
    hive.hivectl("install", "fails", status=1)
    done = hive.hivectl("wait", "1", "2", status=1)
    assert done.stdout == "" and "Build phase failed" in done.stderr
    assert [line["state"] for line in lines_of_json(hive.hivectl("wait", "1", "2", "--json", status=1).stdout)] == ["done", "failed"]
    hive.hivectl("wait", "99", status=3)
    hive.hivectl("wait", status=2)


def test_log_follows_through_a_restart_of_the_hive(hive):
    job = hive.install(endless(hive))
    job.wait_for_line("started")
    process = hive.spawn(hive.build.bin / "hivectl", "log", "--follow", job.id, stdout=subprocess.PIPE, text=True)
    while process.stdout.readline() != "started\n":
        pass
    hive.restart(signal.SIGKILL)
    rest, _ = process.communicate(timeout=LEAST * hive.patience)
    assert process.returncode == 1
    assert rest.splitlines()[-1] == "[ERROR] " + job.get("ErrorMessage")


def test_log_goes_on_to_its_end_without_a_bus(hive):
    go_on = slow(hive)
    job = hive.install("slow")
    job.wait_for_line("started")
    process = hive.spawn(hive.build.bin / "hivectl", "log", "--follow", job.id, stdout=subprocess.PIPE, text=True)
    while process.stdout.readline() != "started\n":
        pass
    peers = [name for name in names_on_the_bus(hive) if process.pid == process_of(hive, name)]
    assert len(peers) == 1
    disconnect(process)
    go_on()
    rest, _ = process.communicate(timeout=LEAST * hive.patience)
    assert rest.splitlines()[-1] == "[DONE]" and "woke" in rest and process.returncode == 0


def names_on_the_bus(hive):
    return hive.connection.call_sync(
        "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "ListNames", None, None, 0, -1, None
    ).unpack()[0]


def process_of(hive, name):
    with contextlib.suppress(GLib.Error):
        return hive.connection.call_sync(
            "org.freedesktop.DBus",
            "/org/freedesktop/DBus",
            "org.freedesktop.DBus",
            "GetConnectionUnixProcessID",
            GLib.Variant("(s)", (name,)),
            None,
            0,
            -1,
            None,
        ).unpack()[0]
    return None


def disconnect(process):
    """Shuts the process's only socket down, as a bus that goes away does."""
    libc = ctypes.CDLL(None, use_errno=True)
    pidfd = os.pidfd_open(process.pid)
    try:
        for name in os.listdir(f"/proc/{process.pid}/fd"):
            with contextlib.suppress(OSError):
                if os.readlink(f"/proc/{process.pid}/fd/{name}").startswith("socket:"):
                    descriptor = libc.syscall(438, pidfd, int(name), 0)  # pidfd_getfd
                    assert descriptor >= 0, os.strerror(ctypes.get_errno())
                    with socket.socket(fileno=descriptor) as copy:
                        copy.shutdown(socket.SHUT_RDWR)
    finally:
        os.close(pidfd)


def test_jobs_shows_the_latest_and_all(hive):
    hive.catalog.add("some")
    hive.hivectl("install", "some")
    hive.hivectl("install", "nope", status=3)
    header, *rows = hive.hivectl("jobs").stdout.splitlines()
    assert header.split() == ["ID", "OPERATION", "WORKER", "STATE", "STARTED", "ERROR"]
    assert re.fullmatch(r"1 +install +some +done +\d{4}-\d\d-\d\d \d\d:\d\d", rows[0])
    assert re.fullmatch(r'2 +install +nope +failed +\d{4}-\d\d-\d\d \d\d:\d\d +WorkerNotFound: .*"nope".*', rows[1])
    for _ in range(20):
        hive.removes("some") if hive.workers() else hive.installs("some")
    assert [job["id"] for job in json.loads(hive.hivectl("jobs", "--json").stdout)] == [str(number) for number in range(3, 23)]
    assert len(hive.hivectl("jobs").stdout.splitlines()) == 21
    assert len(hive.hivectl("jobs", "--all").stdout.splitlines()) == 23
    assert len(json.loads(hive.hivectl("jobs", "--all", "--json").stdout)) == 22


def test_jobs_and_logs_of_a_long_history(hive):
    hive.configure("History", MaxJobs=620)
    for number in range(1, 631):
        hive.old_job(number, f"2026-11-23T07:35:04.000211Z build out line of {number}\n2026-11-23T07:35:05.000000Z cleanup end done\n".encode())
    hive.start()
    wait_until(lambda: hive.jobs_on_disk()[0] == 11, what="the oldest to go")
    every = json.loads(hive.hivectl("jobs", "--all", "--json").stdout)
    assert [job["id"] for job in every] == [str(number) for number in range(11, 631)]
    assert len(hive.hivectl("jobs", "--all").stdout.splitlines()) == 621
    assert hive.hivectl("log", "11").stdout == "line of 11\n[DONE]\n"
    assert "MaxJobs=" in hive.hivectl("log", "10", status=3).stderr
    assert "no job 631" in hive.hivectl("log", "631", status=3).stderr


# a list that is kept up to date


def test_jobs_follow_draws_the_list_anew_until_no_job_is_active(hive):
    go_on = slow(hive)
    hive.install("slow").wait_for_line("started")
    with Terminal(hive, "jobs", "--follow") as terminal:
        terminal.wait_for("running: build")
        hive.catalog.add("other")
        other = hive.install("other")
        terminal.wait_for("other")
        other.wait()
        terminal.wait_for("done")
        assert terminal.status is None
        go_on()
        assert terminal.end() == 0
    last = SGR.sub("", terminal.shown).rpartition("\x1b[J")[2].split("\r\n")
    assert [line.split()[:4] for line in last[1:3]] == [["1", "install", "slow", "done"], ["2", "install", "other", "done"]] and last[3:] == [""]


def test_jobs_follow_in_a_pipe_has_a_line_for_each_change(hive):
    go_on = slow(hive)
    hive.catalog.add("bad", pkgbuild("bad", build="false"))
    hive.hivectl("install", "bad", status=1)
    hive.install("slow").wait_for_line("started")
    plain, objects = (
        hive.spawn(hive.build.bin / "hivectl", "jobs", "-f", *arguments, stdout=subprocess.PIPE, text=True) for arguments in ((), ("--json",))
    )
    for process in (plain, objects):
        assert [process.stdout.readline() and "" for _ in range(2)] == ["", ""]
    go_on()
    rest = plain.communicate(timeout=LEAST * hive.patience)[0].splitlines()
    assert rest[-1].split("\t")[:4] == ["2", "install", "slow", "done"] and plain.returncode == 0
    assert all(line.startswith("2\t") for line in rest)
    rest = lines_of_json(objects.communicate(timeout=LEAST * hive.patience)[0])
    assert (rest[-1]["id"], rest[-1]["state"]) == ("2", "done") and objects.returncode == 0


def test_jobs_follow_ends_at_once_where_none_is_active(hive):
    hive.catalog.add("some")
    hive.installs("some")
    (row,) = hive.hivectl("jobs", "--follow").stdout.splitlines()
    assert row.split("\t")[:4] == ["1", "install", "some", "done"]


def test_jobs_follow_goes_on_with_a_hive_that_is_started_anew(hive):
    job = hive.install(endless(hive))
    job.wait_for_line("started")
    process = hive.spawn(hive.build.bin / "hivectl", "jobs", "--follow", stdout=subprocess.PIPE, text=True)
    assert "running" in process.stdout.readline()
    hive.restart(signal.SIGKILL)
    rest, _ = process.communicate(timeout=LEAST * hive.patience)
    assert "failed" in rest.splitlines()[-1] and process.returncode == 0


def test_log_that_is_followed_tells_of_a_hive_that_died_and_of_one_that_is_back(hive):
    job = hive.install(endless(hive))
    job.wait_for_line("started")
    process = hive.spawn(hive.build.bin / "hivectl", "log", "--follow", job.id, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while process.stdout.readline() != "started\n":
        pass
    hive.stop(signal.SIGKILL)
    assert (
        process.stderr.readline()
        == f"hivectl: The hive has ended, and does not come back by itself. Job {job.id} is followed on: how it ends is known when a hive runs again\n"
    )
    hive.start()
    rest, errors = process.communicate(timeout=LEAST * hive.patience)
    assert rest.splitlines()[-1] == "[ERROR] " + job.get("ErrorMessage") and process.returncode == 1
    assert errors == f"hivectl: The hive runs again; job {job.id} is followed on\n"
