# SPDX-License-Identifier: LGPL-2.1-or-later
"""The Debian package on a machine that never had the hive: installed, upgraded, removed and purged, with jobs in its way."""

import contextlib
import fcntl
import os
import pathlib
import re
import shutil
import stat
import subprocess

import pytest

import machine as machines
from administrator import GATE, NAME, Administrator, newer_package
from build import SOURCE
from catalog import install_script, pkgbuild
from waiting import wait_until

# In one process, that the package is built, and a machine booted, once; others go on with the other tests meanwhile.
pytestmark = pytest.mark.xdist_group("package")

TESTER = pathlib.Path(__file__).with_name("tester.py")

# What takes long and changes nothing that is tested here.
QUICKLY = {"DEB_BUILD_OPTIONS": "nocheck noopt noautodbgsym", "DPKG_DEB_COMPRESSOR_TYPE": "gzip", "DPKG_DEB_COMPRESSOR_LEVEL": "1"}

# What installing and purging any package changes, and what a running machine does meanwhile. Everything else must be as before.
ELSEWHERE = re.compile(
    "|".join(
        (
            r"var/lib/dpkg/.*",
            r"var/log/.*",
            r"var/lib/apt/.*",
            r"var/cache/apt/.*",
            r"var/cache/debconf/.*",
            r"var/cache/man/.*",
            r"var/lib/PackageKit/.*",  # what man-db and PackageKit note of every package
            r"var/lib/systemd/catalog/database",  # journalctl's, made anew by a trigger
            r"etc/(passwd|group|shadow|gshadow)-?",
            r"etc/\.pwd\.lock",  # looked at by themselves below
            r"var/lib/systemd/(timers/.*|random-seed|timesync/.*|linger)",
            r"var/tmp/.*",
            r"tmp/.*",
            r"root/.*",
            r"home/.*",
            r"srv/.*",
            r"usr/share/gate",
        )
    )
)


