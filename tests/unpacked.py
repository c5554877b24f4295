# SPDX-License-Identifier: LGPL-2.1-or-later
"""Programs of Debian packages that are unpacked and not installed, because an installation would start a service."""

import fcntl
import pathlib
import shutil
import subprocess

import pytest

KEPT = pathlib.Path("/var/cache/rbee-hive-tests/unpacked")


def unpack(package):
    """The folder of the package's files; fetched where it is not there yet."""
    folder, unfinished = KEPT / package, KEPT / f".{package}"
    if folder.exists():
        return folder
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir()
    subprocess.run(["apt-get", "download", "-q", "-o", "APT::Sandbox::User=root", package], cwd=unfinished, check=True, capture_output=True)
    archive = next(unfinished.glob("*.deb"))
    subprocess.run(["dpkg-deb", "-x", archive, unfinished], check=True)
    archive.unlink()
    return unfinished.rename(folder)


def files(*packages):
    """The folder of the files of the first of them that can be had; skips the test where there is no way to any."""
    why = None
    KEPT.mkdir(parents=True, exist_ok=True)
    with open(KEPT / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for package in packages:
            try:
                return unpack(package)
            except (OSError, subprocess.CalledProcessError, StopIteration) as error:
                why = error
    pytest.skip(f"the package {package} cannot be had: {why}")


def program(path, *packages):
    """The path of a program, which is in the first of the packages that there is: they differ by release."""
    return shutil.which(pathlib.Path(path).name) or str(files(*packages) / path)
