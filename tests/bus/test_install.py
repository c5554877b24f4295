# SPDX-License-Identifier: LGPL-2.1-or-later
"""What people see when a worker installs, to the character: DESIGN 9."""

import hashlib
import json
import os
import platform
import re
import shutil
import subprocess

import pytest

from catalog import entry, install_script, pkgbuild
from waiting import unique_seconds, wait_until, wake


def size(count):
    return f"{count} B" if count < 1024 else f"{count / 1024:.1f} KB"


def beginning(name, version, recipe, runtime, build, arch=None):
    return [
        "📦 Fetching worker metadata from catalog...",
        f"✓ Worker: {name} v{version}",
        "✓ Platform compatible: linux",
        f"✓ Architecture compatible: {arch or platform.machine()}",
        "📄 Downloading PKGBUILD...",
        f"✓ PKGBUILD downloaded ({size(len(recipe))})",
        "🔍 Parsing PKGBUILD...",
        f"✓ Parsed: pkgname={name}, pkgver={version}",
        "🔧 Checking dependencies...",
        f"✓ Runtime: {runtime}",
        f"✓ Build: {build}",
    ]


def end(binary):
    return [
        "💾 Installing binary...",
        f"✓ Binary installed: {binary}",
        "📝 Updating capabilities cache...",
        "✓ Capabilities updated",
        "🧹 Cleaning up temp files...",
        "✓ Cleanup complete",
        "✅ Worker installation complete!",
        "[DONE]",
    ]


def test_install_of_a_recipe_without_sources_prints_the_sample(hive):
    recipe = pkgbuild(
        "tiny",
        build="echo Building tiny v$pkgver; printf '   %s\\n' 'Compiling nothing'",
        package="echo Packaging tiny v$pkgver\n" + install_script("tiny"),
        depends=["gcc"],
        makedepends=["make", "git"],
    )
    hive.catalog.add("tiny", recipe)
    job = hive.installs("tiny")
    assert job.lines() == beginning("tiny", "1.0", recipe.encode(), "gcc", "make, git") + [
        "🏗️  Starting build phase...",
        "🌐 Network is on for build() (NetworkSteps= in hive.conf)",
        "⚙️  Built for the processor of this machine (native, CPU= in hive.conf)",
        "Building tiny v1.0",
        "   Compiling nothing",
        "✓ Build complete",
        "📦 Starting package phase...",
        "Packaging tiny v1.0",
        "✓ Package complete",
    ] + end(hive.installed("/usr/local/bin/tiny"))
    hive.nothing_left()
    assert subprocess.check_output([hive.installed("/usr/local/bin/tiny")], text=True) == "I work\n"


def test_install_of_hive_probe_as_it_ships_prints_the_sample_and_runs(hive, build):
    hive.configure("Catalog", URL=f"file://{build.catalog}")
    folder = build.catalog / "workers" / "hive-probe"
    job = hive.installs("hive-probe")
    sources = [f"✓ Source: {name} ({size((folder / name).stat().st_size)}, sha256)" for name in ("main.c", "measure.c", "server.c", "probe.h")]
    assert job.lines() == beginning("hive-probe", "0.1.0", (folder / "PKGBUILD").read_bytes(), "glibc", "gcc") + sources + [
        "🏗️  Starting build phase...",
        "🌐 Network is on for build() (NetworkSteps= in hive.conf)",
        "⚙️  Built for the processor of this machine (native, CPU= in hive.conf)",
        "Building hive-probe v0.1.0",
        "✓ Build complete",
        "📦 Starting package phase...",
        "Packaging hive-probe v0.1.0",
        "Installing binary to /usr/local/bin/hive-probe",
        "✓ Package complete",
    ] + end(hive.installed("/usr/local/bin/hive-probe"))
    hive.nothing_left()
    measured = json.loads(subprocess.check_output([hive.installed("/usr/local/bin/hive-probe"), "--json"]))
    assert measured


