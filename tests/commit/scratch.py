# SPDX-License-Identifier: LGPL-2.1-or-later
"""A machine for rbee-hive-commit alone: InstallRoot, StateDirectory, CacheDirectory, and a configuration that names them.

It lies in memory where that is possible, so that fsync waits for no disk: who is killed loses nothing that was written, and
what a power cut would take is judged by the order of the calls (disk.py)."""

import collections
import hashlib
import json
import os
import pathlib
import shutil
import stat
import subprocess
import tempfile

from calls import read_calls

MEMORY = "/dev/shm"

# What is at a path, of a package or of the machine
File = collections.namedtuple("File", "mode content")
Link = collections.namedtuple("Link", "target")
Folder = collections.namedtuple("Folder", "mode")

# What there is: the files beneath InstallRoot, what the registry says of them, and what is kept of replaced versions
State = collections.namedtuple("State", "root records kept")
# How a run ended (negative: by which signal), and its records as (stream, text)
Run = collections.namedtuple("Run", "status log")


def sha256(content):
    return hashlib.sha256(content).hexdigest()


def brief(content):
    """What stands for a content where it is compared, so that a difference can be printed."""
    return content if len(content) < 100 else f"{len(content)} bytes {sha256(content)}"


def look(path):
    """What is at @path, without its owner and times."""
    mode = os.lstat(path).st_mode
    if stat.S_ISLNK(mode):
        return Link(os.readlink(path))
    if stat.S_ISDIR(mode):
        return Folder(stat.S_IMODE(mode))
    assert stat.S_ISREG(mode), path
    return File(stat.S_IMODE(mode), brief(pathlib.Path(path).read_bytes()))


def walk(top):
    for folder, folders, files in os.walk(top):
        for name in folders + files:
            yield os.path.join(folder, name)


def root(*packages):
    """All that lies beneath InstallRoot when these are installed: their folders as well."""
    found = {}
    for package in packages:
        for path, what in package.items():
            for parent in list(pathlib.PurePath(path).parents)[:-1]:
                found.setdefault(str(parent), Folder(0o755))
            found[path] = File(what.mode, brief(what.content)) if isinstance(what, File) else what
    return found


def files(package):
    """The files and links of a package, as a record lists them."""
    listed = {}
    for path, what in package.items():
        if isinstance(what, Link):
            listed[path] = {"path": path, "type": "symlink", "target": what.target}
        elif isinstance(what, File):
            listed[path] = {"path": path, "type": "file", "mode": f"{what.mode:04o}", "size": len(what.content), "sha256": sha256(what.content)}
    return listed


