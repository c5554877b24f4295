# SPDX-License-Identifier: LGPL-2.1-or-later
"""What clients that were written for rbee's own hive read, and what they see of a refusal. Its job client posts, streams the lines to a
callback, and takes an answer that is not a success for an error with that status."""

import datetime
import json
import os

import pytest


def test_installed_workers_are_one_object_with_the_fields_that_its_page_reads(bridge):
    bridge.hive.catalog.add("some-worker")
    bridge.hive.installs("some-worker")
    ident = bridge.post("/v1/jobs", {"operation": "worker_list_installed", "hive_id": "here"}).json["job_id"]
    line, end = bridge.lines(ident)
    assert end == "[DONE]"
    (worker,) = json.loads(line)["workers"]
    assert {key: type(value) for key, value in worker.items()} == {
        "id": str,
        "name": str,
        "worker_type": str,
        "platform": str,
        "version": str,
        "size": int,
        "path": str,
        "added_at": str,
    }
    assert (worker["id"], worker["name"], worker["worker_type"], worker["platform"]) == ("some-worker", "some-worker", "cpu", "linux")
    assert worker["path"].endswith("/usr/local/bin/some-worker") and worker["size"] > 0
    assert datetime.datetime.fromisoformat(worker["added_at"].replace("Z", "+00:00")).tzinfo


def test_no_installed_worker_is_an_empty_list(bridge):
    line, end = bridge.lines("worker_list_installed")
    assert (json.loads(line), end) == ({"workers": []}, "[DONE]")


def test_memory_of_a_card_is_a_whole_number_or_null(bridge):
    devices = bridge.get("/v1/capabilities").json["devices"]
    assert devices and all(device["vram_gb"] is None or type(device["vram_gb"]) is int for device in devices)
    assert [device["vram_gb"] for device in devices if device["device_type"] == "cpu"] == [None]


def test_memory_of_cards_is_what_their_tool_says_in_whole_gib(new_bridge):
    """By nvidia-smi, which devices are read from where there is no library of its maker's."""
    hive = new_bridge.hive
    program = hive.directory / "tools" / "nvidia-smi"
    program.parent.mkdir()
    cards = [("24576 MiB", 24), ("24564 MiB", 24), ("81559 MiB", 80), ("143771 MiB", 140), ("2048 MiB", 2), ("[N/A]", None)]
    lines = [f"Card, {memory}, 8.6, 560.35.03, GPU-{number}" for number, (memory, _) in enumerate(cards)]
    program.write_text("#!/bin/sh\ncat <<'END'\n" + "\n".join(["name, memory.total [MiB], compute_cap, driver_version, uuid", *lines, "END", ""]))
    program.chmod(0o755)
    hive.environment["PATH"] = f"{program.parent}:{os.environ['PATH']}"
    devices = new_bridge.start().get("/v1/capabilities").json["devices"]
    found = {device["uuid"]: device["vram_gb"] for device in devices if device["device_type"] == "cuda"}
    assert found == {f"GPU-{number}": gib for number, (_, gib) in enumerate(cards)}
    assert all(type(size) is int or size is None for size in found.values())


@pytest.mark.parametrize("path", ["/health", "/v1/capabilities", "/v1/workers", "/v1/catalog"])
def test_where_a_queen_is_is_passed_over(bridge, path):
    assert bridge.get(f"{path}?queen_url=http%3A%2F%2Flocalhost%3A7833").status == 200


@pytest.mark.parametrize(
    "body, words",
    [
        ({"operation": "model_explode", "hive_id": "here", "model": "x"}, 'no operation "model_explode"'),
        ({"operation": "model_download", "hive_id": "here"}, 'needs the field "model"'),
        ({"operation": "worker_spawn", "worker_id": 3, "device": 0}, 'worker_spawn has no field "worker_id"'),
        ({"operation": 3}, '"operation" is a string'),
        ({"worker_id": "x"}, '"operation" is missing'),
        ({"operation": "worker_install", "hive_id": "here", "device": 0}, 'no field "device"'),
        ({"operation": "worker_install"}, 'needs the field "worker_id"'),
    ],
)
def test_refusal_names_the_operation_before_its_fields(bridge, body, words):
    assert words in bridge.post("/v1/jobs", body).problem(400, None, "")["detail"]
