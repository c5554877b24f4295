# SPDX-License-Identifier: LGPL-2.1-or-later
"""Workers that are for a card: it is there before they start, it alone is theirs, and they compute with it. The cards are a table of
nvidia-smi and nodes that have other devices' numbers: what opens them is real, and so is who has them open."""

import json

import pytest

from test_instances import Instances, nothing_runs  # noqa: F401

TABLE = """name, memory.total [MiB], compute_cap, driver_version, uuid, minor_number
NVIDIA GeForce RTX 4090, 24564 MiB, 8.9, 595.80, GPU-first, 1
NVIDIA GeForce RTX 3090, 24576 MiB, 8.6, 595.80, GPU-second, 0"""
NODES = {"nvidia0": 3, "nvidia1": 5, "nvidiactl": 7, "nvidia-uvm": 9}  # null, zero, full and urandom, which every unit may open
AMD_NODES = {"/dev/kfd": 5, "/dev/dri/renderD128": 7}


@pytest.fixture(scope="module")
def workers(machine):
    smi = machine.path("/usr/local/bin/nvidia-smi")
    smi.write_text(f"#!/bin/sh\ncat <<'TABLE'\n{TABLE}\nTABLE\n")
    smi.chmod(0o755)
    workers = Instances(machine)
    rules = machine.path("/etc/rbee-hive/run.conf")
    rules.write_text(rules.read_text() + "[radeon]\nArguments=%p %n\n[computer]\nArguments=%p %n\n")
    workers.add("computer", worker_type="cuda")
    workers.hive.call("RefreshCapabilities")
    workers.hive.installs("computer")
    yield workers
    smi.unlink()
    workers.hive.close()


@pytest.fixture(autouse=True)
def nodes(workers):
    for name, minor in NODES.items():
        workers.machine.run("sh", "-c", f"rm -f /dev/{name}; mknod -m 666 /dev/{name} c 1 {minor}")
    yield
    workers.machine.run("sh", "-c", "rm -f /dev/nvidia*")


@pytest.fixture(scope="module")
def radeon(workers):
    """A worker for a card of AMD's, which the hive has noted as it notes those that it finds."""
    workers.add("radeon", worker_type="rocm")
    workers.hive.installs("radeon")  # which looks for the devices again
    noted = workers.hive.state / "capabilities.json"
    before = noted.read_text()
    found = json.loads(before)
    found["devices"].append({"device_type": "rocm", "name": "AMD Radeon RX 7900 XTX", "memory": 24 << 30, "nodes": list(AMD_NODES)})
    noted.write_text(json.dumps(found))
    yield "radeon"
    noted.write_text(before)


@pytest.fixture
def amd_nodes(workers):
    for node, minor in AMD_NODES.items():
        workers.machine.run("sh", "-c", f"mkdir -p $(dirname {node}); mknod -m 666 {node} c 1 {minor}")
    yield
    workers.machine.run("sh", "-c", "rm -f /dev/kfd /dev/dri/renderD128; rmdir /dev/dri")


@pytest.fixture
def nvidia_modprobe(workers):
    """What stands in for the program that makes the nodes, which is NVIDIA's and is setuid root; the file has what it was asked."""
    program, asked = workers.machine.path("/usr/bin/nvidia-modprobe"), workers.machine.path("/run/asked-for-nodes")
    program.write_text('#!/bin/sh\n/bin/echo "$*" >>/run/asked-for-nodes\n[ "$1" != -u ] || exec mknod -m 666 /dev/nvidia-uvm c 1 9\n')
    program.chmod(0o755)
    yield asked
    program.unlink()
    asked.unlink(missing_ok=True)


def test_cards_say_their_nodes_and_uuid(workers):
    cards = [device for device in workers.hive.call("GetCapabilities")["devices"] if device["device_type"] == "cuda"]
    assert [(card["uuid"], card["nodes"][0]) for card in cards] == [("GPU-first", "/dev/nvidia1"), ("GPU-second", "/dev/nvidia0")]
    assert cards[0]["nodes"][1:] == ["/dev/nvidiactl", "/dev/nvidia-uvm"]


def test_worker_that_computes_with_its_card_is_ready(workers):
    workers.start("computer", name="computes")
    assert workers.ask("computes")["name"] == "computes"


@pytest.mark.parametrize("device, node", [("GPU-1", "nvidia0"), ("GPU-first", "nvidia1")])
def test_worker_may_open_the_card_that_was_chosen_alone(workers, device, node):
    workers.start("computer", name="computes", device=device, ready=False)
    allowed = workers.machine.run("systemctl", "show", "rbee-worker-computes.service", "--property=DeviceAllow", "--value").stdout.split("\n")
    cards = sorted(line.split()[0] for line in allowed if "nvidia" in line)
    assert cards == sorted([f"/dev/{node}", "/dev/nvidiactl", "/dev/nvidia-uvm", "char-nvidia-caps"])


