# SPDX-License-Identifier: LGPL-2.1-or-later
import pytest

from author import author  # noqa: F401
from reader import Reader


@pytest.fixture(scope="session")
def reader(build):
    reader = Reader(build)
    yield reader
    reader.close()
