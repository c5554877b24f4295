# SPDX-License-Identifier: LGPL-2.1-or-later
"""The command line: every verb, what it prints into a pipe, as JSON and on a terminal, how it ends, and Ctrl-C."""

import contextlib
import ctypes
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys

import pytest
from gi.repository import GLib

import terminal as terminals
from catalog import pkgbuild
from job import Job
from verbs import VERBS
from waiting import unique_seconds, wait_until, wake

SGR = re.compile(r"\x1b\[[0-9;]*m")
ERASE = "\r\x1b[K"


def slow(hive, name="slow"):
    """A worker whose build goes on when what this gives is called."""
    seconds = unique_seconds()
    hive.catalog.add(name, pkgbuild(name, build=f"echo started\nsleep {seconds} || true\necho woke"))
    return lambda: wake(seconds)


def endless(hive, name="endless"):
    hive.catalog.add(name, pkgbuild(name, build="echo started\nsleep 86399"))
    return name


def latest_job(hive):
    jobs = hive.call("ListJobs", {}, signature="(a{sv})")
    return Job(hive, jobs[-1]["path"])


def lines_of_json(text):
    return [json.loads(line) for line in text.splitlines()]


class Terminal(terminals.Terminal):
    """hivectl on a terminal."""

    def __init__(self, hive, *arguments, columns=80, **environment):
        super().__init__(
            hive.build.bin / "hivectl",
            *arguments,
            environment=dict(hive.command_environment(), SYSTEMD_PAGER="cat") | environment,
            columns=columns,
            patience=hive.patience,
        )

    def lines(self):
        """What was shown for good: without colours, and without status lines, which are erased."""
        text = SGR.sub("", self.shown).replace("\r\n", "\n")
        return [line.rpartition(ERASE)[2] for line in text.split("\n")]


# verbs


def test_catalog_is_a_table_and_json(hive):
    hive.catalog.add("some", description="One of them")
    hive.catalog.add("other", version="2.0", worker_type="cuda", architectures=["riscv64"])
    lines = hive.hivectl("catalog").stdout.splitlines()
    assert lines[0].split() == ["ID", "VERSION", "BACKEND", "FITS", "DESCRIPTION"]
    assert [line.split()[:4] for line in lines[1:3]] == [["some", "1.0", "cpu", "yes"], ["other", "2.0", "cuda", "no"]]
    assert lines[3:] == ["", f"other: It is made for riscv64, and this machine is {os.uname().machine}."]
    assert lines[1].endswith("One of them")
    starts = [lines[0].index(word) for word in lines[0].split()]
    assert all(line[start - 1] == " " != line[start] for line in lines[:3] for start in starts[1:])
    workers = json.loads(hive.hivectl("catalog", "--json").stdout)
    assert [(worker["id"], worker["compatible"]) for worker in workers] == [("some", True), ("other", False)]


def test_catalog_over_http(hive, http_catalog):
    http_catalog.add("some")
    assert hive.hivectl("catalog").stdout.splitlines()[1].split()[0] == "some"
    assert hive.hivectl("install", "some").stdout.splitlines()[-1] == "[DONE]"


def test_catalog_that_is_gone_says_so(hive):
    hive.configure("Catalog", URL="http://127.0.0.1:1/nothing")
    done = hive.hivectl("catalog", status=1)
    assert done.stdout == "" and done.stderr.startswith("hivectl: ") and "127.0.0.1:1" in done.stderr


def test_show(hive):
    hive.catalog.add("some", depends=["gcc", "bash"])
    fields = dict(re.split(r":\s+", line, maxsplit=1) for line in hive.hivectl("show", "some").stdout.splitlines())
    assert fields["Worker"] == "some" and fields["Version"] == "1.0" and fields["Needs"] == "gcc bash" and fields["Fits this machine"] == "yes"
    assert "Installed" not in fields
    hive.installs("some")
    assert "Installed:" in hive.hivectl("show", "some").stdout
    assert json.loads(hive.hivectl("show", "some", "--json").stdout)["depends"] == ["gcc", "bash"]
    assert "nope" in hive.hivectl("show", "nope", status=3).stderr
    assert "no..pe" in hive.hivectl("show", "no..pe", status=2).stderr


def test_recipe_is_the_file_in_a_pipe_and_visible_on_a_terminal(hive):
    recipe = pkgbuild("some", extra="# \x1b[8mhidden\x1b[0m \u202eturned\ttab")
    hive.catalog.add("some", recipe)
    assert hive.hivectl("recipe", "some").stdout == recipe
    assert json.loads(hive.hivectl("recipe", "some", "--json").stdout) == {"id": "some", "pkgbuild": recipe}
    with Terminal(hive, "recipe", "some") as terminal:
        assert terminal.end() == 0
    assert "# ^[[8mhidden^[[0m <U+202E>turned\ttab" in terminal.shown
    assert "\x1b" not in terminal.shown
    assert hive.hivectl("recipe", "nope", status=3).stdout == ""
    assert "source" in hive.hivectl("recipe", "some", "--source", "sideways", status=2).stderr