class Scratch:
    def __init__(self, libexec):
        self.program = str(libexec / "rbee-hive-commit")
        place = MEMORY if os.path.isdir(MEMORY) and os.access(MEMORY, os.W_OK | os.X_OK) else "/var/tmp"
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="rbee-hive-commit.", dir=place))
        self.here = self.directory / "here"
        self.root, self.state, self.cache = self.here / "root", self.here / "state", self.here / "cache"
        self.configuration = self.directory / "hive.conf"
        self.configuration.write_text(f"[Hive]\nInstallRoot={self.root}\nStateDirectory={self.state}\nCacheDirectory={self.cache}\n")
        self.root.mkdir(parents=True)

    def remove(self):
        shutil.rmtree(self.directory)

    # many times the same start

    def save(self, name):
        shutil.copytree(self.here, self.directory / name, symlinks=True)

    def restore(self, name):
        shutil.rmtree(self.here)
        shutil.copytree(self.directory / name, self.here, symlinks=True)

    def put(self, package):
        """Files that nobody installs."""
        for path, file in package.items():
            place = self.root / path.lstrip("/")
            place.write_bytes(file.content)
            place.chmod(file.mode)

    # what a job leaves for the commit

    def work(self, job):
        return self.cache / "work" / job

    def build(self, job, package):
        """The finished tree and its list, as the builder leaves them."""
        tree, lines = self.work(job) / "pkg", []
        tree.mkdir(parents=True)
        folders = {path: what for path, what in root(package).items() if isinstance(what, Folder)}
        for path, what in sorted({**folders, **package}.items()):
            inside, place = path.lstrip("/"), tree / path.lstrip("/")
            if isinstance(what, Folder):
                place.mkdir()
                place.chmod(what.mode)
                lines.append(f"d {what.mode:o} 0 0 {inside}")
            elif isinstance(what, Link):
                place.symlink_to(what.target)
                lines.append(f"l 777 0 0 {inside}")
            else:
                place.write_bytes(what.content)
                place.chmod(what.mode)
                lines.append(f"f {what.mode:o} 0 0 {inside}")
        (self.work(job) / "list").write_text("".join(line + "\0" for line in lines))

    # asking for something

    def install(self, job, worker, version):
        """The arguments of run() and the like: a verb and its request."""
        record = {"version": version, "binary": f"/usr/local/bin/{worker}", "installed_by": 1000}
        return "install", {"job": job, "worker_id": worker, "work": str(self.work(job)), "record": record}

    def uninstall(self, job, worker):
        return "remove", {"job": job, "worker_id": worker}

    def rollback(self, job, worker):
        return "rollback", {"job": job, "worker_id": worker, "installed_by": 1000}

    def clean(self, job):
        return "clean", {"work": str(self.work(job))}

    @staticmethod
    def recover():
        return "recover", {}

    def run(self, verb, request, *before):
        done = subprocess.run(
            [*before, self.program, "--config", str(self.configuration), verb],
            input=json.dumps(request).encode(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd="/",
            check=False,
        )
        assert not done.stderr, done.stderr.decode()
        lines = [line.split(" ", 3) for line in done.stdout.decode().splitlines()]
        return Run(done.returncode, [(stream, text) for _, _, stream, text in lines])

    def does(self, verb, request):
        """Runs it and expects that to work."""
        run = self.run(verb, request)
        assert run.status == 0, run
        return run

    def trace(self, verb, request):
        """Runs it undisturbed; its system calls."""
        path = self.directory / "trace"
        run = self.run(verb, request, "strace", "-f", "-y", "-s", "64", "-o", str(path))
        assert run.status == 0, run
        return read_calls(path.read_text())

    def kill(self, verb, request, call):
        """Runs it until it enters that system call, which is not done any more.

        strace counts each kind of call by itself: inject=all:when=9 would strike at the first kind that comes to nine."""
        return self.run(
            verb,
            request,
            "strace",
            "-f",
            "-o",
            "/dev/null",
            "-e",
            f"trace={call.name}",
            "-e",
            f"inject={call.name}:signal=KILL:when={call.occurrence}",
        )

    # looking

    def look(self):
        """Everything there is. Files that are neither installed nor the registry's are remnants, and fail the test."""
        found = {"/" + os.path.relpath(path, self.root): look(path) for path in walk(self.root)}
        records, kept = {}, {}
        for path in sorted(path for path in walk(self.state) if not os.path.isdir(path)):
            folder, name = os.path.split(os.path.relpath(path, self.state))
            if (folder, name) == ("transactions", ".lock"):
                continue
            if folder.startswith("kept/") and ".new" not in folder:
                kept[f"{folder}/{name}"] = self.record(path) if name.endswith(".json") else look(path)
                continue
            assert folder == "workers" and name.endswith(".json"), f"a remnant: {path}"
            records[name.removesuffix(".json")] = self.record(path)
        return State(found, records, kept)

    @staticmethod
    def record(path):
        return {key: value for key, value in json.loads(pathlib.Path(path).read_text()).items() if key != "installed_at"}

    def identity(self):
        """Which files there are, and when they were touched last."""
        found = {}
        for path in [*walk(self.root), *walk(self.state)]:
            status = os.lstat(path)
            found[path] = status.st_ino, status.st_mode, status.st_nlink, status.st_size, status.st_mtime_ns, status.st_ctime_ns
        return found

    def work_left(self):
        folder = self.cache / "work"
        return os.listdir(folder) if folder.exists() else []
