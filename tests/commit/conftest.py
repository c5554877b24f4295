# SPDX-License-Identifier: LGPL-2.1-or-later
import subprocess

import pytest

from changes import prepare
from scratch import Scratch


@pytest.fixture(scope="session")
def strace():
    """Tracing needs ptrace(), which some containers forbid."""
    try:
        done = subprocess.run(["strace", "-f", "-o", "/dev/null", "true"], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("there is no strace here")
    if done.returncode != 0:
        pytest.skip(f"strace does not work here: {done.stderr.strip()}")


@pytest.fixture(scope="module")
def scratch(build, strace):
    if build.sanitized:
        pytest.skip("the sanitizers' run time adds system calls of its own, and refuses to be traced")
    scratch = Scratch(build.libexec)
    yield scratch
    scratch.remove()


@pytest.fixture(scope="module")
def changes(scratch):
    return prepare(scratch)