def test_install_list_verify_and_remove(hive):
    hive.catalog.add("some", pkgbuild("some", build="echo to out\necho to err >&2\nprintf '\\033[35mviolet\\033[0m\\n'"))
    done = hive.hivectl("install", "some")
    job = latest_job(hive)
    assert "\x1b" not in done.stdout and "\r" not in done.stdout and done.stderr == ""
    assert done.stdout.splitlines() == [SGR.sub("", line) for line in job.lines()]
    assert {"to out", "to err", "violet"} <= set(done.stdout.splitlines())
    assert done.stdout.splitlines()[-1] == "[DONE]"

    header, row = hive.hivectl("list").stdout.splitlines()
    assert header.split() == ["ID", "VERSION", "SIZE", "INSTALLED", "PATH"]
    assert re.fullmatch(rf"some +1\.0-1 +\d+ B +\d{{4}}-\d\d-\d\d \d\d:\d\d +{hive.installed('/usr/local/bin/some')}", row)
    assert json.loads(hive.hivectl("list", "--json").stdout)[0]["id"] == "some"
    assert hive.hivectl("verify").stdout == "some: OK\n"
    assert hive.hivectl("verify", "some").stdout == "OK\n"

    assert hive.hivectl("remove", "some").stdout.splitlines()[-1] == "[DONE]"
    assert hive.hivectl("list").stdout == "No worker is installed. See: hivectl catalog\n"
    hive.nothing_left()


def test_plain_lists_are_for_programs(hive):
    hive.catalog.add("some", description="One\tof\nthem")
    hive.catalog.add("other", version="2.0", worker_type="cuda", architectures=["riscv64"], description="")
    hive.installs("some")
    assert hive.hivectl("catalog", "--plain").stdout == "some\t1.0\tcpu\tyes\tOne of them\tdefault\nother\t2.0\tcuda\tno\t\tdefault\n"
    (row,) = hive.hivectl("list", "--plain").stdout.splitlines()
    assert row.split("\t")[:2] == ["some", "1.0-1"] and row.split("\t")[4] == str(hive.installed("/usr/local/bin/some"))
    (row,) = hive.hivectl("jobs", "--plain", "--all").stdout.splitlines()
    assert row.split("\t")[:4] == ["1", "install", "some", "done"]
    hive.removes("some")
    assert hive.hivectl("list", "--plain").stdout == ""
    assert "--plain" in hive.hivectl("list", "--plain", "--json", status=2).stderr
    assert "--plain" in hive.hivectl("status", "--plain", status=2).stderr


def test_nothing_is_said_in_words_and_as_empty_json(hive):
    for verb, words in (
        ("list", "No worker is installed"),
        ("catalog", "The catalog is empty"),
        ("jobs", "There was no job"),
        ("verify", "No worker is installed"),
    ):
        assert words in hive.hivectl(verb).stdout, verb
        assert json.loads(hive.hivectl(verb, "--json").stdout) == []


def test_verify_names_what_is_wrong(hive):
    hive.catalog.add(
        "some",
        pkgbuild("some", package='for name in a b; do install -Dm755 /dev/null "$pkgdir/usr/local/bin/$name"; done'),
        install_path="/usr/local/bin/a",
        binary_name="a",
    )
    hive.catalog.add("well")
    hive.installs("some")
    hive.installs("well")
    changed, missing = hive.installed("/usr/local/bin/a"), hive.installed("/usr/local/bin/b")
    changed.write_text("changed")
    missing.unlink()
    assert set(hive.hivectl("verify", "some", status=7).stdout.splitlines()) == {f"changed {changed}", f"missing {missing}"}
    assert set(hive.hivectl("verify", status=7).stdout.splitlines()) == {f"some: changed {changed}", f"some: missing {missing}", "well: OK"}
    assert hive.hivectl("verify", "--quiet", status=7).stdout == ""
    some, well = json.loads(hive.hivectl("verify", "--json", status=7).stdout)
    assert {(problem["path"], problem["problem"]) for problem in some["problems"]} == {(str(changed), "changed"), (str(missing), "missing")}
    assert well == {"id": "well", "problems": []}
    assert "nope is not installed" in hive.hivectl("verify", "nope", status=3).stderr


def test_install_json_has_each_record_and_then_the_outcome(hive):
    hive.catalog.add("some")
    hive.catalog.add("bad", pkgbuild("bad", build="false"))
    *records, outcome = lines_of_json(hive.hivectl("install", "some", "--json").stdout)
    job = latest_job(hive)
    assert [(record["cursor"], record["phase"], record["stream"], record["text"]) for record in records] == [
        (record.cursor, record.phase, record.stream, record.text) for record in job.records()
    ]
    assert [record["time"] for record in records] == [record.time for record in job.read_log()[0]]
    assert outcome == {"job": job.id, "worker": "some", "state": "done", "error": "", "message": ""}
    *_, outcome = lines_of_json(hive.hivectl("install", "bad", "--json", status=1).stdout)
    assert (outcome["worker"], outcome["state"], outcome["error"]) == ("bad", "failed", "BuildFailed") and outcome["message"]


