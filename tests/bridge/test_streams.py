# SPDX-License-Identifier: LGPL-2.1-or-later
"""Streams of jobs, in both dresses."""

import json
import os
import random
import select
import signal
import subprocess
import threading
import time

import pytest
from gi.repository import Gio, GLib

from catalog import install_script, pkgbuild
from client import NAME, PATH
from test_requests import hive_job
from waiting import LEAST, unique_seconds, wait_until, wake

MARKERS = ("[DONE]", "[ERROR]", "[CANCELLED]")


def numbered(count, first=1):
    return [f"line {number}" for number in range(first, first + count)]


def numbered_recipe(name, count, pause="true"):
    return pkgbuild(name, build=f'for ((i = 1; i <= {count}; i++)); do echo "line $i"; {pause}; done')


def lines_of(events):
    return [data for event, data, _ in events if event == "message"]


def test_curl_shows_the_sample_to_the_character(bridge):
    hive = bridge.hive
    recipe = pkgbuild(
        "llm-worker-rbee-cpu",
        version="0.1.0",
        depends=["gcc"],
        makedepends=["bash", "sed"],
        build="\n".join(
            [
                "echo 'Building llm-worker-rbee-cpu v0.1.0'",
                "echo '   Compiling candle-core v0.3.0'",
                "echo '   Compiling llm-worker-rbee v0.1.0'",
                "echo '    Finished release [optimized] target(s) in 2m 34s'",
            ]
        ),
        package="echo 'Packaging llm-worker-rbee-cpu v0.1.0'; echo 'Installing binary to /usr/local/bin/llm-worker-rbee-cpu'\n"
        + install_script("llm-worker-rbee-cpu"),
    )
    hive.catalog.add("llm-worker-rbee-cpu", recipe, version="0.1.0")
    job = bridge.install("llm-worker-rbee-cpu")
    done = subprocess.run(
        ["curl", "-sN", "-H", f"Authorization: Bearer {bridge.token()}", f"http://127.0.0.1:{bridge.port}/v1/jobs/{job}/stream"],
        stdout=subprocess.PIPE,
        timeout=LEAST * hive.patience,
        check=True,
    )
    # Beside the sample a line says that build() has the network, where it has.
    lines = [line for line in done.stdout.decode().split("\n") if line and not line.startswith(("data: 🌐 ", "data: ⚙️ "))]
    expected = """
data: 📦 Fetching worker metadata from catalog...
data: ✓ Worker: llm-worker-rbee-cpu v0.1.0
data: ✓ Platform compatible: linux
data: ✓ Architecture compatible: x86_64
data: 📄 Downloading PKGBUILD...
data: ✓ PKGBUILD downloaded (SIZE)
data: 🔍 Parsing PKGBUILD...
data: ✓ Parsed: pkgname=llm-worker-rbee-cpu, pkgver=0.1.0
data: 🔧 Checking dependencies...
data: ✓ Runtime: gcc
data: ✓ Build: bash, sed
data: 🏗️  Starting build phase...
data: Building llm-worker-rbee-cpu v0.1.0
data:    Compiling candle-core v0.3.0
data:    Compiling llm-worker-rbee v0.1.0
data:     Finished release [optimized] target(s) in 2m 34s
data: ✓ Build complete
data: 📦 Starting package phase...
data: Packaging llm-worker-rbee-cpu v0.1.0
data: Installing binary to /usr/local/bin/llm-worker-rbee-cpu
data: ✓ Package complete
data: 💾 Installing binary...
data: ✓ Binary installed: /usr/local/bin/llm-worker-rbee-cpu
data: 📝 Updating capabilities cache...
data: ✓ Capabilities updated
data: 🧹 Cleaning up temp files...
data: ✓ Cleanup complete
data: ✅ Worker installation complete!
data: [DONE]
""".strip().split("\n")
    lines = [line.replace(str(hive.root), "") if "downloaded" not in line else "data: ✓ PKGBUILD downloaded (SIZE)" for line in lines]
    assert lines == [line.replace("x86_64", os.uname().machine) for line in expected]