def test_install_with_every_phase_says_what_each_does(hive):
    recipe = pkgbuild("whole", extra="prepare() { echo I prepare; }\npkgver() { echo 2.5; }\ncheck() { echo I check; }", build="echo I build")
    hive.catalog.add("whole", recipe)
    job = hive.installs("whole", check=True)
    lines = job.lines()
    middle = lines[lines.index("✓ Build: none") + 1 : lines.index("💾 Installing binary...")]
    assert middle == [
        "🩹 Starting prepare phase...",
        "🌐 Network is on for prepare() (NetworkSteps= in hive.conf)",
        "I prepare",
        "✓ Prepare complete",
        "✓ Version: 2.5",
        "🏗️  Starting build phase...",
        "🌐 Network is on for build() (NetworkSteps= in hive.conf)",
        "⚙️  Built for the processor of this machine (native, CPU= in hive.conf)",
        "I build",
        "✓ Build complete",
        "🧪 Starting check phase...",
        "I check",
        "✓ Check complete",
        "📦 Starting package phase...",
        "✓ Package complete",
    ]
    assert hive.workers()["whole"]["version"] == "2.5-1"


def test_check_is_not_run_unless_asked_for(hive):
    hive.catalog.add("unchecked", pkgbuild("unchecked", extra="check() { echo I check; return 1; }"))
    job = hive.installs("unchecked")
    assert not any("check" in line.lower() and "Checking dependencies" not in line for line in job.lines() if "unchecked" not in line)


def test_phases_come_in_their_order_and_the_log_ends_once(hive):
    hive.catalog.add("ordered", pkgbuild("ordered", build="echo hello"))
    records = hive.installs("ordered").records()
    order = [
        "metadata",
        "platform",
        "pkgbuild",
        "parse",
        "dependencies",
        "sources",
        "prepare",
        "pkgver",
        "build",
        "check",
        "package",
        "install",
        "capabilities",
        "cleanup",
    ]
    places = [order.index(record.phase) for record in records]
    assert places == sorted(places)
    assert [record.text for record in records if record.stream == "end"] == ["done"]
    assert [record.time for record in records] == sorted(record.time for record in records)


def test_wrong_platform_prints_its_failure(hive):
    hive.catalog.add("apple", platforms=["macos", "windows"])
    job = hive.refuses("apple", "PlatformIncompatible", "Cannot install worker on this platform")
    assert job.lines() == [
        "📦 Fetching worker metadata from catalog...",
        "✓ Worker: apple v1.0",
        "❌ Platform incompatible",
        "Worker requires: macos, windows",
        "Current platform: linux",
        "[ERROR] Cannot install worker on this platform",
    ]


def test_wrong_architecture_prints_its_failure(hive):
    hive.catalog.add("foreign", architectures=["s390x", "riscv64"])
    job = hive.refuses("foreign", "PlatformIncompatible", "Cannot install worker on this architecture")
    assert job.lines()[2:] == [
        "✓ Platform compatible: linux",
        "❌ Architecture incompatible",
        "Worker requires: s390x, riscv64",
        f"Current architecture: {platform.machine()}",
        "[ERROR] Cannot install worker on this architecture",
    ]


@pytest.mark.parametrize("names", [["amd64", "arm64"], ["any"]])
def test_architecture_may_have_its_other_name_in_a_catalog(hive, names):
    hive.catalog.add("some", architectures=names)
    hive.installs("some")


def test_missing_dependency_prints_its_failure(hive):
    hive.catalog.add("needy", pkgbuild("needy", depends=["gcc", "cuda"], makedepends=["make", "git"]), depends=["gcc", "cuda"])
    job = hive.refuses("needy", "MissingDependencies")
    assert job.finished().message == "Please install cuda before proceeding"
    lines = [line for line in job.lines() if not line.startswith("Install with: ")]  # that is this distribution's
    assert lines[lines.index("🔧 Checking dependencies...") :] == [
        "🔧 Checking dependencies...",
        "❌ Missing dependencies",
        "Runtime: gcc ✓, cuda ✗",
        "Build: make ✓, git ✓",
        "[ERROR] Please install cuda before proceeding",
    ]


def test_two_missing_dependencies_are_both_named_and_an_empty_list_is_left_out(hive):
    hive.catalog.add("needier", pkgbuild("needier", makedepends=["libno-such.so", "gcc", "libnor-this.so=1-64"]))
    job = hive.refuses("needier", "MissingDependencies")
    assert job.finished().message == "Please install libno-such.so, libnor-this.so=1-64 before proceeding"
    assert job.lines()[-3:] == [
        "❌ Missing dependencies",
        "Build: libno-such.so ✗, gcc ✓, libnor-this.so=1-64 ✗",
        "[ERROR] Please install libno-such.so, libnor-this.so=1-64 before proceeding",
    ]


