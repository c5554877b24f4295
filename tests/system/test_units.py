# SPDX-License-Identifier: LGPL-2.1-or-later
"""What systemd knows of the hive: units, users, limits, confinement, the journal."""

import json
import os
import re
import signal
import subprocess

import pytest

import unpacked
from catalog import pkgbuild, sha256
from client import HiveError
from ports import free_port
from waiting import wait_until

GATE = "while [ ! -e /usr/share/gate ]; do sleep 0.05; done"


@pytest.fixture
def gate(machine):
    """Recipes that have GATE in them wait until it is opened."""
    path = machine.path("/usr/share/gate")
    path.unlink(missing_ok=True)
    yield path
    path.unlink(missing_ok=True)


def properties(machine, job, *names):
    return machine.show(f"rbee-job-{job.id}.service", *names)


def test_first_call_starts_the_daemon(hive, machine):
    machine.run("systemctl", "stop", "rbee-hived.service")
    assert hive.pid == 0
    assert hive.call("ListWorkers") == []
    assert hive.pid > 0
    assert machine.show("rbee-hived.service", "ActiveState", "Type", "BusName", "WatchdogUSec") == {
        "ActiveState": "active",
        "Type": "notify",
        "BusName": "org.rbee.Hive",
        "WatchdogUSec": "1min",
    }


def test_daemon_is_confined(machine):
    security = machine.run("systemd-analyze", "security", "--no-pager", "rbee-hived.service", status=None).stdout
    exposure = float(re.search(r"exposure level for rbee-hived.service: ([0-9.]+)", security)[1])
    assert exposure <= 1.5, security


def test_daemon_has_no_network_and_no_capability(hive, machine):
    hive.call("ListWorkers")
    status = machine.run("cat", f"/proc/{hive.pid}/status").stdout
    assert re.search(r"^CapEff:\s+0+$", status, re.MULTILINE) and re.search(r"^CapBnd:\s+0+$", status, re.MULTILINE)
    interfaces = machine.run("nsenter", "-t", hive.pid, "-n", "cat", "/proc/net/dev").stdout
    assert [line.split(":")[0].strip() for line in interfaces.splitlines()[2:]] == ["lo"]


def test_daemon_may_write_its_own_folders_alone(hive, machine):
    hive.call("ListWorkers")
    mounts = machine.run("cat", f"/proc/{hive.pid}/mounts").stdout.splitlines()
    writable = {
        line.split()[1] for line in mounts if "rw" in line.split()[3].split(",") and line.split()[1].startswith(("/var", "/usr", "/etc", "/opt"))
    }
    assert writable <= {"/var/lib/rbee-hive", "/var/cache/rbee-hive", "/var/tmp"}


def test_idle_daemon_leaves_and_the_next_call_starts_it_again(hive, machine):
    hive.configure("Hive", IdleTimeout=1)
    machine.run("systemctl", "stop", "rbee-hived.service")
    hive.call("ListWorkers")
    wait_until(lambda: machine.show("rbee-hived.service", "ActiveState")["ActiveState"] == "inactive", what="the daemon to leave")
    left = machine.show("rbee-hived.service", "Result", "ExecMainPID")
    assert left["Result"] == "success"
    assert hive.call("ListWorkers") == []
    assert machine.show("rbee-hived.service", "ExecMainPID")["ExecMainPID"] not in ("0", left["ExecMainPID"])


def test_daemon_does_not_leave_while_it_is_called_or_a_job_runs(hive, machine, gate):
    hive.configure("Hive", IdleTimeout=1)
    machine.run("systemctl", "stop", "rbee-hived.service")
    hive.catalog.add("slow", pkgbuild("slow", build=GATE))
    job = hive.install("slow")
    job.wait_for_state("running")
    pid = hive.pid
    since = job.get("StartedAt")
    machine.run("sleep", "3")
    assert hive.pid == pid
    gate.touch()
    assert job.wait().result == "done"
    assert job.get("FinishedAt") - since > 2_500_000
    wait_until(lambda: hive.pid == 0, what="the daemon to leave")