def test_install_options_reach_the_hive(hive):
    hive.catalog.add("some", pkgbuild("some", extra="check() { echo checked; }"))
    assert "checked" not in hive.hivectl("install", "some").stdout
    assert "checked" not in hive.hivectl("install", "some", "--check").stdout  # it is installed
    assert "checked" in hive.hivectl("--check", "install", "some", "--reinstall").stdout
    assert "source" in hive.hivectl("install", "some", "--source", "sideways", status=2).stderr
    assert "backend" in hive.hivectl("install", "some", "--backend", "../x", status=2).stderr


def test_install_that_fails_ends_with_why_and_the_status_for_it(hive):
    hive.catalog.add("bad", pkgbuild("bad", build="false"))
    hive.catalog.add("needy", pkgbuild("needy", makedepends=["libno-such.so"]))
    for worker, status in (("bad", 1), ("needy", 1), ("nope", 3)):
        done = hive.hivectl("install", worker, status=status)
        hint = "hivectl: 'hivectl install --install-dependencies needy' installs what is missing too\n" if worker == "needy" else ""
        assert done.stdout.splitlines()[-1] == "[ERROR] " + latest_job(hive).get("ErrorMessage")
        assert done.stderr == hint
        done = hive.hivectl("install", worker, "--quiet", status=status)
        assert (done.stdout, done.stderr) == ("", "hivectl: " + latest_job(hive).get("ErrorMessage") + "\n")


def test_several_workers_are_headed_and_the_first_failure_counts(hive):
    hive.catalog.add("a")
    hive.catalog.add("b", pkgbuild("b", build="false"))
    done = hive.hivectl("install", "a", "nope", "no..pe", "b", status=3)
    assert "no..pe" in done.stderr
    parts = re.split(r"^(?:\n)?(a|nope|b)\n", done.stdout, flags=re.MULTILINE)
    assert parts[1::2] == ["a", "nope", "b"]
    assert [part.strip().splitlines()[-1].split()[0] for part in parts[2::2]] == ["[DONE]", "[ERROR]", "[ERROR]"]
    assert hive.hivectl("remove", "a", "b", status=3).stdout.splitlines()[-1] == "[DONE]"


def test_no_wait_prints_ids(hive):
    endless(hive, "a")
    endless(hive, "b")
    done = hive.hivectl("install", "--no-wait", "a", "b")
    ids = done.stdout.split()
    assert len(ids) == 2 and done.stderr == ""
    assert lines_of_json(hive.hivectl("install", "--no-wait", "--json", "a").stdout) == [{"job": ids[0], "worker": "a"}]
    for job in ids:
        assert job in hive.hivectl("cancel", job).stdout
        assert hive.hivectl("log", job, "--follow", status=6).stdout.splitlines()[-1] == "[CANCELLED]"
        assert hive.hivectl("log", job).stdout.splitlines()[-1] == "[CANCELLED]"


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
    rest, _ = process.communicate(timeout=30 * hive.patience)
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
    rest, _ = process.communicate(timeout=30 * hive.patience)
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


def test_cancel_says_why_not(hive):
    hive.catalog.add("some")
    hive.installs("some")
    assert "ended already" in hive.hivectl("cancel", "1", status=4).stderr
    assert "no job 99" in hive.hivectl("cancel", "99", status=3).stderr


def test_busy_is_refused(hive):
    job = hive.install(endless(hive))
    done = hive.hivectl("install", "endless", "--reinstall", status=4)
    assert f"job {job.id}" in done.stderr and done.stdout == ""
    job.cancel()
    job.wait()


@pytest.mark.root
def test_what_others_may_not_is_refused(hive):
    hive.catalog.add("there")
    hive.installs("there")
    job = hive.install(endless(hive))
    for arguments in (("install", "endless"), ("remove", "there"), ("cancel", job.id)):
        done = hive.hivectl(*arguments, status=4, user=65534, group=65534, extra_groups=[])
        assert "Only" in done.stderr
    job.wait_for_line("started")
    assert "started" in hive.hivectl("log", job.id, user=65534, group=65534, extra_groups=[]).stdout
    job.cancel()
    job.wait()


def test_status(hive):
    hive.catalog.add("some")
    hive.installs("some")
    text = hive.hivectl("status").stdout
    for part in ("rbee-hived", hive.catalog.url, "linux", "0 running, 0 queued", "1 installed", "works"):
        assert part in text
    status = json.loads(hive.hivectl("status", "--json").stdout)
    assert status["catalog_url"] == hive.catalog.url and status["workers"] == 1 and status["sandbox"] is True
    assert (status["running_jobs"], status["queued_jobs"], status["platform"]) == (0, 0, "linux")


@pytest.fixture
def denied(hive):
    """A bubblewrap that makes no sandbox."""
    folder = hive.directory / "denied"
    folder.mkdir()
    (folder / "bwrap").write_text("#!/bin/sh\necho 'bwrap: setting up uid map: Permission denied' >&2\nexit 1\n")
    (folder / "bwrap").chmod(0o755)
    hive.environment["PATH"] = f"{folder}:{os.environ['PATH']}"
    return folder / "bwrap"


