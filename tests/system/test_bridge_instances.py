# SPDX-License-Identifier: LGPL-2.1-or-later
"""Workers that run, over HTTP on a whole machine: started, followed, asked for their key and stopped by a member of the group rbee."""

import json
import subprocess

import pytest

import gguf
from ports import free_port, only_bridge
from test_bridge import SOCKET, ask, people, post  # noqa: F401
from test_instances import Instances
from waiting import wait_until

# Machines side by side share this one's ports.
pytestmark = pytest.mark.xdist_group("port-7835")


class Events:
    """GET /v1/events, as dora's curl reads it."""

    def __init__(self, machine):
        self.machine, self.path = machine, "/tmp/events"
        command = f"curl -sN -H 'Accept: text/event-stream' --unix-socket {SOCKET} http://localhost/v1/events >{self.path}"
        self.process = machine.spawn("sh", "-c", command)

    def all(self):
        blocks = [block.split("\n") for block in self.machine.path(self.path).read_text().split("\n\n")[:-1]]
        return [(lines[0].removeprefix("event: "), json.loads(lines[1].removeprefix("data: "))) for lines in blocks if lines[0].startswith("event: ")]

    def states(self, name):
        """What was told of an instance, each state once; None: it was not in the list."""
        found = []
        for event, data in self.all():
            if event == "instances":
                state = next((one["state"] for one in data["instances"] if one["name"] == name), None)
                if [state] != found[-1:]:
                    found.append(state)
        return found


@pytest.fixture(scope="module")
def workers(machine, people):  # noqa: F811
    workers = Instances(machine)
    folder = workers.hive.state / "models"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "mine.gguf").write_bytes(gguf.gguf())
    (folder / "cut.gguf").write_bytes(gguf.gguf()[:40])
    with only_bridge(machine):
        yield workers
    workers.hive.close()


@pytest.fixture(autouse=True)
def nothing_runs(workers):
    yield
    for one in workers.list():
        workers.stop(one["name"])


def lines(machine, job):
    """What a client that knows nothing of event streams is sent."""
    text = machine.run("curl", "-sN", "--unix-socket", SOCKET, f"http://localhost{job['sse_url']}", user="dora", timeout=60).stdout
    return [line.removeprefix("data: ") for line in text.split("\n") if line]


def job(machine, status=202, **fields):
    answer = post(machine, "/v1/jobs", {"hive_id": "localhost", **fields})
    assert answer[0] == status, answer
    return answer[1]


def started(machine, **fields):
    status, instance = post(machine, "/v1/instances", {"worker_id": "tester", **fields})
    assert status == 201, instance
    return instance


def test_instance_is_started_shown_restarted_kept_for_boot_and_stopped(workers, machine):
    instance = started(machine, name="first", memory_max="512M", idle_stop=0)
    assert (instance["name"], instance["worker_id"], instance["address"]) == ("first", "tester", "unix:/run/rbee-hive/instances/first.sock")
    workers.wait("first", "ready")
    pid = ask(machine, "/v1/instances/first")[1]["main_pid"]
    assert pid > 0 and [one["name"] for one in ask(machine, "/v1/instances")[1]["instances"]] == ["first"]
    assert post(machine, "/v1/instances", {"worker_id": "tester", "name": "first"})[0] == 409
    assert post(machine, "/v1/instances/first/restart", {})[0] == 200
    wait_until(lambda: ask(machine, "/v1/instances/first")[1]["main_pid"] not in (0, pid), what="another process")
    for boot in (True, False):
        assert post(machine, "/v1/instances/first/boot", {"boot": boot})[1]["boot"] is boot
    assert ask(machine, "/v1/instances/first/key") == (200, {"key": ""})
    assert ask(machine, "/v1/instances/first", "-X", "DELETE") == (200, {"name": "first", "status": "stopped"})
    assert ask(machine, "/v1/instances/first")[0] == 404
    workers.nothing_left("first")


def test_events_tell_each_change_of_an_instance(workers, machine):
    events = Events(machine)
    wait_until(lambda: machine.path(events.path).exists() and "instances" in [event for event, _ in events.all()], what="the list")
    started(machine, name="loads")
    wait_until(lambda: events.states("loads") == [None, "starting", "ready"], what=lambda: f"its start: {events.all()}")
    assert ask(machine, "/v1/instances/loads", "-X", "DELETE")[0] == 200
    wait_until(lambda: events.states("loads")[-1] is None, what=lambda: f"its end: {events.all()}")
    events.process.terminate()
    events.process.wait()


def test_key_of_a_port_is_told_and_opens_it(workers, machine):
    port = free_port()
    started(machine, name="keyed", listen=str(port))
    key = ask(machine, "/v1/instances/keyed/key")[1]["key"]
    assert key
    where = (f"http://127.0.0.1:{port}/",)
    workers.ask("keyed", status=401, where=where)
    assert workers.ask("keyed", key=key, where=where)["name"] == "keyed"
    status, problem = post(machine, "/v1/instances", {"worker_id": "tester", "name": "second", "listen": str(port)})
    assert (status, problem["error"].rpartition(".")[2]) == (409, "AddressInUse")


