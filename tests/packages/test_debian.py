# SPDX-License-Identifier: LGPL-2.1-or-later
"""A bare Debian 12, made by debootstrap from Debian's own packages: what the hive finds missing there, the command that it says brings it,
and that it finds it once that was typed. Run by `tools/test packages`: this takes minutes and the network.

With RBEE_TEST_PACKAGES=all it is every name that the file says is verified for Debian 12, which takes gigabytes; else those of CHOSEN, or
the names that RBEE_TEST_PACKAGES has, with spaces between them."""

import configparser
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

import pytest

from build import SOURCE
from catalog import pkgbuild

RELEASE = "debian-12"
# Of each kind of probe some, with versions, and what recipes of workers mostly want
CHOSEN = (
    "gcc make cmake ninja meson pkgconf git rust cargo clang go nodejs python python-numpy python-pip openssl zlib curl sqlite protobuf openmp openblas "
    "eigen vulkan-headers vulkan-icd-loader opencl-headers ocl-icd nlohmann-json boost jdk-openjdk ffmpeg ca-certificates patchelf"
)
VERSIONS = {"gcc": ">=12", "cmake": ">=3.20", "rust": ">=1.60", "openssl": ">=3", "python-numpy": ">=1.20", "zlib": ">=1.2", "git": ">=2.30"}
# Names that another package brings too: libc6, of which libc6-dev has the headers, and perl-base
ELSEWHERE = ("glibc", "perl")
# Its package downloads it from elsewhere.
DOWNLOADED = ("cudnn",)
# What the hive itself needs there
OWN = (
    "bash",
    "bubblewrap",
    "ca-certificates",
    "fakeroot",
    "findutils",
    "libcurl4",
    "libgcrypt20",
    "libglib2.0-0",
    "libjson-glib-1.0-0",
    "libsystemd0",
    "passt",
)
# pivot_root(2) rather than chroot(2), in which nobody may make the namespaces of a sandbox
ENTER = """set -e
mount --bind "$1" "$1"; cd "$1"
mount -t proc proc proc; mount --rbind /dev dev; mount --rbind /sys sys
mkdir -p old; pivot_root . old; umount -l old; shift
exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@" """

if os.geteuid() != 0 or not shutil.which("debootstrap"):
    pytest.skip("a machine made by debootstrap takes root and debootstrap", allow_module_level=True)


class Debian:
    def __init__(self, root, build):
        self.root = root
        command = ["debootstrap", "--variant=minbase", f"--include={','.join(OWN)}", "bookworm", str(root), "http://deb.debian.org/debian"]
        subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        (root / "etc/apt/sources.list").write_text(
            "deb http://deb.debian.org/debian bookworm main contrib non-free\n"
            "deb http://deb.debian.org/debian-security bookworm-security main contrib non-free\n"
        )
        for name in (build.libexec, build.bin, build.data):
            shutil.copytree(name, root / name.relative_to(build.destination), dirs_exist_ok=True)
        self.run("apt-get", "update", "-qq")

    def run(self, *command, timeout=3600):
        done = subprocess.run(
            ["unshare", "--mount", "--propagation=private", "sh", "-c", ENTER, "sh", str(self.root), *command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            timeout=timeout,
        )
        assert done.returncode == 0, f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
        return done.stdout

    def check(self, names, build="true"):
        """What `hivectl recipe --check` says of a recipe that needs them, to build or (@build None) only to run: {name: state}, and the
        command."""
        (self.root / "root/PKGBUILD").write_text(pkgbuild("needy", depends=list(names), build=build))
        report = json.loads(self.run("hivectl", "recipe", "--check", "--json", "/root/PKGBUILD"))
        return {need["name"]: need for need in report["needs"]}, report["install_command"]

    def has(self, packages):
        text = subprocess.run(
            ["dpkg-query", f"--admindir={self.root}/var/lib/dpkg", "-f", "${Package} ${Status}\n", "-W", *packages],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        ).stdout
        return text.count("install ok installed") == len(packages)


@pytest.fixture(scope="module")
def rules():
    parser = configparser.ConfigParser(interpolation=None, delimiters="=", comment_prefixes="#")
    parser.optionxform = str
    parser.read(SOURCE / "data/dependencies.conf")
    return {name: parser[name]["debian"].split() for name in parser.sections() if RELEASE in parser[name].get("verified", "").split()}


@pytest.fixture(scope="module")
def chosen(rules):
    given = os.environ.get("RBEE_TEST_PACKAGES", CHOSEN)
    return [name for name in rules if name not in DOWNLOADED] if given == "all" else given.split()


@pytest.fixture(scope="module")
def debian(build):
    with tempfile.TemporaryDirectory(prefix="rbee-hive-debian.", dir="/var/tmp") as folder:
        os.chmod(folder, 0o755)
        yield Debian(pathlib.Path(folder, "root"), build)


@pytest.mark.xdist_group("debian")
def test_bare_machine_lacks_what_its_packages_would_bring(debian, rules):
    """Of every name: present where all its packages are installed, missing where one is not."""
    found, command = debian.check(rules)
    wrong = {
        name: found[name]["state"] for name, packages in rules.items() if found[name]["state"] != ("present" if debian.has(packages) else "missing")
    }
    assert wrong == dict.fromkeys(ELSEWHERE, "present")
    # The hive's own libraries are there; what is built elsewhere needs no more.
    to_run, _ = debian.check(("glib2", "curl", "openssl", "cmake"), build=None)
    assert [need["state"] for need in to_run.values()] == ["present", "present", "present", "missing"] and found["glib2"]["state"] == "missing"
    assert command.startswith("sudo apt install ")
    assert set(command.split()[3:]) == {package for name, packages in rules.items() if found[name]["state"] == "missing" for package in packages}


@pytest.mark.xdist_group("debian")
def test_module_alone_is_found_once_what_is_said_was_typed(debian):
    """No module is found without pkg-config, whatever is installed."""
    before, command = debian.check(("zlib",))
    assert before["zlib"]["state"] == "missing"
    assert command == "sudo apt install zlib1g-dev pkg-config"
    debian.run("apt-get", "install", "-qq", "--no-install-recommends", *command.split()[3:])
    after, command = debian.check(("zlib",))
    assert after["zlib"]["state"] == "present" and command == ""


@pytest.mark.xdist_group("debian")
def test_command_that_is_said_brings_what_is_missing(debian, chosen):
    names = [name + VERSIONS.get(name, "") for name in chosen]
    before, command = debian.check(names)
    missing = [name for name in names if before[name]["state"] == "missing"]
    assert not [name for name in names if before[name]["state"] == "unknown"] and len(missing) > len(names) / 2
    sudo, apt, install, *packages = command.split()
    assert (sudo, apt, install) == ("sudo", "apt", "install")
    debian.run("apt-get", "install", "-qq", "--no-install-recommends", *packages)
    after, command = debian.check(names)
    assert {name: need["state"] for name, need in after.items()} == dict.fromkeys(names, "present") and command == ""
    assert all(re.match(r"\d", after[name + wish]["version"]) for name, wish in VERSIONS.items() if name in chosen)
    assert all(os.path.lexists(f"{debian.root}{need['where']}") for need in after.values())
