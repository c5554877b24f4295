# SPDX-License-Identifier: LGPL-2.1-or-later
"""What an administrator of Debian does on a booted machine: packages, hivectl, the configuration."""

import hashlib
import re
import shutil
import subprocess

from catalog import Catalog
from waiting import wait_until

NAME = "rbee-hive"
GATE = "until [ -e /usr/share/gate ]; do sleep 0.05; done"  # a line of a recipe that waits for a test


def newer_package(package, folder):
    """The same with a higher version and another daemon: one that has a word more at its end."""
    tree = folder / "tree"
    subprocess.run(["dpkg-deb", "-R", package, tree], check=True)
    control = tree / "DEBIAN/control"
    control.write_text(re.sub(r"^(Version: .*)$", r"\1+newer", control.read_text(), flags=re.MULTILINE))
    daemon = tree / "usr/libexec/rbee-hive/rbee-hived"
    sums = tree / "DEBIAN/md5sums"
    before = hashlib.md5(daemon.read_bytes()).hexdigest()
    daemon.write_bytes(daemon.read_bytes() + b"newer")
    sums.write_text(sums.read_text().replace(before, hashlib.md5(daemon.read_bytes()).hexdigest()))
    subprocess.run(["dpkg-deb", "--root-owner-group", "-b", tree, folder / "newer.deb"], check=True, stdout=subprocess.DEVNULL)
    return folder / "newer.deb"


class Administrator:
    """What an administrator does on a machine."""

    def __init__(self, machine):
        self.machine = machine
        self.gate = machine.path("/usr/share/gate")

    def dpkg(self, *arguments, **options):
        return self.machine.run("dpkg", *arguments, environment={"DEBIAN_FRONTEND": "noninteractive"}, timeout=180, **options)

    def install(self, package):
        shutil.copy(package, self.machine.path("/root/hive.deb"))
        return self.dpkg("-i", "/root/hive.deb")

    def apt_install(self, packages):
        """Of packages that lie on the machine that runs the tests; what apt said."""
        for package in packages:
            shutil.copy(package, self.machine.path("/root"))
        return self.machine.run(
            "sh",
            "-ec",
            "apt-get install --yes --no-install-recommends /root/*.deb; rm /root/*.deb",
            environment={"DEBIAN_FRONTEND": "noninteractive"},
            timeout=300,
        ).stdout

    def hivectl(self, *arguments, **options):
        return self.machine.run("hivectl", *arguments, **options)

    def configure(self, text):
        folder = self.machine.path("/etc/rbee-hive/hive.conf.d")
        folder.mkdir(exist_ok=True)
        (folder / "test.conf").write_text(text)
        self.machine.run("systemctl", "try-restart", "rbee-hived.service", status=None)

    def offer(self, **recipes):
        """A catalog with these, one job at a time."""
        catalog = Catalog(self.machine.path("/srv/catalog"))
        for name, recipe in recipes.items():
            catalog.add(name, recipe)
        self.configure("[Catalog]\nURL=file:///srv/catalog\n[Jobs]\nMaxParallel=1\n")

    def ask_for(self, worker):
        """Starts an install; the job's number."""
        answer = self.machine.run("busctl", "call", "org.rbee.Hive", "/org/rbee/Hive", "org.rbee.Hive", "InstallWorker", "s", worker).stdout
        return re.search(r"/job/(\d+)", answer)[1]

    def log(self, job):
        path = self.machine.path(f"/var/lib/rbee-hive/jobs/{job}/log")
        return path.read_text() if path.exists() else ""

    def follow(self, job):
        return self.machine.spawn("hivectl", "log", "--follow", job, stdout=-1, stderr=-2, text=True)

    def wait_for_line(self, job, text):
        wait_until(lambda: text in self.log(job), what=lambda: f"{text} in the log of job {job}:\n{self.log(job)}")

    def unit(self, name, key):
        return self.machine.show(name, key)[key]

    @property
    def daemon(self):
        return int(self.unit("rbee-hived.service", "MainPID"))

    def program(self, pid):
        return self.machine.run("sha256sum", f"/proc/{pid}/exe").stdout.split()[0]

    def processes(self):
        lines = self.machine.run("ps", "-eo", "pid=,user:32=,args=").stdout.splitlines()
        return [line for line in lines if "rbee" in line or "bwrap" in line or "/usr/share/gate" in line]
