# SPDX-License-Identifier: LGPL-2.1-or-later
"""A complete hive for one test: a private bus, a scratch prefix, a catalog, and the programs as they are installed.

A Hive is empty and not started until somebody uses it, so that a test can configure it first. Everything of it lies in
one directory of /var/tmp that every user may enter: run by root, jobs run as users of their own."""

import collections
import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import time

import gi

gi.require_version("Gio", "2.0")
from gi.repository import Gio, GLib  # noqa: E402

from catalog import Catalog  # noqa: E402
from client import ERROR, NAME, PATH, HiveError, variant  # noqa: E402
from job import FINAL, Job, read_records  # noqa: E402
from waiting import LEAST, last_lines, wait_until, witnesses  # noqa: E402

SANITIZED = re.compile(r"AddressSanitizer|LeakSanitizer|UndefinedBehaviorSanitizer|runtime error:")
BUS_CONFIGURATION = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <listen>unix:path={socket}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/>
    <allow own="*"/>
    <allow send_destination="*" eavesdrop="true"/>
    <allow receive_sender="*" eavesdrop="true"/>
    {policy}
  </policy>
  {limits}
</busconfig>
"""
Signal = collections.namedtuple("Signal", "path interface member arguments")


class Hive:
    call_flags = Gio.DBusCallFlags.NO_AUTO_START

    def __init__(self, build, uid_range):
        self.build = build
        self.patience = 6 if build.sanitized else 2 if os.environ.get("CI") else 1
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="rbee-hive-test.", dir="/var/tmp"))
        self.directory.chmod(0o755)
        self.state, self.cache, self.root = (self.directory / name for name in ("state", "cache", "root"))
        self.root.mkdir()
        self.catalog = Catalog(self.directory / "catalog")
        self.configuration = {
            "Hive": {"StateDirectory": self.state, "CacheDirectory": self.cache, "InstallRoot": self.root, "LibexecDirectory": build.libexec},
            "Catalog": {"URL": self.catalog.url},
            "Jobs": {"UserRange": f"{uid_range[0]}-{uid_range[1]}"},
            "Log": {},
            "History": {},
            "Build": {"DependencyRules": build.data / "dependencies.conf"},
        }
        self.uid_range = uid_range
        self.environment = {}
        self.wrapper = []  # a command that becomes the daemon
        self.launcher = "direct"  # systemd: it runs workers, and where no systemd is on this bus, no job
        self.bus_policy, self.bus_limits = "", {}
        self.signals, self.foreign, self.mounts = [], set(), []
        self.stops = []
        self.bus_process = self.process = self._connection = None
        self.address = f"unix:path={self.directory}/bus"

    # the machine around it

    def configure(self, group, **keys):
        assert not self.process, "the hive runs already"
        self.configuration[group].update(keys)

    def tell_sanitizer(self, option):
        """Adds to what tools/test tells the address sanitizer, if this build has it."""
        self.environment["ASAN_OPTIONS"] = os.environ.get("ASAN_OPTIONS", "") + ":" + option

    def write_configuration(self):
        text = "".join(f"[{group}]\n" + "".join(f"{key}={value}\n" for key, value in keys.items()) for group, keys in self.configuration.items())
        # At once: a program that reads a half of it would take /var/lib/rbee-hive for the state.
        (self.directory / "hive.conf.new").write_text(text)
        (self.directory / "hive.conf.new").replace(self.directory / "hive.conf")

    def foreign_file(self, path, data="somebody's\n", mode=0o644):
        """A file (a path inside the package) that no worker owns."""
        target = self.installed(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(data)
        target.chmod(mode)
        self.foreign.add(path)
        return target

    def installed(self, path):
        return self.root / path.lstrip("/")

    def mount(self, target, *options, kind="tmpfs", source="tmpfs"):
        subprocess.run(["mount", "-t", kind, "-o", ",".join(options), source, str(target)], check=True)
        self.mounts.append(target)

    def bind_read_only(self, target):
        subprocess.run(["mount", "--bind", str(target), str(target)], check=True)
        self.mounts.append(target)
        subprocess.run(["mount", "-o", "remount,bind,ro", str(target)], check=True)

    def old_job(self, number, log=b"2026-11-23T07:35:05.000000Z cleanup end done\n", **changes):
        """The folder of a job that ended before the hive was started, as the daemon leaves it. @log: its bytes, or a file to link."""
        folder = self.state / "jobs" / str(number)
        folder.mkdir(parents=True)
        now = int(time.time() * 1e6)
        record = {
            "format": 1,
            "id": str(number),
            "operation": "worker_install",
            "worker_id": "old",
            "options": {},
            "owner": os.getuid(),
            "state": "done",
            "phase": "cleanup",
            "created_at": now,
            "started_at": now,
            "finished_at": now,
        }
        (folder / "job.json").write_text(json.dumps(dict(record, **changes)))
        if isinstance(log, bytes):
            (folder / "log").write_bytes(log)
        else:
            os.link(log, folder / "log")
        (self.state / "next-job").write_text(f"{number + 1}\n")
        return Job(self, f"{PATH}/job/{number}")

    def jobs_on_disk(self):
        return sorted(int(path.name) for path in (self.state / "jobs").iterdir())

    def list_jobs(self, **options):
        return self.call("ListJobs", GLib.Variant("(a{sv})", ({key: variant(value) for key, value in options.items()},)))

    # starting and ending

    def account(self):
        """What goes on with it, briefly: for who waited in vain."""
        processes = "\n".join(f"{pid} {command}" for pid, command in self.processes())
        return f"the daemon had said:\n{last_lines(self.daemon_log())}\nits last processes:\n{last_lines(processes)}"

    def start_bus(self):
        witnesses.append(self.account)
        configuration = self.directory / "bus.conf"
        limits = "".join(f'<limit name="{name}">{value}</limit>' for name, value in self.bus_limits.items())
        configuration.write_text(BUS_CONFIGURATION.format(socket=self.directory / "bus", policy=self.bus_policy, limits=limits))
        with open(self.directory / "bus.log", "w") as log:
            self.bus_process = subprocess.Popen(
                ["dbus-daemon", "--nofork", "--nosyslog", f"--config-file={configuration}"], stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        wait_until((self.directory / "bus").exists, what="the bus")
        self._connection = wait_until(self.try_to_connect, what="the bus")
        self._connection.signal_subscribe(None, None, None, None, None, Gio.DBusSignalFlags.NONE, self.on_signal)

    def try_to_connect(self):
        """None as long as the socket is bound and nobody listens on it yet."""
        try:
            return self.connect()
        except GLib.Error as error:
            if error.matches(Gio.io_error_quark(), Gio.IOErrorEnum.CONNECTION_REFUSED):
                return None
            raise

    def connect(self):
        flags = Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION
        return Gio.DBusConnection.new_for_address_sync(self.address, flags, None, None)

    def on_signal(self, connection, sender, path, interface, member, arguments):
        if path.startswith(PATH):
            self.signals.append(Signal(path, interface, member, arguments.unpack()))

    def start(self):
        if self.process:
            return self
        if not self.bus_process:
            self.start_bus()
        self.write_configuration()
        environment = {key: value for key, value in os.environ.items() if not key.startswith(("PYTEST", "DBUS_"))}
        environment.update(self.environment)
        with open(self.directory / "hived.log", "a") as log:
            self.process = subprocess.Popen(
                [
                    *map(str, self.wrapper),
                    str(self.build.libexec / "rbee-hived"),
                    "--config",
                    str(self.directory / "hive.conf"),
                    "--bus",
                    self.address,
                    f"--launcher={self.launcher}",
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=environment,
                cwd="/",
            )
        wait_until(self.has_started, LEAST * self.patience, lambda: "the hive; it said:\n" + self.daemon_log())
        return self

    def has_started(self):
        assert self.process.poll() is None, f"rbee-hived ended with {self.process.returncode}:\n{self.daemon_log()}"
        return self.name_is_owned()

    def name_is_owned(self):
        answer = self._connection.call_sync(
            "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "NameHasOwner", GLib.Variant("(s)", (NAME,)), None, 0, -1, None
        )
        return answer.unpack()[0]

    def daemon_log(self):
        path = self.directory / "hived.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def sanitizers_complaints(self):
        """Those about the daemon, and those in the logs of jobs: there is what the programs in their sandboxes say."""
        logs = list(self.state.glob("jobs/*/log")) if self.build.sanitized and self.state.exists() else []
        said = [self.daemon_log(), *(log.read_text(errors="replace") for log in logs if log.is_file())]
        if self.wrapper[:1] == ["strace"]:  # what has no environment of ours looks for leaks all the same, and cannot
            said = [re.sub(r".*LeakSanitizer (has encountered|does not work).*", "", text) for text in said]
        return [f"a sanitizer complained: {text[-20000:]}" for text in said if SANITIZED.search(text)]

    def stop(self, number=signal.SIGTERM):
        """Ends the daemon and returns its exit status."""
        process, self.process = self.process, None
        process.send_signal(number)
        return process.wait(LEAST * self.patience)

    def restart(self, number=signal.SIGTERM):
        self.stop(number)
        wait_until(lambda: not self.name_is_owned(), what="the name to be free")
        return self.start()

    def close(self):
        """What every test ends with: the daemon still ran, ended well, and no sanitizer complained."""
        complaints = []
        if self.account in witnesses:
            witnesses.remove(self.account)
        try:
            if self.process:
                if self.process.poll() is not None:
                    complaints.append(f"rbee-hived ended by itself with {self.process.returncode}")
                else:
                    status = self.stop()
                    if status:
                        complaints.append(f"rbee-hived ended with {status} when it was told to")
            for stop in self.stops:
                stop()
            if self._connection:
                self._connection.close_sync()
            if self.bus_process:
                self.bus_process.terminate()
                self.bus_process.wait()
            complaints += self.sanitizers_complaints()
        finally:
            for pid, _ in self.processes():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            for target in reversed(self.mounts):
                subprocess.run(["umount", "--lazy", str(target)], check=False)
            for path, folders, _ in os.walk(self.directory):
                for folder in folders:
                    with contextlib.suppress(OSError):
                        if not os.path.islink(os.path.join(path, folder)):
                            os.chmod(os.path.join(path, folder), 0o755)
            log = self.daemon_log()
            shutil.rmtree(self.directory, ignore_errors=True)
        assert not complaints, "; ".join(complaints) + ":\n" + log

    # D-Bus

    @property
    def connection(self):
        self.start()
        return self._connection

    def call(self, method, *arguments, path=PATH, interface=NAME, signature=None, timeout=LEAST, connection=None):
        if len(arguments) == 1 and isinstance(arguments[0], GLib.Variant):
            parameters = arguments[0]
        else:
            parameters = GLib.Variant(signature or "(" + "s" * len(arguments) + ")", arguments)
        try:
            answer = (connection or self.connection).call_sync(
                NAME, path, interface, method, parameters, None, self.call_flags, int(timeout * self.patience * 1000), None
            )
        except GLib.Error as error:
            name = Gio.DBusError.get_remote_error(error) or "?"
            Gio.DBusError.strip_remote_error(error)
            raise HiveError(name.removeprefix(ERROR), error.message) from None
        values = answer.unpack()
        return values[0] if len(values) == 1 else values

    def get(self, path, interface, name):
        return self.call("Get", interface, name, path=path, interface="org.freedesktop.DBus.Properties")

    def get_all(self, path, interface):
        return self.call("GetAll", interface, path=path, interface="org.freedesktop.DBus.Properties")

    def introspect(self, path):
        return self.call("Introspect", path=path, interface="org.freedesktop.DBus.Introspectable")

    def managed_objects(self):
        return self.call("GetManagedObjects", path=PATH, interface="org.freedesktop.DBus.ObjectManager")

    def install(self, worker, connection=None, **options):
        """Starts an install."""
        options = {key: variant(value) for key, value in options.items()}
        if not options:
            return Job(self, self.call("InstallWorker", worker, connection=connection))
        return Job(self, self.call("InstallWorkerWithOptions", GLib.Variant("(sa{sv})", (worker, options)), connection=connection))

    def remove(self, worker):
        return Job(self, self.call("RemoveWorker", worker))

    def installs(self, worker, **options):
        """Installs a worker and expects that to work."""
        job = self.install(worker, **options)
        assert job.wait() == ("done", "", ""), job.log_text()
        return job

    def removes(self, worker):
        job = self.remove(worker)
        assert job.wait() == ("done", "", ""), job.log_text()
        return job

    def refuses(self, worker, error, *parts, **options):
        """Installs a worker and expects the job to fail: with that error, a message that has all @parts, the same in the signal, the
        properties and the log, and nothing left behind."""
        return self.fails(self.install(worker, **options), error, *parts)

    def fails(self, job, error, *parts):
        end = job.wait()
        assert (end.result, end.error) == ("failed", error), f"{end}\n{job.log_text()}"
        for part in parts:
            assert part in end.message, f"{part!r} is not in {end.message!r}"
        assert (job.state, job.get("ErrorName"), job.get("ErrorMessage")) == ("failed", error, end.message)
        records = job.records()
        assert [record.stream for record in records[-2:]] == ["error", "end"], job.log_text()
        assert records[-2].text == f"{error} {end.message}"
        assert records[-1].text == "failed"
        assert not any(record.phase in ("capabilities", "cleanup") and record.stream == "note" for record in records)
        self.nothing_left()
        return job

    def workers(self):
        return {worker["id"]: worker for worker in self.call("ListWorkers")}

    def record(self, worker):
        return json.loads((self.state / "workers" / f"{worker}.json").read_text())

    def ask(self, method, *arguments, connection=None):
        """A call that is not waited for. What becomes of it: a list that gets the answer, or the error's name."""
        outcome = []

        def done(source, result):
            try:
                outcome.append(source.call_finish(result).unpack())
            except GLib.Error as error:
                outcome.append((Gio.DBusError.get_remote_error(error) or "?").removeprefix(ERROR))

        parameters = GLib.Variant("(" + "s" * len(arguments) + ")", arguments)
        (connection or self.connection).call(
            NAME, PATH, NAME, method, parameters, None, Gio.DBusCallFlags.NO_AUTO_START, int(LEAST * 1000 * self.patience), None, done
        )
        return outcome

    # commands

    def command_environment(self):
        self.start()
        environment = dict(
            os.environ,
            DBUS_SYSTEM_BUS_ADDRESS=self.address,
            DBUS_SESSION_BUS_ADDRESS="unix:path=/nonexistent",
            LC_ALL="C.UTF-8",
            LANGUAGE="",
            TERM="xterm-256color",
        )
        environment["PATH"] = f"{self.build.bin}:{environment['PATH']}"
        return environment

    def run(self, *command, status=0, timeout=LEAST, **options):
        """Runs a command that finds our bus as the system's; @status None: any."""
        environment = self.command_environment()
        environment.update(options.pop("env", {}))
        done = subprocess.run(
            [str(part) for part in command],
            stdin=options.pop("stdin", subprocess.DEVNULL),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
            text=True,
            timeout=timeout * self.patience,
            **options,
        )
        assert not SANITIZED.search(done.stderr), done.stderr
        if status is not None:
            assert done.returncode == status, f"{command} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}"
        return done

    def hivectl(self, *arguments, **options):
        return self.run(self.build.bin / "hivectl", *arguments, **options)

    def call_as_nobody(self, *arguments):
        """What busctl prints of a call by another user. Root alone can do that."""
        return self.run(
            "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "busctl", "--system", f"--timeout={LEAST}", "call", NAME, *arguments
        ).stdout

    def spawn(self, *command, **options):
        """Starts a command on our bus; it is ended with the hive."""
        process = subprocess.Popen([str(part) for part in command], stdin=subprocess.DEVNULL, env=self.command_environment(), **options)

        def stop():
            process.kill()
            process.wait()
            for stream in (process.stdout, process.stderr):
                if stream:
                    stream.close()

        self.stops.append(stop)
        return process

    # what is there, and what is not

    def processes(self):
        """Processes of jobs: those that have a directory of ours mounted into their own view, those of the jobs' uids, and the daemon's
        children. (pid, command line)"""
        ours, found, children = os.readlink("/proc/self/ns/mnt"), [], set()
        if self.process:
            with contextlib.suppress(OSError):
                children = set(pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split())
        for name in filter(str.isdigit, os.listdir("/proc")):
            proc = f"/proc/{name}"
            with contextlib.suppress(OSError):
                of_job = os.geteuid() == 0 and self.uid_range[0] <= os.stat(proc).st_uid <= self.uid_range[1]
                if of_job or name in children or self.is_inside(proc, ours):
                    command = pathlib.Path(proc, "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
                    if pathlib.Path(proc, "stat").read_text().rpartition(")")[2].split()[0] != "Z":
                        found.append((int(name), command))
        return found

    def is_inside(self, proc, ours):
        """Whether a process has other mounts than we have, and a folder of ours among them, elsewhere than it is: who has but left our
        mounts, as a sandbox that is being made, has copies of all that other tests had mounted by then."""
        with contextlib.suppress(OSError):
            mounts = [] if os.readlink(f"{proc}/ns/mnt") == ours else pathlib.Path(proc, "mountinfo").read_text().splitlines()
            fields = [line.split()[3:5] for line in mounts]
            return any(self.directory.name in of and self.directory.name not in at for of, at in fields)
        return False

    def walk_root(self):
        for path, folders, names in os.walk(self.root):
            yield os.path.normpath("/" + os.path.relpath(path, self.root)), path, folders, names

    def root_entries(self):
        """Everything beneath InstallRoot, as paths inside a package: files and links, directories."""
        files, directories = set(), set()
        for above, path, folders, names in self.walk_root():
            for name in folders + names:
                whole, inside = os.path.join(path, name), os.path.join(above, name)
                (directories if name in folders and not os.path.islink(whole) else files).add(inside)
        return files, directories

    def recorded(self):
        files, directories = set(), set()
        for path in sorted((self.state / "workers").glob("*.json")):
            record = json.loads(path.read_text())
            files.update(file["path"] for file in record["files"])
            directories.update(record["directories"])
        return files, directories

    def nothing_left(self):
        """No work tree, no transaction, no file but the recorded ones and those that were there before, no folder that was made for
        nothing, no process; every ended job's log is ended."""
        # hivectl goes by the log, which ends before the job's last state is written.
        wait_until(lambda: not (self.state / "unfinished").exists(), what="the last state of every job")
        for folder in (self.cache / "work", self.state / "transactions"):
            left = [name for name in (os.listdir(folder) if folder.exists() else []) if name != ".lock"]
            assert not left, f"{folder} still has {left}"
        for folder in (self.state / "workers", self.state):
            if folder.exists():
                stray = [
                    name
                    for name in os.listdir(folder)
                    if not name.endswith(".json") and name not in ("jobs", "workers", "transactions", "kept", "next-job", "lock")
                ]
                assert not stray, f"{folder} has {stray}"
        kept = self.state / "kept"
        for worker in kept.iterdir() if kept.exists() else ():
            assert (self.state / "workers" / f"{worker.name}.json").exists(), f"{worker} is of no worker"
            assert all(version.name.isdigit() for version in worker.iterdir()), f"{worker} has a remnant"
        files, directories = self.root_entries()
        recorded, recorded_directories = self.recorded()
        assert files == recorded | self.foreign, "files beneath the root that nobody recorded, or recorded ones that are gone"
        needed = {str(parent) for path in recorded | self.foreign for parent in pathlib.PurePath(path).parents}
        assert directories <= needed | recorded_directories, "folders that were made for nothing"
        for folder in (self.state / "jobs").iterdir():
            try:
                state = json.loads((folder / "job.json").read_text())["state"]
                records = read_records((folder / "log").read_bytes()) if state in FINAL else []
            except FileNotFoundError:  # [History] lets old ones go when the hive has nothing else to do
                wait_until(lambda gone=folder: not gone.exists(), what=f"{folder} to be gone")
                continue
            if state in FINAL:
                ends = [index for index, record in enumerate(records) if record.stream == "end"]
                assert ends == [len(records) - 1], f"the log of job {folder.name} is not ended, or twice"
                assert records[-1].text == state
        wait_until(
            lambda: not self.processes() or all(self.is_query(command) for _, command in self.processes()),
            what=lambda: f"the processes {self.processes()}",
        )

    @staticmethod
    def is_query(command):
        return "--query" in command

    def memory(self, key="VmRSS"):
        """The daemon's memory, in KiB."""
        text = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(rf"^{key}:\s+(\d+) kB", text, re.MULTILINE)[1])
