# SPDX-License-Identifier: LGPL-2.1-or-later
"""The operations of rbee's own hive on workers that run and on models, as its clients send and read them. What is refused at once is a status,
what fails later ends the stream. Here is no systemd that could run a worker: tests/system has that."""

import json

import pytest

from catalog import pkgbuild
from gguf import gguf

DATA = gguf()
RULES = "[reader]\nArguments=%p\nModelArguments=%m\nFormats=gguf\n[runner]\nArguments=%p\n"


@pytest.fixture
def models(hive):
    own = hive.state / "models"
    own.mkdir(parents=True)
    for name in ("mine", "other"):
        (own / f"{name}.gguf").write_bytes(DATA)
    return own


@pytest.fixture
def rules(hive):
    path = hive.directory / "run.conf"
    path.write_text(RULES)
    hive.configuration["Run"] = {"Rules": path}


def post(bridge, operation, **fields):
    return bridge.post("/v1/jobs", {"operation": operation, "hive_id": "localhost", **fields})


def asked(bridge, operation, **fields):
    """The lines of the stream of what is answered at once."""
    answer = post(bridge, operation, **fields)
    assert answer.status == 200, answer.text
    assert answer.json["sse_url"] == f"/v1/jobs/{answer.json['job_id']}/stream"
    assert bridge.get(f"/v1/jobs/{answer.json['job_id']}").json["operation"] == operation
    return bridge.lines(answer.json["job_id"])


def test_list_of_processes_is_a_list_in_the_last_line(bridge):
    assert asked(bridge, "worker_process_list") == ["[]", "[DONE]"]


def test_process_that_is_no_instances_is_none(bridge):
    """Neither a process of this machine, nor the hive's own, nor what is not a process."""
    for pid in (1, bridge.hive.process.pid, 0, 4294967295):
        assert asked(bridge, "worker_process_get", pid=pid) == [f"[ERROR] Process {pid} is none of an instance"]
        post(bridge, "worker_process_delete", pid=pid).problem(404, "NotRunning", f"Process {pid} is none of an instance")
    assert bridge.hive.process.poll() is None
    post(bridge, "worker_process_delete", pid=-1).problem(400, "InvalidArgument", '"pid" is a whole number')
    post(bridge, "worker_process_get", pid="1").problem(400, "InvalidArgument", '"pid" is a whole number')
    post(bridge, "worker_process_get").problem(400, "InvalidArgument", 'needs the field "pid"')


def test_list_of_models_is_the_payload_of_an_action(models, bridge):
    line, end = asked(bridge, "model_list")
    answer = json.loads(line)
    assert (answer["action"], end) == ("model_list", "[DONE]")
    mine, other = answer["payload"]["models"]
    assert (mine["id"], mine["name"], mine["size"], mine["path"], mine["loaded"]) == ("mine", "mine", len(DATA), str(models / "mine.gguf"), False)
    assert other["id"] == "other" and other["status"] == "available"


def test_one_model_is_an_object_and_one_that_is_not_there_a_failure(models, bridge):
    line, end = asked(bridge, "model_get", id="mine")
    assert (json.loads(line)["path"], end) == (str(models / "mine.gguf"), "[DONE]")
    assert asked(bridge, "model_get", id="nobody") == ["[ERROR] There is no model nobody"]
    post(bridge, "model_get", id="NO/WAY").problem(400, "InvalidArgument")


def test_model_is_deleted_when_that_is_answered_and_reading_the_stream_deletes_nothing(models, bridge):
    assert bridge.lines("model_delete.mine") == ["[ERROR] The model mine is there"]
    assert (models / "mine.gguf").exists()
    line, end = asked(bridge, "model_delete", id="mine")
    assert (json.loads(line)["model_id"], end) == ("mine", "[DONE]")
    assert not (models / "mine.gguf").exists() and (models / "other.gguf").exists()
    post(bridge, "model_delete", id="mine").problem(404, "ModelNotFound", "mine")


def test_model_that_nobody_runs_with_is_not_unloaded(models, bridge):
    post(bridge, "model_unload", id="mine").problem(404, "NotRunning", "No instance runs with the model mine")
    post(bridge, "model_unload", id="nobody").problem(404, "ModelNotFound", "nobody")
    assert json.loads(bridge.lines("model_unload.mine")[0])["model_id"] == "mine"


def test_worker_is_chosen_by_its_type_and_by_whether_it_takes_a_model(rules, models, bridge):
    post(bridge, "worker_spawn", model="mine", worker="cpu", device=0).problem(404, "NotInstalled", '"cpu"', "takes such a model")
    for name in ("reader", "runner"):
        bridge.hive.catalog.add(name)
        bridge.hive.installs(name)
    # Chosen, and then there is no systemd.
    for fields in ({"worker": "cpu", "model": "mine"}, {"worker": "reader", "model": "mine"}, {"worker": "cpu"}, {"worker": "runner", "device": 3}):
        post(bridge, "worker_spawn", **fields).problem(500, "Failed", "run by systemd")
    post(bridge, "model_load", id="mine", device="cpu").problem(500, "Failed", "run by systemd")
    post(bridge, "model_load", id="mine", device="ram").problem(500, "Failed", "run by systemd")
    post(bridge, "worker_spawn", worker="cuda", model="mine").problem(404, "NotInstalled", '"cuda"')
    post(bridge, "model_load", id="mine", device="cuda:0").problem(404, "NotInstalled", '"cuda"')
    post(bridge, "model_load", id="mine", device="cuda:x").problem(400, "InvalidArgument", "cuda:x")
    bridge.hive.catalog.add("reader-two")
    bridge.hive.installs("reader-two")
    post(bridge, "worker_spawn", worker="cpu", model="mine").problem(400, "InvalidArgument", "reader, reader-two")
    spawn = {"operation": "worker_spawn", "worker": "reader", "model": "mine"}
    bridge.post("/v1/jobs", spawn, {"Idempotency-Key": "k"}).problem(400, "InvalidArgument", "no Idempotency-Key")
    post(bridge, "worker_spawn", model="mine").problem(400, "InvalidArgument", 'needs the field "worker"')
    post(bridge, "worker_spawn", worker="cpu", model="mine", device="0").problem(400, "InvalidArgument", '"device" is a whole number')


def test_card_that_is_not_there_is_named_by_type_and_number(rules, models, bridge):
    bridge.hive.catalog.add("reader-cuda", pkgbuild("reader-cuda"), worker_type="cuda")
    bridge.hive.installs("reader-cuda")
    (worker,) = bridge.get("/v1/workers").json["workers"]
    if worker["backend"] != "cuda":
        pytest.skip("a worker for cards cannot be installed here")
    post(bridge, "model_load", id="mine", device="cuda:7").problem(409, "DeviceUnavailable", "no device 7 of type cuda")


def test_start_of_an_instance_that_is_gone_ends_its_stream_by_that(bridge):
    assert bridge.lines("worker_spawn.nobody") == ["[ERROR] There is no instance nobody: it was stopped"]
    events = bridge.events("/v1/jobs/worker_spawn.nobody/stream").all()
    assert [event for event, _, _ in events] == ["state", "message"]
    assert json.loads(events[0][1])["error_name"] == "NotRunning"


def test_streams_that_wait_and_events_do_not_end_each_others_signals(bridge, models):
    with bridge.events("/v1/events") as events:
        events.until(lambda event: event[0] == "instances")
        bridge.lines("worker_spawn.nobody")
        assert bridge.delete("/v1/models/mine").status == 200
        events.until(lambda event: event[0] == "models")
