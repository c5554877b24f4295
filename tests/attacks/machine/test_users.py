# SPDX-License-Identifier: LGPL-2.1-or-later
"""As whom jobs run under systemd: users of a pool, each for one unit at a time, confined as DynamicUser= would and able to make sandboxes."""

import contextlib
import re

import pytest

from catalog import pkgbuild
from waiting import wait_until

# Until the test opens it, from outside.
GATE = 'echo started; touch "$srcdir/started"; until [ -e "$srcdir/gate" ]; do sleep 0.05; done'
CLAIMS = "/run/rbee-hive-users"
# What systemd.exec(5) says that DynamicUser= implies, but for RestrictSUIDSGID=, and what keeps its user's things together.
IMPLIED = {
    "NoNewPrivileges": "yes",
    "RemoveIPC": "yes",
    "PrivateTmp": "yes",
    "ProtectSystem": "strict",
    "ProtectHome": "tmpfs",
    "PrivateIPC": "yes",
    "KeyringMode": "private",
    "PrivateUsers": "yes",
    "CapabilityBoundingSet": "",
    "AmbientCapabilities": "",
    "ProtectControlGroups": "yes",
    "PrivateDevices": "yes",
    "DevicePolicy": "closed",
    "SupplementaryGroups": "",
}


def unit_of(job):
    return f"rbee-job-{job.id}.service"


def starts(hive, name, before=""):
    """A job that builds until open_gate()."""
    hive.catalog.add(name, pkgbuild(name, build=f"{before}\n{GATE}"))
    job = hive.install(name)
    job.wait_for_line("started")
    return job


def open_gate(hive, job):
    next((hive.cache / "work" / job.id).rglob("started")).with_name("gate").touch()


def ends(hive, job):
    open_gate(hive, job)
    assert job.wait() == ("done", "", ""), job.log_text()


def claims(machine):
    """{user: unit}"""
    found = {}
    for path in machine.path(CLAIMS).iterdir():
        with contextlib.suppress(FileNotFoundError):  # it is free by now
            found[path.name] = path.read_text()
    return found


def user_of(machine, job):
    return machine.show(unit_of(job), "User")["User"]


def inside(machine, job, script, status=0):
    """As a builder would that was taken over: with its user and its view, outside of any sandbox."""
    pid, user = machine.show(unit_of(job), "MainPID")["MainPID"], user_of(machine, job)
    return machine.run(
        "nsenter", "-t", pid, "-m", "-i", "setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", "sh", "-c", script, status=status
    ).stdout


def dies(hive):
    """The daemon is killed; systemd starts another one."""
    before = hive.pid
    hive.kill()
    wait_until(lambda: hive.pid not in (0, before), what="another daemon")


def finds_no_user(hive, error, *parts):
    end = hive.install("some").wait()
    assert (end.result, end.error) == ("failed", error)
    assert all(part in end.message for part in parts), end.message


def test_each_job_has_a_user_of_the_pool_that_no_other_has(hive, machine):
    jobs = [starts(hive, name) for name in ("one", "two")]
    users = [user_of(machine, job) for job in jobs]
    assert len(set(users)) == 2 and all(re.fullmatch(r"rbee-builder-\d+", user) for user in users)
    held = claims(machine)
    for job, user in zip(jobs, users):
        assert held[user] == f"rbee-job-{job.id}"
        pid = machine.show(unit_of(job), "MainPID")["MainPID"]
        status = machine.run("cat", f"/proc/{pid}/status").stdout
        uid, gid = machine.run("id", "-u", user).stdout.strip(), machine.run("id", "-g", user).stdout.strip()
        assert re.search(rf"^Uid:\t{uid}\t{uid}\t{uid}\t{uid}$", status, re.MULTILINE)
        assert re.search(rf"^Gid:\t{gid}\t{gid}\t{gid}\t{gid}$", status, re.MULTILINE)
        assert re.search(rf"^Groups:\t({gid} )?$", status, re.MULTILINE)
        assert re.search(r"^NoNewPrivs:\t1$", status, re.MULTILINE) and re.search(r"^CapBnd:\t0+$", status, re.MULTILINE)
        assert machine.run("getent", "passwd", user).stdout.strip().endswith(":/:/usr/sbin/nologin")
    for job in jobs:
        ends(hive, job)
    wait_until(lambda: not set(users) & set(claims(machine)), what="the users to be free")


def test_builder_is_confined_as_by_dynamicuser_and_may_still_make_sandboxes(hive, machine):
    job = starts(hive, "slow")
    shown = machine.show(unit_of(job), *IMPLIED, "DynamicUser", "RestrictSUIDSGID")
    assert shown == {**IMPLIED, "DynamicUser": "no", "RestrictSUIDSGID": "no"}
    security = machine.run("systemd-analyze", "security", "--no-pager", unit_of(job), status=None).stdout
    exposure = float(re.search(r"exposure level for \S+: ([0-9.]+)", security)[1])
    # The one line that DynamicUser= had, and that no sandbox can be made with
    openat2 = float(re.search(r"RestrictSUIDSGID= .* ([0-9.]+)", security)[1])
    assert exposure <= 2.6 and round(exposure - openat2, 1) <= 2.4, security
    ends(hive, job)