def test_calls_that_meet_a_leaving_daemon_are_answered(hive, machine):
    """The name goes, systemd starts the next one: a caller sees neither."""
    hive.configure("Hive", IdleTimeout=1)
    machine.run("systemctl", "stop", "rbee-hived.service")
    pids = set()
    for delay in ("0.9", "1", "1.05", "1.1", "1.15", "1.2", "1.25", "1.3"):
        assert hive.call("ListWorkers") == []
        pids.add(hive.pid)
        machine.run("sleep", delay)
    assert len(pids) > 1


def test_installed_worker_through_units(hive, machine):
    hive.catalog.add("some", pkgbuild("some", build="echo a line"))
    job = hive.installs("some")
    assert "a line" in job.lines()
    assert machine.run("/usr/local/bin/some").stdout == "I work\n"
    assert hive.workers()["some"]["version"] == "1.0-1"
    hive.removes("some")
    assert not hive.installed("/usr/local/bin/some").exists()
    wait_until(
        lambda: not machine.run("systemctl", "list-units", "--plain", "--no-legend", "rbee-job-*", "rbee-commit-*", "rbee-hive-*.service").stdout,
        what="units that nobody needs any more to go",
    )


def test_job_is_a_unit_with_the_configured_limits(hive, machine, gate):
    hive.configure("Jobs", MemoryMax="512M", TasksMax=300, CPUWeight=77, IOWeight=66, Nice=7, RuntimeMax=123456)
    machine.run("systemctl", "restart", "rbee-hived.service")
    hive.catalog.add("slow", pkgbuild("slow", build=f"nice\n{GATE}"))
    job = hive.install("slow")
    wait_until(lambda: "7" in job.lines(), what="the build")
    assert properties(
        machine,
        job,
        "Description",
        "Slice",
        "RemainAfterExit",
        "MemoryMax",
        "TasksMax",
        "CPUWeight",
        "IOWeight",
        "Nice",
        "RuntimeMaxUSec",
        "OOMPolicy",
        "NoNewPrivileges",
        "ProtectSystem",
        "PrivateUsers",
    ) == {
        "Description": f"Build of slow (job {job.id})",
        "Slice": "rbee-hive.slice",
        "RemainAfterExit": "yes",
        "MemoryMax": str(512 << 20),
        "TasksMax": "300",
        "CPUWeight": "77",
        "IOWeight": "66",
        "Nice": "7",
        "RuntimeMaxUSec": "1d 10h 17min 36s",
        "OOMPolicy": "kill",
        "NoNewPrivileges": "yes",
        "ProtectSystem": "strict",
        "PrivateUsers": "yes",
    }
    assert f"rbee-job-{job.id}.service" in machine.run("systemd-cgls", "--no-pager", "--unit", "rbee-hive.slice").stdout
    gate.touch()
    assert job.wait().result == "done"


def test_systemd_that_reads_its_units_anew_knows_the_job_as_before(hive, machine, gate):
    """As after each package that has a unit. What could not be read of the job's would no longer be stopped with its slice."""
    hive.catalog.add("slow", pkgbuild("slow", build=f"echo started; {GATE}"))
    job = hive.install("slow")
    job.wait_for_line("started")
    before = machine.settings(f"rbee-job-{job.id}.service")
    machine.run("systemctl", "daemon-reload")
    assert sorted(machine.settings(f"rbee-job-{job.id}.service") ^ before) == []
    gate.touch()
    assert job.wait().result == "done"


