# SPDX-License-Identifier: LGPL-2.1-or-later
"""The README's way onto releases of Debian that this machine does not run: the package is built there by an ordinary user, installed on a
system that was just set up, which is booted, and put through its life. The tests of one release share a machine, in this order."""

import filecmp
import json
import re
import shutil
import subprocess

import pytest

import bare
import harness
import machine as machines
from administrator import GATE, NAME, Administrator, newer_package
from harness import pkgbuild, wait_until

RELEASES = ("trixie", "sid")
# What a worker in C takes, and what looks at the page and at JSON.
FOR_WORKERS = ("gcc", "libc6-dev", "curl", "jq")

pytestmark = [pytest.mark.parametrize("release", [pytest.param(name, marks=pytest.mark.xdist_group(name)) for name in RELEASES], indirect=True)]


class Booted(machines.Machine):
    """A bare system in a container, with a network of its own: its ports are nobody else's."""

    hierarchy = {"SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1"}  # the only one that systemd 258 and later know
    network = ("--private-network",)


class Release:
    """A release, with what was made for it so far."""

    def __init__(self, name, folder):
        self.name, self.folder = name, folder
        self.packages, self.again = [], []
        self.machine = None

    def builder(self):
        """A bare system with what tools/package installs there."""
        def change(root):
            (root.path / "root/dependencies").write_text(dependencies)
            root.run("bash", "-ec", "apt-get update -qq; . /root/dependencies; dependencies_ensure build package; "
                     "apt-get install -qq --no-install-recommends lintian nodejs; rm /root/dependencies; useradd --create-home anna")

        dependencies = (harness.SOURCE / "tools/dependencies").read_text()
        rows = "\n".join(line for line in dependencies.splitlines() if line.startswith(("build ", "package ")))
        return bare.Root(self.name, bare.layer(self.name, "build", change, of=rows))

    def build(self):
        """Makes the packages, by an ordinary user in a folder with a space in its name; and once more, where everything else is different that
        may be."""
        root = self.builder()
        try:
            bare.copy_source(root.path / "home/anna/a checkout")
            root.run("sh", "-ec", "cp -R '/home/anna/a checkout' /srv/other; chown -R anna: /home/anna; cd '/home/anna/a checkout'; "
                     "exec setpriv --reuid=anna --regid=anna --clear-groups env HOME=/home/anna tools/package")
            root.run("sh", "-ec", "umask 077; cd /srv/other; exec env TZ=Asia/Tokyo LC_ALL=C tools/package")
            for packages, checkout in ((self.packages, "home/anna/a checkout"), (self.again, "srv/other")):
                (self.folder / checkout).mkdir(parents=True)
                packages += [shutil.copy(package, self.folder / checkout / package.name) for package in (root.path / checkout / "build/package").glob("*.deb")]
            self.complaints = root.run("sh", "-c", "cd '/home/anna/a checkout/build/package' && lintian --display-info --pedantic --fail-on none *.changes",
                                       status=None).stdout
        finally:
            root.close()

    def boot(self):
        """A bare system that has what the package depends on: the machine is cut off."""
        def change(root):
            for package in self.packages:
                shutil.copy(package, root.path / "root")
            root.run("sh", "-ec", f"apt-get update -qq; apt-get install -qq --no-install-recommends {' '.join(FOR_WORKERS)} polkitd; "
                     f"apt-get install -qq --no-install-recommends /root/*.deb; dpkg --purge {NAME}-bridge {NAME}; rm /root/*.deb")

        needs = (harness.SOURCE / "data/debian/control").read_text()
        self.machine = Booted(lower=f"{bare.layer(self.name, 'run', change, of=needs)}:{bare.system(self.name)}")
        return Administrator(self.machine)

    def close(self):
        if self.machine:
            self.machine.close()


@pytest.fixture(scope="module")
def release(request, tmp_path_factory):
    release = Release(request.param, tmp_path_factory.mktemp(request.param))
    yield release
    release.close()


@pytest.fixture(scope="module")
def packages(release):
    release.build()
    return {re.match(r"[a-z-]+", path.name)[0]: path for path in release.packages}


@pytest.fixture(scope="module")
def debian(release, packages):
    debian = release.boot()
    for package in (NAME, f"{NAME}-bridge"):
        shutil.copy(packages[package], debian.machine.path("/root"))
    debian.machine.run("sh", "-c", "apt-get install --yes --no-install-recommends /root/*.deb && rm /root/*.deb", timeout=300)
    return debian


def test_packages_build(packages):
    """tools/package, by an ordinary user in a path with a space."""
    assert sorted(packages) == [NAME, f"{NAME}-bridge"]


def test_packages_are_the_same_byte_for_byte(release, packages):
    """Another user's build, in another folder, time zone, umask and locale, makes the same packages, byte for byte."""
    for package, again in zip(sorted(release.packages), sorted(release.again), strict=True):
        assert filecmp.cmp(package, again, shallow=False), differences(package, again)