def test_builder_writes_its_work_tree_alone_and_nothing_of_it_stays(hive, machine):
    job = starts(hive, "slow")
    user = user_of(machine, job)
    places = inside(
        machine,
        job,
        """
        for folder in / /etc /usr /usr/local /opt /var /var/lib /var/cache /var/spool /run /run/lock /srv /boot /home /root /mnt /media /sys /proc \
            /tmp /var/tmp /dev/shm /dev/mqueue /run/user /var/cache/rbee-hive /var/lib/rbee-hive /var/cache/rbee-hive/work/*; do
          (: >$folder/left) 2>/dev/null && echo $folder
        done; true""",
    ).split()
    private = {"/tmp", "/var/tmp", "/home", "/root", "/run/user"}  # each an empty folder of the unit's own
    assert set(places) <= private | {"/dev/shm", "/dev/mqueue", f"/var/cache/rbee-hive/work/{job.id}"}
    inside(machine, job, "ipcmk --shmem 4096; ipcmk --semaphore 1; ipcmk --queue; true")
    ends(hive, job)
    wait_until(lambda: user not in claims(machine), what="the user to be free")
    left = machine.run("find", "/tmp", "/var/tmp", "/dev/shm", "/run", "/var/cache", "/var/lib", "-xdev", "-user", user, status=None).stdout
    assert left == ""
    assert user not in machine.run("ipcs", "-a").stdout
    assert machine.run("pgrep", "-u", user, status=None).stdout == ""


def test_recipe_may_set_the_bits_that_restrictsuidsgid_would_forbid(hive, machine):
    hive.catalog.add(
        "some",
        pkgbuild(
            "some",
            build='mkdir "$srcdir/shared"; chmod 2775 "$srcdir/shared"; touch "$srcdir/x"; chmod 4755 "$srcdir/x"; '
            'stat -c "%a" "$srcdir/shared" "$srcdir/x"',
        ),
    )
    job = hive.installs("some")
    assert {"2775", "4755"} <= set(job.lines())


def test_user_stays_claimed_through_the_death_of_the_daemon(hive, machine):
    job = starts(hive, "slow")
    user = user_of(machine, job)
    dies(hive)
    assert claims(machine)[user] == f"rbee-job-{job.id}"
    others = set()
    for _ in range(3):
        other = starts(hive, "other")
        others.add(user_of(machine, other))
        ends(hive, other)
        hive.removes("other")
    assert user not in others and claims(machine)[user] == f"rbee-job-{job.id}"
    ends(hive, job)
    wait_until(lambda: user not in claims(machine), what="the user to be free")


def test_users_of_units_that_are_gone_are_free_for_the_next_daemon(hive, machine):
    """Of a question that ended while no daemon was there, say; and of one that was about to be asked."""
    hive.call("ListWorkers")  # the folder is the daemon's, and stays
    machine.run("systemctl", "stop", "rbee-hived.service")
    machine.path(f"{CLAIMS}/rbee-builder-0").write_text("rbee-hive-builder-1-1")
    machine.path(f"{CLAIMS}/rbee-builder-1").write_text("")
    hive.call("ListWorkers")
    wait_until(lambda: not {"rbee-builder-0", "rbee-builder-1"} & set(claims(machine)), what="the users to be free")


def test_pool_that_is_used_up_says_how_to_make_it_larger(hive, machine):
    machine.run("systemctl", "stop", "rbee-hived.service")
    count = len(re.findall(r"^rbee-builder-", machine.run("getent", "passwd").stdout, re.MULTILINE))
    hive.call("ListWorkers")
    for number in range(count):
        machine.path(f"{CLAIMS}/rbee-builder-{number}").write_text("somebody")
    hive.catalog.add("some")
    try:
        finds_no_user(hive, "LimitsExceeded", f"All {count} users", f"rbee-builder-{count} -", "/etc/sysusers.d", "systemd-sysusers")
        machine.path("/etc/sysusers.d").mkdir(exist_ok=True)
        machine.path("/etc/sysusers.d/more.conf").write_text(f"u rbee-builder-{count} -\n")
        machine.run("systemd-sysusers")
        hive.installs("some")
        hive.removes("some")
    finally:
        for number in range(count):
            machine.path(f"{CLAIMS}/rbee-builder-{number}").unlink(missing_ok=True)


def test_machine_without_the_users_is_told_how_they_are_made(hive, machine):
    passwd = machine.path("/etc/passwd")
    before = passwd.read_text()
    hive.catalog.add("some")
    passwd.write_text("".join(line for line in before.splitlines(keepends=True) if not line.startswith("rbee-builder-")))
    try:
        finds_no_user(hive, "Failed", "rbee-builder-0", "systemd-sysusers rbee-hive.conf")
    finally:
        passwd.write_text(before)


@pytest.fixture
def as_before(machine):
    """Units of jobs as earlier versions made them: with DynamicUser=, and no claim."""
    version = re.search(r"(\d+)\.(\d+)", machine.run("bwrap", "--version").stdout)
    if (int(version[1]), int(version[2])) >= (0, 12):
        pytest.skip(f"bubblewrap {version[0]} makes no sandbox under DynamicUser=: no such job ran here")
    drop_in = machine.path("/run/systemd/system/rbee-job-.service.d/before.conf")
    drop_in.parent.mkdir(parents=True)
    drop_in.write_text("[Service]\nDynamicUser=yes\n")
    machine.run("systemctl", "daemon-reload")
    yield
    drop_in.unlink()
    drop_in.parent.rmdir()
    machine.run("systemctl", "daemon-reload")


def test_job_of_a_version_with_dynamicuser_goes_on_under_this_one(hive, machine, as_before):
    job = starts(hive, "slow")
    assert machine.show(unit_of(job), "DynamicUser")["DynamicUser"] == "yes"
    machine.path(f"{CLAIMS}/{user_of(machine, job)}").unlink()
    dies(hive)
    ends(hive, job)
