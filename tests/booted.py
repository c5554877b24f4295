# SPDX-License-Identifier: LGPL-2.1-or-later
"""The fixtures of tests on a booted machine. A folder of such tests has a conftest.py that imports them."""

import os
import pathlib

import pytest

import machine as machines
from build import SOURCE


def skip_without_machine(folder, items):
    """To be called by the folder's pytest_collection_modifyitems, which sees the tests of all folders."""
    why = machines.obstacle()
    for item in items:
        if why and item.path.parent == pathlib.Path(folder):
            item.add_marker(pytest.mark.skip(reason=why))


@pytest.fixture(scope="session")
def system_build():
    """The programs as a distribution builds them: with the prefix /usr."""
    return pathlib.Path(os.environ.get("RBEE_TEST_BUILD") or SOURCE / "build" / "test").resolve()


@pytest.fixture(scope="session")
def machine(system_build):
    """A booted machine with the hive installed."""
    machine = machines.Machine(lambda root: machines.install(system_build, root))
    yield machine
    machine.close()


@pytest.fixture
def hive(machine):
    hive = machines.SystemHive(machine)
    yield hive
    hive.close()
