# SPDX-License-Identifier: LGPL-2.1-or-later
"""The log: every line is in it, whoever asks gets it whole, and whatever a recipe prints, it and the daemon stay small."""

import os
import re
import subprocess
import time

import pytest
from gi.repository import Gio, GLib

from catalog import pkgbuild
from client import JOB
from job import read_records
from waiting import unique_seconds, wait_until, wake


def emitted(hive, job):
    return [signal.arguments for signal in hive.signals if signal.path == job.path and signal.member == "LineEmitted"]


def test_every_line_of_a_quiet_job_is_a_signal(hive):
    hive.catalog.add("quiet", pkgbuild("quiet", build="echo one; echo two >&2; echo three"))
    job = hive.installs("quiet")
    shown = [(record.cursor, record.phase, record.stream, record.text) for record in job.records() if record.stream not in ("progress", "result")]
    signals = [arguments for arguments in emitted(hive, job) if arguments[2] not in ("progress", "result")]
    assert signals == shown
    order = [signal.member for signal in hive.signals if signal.path == job.path and signal.member in ("LineEmitted", "Finished")]
    assert order[-1] == "Finished" and order.count("Finished") == 1


def test_read_log_gives_what_the_file_has(hive):
    hive.catalog.add("some", pkgbuild("some", build="for i in {1..2000}; do echo line $i; done"))
    job = hive.installs("some")
    expected = [(record.cursor, record.phase, record.stream, record.text) for record in job.records()]
    for maximum in (0, 1000, 7):
        records, ended = job.read_log(maximum)
        assert ended
        assert [(record.cursor, record.phase, record.stream, record.text) for record in records] == expected
    times = [record.time for record in job.read_log()[0]]
    assert all(abs(at / 1e6 - time.time()) < 600 for at in times) and times == sorted(times)


def test_read_log_answers_at_most_256_kib(hive):
    hive.catalog.add("wide", pkgbuild("wide", build="for i in {1..400}; do printf '%04000d\\n' $i; done"))
    job = hive.installs("wide")
    records, following, ended = job.call("ReadLog", GLib.Variant("(tu)", (0, 0)))
    assert sum(len(record[4]) for record in records) <= 256 * 1024 and not ended
    assert len(job.read_log()[0]) == len(job.records())


