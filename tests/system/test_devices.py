# SPDX-License-Identifier: LGPL-2.1-or-later
"""How a machine's devices are looked at: by a unit that may open them and do little else, and again when udev sees one come or go."""

import json
import pathlib
import re
import subprocess

import pytest

from waiting import wait_until

LOOK = "rbee-hive-devices.service"
RULES = "/usr/lib/udev/rules.d/90-rbee-hive.rules"
TABLE = "name, memory.total [MiB], compute_cap, driver_version\\nNVIDIA GeForce RTX 4090, 24564 MiB, 8.9, 595.80\\n"


@pytest.fixture
def smi(machine):
    """An nvidia-smi that answers when a test lets it."""
    program, gate = machine.path("/usr/local/bin/nvidia-smi"), machine.path("/usr/share/answer")
    program.write_text(f"#!/bin/sh\nwhile [ ! -e /usr/share/answer ]; do sleep 0.05; done\nprintf '{TABLE}'\n")
    program.chmod(0o755)
    gate.unlink(missing_ok=True)
    yield gate
    program.unlink()
    gate.unlink(missing_ok=True)


def updated_at(hive):
    return json.loads((hive.state / "capabilities.json").read_text())["updated_at"]


def test_unit_that_looks_at_the_devices_may_open_them_and_do_little_else(hive, machine, smi):
    asking = machine.spawn("hivectl", "capabilities", "--json", stdout=subprocess.PIPE, text=True)
    listed = wait_until(
        lambda: machine.run("systemctl", "list-units", "--plain", "--no-legend", "--state=running", "rbee-hive-builder-*").stdout, what="the unit"
    )
    unit = listed.split()[0]
    shown = machine.show(
        unit,
        "Description",
        "DynamicUser",
        "PrivateUsers",
        "PrivateNetwork",
        "DevicePolicy",
        "CapabilityBoundingSet",
        "NoNewPrivileges",
        "ProtectHome",
        "Slice",
        "RestrictNamespaces",
        "MainPID",
    )
    pid = shown.pop("MainPID")
    allowed = machine.run("systemctl", "show", unit, "--property=DeviceAllow", "--value").stdout.splitlines()
    assert sorted(filter(None, allowed)) == [
        "/dev/dxg rw",
        "/dev/nvmap rw",
        "char-drm rw",
        "char-kfd rw",
        "char-nvgpu* rw",
        "char-nvhost* rw",
        "char-nvidia* rw",
        "char-rtc r",
    ]  # the last is ProtectClock='s
    assert shown == {
        "Description": "Look at the devices",
        "DynamicUser": "yes",
        "PrivateUsers": "yes",
        "PrivateNetwork": "yes",
        "DevicePolicy": "closed",
        "CapabilityBoundingSet": "",
        "NoNewPrivileges": "yes",
        "ProtectHome": "yes",
        "Slice": "rbee-hive.slice",
        "RestrictNamespaces": "yes",
    }
    status = machine.run("cat", f"/proc/{pid}/status").stdout
    assert int(re.search(r"^Uid:\s+(\d+)", status, re.MULTILINE)[1]) >= 61184 and re.search(r"^CapEff:\s+0+$", status, re.MULTILINE)
    security = machine.run("systemd-analyze", "security", "--no-pager", unit, status=None).stdout
    assert float(re.search(r"exposure level for \S+: ([0-9.]+)", security)[1]) <= 1.0, security
    for closed in ("/var/lib/rbee-hive/jobs", "/root", "/home/anna"):
        assert machine.run("nsenter", "-t", pid, "-m", "ls", "-A", closed, status=None).stdout == ""
    smi.touch()
    card = json.loads(asking.communicate(timeout=60)[0])["devices"][0]
    assert (card["id"], card["name"], card["vram_gb"], card["compute_capability"]) == ("GPU-0", "NVIDIA GeForce RTX 4090", 23.99, "8.9")


def test_daemon_itself_sees_no_device(hive, machine):
    hive.call("ListWorkers")
    seen = machine.run("nsenter", "-t", hive.pid, "-m", "ls", "/dev").stdout.split()
    assert not [name for name in seen if name.startswith(("nvidia", "kfd", "dri", "sd", "vd"))]


def test_recipes_see_what_is_known_of_the_devices_and_no_device(hive, machine, smi):
    smi.touch()
    hive.catalog.add("some")
    job = hive.installs("some")
    assert job.lines()[-1] == "[DONE]"
    assert json.loads((hive.state / "capabilities.json").read_text())["devices"][0]["id"] == "GPU-0"


def test_card_that_comes_is_found_without_anybody_asking(hive, machine, smi):
    smi.touch()
    hive.call("GetCapabilities")
    before = updated_at(hive)
    machine.run("systemctl", "stop", "rbee-hived.service")
    machine.run("systemctl", "start", LOOK)
    wait_until(lambda: updated_at(hive) > before, what="a new look")
    assert machine.show(LOOK, "Result", "ExecMainStatus") == {"Result": "success", "ExecMainStatus": "0"}


def test_nobody_looks_before_the_hive_was_used_in_this_boot(hive, machine):
    machine.run("systemctl", "stop", "rbee-hived.service")
    machine.run("rmdir", "/run/rbee-hived")
    machine.run("systemctl", "start", LOOK)
    assert machine.show(LOOK, "ConditionResult")["ConditionResult"] == "no"
    assert hive.pid == 0


@pytest.fixture
def udevadm(machine):
    """Says what udev would do for an action on a device of this machine that it takes for one of @class_."""
    device = next(iter(sorted(pathlib.Path("/sys/bus/pci/devices").glob("*"))), None)
    if not device:
        pytest.skip("this machine has no PCI device")
    if not machine.path("/usr/bin/udevadm").exists() and not machine.path("/bin/udevadm").exists():
        pytest.skip("udevadm (package udev) is not installed here")

    def test(action, class_):
        machine.path("/tmp/class").write_text(class_ + "\n")
        script = f"mount --bind /tmp/class {device.resolve()}/class && exec udevadm test --action={action} {device.resolve()} 2>&1"
        return machine.run("unshare", "-m", "sh", "-c", script).stdout

    return test


@pytest.mark.parametrize(
    "action, class_, looks",
    [("bind", "0x030000", True), ("unbind", "0x030200", True), ("bind", "0x120000", True), ("add", "0x030000", False), ("bind", "0x020000", False)],
)
def test_udev_asks_for_a_look_when_a_driver_takes_or_leaves_a_card(machine, udevadm, action, class_, looks):
    said = udevadm(action, class_)
    assert (f"systemctl --no-block start {LOOK}" in said) == looks, said
    assert not [line for line in said.splitlines() if RULES in line and "nvalid" in line]
