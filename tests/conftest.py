# SPDX-License-Identifier: LGPL-2.1-or-later
import os

import pytest

from build import Build
from catalog import HttpCatalog
from hive import Hive
from uids import Uids

os.umask(0o022)


def pytest_configure(config):
    config.addinivalue_line("markers", "root: needs root, because it mounts or changes users; skipped, with that reason, without")
    config.addinivalue_line("markers", "plain: wants the build without the sanitizers, which would see nothing new in it, or hide what it measures")


def pytest_collection_modifyitems(items):
    if os.geteuid() != 0:
        for item in items:
            if item.get_closest_marker("root"):
                item.add_marker(pytest.mark.skip(reason="needs root: it mounts a file system or acts as another user"))


@pytest.fixture(scope="session")
def build():
    build = Build()
    yield build
    build.remove()


@pytest.fixture(scope="session")
def uid_range():
    uids = Uids()
    yield uids.range
    uids.close()


@pytest.fixture
def make_hive(build, uid_range):
    hives = []

    def make():
        hives.append(Hive(build, uid_range))
        return hives[-1]

    yield make
    for hive in hives:
        hive.close()


@pytest.fixture
def hive(make_hive):
    return make_hive()


@pytest.fixture
def http_catalog(hive):
    catalog = HttpCatalog()
    hive.configure("Catalog", URL=catalog.url)
    yield catalog
    catalog.close()
