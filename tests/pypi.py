# SPDX-License-Identifier: LGPL-2.1-or-later
"""Python programs of PyPI, each in an environment of its own under build/, kept there for the next run."""

import fcntl
import shutil
import subprocess
import venv

import pytest

from build import SOURCE


def environment(requirement):
    """The folder of one that has "name==version"; skips the test where there is no way to have it."""
    above = SOURCE / "build" / "pypi"
    folder, unfinished = above / requirement, above / f".{requirement}"
    above.mkdir(parents=True, exist_ok=True)
    with open(above / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            shutil.rmtree(unfinished, ignore_errors=True)
            venv.create(unfinished, with_pip=True)
            done = subprocess.run(
                [unfinished / "bin/python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", requirement],
                capture_output=True,
                text=True,
            )
            if done.returncode != 0:
                pytest.skip(f"PyPI does not give {requirement}: {done.stderr.strip().splitlines()[-1]}")
            unfinished.rename(folder)  # its python finds its packages by where it lies; what pip wrote into bin/ names the old place
    return folder
