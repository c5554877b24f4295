#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A hive and its bridge for tests that are not written in Python: reads `{"id", "method", "arguments"}` a line, answers
`{"id", "result"}` or `{"id", "error"}`. The methods are those of Stage. Ends with its input."""

import json
import os
import pathlib
import shutil
import signal
import sys
import traceback

from gi.repository import GLib

TESTS = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TESTS), str(TESTS / "bridge")]
from bridge import Bridge  # noqa: E402
from build import Build  # noqa: E402
from catalog import HttpCatalog, pkgbuild  # noqa: E402
from client import PATH  # noqa: E402
from gguf import gguf  # noqa: E402
from hive import Hive  # noqa: E402
from hub import Hub  # noqa: E402
from job import Job  # noqa: E402
from uids import Uids  # noqa: E402
from waiting import unique_seconds, wait_until, wake  # noqa: E402


class Stage:
    def __init__(self):
        self.build = Build()
        self.uids = Uids()
        self.hive = self.bridge = self.server = None

    def open(self):
        """A hive of its own, not started, its catalog empty."""
        self.hive = Hive(self.build, self.uids.range)
        self.hive.configuration["Run"] = {"Rules": self.build.data / "run.conf"}
        web = self.build.path(self.build.options["prefix"], self.build.options["datadir"], "rbee-hive", "web")
        self.bridge = Bridge(self.hive).configure(WebDirectory=web)

    def close(self):
        hive, bridge, server, self.hive, self.bridge, self.server = self.hive, self.bridge, self.server, None, None, None
        try:
            bridge.close()
        finally:
            hive.close()
            if server:
                server.close()

    def end(self):
        if self.hive:
            self.close()
        self.build.remove()
        self.uids.close()

    # before it starts

    def configure(self, group, keys):
        if group == "Bridge":
            self.bridge.configure(**keys)
        else:
            self.hive.configuration.setdefault(group, {})
            self.hive.configure(group, **keys)

    def add(self, name, recipe=None, entry=None):
        """A worker for the catalog; @recipe: what pkgbuild() takes, @entry: changes to the entry."""
        self.hive.catalog.add(name, pkgbuild(name, **recipe) if recipe else None, **(entry or {}))

    def add_variants(self, name, backends, sources=("binary", "git"), changes=None, build=""):
        """A worker of several backends, each of which has these recipes."""
        variants = [
            {
                "backend": backend,
                "platforms": ["linux"],
                "architectures": ["x86_64", "aarch64"],
                "depends": [],
                "makedepends": [],
                "build": {"features": [backend]},
                "binaryName": name,
                "installPath": "/usr/local/bin",
                "pkgbuildUrl": f"/{name}-{backend}-binary" if "binary" in sources else "",
                "pkgbuildUrlGit": f"/{name}-{backend}-git" if "git" in sources else "",
            }
            for backend in backends
        ]
        entry = {
            "id": name,
            "implementation": name,
            "version": "1.0",
            "name": name.title(),
            "description": f"The worker {name}",
            "license": "MIT",
            "coverImage": None,
            "readmeUrl": None,
            "buildSystem": "none",
            "source": {"type": "git", "url": "https://example.org/x.git"},
            "variants": variants,
            "capabilities": {"supportedFormats": ["gguf"], "supportsStreaming": True, "supportsBatching": False},
            **(changes or {}),
        }
        folder = self.hive.catalog.folder(name)
        folder.mkdir()
        (folder / "worker.json").write_text(json.dumps(entry))
        for backend in backends:
            for source in sources:
                text = f"# {backend} {source}\n" + pkgbuild(name, build=f"echo This is {backend} by {source}\n{build}")
                (self.hive.catalog.directory / f"{name}-{backend}-{source}").write_text(text)

    def add_server(self, name, workers):
        """A second catalog, a server; its workers are the simplest."""
        self.server = HttpCatalog()
        for worker in workers:
            self.server.add(worker)
        self.configure(f"Catalog {name}", {"URL": self.server.url})

    def hub(self, repository, files):
        """A hub of models that has these files."""
        self.server = Hub()
        for file in files:
            self.server.put(repository, file, gguf())
        self.configure("Models", {"HubURL": self.server.url})

    def model_folder(self, files):
        """A folder of [Models] Folders=, with a model by each of these names; what does not end in .gguf is none."""
        folder = self.hive.directory / "models"
        folder.mkdir()
        for file in files:
            (folder / file).write_bytes(gguf() if file.endswith(".gguf") else b"PK")
        self.configure("Models", {"Folders": str(folder)})

    def break_server(self):
        """It answers as one that is in trouble."""
        for path in self.server.answers:
            self.server.answers[path] = (500, "text/plain", b"out of order")

    def card(self):
        """Gives the machine a card: what its tool said on one that has it."""
        folder = self.hive.directory / "tools"
        folder.mkdir()
        program = folder / "nvidia-smi"
        program.write_text(
            "#!/bin/sh\necho 'name, memory.total [MiB], compute_cap, driver_version\nNVIDIA GeForce RTX 3090, 24576 MiB, 8.6, 560.35.03'\n"
        )
        program.chmod(0o755)
        self.hive.environment["PATH"] = f"{folder}:{os.environ['PATH']}"

    def ship(self):
        """Adds the catalog that comes with the hive."""
        shutil.copytree(self.build.catalog, self.hive.catalog.directory, dirs_exist_ok=True)

    def forget(self, name):
        """Takes a worker out of the catalog."""
        shutil.rmtree(self.hive.catalog.folder(name))

    # starting and ending

    def start(self):
        self.bridge.start()
        return f"http://127.0.0.1:{self.bridge.port}"

    def stop_bridge(self, kill=False):
        self.bridge.stop(signal.SIGKILL if kill else signal.SIGTERM)

    def start_bridge(self):
        self.bridge.start()

    def stop_hive(self, kill=False):
        """Killed, it leaves its jobs running."""
        self.hive.stop(signal.SIGKILL if kill else signal.SIGTERM)
        wait_until(lambda: not self.hive.name_is_owned(), what="the name to be free")

    def start_hive(self):
        self.hive.start()

    # people

    def link(self):
        """What `hivectl web` prints."""
        return self.hive.hivectl("web", "--socket", self.bridge.socket).stdout.strip()

    def token(self):
        return self.bridge.token()

    def rotate(self):
        """Makes every token void."""
        self.bridge.post("/v1/keys", unix=True)

    # jobs

    def install(self, worker, options=None):
        return self.hive.install(worker, **(options or {})).id

    def installs(self, worker):
        return self.hive.installs(worker).id

    def installs_own(self, name, recipe=None, status=0):
        """A recipe of no catalog, as hivectl install ./PKGBUILD does, to its end; @status: of hivectl."""
        folder = self.hive.directory / "own"
        folder.mkdir(exist_ok=True)
        (folder / "PKGBUILD").write_text(pkgbuild(name, **(recipe or {})))
        self.hive.hivectl("install", folder, "--config", self.hive.directory / "hive.conf", status=status)

    def fails_from(self, name):
        """From a folder in which there is no ready build, as hivectl install --from does; its job's id."""
        folder = self.hive.directory / "nothing-ready"
        folder.mkdir()
        self.hive.hivectl("install", name, "--from", folder, status=1)
        return max(self.hive.list_jobs(), key=lambda job: int(job["id"]))["id"]

    def wait(self, job):
        """The job's end: result, error's name, message."""
        return self.job(job).wait()

    def wait_for_line(self, job, text):
        self.job(job).wait_for_line(text)

    @staticmethod
    def unique_seconds():
        return unique_seconds()

    @staticmethod
    def wake(seconds):
        wake(seconds)

    def lines(self, job):
        """The job's log, as everybody shows it."""
        return self.job(job).lines()

    def old_job(self, number, log, changes=None):
        """A job that ended before the hive was started; @log: its records."""
        self.hive.old_job(number, log.encode(), **(changes or {}))

    def long_job(self, number, lines):
        """The same, with so many lines."""
        record = "2026-11-23T07:35:01.000000Z build out line {} of a log that is longer than anybody reads\n"
        self.old_job(number, "".join(map(record.format, range(1, lines + 1))) + "2026-11-23T07:35:05.000000Z cleanup end done\n")

    def pull(self, reference):
        """As hivectl model pull does: a job."""
        return self.hive.call("PullModel", GLib.Variant("(sa{sv})", (reference, {}))).rpartition("/")[2]

    def workers(self):
        return sorted(self.hive.workers())

    def jobs(self):
        return [job["id"] for job in self.hive.list_jobs()]

    def installed_path(self, path):
        """Where a file of a worker lies, for a test to change it."""
        return str(self.hive.installed(path))

    def job(self, number):
        return Job(self.hive, f"{PATH}/job/{number}")


def main():
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    os.umask(0o022)
    stage = Stage()
    try:
        for line in sys.stdin:
            request = json.loads(line)
            answer = {"id": request["id"]}
            try:
                answer["result"] = getattr(stage, request["method"])(*request["arguments"])
            except BaseException as error:
                answer["error"] = f"{error}\n{traceback.format_exc()}"
            answers.write(json.dumps(answer) + "\n")
    finally:
        stage.end()


main()
