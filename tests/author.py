# SPDX-License-Identifier: LGPL-2.1-or-later
"""Somebody who writes recipes: a folder, a cache of their own, and `hivectl build`. Never root, since neither the hive nor makepkg
builds as root; run by root, the tests act as one of the uids that jobs have."""

import os
import pathlib
import shutil
import subprocess
import tempfile

import pytest


class Author:
    def __init__(self, build, uid):
        self.build, self.uid = build, uid
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="rbee-hive-author.", dir="/var/tmp"))
        self.directory.chmod(0o755)
        self.recipe, self.cache = self.directory / "recipe", self.directory / "cache"
        self.configuration = self.directory / "hive.conf"
        self.configuration.write_text(f"[Hive]\nLibexecDirectory={build.libexec}\n[Build]\nDependencyRules={build.data}/dependencies.conf\n")
        self.recipe.mkdir()
        self.cache.mkdir()
        self.own()

    def own(self):
        """What is here is the author's."""
        if os.geteuid() == 0:
            subprocess.run(["chown", "-R", f"{self.uid}:{self.uid}", str(self.directory)], check=True)

    def write(self, name, data, mode=0o644):
        path = self.recipe / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        path.chmod(mode)

    def command(self, *command):
        as_author = ["setpriv", f"--reuid={self.uid}", f"--regid={self.uid}", "--clear-groups"] if os.geteuid() == 0 else []
        return as_author + [str(part) for part in command]

    def environment(self, **more):
        return {"PATH": os.environ["PATH"], "HOME": str(self.directory), "XDG_CACHE_HOME": str(self.cache), "LC_ALL": "C.UTF-8", **more}

    def run(self, *command, env=None, status=0, cwd=None):
        done = subprocess.run(
            self.command(*command),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=env or self.environment(),
            cwd=cwd or self.recipe,
            timeout=300,
        )
        if status is not None:
            assert done.returncode == status, f"{command} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}"
        return done

    def hivectl_build(self, *options):
        return self.build.bin / "hivectl", "build", "PKGBUILD", "--config", self.configuration, *options

    def builds(self, *options, status=0, **environment):
        return self.run(*self.hivectl_build(*options), status=status, env=self.environment(**environment))

    def nothing_left(self):
        """No work tree of a build."""
        work = self.cache / "rbee-hive" / "work"
        assert not work.exists() or not os.listdir(work)

    def close(self):
        subprocess.run(["chmod", "-R", "u+rwX", str(self.directory)], stderr=subprocess.DEVNULL)
        shutil.rmtree(self.directory, ignore_errors=True)


@pytest.fixture
def author(build, uid_range):
    author = Author(build, uid_range[1])
    yield author
    author.close()