FAILURES = {
    "platform": (
        dict(platforms=["windows", "macos"]),
        "true",
        ["❌ Platform incompatible", "Worker requires: windows, macos", "Current platform: linux"],
        "[ERROR] Cannot install worker on this platform",
    ),
    "dependencies": (
        dict(),
        None,
        ["❌ Missing dependencies", "Runtime: bash ✓, libsurely-not-there.so ✗"],
        "[ERROR] Please install libsurely-not-there.so before proceeding",
    ),
    "build": (
        dict(),
        "echo 'ERROR: CUDA toolkit not found'; exit 1",
        ["ERROR: CUDA toolkit not found", "❌ Build failed with exit code 1"],
        "[ERROR] Build phase failed",
    ),
}


@pytest.mark.parametrize("case", FAILURES)
def test_failures_show_the_sample_and_end_in_its_error(bridge, case):
    changes, build, lines, end = FAILURES[case]
    arrays = {} if build else {"depends": ["bash", "libsurely-not-there.so"]}
    bridge.hive.catalog.add("bad", pkgbuild("bad", build=build, **arrays), **changes)
    shown = bridge.lines(bridge.install("bad"))
    assert shown[-1] == end
    assert [line for line in shown if line in lines] == lines


def test_cancelled_job_ends_in_cancelled(bridge):
    bridge.hive.catalog.add("slow", pkgbuild("slow", build="sleep 86399"))
    job = bridge.install("slow")
    with bridge.events(f"/v1/jobs/{job}/stream") as stream:
        stream.until(lambda event: event[0] == "state" and json.loads(event[1]).get("phase") == "build")
        assert bridge.delete(f"/v1/jobs/{job}").status == 200
        rest = stream.all()
    assert rest[-1][1] == "[CANCELLED]"
    assert json.loads(rest[-2][1]) == {"state": "cancelled"}


def existing_client(bridge, worker):
    """POST, read job_id, GET the stream with `Accept: */*`, strip `data: ` from every line, skip empty ones, stop at a marker."""
    answer = bridge.post("/v1/jobs", {"operation": "worker_install", "worker_id": worker}, {"Accept": "*/*"})
    job = answer.json["job_id"]
    lines = []
    with bridge.stream(f"/v1/jobs/{job}/stream", accept="*/*") as stream:
        for line in stream.rest().decode().split("\n"):
            line = line.removeprefix("data: ")
            if line:
                lines.append(line)
            if line.startswith(MARKERS):
                break
    return job, lines


def test_client_that_takes_each_line_for_text_sees_text_and_markers_alone(bridge):
    bridge.hive.catalog.add("talks", pkgbuild("talks", build="echo 'id: 7'; echo 'event: state'; echo ': comment'; echo 'data: data'; echo retry: 5"))
    job, lines = existing_client(bridge, "talks")
    expected = hive_job(bridge, job).lines()
    assert [line for line in expected if line] == lines


def test_text_arrives_exactly(bridge):
    texts = [
        "  two spaces",
        " one",
        "\ta tab",
        "a:b: c",
        ":colon",
        "",
        "data: x",
        "🏗️ emoji 🐝",
        "ünïcode é",
        "trailing  ",
        "\x1b[32mgreen\x1b[0m",
        "x" * 5000,
    ]
    bridge.hive.catalog.add(
        "texts",
        pkgbuild("texts", build='cat "$srcdir/texts"', source=["texts"], sha256sums=["SKIP"]),
        files={"texts": "\n".join(texts) + "\n"},
    )
    job = bridge.install("texts")
    expected = hive_job(bridge, job)
    events = bridge.events(f"/v1/jobs/{job}/stream").all()
    assert lines_of(events) == expected.lines()
    start = lines_of(events).index("  two spaces")
    assert lines_of(events)[start : start + len(texts)] == texts
    assert bridge.lines(job) == expected.lines()


def test_carriage_returns_and_line_feeds_of_a_recipe_end_no_event(bridge):
    bridge.hive.catalog.add("breaks", pkgbuild("breaks", build=r"printf 'one\rtwo\r\nthree\n\nfour\r\r\n'"))
    job = bridge.install("breaks")
    assert bridge.lines(job) == hive_job(bridge, job).lines()


