# SPDX-License-Identifier: LGPL-2.1-or-later
"""A whole machine for tests: a real systemd, dbus-daemon, polkitd and journal, booted by systemd-nspawn from this machine's own files
with a throw-away overlay on top, in a few seconds and without a download. The hive is installed into that overlay.

RBEE_TEST_MACHINE may name the folders of another system instead, the upper ones first and with colons between them, and RBEE_TEST_PACKAGE
the package that is installed there, with those beside it: tests/distributions has suites run on other releases so."""

import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import time

from gi.repository import Gio, GLib

from catalog import Catalog
from hive import Hive
from waiting import last_lines, testimony, wait_until, witnesses

# What this machine may start at boot and no test needs.
MASKED = (
    "getty.target",
    "console-getty.service",
    "systemd-logind-varlink.socket",
    "cron.service",
    "anacron.timer",
    "apt-daily.timer",
    "apt-daily-upgrade.timer",
    "dpkg-db-backup.timer",
    "e2scrub_all.timer",
    "e2scrub_reap.service",
    "fstrim.timer",
    "man-db.timer",
    "postgresql.service",
    "redis-server.service",
    "nginx.service",
    "docker.service",
    "docker.socket",
    "containerd.service",
    "ssh.service",
    "systemd-resolved.service",
    "systemd-networkd.service",
    "systemd-timesyncd.service",
    "networking.service",
    "systemd-udevd.service",
    "systemd-udevd-control.socket",
    "systemd-udevd-kernel.socket",
    "systemd-udev-trigger.service",
    "systemd-firstboot.service",
    "ldconfig.service",
    "systemd-update-done.service",
)
# Properties of a unit that change while it runs, and what of a command's does.
MEASURED = re.compile(r"Timestamp|State$|^(Job|MainPID|Memory|CPUUsage|TasksCurrent|IO\w+(Bytes|Operations)|IP(In|E)gress)|^N(Accepted|Connections)")
RUN = re.compile(r"(start_time|stop_time|pid|code|status)=[^;}]*")
# Where this machine's own work lies, in numbers: a boot empties /tmp, and virtiofsd holds a descriptor for every file that it is asked about.
# Whoever lives in /home may have the name of one of USERS.
EMPTY = {"tmp": 0o1777, "var/tmp": 0o1777, "home": 0o755}
USERS = ("anna", "bob")


def obstacle():
    """Why no machine can be booted here, or None."""
    if os.geteuid() != 0:
        return "booting a machine needs root"
    for command in ("systemd-nspawn", "nsenter"):
        if not shutil.which(command):
            return f"there is no {command} here (Debian: systemd-container, util-linux)"
    if not pathlib.Path("/lib/systemd/systemd").exists():
        return "there is no systemd here"
    return None


def install(build, root):
    """The programs of a build with the prefix /usr, into a machine that does not run yet; systemd does the rest at its boot."""
    if "RBEE_TEST_PACKAGE" in os.environ:
        install_packages(pathlib.Path(os.environ["RBEE_TEST_PACKAGE"]).parent.glob("rbee-hive*.deb"), root)
        return
    subprocess.run(["meson", "install", "-C", str(build), "--no-rebuild", "--quiet", "--destdir", str(root)], check=True, stdout=subprocess.DEVNULL)
    wants = root / "etc/systemd/system/multi-user.target.wants"
    wants.mkdir(parents=True, exist_ok=True)
    for unit in ("rbee-hived.path", "rbee-hive-workers.service"):
        (wants / unit).symlink_to(f"/usr/lib/systemd/system/{unit}")


COMPILERS = ("cc", "c89", "c99", "gcc*", "g++*", "c++", "*-linux-gnu-gcc*", "*-linux-gnu-g++*", "clang*", "tcc")


def remove_compilers(root):
    """From a machine that does not run yet."""
    for pattern in COMPILERS:
        for path in (root / "usr/bin").glob(pattern):
            path.unlink()


