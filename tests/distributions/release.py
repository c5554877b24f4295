# SPDX-License-Identifier: LGPL-2.1-or-later
"""A release of Debian: the hive's packages, built there, and a machine that runs it."""

import re
import shutil
import subprocess

import bare
import machine as machines
from administrator import NAME, Administrator
from build import SOURCE

RELEASES = {"bookworm": "Debian 12", "trixie": "Debian 13", "sid": "Debian sid"}
# What a worker in C takes, and what looks at the page, at JSON and at the package's own tests.
ON_MACHINES = ("gcc", "libc6-dev", "curl", "jq", "polkitd", "autopkgtest", "dpkg-dev")
# Why piuparts looks past a path: pattern, reason
PAST = {
    r"/var/cache/debconf/tmp\.ci": "dpkg-preconfigure of debconf makes it (Debian 13), whatever is installed, and leaves it",
}


def dependencies(*groups):
    """Rows of tools/dependencies, as text that changes with them."""
    rows = (SOURCE / "tools/dependencies").read_text().splitlines()
    return "\n".join(row for row in rows if row.startswith(tuple(f"{group} " for group in groups)))


def with_dependencies(release, name, groups, more="true"):
    """A layer that has what a tool of this tree installs for itself."""

    def change(root):
        shutil.copy(SOURCE / "tools/dependencies", root.path / "root")
        root.run(
            "bash",
            "-ec",
            f"apt-get update -qq; . /root/dependencies; dependencies_ensure {' '.join(groups)}; {more}; rm /root/dependencies",
            timeout=7200,
        )

    return bare.layer(release, name, change, of=dependencies(*groups) + more)


def equipped(release):
    """A layer that has all that tools/test installs."""
    return with_dependencies(release, "test", ("build", "run", "test", "package", "web", "window"), "useradd --create-home anna")


class Booted(machines.Machine):
    """A bare system in a container, with a network of its own: its ports are nobody else's."""

    network = ("--private-network",)


class Release:
    """A release, with what was made for it so far."""

    def __init__(self, name, folder):
        self.name, self.folder = name, folder
        self.packages = []
        self.machine = None

    def builder(self):
        """A bare system with what tools/package installs there."""
        more = "apt-get install -qq --no-install-recommends lintian nodejs; useradd --create-home anna"
        return bare.Root(self.name, with_dependencies(self.name, "build", ("build", "package", "window"), more))

    def build(self):
        """Makes the packages, by an ordinary user in a folder with a space in its name."""
        root = self.builder()
        try:
            bare.copy_source(root.path / "home/anna/a checkout")
            root.run("chown", "-R", "anna:", "/home/anna")
            root.run(
                "setpriv",
                "--reuid=anna",
                "--regid=anna",
                "--clear-groups",
                "sh",
                "-c",
                "cd '/home/anna/a checkout'; exec env HOME=/home/anna tools/package",
            )
            self.packages = self.take(root.path / "home/anna/a checkout")
            self.complaints = root.run(
                "sh", "-c", "cd '/home/anna/a checkout/build/package' && lintian --display-info --pedantic --fail-on none *.changes", status=None
            ).stdout
        finally:
            root.close()

    def build_again(self):
        """The packages once more, where everything else is different that may be."""
        root = self.builder()
        try:
            bare.copy_source(root.path / "srv/other")
            root.run("sh", "-ec", "umask 077; cd /srv/other; exec env TZ=Asia/Tokyo LC_ALL=C tools/package")
            return self.take(root.path / "srv/other")
        finally:
            root.close()

    def take(self, checkout):
        """The packages of a checkout, out of the system that made them."""
        folder = self.folder / checkout.name
        folder.mkdir(parents=True)
        return [shutil.copy(package, folder / package.name) for package in sorted((checkout / "build/package").glob("*.deb"))]

    def named(self):
        """The packages of the hive and its bridge, by name."""
        named = {re.match(r"[a-z-]+", package.name)[0]: package for package in self.packages}
        return {name: named[name] for name in (NAME, f"{NAME}-bridge")}

    def piuparts(self):
        """What piuparts of this release says of them."""

        def change(root):
            root.run("sh", "-ec", "apt-get update -qq; apt-get install -qq --no-install-recommends piuparts debootstrap")

        root = bare.Root(self.name, bare.layer(self.name, "piuparts", change, of="piuparts"))
        try:
            for package in self.named().values():
                shutil.copy(package, root.path / "srv")
            subprocess.run(["tar", "-C", bare.system(self.name), "-czf", root.path / "srv/bare.tgz", "."], check=True)
            return root.run(
                "sh",
                "-c",
                f"exec piuparts --distribution {self.name} --mirror '{bare.MIRROR} main' --basetgz /srv/bare.tgz --no-upgrade-test "
                f"{' '.join(f'--ignore-regex={pattern!r}' for pattern in PAST)} /srv/*.deb",
                status=None,
            )
        finally:
            root.close()

    def boot(self):
        """A bare system that has what the package depends on: the machine is cut off."""

        def change(root):
            for package in self.named().values():
                shutil.copy(package, root.path / "root")
            root.run(
                "sh",
                "-ec",
                f"apt-get update -qq; apt-get install -qq --no-install-recommends {' '.join(ON_MACHINES)}; "
                f"apt-get install -qq --no-install-recommends /root/*.deb; dpkg --purge {NAME}-desktop {NAME}-bridge {NAME}; rm /root/*.deb",
            )

        needs = (SOURCE / "data/debian/control").read_text() + " ".join(ON_MACHINES)
        self.machine = Booted(lower=f"{bare.layer(self.name, 'run', change, of=needs)}:{bare.system(self.name)}")
        return Administrator(self.machine)

    def close(self):
        if self.machine:
            self.machine.close()
