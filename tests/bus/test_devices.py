# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the machine computes with: looked at by a builder, kept by the daemon, shown to whoever asks."""

import json
import os
import time

import pytest

from client import HiveError
from waiting import wait_until

CPU = {"id": "CPU-0", "device_type": "cpu", "compute_capability": "", "driver": "", "vram_gb": 0.0, "uuid": "", "nodes": []}
TABLE = "name, memory.total [MiB], compute_cap, driver_version, uuid\n"
CARD = TABLE + "NVIDIA GeForce RTX 3090, 24576 MiB, 8.6, 560.35.03, GPU-1\n"


def written(hive):
    return json.loads((hive.state / "capabilities.json").read_text())


def devices(hive):
    return {device["id"]: device for device in hive.call("GetCapabilities")["devices"]}


@pytest.fixture
def smi(hive):
    """An nvidia-smi that says what a test writes: recorded answers of the real one."""
    folder = hive.directory / "tools"
    folder.mkdir()
    program, answer = folder / "nvidia-smi", folder / "answer"
    program.write_text(f'#!/bin/sh\necho "$@" >>{folder}/asked\nexec cat {answer}\n')
    program.chmod(0o755)
    (folder / "asked").touch()
    (folder / "asked").chmod(0o666)
    hive.environment["PATH"] = f"{folder}:{os.environ['PATH']}"
    answer.write_text(CARD)
    return answer


def asked(smi):
    return (smi.parent / "asked").read_text().splitlines()


def test_devices_are_looked_at_at_first_use(hive):
    before = time.time_ns() // 1000
    cpu = devices(hive)["CPU-0"]
    assert {key: cpu[key] for key in CPU} == CPU
    assert cpu["name"] and cpu["cores"] == os.cpu_count() and cpu["memory"] > 0
    assert set(cpu) == {*CPU, "name", "cores", "memory", "instruction_sets"}
    capabilities = hive.call("GetCapabilities")
    assert before <= capabilities["updated_at"] == written(hive)["updated_at"]
    assert capabilities["devices"] == written(hive)["devices"]


def test_card_is_found_with_what_its_tool_says(hive, smi):
    card = devices(hive)["GPU-0"]
    assert card == {
        "id": "GPU-0",
        "name": "NVIDIA GeForce RTX 3090",
        "device_type": "cuda",
        "cores": 0,
        "memory": 24576 << 20,
        "vram_gb": 24.0,
        "compute_capability": "8.6",
        "driver": "560.35.03",
        "instruction_sets": [],
        "uuid": "GPU-1",
        "nodes": [],
    }
    assert hive.call("GetCapabilities")["device_warnings"] == []


def test_what_was_found_is_kept_until_somebody_asks_for_a_look(hive, smi):
    assert "GPU-0" in devices(hive)
    smi.write_text(TABLE)
    time.sleep(1.1)
    assert "GPU-0" in devices(hive)
    hive.restart()
    assert "GPU-0" in devices(hive)
    assert len(asked(smi)) == 1
    hive.call("RefreshCapabilities")
    assert set(devices(hive)) == {"CPU-0"} == {device["id"] for device in written(hive)["devices"]}


def test_other_devices_than_before_are_told_and_the_same_are_not(hive, smi):
    def told():
        return [signal.arguments for signal in hive.signals if signal.member == "DevicesChanged"]

    hive.call("GetCapabilities")
    wait_until(lambda: told() == [()], what="the first look to be told")
    hive.restart()
    smi.write_text(CARD.replace("560", "570"))
    hive.call("RefreshCapabilities")
    wait_until(lambda: told() == [()] * 2, what="the other driver to be told")
    time.sleep(1.1)
    hive.call("RefreshCapabilities")
    hive.call("ListJobs", {}, signature="(a{sv})")
    assert len(asked(smi)) == 3 and told() == [()] * 2


def test_looks_that_follow_each_other_at_once_are_one(hive, smi):
    hive.call("GetCapabilities")
    began = time.monotonic()
    for _ in range(20):
        hive.call("RefreshCapabilities")
    assert len(asked(smi)) <= 2 + (time.monotonic() - began), "one a second at most"


def test_devices_of_an_earlier_boot_are_looked_at_again(hive, smi):
    hive.call("GetCapabilities")
    hive.stop()
    old = written(hive)
    old["boot_id"] = "0" * 32
    (hive.state / "capabilities.json").write_text(json.dumps(old))
    smi.write_text(TABLE)
    hive.start()
    assert set(devices(hive)) == {"CPU-0"}


@pytest.mark.parametrize("answer", ["No devices were found\n", "Failed to initialize NVML: Driver/library version mismatch\n"])
def test_tool_that_finds_no_card_is_quoted(hive, smi, answer):
    smi.write_text(answer)
    assert set(devices(hive)) == {"CPU-0"}
    assert answer.strip() in hive.call("GetCapabilities")["device_warnings"][0]


@pytest.mark.parametrize(
    "answer",
    [CARD[:-30], TABLE + "\x1b]0;x\x07, 1 MiB, 8.6, 1", TABLE + "x, 1 MiB, 8.6, 1\n" * 1000, "x" * 400_000, "\0\0\0"],
    ids=["cut", "escapes", "many", "huge", "zeros"],
)
def test_broken_tool_does_not_keep_anybody_from_installing(hive, smi, answer):
    smi.write_text(answer)
    assert "CPU-0" in devices(hive) or len(devices(hive)) == 256
    hive.catalog.add("some")
    hive.installs("some")
    assert len(written(hive)["devices"]) <= 256


def test_file_that_somebody_spoilt_is_made_anew(hive, smi):
    hive.call("GetCapabilities")
    hive.stop()
    for text in ("", "{", "[]", '{"devices":3}', '{"devices":[{"device_type":"x"}]}'):
        (hive.state / "capabilities.json").write_text(text)
        hive.start()
        assert "GPU-0" in devices(hive)
        hive.stop()


def test_builder_that_cannot_start_leaves_a_warning_and_no_devices(hive):
    broken = hive.directory / "libexec"
    broken.mkdir()
    for program in hive.build.libexec.iterdir():
        (broken / program.name).symlink_to(program)
    (broken / "rbee-hive-builder").unlink()
    (broken / "rbee-hive-builder").write_text('#!/bin/sh\necho \'{"devices":[{"name":"a lie"}]}\'\n')
    (broken / "rbee-hive-builder").chmod(0o755)
    hive.configure("Hive", LibexecDirectory=broken)
    capabilities = hive.call("GetCapabilities")
    assert capabilities["devices"] == []
    assert "could not be looked at" in capabilities["device_warnings"][0]
    with pytest.raises(HiveError) as refused:
        hive.call("RefreshCapabilities")
    assert refused.value.name == "Failed"
