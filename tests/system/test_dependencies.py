# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a build misses is installed first, when the caller asks for it: by the real PackageKit, from a signed repository."""

import pathlib
import time

import pytest

from catalog import install_script, pkgbuild
from client import HiveError
from distribution import KEYRING, Repository
from waiting import wait_until

GATE = "until [ -e /run/gate ]; do sleep 0.05; done"
PHASE = "install-dependencies"

pytestmark = pytest.mark.skipif(
    not pathlib.Path("/usr/share/dbus-1/system-services/org.freedesktop.PackageKit.service").exists(),
    reason="there is no PackageKit here (Debian: packagekit)",
)


@pytest.fixture(scope="module")
def repository(machine):
    """Its packages have the names that dependencies.conf has; none is on this machine."""
    repository = Repository(machine)
    repository.add("yasm", ["/usr/bin/yasm"], Depends="yasm-common")
    repository.add("yasm-common", ["/usr/share/yasm-common/data"])
    repository.add("gperf", ["/usr/bin/gperf"], postinst="echo it can not be set up >&2; exit 1")
    repository.add("mold", ["/usr/bin/mold"], Conflicts="coreutils-of-the-tests")
    repository.add("coreutils-of-the-tests", ["/usr/bin/of-the-tests"])
    repository.add("help2man", ["/usr/bin/help2man"], postinst=GATE)
    repository.add("swig", ["/usr/bin/swig"], postinst=GATE)
    repository.add("re2c", ["/usr/bin/re2c"], postinst=GATE)
    for name in ("nasm", "chrpath", "flex", "lshw"):
        repository.add(name, [f"/usr/bin/{name}"])
    repository.publish()
    repository.update()
    machine.run("apt-get", "install", "--yes", "coreutils-of-the-tests")
    return repository


@pytest.fixture
def gate(machine):
    """What packages wait for until it is opened; it stays open then, for one that was killed while it was unpacked is set up later."""
    path = machine.path("/run/gate")
    path.unlink(missing_ok=True)
    yield path
    path.touch()
    wait_until(lambda: not machine.run("pgrep", "dpkg", status=None).stdout, what="the end of dpkg")
    left = machine.run("dpkg", "--audit").stdout
    assert not left, f"the next test would find half a package: {left}"


def needs(hive, *names, worker="needy"):
    hive.catalog.add(worker, pkgbuild(worker, makedepends=list(names), package=install_script(worker)))
    return worker


def is_installed(machine, package):
    shown = machine.run("dpkg-query", "--show", "--showformat=${db:Status-Status}", package, status=None)
    return shown.stdout == "installed"


def is_set_up(machine, package):
    """Whether it is unpacked, and its postinst runs."""
    return machine.run("pgrep", "--full", f"{package}.postinst", status=None).stdout


def notes(job, phase=PHASE):
    return [record.text for record in job.records() if record.phase == phase and record.stream == "note"]


def test_missing_package_is_installed_with_what_it_needs_and_the_build_goes_on(hive, machine, repository):
    job = hive.install(needs(hive, "yasm>=0.9"), **{PHASE: True})
    assert job.wait().result == "done", job.lines()
    assert is_installed(machine, "yasm") and is_installed(machine, "yasm-common")
    assert notes(job) == [
        "📦 Installing what is missing: yasm",
        "To install: yasm 1.0-1, yasm-common 1.0-1",
        "Installing yasm-common 1.0-1",
        "Installing yasm 1.0-1",
        "✓ Packages installed: yasm",
    ]
    assert notes(job, "dependencies") == [
        "🔧 Checking dependencies...",
        "Build: yasm>=0.9 ✗",
        "🔧 Checking dependencies...",
        "✓ Runtime: none",
        "✓ Build: yasm>=0.9",
    ]
    percents = [record.text for record in job.records() if record.phase == PHASE and record.stream == "progress"]
    assert len(percents) > 1 and percents == sorted(percents, key=lambda text: int(text.split("/")[0]))