def install_packages(packages, root):
    """The same of Debian's packages. Machines side by side share a port: who wants the bridge starts it."""
    names = [f"/root/{pathlib.Path(shutil.copy(package, root / 'root')).name}" for package in sorted(packages)]
    for command in (["dpkg", "--install", *names], ["systemctl", "disable", "rbee-hive-bridge.socket"]):
        done = subprocess.run(["chroot", root, *command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        assert done.returncode == 0, done.stdout
    for name in names:
        (root / name[1:]).unlink()


class Copy:
    """This machine's files, or those of @lower, with a throw-away overlay on top, for a machine that boots when it is made, whatever runs it.
    @prepare gets the root folder before the boot and may put files there."""

    def __init__(self, prepare=None, lower=None):
        self.lower = lower or os.environ.get("RBEE_TEST_MACHINE", "/")
        self.directory = pathlib.Path(f"/var/tmp/rbee-machine-{os.urandom(6).hex()}")
        self.directory.mkdir(mode=0o700)
        self.overlay, self.files = self.directory / "overlay", self.directory / "root"
        self.overlay.mkdir()
        self.files.mkdir()
        self.mount("-t", "tmpfs", "-o", "size=4g", "tmpfs", self.overlay)
        for name in ("upper", "work"):
            (self.overlay / name).mkdir()
        for name, mode in EMPTY.items():
            self.hide(self.overlay / "upper" / name, mode)
        self.mount("-t", "overlay", "-o", f"lowerdir={self.lower},upperdir={self.overlay}/upper,workdir={self.overlay}/work", "overlay", self.files)
        try:
            self.prepare()
            if prepare:
                prepare(self.files)
            self.boot()
        except BaseException:
            self.close()
            raise

    def beneath(self, path):
        """Where a file lies that the overlay may have changed; it may not be there."""
        places = [pathlib.Path(folder, str(path).lstrip("/")) for folder in self.lower.split(":")]
        return next((place for place in places if os.path.lexists(place)), places[-1])

    @staticmethod
    def hide(folder, mode):
        """Makes a folder of the overlay that shows nothing of what is beneath it."""
        folder.mkdir(parents=True)
        folder.chmod(mode)
        os.setxattr(folder, "trusted.overlay.opaque", b"y")

    @staticmethod
    def mount(*arguments):
        subprocess.run(["mount", *map(str, arguments)], check=True)

    def prepare(self):
        units = self.files / "etc/systemd/system"
        for name in MASKED:
            with contextlib.suppress(FileExistsError):
                (units / name).symlink_to("/dev/null")
        (self.files / "etc/machine-id").write_text(os.urandom(16).hex() + "\n")
        (self.files / "etc/hostname").write_text("machine\n")
        shutil.rmtree(self.files / "var/log/journal", ignore_errors=True)
        for name in USERS:
            subprocess.run(["chroot", str(self.files), "userdel", "--force", name], check=False, stderr=subprocess.DEVNULL)
            self.chroot("useradd", "--create-home", "--shell", "/bin/bash", name)

    def chroot(self, *command):
        subprocess.run(["chroot", str(self.files), *command], check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)

    def console(self):
        return (self.directory / "console").read_text(errors="replace")[-4000:]

    def close(self):
        for target in (self.files, self.overlay):
            subprocess.run(["umount", "--lazy", str(target)], check=False)
        time.sleep(0.1)
        shutil.rmtree(self.directory, ignore_errors=True)


class Machine(Copy):
    """Booted in a container."""

    nspawn = leader = None
    network = ("--capability=CAP_NET_ADMIN",)  # this machine's; units with a network of their own need its loopback up

    # its life

    @property
    def hierarchy(self):
        """How it sees control groups: as this machine does, or as the only way that systemd 258 and later know."""
        return {} if self.lower == "/" else {"SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1"}

    def cgroups(self):
        """Its own in every hierarchy: machines side by side would otherwise share their units' ones."""
        mounts = [line.split() for line in pathlib.Path("/proc/self/mounts").read_text().splitlines()]
        return [pathlib.Path(mount[1], self.directory.name) for mount in mounts if mount[2] in ("cgroup", "cgroup2") and "cpuset" not in mount[3]]

    def enter_cgroups(self):
        for cgroup in self.cgroups():
            cgroup.mkdir(exist_ok=True)
            (cgroup / "cgroup.procs").write_text(str(os.getpid()))

    def remove_cgroups(self):
        for cgroup in self.cgroups():
            for path, _, _ in os.walk(cgroup, topdown=False):
                with contextlib.suppress(OSError):
                    os.rmdir(path)

    def boot(self):
        with open(self.directory / "console", "ab") as console:
            self.nspawn = subprocess.Popen(
                [
                    "systemd-nspawn",
                    "--quiet",
                    "-D",
                    str(self.files),
                    "--boot",
                    "--keep-unit",
                    "--register=no",
                    "--console=pipe",
                    "--link-journal=no",
                    "--kill-signal=SIGRTMIN+3",
                    *self.network,
                    f"--machine={self.directory.name}",
                    *self.devices(),
                    *self.rights(),
                ],
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=console,
                preexec_fn=self.enter_cgroups,
                env=dict(os.environ, SYSTEMD_NSPAWN_API_VFS_WRITABLE="yes", **self.hierarchy),
            )
        self.wait_for_boot()
        if self.account not in witnesses:
            witnesses.append(self.account)

    @staticmethod
    def devices():
        """What sandboxes make their networks of."""
        return ["--bind=/dev/net/tun"] if os.path.exists("/dev/net/tun") else []

    def rights(self):
        """Where it has this machine's network, nspawn takes what systemd 257 and later ask for before they make a service another one."""
        return [] if self.lower == "/" or self.network else ["--capability=CAP_NET_ADMIN"]

    def wait_for_boot(self):
        wait_until(self.find_leader, what=lambda: "the machine's first process:\n" + self.console())
        wait_until(
            lambda: self.run("systemctl", "is-system-running", status=None).stdout.strip() in ("running", "degraded"),
            what=lambda: "the end of the boot:\n" + self.console(),
        )

    def find_leader(self):
        assert self.nspawn.poll() is None, f"systemd-nspawn ended:\n{self.console()}"
        children = pathlib.Path(f"/proc/{self.nspawn.pid}/task/{self.nspawn.pid}/children").read_text().split()
        if not children or not pathlib.Path(f"/proc/{children[0]}/root/run/systemd/private").exists():
            return False
        self.leader = int(children[0])
        return True

    def power_off(self):
        """The plug is pulled: nothing in the machine notices."""
        for pid in self.pids():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.nspawn.kill()
        self.nspawn.wait()
        self.leader = None

    def reboot(self):
        """In order: everything is told to end."""
        os.kill(self.leader, signal.SIGRTMIN + 3)
        self.nspawn.wait(90)
        self.leader = None
        self.boot()

    def pids(self):
        """Its processes, the first one last."""
        ours = os.readlink(f"/proc/{self.leader}/ns/pid") if self.leader else None
        found = []
        for name in os.listdir("/proc"):
            with contextlib.suppress(OSError):
                if name.isdigit() and os.readlink(f"/proc/{name}/ns/pid") == ours:
                    found.append(int(name))
        return sorted(found, key=lambda pid: pid == self.leader)

    def close(self):
        if self.account in witnesses:
            witnesses.remove(self.account)
        try:
            if self.nspawn and self.nspawn.poll() is None:
                if self.leader:
                    os.kill(self.leader, signal.SIGKILL)
                self.nspawn.kill()
                self.nspawn.wait()
        finally:
            super().close()
            self.remove_cgroups()

    # in it

    @property
    def root(self):
        """Its files, as its processes see them."""
        return pathlib.Path(f"/proc/{self.leader}/root")

    def path(self, path):
        return self.root / str(path).lstrip("/")

    def command(self, *command, user=None, environment=None):
        """The command line that runs @command in it, as @user (root unless told)."""
        whole = [
            "nsenter",
            "-t",
            str(self.leader),
            "-m",
            "-u",
            "-i",
            "-n",
            "-p",
            "-r",
            "-w",
            "-C",
            "--",
            "env",
            "-i",
            "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "LANG=C.UTF-8",
            "TERM=xterm-256color",
            f"HOME=/home/{user}" if user else "HOME=/root",
        ]
        whole += [f"{key}={value}" for key, value in (environment or {}).items()]
        if user:
            whole += ["setpriv", f"--reuid={user}", f"--regid={user}", "--init-groups"]
        return whole + [str(part) for part in command]

    def run(self, *command, user=None, status=0, timeout=60, environment=None, **options):
        """Runs a command to its end; @status None: any."""
        try:
            done = subprocess.run(
                self.command(*command, user=user, environment=environment),
                stdin=options.pop("stdin", subprocess.DEVNULL) if "input" not in options else None,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                timeout=timeout * (2 if os.environ.get("CI") else 1),
                **options,
            )
        except subprocess.TimeoutExpired as late:
            said = "\n".join(text.decode(errors="replace") for text in (late.stdout, late.stderr) if text)
            raise AssertionError(f"{command} has not ended in {late.timeout} s; it said:\n{said}{testimony()}") from None
        if status is not None:
            assert done.returncode == status, f"{command} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}"
        return done

    def spawn(self, *command, user=None, environment=None, **options):
        return subprocess.Popen(self.command(*command, user=user, environment=environment), **options)

    def show(self, unit, *properties):
        """Properties of a unit as text, by name."""
        text = self.run("systemctl", "show", unit, *(f"--property={name}" for name in properties)).stdout
        return dict(line.split("=", 1) for line in text.splitlines() if "=" in line)

    def settings(self, *units):
        """All that systemd was told of them: what it would do with them, and not what they do."""
        return {
            (unit, key, " ".join(sorted(RUN.sub("", value).split())))
            for unit in units
            for key, value in self.show(unit).items()
            if not MEASURED.search(key)
        }

    def account(self):
        """What goes on in it, briefly: for who waited in vain."""
        if not self.leader:
            return f"{self.directory.name} does not run"
        questions = {
            f"{self.directory.name} had said, the hive": ["journalctl", "--no-pager", "--lines=15", "--unit=rbee-hived.service"],
            "the package manager": ["journalctl", "--no-pager", "--lines=15", "--unit=packagekit.service"],
            "its last processes": ["ps", "-eo", "pid,ppid,stat,etimes,user:20,args", "--sort=start_time", "--no-headers"],
        }
        said = []
        for what, command in questions.items():
            done = subprocess.run(self.command(*command), stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", timeout=30)
            said.append(f"{what}:\n{last_lines(done.stdout + done.stderr)}")
        return "\n".join(said)

    def journal(self, *arguments):
        return self.run("journalctl", "--no-pager", "--output=cat", *arguments).stdout


class SystemHive(Hive):
    """The hive of a machine, activated by the bus. The files that the tests of the private bus look at are the machine's."""

    call_flags = Gio.DBusCallFlags.NONE

    def __init__(self, machine):
        self.machine = machine
        self.patience = 2 if os.environ.get("CI") else 1
        self.uid_range = (61184, 65519)  # systemd's dynamic users
        self.signals, self.foreign, self.stops = [], set(), []
        self.configuration = {"Hive": {}, "Catalog": {}, "Jobs": {}, "Log": {}, "Build": {}, "History": {}}
        self._connection = None
        self.process = None
        self.reset()

    @property
    def directory(self):
        return self.machine.root

    @property
    def state(self):
        return self.machine.path("/var/lib/rbee-hive")

    @property
    def cache(self):
        return self.machine.path("/var/cache/rbee-hive")

    def installed(self, path):
        return self.machine.path(path)

    def root_entries(self):
        """What came since the start of the test."""
        return tuple(now - before for now, before in zip(super().root_entries(), self.before))

    def walk_root(self):
        """What is not in the files of the machine that runs the tests: they may be many, and are nobody's business here."""
        upper = str(self.machine.overlay / "upper")
        for prefix in ("/usr/local", "/opt"):
            for path, folders, names in os.walk(upper + prefix):
                above = path.removeprefix(upper)
                yield (
                    above,
                    path,
                    *([name for name in found if not os.path.lexists(self.machine.beneath(os.path.join(above, name)))] for found in (folders, names)),
                )

    def processes(self):
        """The units that are left."""
        units = self.machine.run(
            "systemctl", "list-units", "--plain", "--no-legend", "rbee-job-*", "rbee-commit-*", "rbee-hive-builder-*", "rbee-hive-commit-*"
        ).stdout
        return [(0, line) for line in units.splitlines()]

    def reset(self):
        """As after the installation: nothing asked for, nothing installed, not running."""
        self.disconnect()
        counter = self.state / "next-job"
        number = counter.read_text() if counter.exists() else "1\n"
        wait_until(self.emptied, what=lambda: f"a hive that stays stopped:\n{self.machine.journal('--lines=60')}")
        self.state.mkdir()
        counter.write_text(number)
        self.catalog = Catalog(self.machine.path("/srv/catalog"))
        self.configuration["Catalog"]["URL"] = "file:///srv/catalog"
        self.write_configuration()
        self.machine.run(
            "sh", "-ec", "systemd-tmpfiles --create --prefix=/var/lib/rbee-hive --prefix=/var/cache/rbee-hive; systemctl start rbee-hived.path"
        )
        self.connect_again()
        self.before = super().root_entries()

    def emptied(self):
        """Whether nobody's call has started the daemon again meanwhile. In this order: a job that is stopped starts the daemon, and unfinished
        jobs do so too."""
        said = self.machine.run(
            "sh",
            "-c",
            "for unit in rbee-hived.path rbee-worker.slice rbee-hive.slice rbee-hived.service; do systemctl stop $unit; done; systemctl reset-failed",
            timeout=120,
        ).stderr
        left = [line for line in self.machine.run("ps", "-eo", "pid=,user:32=,args=").stdout.splitlines() if "rbee-builder-" in line]
        assert not left, f"what was stopped runs on: {left}; systemctl said: {said}\n{self.machine.journal('--lines=60')}"
        for worker in self.state.glob("workers/*.json"):
            for file in json.loads(worker.read_text())["files"]:
                self.machine.path(file["path"]).unlink(missing_ok=True)
        for folder in (self.state, self.cache, *map(self.machine.path, ("/srv/catalog", "/home/models"))):
            shutil.rmtree(folder, ignore_errors=True)
        return not self.state.exists()

    def configure(self, group, **keys):
        super().configure(group, **keys)
        self.write_configuration()

    def write_configuration(self):
        folder = self.machine.path("/etc/rbee-hive/hive.conf.d")
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "test.conf").write_text(
            "".join(f"[{group}]\n" + "".join(f"{key}={value}\n" for key, value in keys.items()) for group, keys in self.configuration.items() if keys)
        )

    # the bus

    @property
    def address(self):
        return f"unix:path={self.machine.root}/run/dbus/system_bus_socket"

    def connect_again(self):
        """Also after the machine was booted anew."""
        self.disconnect()
        self._connection = wait_until(self.try_to_connect, what="the bus")
        self._connection.signal_subscribe(None, None, None, None, None, Gio.DBusSignalFlags.NONE, self.on_signal)

    def disconnect(self):
        if self._connection:
            with contextlib.suppress(GLib.Error):
                self._connection.close_sync()
        self._connection = None
        self.signals.clear()

    def start(self):
        return self

    @property
    def connection(self):
        return self._connection

    def daemon_log(self):
        return self.machine.journal("--unit=rbee-hived.service", "--lines=100")

    @property
    def pid(self):
        """The daemon's process in the machine's own numbers; 0 when it does not run."""
        return int(self.machine.show("rbee-hived.service", "MainPID")["MainPID"])

    def kill(self, number=signal.SIGKILL):
        self.machine.run("systemctl", "kill", f"--signal={number.name}", "--kill-whom=main", "rbee-hived.service")

    def hivectl(self, *arguments, user=None, **options):
        return self.machine.run("hivectl", *arguments, user=user, **options)

    def close(self):
        self.disconnect()
