# SPDX-License-Identifier: LGPL-2.1-or-later
"""Bare Debian systems made by debootstrap, kept for the next run. They are never changed: who wants to, does it in an overlay."""

import fcntl
import os
import pathlib
import shutil
import subprocess
import tempfile
import time
import urllib.request

from build import SOURCE

MIRROR = "http://deb.debian.org/debian"
KEPT = pathlib.Path("/var/cache/rbee-hive-tests")
DAYS = 7  # after which it is made again, with what was changed in the release since
# What a system that was just installed has, and debootstrap's smallest variant has not.
BARE = ("systemd-sysv", "dbus", "sudo", "ca-certificates")

# pivot_root(2) rather than chroot(2), in which nobody may make the namespaces of a sandbox
ENTER = """set -e
mount --bind "$1" "$1"; cd "$1"
mount -t proc proc proc; mount --rbind /dev dev; mount --rbind /sys sys
mkdir -p old; pivot_root . old; umount -l old; shift
exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt DEBIAN_FRONTEND=noninteractive "$@" """


def obstacle():
    """Why no bare system can be made here, or None."""
    if os.geteuid() != 0:
        return "a system made by debootstrap needs root"
    if not shutil.which("debootstrap"):
        return "there is no debootstrap here"
    try:
        urllib.request.urlopen(f"{MIRROR}/dists/trixie/InRelease", timeout=20).close()
    except OSError as error:
        return f"{MIRROR} is not reached: {error}"
    return None


def kept(name, make, of=""):
    """A folder that @make has filled, of the same @of and this week, or just now."""
    folder, unfinished, source = KEPT / name, KEPT / f"{name}.new", KEPT / f".{name}.of"
    (KEPT / "archives").mkdir(mode=0o755, parents=True, exist_ok=True)
    with open(KEPT / f".{name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        before = source.read_text() if source.exists() else None
        if not folder.exists() or before != of or time.time() - folder.stat().st_mtime > DAYS * 86400:
            for old in (unfinished, folder):
                shutil.rmtree(old, ignore_errors=True)
            make(unfinished)
            os.utime(unfinished)
            unfinished.rename(folder)
            source.write_text(of)
    return folder


def system(release, architecture=None):
    """The folder of a bare @release, of this machine's architecture unless told."""

    def make(folder):
        command = [
            "debootstrap",
            "--variant=minbase",
            f"--include={','.join(BARE)}",
            f"--cache-dir={KEPT}/archives",
            *([f"--arch={architecture}"] if architecture else []),
            release,
            folder,
            MIRROR,
        ]
        subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        # A mirror may lag behind; what it has is signed nevertheless.
        (folder / "etc/apt/apt.conf.d/90tests").write_text('APT::Update::Error-Mode "any";\nAcquire::Check-Valid-Until "false";\n')
        # Nobody wants it after a power cut, and a busy disk takes minutes to sync each file of a package.
        (folder / "etc/dpkg/dpkg.cfg.d/90tests").write_text("force-unsafe-io\n")
        for certificate in pathlib.Path("/usr/local/share/ca-certificates").glob("*.crt"):
            shutil.copy(certificate, folder / "usr/local/share/ca-certificates")
        subprocess.run(["chroot", folder, "update-ca-certificates"], check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)

    return kept("-".join(filter(None, (release, architecture))), make)


def layer(release, name, change, of, architecture=None):
    """What @change, which is given a Root and goes by the text @of, changes on a bare system: a folder to lay over it."""

    def make(folder):
        root = Root(release, architecture=architecture, upper=folder)
        try:
            change(root)
            root.run("apt-get", "clean")
        except BaseException:
            shutil.rmtree(folder)
            raise
        finally:
            root.close()

    return kept("-".join(filter(None, (release, architecture, name))), make, of)


def copy_source(folder):
    """What git tracks here, as it is now, in a checkout of its own, with what the page is made of."""
    folder.mkdir(parents=True)
    listed = subprocess.run(["git", "-C", SOURCE, "ls-files", "-z"], check=True, stdout=subprocess.PIPE).stdout
    names = b"\0".join(name for name in listed.split(b"\0") if name and (SOURCE / name.decode()).exists())
    packed = subprocess.run(["tar", "-C", SOURCE, "--null", "-T", "-", "-cf", "-"], input=names, check=True, stdout=subprocess.PIPE).stdout
    subprocess.run(["tar", "-C", folder, "-xf", "-"], input=packed, check=True)
    if (SOURCE / "src/web/node_modules").exists():
        shutil.copytree(SOURCE / "src/web/node_modules", folder / "src/web/node_modules", symlinks=True)
    date = subprocess.run(["git", "-C", SOURCE, "log", "-1", "--format=%cI"], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
    for command in (["init", "-q"], ["add", "-A"], ["-c", "user.name=tests", "-c", "user.email=tests@localhost", "commit", "-qm", "all"]):
        subprocess.run(["git", "-C", folder, *command], check=True, env=dict(os.environ, GIT_COMMITTER_DATE=date))  # packages have it


class Root:
    """A system with @layers and an overlay on top, in which commands are run. Nothing is booted. What is changed is thrown away, or kept in
    the folder @upper."""

    def __init__(self, release, *layers, architecture=None, upper=None):
        lower = ":".join(map(str, (*reversed(layers), system(release, architecture))))
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix=f"rbee-hive-{release}.", dir=KEPT if upper else "/var/tmp"))
        self.folder.chmod(0o755)
        self.path, overlay = self.folder / "root", self.folder / "overlay"
        for path in (self.path, overlay):
            path.mkdir()
        if not upper:
            subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8g", "tmpfs", overlay], check=True)
        work, upper = overlay / "work", upper or overlay / "upper"
        for path in (work, upper):
            path.mkdir()
        subprocess.run(["mount", "-t", "overlay", "-o", f"lowerdir={lower},upperdir={upper},workdir={work}", "overlay", self.path], check=True)
        shutil.copy("/etc/resolv.conf", self.path / "etc/resolv.conf")

    def run(self, *command, status=0, timeout=1800, **options):
        """Runs a command in it, by root; @status None: any."""
        done = subprocess.run(
            ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--propagation=private", "sh", "-c", ENTER, "sh", self.path, *command],
            stdin=options.pop("stdin", subprocess.DEVNULL),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=timeout,
            **options,
        )
        if status is not None:
            assert done.returncode == status, f"{' '.join(map(str, command))} ended with {done.returncode}:\n{done.stdout[-8000:]}"
        return done

    def close(self):
        for mounted in (self.path, self.folder / "overlay"):
            subprocess.run(["umount", "--lazy", mounted], check=False, stderr=subprocess.DEVNULL)
        shutil.rmtree(self.folder, ignore_errors=True)
