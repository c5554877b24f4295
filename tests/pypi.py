# SPDX-License-Identifier: LGPL-2.1-or-later
"""Python programs of PyPI, each in an environment of its own under build/, kept there for the next run."""

import fcntl
import shutil
import subprocess
import venv

import pytest

from build import SOURCE


def environment(requirement):
    """The folder of one that has "name==version", or "name" in the newest version of when it was made; skips the test where there is no way to
    have it."""
    above = SOURCE / "build" / "pypi"
    folder = above / requirement
    above.mkdir(parents=True, exist_ok=True)
    with open(above / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "whole").exists():
            shutil.rmtree(folder, ignore_errors=True)
            venv.create(folder, with_pip=True)
            done = subprocess.run(
                [folder / "bin/python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", requirement],
                capture_output=True,
                text=True,
            )
            if done.returncode != 0:
                pytest.skip(f"PyPI does not give {requirement}: {done.stderr.strip().splitlines()[-1]}")
            (folder / "whole").touch()
    return folder
