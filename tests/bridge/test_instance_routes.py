# SPDX-License-Identifier: LGPL-2.1-or-later
"""Workers that run, over HTTP: what is refused, and with which status. No systemd here could run one: tests/system has that."""

import json

import pytest

RULES = """
[runner]
Arguments=%p
[reader]
Arguments=%p
ModelArguments=%m
Formats=safetensors
"""


@pytest.fixture
def runners(hive):
    """Workers that can be run, and one of which nobody says how."""
    path = hive.directory / "run.conf"
    path.write_text(RULES)
    hive.configuration["Run"] = {"Rules": path}
    for name in ("runner", "reader", "other"):
        hive.catalog.add(name)
        hive.installs(name)


def start(bridge, **fields):
    return bridge.post("/v1/instances", fields)


@pytest.mark.parametrize(
    "body, words",
    [
        ({}, 'The field "worker_id" is missing'),
        ({"worker_id": 3}, '"worker_id" is a string'),
        ({"worker_id": "NO/WAY"}, "NO/WAY"),
        ({"worker_id": "runner", "speed": 1}, 'There is no field "speed"'),
        ({"worker_id": "runner", "boot": "yes"}, '"boot" is true or false'),
        ({"worker_id": "runner", "context": 1.5}, '"context" is a whole number'),
        ({"worker_id": "runner", "context": -1}, '"context" is a whole number'),
        ({"worker_id": "runner", "idle_stop": 4294967296}, '"idle_stop" is a whole number from 0 to 4294967295'),
        ({"worker_id": "runner", "name": "No"}, '"No" is not the name of an instance'),
        ({"worker_id": "runner", "listen": "localhost:80"}, "numeric address"),
        ({"worker_id": "runner", "memory_max": "much"}, "memory_max"),
    ],
)
def test_start_that_cannot_be_meant_is_refused_in_a_sentence(runners, bridge, body, words):
    bridge.post("/v1/instances", body).problem(400, "InvalidArgument", words)


def test_start_of_what_is_not_installed_or_without_systemd_leaves_nothing(runners, bridge):
    start(bridge, worker_id="nobody").problem(404, "NotInstalled")
    start(bridge, worker_id="runner").problem(500, "Failed", "run by systemd")
    assert bridge.get("/v1/instances").json == {"instances": []}


def test_field_that_is_null_is_not_given(runners, bridge):
    start(bridge, worker_id="nobody", model=None, context=None, boot=None).problem(404, "NotInstalled")


def test_instance_that_is_not_there_is_named(bridge):
    for method, path, body in (
        ("GET", "/v1/instances/nobody", None),
        ("DELETE", "/v1/instances/nobody", None),
        ("POST", "/v1/instances/nobody/restart", {}),
        ("POST", "/v1/instances/nobody/boot", {"boot": True}),
        ("GET", "/v1/instances/nobody/key", None),
    ):
        bridge.ask(method, path, body=body).problem(404, "NotRunning", "There is no instance nobody")


def test_boot_is_said_and_nothing_else(bridge):
    bridge.post("/v1/instances/nobody/boot", {}).problem(400, "InvalidArgument", '"boot" is missing')
    bridge.post("/v1/instances/nobody/boot", {"boot": 1}).problem(400, "InvalidArgument", "true or false")
    bridge.post("/v1/instances/nobody/restart", {"x": 1}).problem(400, "InvalidArgument", "takes no fields")


def test_key_is_not_told_where_nobody_knows_who_asks(new_bridge):
    bridge = new_bridge.configure(Authentication="none").start()
    bridge.get("/v1/instances/nobody/key", token=None).problem(403, None, "hivectl key nobody", setting="Authentication")
    bridge.get("/v1/instances", token=None)
    bridge.get("/v1/instances/nobody/key", unix=True).problem(404, "NotRunning")


def test_instances_follow_the_jobs_when_events_are_opened(bridge):
    with bridge.events("/v1/events") as events:
        assert events.next()[0] == "jobs"
        event, data, _ = events.next()
        assert (event, json.loads(data)) == ("instances", {"instances": []})


def test_worker_says_how_it_is_run(runners, bridge):
    workers = {worker["id"]: worker.get("run") for worker in bridge.get("/v1/workers").json["workers"]}
    assert workers["other"] is None
    assert workers["reader"] == {"takes_model": True, "takes_context": False, "formats": ["safetensors"], "listen": "unix", "api": "", "web_ui": ""}


def test_capabilities_say_that_nothing_runs_workers_here(bridge):
    assert bridge.get("/v1/capabilities").json["runs_workers"] is False