def test_jobs_have_users_of_their_own_and_do_not_see_each_other(hive, machine, gate):
    for name in ("one", "two"):
        hive.catalog.add(name, pkgbuild(name, build=GATE))
    jobs = [hive.install(name) for name in ("one", "two")]
    for job in jobs:
        job.wait_for_line("Starting build")
    pids = [properties(machine, job, "MainPID")["MainPID"] for job in jobs]
    uids = {machine.run("stat", "-c", "%u", f"/proc/{pid}").stdout.strip() for pid in pids}
    assert len(uids) == 2 and "0" not in uids
    for pid, own, _other in zip(pids, jobs, reversed(jobs)):
        seen = machine.run("ls", f"/proc/{pid}/root/var/cache/rbee-hive/work").stdout.split()
        assert seen == [own.id]
        assert machine.run("ls", "-A", f"/proc/{pid}/root/var/lib/rbee-hive").stdout == "capabilities.json\n"
        assert machine.run("ls", "-A", f"/proc/{pid}/root/home").stdout == ""
    gate.touch()
    assert [job.wait().result for job in jobs] == ["done", "done"]


def test_catalog_in_somebodys_home_is_read_and_nothing_else_there(hive, machine):
    home = machine.path("/home/anna/catalog")
    machine.run("cp", "-r", "/srv/catalog", "/home/anna/catalog")
    catalog = type(hive.catalog).__new__(type(hive.catalog))
    catalog.directory = home
    catalog.add("some")
    hive.configure("Catalog", URL="file:///home/anna/catalog")
    machine.run("systemctl", "restart", "rbee-hived.service")
    hive.installs("some")


def test_nobody_else_enters_a_work_tree(hive, machine, gate):
    hive.catalog.add("slow", pkgbuild("slow", build=GATE))
    job = hive.install("slow")
    job.wait_for_line("Starting build")
    assert machine.run("ls", f"/var/cache/rbee-hive/work/{job.id}", user="anna", status=None).returncode != 0
    gate.touch()
    assert job.wait().result == "done"


def test_setuid_program_in_a_package_is_refused_here_too(hive):
    hive.catalog.add("sly", pkgbuild("sly", package='install -Dm4755 /bin/true "$pkgdir/usr/local/bin/sly"'))
    hive.refuses("sly", "PackageInvalid", "sly")


def test_job_that_takes_too_long_names_the_key(hive, machine):
    seconds = 5 * hive.patience  # until it builds
    hive.configure("Jobs", RuntimeMax=seconds)
    machine.run("systemctl", "restart", "rbee-hived.service")
    hive.catalog.add("endless", pkgbuild("endless", build="echo started; sleep 600"))
    job = hive.refuses("endless", "TimedOut", f"{seconds} s", "RuntimeMax=", "hive.conf")
    assert "started" in job.lines()


def test_job_that_an_administrator_stops_is_interrupted(hive, machine, gate):
    hive.catalog.add("slow", pkgbuild("slow", build=f"echo started; {GATE}"))
    job = hive.install("slow")
    job.wait_for_line("started")
    machine.run("systemctl", "stop", f"rbee-job-{job.id}.service")
    hive.fails(job, "Interrupted")


def test_cancelled_job_leaves_no_unit_and_no_process(hive, machine):
    hive.catalog.add("long", pkgbuild("long", build="echo started; setsid -f sleep 4242; sleep 4242"))
    job = hive.install("long")
    job.wait_for_line("started")
    job.cancel()
    assert job.wait().result == "cancelled"
    assert machine.run("pgrep", "-f", "sleep 4242", status=None).stdout == ""
    wait_until(lambda: properties(machine, job, "LoadState")["LoadState"] == "not-found", what="the unit to go")
    hive.nothing_left()


def test_builder_that_is_killed_says_so_and_leaves_nothing(hive, machine, gate):
    hive.catalog.add("slow", pkgbuild("slow", build=f"echo started; {GATE}"))
    job = hive.install("slow")
    job.wait_for_line("started")
    machine.run("systemctl", "kill", "--signal=KILL", "--kill-whom=main", f"rbee-job-{job.id}.service")
    hive.fails(job, "BuildFailed", "signal 9")