def differences(*packages):
    """Of two packages: files whose sums differ, and what is of another kind."""
    sums = [set(subprocess.run(["dpkg-deb", "-I", package, "md5sums"], check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines())
            | set(subprocess.run(["dpkg-deb", "-c", package], check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()) for package in packages]
    return "\n".join(sorted(sums[0] ^ sums[1])) or f"{packages} differ in how they are packed, or in control files"


def test_lintian_has_no_complaint(release, packages):
    """lintian says nothing of the packages, --pedantic and --display-info."""
    assert not re.search("^[EWIP]:", release.complaints, re.MULTILINE), release.complaints


def test_hive_answers_after_installation(debian, record_property):
    """apt install, and hivectl status, which names what is in the way."""
    status = json.loads(debian.hivectl("status", "--json", user="anna").stdout)
    record_property("status", json.dumps(status, indent=2))
    assert status["version"] and debian.daemon > 0


def test_worker_is_installed(debian):
    """A worker is built and installed."""
    done = debian.hivectl("install", "hive-probe", timeout=180, status=None)
    assert done.returncode == 0 and done.stdout.splitlines()[-1] == "[DONE]", done.stdout + done.stderr + debian.machine.journal("-n", "40")
    assert debian.machine.run("/usr/local/bin/hive-probe", "--json", user="bob", timeout=180).stdout.startswith("{")


def test_page_answers_its_first_request(debian):
    """The web page's first request."""
    answer = debian.machine.run("curl", "-s", "-D", "-", "http://127.0.0.1:7835/").stdout
    assert answer.startswith("HTTP/1.1 200"), answer + debian.machine.journal("-u", "rbee-hive-bridge", "-n", "20")
    token = debian.hivectl("web", "--token").stdout.strip()
    jobs = debian.machine.run("curl", "-s", "-H", f"Authorization: Bearer {token}", "http://127.0.0.1:7835/v1/jobs").stdout
    assert isinstance(json.loads(jobs)["jobs"], list)


def test_package_passes_its_own_tests(debian):
    """The package's own tests, debian/tests (autopkgtest)."""
    shutil.copy(harness.SOURCE / "data/debian/tests/install-a-worker", debian.machine.path("/root"))
    done = debian.machine.run("/root/install-a-worker", timeout=180, status=None)
    assert done.returncode == 0, done.stdout + done.stderr


def test_job_lives_through_kill_of_the_daemon(debian):
    """A job goes on while the daemon is killed (kill -9)."""
    debian.offer(slow=pkgbuild("slow", build=f"echo started; {GATE}; echo went on"))
    job = debian.ask_for("slow")
    debian.wait_for_line(job, "started")
    follower, first = debian.follow(job), debian.daemon
    while "started" not in follower.stdout.readline():
        assert follower.poll() is None
    debian.machine.run("sh", "-c", f"kill -9 {first}")
    wait_until(lambda: debian.daemon not in (0, first), 30, "another daemon")
    debian.gate.touch()
    output, _ = follower.communicate(timeout=120)
    assert follower.returncode == 0 and output.splitlines()[-1] == "[DONE]", output
    debian.gate.unlink()


def test_upgrade_leaves_a_running_job_alone(debian, packages, tmp_path):
    """An upgrade while a job runs."""
    shutil.rmtree(debian.machine.path("/srv/catalog"), ignore_errors=True)
    debian.offer(long=pkgbuild("long", build=f"echo started; {GATE}; echo went on"))
    job = debian.ask_for("long")
    debian.wait_for_line(job, "started")
    follower, first = debian.follow(job), debian.daemon
    builder = debian.unit(f"rbee-job-{job}.service", "MainPID")
    debian.install(newer_package(packages[NAME], tmp_path))
    assert debian.daemon not in (0, first)
    assert debian.unit(f"rbee-job-{job}.service", "MainPID") == builder != "0"
    debian.gate.touch()
    output, _ = follower.communicate(timeout=120)
    assert follower.returncode == 0 and output.splitlines()[-1] == "[DONE]", output


def test_purge_leaves_nothing(debian):
    """apt purge leaves nothing but the users."""
    machine = debian.machine
    machine.run("apt-get", "purge", "--yes", NAME, f"{NAME}-bridge", environment={"DEBIAN_FRONTEND": "noninteractive"}, timeout=180)
    upper = machine.overlay / "upper"
    left = subprocess.run(["find", upper, "-name", "*rbee*", "-size", "+0", *(part for path in ("var/lib/dpkg", "var/log", "root") for part in ("-not", "-path", f"{upper}/{path}/*"))],
                          check=True, stdout=subprocess.PIPE, text=True).stdout
    assert left == "" and not machine.path("/usr/local/bin/hive-probe").exists()
    assert machine.run("find", "/run", "-name", "*rbee*", "-not", "-path", "/run/systemd/units/*").stdout == ""