def test_without_the_option_nothing_is_installed(hive, machine, repository):
    error = hive.fails(hive.install(needs(hive, "chrpath")), "MissingDependencies", "Please install chrpath")
    assert not is_installed(machine, "chrpath"), error


def test_option_installs_nothing_where_nothing_is_missing(hive, machine, repository):
    job = hive.install(needs(hive, "bash"), **{PHASE: True})
    assert job.wait().result == "done"
    assert notes(job) == []


def test_package_that_no_repository_has_is_named_after_new_lists_were_fetched(hive, repository):
    job = hive.install(needs(hive, "doxygen"), **{PHASE: True})
    hive.fails(job, "MissingDependencies", "Could not install doxygen", "repositories have no doxygen", "by hand: sudo apt install doxygen")
    assert "Not in the package lists: doxygen. Fetching new lists..." in notes(job)


def test_new_lists_are_fetched_where_they_are_old(hive, machine, repository):
    repository.add("bison", ["/usr/bin/bison"])
    repository.publish()
    job = hive.install(needs(hive, "bison"), **{PHASE: True})
    assert job.wait().result == "done", job.lines()
    assert is_installed(machine, "bison")


def test_nothing_is_installed_when_something_else_is_missing_too(hive, machine, repository):
    job = hive.install(needs(hive, "chrpath", "libnowhere.so=3-64"), **{PHASE: True})
    hive.fails(job, "MissingDependencies", "Please install chrpath, libnowhere.so=3-64")
    assert "⚠ Nothing was installed: no package is known that brings libnowhere.so=3-64" in notes(job, "dependencies")
    assert not is_installed(machine, "chrpath")


def test_version_that_no_package_has_is_still_missing_afterwards(hive, machine, repository):
    job = hive.install(needs(hive, "nasm>=99"), **{PHASE: True})
    hive.fails(job, "MissingDependencies", "Please install nasm>=99")
    assert "Build: nasm>=99 ✗ (1.0 is here)" in notes(job, "dependencies")


def test_package_that_fails_is_told_in_the_words_of_the_package_manager(hive, machine, repository):
    job = hive.install(needs(hive, "gperf"), **{PHASE: True})
    hive.fails(job, "MissingDependencies", "Could not install gperf: PackageKit: ", "by hand: sudo apt install gperf")
    machine.run("dpkg", "--purge", "gperf")


def test_package_that_would_remove_another_is_not_installed(hive, machine, repository):
    job = hive.install(needs(hive, "mold"), **{PHASE: True})
    hive.fails(job, "MissingDependencies", "Could not install mold", "would remove coreutils-of-the-tests 1.0-1")
    assert not is_installed(machine, "mold") and is_installed(machine, "coreutils-of-the-tests")


def test_package_of_a_repository_that_nobody_trusts_is_not_installed(hive, machine, repository):
    repository.trust(KEYRING, trusted="no")
    repository.update()
    try:
        job = hive.install(needs(hive, "flex"), **{PHASE: True})
        hive.fails(job, "MissingDependencies", "Could not install flex: PackageKit: ")
        assert not is_installed(machine, "flex")
    finally:
        repository.trust(KEYRING)
        repository.update()


def test_daemon_that_is_killed_in_the_middle_goes_on_when_it_is_back(hive, machine, repository, gate):
    job = hive.install(needs(hive, "help2man"), **{PHASE: True})
    job.wait_for_line("Installing help2man 1.0-1")
    before = hive.pid
    hive.kill()
    wait_until(lambda: hive.pid not in (0, before), what="the daemon")
    wait_until(lambda: job.get("Phase") == PHASE, what="the phase")
    gate.touch()
    wait_until(lambda: job.state == "done", what=lambda: "\n".join(job.lines()))
    assert is_installed(machine, "help2man")
    assert "needy" in hive.workers()


