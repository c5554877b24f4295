# SPDX-License-Identifier: LGPL-2.1-or-later
"""The programs as they are installed."""

import contextlib
import fcntl
import json
import os
import pathlib
import shutil
import subprocess
import tempfile

SOURCE = pathlib.Path(__file__).resolve().parent.parent


class Build:
    """The programs, installed once a test process into a directory that every user may enter."""

    def __init__(self):
        given, installed = os.environ.get("RBEE_TEST_BUILD"), os.environ.get("RBEE_TEST_INSTALLED")
        self.ours = not installed
        self.build = pathlib.Path(given).resolve() if given else SOURCE / "build" / "tests"
        if not given and not installed:
            self.compile()
        self.destination = pathlib.Path(installed) if installed else self.install()
        text = (self.destination / "options.json").read_text()
        self.options = {option["name"]: option["value"] for option in json.loads(text)}
        prefix = self.options["prefix"]
        self.libexec = self.path(prefix, self.options["libexecdir"], "rbee-hive")
        self.bin = self.path(prefix, self.options["bindir"])
        self.data = self.path(prefix, self.options["datadir"], "rbee-hive")
        self.catalog = self.data / "catalog"
        self.sanitized = "address" in str(self.options.get("b_sanitize", ""))

    def install(self):
        """What RBEE_TEST_INSTALLED may name instead: the programs, and options.json as `meson introspect` has them."""
        destination = pathlib.Path(tempfile.mkdtemp(prefix="rbee-hive-installed.", dir="/var/tmp"))
        destination.chmod(0o755)
        with self.lock():
            self.run("meson", "install", "-C", str(self.build), "--no-rebuild", "--destdir", str(destination))
        (destination / "options.json").write_text(self.run("meson", "introspect", str(self.build), "--buildoptions"))
        return destination

    def path(self, prefix, *parts):
        return self.destination / os.path.join(prefix, *parts).lstrip("/")

    @contextlib.contextmanager
    def lock(self):
        (SOURCE / "build").mkdir(exist_ok=True)
        with open(SOURCE / "build" / ".tests.lock", "w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def compile(self):
        with self.lock():
            if not (self.build / "build.ninja").exists():
                self.run("meson", "setup", str(self.build), str(SOURCE))
            self.run("ninja", "-C", str(self.build))

    @staticmethod
    def run(*command):
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        assert done.returncode == 0, f"{' '.join(command)}:\n{done.stdout}"
        return done.stdout

    def remove(self):
        if self.ours:
            shutil.rmtree(self.destination)