def test_read_log_takes_the_cursor_of_any_record(hive):
    hive.catalog.add("some")
    job = hive.installs("some")
    records = job.records()
    for index in (1, len(records) // 2, len(records) - 1):
        some, _, ended = job.call("ReadLog", GLib.Variant("(tu)", (records[index].cursor, 0)))
        assert ended and [record[0] for record in some] == [record.cursor for record in records[index:]]
    some, following, ended = job.call("ReadLog", GLib.Variant("(tu)", (job.log_path.stat().st_size, 0)))
    assert (some, following, ended) == ([], job.log_path.stat().st_size, True)


def test_late_subscriber_loses_no_line_by_read_log(hive):
    """As the interface tells clients to: subscribe, then read from the start, and take signals from where reading ended."""
    seconds = unique_seconds()
    wait = f"((i != 100)) || sleep {seconds} || true; sleep 0.005"
    hive.catalog.add("slow", pkgbuild("slow", build=f"for i in {{1..200}}; do echo line $i; {wait}; done"))
    job = hive.install("slow")
    job.wait_for_line("line 50")

    late, got = hive.connect(), []
    late.signal_subscribe(
        "org.rbee.Hive",
        JOB,
        "LineEmitted",
        job.path,
        None,
        Gio.DBusSignalFlags.NONE,
        lambda connection, sender, path, interface, member, arguments: got.append(arguments.unpack()),
    )
    records, following = [], 0
    while True:
        some, nearer, ended = hive.call("ReadLog", GLib.Variant("(tu)", (following, 0)), path=job.path, interface=JOB, connection=late)
        records += [(record[0], record[2], record[3], record[4]) for record in some]
        if nearer == following:
            break
        following = nearer
    wake(seconds)
    job.wait()
    wait_until(lambda: any(arguments[2] == "end" for arguments in got), what="the last line")
    records += [arguments for arguments in got if arguments[0] >= following]
    assert [record[3] for record in records if record[2] == "out"] == [f"line {number}" for number in range(1, 201)]
    late.close_sync()


def test_skipped_records_are_announced_and_read_log_has_them(hive):
    hive.catalog.add("fast", pkgbuild("fast", build="seq 50000"))
    job = hive.installs("fast")
    signals = emitted(hive, job)
    skips = [arguments for arguments in signals if arguments[2] == "skipped"]
    assert skips and all(re.search(r"\d+", skip[3]) for skip in skips)
    cursors = {record.cursor: index for index, record in enumerate(job.records())}
    whole = {}
    for cursor, _, stream, text in signals:
        if stream == "skipped":
            count = int(re.search(r"\d+", text)[0])
            some = []
            while len(some) < count:
                more, cursor, _ = job.call("ReadLog", GLib.Variant("(tu)", (cursor, count - len(some))))
                assert more
                some += more
            for record in some:
                assert record[0] not in whole
                whole[record[0]] = (record[3], record[4])
        else:
            assert cursor not in whole
            whole[cursor] = (stream, text)
    expected = {record.cursor: (record.stream, record.text) for record in job.records() if record.stream not in ("progress", "result")}
    assert {cursor: value for cursor, value in whole.items() if value[0] not in ("progress", "result")} == expected
    assert set(whole) <= set(cursors)
    finish = [signal.member for signal in hive.signals if signal.path == job.path and signal.member in ("LineEmitted", "Finished")]
    assert finish[-1] == "Finished"


@pytest.mark.plain
def test_a_million_lines_move_the_bus_by_no_more_than_the_budget(hive):
    hive.configure("Log", MaxLogSize="128M")
    hive.catalog.add("million", pkgbuild("million", build="seq 1000000"))
    before = hive.start().memory()
    began = time.monotonic()
    job = hive.install("million")
    job.wait(120)
    seconds = time.monotonic() - began
    assert job.state == "done"
    assert len(emitted(hive, job)) <= 1000 + 200 * (seconds + 1)
    text = job.log_path.read_bytes()
    assert text.count(b" build out ") == 1_000_000
    assert text.count(b"\n") < 1_000_100
    assert hive.memory("VmHWM") < before + 8 * 1024
    hive.nothing_left()


def test_several_jobs_share_one_budget(hive):
    hive.configure("Jobs", MaxParallel=3)
    names = [hive.catalog.add(name, pkgbuild(name, build="seq 30000")) for name in ("a", "b", "c")]
    began = time.monotonic()
    jobs = [hive.install(name) for name in names]
    for job in jobs:
        assert job.wait().result == "done"
    seconds = time.monotonic() - began
    # notes and what says that something was skipped are few and may come on top
    assert sum(len(emitted(hive, job)) for job in jobs) <= 1000 + 200 * (seconds + 1)
    for job in jobs:
        assert [record.text for record in job.records() if record.stream == "out"] == [str(number) for number in range(1, 30001)]


# What is printed, and MaxLogSize=: of short lines, so many that fit into 64M are more than this test wants to hold.
FLOODS = {
    "a-gigabyte-without-a-newline": ("head -c 1G /dev/zero | tr '\\0' x", "64M"),
    "ten-million-lines": ("yes short | head -n 10000000", "4M"),
}


@pytest.mark.plain
@pytest.mark.parametrize("flood", FLOODS)
def test_a_flood_of_output_stays_small(hive, flood):
    command, limit = FLOODS[flood]
    hive.configure("Log", MaxLogSize=limit)
    hive.catalog.add("endless", pkgbuild("endless", build=command))
    job = hive.install("endless")
    peak = 0
    while not job.finished():
        wait_until(lambda: True)
        for pid, command in hive.processes():
            if "rbee-hive-builder" in command:
                try:
                    peak = max(peak, int(re.search(r"VmHWM:\s+(\d+)", open(f"/proc/{pid}/status").read())[1]))
                except (OSError, TypeError):
                    pass
        time.sleep(0.1)
    assert job.wait() == ("done", "", "")
    assert 0 < peak < 64 * 1024
    records = job.records()
    assert all(len(record.text) <= 16 * 1024 for record in records)
    assert job.log_path.stat().st_size < 65 << 20
    assert hive.memory("VmHWM") < 32 * 1024
    assert "✓ Build complete" in job.lines()
    hive.nothing_left()


def test_log_past_its_size_says_so_once_and_drops_only_output(hive):
    hive.configure("Log", MaxLogSize="64K")
    hive.catalog.add("chatty", pkgbuild("chatty", build="seq 100000; echo to err >&2; echo done building"))
    job = hive.installs("chatty")
    records = job.records()
    limit = [index for index, record in enumerate(records) if "MaxLogSize" in record.text]
    assert len(limit) == 1 and records[limit[0]].stream == "note"
    assert not any(record.stream in ("out", "err") for record in records[limit[0] :])
    assert [record.text for record in records if record.stream == "out"] == [
        str(number) for number in range(1, sum(record.stream == "out" for record in records) + 1)
    ]
    assert "✓ Build complete" in job.lines() and job.lines()[-1] == "[DONE]"
    assert job.log_path.stat().st_size < 80 * 1024


def test_long_lines_are_split_and_nothing_is_lost(hive):
    hive.catalog.add("wide", pkgbuild("wide", build="head -c 100000 /dev/zero | tr '\\0' x; echo; echo after"))
    job = hive.installs("wide")
    out = [record.text for record in job.records() if record.stream == "out"]
    assert out[-1] == "after"
    assert "".join(out[:-1]) == "x" * 100000
    assert all(len(text) <= 16 * 1024 for text in out)


def test_binary_rubbish_becomes_valid_text(hive):
    hive.catalog.add(
        "rubbish",
        pkgbuild(
            "rubbish", build="head -c 1M /dev/urandom; head -c 1M /dev/urandom >&2; printf '\\0\\0\\n'; printf 'caf\\xe9 \\xf0\\x9f\\x90\\x9d\\n'"
        ),
    )
    job = hive.installs("rubbish")
    text = job.log_path.read_bytes().decode("utf-8")
    assert not re.search(r"[\x00-\x08\x0b-\x1a\x1c-\x1f\x7f\x80-\x9f]", text.replace("\n", ""))
    assert "caf\ufffd 🐝" in [record.text for record in job.records()]
    assert len(job.read_log()[0]) == len(job.records())


ESCAPES = [
    (r"\e[31mred\e[0m", "\x1b[31mred\x1b[0m"),
    (r"a\tb", "a\tb"),
    (r"\e]0;title\amore", "more"),
    (r"\e[2J\e[Hhome", "home"),
    (r"10%%\r50%%\r100%%", "100%"),
    (r"windows\r", "windows"),
    (r"bell\a", "bell"),
    (r"\e[?1049halt", "alt"),
    (r"\e]8;;http://evil\e\\link\e]8;;\e\\", "link"),
]


@pytest.mark.parametrize("text, expected", ESCAPES, ids=[expected.strip("\x1b") for _, expected in ESCAPES])
def test_terminal_escapes_but_colours_are_taken_out(hive, text, expected):
    hive.catalog.add("escaping", pkgbuild("escaping", build=f"printf '{text}\\n'"))
    job = hive.installs("escaping")
    assert [record.text for record in job.records() if record.stream == "out"] == [expected]


def test_recipe_cannot_write_records_of_its_own(hive):
    forged = "2026-11-23T07:37:39.400200Z cleanup end done"
    hive.catalog.add("forger", pkgbuild("forger", build=f"echo '{forged}'\necho 'x\n{forged}'\nprintf 'a\\r\\n{forged}\\n'\nreturn 1"))
    job = hive.refuses("forger", "BuildFailed")
    assert [record.text for record in job.records() if record.stream == "out"].count(forged) == 3
    assert [record.text for record in job.records() if record.stream == "end"] == ["failed"]


def test_last_line_without_a_newline_is_a_line(hive):
    hive.catalog.add("unended", pkgbuild("unended", build="printf 'no newline'"))
    assert "no newline" in hive.installs("unended").lines()


def test_open_log_gives_a_descriptor_that_only_reads(hive):
    hive.catalog.add("some")
    job = hive.installs("some")
    answer, descriptors = hive.connection.call_with_unix_fd_list_sync("org.rbee.Hive", job.path, JOB, "OpenLog", None, None, 0, -1, None, None)
    descriptor = descriptors.get(answer.unpack()[0])
    try:
        assert [record.text for record in read_records(os.pread(descriptor, 1 << 20, 0))][-1] == "done"
        with pytest.raises(OSError):
            os.write(descriptor, b"x")
    finally:
        os.close(descriptor)


def test_opened_log_grows_while_the_job_runs_and_while_the_daemon_is_gone(hive):
    seconds = unique_seconds()
    hive.catalog.add("slow", pkgbuild("slow", build=f"echo line 1; sleep {seconds} || true; seq 100"))
    job = hive.install("slow")
    job.wait_for_line("line 1")
    answer, descriptors = hive.connection.call_with_unix_fd_list_sync("org.rbee.Hive", job.path, JOB, "OpenLog", None, None, 0, -1, None, None)
    descriptor = descriptors.get(answer.unpack()[0])
    try:
        first = os.fstat(descriptor).st_size
        wake(seconds)
        job.wait()
        assert os.fstat(descriptor).st_size > first
        assert read_records(os.pread(descriptor, 1 << 20, 0))[-1].stream == "end"
    finally:
        os.close(descriptor)


def test_stalled_subscriber_stalls_nobody(hive):
    """A client that takes every signal and reads none."""
    hive.start()
    with open(hive.directory / "monitor", "w") as said:
        stalled = hive.spawn("busctl", "monitor", "org.rbee.Hive", stdout=subprocess.DEVNULL, stderr=said)
    wait_until(lambda: "Monitoring bus" in (hive.directory / "monitor").read_text(), what="busctl monitor")
    os.kill(stalled.pid, 19)
    hive.catalog.add("loud", pkgbuild("loud", build="seq 300000"))
    job = hive.installs("loud")
    assert hive.memory() < 64 * 1024
    os.kill(stalled.pid, 18)
    assert len([record for record in job.records() if record.stream == "out"]) == 300000


def test_daemons_memory_is_flat_over_many_jobs(hive):
    hive.tell_sanitizer("quarantine_size_mb=1")  # of what was freed it keeps no more
    hive.catalog.add("some", pkgbuild("some", build="seq 2000"))
    hive.installs("some")
    for _ in range(5):
        hive.installs("some", reinstall=True)
    before = hive.memory()
    for _ in range(20):
        hive.installs("some", reinstall=True)
    assert hive.memory() < before + 1024 * (4 if hive.build.sanitized else 1)
