# SPDX-License-Identifier: LGPL-2.1-or-later
"""The daemon dies, the bus dies, the machine dies, in each phase of a job: none is lost, none is done twice, none is half done."""

import json
import os
import random
import re
import threading

import pytest
from gi.repository import GLib

from catalog import HttpCatalog, install_script, pkgbuild
from gguf import gguf
from hub import Hub
from job import Job
from waiting import wait_until

FINAL = ("done", "failed", "cancelled")
GATE = "until [ -e /usr/share/gate ]; do sleep 0.05; done"


@pytest.fixture
def gate(machine):
    path = machine.path("/usr/share/gate")
    path.unlink(missing_ok=True)
    yield path
    path.unlink(missing_ok=True)


@pytest.fixture
def slow_server():
    """A source that comes when the test lets it."""
    server, opened = HttpCatalog(), threading.Event()

    def answer(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", "5")
        handler.end_headers()
        handler.wfile.write(b"da")
        handler.wfile.flush()
        opened.wait(600)
        handler.wfile.write(b"ta\n")

    server.answers["/data"] = answer
    server.opened = opened
    yield server
    opened.set()
    server.close()


@pytest.fixture
def slow_hub():
    """A hub that gives nothing without its token, and the second half of a file when the test lets it."""
    hub, opened = Hub(), threading.Event()

    def send_data(handler, data):
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(data)))
        handler.end_headers()
        handler.wfile.write(data[: len(data) // 2])
        handler.wfile.flush()
        opened.wait(600)
        handler.wfile.write(data[len(data) // 2 :])

    hub.send_data, hub.opened, hub.gated = send_data, opened, "hf_of_this_machine"
    yield hub
    opened.set()
    hub.close()


def wait_for_end(job):
    wait_until(lambda: job_state(job) in FINAL, what=lambda: f"the end of job {job.id}; its log:\n{job.log_text()}")
    return job_state(job)


def job_state(job):
    return json.loads((job.log_path.parent / "job.json").read_text())["state"]


def kill(hive, machine):
    hive.kill()


def restart(hive, machine):
    machine.run("systemctl", "restart", "rbee-hived.service")


def stop(hive, machine):
    machine.run("systemctl", "stop", "rbee-hived.service")


def kill_bus(hive, machine):
    hive.disconnect()
    machine.run("systemctl", "kill", "--signal=KILL", "--kill-whom=main", "dbus.service")
    wait_until(lambda: machine.run("busctl", "--no-pager", "list", status=None).returncode == 0, what="the bus")
    hive.connect_again()


def reexec_systemd(hive, machine):
    machine.run("systemctl", "daemon-reexec")


def locks(machine):
    return machine.run("systemd-inhibit", "--list", "--no-pager").stdout


def wait_for_lock(machine, pattern):
    """For one that may be held for a moment only."""
    wait_until(lambda: re.search(rf"rbee-hive .*shutdown .*{pattern}", locks(machine)), what=lambda: f"a lock; there are\n{locks(machine)}")


MISHAPS = [kill, restart, stop, kill_bus, reexec_systemd]


def blocked_in(phase, server):
    """A recipe that waits in @phase."""
    functions = {name: GATE if name == phase else "true" for name in ("prepare", "build", "check")}
    extra = "\n".join(f"{name}() {{\n{body}\n}}" for name, body in functions.items())
    package = (f"{GATE}\n" if phase == "package" else "") + install_script("some")
    arrays = {"source": [f"{server.url}/data"], "sha256sums": ["SKIP"]} if phase == "sources" else {}
    if phase == "parse":
        extra += f"\n{GATE}"
    return pkgbuild("some", package=package, extra=extra, **arrays)


@pytest.mark.parametrize("phase", ["parse", "sources", "prepare", "build", "check", "package"])
@pytest.mark.parametrize("mishap", MISHAPS, ids=lambda mishap: mishap.__name__)
def test_job_goes_on_whatever_befalls_the_daemon(hive, machine, gate, slow_server, phase, mishap):
    hive.catalog.add("some", blocked_in(phase, slow_server))
    job = hive.install("some", check=True)
    follower = machine.spawn("hivectl", "log", "--follow", job.id, stdout=-1, stderr=-2, text=True)
    wait_until(lambda: job.get("Phase") == phase, what=lambda: f"{phase}, it is {job.get('Phase')}\n{job.log_text()}")
    mishap(hive, machine)
    gate.touch()
    slow_server.opened.set()
    assert wait_for_end(job) == "done", job.log_text()
    output, _ = follower.communicate(timeout=60)
    assert output.splitlines()[-1] == "[DONE]" and output.splitlines() == [line for line in job.lines() if line], output
    assert [line for line in job.lines() if "Binary installed" in line] == ["✓ Binary installed: /usr/local/bin/some"]
    assert hive.record("some")["job"] == job.id
    assert set(hive.workers()) == {"some"}
    hive.nothing_left()


def test_pull_of_a_model_goes_on_with_its_token_and_its_progress_when_the_daemon_dies(hive, machine, slow_hub):
    token = machine.path("/etc/rbee-hive/hub-token")
    token.write_text(f"{slow_hub.gated}\n")
    token.chmod(0o600)
    hive.configuration["Models"] = {"HubURL": slow_hub.url, "TokenCredential": "/etc/rbee-hive/hub-token"}
    hive.write_configuration()
    machine.run("systemctl", "stop", "rbee-hived.service")
    data = gguf(tensors=[("t", (1 << 22,), 24, 0)], data=os.urandom(1 << 22))
    reference = slow_hub.put("owner/repo", "large.gguf", data)
    job = Job(hive, hive.call("PullModel", GLib.Variant("(sa{sv})", (reference, {}))))
    wait_until(lambda: 0.4 < job.get("Progress") < 0.6, what=lambda: f"half of it, not {job.get('Progress')}\n{job.log_text()}")
    before = hive.pid
    hive.kill()
    wait_until(lambda: hive.pid not in (0, before), what="the next daemon")
    wait_until(lambda: 0.4 < job.get("Progress") < 0.6, what=lambda: f"the next daemon's word of it, not {job.get('Progress')}")
    slow_hub.opened.set()
    assert wait_for_end(job) == "done", job.log_text()
    assert machine.path("/var/lib/rbee-hive/models/large.gguf").read_bytes() == data
    assert [path for path, _ in slow_hub.asked if path.startswith("/cdn/")] == [f"/cdn/{slow_hub.files['owner/repo', 'large.gguf'][1]['oid']}"]
    assert slow_hub.gated not in job.log_text() + machine.journal("--boot")
    token.unlink()


@pytest.mark.parametrize("mishap", MISHAPS, ids=lambda mishap: mishap.__name__)
def test_job_that_is_installing_its_files_goes_on(hive, machine, mishap):
    files = 'mkdir -p "$pkgdir/opt/many"; for i in {1..5000}; do echo $i > "$pkgdir/opt/many/$i"; done\n'
    hive.catalog.add("many", pkgbuild("many", package=files + install_script("many")))
    job = hive.install("many")
    wait_until(lambda: job_state(job) == "committing", what=lambda: f"committing\n{job.log_text()}")
    mishap(hive, machine)
    assert wait_for_end(job) == "done", job.log_text()
    assert set(hive.workers()) == {"many"}
    assert hive.call("Verify", path="/org/rbee/Hive/worker/many", interface="org.rbee.Hive.Worker") == []
    hive.removes("many")
    hive.nothing_left()


def test_job_that_ended_while_the_daemon_was_gone_is_finished_by_the_next(hive, machine, gate):
    """The path unit is stopped too, so that nothing starts the daemon before the build has ended."""
    hive.catalog.add("some", pkgbuild("some", build=f"echo started; {GATE}; echo last line"))
    job = hive.install("some")
    job.wait_for_line("started")
    machine.run("systemctl", "stop", "rbee-hived.path", "rbee-hived.service")
    gate.touch()
    unit = f"rbee-job-{job.id}.service"
    wait_until(lambda: machine.show(unit, "SubState")["SubState"] == "exited", what="the build's end")
    assert job_state(job) == "running" and hive.pid == 0
    machine.run("systemctl", "start", "rbee-hived.path")
    assert wait_for_end(job) == "done"
    assert "last line" in job.lines()
    assert hive.pid > 0


def test_job_that_failed_while_the_daemon_was_gone_starts_it(hive, machine, gate):
    hive.catalog.add("bad", pkgbuild("bad", build=f"echo started; {GATE}; exit 7"))
    job = hive.install("bad")
    job.wait_for_line("started")
    machine.run("systemctl", "stop", "rbee-hived.path", "rbee-hived.service")
    gate.touch()
    assert wait_for_end(job) == "failed"
    assert job.get("ErrorName") == "BuildFailed"
    hive.nothing_left()


def test_unit_that_vanished_while_the_daemon_was_gone_is_no_success(hive, machine):
    hive.catalog.add("some", pkgbuild("some", build="echo started; sleep 600"))
    job = hive.install("some")
    job.wait_for_line("started")
    unit = f"rbee-job-{job.id}.service"
    machine.run("systemctl", "mask", "--runtime", "rbee-hived.service")  # else the build's end starts it
    try:
        machine.run("systemctl", "stop", "rbee-hived.path", "rbee-hived.service")
        machine.run("systemctl", "kill", "--signal=KILL", unit)
        wait_until(lambda: machine.show(unit, "ActiveState")["ActiveState"] == "failed", what="the build's end")
        machine.run("systemctl", "reset-failed", unit)
    finally:
        machine.run("systemctl", "unmask", "--runtime", "rbee-hived.service")
    machine.run("systemctl", "start", "rbee-hived.path")
    assert wait_for_end(job) == "failed"
    assert job.get("ErrorName") == "Interrupted"
    hive.nothing_left()


def test_cancelled_job_is_cancelled_after_the_daemon_died_too(hive, machine):
    """A builder that takes its time to end: it is stopped (SIGSTOP) when it is told to."""
    hive.catalog.add("long", pkgbuild("long", build="echo started; sleep 600"))
    job = hive.install("long")
    job.wait_for_line("started")
    unit = f"rbee-job-{job.id}.service"
    machine.run("systemctl", "kill", "--signal=STOP", "--kill-whom=main", unit)
    job.cancel()
    hive.kill()
    assert wait_for_end(job) == "cancelled"
    hive.nothing_left()


def test_queued_jobs_survive(hive, machine, gate):
    hive.configure("Jobs", MaxParallel=1)
    machine.run("systemctl", "restart", "rbee-hived.service")
    hive.catalog.add("first", pkgbuild("first", build=f"echo started; {GATE}"))
    hive.catalog.add("second")
    hive.catalog.add("third")
    jobs = [hive.install(name) for name in ("first", "second", "third")]
    jobs[0].wait_for_line("started")
    hive.kill()
    gate.touch()
    assert [wait_for_end(job) for job in jobs] == ["done", "done", "done"]
    assert jobs[0].get("StartedAt") < jobs[1].get("StartedAt") <= jobs[2].get("StartedAt")
    assert set(hive.workers()) == {"first", "second", "third"}


def test_every_line_is_there_after_many_deaths(hive, machine):
    lines = 10_000
    hive.catalog.add("talker", pkgbuild("talker", build=f"for i in $(seq {lines}); do echo line $i; [ $((i % 500)) = 0 ] && sleep 0.1; done; true"))
    job = hive.install("talker")
    follower = machine.spawn("hivectl", "log", "--follow", job.id, stdout=-1, stderr=-2, text=True)
    for _ in range(5):
        machine.run("sleep", f"{random.uniform(0.05, 0.4):.2f}")
        wait_until(lambda: hive.pid, what="the daemon")
        hive.kill()
    assert wait_for_end(job) == "done", job.log_text()
    output, _ = follower.communicate(timeout=60)
    for text in (output.splitlines(), job.lines()):
        assert [line for line in text if re.fullmatch(r"line \d+", line)] == [f"line {i}" for i in range(1, lines + 1)]


def test_what_was_built_before_another_boot_of_the_machine_is_not_installed(hive, machine, gate):
    """Nobody knows what of it reached the disk. (A container's restart is none of the kernel's, so here the record is changed.)"""
    hive.catalog.add("some", pkgbuild("some", build=f"echo started; {GATE}"))
    job = hive.install("some")
    job.wait_for_line("started")
    machine.run("systemctl", "stop", "rbee-hived.path", "rbee-hived.service")
    gate.touch()
    unit = f"rbee-job-{job.id}.service"
    wait_until(lambda: machine.show(unit, "SubState")["SubState"] == "exited", what="the build's end")
    path = job.log_path.parent / "job.json"
    record = json.loads(path.read_text())
    path.write_text(json.dumps(dict(record, boot_id="00000000-0000-4000-8000-000000000000")))
    machine.run("systemctl", "stop", unit)
    machine.run("systemctl", "start", "rbee-hived.path")
    assert wait_for_end(job) == "failed"
    assert (job.get("ErrorName"), job.get("ErrorMessage")) == ("Interrupted", "The machine was restarted while this job ran; ask for it again")
    assert hive.workers() == {}
    hive.nothing_left()


@pytest.mark.parametrize("state", ["building", "built", "committing"])
def test_power_cut_ends_a_job_as_interrupted_or_done_and_nothing_between(hive, machine, gate, state):
    if state == "committing":
        files = 'mkdir -p "$pkgdir/opt/many"; for i in {1..5000}; do echo $i > "$pkgdir/opt/many/$i"; done\n'
        hive.catalog.add("some", pkgbuild("some", package=files + install_script("some")))
    else:
        hive.catalog.add("some", pkgbuild("some", build=f"echo started; {GATE}"))
    hive.catalog.add("other")
    hive.installs("other")
    job = hive.install("some")
    if state == "committing":
        wait_until(lambda: job_state(job) == "committing", what="committing")
    else:
        job.wait_for_line("started")
    if state == "built":
        machine.run("systemctl", "stop", "rbee-hived.path", "rbee-hived.service")
        gate.touch()
        wait_until(lambda: machine.show(f"rbee-job-{job.id}.service", "SubState")["SubState"] == "exited", what="the build's end")
    hive.disconnect()
    machine.power_off()
    machine.boot()
    hive.connect_again()
    end = wait_for_end(job)
    assert end == "failed" or state == "committing"
    if end == "failed":
        assert job.get("ErrorName") == "Interrupted", job.get("ErrorMessage")
        assert set(hive.workers()) == {"other"}
    assert job.records()[-1].stream == "end"
    hive.nothing_left()


def test_reboot_in_order_ends_builds_as_interrupted_before_it(hive, machine, gate):
    hive.catalog.add("some", pkgbuild("some", build=f"echo started; {GATE}"))
    hive.catalog.add("next")
    hive.configure("Jobs", MaxParallel=1)
    machine.run("systemctl", "restart", "rbee-hived.service")
    job, queued = hive.install("some"), hive.install("next")
    job.wait_for_line("started")
    wait_for_lock(machine, "Workers are being built +delay")
    machine.run("busctl", "call", "org.freedesktop.login1", "/org/freedesktop/login1", "org.freedesktop.login1.Manager", "PowerOff", "b", "false")
    machine.nspawn.wait(90)
    hive.disconnect()
    record = json.loads((machine.files / f"var/lib/rbee-hive/jobs/{job.id}/job.json").read_text())
    assert (record["state"], record["error_name"]) == ("failed", "Interrupted") and "shut down" in record["error_message"]
    gate_file = machine.files / "usr/share/gate"
    gate_file.touch()
    machine.boot()
    hive.connect_again()
    assert wait_for_end(queued) == "done"
    assert set(hive.workers()) == {"next"}
    machine.path("/usr/share/gate").unlink()


def test_shutdown_is_blocked_while_files_are_installed(hive, machine):
    files = 'mkdir -p "$pkgdir/opt/many"; for i in {1..5000}; do echo $i > "$pkgdir/opt/many/$i"; done\n'
    hive.catalog.add("many", pkgbuild("many", package=files + install_script("many")))
    job = hive.install("many")
    wait_for_lock(machine, "files are being installed or removed +block")
    assert wait_for_end(job) == "done"
    wait_until(lambda: "rbee-hive" not in locks(machine), what="the lock to go")
