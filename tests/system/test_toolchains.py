# SPDX-License-Identifier: LGPL-2.1-or-later
"""Toolchains in homes: units see no home, but for what a section of hive.conf names."""

import pytest

from catalog import pkgbuild

FOLDER = "/root/tools"


@pytest.fixture
def tools(hive, machine):
    """A toolchain in root's home, which nobody else may enter, with a file of root's beside it."""
    program = machine.path(f"{FOLDER}/bin/mytool")
    program.parent.mkdir(parents=True, exist_ok=True)
    program.write_text('#!/bin/sh\necho "mytool of $TOOL_HOME"\n')
    program.chmod(0o755)
    machine.path("/root/secret").write_text("secret\n")
    machine.path("/root").chmod(0o700)
    hive.configuration["Toolchain mine"] = {"Path": FOLDER, "Bin": f"{FOLDER}/bin", "Environment": f"TOOL_HOME={FOLDER}"}
    hive.write_configuration()
    machine.run("systemctl", "stop", "rbee-hived.service")
    yield program
    machine.run("rm", "-r", FOLDER, "/root/secret")


def test_toolchain_in_a_closed_home_is_seen_and_nothing_beside_it(hive, tools):
    hive.catalog.add("some", pkgbuild("some", makedepends=["mytool"], build="mytool; ls -A /root /home || true"))
    lines = hive.installs("some").lines()
    assert f"mytool of {FOLDER}" in lines
    assert "tools" in lines and not {"secret", ".bashrc", "anna"} & set(lines)
    found = {toolchain["path"]: toolchain["visible"] for toolchain in hive.call("GetCapabilities")["toolchains"]}
    assert found[FOLDER] is True


def test_toolchain_that_is_itself_closed_is_named(hive, machine, tools):
    machine.path(FOLDER).chmod(0o700)
    hive.catalog.add("some")
    job = hive.install("some")
    result, error, message = job.wait()
    assert (result, error) == ("failed", "SandboxUnavailable") and f"{FOLDER} is closed to them (mode 0700)" in message
    machine.path(FOLDER).chmod(0o755)
    hive.installs("some")


def test_toolchain_of_a_person_has_to_be_allowed(hive, machine, tools):
    machine.run("chown", "anna", FOLDER)
    hive.catalog.add("some")
    assert "is not root's" in hive.install("some").wait().message
    hive.configuration["Toolchain mine"]["Owner"] = "any"
    hive.write_configuration()
    machine.run("systemctl", "restart", "rbee-hived.service")
    hive.installs("some")
