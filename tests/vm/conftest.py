# SPDX-License-Identifier: LGPL-2.1-or-later
import os
import pathlib

import pytest

import machine
import vm
from build import SOURCE


@pytest.fixture(scope="session")
def virtual_machine():
    """A machine with a kernel of its own, and the hive installed."""
    reason = vm.obstacle()
    if reason:
        pytest.skip(reason)
    build = pathlib.Path(os.environ.get("RBEE_TEST_BUILD") or SOURCE / "build" / "test").resolve()
    machine_ = vm.VirtualMachine(lambda root: machine.install(build, root))
    yield machine_
    machine_.close()