def test_failing_build_prints_its_failure(hive):
    hive.catalog.add("broken", pkgbuild("broken", build='echo "Building broken v$pkgver"\necho "ERROR: CUDA toolkit not found"\nreturn 1'))
    job = hive.refuses("broken", "BuildFailed")
    assert job.finished().message == "Build phase failed"
    lines = job.lines()
    assert lines[lines.index("🏗️  Starting build phase...") :] == [
        "🏗️  Starting build phase...",
        "🌐 Network is on for build() (NetworkSteps= in hive.conf)",
        "⚙️  Built for the processor of this machine (native, CPU= in hive.conf)",
        "Building broken v1.0",
        "ERROR: CUDA toolkit not found",
        "❌ Build failed with exit code 1",
        "[ERROR] Build phase failed",
    ]


@pytest.mark.parametrize("ending, code", [("false", 1), ("exit 7", 7), ("kill -KILL $BASHPID", 137), ("no_such_command_at_all", 127)])
def test_build_that_ends_badly_tells_its_exit_code(hive, ending, code):
    hive.catalog.add("broken", pkgbuild("broken", build=f"{ending}\necho not reached"))
    job = hive.refuses("broken", "BuildFailed", "Build phase failed")
    assert f"❌ Build failed with exit code {code}" in job.lines()
    assert "not reached" not in job.lines()


def test_failing_prepare_and_check_name_their_phase(hive):
    hive.catalog.add("unprepared", pkgbuild("unprepared", extra="prepare() { return 3; }"))
    job = hive.refuses("unprepared", "BuildFailed", "Prepare phase failed")
    assert job.lines()[-2:] == ["❌ Prepare failed with exit code 3", "[ERROR] Prepare phase failed"]
    hive.catalog.add("unproven", pkgbuild("unproven", extra="check() { return 4; }"))
    job = hive.refuses("unproven", "BuildFailed", "Check phase failed", check=True)
    assert job.lines()[-2:] == ["❌ Check failed with exit code 4", "[ERROR] Check phase failed"]


def test_failing_package_prints_its_failure(hive):
    hive.catalog.add("unpacked", pkgbuild("unpacked", package="return 5"))
    job = hive.refuses("unpacked", "PackageFailed", "Package phase failed")
    assert job.lines()[-2:] == ["❌ Package failed with exit code 5", "[ERROR] Package phase failed"]


def test_the_recipes_errors_and_its_output_are_told_apart(hive):
    hive.catalog.add("loud", pkgbuild("loud", build="echo to out; echo to err >&2"))
    records = hive.installs("loud").records()
    assert ("build", "out", "to out") in [record[2:] for record in records]
    assert ("build", "err", "to err") in [record[2:] for record in records]


def test_an_installed_worker_is_recorded_with_its_files(hive):
    package = (
        install_script("rich")
        + """
install -Dm644 /dev/stdin "$pkgdir/usr/local/share/rich/data" <<< some
ln -s data "$pkgdir/usr/local/share/rich/link"
install -d "$pkgdir/usr/local/share/rich/empty"
"""
    )
    recipe = pkgbuild("rich", package=package)
    hive.catalog.add("rich", recipe)
    job = hive.installs("rich")
    record = hive.record("rich")
    script = hive.installed("/usr/local/bin/rich").read_bytes()
    assert record["files"] == [
        {"path": "/usr/local/bin/rich", "type": "file", "mode": "0755", "size": len(script), "sha256": hashlib.sha256(script).hexdigest()},
        {"path": "/usr/local/share/rich/data", "type": "file", "mode": "0644", "size": 5, "sha256": hashlib.sha256(b"some\n").hexdigest()},
        {"path": "/usr/local/share/rich/link", "type": "symlink", "target": "data"},
    ]
    assert record["size"] == len(script) + 5
    assert record["recipe_sha256"] == hashlib.sha256(recipe.encode()).hexdigest()
    expected = {
        "format": 1,
        "id": "rich",
        "version": "1.0-1",
        "pkgname": "rich",
        "pkgver": "1.0",
        "pkgrel": "1",
        "description": "The worker rich",
        "license": "MIT",
        "backend": "cpu",
        "catalog": hive.catalog.url,
        "binary": "/usr/local/bin/rich",
        "job": job.id,
        "installed_by": os.getuid(),
    }
    assert {key: record[key] for key in expected} == expected
    assert os.readlink(hive.installed("/usr/local/share/rich/link")) == "data"
    assert hive.installed("/usr/local/share/rich/empty").is_dir()
    for path in ("/usr/local/bin/rich", "/usr/local/share/rich/data", "/usr/local/share/rich"):
        status = hive.installed(path).stat()
        assert (status.st_uid, status.st_gid) == (os.getuid(), os.getgid())

    worker = hive.workers()["rich"]
    assert worker["binary"] == str(hive.installed("/usr/local/bin/rich"))
    assert worker["installed_by"] == os.getuid()
    assert worker["size"] == record["size"]
    hive.nothing_left()


