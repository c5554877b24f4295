# SPDX-License-Identifier: LGPL-2.1-or-later
import pytest

from held import Held
from session import Session


@pytest.fixture
def session(hive):
    session = Session(hive)
    yield session
    session.close()


@pytest.fixture
def held(session, http_catalog):
    """Workers whose jobs stay at their first phase until they are let go."""
    held = Held(session.hive, http_catalog)
    yield held
    held.let_all_go()


@pytest.fixture
def startable(session):
    """run.conf says how llama is run."""
    path = session.directory / "run.conf"
    path.write_text("[llama]\nArguments=%p\n")
    session.hive.configuration["Run"] = {"Rules": path}
