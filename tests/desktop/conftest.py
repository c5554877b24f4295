# SPDX-License-Identifier: LGPL-2.1-or-later
import pytest

from session import Session


@pytest.fixture
def session(hive):
    session = Session(hive)
    yield session
    session.close()