def test_result_record_is_the_contracts(hive):
    hive.catalog.add("told")
    result = hive.installs("told").result()
    assert result["already_installed"] is False
    assert {key: result[key] for key in ("pkgname", "version", "pkgver", "pkgrel", "binary", "backend")} == {
        "pkgname": "told",
        "version": "1.0-1",
        "pkgver": "1.0",
        "pkgrel": "1",
        "binary": "/usr/local/bin/told",
        "backend": "cpu",
    }


def test_installing_again_what_is_installed_says_so_and_builds_nothing(hive):
    hive.catalog.add("twice", pkgbuild("twice", build="echo I build"))
    hive.installs("twice")
    before = hive.installed("/usr/local/bin/twice").stat()
    job = hive.installs("twice")
    assert "✓ Already installed: twice 1.0-1 (ask for a reinstall to build it again)" in job.lines()
    assert "I build" not in job.lines()
    assert job.lines()[-1] == "[DONE]"
    assert hive.installed("/usr/local/bin/twice").stat().st_ino == before.st_ino
    hive.nothing_left()


def test_reinstall_builds_it_again(hive):
    hive.catalog.add("again", pkgbuild("again", build="echo I build"))
    hive.installs("again")
    assert "I build" in hive.installs("again", reinstall=True).lines()
    hive.nothing_left()


def test_signals_tell_of_the_job_and_the_worker(hive):
    hive.catalog.add("announced")
    job = hive.installs("announced")
    manager = [(signal.member, signal.arguments) for signal in hive.signals if signal.interface == "org.rbee.Hive"]
    assert ("JobNew", (job.id, job.path)) in manager
    assert ("WorkerInstalled", ("announced", "1.0-1")) in manager


def test_job_properties_tell_what_happened(hive):
    hive.catalog.add("described")
    job = hive.installs("described")
    properties = hive.get_all(job.path, "org.rbee.Hive.Job")
    assert properties["Id"] == job.id
    assert properties["Operation"] == "worker_install"
    assert properties["WorkerId"] == "described"
    assert properties["State"] == "done"
    assert properties["Owner"] == os.getuid()
    assert 0 < properties["CreatedAt"] <= properties["StartedAt"] <= properties["FinishedAt"]
    assert properties["LogSize"] == job.log_path.stat().st_size
    assert (properties["ErrorName"], properties["ErrorMessage"]) == ("", "")


def test_capabilities_are_made_anew_from_the_truth(hive):
    hive.catalog.add("capable")
    hive.installs("capable")
    capabilities = hive.call("GetCapabilities")
    assert capabilities["workers"] == [{"id": "capable", "version": "1.0-1", "binary": str(hive.installed("/usr/local/bin/capable"))}]
    assert capabilities["sandbox"] is True
    assert capabilities["platform"] == "linux"
    assert capabilities["architecture"] == platform.machine()
    assert capabilities["install_root"] == str(hive.root)
    assert any(device["device_type"] == "cpu" and device["cores"] >= 1 and device["memory"] > 0 for device in capabilities["devices"])
    written = json.loads((hive.state / "capabilities.json").read_text())
    assert [worker["id"] for worker in written["workers"]] == ["capable"]
    hive.removes("capable")
    assert hive.call("GetCapabilities")["workers"] == []
    assert json.loads((hive.state / "capabilities.json").read_text())["workers"] == []


