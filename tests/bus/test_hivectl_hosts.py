# SPDX-License-Identifier: LGPL-2.1-or-later
"""hivectl of other machines, by ssh: one, and several side by side."""

import json
import os
import sys

import pytest

from catalog import pkgbuild
from hivectl import Terminal, latest_job, slow


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


def test_host_that_cannot_be_reached(hive):
    folder = hive.directory / "ssh"
    folder.mkdir()
    (folder / "ssh").write_text("#!/bin/sh\necho 'ssh: no route' >&2\nexit 255\n")
    (folder / "ssh").chmod(0o755)
    done = hive.hivectl("--host", "me@there", "list", status=5, env={"PATH": f"{folder}:{os.environ['PATH']}"})
    assert "ssh: no route" in done.stderr and "me@there" in done.stderr
