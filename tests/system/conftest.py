# SPDX-License-Identifier: LGPL-2.1-or-later
import pathlib

from booted import hive, machine, skip_without_machine, system_build  # noqa: F401
from questions import own, people, polkit, rules  # noqa: F401


def pytest_collection_modifyitems(items):
    skip_without_machine(pathlib.Path(__file__).parent, items)