def test_a_progress_record_is_a_property_and_no_line(hive):
    hive.catalog.add("progressive", pkgbuild("progressive", build="echo hello"))
    job = hive.installs("progressive")
    for record in job.records():
        if record.stream == "progress":
            assert re.fullmatch(r"\d+/\d+|\d+(\.\d+)?%|\d+(\.\d+)? [KMG]?B", record.text)


def test_what_a_build_tool_counts_is_the_progress_of_its_phase(hive):
    seconds = unique_seconds()
    hive.catalog.add(
        "counted",
        pkgbuild("counted", build=f"echo '[ 25%] Building C object main.c.o'; sleep {seconds} || true; echo '[3/4] Linking main'; echo '[4/4] Done'"),
    )
    job = hive.install("counted")
    wait_until(lambda: job.get("Progress") == 0.25, what="what cmake says")
    assert job.get("Phase") == "build"
    wake(seconds)
    job.wait()
    told = [(record.phase, record.text) for record in job.records() if record.stream == "progress"]
    assert (told[0], told[-1]) == (("build", "25%"), ("build", "4/4"))  # what comes at once is told once or twice


def test_catalog_is_listed_with_what_is_installed(hive):
    hive.catalog.add("one")
    hive.catalog.add("two", platforms=["macos"])
    hive.installs("one")
    listed = {worker["id"]: worker for worker in hive.call("ListCatalog", {}, signature="(a{sv})")}
    assert set(listed) == {"one", "two"}
    assert listed["one"]["installed_version"] == "1.0-1"
    assert listed["two"]["installed_version"] == ""
    assert (listed["one"]["compatible"], listed["two"]["compatible"]) == (True, False)
    expected = entry("one")
    for key in (
        "name",
        "version",
        "description",
        "license",
        "implementation",
        "worker_type",
        "build_system",
        "binary_name",
        "install_path",
        "platforms",
        "architectures",
        "depends",
        "makedepends",
        "supported_formats",
    ):
        assert listed["one"][key] == expected[key]
    assert hive.call("GetCatalogWorker", "one") == listed["one"]


def test_recipe_can_be_read_before_installing(hive):
    recipe = pkgbuild("readable")
    hive.catalog.add("readable", recipe)
    assert hive.call("GetRecipe", "readable", {}, signature="(sa{sv})") == recipe


def test_an_invalid_entry_is_left_out_of_the_list_and_the_rest_is_shown(hive):
    hive.catalog.add("good")
    hive.catalog.add("bad", version=None)
    assert [worker["id"] for worker in hive.call("ListCatalog", {}, signature="(a{sv})")] == ["good"]


def test_only_a_work_tree_of_size_is_removed_by_a_program_of_its_own(hive):
    libexec, asked = hive.directory / "libexec", hive.directory / "asked"
    shutil.copytree(hive.build.libexec, libexec)
    (libexec / "rbee-hive-commit").rename(libexec / "commit")
    (libexec / "rbee-hive-commit").write_text(f'#!/bin/sh\necho "$1" >>{asked}\nexec {libexec}/commit "$@"\n')
    (libexec / "rbee-hive-commit").chmod(0o755)
    hive.configure("Hive", LibexecDirectory=libexec)
    hive.catalog.add("small")
    hive.catalog.add("many", pkgbuild("many", build='touch "$srcdir"/file-{0..1100}'))
    hive.catalog.add("large", pkgbuild("large", build='truncate -s 300M "$srcdir/hole"; fallocate -l 65M "$srcdir/space"'))
    hive.catalog.add("broken", pkgbuild("broken", build="exit 1"))
    for verbs, run in (
        (["install"], lambda: hive.installs("small")),
        (["install", "clean"], lambda: hive.installs("many")),
        (["install", "clean"], lambda: hive.installs("large")),
        (["clean"], lambda: hive.refuses("broken", "BuildFailed")),
    ):
        asked.write_text("")
        job = run()
        assert [verb for verb in asked.read_text().split() if verb != "recover"] == verbs, job.log_text()
        assert ("✓ Cleanup complete" in job.lines()) == ("install" in verbs)
        hive.nothing_left()
