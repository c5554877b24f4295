# SPDX-License-Identifier: LGPL-2.1-or-later
import shutil

import pytest

import screen
from catalog import camel, pkgbuild
from session import Session


@pytest.fixture
def session(hive):
    session = Session(hive)
    yield session
    session.close()


@pytest.fixture
def make_screen(session):
    """A screen whose window is not open yet."""
    if not (session.hive.build.libexec / "rbee-hive-window").exists():
        pytest.skip("rbee-hive-window was not built: there is no GTK 4.8 or no libadwaita 1.2 here")
    for program in screen.NEEDS:
        if not shutil.which(program):
            pytest.skip(f"{program} is not installed here")

    def make(**options):
        if not session.hive.bus_process:
            session.hive.start_bus()
        session.start_bus()
        return screen.Screen(session, **options)

    return make


@pytest.fixture
def window(make_screen, hive):
    """The window in front of a hive with the catalog that ships."""
    hive.configure("Catalog", URL=f"file://{hive.build.catalog}")
    hive.configuration["Run"] = {"Rules": hive.build.data / "run.conf"}
    hive.start()
    return make_screen().start()


@pytest.fixture
def many(http_catalog):
    """A worker of two backends, each ready and to be built."""
    recipes = {f"{backend}-{kind}": pkgbuild("many", build=f"echo {kind} with {backend}") for backend in ("cpu", "cuda") for kind in ("bin", "git")}
    for name, recipe in recipes.items():
        http_catalog.answers[f"/many-{name}"] = (200, "text/plain", recipe.encode())
    http_catalog.answers["/workers/many"] = http_catalog.json(camel("many", "cpu", "cuda"))
    http_catalog.answers["/workers"] = http_catalog.json({"workers": [camel("many", "cpu", "cuda")]})
