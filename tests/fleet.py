# SPDX-License-Identifier: LGPL-2.1-or-later
"""Machines on one bridge, for tests: the first builds, and asks the others by ssh; these have no compiler. A registry with a password and a
certificate of an authority of the site's own is on the bridge too."""

import concurrent.futures
import json
import os
import pathlib
import shutil
import subprocess
import tempfile

import machine as machines
import unpacked
from catalog import HttpCatalog
from registry import Gate, Registry
from stores import Signer
from tls import Authority
from waiting import wait_until

NAMES = ("alpha", "beta", "gamma", "delta", "epsilon")
SSHD = """[Unit]
Wants=network.target
[Service]
RuntimeDirectory=sshd
ExecStart=/usr/sbin/sshd -D -e -f /etc/ssh/sshd_test
"""
SSHD_CONFIGURATION = """HostKey /etc/ssh/test_key
PermitRootLogin prohibit-password
AuthorizedKeysFile /etc/ssh/test_authorized
UsePAM no
Subsystem sftp /usr/lib/openssh/sftp-server
"""


def copy_package(package, root):
    """Its files, of a package that is not installed."""
    shutil.copytree(unpacked.files(package), root, symlinks=True, dirs_exist_ok=True)


class Member(machines.Machine):
    """A machine of the fleet, with sshd, and one address."""

    def __init__(self, fleet, number, system_build):
        self.name, self.address, self.fleet = NAMES[number], f"{fleet.net}.{number + 10}", fleet
        self.network, self.system_build = (f"--network-bridge={fleet.bridge}",), system_build
        super().__init__(self.install)
        for command in (f"address add {self.address}/24 dev host0", "link set host0 up"):
            self.run("ip", *command.split())

    def install(self, root):
        machines.install(self.system_build, root)
        if self.name != NAMES[0]:
            machines.remove_compilers(root)
        (root / "etc/hostname").write_text(self.name + "\n")
        (root / "etc/hosts").write_text("127.0.0.1 localhost\n" + self.fleet.hosts)
        if not (root / "usr/sbin/sshd").exists():
            for package in ("openssh-server", "openssh-sftp-server", "libwrap0"):
                copy_package(package, root)
            self.chroot("useradd", "--system", "--home-dir", "/run/sshd", "--shell", "/usr/sbin/nologin", "sshd")
        ssh = root / "etc/ssh"
        for name in ("test_key", "test_key.pub"):
            shutil.copy(self.fleet.keys / name, ssh / name)
        shutil.copy(self.fleet.keys / "admin.pub", ssh / "test_authorized")
        (ssh / "sshd_test").write_text(SSHD_CONFIGURATION)
        (root / "etc/systemd/system/test-sshd.service").write_text(SSHD)
        (root / "etc/systemd/system/multi-user.target.wants/test-sshd.service").symlink_to("/etc/systemd/system/test-sshd.service")

    def hivectl(self, *arguments, **options):
        return self.run("hivectl", *arguments, **options)

    def installed(self):
        return [worker["id"] for worker in json.loads(self.hivectl("list", "--json").stdout)]

    def log(self):
        """Of its newest job."""
        job = max(json.loads(self.hivectl("jobs", "--all", "--json").stdout), key=lambda job: int(job["id"]))
        return self.hivectl("log", job["id"]).stdout


class Fleet:
    def __init__(self, system_build):
        self.machines, self.registry, self.gate, self.catalog = [], None, None, None
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="rbee-fleet.", dir="/var/tmp"))
        self.folder.chmod(0o755)
        number = os.urandom(2)
        self.bridge, self.net = f"rbee{number.hex()}", f"10.{number[0]}.{number[1]}"
        self.hosts = "".join(f"{self.net}.{i + 10} {name}\n" for i, name in enumerate(NAMES))
        try:
            self.make_bridge()
            self.make_keys()
            self.make_servers()
            with concurrent.futures.ThreadPoolExecutor(2) as pool:
                booting = [pool.submit(Member, self, i, system_build) for i in range(len(NAMES))]
                concurrent.futures.wait(booting)
                self.machines = [each.result() for each in booting if not each.exception()]
                for each in booting:
                    each.result()
            self.let_in()
        except BaseException:
            self.close()
            raise

    @property
    def builder(self):
        return self.machines[0]

    @property
    def others(self):
        return self.machines[1:]

    def make_bridge(self):
        for command in (f"link add {self.bridge} type bridge", f"address add {self.net}.1/24 dev {self.bridge}", f"link set {self.bridge} up"):
            subprocess.run(["ip", *command.split()], check=True)

    def make_keys(self):
        self.keys = self.folder / "keys"
        self.signer = Signer(self.keys)
        for name in ("test_key", "admin"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "test", "-f", self.keys / name], check=True)
        self.authority = Authority(self.keys, "corp")

    def make_servers(self):
        self.catalog = HttpCatalog(f"{self.net}.1")
        self.registry = Registry(password=True)
        self.gate = Gate(self.registry, f"{self.net}.1", self.authority.context(f"IP:{self.net}.1"))

    def let_in(self):
        """The first machine knows all of them, and has the key that lets in."""
        home = self.builder.path("/root/.ssh")
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir(mode=0o700)
        shutil.copy(self.keys / "admin", home / "id_ed25519")
        key = " ".join((self.keys / "test_key.pub").read_text().split()[:2])
        (home / "known_hosts").write_text("".join(f"{member.name},{member.address} {key}\n" for member in self.machines))
        for member in self.machines:
            wait_until(
                lambda member=member: self.builder.run("ssh", member.name, "true", status=None).returncode == 0, what=f"the sshd of {member.name}"
            )

    def on_others(self, *arguments, **options):
        """What hivectl --host says of all that do not build."""
        return self.builder.hivectl("--host", ",".join(member.name for member in self.others), *arguments, timeout=120, **options)

    def close(self):
        for member in self.machines:
            member.close()
        for server in (self.catalog, self.gate, self.registry):
            if server:
                server.close()
        subprocess.run(["ip", "link", "delete", self.bridge], check=False)
        shutil.rmtree(self.folder)