def test_program_that_is_not_there_ends_the_job_with_its_name(hive, machine):
    hive.configure("Hive", LibexecDirectory="/usr/nowhere")
    machine.run("systemctl", "restart", "rbee-hived.service")
    hive.catalog.add("some")
    job = hive.install("some")
    assert job.wait().error == "Failed"
    assert "/usr/nowhere/rbee-hive-builder" in job.finished().message


def test_journal_has_the_job_its_worker_and_an_explanation(hive, machine):
    hive.catalog.add("some", pkgbuild("some", build="exit 3"))
    job = hive.install("some")
    assert job.wait().result == "failed"

    def entries():
        text = machine.run(
            "journalctl", "--output=json", f"RBEE_JOB={job.id}", "SYSLOG_IDENTIFIER=rbee-hived", f"--since=@{job.get('CreatedAt') // 10**6}"
        ).stdout
        found = [json.loads(line) for line in text.splitlines()]
        return found if len(found) >= 2 else None

    asked, ended = wait_until(entries, what="the journal")[-2:]
    assert asked["RBEE_WORKER"] == ended["RBEE_WORKER"] == "some" and ended["RBEE_OWNER"] == "0"
    assert ended["PRIORITY"] == "4" and "BuildFailed" in ended["MESSAGE"]
    machine.run("journalctl", "--update-catalog")  # what installing a package does
    explained = machine.run("journalctl", "--catalog", "--no-pager", f"RBEE_JOB={job.id}").stdout
    assert "A job has failed" in explained and f"hivectl log {job.id}" in explained


def test_journal_of_another_machine_is_asked_by_the_same_fields(hive, machine, tmp_path):
    """A real systemd-journal-upload sends to a real systemd-journal-remote, as docs/ADMINISTRATION.md has them."""
    if machine.lower != "/":
        pytest.skip("systemd-journal-remote is unpacked on this machine, and not on another")
    remote = unpacked.program("lib/systemd/systemd-journal-remote", "systemd-journal-remote")
    upload = unpacked.program("lib/systemd/systemd-journal-upload", "systemd-journal-remote")
    libraries = os.path.dirname(unpacked.program(f"usr/lib/{os.uname().machine}-linux-gnu/libmicrohttpd.so.12", "libmicrohttpd12"))
    hive.catalog.add("some")
    job = hive.installs("some")
    port = free_port()
    takes = subprocess.Popen(
        [remote, f"--listen-http=127.0.0.1:{port}", f"--output={tmp_path}"], env={"LD_LIBRARY_PATH": libraries}, stderr=subprocess.DEVNULL
    )
    machine.run("systemd-run", "--collect", "--unit=upload", upload, f"--url=http://127.0.0.1:{port}")

    def told():
        asked = ["journalctl", f"--directory={tmp_path}", "RBEE_WORKER=some", f"RBEE_JOB={job.id}", "--output=cat"]
        return f"job {job.id}" in subprocess.run(asked, text=True, capture_output=True).stdout.lower()

    try:
        wait_until(told, what="the journal of the machine")
    finally:
        machine.run("systemctl", "stop", "upload.service", status=None)
        takes.kill()
        takes.wait()


def test_status_line_counts_jobs(hive, machine, gate):
    hive.catalog.add("slow", pkgbuild("slow", build=GATE))
    job = hive.install("slow")
    wait_until(lambda: machine.show("rbee-hived.service", "StatusText")["StatusText"] == "Jobs: 1 running, 0 waiting", what="the status")
    gate.touch()
    assert job.wait().result == "done"
    wait_until(lambda: machine.show("rbee-hived.service", "StatusText")["StatusText"] == "Jobs: 0 running, 0 waiting", what="the status")