def test_unit_is_confined_and_of_the_workers_slice(workers):
    workers.start("computer", name="computes")
    exposure, said = workers.exposure("rbee-worker-computes.service")
    assert exposure <= 2.0, said
    assert workers.machine.show("rbee-worker-computes.service", "Slice") == {"Slice": "rbee-worker.slice"}


@pytest.mark.parametrize("name", ["idles", "computes-half"])
def test_worker_that_went_on_without_its_card_is_refused(workers, name):
    workers.start("computer", name=name, ready=False)
    workers.wait(name, "failed")
    said = json.loads(workers.hive.hivectl("ps", "--json").stdout)
    assert [one["error_name"] for one in said] == ["DeviceUnavailable"]
    workers.fails(name, "does not compute with its card", "allow_cpu", "/dev/nvidia-uvm", error="DeviceUnavailable")


def test_worker_whose_card_systemd_was_not_told_to_look_for_is_refused(workers):
    told = workers.machine.path("/usr/lib/systemd/system/rbee-worker-.service.d/rbee-hive.conf")
    text = told.read_text()
    told.unlink()
    workers.machine.run("systemctl", "daemon-reload")
    try:
        workers.refuses("DeviceUnavailable", "systemctl daemon-reload", "allow_cpu", worker="computer", name="idles")
        workers.start("computer", name="idles", allow_cpu=True)
    finally:
        told.write_text(text)
        workers.machine.run("systemctl", "daemon-reload")


def test_rules_do_not_say_which_card_is_looked_for(workers):
    rules = workers.machine.path("/etc/rbee-hive/run.conf")
    text = rules.read_text()
    rules.write_text(text + "Environment=RBEE_CARDS=\n")
    try:
        workers.start("computer", name="idles", ready=False)
        workers.fails("idles", "does not compute with its card", error="DeviceUnavailable")
    finally:
        rules.write_text(text)


def test_worker_that_computes_with_a_card_of_amds_is_ready_and_may_open_no_other(workers, radeon, amd_nodes):
    workers.start(radeon, name="amd")
    assert workers.ask("amd")["name"] == "amd"
    allowed = workers.machine.run("systemctl", "show", "rbee-worker-amd.service", "--property=DeviceAllow", "--value").stdout.split("\n")
    assert {line.split()[0] for line in allowed if line} - {"char-rtc"} == set(AMD_NODES), "and what ProtectClock= adds"


@pytest.mark.parametrize("name", ["idles", "amd-half"])
def test_worker_that_went_on_without_its_card_of_amds_is_refused(workers, radeon, amd_nodes, name):
    workers.start(radeon, name=name, ready=False)
    workers.fails(name, "does not compute with its card", "/dev/dri/renderD128", error="DeviceUnavailable")


def test_card_of_amds_without_its_render_node_is_refused_before_the_worker_starts(workers, radeon, amd_nodes):
    workers.machine.run("rm", "/dev/dri/renderD128")
    workers.start(radeon, name="amd-early", ready=False)
    workers.fails("amd-early", "card is not there", "/dev/kfd,/dev/dri/renderD128", error="DeviceUnavailable")
    assert "I begin as amd-early" not in workers.machine.journal("_SYSTEMD_UNIT=rbee-worker-amd-early.service")


def test_card_without_its_nodes_is_refused_before_the_worker_starts(workers):
    workers.machine.run("rm", "/dev/nvidia-uvm")
    workers.start("computer", name="early", ready=False)
    workers.fails("early", "card is not there", "/dev/nvidia-uvm", error="DeviceUnavailable")
    assert "I begin as early" not in workers.machine.journal("_SYSTEMD_UNIT=rbee-worker-early.service")


def test_missing_node_is_made_before_the_worker_starts(workers, nvidia_modprobe):
    workers.machine.run("rm", "/dev/nvidia-uvm")
    workers.start("computer", name="computes")
    assert nvidia_modprobe.read_text() == "-c 255 -c 0\n-u -c 0\n"
    workers.start("computer", name="computes-too")
    assert nvidia_modprobe.read_text() == "-c 255 -c 0\n-u -c 0\n"


def test_worker_that_may_do_without_a_card_is_not_asked(workers):
    workers.machine.run("sh", "-c", "rm /dev/nvidia*")
    workers.start("computer", name="idles", allow_cpu=True)
    assert workers.ask("idles")["name"] == "idles"


def test_card_that_is_gone_opens_no_other(workers):
    workers.start("computer", name="idles", allow_cpu=True, device="GPU-third")
    allowed = workers.machine.run("systemctl", "show", "rbee-worker-idles.service", "--property=DeviceAllow", "--value").stdout
    assert "/dev/nvidia" not in allowed and "char-nvidia " not in allowed and "*" not in allowed


def test_unknown_card_is_refused(workers):
    workers.refuses("DeviceUnavailable", "GPU-third", worker="computer", device="GPU-third")