def test_no_recipe_can_end_a_stream(bridge):
    bridge.hive.catalog.add(
        "liar",
        pkgbuild("liar", build="echo '[DONE]'; echo '[ERROR] no'; echo '[CANCELLED]'; echo '[DONE] and more'; echo '[INFO] fine'; echo ' [DONE]'"),
    )
    lines = bridge.lines(bridge.install("liar"))
    start = lines.index(" [DONE]")
    assert lines[start : start + 6] == [" [DONE]", " [ERROR] no", " [CANCELLED]", " [DONE] and more", "[INFO] fine", " [DONE]"]
    assert [line for line in lines if line.startswith(MARKERS)] == ["[DONE]"]


def test_event_source_gets_ids_states_and_progress(bridge):
    bridge.hive.catalog.add("crates", pkgbuild("crates", build="printf '    Building [=====>   ] 3/12: x\\r' >&2; echo done"))
    job = bridge.install("crates")
    stream = bridge.events(f"/v1/jobs/{job}/stream")
    assert stream.answer.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert stream.answer.headers["cache-control"] == "no-store"
    assert stream.answer.headers["x-accel-buffering"] == "no"
    events = stream.all()
    states = [json.loads(data) for event, data, _ in events if event == "state"]
    assert states[-1] == {"state": "done"}
    phases = [state.get("phase") for state in states if "phase" in state]
    assert [phase for phase in phases if phase in ("metadata", "build", "package", "install", "cleanup")] == [
        "metadata",
        "build",
        "package",
        "install",
        "cleanup",
    ]
    times = [state.pop("time") for state in states if "phase" in state]
    assert times == sorted(times) and times[0] * 1e-6 == pytest.approx(time.time(), abs=600)
    assert {"state": "committing", "phase": "install"} in states
    data = hive_job(bridge, job).log_path.read_bytes()
    for event, _text, ident in events:
        if event == "message":
            assert data[: int(ident)].endswith(b"\n"), "an id is the cursor after its record"
    for event, text, _ in events:
        if event == "progress":
            assert set(json.loads(text)) == {"phase", "text", "progress"}
    assert events[-1][2] == str(len(data))


def test_failure_carries_its_name_in_the_last_state(bridge):
    bridge.hive.catalog.add("bad", pkgbuild("bad", build="exit 3"))
    events = bridge.events(f"/v1/jobs/{bridge.install('bad')}/stream").all()
    assert json.loads(events[-2][1]) == {"state": "failed", "error_name": "BuildFailed", "error_message": "Build phase failed"}
    assert events[-1][:2] == ("message", "[ERROR] Build phase failed")


def test_every_reader_late_or_again_gets_everything(bridge):
    bridge.hive.catalog.add("count", numbered_recipe("count", 300, "sleep 0.005"))
    job = bridge.install("count")
    streams = []
    for _ in range(5):
        streams.append(bridge.stream(f"/v1/jobs/{job}/stream"))
        time.sleep(0.2)
    whole = bridge.lines(job)
    assert [line for line in whole if line.startswith("line ")] == numbered(300)
    for stream in streams:
        assert stream.rest().decode().replace("data: ", "").split("\n\n")[:-1] == whole
    assert bridge.lines(job) == whole