def test_nothing_fits_where_no_sandbox_can_be_made_until_one_can(hive, denied):
    hive.catalog.add("some")
    assert "Nothing can be installed here" in hive.hivectl("catalog").stdout
    (worker,) = json.loads(hive.hivectl("catalog", "--json").stdout)
    assert worker["compatible"] is False and "uid map" in worker["incompatible_because"]
    assert json.loads(hive.hivectl("show", "some", "--json").stdout)["compatible"] is False
    denied.unlink()
    (worker,) = json.loads(hive.hivectl("catalog", "--json").stdout)
    assert worker["compatible"] is True and worker["incompatible_because"] == ""


def test_status_names_a_filter_that_denies_openat2(hive, denied):
    """As systemd's RestrictSUIDSGID= has one, and bubblewrap 0.12 says it."""
    denied.write_text('#!/bin/sh\necho "bwrap: Can\'t open source /usr: Function not implemented" >&2\nexit 1\n')
    shown = hive.hivectl("status", status=1).stdout
    assert "openat2()" in shown and "RestrictSUIDSGID" in shown and "Can't open source /usr: Function not implemented" in shown


def test_status_where_no_sandbox_can_be_made(hive, denied):
    done = hive.hivectl("status", status=1)
    assert "does not work" in done.stdout and "What to do" in done.stdout
    status = json.loads(hive.hivectl("status", "--json", status=1).stdout)
    assert status["sandbox"] is False and status["sandbox_error"] and status["sandbox_hint"]


def test_capabilities(hive):
    hive.catalog.add("some")
    hive.installs("some")
    text = hive.hivectl("capabilities").stdout
    assert "CPU-0" in text and str(hive.installed("/usr/local/bin/some")) in text
    assert json.loads(hive.hivectl("capabilities", "--json").stdout) == hive.call("GetCapabilities")


# wrong usage, help, no hive


