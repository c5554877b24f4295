# SPDX-License-Identifier: LGPL-2.1-or-later
"""The kernel of the virtual machine: Debian's for clouds, downloaded once into build/vm and never installed."""

import fcntl
import pathlib
import shutil
import subprocess

PACKAGE = "linux-image-cloud-amd64"
# Each after those that it needs.
MODULES = (
    "virtio_ring",
    "virtio",
    "virtio_pci_legacy_dev",
    "virtio_pci_modern_dev",
    "virtio_pci",
    "virtio_console",
    "fuse",
    "virtiofs",
    "overlay",
    "autofs4",
    "loop",
    "dm-mod",
    "dm-log-writes",
)
HERE = pathlib.Path(__file__).resolve().parent
FOLDER = HERE.parent.parent / "build" / "vm"


class Unavailable(Exception):
    """Why there is no kernel."""


def run(*command, **options):
    try:
        return subprocess.run(
            [str(part) for part in command],
            check=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            **options,
        ).stdout
    except FileNotFoundError:
        raise Unavailable(f"there is no {command[0]} here to get {PACKAGE} with") from None
    except subprocess.CalledProcessError as error:
        raise Unavailable(f"{' '.join(map(str, command))}: {error.stderr.strip()}") from None


def package():
    """The real package behind the one that always depends on the newest."""
    for line in run("apt-cache", "depends", PACKAGE).splitlines():
        if line.strip().startswith("Depends: linux-image-"):
            return line.split()[1]
    raise Unavailable(f"apt-cache knows no {PACKAGE}: try apt-get update")


class Kernel:
    """Fetched, where it is not there yet, when it is made; raises Unavailable."""

    def __init__(self):
        FOLDER.mkdir(parents=True, exist_ok=True)
        with open(FOLDER / "lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self.folder = self.fetch()
        self.image = next(self.folder.glob("boot/vmlinuz-*"))

    @staticmethod
    def fetch():
        there = sorted(FOLDER.glob("linux-image-*"))
        if there:
            return there[-1]
        name, unpacked = package(), FOLDER / "unpacked"
        shutil.rmtree(unpacked, ignore_errors=True)
        unpacked.mkdir()
        run("apt-get", "download", "-q", "-o", "APT::Sandbox::User=root", name, cwd=unpacked)
        archive = next(unpacked.glob("*.deb"))
        run("dpkg-deb", "-x", archive, unpacked)
        archive.unlink()
        return unpacked.rename(FOLDER / name)

    def make_initial(self, folder):
        """Makes the initial file system, which is init.c and the modules, in @folder; returns its path."""
        files = folder / "initial"
        files.mkdir()
        run("gcc", "-static", "-O1", "-o", files / "init", HERE / "guest" / "init.c")
        for name in MODULES:
            shutil.copy(next(self.folder.glob(f"lib/modules/*/kernel/**/{name}.ko")), files)
        (files / "modules").write_text("".join(f"/{name}.ko\n" for name in MODULES))
        run("bsdtar", "--format=newc", "-cf", folder / "initial.cpio", *sorted(path.name for path in files.iterdir()), cwd=files)
        return folder / "initial.cpio"
