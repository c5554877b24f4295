# SPDX-License-Identifier: LGPL-2.1-or-later
import pytest

from author import Author
from reader import Reader


@pytest.fixture
def author(build, uid_range):
    author = Author(build, uid_range[1])
    yield author
    author.close()


@pytest.fixture(scope="session")
def reader(build):
    reader = Reader(build)
    yield reader
    reader.close()
