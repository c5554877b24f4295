# SPDX-License-Identifier: LGPL-2.1-or-later
"""The README's way onto a release of Debian: the package is built there by an ordinary user, installed on a system that was just set up,
which is booted, and put through its life. The tests of one release share a machine, in this order."""

import filecmp
import json
import re
import shutil
import subprocess

import pytest

from administrator import GATE, NAME, newer_package
from build import SOURCE
from catalog import pkgbuild
from release import RELEASES, WITH_NODE
from waiting import wait_until

pytestmark = [pytest.mark.parametrize("release", [pytest.param(name, marks=pytest.mark.xdist_group(name)) for name in RELEASES], indirect=True)]


def test_packages_build(release, packages):
    """tools/package, by an ordinary user in a path with a space."""
    made = {package.name.partition("_")[0]: package for package in release.packages}
    assert set(made) == {NAME, f"{NAME}-bridge", f"{NAME}-desktop"}
    listed = subprocess.run(["dpkg-deb", "-c", made[f"{NAME}-desktop"]], check=True, stdout=subprocess.PIPE, text=True).stdout
    assert "rbee-hive-window" in listed


def test_packages_are_the_same_byte_for_byte(release, packages):
    """Another user's build, in another folder, time zone, umask and locale, makes the same packages, byte for byte."""
    for package, again in zip(release.packages, release.build_again(), strict=True):
        assert filecmp.cmp(package, again, shallow=False), differences(package, again)


def differences(*packages):
    """Of two packages: files whose sums differ, and what is of another kind."""
    sums = [
        set(subprocess.run(["dpkg-deb", "-I", package, "md5sums"], check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines())
        | set(subprocess.run(["dpkg-deb", "-c", package], check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines())
        for package in packages
    ]
    return "\n".join(sorted(sums[0] ^ sums[1])) or f"{packages} differ in how they are packed, or in control files"


def test_lintian_has_no_complaint(release, packages):
    """lintian says nothing of the packages, --pedantic and --display-info."""
    assert not re.search("^[EWIP]:", release.complaints, re.MULTILINE), release.complaints


def test_piuparts_has_no_complaint(release, packages):
    """piuparts finds nothing that is left after a purge, or was not as it should be before it."""
    said = release.piuparts()
    assert said.returncode == 0 and "PASS: All tests" in said.stdout, said.stdout[-8000:]


def test_folder_for_changes_of_the_configuration_is_there(debian):
    """/etc/rbee-hive/hive.conf.d is there, for root to write."""
    status = debian.machine.path("/etc/rbee-hive/hive.conf.d").stat()
    assert (status.st_mode, status.st_uid, status.st_gid) == (0o40755, 0, 0)
    assert debian.machine.run("dpkg", "-S", "/etc/rbee-hive/hive.conf.d").stdout.startswith(f"{NAME}: ")


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


def test_page_answers_its_first_request(debian, release, record_property):
    """The web page's first request."""
    answer = debian.machine.run("curl", "-s", "-D", "-", "http://127.0.0.1:7835/").stdout
    if release.name in WITH_NODE:
        assert answer.startswith("HTTP/1.1 200"), answer + debian.machine.journal("-u", "rbee-hive-bridge", "-n", "20")
    else:
        assert answer.startswith("HTTP/1.1 404") and "The web page is not installed" in answer, answer
        record_property("mark", "is told that there is none")
    token = debian.hivectl("web", "--token").stdout.strip()
    jobs = debian.machine.run("curl", "-s", "-H", f"Authorization: Bearer {token}", "http://127.0.0.1:7835/v1/jobs").stdout
    assert isinstance(json.loads(jobs)["jobs"], list)


def test_package_passes_its_own_tests(debian):
    """The package's own tests, debian/tests, by autopkgtest."""
    source = debian.machine.path("/root/source")
    shutil.copytree(SOURCE / "data/debian", source / "debian")
    (source / "debian/changelog").write_text(
        f"{NAME} (0) unstable; urgency=medium\n\n  * Tests.\n\n -- tests <tests@localhost>  Thu, 01 Jan 1970 00:00:00 +0000\n"
    )
    # It is on a machine of its own, and cannot know.
    done = debian.machine.run(
        "autopkgtest",
        "--no-built-binaries",
        "--ignore-restrictions=isolation-machine,breaks-testbed",
        "/root/source/",
        "--",
        "null",
        timeout=300,
        status=None,
    )
    assert done.returncode == 0 and re.search(r"^install-a-worker +PASS", done.stdout + done.stderr, re.MULTILINE), done.stdout + done.stderr
    shutil.rmtree(source)


def test_job_lives_through_kill_of_the_daemon(debian):
    """A job goes on while the daemon is killed (kill -9)."""
    debian.offer(slow=pkgbuild("slow", build=f"echo started; {GATE}; echo went on"))
    job = debian.ask_for("slow")
    debian.wait_for_line(job, "started")
    follower, first = debian.follow(job), debian.daemon
    while "started" not in follower.stdout.readline():
        assert follower.poll() is None
    debian.machine.run("sh", "-c", f"kill -9 {first}")
    wait_until(lambda: debian.daemon not in (0, first), what="another daemon")
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
    left = subprocess.run(
        [
            "find",
            upper,
            "-name",
            "*rbee*",
            "-size",
            "+0",
            *(part for path in ("var/lib/dpkg", "var/log", "root") for part in ("-not", "-path", f"{upper}/{path}/*")),
        ],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    ).stdout
    assert left == "" and not machine.path("/etc/rbee-hive").exists() and not machine.path("/usr/local/bin/hive-probe").exists()
    assert machine.run("find", "/run", "-name", "*rbee*", "-not", "-path", "/run/systemd/units/*").stdout == ""