@pytest.mark.parametrize(
    "arguments, named, hint",
    [
        ((), "Usage:", "hivectl --help"),
        (("frobnicate",), "frobnicate", "hivectl --help"),
        (("--frobnicate", "list"), "--frobnicate", "hivectl list --help"),
        (("list", "-z"), "-z", "hivectl list --help"),
        (("install",), "WORKER", "hivectl install --help"),
        (("log", "--follow"), "JOB", "hivectl log --help"),
        (("log", "1", "2"), "'2'", "hivectl log --help"),
        (("list", "surplus"), "'surplus'", "hivectl list --help"),
        (("list", "--follow"), "--follow", "hivectl list --help"),
        (("remove", "some", "--check"), "--check", "hivectl remove --help"),
        (("list", "--color=sometimes"), "'sometimes'", "hivectl list --help"),
        (("list", "--json=yes"), "--json", "hivectl list --help"),
        (("install", "some", "--source"), "--source", "hivectl install --help"),
        (("--host",), "--host", "hivectl --help"),
        (("show", b"\xff"), "UTF-8", "hivectl show --help"),
    ],
    ids=lambda value: None if isinstance(value, str) else " ".join(str(word) for word in value) or "nothing",
)
def test_wrong_usage_is_named(build, arguments, named, hint):
    done = subprocess.run([build.bin / "hivectl", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert done.returncode == 2 and done.stdout == b""
    message, tail = done.stderr.decode().rstrip("\n").rsplit("\n", 1)
    assert named in message and tail == f"Try '{hint}'"
    assert not arguments or "\n" not in message


def test_help_of_everything_and_of_each_verb(build):
    def text(*arguments):
        done = subprocess.run([build.bin / "hivectl", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout

    whole = text("--help")
    assert "Exit status:" in whole and all(re.search(rf"^  {number} ", whole, re.MULTILINE) for number in (0, 1, 2, 3, 4, 5, 6, 7, 130))
    for verb in VERBS:
        assert re.search(rf"^  {verb} ", whole, re.MULTILINE)
        help_ = text(verb, "--help")
        assert help_ == text("--help", verb)
        assert f"hivectl {verb} [OPTION…]" in help_ and re.search(rf"Example:\n  hivectl {verb}", help_)
        assert max(map(len, help_.splitlines())) <= 80
    assert re.fullmatch(r"hivectl \d+\.\d+\.\d+\n", text("--version"))


def test_options_stand_anywhere(hive):
    hive.catalog.add("some")
    for arguments in (
        ("--json", "show", "some"),
        ("show", "--json", "some"),
        ("show", "some", "--json"),
        ("--", "show", "some"),
        ("--json", "--", "show", "some"),
    ):
        assert "some" in hive.hivectl(*arguments).stdout


def test_no_hive_or_no_bus_says_what_to_do(hive, build):
    hive.start_bus()
    for address, why in ((hive.address, "org.rbee.Hive"), ("unix:path=/nonexistent/bus", "No such file")):
        for verb in (["status"], ["list", "--json"], ["install", "some"], ["log", "1"], ["recipe", "some"]):
            done = subprocess.run(
                [build.bin / "hivectl", *verb],
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                env=dict(os.environ, DBUS_SYSTEM_BUS_ADDRESS=address),
            )
            assert done.returncode == 5 and done.stdout == ""
            assert (
                address in done.stderr and why in done.stderr and "systemctl status rbee-hived" in done.stderr and "tools/try --keep" in done.stderr
            )


# output


def test_full_disk_is_said(hive):
    hive.catalog.add("some")
    hive.installs("some")
    for arguments in (("list",), ("log", "1"), ("jobs", "--json")):
        with open("/dev/full", "w") as full:
            done = subprocess.run(
                [hive.build.bin / "hivectl", *arguments], stdout=full, stderr=subprocess.PIPE, text=True, env=hive.command_environment()
            )
        assert done.returncode == 1 and "No space left on device" in done.stderr


def test_reader_that_stops_ends_it_quietly(hive):
    hive.catalog.add("noisy", pkgbuild("noisy", build="seq 200000"))
    hive.installs("noisy")
    process = hive.spawn(hive.build.bin / "hivectl", "log", "1", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr.read() == b""
    assert process.wait(20) == -signal.SIGPIPE


def test_long_logs_are_whole(hive):
    hive.catalog.add("noisy", pkgbuild("noisy", build="seq 300000"))
    done = hive.hivectl("install", "noisy")
    assert [line for line in done.stdout.splitlines() if line.isdigit()] == [str(number) for number in range(1, 300001)]


def test_tables_fit_a_terminal_and_are_whole_in_a_pipe(hive):
    description = "A worker of which there is much to say, far more than fits into a line"
    hive.catalog.add("some", description=description)
    with Terminal(hive, "catalog", columns=60) as terminal:
        assert terminal.end() == 0
    lines = [line for line in terminal.lines() if line]
    assert lines[1].endswith("…") and max(map(len, lines)) == 60
    assert terminal.shown.startswith("\x1b[1mID")
    assert description in hive.hivectl("catalog").stdout


def test_colors_on_a_terminal_alone(hive):
    hive.catalog.add("some", pkgbuild("some", build="printf '\\033[35mviolet\\n'"))
    with Terminal(hive, "install", "some") as terminal:
        assert terminal.end() == 0
    assert "\x1b[32m✓\x1b[0m Build complete" in terminal.shown
    assert "\x1b[35mviolet\x1b[0m\r\n" in terminal.shown
    assert "\x1b[32m[DONE]\x1b[0m" in terminal.shown
    assert terminal.lines()[-2:] == ["[DONE]", ""]
    assert [line for line in terminal.lines() if line] == [SGR.sub("", line) for line in latest_job(hive).lines()]

    with Terminal(hive, "log", "1", NO_COLOR="1") as terminal:
        assert terminal.end() == 0
    assert not SGR.search(terminal.shown)
    with Terminal(hive, "log", "1", "--color=never") as terminal:
        assert terminal.end() == 0
    assert not SGR.search(terminal.shown)
    assert "\x1b[32m✓\x1b[0m Build complete" in hive.hivectl("log", "1", "--color=always").stdout


def test_status_line_fits_the_terminal_and_is_erased(hive):
    hive.catalog.add("some", pkgbuild("some", build="for i in 1 2 3 4 5 6; do printf '%d%%\\r' $((i * 10)); sleep 0.3; done; echo"))
    with Terminal(hive, "install", "some", columns=12) as terminal:
        assert terminal.end() == 0
    drawn = re.findall(r"\r\x1b\[K([^\r\n\x1b]+)", terminal.shown)
    assert any(re.match(r"build  [01]s", line) for line in drawn), drawn
    assert max(map(len, drawn)) <= 11
    assert not any(line.startswith("build  ") for line in terminal.lines())
    for option in ("--quiet", "--json"):
        with Terminal(hive, "install", "some", "--reinstall", option) as terminal:
            assert terminal.end() == 0
        assert ERASE not in terminal.shown


# Ctrl-C


def following(hive, *arguments):
    """hivectl without a terminal, once it shows what the job says."""
    process = hive.spawn(
        hive.build.bin / "hivectl",
        *arguments,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    while process.stdout.readline() != "started\n":
        assert process.poll() is None
    return process


@pytest.mark.parametrize("verb", ["install", "log"])
def test_interrupt_without_a_terminal_leaves_the_job(hive, verb):
    go_on = slow(hive)
    if verb == "log":
        hive.install("slow")
    process = following(hive, *(("install", "slow") if verb == "install" else ("log", "-f", "1")))
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=20)
    assert process.returncode == 130
    assert errors == "Job 1 runs on; follow it with: hivectl log 1 --follow\n"
    go_on()
    assert latest_job(hive).wait().result == "done"


def test_interrupt_leaves_all_jobs_of_several(hive):
    naps = [slow(hive, name) for name in ("a", "b")]
    process = following(hive, "install", "a", "b")
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=20)
    assert process.returncode == 130
    assert [line.split()[1] for line in errors.splitlines()] == ["1", "2"]
    for go_on in naps:
        go_on()
    wait_until(lambda: set(hive.workers()) == {"a", "b"}, what="both")


def asked(hive, *arguments):
    terminal = Terminal(hive, *arguments)
    terminal.wait_for("started\r\n")
    terminal.type("\x03")
    terminal.wait_for("[c]ancel, [l]eave, Enter to go on following: ")
    assert "Cancel job 1 or leave it running?" in terminal.shown
    return terminal


def test_ctrl_c_and_c_cancels(hive):
    endless(hive)
    with asked(hive, "install", "endless") as terminal:
        terminal.type("c\n")
        assert terminal.end() == 6
    assert terminal.lines()[-2] == "[CANCELLED]"
    assert latest_job(hive).state == "cancelled"


@pytest.mark.parametrize(
    "keys, status", [("l\n", 0), ("L\n", 0), ("\x04", 0), ("what\nl\n", 0), ("\x03", 130)], ids=["l", "L", "end-of-file", "wrong-then-l", "ctrl-c"]
)
def test_ctrl_c_leaves(hive, keys, status):
    go_on = slow(hive)
    with asked(hive, "install", "slow") as terminal:
        terminal.type(keys)
        assert terminal.end() == status
    assert terminal.shown.endswith("Job 1 runs on; follow it with: hivectl log 1 --follow\r\n")
    assert "woke" not in terminal.shown
    go_on()
    assert latest_job(hive).wait().result == "done"


def test_ctrl_c_and_enter_goes_on_and_nothing_was_lost(hive):
    go_on = slow(hive)
    with asked(hive, "install", "slow") as terminal:
        go_on()
        latest_job(hive).wait()
        assert "woke" not in terminal.shown  # the question stays readable
        terminal.type("\n")
        assert terminal.end() == 0
    assert terminal.lines()[-2] == "[DONE]" and "woke" in terminal.lines()


def test_ctrl_c_of_a_followed_log_cancels_too(hive):
    hive.install(endless(hive))
    with asked(hive, "log", "1", "--follow") as terminal:
        terminal.type("c\n")
        assert terminal.end() == 6


def test_cancel_that_is_refused_is_said_and_the_log_goes_on(hive):
    go_on = slow(hive)
    with asked(hive, "install", "slow") as terminal:
        go_on()
        latest_job(hive).wait()
        terminal.type("c\n")
        assert terminal.end() == 0
    assert "hivectl: Job 1 has ended already (done)" in terminal.shown
    assert terminal.lines()[-2] == "[DONE]"


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
    rest = plain.communicate(timeout=60 * hive.patience)[0].splitlines()
    assert rest[-1].split("\t")[:4] == ["2", "install", "slow", "done"] and plain.returncode == 0
    assert all(line.startswith("2\t") for line in rest)
    rest = lines_of_json(objects.communicate(timeout=60 * hive.patience)[0])
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
    rest, _ = process.communicate(timeout=30 * hive.patience)
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
    rest, errors = process.communicate(timeout=30 * hive.patience)
    assert rest.splitlines()[-1] == "[ERROR] " + job.get("ErrorMessage") and process.returncode == 1
    assert errors == f"hivectl: The hive runs again; job {job.id} is followed on\n"


# the pager


@pytest.fixture
def long_log(hive):
    """A job whose log is longer than a terminal."""
    if not shutil.which("less"):
        pytest.skip("less is not installed here")
    hive.catalog.add("some", pkgbuild("some", build="seq 1000 2999"))
    hive.installs("some")


def test_long_output_goes_through_less_and_short_output_past_it(hive, long_log):
    with Terminal(hive, "log", "1", SYSTEMD_PAGER="less") as terminal:
        terminal.wait_for("1001")
        assert "[DONE]" not in terminal.shown and terminal.status is None
        terminal.type("G")
        terminal.wait_for("[DONE]")
        terminal.type("q")
        assert terminal.end() == 0
    with Terminal(hive, "list", SYSTEMD_PAGER="less") as terminal:
        assert terminal.end() == 0
    assert "some" in terminal.shown and "\x1b[1mID" in terminal.shown


def test_pager_that_is_left_early_or_by_ctrl_c_ends_hivectl_without_a_word(hive, long_log):
    hive.catalog.add("noisy", pkgbuild("noisy", build="seq 1000 200000"))
    hive.installs("noisy")
    for key in ("q", "\x03"):
        with Terminal(hive, "log", "2", SYSTEMD_PAGER="less") as terminal:
            terminal.wait_for("lines 1-")
            terminal.type(key)
            while not terminal.has_ended():  # less passes over a Ctrl-C that comes while it draws
                terminal.type(key)
            assert terminal.end() == 0
        assert "hivectl:" not in terminal.shown


@pytest.mark.parametrize(
    "arguments, environment",
    [
        (["--no-pager"], {"SYSTEMD_PAGER": "less"}),
        ([], {"SYSTEMD_PAGER": ""}),
        ([], {"SYSTEMD_PAGER": "cat"}),
        ([], {"SYSTEMD_PAGER": "less", "TERM": "dumb"}),
        (["--follow"], {"SYSTEMD_PAGER": "less"}),
    ],
    ids=["option", "empty", "cat", "dumb", "follow"],
)
def test_no_pager_where_none_is_wanted(hive, long_log, arguments, environment):
    with Terminal(hive, "log", "1", *arguments, **environment) as terminal:
        assert terminal.end() == 0
    assert "2999" in terminal.shown


def test_pager_of_the_environment_is_a_program_with_arguments_and_no_shells_text(hive, long_log):
    with Terminal(hive, "list", SYSTEMD_PAGER="sed 's/^/told: /'", PAGER="false", SYSTEMD_PAGERSECURE="0") as terminal:
        assert terminal.end() == 0
    assert "told: some" in SGR.sub("", terminal.shown)
    with Terminal(hive, "list", SYSTEMD_PAGER="sed s/^/told:/ ; touch touched", SYSTEMD_PAGERSECURE="0") as terminal:
        terminal.end()
    assert not os.path.exists("touched")
    with Terminal(hive, "verify", SYSTEMD_PAGER="no-such-pager", SYSTEMD_PAGERSECURE="0") as terminal:
        assert terminal.end() == 0
    assert "some: OK" in SGR.sub("", terminal.shown)


def test_pager_of_another_user_is_less_that_starts_no_shell(hive, long_log):
    """As by sudo: nobody is logged in as the one who runs it."""
    with Terminal(hive, "log", "1", SYSTEMD_PAGER="sed s/^/told:/", SUDO_UID="1000") as terminal:
        terminal.wait_for("1001")
        terminal.type("!")
        terminal.wait_for("Command not available")
        terminal.type("\nq")
        assert terminal.end() == 0
    assert "told:" not in terminal.shown and not os.path.exists("touched")
    hive.installed("/usr/local/bin/some").write_text("changed")
    with Terminal(hive, "verify", SUDO_UID="1000", SYSTEMD_PAGER="less") as terminal:
        assert terminal.end() == 7


# another machine


@pytest.fixture
def ssh(hive):
    """An ssh that reaches our own bus; its environment."""
    folder = hive.directory / "ssh"
    folder.mkdir()
    program = folder / "ssh"
    program.write_text(f"""#!{sys.executable}
import os, socket, sys, threading
open({str(folder / "calls")!r}, "a").write(" ".join(sys.argv[1:]) + "\\n")
bus = socket.socket(socket.AF_UNIX)
bus.connect({str(hive.directory / "bus")!r})
for descriptor in (0, 1):
    os.set_blocking(descriptor, True)
def forward():
    while data := os.read(0, 65536):
        bus.sendall(data)
    os._exit(0)
threading.Thread(target=forward, daemon=True).start()
while data := bus.recv(65536):
    os.write(1, data)
""")
    program.chmod(0o755)
    hive.start()
    return {"PATH": f"{folder}:{os.environ['PATH']}"}


def test_host_installs_and_shows_logs_by_read_log(hive, ssh):
    hive.catalog.add("some", pkgbuild("some", build="seq 20000"))
    done = hive.hivectl("--host", "me@there", "install", "some", env=ssh)
    assert done.stdout.splitlines() == latest_job(hive).lines()
    assert "me@there" in (hive.directory / "ssh" / "calls").read_text()
    assert hive.hivectl("-H", "me@there", "log", "1", env=ssh).stdout == done.stdout
    assert "me@there" in hive.hivectl("-H", "me@there", "status", env=ssh).stdout
    assert json.loads(hive.hivectl("-H", "me@there", "list", "--json", env=ssh).stdout)[0]["id"] == "some"
    hive.hivectl("-H", "me@there", "log", "99", status=3, env=ssh)


def test_host_follows_what_comes_and_survives_ctrl_c(hive, ssh):
    go_on = slow(hive)
    with Terminal(hive, "--host", "me@there", "install", "slow", **ssh) as terminal:
        terminal.wait_for("started\r\n")
        terminal.type("\x03")  # ends ssh too
        terminal.wait_for("Enter to go on following: ")
        terminal.type("\n")
        go_on()
        assert terminal.end() == 0
    assert terminal.lines()[-2] == "[DONE]"
    shown = [line for line in terminal.lines() if line in latest_job(hive).lines()]
    assert shown == latest_job(hive).lines()


@pytest.mark.parametrize("status, said", [(255, "ssh cannot reach me@there"), (127, "no systemd-stdio-bridge"), (1, "ended with status 1")])
def test_failure_of_ssh_is_told_as_that(hive, status, said):
    folder = hive.directory / "ssh"
    folder.mkdir()
    (folder / "ssh").write_text(f"#!/bin/sh\necho 'what ssh says' >&2\nexit {status}\n")
    (folder / "ssh").chmod(0o755)
    done = hive.hivectl("--host", "me@there", "list", status=5, env={"PATH": f"{folder}:{os.environ['PATH']}"})
    assert "what ssh says" in done.stderr and said in done.stderr and "rbee-hived" not in done.stderr


# several machines


def test_several_hosts_print_lines_with_their_names_and_a_table(hive, ssh):
    hive.catalog.add("some", pkgbuild("some", build="echo one; echo two"))
    done = hive.hivectl("--host", "alpha,me@beta", "list", env=ssh)
    assert done.stdout.splitlines()[-3:] == ["HOST     STATUS  RESULT", "alpha    0       done", "me@beta  0       done"]
    assert {line.split()[0] for line in done.stdout.splitlines()[:-4]} == {"alpha", "me@beta"}
    assert sorted(line.split()[-2] for line in (hive.directory / "ssh" / "calls").read_text().splitlines()) == ["alpha", "me@beta"]


def test_several_hosts_install_side_by_side_and_the_highest_status_is_given(hive, ssh):
    """One of the two is told that it is busy, or both find the same job: they are one hive here."""
    hive.catalog.add("bad", pkgbuild("bad", build="echo wrong >&2; false"))
    done = hive.hivectl("install", "bad", "--host=alpha,beta", status=1, env=ssh)
    assert [line for line in done.stdout.splitlines() if line.startswith("alpha  ") and line.endswith("  wrong")]
    assert done.stdout.splitlines()[-1].split()[0] == "beta"
    assert max(int(line.split()[1]) for line in done.stdout.splitlines()[-2:]) == 1


def test_several_hosts_with_json_are_one_array(hive, ssh):
    hive.catalog.add("some", pkgbuild("some"))
    hive.hivectl("install", "some")
    told = json.loads(hive.hivectl("-H", "alpha,beta", "list", "--json", env=ssh).stdout)
    assert [(host["host"], host["status"], host["output"][0]["id"], host["message"]) for host in told] == [
        ("alpha", 0, "some", ""),
        ("beta", 0, "some", ""),
    ]
    told = json.loads(hive.hivectl("-H", "alpha,beta", "show", "none", "--json", status=3, env=ssh).stdout)
    assert told[0]["output"] is None and "none" in told[0]["message"] and told[0]["status"] == 3


def test_several_hosts_with_plain_are_rows_and_no_table(hive, ssh):
    hive.catalog.add("some", pkgbuild("some"))
    hive.hivectl("install", "some")
    rows = hive.hivectl("-H", "alpha,beta", "list", "--plain", env=ssh).stdout.splitlines()
    assert sorted(row.split("\t")[:2] for row in rows) == [["alpha", "some"], ["beta", "some"]]


def test_host_that_cannot_be_reached_is_told_beside_those_that_can(hive, ssh):
    program = hive.directory / "ssh" / "ssh"
    program.write_text(
        program.read_text().replace("bus = socket", "if 'dead' in sys.argv: sys.stderr.write('no route\\n'); sys.exit(255)\nbus = socket", 1)
    )
    done = hive.hivectl("--host", "alpha,dead", "jobs", status=5, env=ssh)
    assert [line.split() for line in done.stdout.splitlines()[-2:]] == [["alpha", "0", "done"], ["dead", "5", "no", "hive", "answers"]]
    assert "dead   no route" in done.stderr.splitlines()
    assert any(line.startswith("dead   hivectl: ssh cannot reach dead") for line in done.stderr.splitlines())


def test_ssh_may_ask_nobody_where_there_are_several_hosts(hive):
    folder = hive.directory / "ssh"
    folder.mkdir()
    (folder / "ssh").write_text('#!/bin/sh\necho "$SSH_ASKPASS $SSH_ASKPASS_REQUIRE" >&2\ncat >/dev/null\nexit 255\n')
    (folder / "ssh").chmod(0o755)
    done = hive.hivectl("--host", "a,b", "jobs", status=5, env={"PATH": f"{folder}:{os.environ['PATH']}"})
    assert "a  /bin/false force" in done.stderr.splitlines()


@pytest.mark.parametrize(
    "hosts, said",
    [
        ("a,,b", "--host=a,,b has a name that is empty"),
        ("a,b,a", "--host names a twice"),
        (",".join(f"h{i}" for i in range(257)), "at most 256 machines"),
    ],
)
def test_hosts_that_are_wrong_are_refused_before_any_is_asked(hive, hosts, said):
    done = hive.hivectl("--host", hosts, "jobs", status=2, env={"PATH": "/nowhere"})
    assert said in done.stderr and done.stdout == ""


def test_ctrl_c_leaves_the_jobs_of_several_hosts_running(hive, ssh):
    go_on = slow(hive)
    with Terminal(hive, "--host", "alpha,beta", "install", "slow", **ssh) as terminal:
        terminal.wait_for("started\r\n")
        terminal.type("\x03")
        assert terminal.end() == 130
    assert "runs on" in terminal.shown
    go_on()
    hive.hivectl("wait", "1")


def test_dots_are_three_where_the_locale_has_no_others(hive):
    for arguments, status in ((("--help",), 0), ((), 2), (("remove", "--help"), 0)):
        done = hive.hivectl(*arguments, status=status, env={"LC_ALL": "C"})
        assert "..." in done.stdout + done.stderr and "…" not in done.stdout + done.stderr


def test_host_that_cannot_be_reached(hive):
    folder = hive.directory / "ssh"
    folder.mkdir()
    (folder / "ssh").write_text("#!/bin/sh\necho 'ssh: no route' >&2\nexit 255\n")
    (folder / "ssh").chmod(0o755)
    done = hive.hivectl("--host", "me@there", "list", status=5, env={"PATH": f"{folder}:{os.environ['PATH']}"})
    assert "ssh: no route" in done.stderr and "me@there" in done.stderr