def test_cancelled_job_ends_when_the_package_manager_can_stop(hive, machine, repository, gate):
    job = hive.install(needs(hive, "swig"), **{PHASE: True})
    job.wait_for_line("Installing swig 1.0-1")
    job.cancel()
    job.wait_for_line("Waiting for PackageKit to finish...")
    assert job.state == "running"
    gate.touch()
    assert job.wait().result == "cancelled"
    assert is_installed(machine, "swig"), "the package manager was stopped in the middle of a package:\n" + job.log_text()
    assert not hive.workers()
    hive.nothing_left()


def test_package_manager_that_dies_ends_the_job(hive, machine, repository, gate):
    job = hive.install(needs(hive, "re2c"), **{PHASE: True})
    job.wait_for_line("Installing re2c 1.0-1")
    wait_until(lambda: is_set_up(machine, "re2c"), what=job.log_text)  # what is killed before it is unpacked is in every other job's way
    machine.run("systemctl", "kill", "--signal=KILL", "packagekit.service")
    hive.fails(job, "Interrupted", "PackageKit ended in the middle")
    gate.touch()
    machine.run("dpkg", "--configure", "--pending")


def test_machine_without_package_manager_says_what_to_type(hive, machine, repository):
    machine.run("systemctl", "mask", "--now", "packagekit.service")
    try:
        job = hive.install(needs(hive, "lshw"), **{PHASE: True})
        hive.fails(job, "MissingDependencies", "There is no PackageKit here", "by hand: sudo apt install lshw")
    finally:
        machine.run("systemctl", "unmask", "packagekit.service")


def test_hivectl_shows_it_and_a_job_with_the_option_is_another_one(hive, machine, repository):
    needs(hive, "chrpath")
    shown = hive.hivectl("install", "--install-dependencies", "needy").stdout
    assert "📦 Installing what is missing: chrpath" in shown and "✅ Worker installation complete!" in shown
    with pytest.raises(HiveError) as failure:
        hive.catalog.add("slow", pkgbuild("slow", build="sleep 86399"))
        slow = hive.install("slow")
        hive.install("slow", **{PHASE: True})
    assert failure.value.name == "Busy"
    slow.cancel()
    slow.wait()


def test_what_others_say_of_the_package_manager_is_not_believed(hive, machine, repository, gate):
    """A signal to the daemon alone may come from anybody on the bus."""
    repository.add("sox", ["/usr/bin/sox"], postinst=GATE)
    repository.publish()
    repository.update()
    job = hive.install(needs(hive, "sox"), **{PHASE: True})
    job.wait_for_line("Installing sox 1.0-1")
    transaction = machine.run(
        "busctl", "call", "org.freedesktop.PackageKit", "/org/freedesktop/PackageKit", "org.freedesktop.PackageKit", "GetTransactionList"
    ).stdout.split('"')[1]
    daemon = machine.run(
        "busctl", "call", "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "GetNameOwner", "s", "org.rbee.Hive"
    ).stdout.split('"')[1]
    for values in (("1", "0"), ("3", "0")):
        machine.run(
            "gdbus",
            "emit",
            "--system",
            "--dest",
            daemon,
            "--object-path",
            transaction,
            "--signal",
            "org.freedesktop.PackageKit.Transaction.Finished",
            *(f"uint32 {value}" for value in values),
            user="anna",
        )
    machine.run(
        "gdbus",
        "emit",
        "--system",
        "--dest",
        daemon,
        "--object-path",
        "/org/freedesktop/DBus",
        "--signal",
        "org.freedesktop.DBus.NameOwnerChanged",
        "'org.freedesktop.PackageKit'",
        "':1.1'",
        "''",
        user="anna",
    )
    time.sleep(1)
    assert job.state == "running" and job.get("Phase") == PHASE, job.log_text()
    gate.touch()
    assert job.wait().result == "done"
