# SPDX-License-Identifier: LGPL-2.1-or-later
"""HTTP on a whole machine: sockets of systemd, a user of its own, the group rbee, owners, the journal, idle exit."""

import json
import re

import pytest

from catalog import pkgbuild
from ports import only_bridge
from waiting import wait_until

# Machines side by side share this one's ports.
pytestmark = pytest.mark.xdist_group("port-7835")

SOCKET = "/run/rbee-hive/http.sock"
BASE = "http://127.0.0.1:7835"


@pytest.fixture(scope="module")
def people(machine):
    """dora is in the group rbee, anna is not. The bridge ends soon when idle."""
    if "dora:" not in machine.path("/etc/passwd").read_text():
        machine.run("useradd", "--create-home", "--shell", "/bin/bash", "--groups", "rbee", "dora")
    folder = machine.path("/etc/rbee-hive/hive.conf.d")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "bridge.conf").write_text("[Bridge]\nIdleTimeout=3\n")
    yield
    (folder / "bridge.conf").unlink()


@pytest.fixture
def web(machine, hive, people):
    with only_bridge(machine):
        hive.start()
        yield machine


def ask(machine, path, *arguments, user="dora", unix=True):
    """(status, JSON) of curl's in the machine."""
    where = ["--unix-socket", SOCKET, f"http://localhost{path}"] if unix else [f"{BASE}{path}"]
    done = machine.run("curl", "-s", "-w", "\n%{http_code}", *arguments, *where, user=user)
    body, _, status = done.stdout.rpartition("\n")
    return int(status), json.loads(body)


def post(machine, path, body, *arguments, **options):
    return ask(machine, path, "-H", "Content-Type: application/json", "-d", json.dumps(body), *arguments, **options)


def test_first_request_starts_bridge_and_hive_and_idleness_ends_it(web):
    assert web.show("rbee-hive-bridge.service", "ActiveState")["ActiveState"] == "inactive"
    wait_until(lambda: ask(web, "/health")[0] == 200, what="the hive")  # 503 while the one of an earlier test is still leaving
    stream = f"curl -sN --unix-socket {SOCKET} -H 'Accept: text/event-stream' http://localhost/v1/events"
    held = web.spawn("sh", "-c", f"{stream} >/tmp/held & until [ -e /tmp/let-go ]; do sleep 0.05; done; kill $!", user="dora")
    wait_until(lambda: web.path("/tmp/held").exists() and web.path("/tmp/held").read_text(), what="a stream, which keeps it from being idle")
    assert web.show("rbee-hive-bridge.service", "ActiveState", "SubState") == {"ActiveState": "active", "SubState": "running"}
    pid = int(web.show("rbee-hive-bridge.service", "MainPID")["MainPID"])
    assert web.run("ps", "-o", "user:20=,group=", "-p", str(pid)).stdout.split() == ["rbee-bridge", "rbee-bridge"]
    web.path("/tmp/let-go").touch()
    held.wait()
    wait_until(lambda: web.show("rbee-hive-bridge.service", "ActiveState")["ActiveState"] == "inactive", what="it to be idle")
    assert web.show("rbee-hive-bridge.service", "Result")["Result"] == "success"
    assert ask(web, "/health")[0] == 200


def test_member_of_the_group_installs_over_the_unix_socket_and_owns_the_job(web, hive):
    hive.catalog.add("some-worker")
    status, answer = post(web, "/v1/jobs", {"operation": "worker_install", "worker_id": "some-worker"})
    assert status == 202, answer
    stream = web.run("curl", "-sN", "--unix-socket", SOCKET, f"http://localhost{answer['sse_url']}", user="dora").stdout
    assert stream.endswith("data: [DONE]\n\n"), stream
    uid = int(web.run("id", "-u", "dora").stdout)
    assert ask(web, f"/v1/jobs/{answer['job_id']}")[1]["owner"] == uid
    assert uid == ask(web, "/v1/workers")[1]["workers"][0]["installed_by"]
    status, answer = post(web, "/v1/jobs", {"operation": "worker_remove", "worker_id": "some-worker"})
    assert status == 202, answer
    assert ask(web, f"/v1/jobs/{answer['job_id']}")[1]["owner"] == uid


def test_who_is_not_in_the_group_does_not_reach_the_socket(web):
    done = web.run("curl", "-s", "--unix-socket", SOCKET, "http://localhost/health", user="anna", status=None)
    assert done.returncode == 7
    done = web.run("hivectl", "web", user="anna", status=4)
    assert "group rbee" in done.stderr


def test_token_of_hivectl_web_works_over_both_protocols_and_names_its_owner(web, hive):
    hive.catalog.add("slow", pkgbuild("slow", build="sleep 1000"))
    token = web.run("hivectl", "web", "--token", user="dora").stdout.strip()
    bearer = ("-H", f"Authorization: Bearer {token}")
    assert ask(web, "/v1/jobs", unix=False)[0] == 401
    status, answer = post(web, "/v1/jobs", {"operation": "worker_install", "worker_id": "slow"}, *bearer, user="anna", unix=False)
    assert status == 202, answer
    job = ask(web, f"/v1/jobs/{answer['job_id']}", *bearer, unix=False)[1]
    assert job["owner"] == int(web.run("id", "-u", "dora").stdout)
    assert web.run("curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "-g", "http://[::1]:7835/health").stdout == "200"
    assert ask(web, f"/v1/jobs/{answer['job_id']}", "-X", "DELETE", *bearer, unix=False)[0] == 200


def test_key_is_the_bridges_alone(web):
    ask(web, "/health")
    assert web.run("stat", "-c", "%a %U %G %s", "/var/lib/rbee-hive-bridge/key").stdout.split() == ["600", "rbee-bridge", "rbee-bridge", "32"]


def test_journal_has_each_request_with_its_fields(web):
    wait_until(lambda: ask(web, "/v1/workers")[0] == 200, what="the hive")
    wait_until(
        lambda: "/v1/workers" in web.journal("_SYSTEMD_UNIT=rbee-hive-bridge.service", "REQUEST_PATH=/v1/workers", "STATUS=200"), what="the journal"
    )
    entry = json.loads(web.run("journalctl", "-o", "json", "-n", "1", "REQUEST_PATH=/v1/workers", "STATUS=200").stdout)
    assert entry["REQUEST_METHOD"] == "GET" and entry["PEER"].startswith("uid ") and re.fullmatch(r"\d+", entry["DURATION_USEC"])


def test_unit_is_exposed_to_little(web):
    text = web.run("systemd-analyze", "security", "--offline=yes", "/usr/lib/systemd/system/rbee-hive-bridge.service", status=None).stdout
    exposure = float(re.search(r"Overall exposure level for \S+: ([\d.]+)", text)[1])
    assert exposure <= 1.5