@pytest.fixture(scope="session")
def package(testrun_uid):
    """The .deb, built once a test run."""
    given = os.environ.get("RBEE_TEST_PACKAGE")
    if given:
        return pathlib.Path(given).resolve()
    for command in ("dpkg-buildpackage", "dh", "lintian"):
        if not shutil.which(command):
            pytest.skip(f"there is no {command} here (Debian: dpkg-dev, debhelper, lintian)")
    folder, stamp = SOURCE / "build", SOURCE / "build/package/.testrun"
    folder.mkdir(exist_ok=True)
    with open(folder / ".package.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not stamp.exists() or stamp.read_text() != testrun_uid:
            done = subprocess.run(
                [SOURCE / "tools/package"],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                env=dict(os.environ, **QUICKLY),
            )
            assert done.returncode == 0, done.stdout[-8000:]
            stamp.write_text(testrun_uid)
    return next(path for path in (folder / "package").glob(f"{NAME}_*.deb"))


@pytest.fixture(scope="session")
def bridge(package):
    return next(package.parent.glob(f"{NAME}-bridge_*.deb"))


@pytest.fixture(scope="session")
def newer(package, tmp_path_factory):
    return newer_package(package, tmp_path_factory.mktemp("newer"))


def prepare(root):
    """In an image for containers one file keeps packages from starting anything. The other has man-db read all manual pages again after each
    change, which takes longer than the rest of it."""
    for name in ("usr/sbin/policy-rc.d", "var/lib/man-db/auto-update"):
        (root / name).unlink(missing_ok=True)


class Alone(machines.Machine):
    """With no network but its own loopback, so that its ports are nobody else's."""

    network = ("--private-network",)


@pytest.fixture(scope="module")
def bare_machine():
    """A copy of this machine: what is installed here without a package would be taken for what the package leaves."""
    assert not os.path.exists("/usr/bin/hivectl"), "rbee-hive is installed on this machine: remove it first (ninja -C build uninstall)"
    machine = Alone(prepare)
    yield machine
    machine.close()


@pytest.fixture
def debian(bare_machine):
    debian = Debian(bare_machine)
    yield debian
    debian.gate.touch()
    debian.dpkg("--purge", f"{NAME}-bridge", NAME, status=None)
    debian.gate.unlink(missing_ok=True)
    shutil.rmtree(debian.machine.path("/srv/catalog"), ignore_errors=True)


class Debian(Administrator):
    """On a copy of this machine, whose changes can be seen."""

    # the file system

    def changed(self):
        """State of every path that is not this machine's own, by path."""
        upper = self.machine.overlay / "upper"
        paths = {os.path.relpath(os.path.join(above, name), upper) for above, folders, names in os.walk(upper) for name in folders + names}
        return {path: state(self.machine.files / path) for path in paths}

    def differences(self, before):
        return sorted(
            path
            for path, now in self.changed().items()
            if not ELSEWHERE.fullmatch(path) and now != (before[path] if path in before else state(self.machine.beneath(path)))
        )

    def users(self):
        return {name: set(self.machine.path(f"/etc/{name}").read_text().splitlines()) for name in ("passwd", "group")}


def state(path):
    """Everything of a file but its times; of a folder not what is in it."""
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        status = path.lstat()
        kind = stat.S_IFMT(status.st_mode)
        if kind == stat.S_IFCHR and status.st_rdev == 0:
            return None  # an overlay's mark for what was deleted
        content = os.readlink(path) if kind == stat.S_IFLNK else path.read_bytes() if kind == stat.S_IFREG else b""
        return status.st_mode, status.st_uid, status.st_gid, content
    return None


@pytest.mark.parametrize("profiles, asked", [("", True), ("pkg.rbee-hive.nowindow", False)])
def test_builder_where_nothing_is_yet_is_asked_for_what_the_window_is_made_of(tmp_path, profiles, asked):
    (tmp_path / "status").touch()
    command = ["dpkg-checkbuilddeps", f"--admindir={tmp_path}", "-P", profiles, SOURCE / "data/debian/control"]
    said = subprocess.run(command, stderr=subprocess.PIPE, text=True, env=dict(os.environ, LC_ALL="C.UTF-8")).stderr
    assert "libglib2.0-dev" in said
    assert ("libgtk-4-dev" in said, "libadwaita-1-dev" in said) == (asked, asked)


def test_whole_life(debian, package, newer):
    machine = debian.machine
    before, users = debian.changed(), debian.users()

    # Installed: nothing runs, all is ready, and the first call of whomever starts it.
    debian.install(package)
    assert machine.run("systemctl", "is-enabled", "rbee-hived.path").stdout.strip() == "enabled"
    assert debian.unit("rbee-hived.path", "ActiveState") == "active"
    assert debian.daemon == 0
    listed = machine.run("busctl", "call", "org.rbee.Hive", "/org/rbee/Hive", "org.rbee.Hive", "ListWorkers", user="anna").stdout
    assert listed.strip() == "aa{sv} 0"
    assert debian.daemon > 0

    # A worker of the catalog that ships.
    assert debian.hivectl("install", "hive-probe", timeout=180).stdout.splitlines()[-1] == "[DONE]"
    assert machine.run("/usr/local/bin/hive-probe", "--json", user="bob", timeout=180).stdout.startswith("{")

    # An upgrade in the middle of a build.
    slow, long = (pkgbuild(name, build=f"echo started; {GATE}; echo went on") for name in ("slow", "long"))
    debian.offer(slow=slow, long=long, next=pkgbuild("next"))
    job = debian.ask_for("slow")
    debian.wait_for_line(job, "started")
    follower, builder = debian.follow(job), debian.unit(f"rbee-job-{job}.service", "MainPID")
    first = debian.daemon
    program = debian.program(first)
    debian.install(newer)
    assert debian.daemon not in (0, first)
    assert debian.program(debian.daemon) != program
    assert debian.unit(f"rbee-job-{job}.service", "MainPID") == builder != "0"
    assert debian.hivectl("list", "--plain").stdout.split("\t")[0] == "hive-probe"
    debian.gate.touch()
    output, _ = follower.communicate(timeout=120)
    assert follower.returncode == 0 and output.splitlines()[-1] == "[DONE]", output
    for line in ("started", "went on", "✓ Binary installed: /usr/local/bin/slow"):
        assert output.splitlines().count(line) == 1, output
    assert machine.run("/usr/local/bin/slow").stdout == "I work\n"
    debian.gate.unlink()

    # Removed in the middle of another, with one that waits: both end, and who followed knows.
    jobs = [debian.ask_for("long"), debian.ask_for("next")]
    debian.wait_for_line(jobs[0], "started")
    followers = [debian.follow(job) for job in jobs]
    said = debian.dpkg("-r", NAME).stdout
    for job, follower in zip(jobs, followers):
        output, _ = follower.communicate(timeout=60)
        assert follower.returncode == 6 and output.splitlines()[-1] == "[CANCELLED]", output
        assert f"Cancelling job {job} " in said
    assert debian.processes() == []
    assert machine.run("systemctl", "list-units", "--plain", "--no-legend", "rbee-*").stdout == ""
    # systemd 252 forgets what it noted of a unit's journal fields there.
    assert machine.run("find", "/run", "-name", "*rbee*", "-not", "-path", "/run/systemd/units/*").stdout == ""
    gone = machine.run("busctl", "call", "org.rbee.Hive", "/org/rbee/Hive", "org.rbee.Hive", "ListWorkers", status=None)
    assert gone.returncode != 0
    assert machine.run("/usr/local/bin/slow").stdout == "I work\n"
    assert not machine.path("/var/cache/rbee-hive/work").exists() or os.listdir(machine.path("/var/cache/rbee-hive/work")) == []

    # Purged: nothing is left but the users.
    said = machine.run("apt-get", "purge", "--yes", NAME, environment={"DEBIAN_FRONTEND": "noninteractive"}, timeout=180).stdout
    assert "Removing worker hive-probe" in said and "Removing worker slow" in said
    assert debian.differences(before) == []
    added = {name: {line.split(":")[0] for line in now - users[name]} for name, now in debian.users().items()}
    builders = {f"rbee-builder-{number}" for number in range(32)}
    assert added == {"passwd": {"rbee-bridge"} | builders, "group": {"rbee", "rbee-bridge"} | builders}
    assert machine.run("dpkg-query", "-W", NAME, status=None).returncode == 1

    # And again.
    debian.install(package)
    assert debian.hivectl("jobs", "--all", "--plain").stdout == ""
    assert debian.hivectl("install", "hive-probe", timeout=180).stdout.splitlines()[-1] == "[DONE]"


def test_workers_that_run_live_through_an_upgrade_and_end_with_the_package(debian, package, newer):
    machine = debian.machine
    before = debian.changed()
    debian.install(package)
    assert machine.run("systemctl", "is-enabled", "rbee-hive-workers.service").stdout.strip() == "enabled"
    debian.offer(
        tester=pkgbuild("tester", source=["tester.py"], sha256sums=["SKIP"], package='install -D "$srcdir/tester.py" "$pkgdir/usr/local/bin/tester"')
    )
    shutil.copy(TESTER, machine.path("/srv/catalog/workers/tester/tester.py"))
    machine.path("/etc/rbee-hive/hive.conf.d/run.conf").write_text("[Run]\nRules=/etc/rbee-hive/run.conf\n")
    machine.path("/etc/rbee-hive/run.conf").write_text("[tester]\nArguments=%p %n\nKeyArguments=%k\nHealth=/health\n")
    machine.run("systemctl", "try-restart", "rbee-hived.service")
    debian.hivectl("install", "tester", timeout=180)
    debian.hivectl("start", "tester", "--boot", timeout=120)
    debian.hivectl("start", "tester", "--name", "deaf", "--listen", "127.0.0.1:8099", timeout=120)  # to SIGTERM
    running = [debian.unit(f"rbee-worker-{name}.service", "MainPID") for name in ("tester", "deaf")]
    assert "0" not in running

    debian.install(newer)
    assert [debian.unit(f"rbee-worker-{name}.service", "MainPID") for name in ("tester", "deaf")] == running
    assert {line.split("\t")[0] for line in debian.hivectl("ps", "--plain").stdout.splitlines()} == {"tester", "deaf"}

    debian.dpkg("-r", NAME)
    assert machine.run("systemctl", "list-units", "--plain", "--no-legend", "rbee-*").stdout == ""
    assert machine.run("find", "/run", "-name", "*rbee*", "-not", "-path", "/run/systemd/units/*").stdout == ""
    assert not machine.path(f"/proc/{running[0]}").exists() and not machine.path(f"/proc/{running[1]}").exists()

    # Installed again: what is to run after a boot does, when the hive is first asked.
    debian.install(package)
    machine.run("systemctl", "start", "rbee-hive-workers.service")
    wait_until(lambda: debian.unit("rbee-worker-tester.service", "SubState") == "running", what=lambda: machine.journal("--lines=40"))
    assert [line.split("\t")[0] for line in debian.hivectl("ps", "--plain").stdout.splitlines()] == ["tester"]
    debian.dpkg("--purge", NAME)
    assert machine.run("find", "/run", "-name", "*rbee*", "-not", "-path", "/run/systemd/units/*").stdout == ""
    assert debian.differences(before) == []


def test_removed_and_installed_again_it_knows_its_workers_and_jobs(debian, package):
    debian.install(package)
    debian.offer(some=pkgbuild("some"))
    debian.hivectl("install", "some")
    debian.dpkg("-r", NAME)
    assert debian.machine.run("/usr/local/bin/some").stdout == "I work\n"
    assert debian.machine.path("/var/lib/rbee-hive/inventory").exists()
    debian.install(package)
    assert not debian.machine.path("/var/lib/rbee-hive/inventory").exists()
    assert debian.hivectl("list", "--plain").stdout.split("\t")[0] == "some"
    debian.hivectl("verify", "some")
    assert "[DONE]" in debian.hivectl("log", "1").stdout


def test_purge_leaves_changed_files_and_follows_no_link_but_takes_the_rest(debian, package):
    """As removing a worker does. A link on the way to a file may lead to somebody else's."""
    machine = debian.machine
    files = """mkdir -p "$pkgdir/opt/some/deep er/er" "$pkgdir/opt/some/moved"
ln -s deep\\ er "$pkgdir/opt/some/link"
echo data >"$pkgdir/opt/some/deep er/er/data"; echo data >"$pkgdir/opt/some/changed"; echo data >"$pkgdir/opt/some/moved/data"
"""
    debian.install(package)
    debian.offer(some=pkgbuild("some", package=files + install_script("some")))
    debian.hivectl("install", "some")
    machine.path("/opt/some/changed").write_text("mine")
    machine.run("mv", "/opt/some/moved", "/srv/moved")
    machine.path("/opt/some/moved").symlink_to("/srv/moved")
    said = debian.dpkg("--purge", NAME)
    assert "/opt/some/changed was changed since it was installed, and stays" in said.stderr
    left = machine.run("find", "/opt/some", "/srv/moved").stdout.split("\n")[:-1]
    assert sorted(left) == ["/opt/some", "/opt/some/changed", "/opt/some/moved", "/srv/moved", "/srv/moved/data"]
    assert not machine.path("/usr/local/bin/some").exists()
    for path in ("/var/lib/rbee-hive", "/var/cache/rbee-hive", "/etc/rbee-hive"):
        assert not machine.path(path).exists()
    machine.run("rm", "-r", "/opt/some", "/srv/moved")


def test_purge_without_an_inventory_leaves_workers_and_says_so(debian, package):
    machine = debian.machine
    debian.install(package)
    debian.offer(some=pkgbuild("some"))
    debian.hivectl("install", "some")
    machine.path("/var/lib/rbee-hive/workers/some.json").write_text("{")
    said = debian.dpkg("--purge", NAME).stderr
    assert "some.json" in said and "purging will leave the workers" in said and "installed workers stay where they are" in said
    assert machine.run("/usr/local/bin/some").stdout == "I work\n"
    assert not machine.path("/var/lib/rbee-hive").exists()
    machine.path("/usr/local/bin/some").unlink()


def test_upgrade_and_removal_work_while_the_configuration_is_wrong(debian, package, newer):
    machine = debian.machine
    debian.install(package)
    debian.offer(slow=pkgbuild("slow", build=f"echo started; {GATE}"))
    job = debian.ask_for("slow")
    debian.wait_for_line(job, "started")
    debian.configure("[Jobs]\nMemoryMax=lots\n")
    debian.install(newer)
    assert machine.run("dpkg-query", "-W", "-f", "${db:Status-Status} ${Version}", NAME).stdout.endswith("+newer")
    assert machine.run("dpkg-query", "-W", "-f", "${db:Status-Status}", NAME).stdout == "installed"
    assert "started" in debian.log(job) and debian.unit(f"rbee-job-{job}.service", "SubState") == "running"
    debian.dpkg("--purge", NAME)
    assert debian.processes() == []
    assert not machine.path("/var/lib/rbee-hive").exists()


def test_upgrade_does_not_start_a_daemon_that_does_not_run(debian, package, newer):
    debian.install(package)
    debian.hivectl("list")
    debian.machine.run("systemctl", "stop", "rbee-hived.service")
    debian.install(newer)
    assert debian.daemon == 0
    debian.hivectl("list")
    assert debian.daemon > 0


def test_administrators_choice_to_disable_survives_an_upgrade(debian, package, newer):
    debian.install(package)
    debian.machine.run("systemctl", "disable", "--now", "rbee-hived.path")
    debian.install(newer)
    assert debian.machine.run("systemctl", "is-enabled", "rbee-hived.path", status=1).stdout.strip() == "disabled"


def test_changed_configuration_survives_an_upgrade(debian, package, newer):
    debian.install(package)
    path = debian.machine.path("/etc/rbee-hive/hive.conf")
    path.write_text(path.read_text() + "\n[Jobs]\nMaxParallel=7\n")
    debian.install(newer)
    assert path.read_text().endswith("MaxParallel=7\n")


def test_it_can_be_installed_into_a_root_that_does_not_run_and_purged_from_it(package, newer):
    """As images are made: no systemd, no bus. What it finds at the first boot is what an installation on a running one leaves."""

    def prepare_and_install(root):
        prepare(root)
        shutil.copy(package, root / "root/hive.deb")
        shutil.copy(newer, root / "root/newer.deb")
        for command in (["-i", "/root/hive.deb"], ["--purge", NAME], ["-i", "/root/hive.deb"], ["-i", "/root/newer.deb"]):
            subprocess.run(["chroot", root, "dpkg", *command], check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
            assert (root / "etc/rbee-hive").exists() == (command[0] == "-i")

    machine = machines.Machine(prepare_and_install)
    try:
        assert machine.show("rbee-hived.path", "ActiveState")["ActiveState"] == "active"
        assert machine.run("hivectl", "list", user="anna").returncode == 0
        assert machine.run("getent", "passwd", "rbee-bridge").stdout
    finally:
        machine.close()


def test_bridge_is_purged_with_its_key_and_its_socket(debian, package, bridge):
    machine = debian.machine
    before = debian.changed()
    debian.install(package)
    debian.install(bridge)
    assert debian.unit("rbee-hive-bridge.socket", "ActiveState") == "active"
    debian.hivectl("web", "--token")
    assert machine.path("/var/lib/rbee-hive-bridge/key").exists() and machine.path("/run/rbee-hive/http.sock").is_socket()
    debian.dpkg("-r", f"{NAME}-bridge")
    assert machine.path("/var/lib/rbee-hive-bridge/key").exists() and not machine.path("/run/rbee-hive/http.sock").exists()
    debian.dpkg("--purge", f"{NAME}-bridge", NAME)
    assert debian.differences(before) == [] and not machine.path("/run/rbee-hive").exists()


def test_bridge_whose_port_is_taken_says_so_and_its_advice_works(debian, package, bridge):
    machine = debian.machine
    other = machine.spawn("python3", "-m", "http.server", "--bind", "127.0.0.1", "7835", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_until(lambda: machine.run("curl", "-s", "http://127.0.0.1:7835", status=None).returncode == 0, what="the other program")
    debian.install(package)
    said = debian.install(bridge).stderr
    assert "another program listens on port 7835" in said
    assert machine.run("dpkg-query", "-W", "-f", "${db:Status-Status}", f"{NAME}-bridge").stdout == "installed"

    drop_in = machine.path("/etc/systemd/system/rbee-hive-bridge.socket.d/override.conf")
    drop_in.parent.mkdir()
    drop_in.write_text("".join(f"{line.strip()}\n" for line in said.splitlines() if line.startswith("    ")))
    machine.run("systemctl", "daemon-reload")
    machine.run("systemctl", "restart", "rbee-hive-bridge.socket")
    assert machine.run("curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "http://127.0.0.1:7836/health").stdout == "200"
    shutil.rmtree(drop_in.parent)
    other.kill()


def test_page_names_the_licences_of_what_it_is_made_of(bridge, tmp_path):
    subprocess.run(["dpkg-deb", "-x", bridge, tmp_path], check=True)
    licences = tmp_path / "usr/share/rbee-hive/web/licences.txt"
    if not licences.exists():
        pytest.skip("the page could not be built here")
    copyright = (tmp_path / f"usr/share/doc/{NAME}-bridge/copyright").read_text()
    names = re.findall(r"^## (\S+) - ", licences.read_text(), re.MULTILINE)
    assert "react" in names and not [name for name in names if not re.search(rf"(?<![\w/-]){re.escape(name)}(?![\w/-])", copyright)]
