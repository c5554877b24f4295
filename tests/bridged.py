# SPDX-License-Identifier: LGPL-2.1-or-later
"""The fixtures of tests that speak HTTP to a bridge. A folder of such tests has a conftest.py that imports them."""

import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "bridge"))
import bridge as bridge_module  # noqa: E402


@pytest.fixture
def make_bridge(make_hive):
    bridges = []

    def make(hive=None):
        bridges.append(bridge_module.Bridge(hive or make_hive()))
        return bridges[-1]

    yield make
    for bridge in bridges:
        bridge.close()


@pytest.fixture
def new_bridge(make_bridge, hive):
    """Not started: a test may configure it."""
    return make_bridge(hive)


@pytest.fixture
def bridge(new_bridge):
    return new_bridge.start()
