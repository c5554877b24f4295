# SPDX-License-Identifier: LGPL-2.1-or-later
"""Recipes read by `hivectl recipe --check` and by makepkg, as an ordinary user."""

import functools
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

from build import SOURCE

CASES = pathlib.Path(__file__).parent / "cases"

# makepkg refuses root, and neither of the two needs anything of the caller's environment.
ORDINARY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] if os.geteuid() == 0 else []


@functools.cache
def differences():
    """{case: why}: where docs/SYSTEMS.md has the makepkg that is here say or make something else than the hive."""
    said = subprocess.run(["makepkg", "--version"], check=True, stdout=subprocess.PIPE, text=True).stdout
    version = re.search(r"\(pacman\) ([\d.]+)", said)[1] + "."
    rows = re.findall(r"^\| `([\w-]+)` \| ([\d., ]+) \| (.*) \|$", (SOURCE / "docs/SYSTEMS.md").read_text(), re.MULTILINE)
    return {case: why for case, versions, why in rows if any(version.startswith(f"{number}.") for number in versions.split(", "))}


class Reader:
    """A folder in which recipes are read."""

    def __init__(self, build):
        self.build = build
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="rbee-hive-reader.", dir="/var/tmp"))
        self.folder.chmod(0o755)
        self.config = self.folder / "hive.conf"
        self.configure()

    def configure(self, **build):
        rules = self.build.path(self.build.options["prefix"], self.build.options["datadir"], "rbee-hive", "dependencies.conf")
        keys = {"DependencyRules": rules, **build}
        self.config.write_text(
            f"[Hive]\nLibexecDirectory={self.build.libexec}\n[Build]\n" + "".join(f"{key}={value}\n" for key, value in keys.items())
        )
        self.config.chmod(0o644)

    def close(self):
        shutil.rmtree(self.folder)

    def recipe(self, files):
        """A new folder with these files, {name: text or bytes}, whose PKGBUILD's path this is."""
        folder = pathlib.Path(tempfile.mkdtemp(dir=self.folder))
        for name, data in files.items():
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_bytes(data.encode() if isinstance(data, str) else data)
        return self.given(folder)

    def case(self, name):
        return self.given(shutil.copytree(CASES / name, pathlib.Path(tempfile.mkdtemp(dir=self.folder)) / name))

    @staticmethod
    def given(folder):
        for path in (folder, folder.parent, *folder.rglob("*")):
            path.chmod(0o755 if path.is_dir() else 0o644)
        if ORDINARY:
            os.chown(folder, 65534, 65534)
        return folder / "PKGBUILD"

    def run(self, *command, cwd=None, **environment):
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.folder), "USER": "nobody", "LC_ALL": "C.UTF-8", **environment}
        return subprocess.run(
            [*ORDINARY, *map(str, command)], cwd=cwd, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )

    def check(self, pkgbuild, *options):
        return self.run(self.build.bin / "hivectl", "recipe", "--check", pkgbuild, "--config", self.config, *options)

    def makepkg(self, pkgbuild):
        return self.run("makepkg", "--printsrcinfo", cwd=pkgbuild.parent, PACMAN="true")