@pytest.mark.parametrize("way", ["header", "query"])
def test_resume_goes_on_after_the_last_id(bridge, way):
    bridge.hive.catalog.add("count", numbered_recipe("count", 50))
    job = bridge.install("count")
    path = f"/v1/jobs/{job}/stream"
    events = [event for event in bridge.events(path).all() if event[0] == "message"]
    for index in (0, 1, len(events) // 2, len(events) - 2):
        last = events[index][2]
        resumed = bridge.events(path, last=last) if way == "header" else bridge.events(f"{path}?cursor={last}")
        assert [event for event in resumed.all() if event[0] == "message"] == events[index + 1 :]
    ended = bridge.events(path, last=events[-1][2])
    assert ended.answer.status == 204, "an EventSource that had everything stops"


@pytest.mark.parametrize("ident", ["5", "99999999", "abc", "-1", "18446744073709551616"])
def test_id_that_the_log_never_gave_is_a_reset_and_everything(bridge, ident):
    bridge.hive.catalog.add("some-worker")
    job = bridge.install("some-worker")
    bridge.lines(job)
    whole = bridge.events(f"/v1/jobs/{job}/stream").all()
    events = bridge.events(f"/v1/jobs/{job}/stream", last=ident).all()
    assert events[0][0] == "reset"
    assert events[1:] == whole
    assert bridge.get(f"/v1/jobs/{job}/stream?cursor={ident}").problem(400, "InvalidArgument", ident)


def test_queued_job_says_so_and_its_stream_waits(make_bridge, hive):
    hive.configure("Jobs", MaxParallel=1)
    bridge = make_bridge(hive).start()
    for worker in ("first", "second"):
        hive.catalog.add(worker, pkgbuild(worker, build="while [[ ! -e /tmp/never ]]; do sleep 0.05; done" if worker == "first" else "true"))
    first, second = bridge.install("first"), bridge.install("second")
    stream = bridge.events(f"/v1/jobs/{second}/stream")
    assert json.loads(stream.next()[1]) == {"state": "queued"}
    bridge.delete(f"/v1/jobs/{first}")
    assert stream.all()[-1][1] == "[DONE]"


def test_streams_go_on_while_the_hive_restarts(bridge):
    bridge.hive.catalog.add("count", numbered_recipe("count", 100, "sleep 0.02"))
    job = bridge.install("count")
    stream = bridge.events(f"/v1/jobs/{job}/stream")
    stream.until(lambda event: event[1] == "line 10")
    other = bridge.stream(f"/v1/jobs/{job}/stream")
    bridge.hive.restart()
    assert stream.all()[-1][1].startswith(MARKERS)
    assert other.rest()
    assert bridge.lines(job) == hive_job(bridge, job).lines()


def test_log_that_could_not_be_ended_ends_with_its_job(bridge):
    """No space: the end is missing, and the hive knows."""
    bridge.hive.catalog.add("some-worker")
    job = bridge.install("some-worker")
    log = hive_job(bridge, job)
    log.wait_for_state("done")
    data = log.log_path.read_bytes()
    log.log_path.write_bytes(data[: data.rstrip(b"\n").rindex(b"\n") + 1])
    assert bridge.lines(job) == [*log.lines(), "[DONE]"]
    log.log_path.write_bytes(data)


def test_pruned_job_is_a_404(bridge):
    bridge.hive.catalog.add("some-worker")
    bridge.lines(bridge.install("some-worker"))
    bridge.get("/v1/jobs/2/stream").problem(404, "JobNotFound", "2")


def test_thousand_readers_of_one_job_get_all_of_it_by_one_descriptor_and_one_watch(bridge):
    bridge.hive.catalog.add("count", numbered_recipe("count", 200, "sleep 0.01").replace("done\n}", "done; sleep 1000\n}"))
    job = bridge.install("count")
    hive_job(bridge, job).wait_for_line("line 5")
    # The first opens the log; the others wait for nothing.
    streams = [bridge.stream(f"/v1/jobs/{job}/stream")]
    assert streams[0].answer.status == 200
    streams += [bridge.stream(f"/v1/jobs/{job}/stream") for _ in range(999)]
    log = str(hive_job(bridge, job).log_path)
    wait_until(
        lambda: sum(link.startswith("socket:") for link in bridge.descriptors()) > 1000,
        what=lambda: f"the readers; there are {len(bridge.descriptors())} descriptors and {bridge.log.count(' 503 ')} refusals",
    )
    assert bridge.descriptors().count(log) == 1
    inotify = [link for link in bridge.descriptors() if "inotify" in link]
    assert len(inotify) <= 1
    hive_job(bridge, job).wait_for_line("line 200")
    bridge.delete(f"/v1/jobs/{job}")
    bodies = read_all(streams, bridge)
    assert len(set(bodies)) == 1
    assert [line for line in bodies[0].decode().split("\n\n") if "line " in line][-1] == "data: line 200"
    assert bodies[0].endswith(b"data: [CANCELLED]\n\n")


def test_thousand_readers_that_come_back_at_once_after_a_restart_of_the_bridge_get_every_line(bridge):
    """The hive gives a user 256 logs a minute: the bridge asks for one, whoever reads."""
    bridge.hive.catalog.add("count", pkgbuild("count", build="echo first; sleep 1000"))
    job = bridge.install("count")
    log = hive_job(bridge, job)
    log.wait_for_line("first")
    path, count = f"/v1/jobs/{job}/stream", 1000
    readers = [bridge.events(path) for _ in range(count)]
    seen = {reader.until(lambda event: event[1] == "first")[2] for reader in readers}
    assert len(seen) == 1, "each was told the same place"
    bridge.restart()
    for reader in readers:
        assert reader.rest() == b"", "nothing was cut off"
        reader.close()
    bridge.process.send_signal(signal.SIGSTOP)
    late = count // 10
    readers = [bridge.events(path, last=last) for last in [*seen] * (count - late) + [None] * late]
    bridge.process.send_signal(signal.SIGCONT)
    wait_until(lambda: str(log.log_path) in bridge.descriptors(), what="the log to be open")
    bridge.delete(f"/v1/jobs/{job}")
    log.wait_for_state("cancelled")
    bodies = read_all(readers, bridge)
    lines = tuple(log.lines())
    assert set(map(lines_of_body, bodies[: count - late])) == {lines[lines.index("first") + 1 :]}
    assert set(map(lines_of_body, bodies[count - late :])) == {lines}


def lines_of_body(body):
    """The lines of an EventSource's events."""
    lines = []
    for block in body.decode().split("\n\n"):
        fields = [line.partition(": ")[::2] for line in block.split("\n")]
        if not any(name == "event" for name, _ in fields):
            lines += [value for name, value in fields if name == "data"]
    return tuple(lines)


def read_all(streams, bridge):
    """Reads many streams to their ends at once."""
    poll = select.poll()
    waiting = {stream.socket.fileno(): stream for stream in streams}
    for number in waiting:
        poll.register(number, select.POLLIN)
    deadline = time.monotonic() + LEAST * bridge.hive.patience
    while waiting:
        assert time.monotonic() < deadline, f"{len(waiting)} of {len(streams)} streams did not end"
        for number, _ in poll.poll(1000):
            if not waiting[number].more():
                poll.unregister(number)
                del waiting[number]
    bodies = []
    for stream in streams:
        assert stream.answer.status == 200, stream.answer.text
        bodies.append(bytes(stream.buffer))
        stream.close()
    return bodies


def test_two_hundred_jobs_with_a_reader_each(make_bridge, hive):
    hive.configure("Jobs", MaxQueued=300, MaxQueuedPerUser=300, MaxParallel=2)
    bridge = make_bridge(hive).start()
    for number in range(200):
        hive.catalog.add(f"w{number}", pkgbuild(f"w{number}", build=f"echo I am {number}"))
    jobs = [bridge.install(f"w{number}") for number in range(200)]
    streams = [bridge.stream(f"/v1/jobs/{job}/stream") for job in jobs]
    for job in jobs[40:]:
        assert bridge.delete(f"/v1/jobs/{job}").status == 200
    for number, body in enumerate(read_all(streams, bridge)):
        assert (f"data: I am {number}\n\n".encode() in body) == (number < 40)
        assert body.endswith(b"data: [DONE]\n\n" if number < 40 else b"data: [CANCELLED]\n\n"), body[-300:]


def test_hundred_readers_that_never_read_cost_a_fixed_buffer_and_delay_nobody(bridge):
    """Ten megabytes: far more than a socket takes."""
    bridge.hive.catalog.add("loud", pkgbuild("loud", build=f"sleep 1; yes {'x' * 99} | head -n 100000"))
    job = bridge.install("loud")
    hive_job(bridge, job).wait_for_line("Starting build")
    idle = [bridge.stream(f"/v1/jobs/{job}/stream", receive_buffer=4096 if number else None) for number in range(100)]
    memory = bridge.memory()
    with bridge.stream(f"/v1/jobs/{job}/stream") as stream:
        text = stream.rest()
    assert text.count(b"x" * 99) == 100000 and text.endswith(b"data: [DONE]\n\n")
    assert bridge.memory() < memory + bridge.leeway, "what was not read is not kept"
    assert all(stream.answer.status == 200 for stream in idle)
    late = idle[0].rest()
    assert late == text, "and it is all there for who reads late"
    for stream in idle:
        stream.close()


def test_reader_that_leaves_is_noticed(bridge):
    bridge.hive.catalog.add("slow", pkgbuild("slow", build="sleep 86399"))
    job = bridge.install("slow")
    hive_job(bridge, job).wait_for_line("Starting build")
    streams = [bridge.events(f"/v1/jobs/{job}/stream") for _ in range(20)]
    for stream in streams:
        assert stream.next()
    log = str(hive_job(bridge, job).log_path)
    assert log in bridge.descriptors()
    for stream in streams:
        stream.close()
    wait_until(lambda: log not in bridge.descriptors(), what="the log to be let go")


def test_heartbeat_comes_to_an_event_source_alone(bridge):
    bridge.hive.catalog.add("slow", pkgbuild("slow", build="sleep 86399"))
    job = bridge.install("slow")
    hive_job(bridge, job).wait_for_line("Starting build")
    dressed, plain = bridge.events(f"/v1/jobs/{job}/stream"), bridge.stream(f"/v1/jobs/{job}/stream")
    dressed.until(lambda event: "Starting build" in event[1])
    while b"\n:\n\n" not in b"\n" + dressed.buffer:
        assert dressed.more()
    plain.socket.settimeout(1)
    assert plain.answer.status == 200
    with pytest.raises(TimeoutError):
        while True:
            plain.more()
    assert all(line.startswith("data: ") for line in plain.buffer.decode().split("\n") if line)


def test_slow_lines_are_not_delayed_and_fast_ones_come_together(bridge):
    bridge.hive.catalog.add("ticks", pkgbuild("ticks", build="for i in 1 2 3 4 5; do sleep 0.2; date +'at %s%N'; done"))
    job = bridge.install("ticks")
    delays = []
    with bridge.events(f"/v1/jobs/{job}/stream") as stream:
        while (event := stream.next()) is not None:
            if event[1].startswith("at "):
                delays.append(time.time() - int(event[1][3:]) / 1e9)
    assert len(delays) == 5
    print("delays", sorted(delays))


def test_events_tell_all_jobs_in_one_stream(bridge):
    hive = bridge.hive
    hive.catalog.add("some-worker")
    hive.installs("some-worker")
    seconds = unique_seconds()
    hive.catalog.add("some-worker", pkgbuild("some-worker", build=f"sleep {seconds} || true"))
    stream = bridge.events("/v1/events")
    event, data, _ = stream.next()
    assert event == "jobs" and [job["id"] for job in json.loads(data)["jobs"]] == ["1"]
    job = bridge.install("some-worker", reinstall=True)
    seen, worker = [], None
    while not worker or not seen or seen[-1].get("state") != "done":
        event, data, _ = stream.next()
        data = json.loads(data)
        if event == "worker":
            worker = data
        elif event == "state":
            assert data["id"] == job
            seen.append(data)
            if data.get("phase") == "build" and seconds:
                wake(seconds)
                seconds = None
    assert seen[0]["worker_id"] == "some-worker"
    assert worker == {"worker_id": "some-worker", "installed": True, "version": "1.0-1"}
    assert "build" in [state.get("phase") for state in seen]


def test_events_tell_that_a_worker_is_run_another_way(hive, make_bridge):
    rules = hive.directory / "run.conf"
    rules.write_text("")
    hive.configuration["Run"] = {"Rules": rules}
    hive.catalog.add("some-worker")
    hive.installs("some-worker")
    stream = make_bridge(hive).start().events("/v1/events")
    assert [stream.next()[0] for _ in range(2)] == ["jobs", "instances"]
    rules.write_text("[some-worker]\nArguments=%p\n")
    event, data, _ = stream.next()
    assert (event, json.loads(data)) == ("worker", {"worker_id": "some-worker", "installed": True, "version": "1.0-1"})


def test_events_that_the_hive_did_not_send_are_not_told(bridge):
    """A signal to the bridge alone may come from anybody."""
    hive = bridge.hive
    hive.catalog.add("some-worker")
    dbus, liar = "org.freedesktop.DBus", hive.connect()
    stream = bridge.events("/v1/events")
    assert stream.next()[0] == "jobs"
    names = liar.call_sync(dbus, "/org/freedesktop/DBus", dbus, "ListNames", None, None, Gio.DBusCallFlags.NONE, -1, None).unpack()[0]
    for name in names:
        for path, interface, member, values in (
            (PATH, NAME, "WorkerInstalled", GLib.Variant("(ss)", ("a-lie", "6.6"))),
            (
                f"{PATH}/job/1",
                f"{dbus}.Properties",
                "PropertiesChanged",
                GLib.Variant("(sa{sv}as)", (f"{NAME}.Job", {"State": GLib.Variant("s", "failed")}, [])),
            ),
            ("/org/freedesktop/DBus", dbus, "NameOwnerChanged", GLib.Variant("(sss)", (NAME, ":1.1", ""))),
        ):
            liar.emit_signal(name, path, interface, member, values)
    liar.flush_sync()
    bridge.install("some-worker")
    seen = []
    while "worker" not in [event for event, _, _ in seen]:
        seen.append(stream.next())
    assert not [event for event in seen if "lie" in event[1] or "reachable" in event[1] or "failed" in event[1]], seen
    assert hive.workers().keys() == {"some-worker"}


def test_events_tell_that_the_hive_is_gone_and_back(bridge):
    stream = bridge.events("/v1/events")
    assert [stream.next()[0] for _ in range(2)] == ["jobs", "instances"]
    bridge.hive.stop()
    assert stream.next()[:2] == ("hive", '{"reachable":false}')
    late = bridge.events("/v1/events")
    assert late.next()[:2] == ("hive", '{"reachable":false}')
    bridge.hive.start()
    for each in (stream, late):
        assert each.next()[:2] == ("hive", '{"reachable":true}')
        assert [each.next()[0] for _ in range(2)] == ["jobs", "instances"]


def test_too_many_streams_are_refused_by_name(make_bridge, hive):
    bridge = make_bridge(hive).configure(MaxStreams=3).start()
    hive.catalog.add("slow", pkgbuild("slow", build="sleep 86399"))
    job = bridge.install("slow")
    streams = [bridge.events("/v1/events"), *(bridge.stream(f"/v1/jobs/{job}/stream") for _ in range(2))]
    assert all(stream.answer.status == 200 for stream in streams)
    bridge.get(f"/v1/jobs/{job}/stream").problem(503, "LimitsExceeded", "3", setting="MaxStreams")
    streams[1].close()
    wait_until(lambda: bridge.stream(f"/v1/jobs/{job}/stream").answer.status == 200, what="a place")


def test_reader_of_ten_thousand_lines_loses_none_though_the_bridge_is_killed_five_times(bridge):
    """As an EventSource does: it comes back with the last id it saw."""
    count = 10000
    bridge.hive.catalog.add("count", numbered_recipe("count", count, "((i % 50)) || sleep 0.02"))
    job = bridge.install("count")
    lines, last, done = [], None, threading.Event()
    chance = random.Random(4)

    def read():
        nonlocal last
        while not done.is_set():
            try:
                with bridge.events(f"/v1/jobs/{job}/stream", last=last) as stream:
                    while (event := stream.next()) is not None:
                        if event[0] == "message":
                            lines.append(event[1])
                            last = event[2]
                            if event[1].startswith(MARKERS):
                                done.set()
            except (OSError, AssertionError):
                time.sleep(0.05)

    reader = threading.Thread(target=read, daemon=True)
    bridge.token()
    reader.start()
    for _ in range(5):
        time.sleep(chance.uniform(0.2, 0.7))
        bridge.stop(9)
        bridge.start()
    assert done.wait(LEAST * bridge.hive.patience)
    assert lines == hive_job(bridge, job).lines()
    assert [line for line in lines if line.startswith("line ")] == numbered(count)
