# SPDX-License-Identifier: LGPL-2.1-or-later
"""The Debian package on a machine that never had the hive: installed, upgraded, removed and purged, with jobs in its way."""

import contextlib
import fcntl
import hashlib
import os
import pathlib
import re
import shutil
import stat
import subprocess

import pytest

import harness
import machine as machines
from harness import pkgbuild, wait_until

# In one process, that the package is built, and a machine booted, once; others go on with the other tests meanwhile.
pytestmark = pytest.mark.xdist_group("package")

GATE = "until [ -e /usr/share/gate ]; do sleep 0.05; done"
NAME = "rbee-hive"
# What takes long and changes nothing that is tested here.
QUICKLY = {"DEB_BUILD_OPTIONS": "nocheck noopt noautodbgsym", "DPKG_DEB_COMPRESSOR_TYPE": "gzip", "DPKG_DEB_COMPRESSOR_LEVEL": "1"}

# What installing and purging any package changes, and what a running machine does meanwhile. Everything else must be as before.
ELSEWHERE = re.compile("|".join((
    r"var/lib/dpkg/.*", r"var/log/.*", r"var/lib/apt/.*", r"var/cache/apt/.*", r"var/cache/debconf/.*",
    r"var/cache/man/.*", r"var/lib/PackageKit/.*",  # what man-db and PackageKit note of every package
    r"var/lib/systemd/catalog/database",  # journalctl's, made anew by a trigger
    r"etc/(passwd|group|shadow|gshadow)-?", r"etc/\.pwd\.lock",  # looked at by themselves below
    r"var/lib/systemd/(timers/.*|random-seed|timesync/.*|linger)", r"var/tmp/.*", r"tmp/.*", r"root/.*", r"home/.*", r"srv/.*",
    r"usr/share/gate",
)))


@pytest.fixture(scope="session")
def package(testrun_uid):
    """The .deb, built once a test run."""
    given = os.environ.get("RBEE_TEST_PACKAGE")
    if given:
        return pathlib.Path(given).resolve()
    for command in ("dpkg-buildpackage", "dh", "lintian"):
        if not shutil.which(command):
            pytest.skip(f"there is no {command} here (Debian: dpkg-dev, debhelper, lintian)")
    folder, stamp = harness.SOURCE / "build", harness.SOURCE / "build/package/.testrun"
    folder.mkdir(exist_ok=True)
    with open(folder / ".package.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not stamp.exists() or stamp.read_text() != testrun_uid:
            done = subprocess.run([harness.SOURCE / "tools/package"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                  env=dict(os.environ, **QUICKLY))
            assert done.returncode == 0, done.stdout[-8000:]
            stamp.write_text(testrun_uid)
    return next(path for path in (folder / "package").glob(f"{NAME}_*.deb"))


@pytest.fixture(scope="session")
def newer(package, tmp_path_factory):
    """The same with a higher version and another daemon: one that has a word more at its end."""
    folder = tmp_path_factory.mktemp("newer")
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


def prepare(root):
    """In an image for containers one file keeps packages from starting anything. The other has man-db read all manual pages again after each
    change, which takes longer than the rest of it."""
    for name in ("usr/sbin/policy-rc.d", "var/lib/man-db/auto-update"):
        (root / name).unlink(missing_ok=True)


@pytest.fixture(scope="module")
def bare_machine():
    machine = machines.Machine(prepare)
    yield machine
    machine.close()


@pytest.fixture
def debian(bare_machine):
    debian = Debian(bare_machine)
    yield debian
    debian.gate.touch()
    debian.dpkg("--purge", NAME, status=None)
    debian.gate.unlink(missing_ok=True)
    shutil.rmtree(debian.machine.path("/srv/catalog"), ignore_errors=True)


class Debian:
    """What an administrator does on a machine."""

    def __init__(self, machine):
        self.machine = machine
        self.gate = machine.path("/usr/share/gate")

    def dpkg(self, *arguments, **options):
        return self.machine.run("dpkg", *arguments, environment={"DEBIAN_FRONTEND": "noninteractive"}, timeout=180, **options)

    def install(self, package):
        shutil.copy(package, self.machine.path("/root/hive.deb"))
        return self.dpkg("-i", "/root/hive.deb")

    def hivectl(self, *arguments, **options):
        return self.machine.run("hivectl", *arguments, **options)

    def configure(self, text):
        folder = self.machine.path("/etc/rbee-hive/hive.conf.d")
        folder.mkdir(exist_ok=True)
        (folder / "test.conf").write_text(text)
        self.machine.run("systemctl", "try-restart", "rbee-hived.service", status=None)

    def offer(self, **recipes):
        """A catalog with these, one job at a time."""
        catalog = harness.Catalog(self.machine.path("/srv/catalog"))
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
        wait_until(lambda: text in self.log(job), 60, lambda: f"{text} in the log of job {job}:\n{self.log(job)}")

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

    # the file system

    def changed(self):
        """State of every path that is not this machine's own, by path."""
        upper = self.machine.overlay / "upper"
        paths = {os.path.relpath(os.path.join(above, name), upper) for above, folders, names in os.walk(upper) for name in folders + names}
        return {path: state(self.machine.files / path) for path in paths}

    def differences(self, before):
        return sorted(path for path, now in self.changed().items()
                      if not ELSEWHERE.fullmatch(path) and now != (before[path] if path in before else state(pathlib.Path("/", path))))

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
    debian.offer(some=pkgbuild("some", package=files + harness.install_script("some")))
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
