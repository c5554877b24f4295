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
# Releases whose own Node builds the page.
WITH_NODE = ("trixie", "sid")
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


def page_is_there():
    """Asserts that what the page is made of is here: without it tools/package leaves the page out, and a bridge that has none would be blamed."""
    done = subprocess.run(
        ["sh", "-c", 'exec node "$0"', SOURCE / "src/web/installed.mjs"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    assert done.returncode == 0, f"the packages would have no web page: {done.stdout.strip()}"


def packaged():
    """What packages are made of, as text that changes with it: the commit, whose date they have, and what was changed since, tests aside."""
    commands = (["rev-parse", "HEAD"], ["diff", "--binary", "HEAD", "--", ".", ":!tests"])
    return "".join(subprocess.run(["git", "-C", SOURCE, *command], check=True, stdout=subprocess.PIPE, text=True).stdout for command in commands)


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
        """The packages, and what lintian says of them: those that were made of the same source this week, or new ones."""
        page_is_there()
        made = bare.kept(f"{self.name}-packages", self.make, of=packaged())
        shutil.copytree(made, self.folder / "packages")
        self.packages = sorted((self.folder / "packages").glob("*.deb"))
        self.complaints = (self.folder / "packages/complaints").read_text()

    def make(self, folder):
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
            self.take(root.path / "home/anna/a checkout", folder)
            complaints = root.run(
                "sh", "-c", "cd '/home/anna/a checkout/build/package' && lintian --display-info --pedantic --fail-on none *.changes", status=None
            ).stdout
            (folder / "complaints").write_text(complaints)
        finally:
            root.close()

    def build_again(self):
        """The packages once more, where everything else is different that may be."""
        root = self.builder()
        try:
            bare.copy_source(root.path / "srv/other")
            root.run("sh", "-ec", "umask 077; cd /srv/other; exec env TZ=Asia/Tokyo LC_ALL=C tools/package")
            return self.take(root.path / "srv/other", self.folder / "other")
        finally:
            root.close()

    def take(self, checkout, folder):
        """The packages of a checkout, out of the system that made them."""
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