def test_watchdog_starts_a_daemon_that_hangs_anew(hive, machine):
    # One of a second ends a daemon too that others keep from the processors.
    drop_in = machine.path("/run/systemd/system/rbee-hived.service.d/watchdog.conf")
    drop_in.parent.mkdir(parents=True)
    drop_in.write_text("[Service]\nWatchdogSec=10s\n")
    try:
        machine.run("systemctl", "daemon-reload")
        machine.run("systemctl", "restart", "rbee-hived.service")
        first = hive.pid
        hive.kill(signal.SIGSTOP)
        wait_until(lambda: hive.pid not in (0, first), what="another daemon")
        assert hive.call("ListWorkers") == []
    finally:
        drop_in.unlink()
        drop_in.parent.rmdir()
        machine.run("systemctl", "daemon-reload")


def test_bus_lets_everybody_call_the_hive_and_nobody_else_be_it(hive, machine):
    listed = machine.run("busctl", "call", "org.rbee.Hive", "/org/rbee/Hive", "org.rbee.Hive", "ListWorkers", user="anna").stdout
    assert listed.strip() == "aa{sv} 0"
    machine.run("systemctl", "stop", "rbee-hived.service")
    taken = machine.run(
        "busctl",
        "call",
        "org.freedesktop.DBus",
        "/org/freedesktop/DBus",
        "org.freedesktop.DBus",
        "RequestName",
        "su",
        "org.rbee.Hive",
        "0",
        user="anna",
        status=None,
    )
    assert "Access denied" in taken.stderr
    other = machine.run("busctl", "call", "org.rbee.Hive", "/org/rbee/Hive", "org.example.Other", "Do", user="anna", status=None)
    assert other.returncode != 0 and "Access denied" in other.stderr


def test_description_of_the_interface_is_installed(machine, hive):
    for name in ("org.rbee.Hive", "org.rbee.Hive.Job", "org.rbee.Hive.Worker"):
        assert machine.path(f"/usr/share/dbus-1/interfaces/{name}.xml").exists()


def test_bad_configuration_keeps_the_daemon_from_starting_and_it_says_which(hive, machine):
    hive.configure("Jobs", MemoryMax="lots")
    machine.run("systemctl", "stop", "rbee-hived.service")
    with pytest.raises(HiveError):
        hive.call("ListWorkers", timeout=1)
    wait_until(lambda: '"lots" is not a value for MemoryMax= in [Jobs]' in hive.daemon_log(), what="the complaint")
    # Else the bus would go on waiting for it, and with it whoever calls next.
    hive.configuration["Jobs"].clear()
    hive.write_configuration()
    machine.run("sh", "-ec", "systemctl stop rbee-hived.service; systemctl reset-failed; systemctl start rbee-hived.service")


def test_what_a_job_downloads_is_kept_by_the_commit_and_read_by_the_next(hive, machine):
    """The builder, a user of its own, may read the cache and not write it."""
    port = free_port()
    folder = machine.path("/usr/share/served")
    folder.mkdir(exist_ok=True)
    (folder / "data").write_text("downloaded\n")
    machine.run("systemd-run", "--unit=served", "python3", "-m", "http.server", port, "--bind", "127.0.0.1", "--directory", "/usr/share/served")
    wait_until(lambda: f":{port} " in machine.run("ss", "-ltn").stdout, what="the server")
    hive.catalog.add(
        "some", pkgbuild("some", source=[f"http://127.0.0.1:{port}/data"], sha256sums=[sha256("downloaded\n")], build='cat "$srcdir/data"')
    )
    try:
        hive.installs("some")
    finally:
        machine.run("systemctl", "stop", "served.service")
    assert "✓ Source: data (11 B, sha256, from the cache)" in hive.installs("some", reinstall=True).lines()
    assert machine.run("stat", "-c", "%U %a", "/var/cache/rbee-hive/sources").stdout == "root 755\n"
    assert machine.run("sh", "-c", "stat -c '%U %a' /var/cache/rbee-hive/sources/*/data").stdout == "root 644\n"