@pytest.mark.parametrize(
    "status, error, fields",
    [
        (404, "WorkerNotFound", {"worker_id": "unruled"}),
        (404, "ModelNotFound", {"worker_id": "reader", "model": "huge"}),
        (422, "ModelInvalid", {"worker_id": "reader", "model": "cut"}),
        (409, "DeviceUnavailable", {"worker_id": "tester", "device": "GPU-77"}),
        (400, "InvalidArgument", {"worker_id": "reader"}),
        (400, "InvalidArgument", {"worker_id": "tester", "model": "mine"}),
        (422, "ModelUnsupported", {"worker_id": "picky", "model": "mine"}),
    ],
)
def test_start_that_cannot_be_has_a_status_and_the_error_of_dbus(workers, machine, status, error, fields):
    if fields["worker_id"] in ("unruled", "picky") and fields["worker_id"] not in workers.hive.workers():
        workers.hive.catalog.add(fields["worker_id"])
        workers.hive.installs(fields["worker_id"])
        rules = machine.path("/etc/rbee-hive/run.conf")
        if fields["worker_id"] == "picky":
            rules.write_text(rules.read_text() + "[picky]\nArguments=%p\nModelArguments=%m\nFormats=safetensors\n")
    answer = post(machine, "/v1/instances", fields)
    assert (answer[0], answer[1]["error"].rpartition(".")[2]) == (status, error), answer
    assert ask(machine, "/v1/instances")[1] == {"instances": []}


def test_rbees_client_spawns_lists_and_deletes_a_process(workers, machine):
    first = job(machine, operation="worker_spawn", worker="tester", device=0)
    assert first["job_id"] == "worker_spawn.tester"
    line, end = lines(machine, first)
    process = json.loads(line)
    assert end == "[DONE]" and process["pid"] > 0
    assert (process["worker_id"], process["port"], process["status"]) == ("tester", 0, "running")
    second = job(machine, operation="worker_spawn", worker="tester")
    assert json.loads(lines(machine, second)[0])["worker_id"] == "tester-2"
    listed = json.loads(lines(machine, job(machine, 200, operation="worker_process_list"))[-2])
    assert sorted(one["worker_id"] for one in listed) == ["tester", "tester-2"]
    assert json.loads(lines(machine, job(machine, 200, operation="worker_process_get", pid=process["pid"]))[0]) == process
    assert lines(machine, {"sse_url": f"/v1/jobs/worker_process_delete.{process['pid']}/stream"})[-1].startswith("[ERROR] ")
    gone = lines(machine, job(machine, 200, operation="worker_process_delete", pid=process["pid"]))
    assert (json.loads(gone[0])["pid"], gone[1]) == (process["pid"], "[DONE]")
    assert [one["name"] for one in workers.list()] == ["tester-2"]


def test_rbees_client_loads_and_unloads_a_model(workers, machine):
    line, end = lines(machine, job(machine, operation="model_load", id="mine", device="cpu"))
    assert (json.loads(line)["model"], end) == ("mine", "[DONE]")
    (model,) = json.loads(lines(machine, job(machine, 200, operation="model_list"))[0])["payload"]["models"]
    assert model["loaded"] is True
    assert [one["used_by"] for one in ask(machine, "/v1/models")[1]["models"]] == [["reader"]]
    answer = ask(machine, "/v1/models/mine", "-X", "DELETE")
    assert answer[0] == 409 and "reader" in answer[1]["detail"]
    assert lines(machine, job(machine, 200, operation="model_unload", id="mine"))[-1] == "[DONE]"
    assert workers.list() == []


def test_stream_of_a_start_waits_until_it_is_ready_and_says_why_it_failed(workers, machine):
    started(machine, name="loads")
    assert json.loads(lines(machine, {"sse_url": "/v1/jobs/worker_spawn.loads/stream"})[0])["status"] == "running"
    started(machine, name="exits")
    *printed, end = lines(machine, {"sse_url": "/v1/jobs/worker_spawn.exits/stream"})
    assert "No such tensor" in printed and end.startswith("[ERROR] exits cannot be started"), (printed, end)


def test_stream_of_a_start_ends_when_the_instance_is_stopped(workers, machine):
    started(machine, name="never-ready")
    command = ["curl", "-sNv", "--unix-socket", SOCKET, "http://localhost/v1/jobs/worker_spawn.never-ready/stream"]
    waiting = machine.spawn(*command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert any(line.startswith("> GET") for line in waiting.stderr)  # it is answered when there is something to say
    wait_until(lambda: ask(machine, "/v1/instances/never-ready")[1]["state"] == "starting", what="the start")
    assert ask(machine, "/v1/instances/never-ready", "-X", "DELETE")[0] == 200
    assert "[ERROR] There is no instance never-ready: it was stopped" in waiting.communicate(timeout=60)[0]


def test_polkits_no_to_the_bridge_is_a_403(workers, machine):
    rule = machine.path("/etc/polkit-1/rules.d/10-no.rules")
    rule.write_text(
        'polkit.addRule(function(action, subject) { if (subject.user == "rbee-bridge" && (action.id == "org.rbee.hive.run-worker" ||'
        ' action.id == "org.rbee.hive.manage-models")) return polkit.Result.NO; });\n'
    )
    try:
        wait_until(lambda: post(machine, "/v1/instances", {"worker_id": "tester"})[0] == 403, what="polkit to read its rule")
        status, problem = ask(machine, "/v1/models/mine", "-X", "DELETE")
        assert status == 403 and "org.rbee.hive.manage-models" in problem["detail"]
    finally:
        rule.unlink()
    wait_until(lambda: ask(machine, "/v1/models/nobody", "-X", "DELETE")[0] == 404, what="polkit to forget its rule")


def test_pull_belongs_to_whom_the_bridge_acts_for(workers, machine):
    """Also where it fails: this machine has no network."""
    started_job = job(machine, operation="model_download", model="owner/nothing")
    assert lines(machine, started_job)[-1].startswith("[ERROR] ")
    shown = ask(machine, f"/v1/jobs/{started_job['job_id']}")[1]
    assert (shown["operation"], shown["owner"]) == ("model_download", int(machine.run("id", "-u", "dora").stdout))
