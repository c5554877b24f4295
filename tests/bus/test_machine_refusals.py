# SPDX-License-Identifier: LGPL-2.1-or-later
"""Machines that cannot: no space, no bubblewrap, prefixes that are read-only."""

import os
import shutil

import pytest

from catalog import install_script, pkgbuild, shell_quote

LARGE = install_script("large") + '\nhead -c 4M /dev/urandom > "$pkgdir/usr/local/bin/large.bin"\n'


@pytest.mark.root
def test_no_space_in_the_prefix_is_refused_and_what_was_there_stays(hive):
    hive.mount(hive.root, "size=2M", "mode=755")
    hive.catalog.add("small")
    hive.catalog.add("large", pkgbuild("large", package=LARGE))
    hive.installs("small")
    hive.refuses("large", "NoSpace", str(hive.root))
    assert hive.installed("/usr/local/bin/small").exists()
    assert hive.call("Verify", path="/org/rbee/Hive/worker/small", interface="org.rbee.Hive.Worker") == []


@pytest.mark.root
def test_no_space_for_an_upgrade_leaves_the_old_version(hive):
    hive.mount(hive.root, "size=2M", "mode=755")
    hive.catalog.add("large", pkgbuild("large"))
    hive.installs("large")
    before = hive.installed("/usr/local/bin/large").read_bytes()
    hive.catalog.add("large", pkgbuild("large", version="2.0", package=LARGE), version="2.0")
    hive.refuses("large", "NoSpace", str(hive.root))
    assert hive.workers()["large"]["version"] == "1.0-1"
    assert hive.installed("/usr/local/bin/large").read_bytes() == before


@pytest.mark.root
def test_no_space_for_a_download_is_refused(hive, http_catalog):
    hive.cache.mkdir()
    hive.mount(hive.cache, "size=2M", "mode=755")
    http_catalog.answers["/files/big"] = (200, "application/octet-stream", bytes(4 << 20))
    http_catalog.add("some", pkgbuild("some", source=[f"{http_catalog.url}/files/big"], sha256sums=["SKIP"]))
    hive.refuses("some", "NoSpace", str(hive.cache))


@pytest.mark.root
def test_no_space_for_a_build_ends_it_and_cleans_up(hive):
    hive.cache.mkdir()
    hive.mount(hive.cache, "size=2M", "mode=755")
    hive.catalog.add("some", pkgbuild("some", build='head -c 10M /dev/zero > "$srcdir/zeros"'))
    job = hive.install("some")
    assert job.wait().result == "failed"
    assert job.finished().error in ("BuildFailed", "NoSpace")
    hive.nothing_left()


@pytest.mark.root
def test_no_space_for_the_log_still_ends_the_job(hive):
    hive.state.mkdir()
    hive.mount(hive.state, "size=1M", "mode=755")
    hive.catalog.add("noisy", pkgbuild("noisy", build="head -c 8M /dev/zero | tr '\\0' x | fold -w 100"))
    job = hive.install("noisy")
    end = job.wait()
    assert end.result in ("done", "failed")
    assert job.state == end.result
    if end.result == "failed":
        assert end.error == "NoSpace"
    for folder in (hive.cache / "work", hive.state / "transactions"):
        assert not folder.exists() or not [path for path in folder.iterdir() if path.name != ".lock"]
    assert hive.root_entries()[0] == hive.recorded()[0]


def tools_without(hive, *missing):
    """A PATH with everything but some programs."""
    folder = hive.directory / "tools"
    folder.mkdir()
    for directory in os.environ["PATH"].split(":"):
        if os.path.isdir(directory):
            for name in os.listdir(directory):
                if name not in missing and not (folder / name).is_symlink():
                    (folder / name).symlink_to(os.path.join(directory, name))
    return str(folder)


def test_no_bubblewrap_is_refused_and_status_says_what_to_do(hive):
    hive.environment["PATH"] = tools_without(hive, "bwrap")
    hive.catalog.add("some")
    hive.refuses("some", "SandboxUnavailable", "bubblewrap")
    capabilities = hive.call("GetCapabilities")
    assert capabilities["sandbox"] is False
    assert "bubblewrap" in capabilities["sandbox_error"] + capabilities["sandbox_hint"]
    status = hive.hivectl("status", status=None)
    assert "bubblewrap" in status.stdout + status.stderr


def test_no_pasta_leaves_build_without_a_network_and_status_says_what_to_do(hive):
    """Nothing goes on with the machine's own network."""
    hive.environment["PATH"] = tools_without(hive, "pasta")
    hive.catalog.add("some", pkgbuild("some", build="grep -c : /proc/net/dev"))
    lines = hive.installs("some").lines()
    assert any(line.startswith("⚠ build() goes on without a network: pasta is not installed. Install the package passt") for line in lines)
    assert "1" in lines and not any("Network is on" in line for line in lines)
    hive.refuses("some", "SandboxUnavailable", "pasta", "Install the package passt", network="allow", reinstall=True)
    capabilities = hive.call("GetCapabilities")
    assert capabilities["sandbox"] is True and "pasta" in capabilities["network_error"] and "passt" in capabilities["network_hint"]
    status = hive.hivectl("status")
    assert "pasta" in status.stdout and "apt install passt" in status.stdout


def test_no_pasta_refuses_what_a_catalog_wants_the_network_for(hive):
    hive.environment["PATH"] = tools_without(hive, "pasta")
    hive.configure("Catalog", NetworkSteps="build")
    hive.catalog.add("some", pkgbuild("some", build="true"))
    hive.refuses("some", "SandboxUnavailable", "pasta", "Install the package passt")


def test_no_fakeroot_is_refused_before_the_build(hive):
    hive.environment["PATH"] = tools_without(hive, "fakeroot")
    hive.catalog.add("some", pkgbuild("some", build="echo built"))
    lines = hive.refuses("some", "MissingDependencies", "Please install fakeroot").lines()
    assert lines[-2].startswith("Install with: sudo ") and lines[-2].endswith(" fakeroot")
    assert "built" not in lines


def speaking_bubblewrap(hive, says):
    folder = hive.directory / "speaking"
    folder.mkdir()
    program = folder / "bwrap"
    program.write_text(f"#!/bin/sh\necho {shell_quote('bwrap: ' + says)} >&2\nexit 1\n")
    program.chmod(0o755)
    hive.environment["PATH"] = f"{folder}:{os.environ['PATH']}"


@pytest.mark.parametrize(
    "says, why, hint",
    [
        ("setting up uid map: Permission denied", "denies", "--security-opt"),
        ("No permissions to creating new namespace, likely because the kernel does not allow non-privileged user namespaces.", "denies", ""),
        ("The --size option is not permitted in setuid mode", "setuid root", "chmod u-s"),
        ("execvp true: No such file or directory", "finds no programs", "container of another distribution"),
        ("pivot_root: Invalid argument", "initramfs", "mounted as the root"),
        ("what it never said before", "could not make a sandbox", "Try: bwrap"),
    ],
)
def test_bubblewrap_that_makes_no_sandbox_is_quoted_and_status_says_what_to_do(hive, says, why, hint):
    speaking_bubblewrap(hive, says)
    hive.catalog.add("some")
    hive.refuses("some", "SandboxUnavailable", says, why)
    capabilities = hive.call("GetCapabilities")
    assert capabilities["sandbox"] is False
    assert says in capabilities["sandbox_error"] and why in capabilities["sandbox_error"] and hint in capabilities["sandbox_hint"]


def test_file_of_the_hives_own_that_is_missing_is_named_and_is_no_fault_of_a_recipe(hive):
    others = {f"rbee-{name}" for name in ("hived", *("hive-" + name for name in "builder commit bridge notifier ready card window".split()))}
    names = sorted(file.name for file in hive.build.libexec.iterdir() if file.name not in others)
    assert "run.bash" in names and "rbee-hive-fetch" in names
    libexec = hive.directory / "libexec"
    shutil.copytree(hive.build.libexec, libexec)
    hive.configure("Hive", LibexecDirectory=libexec)
    hive.catalog.add("some")
    for name in names:
        (libexec / name).rename(libexec / "gone")
        hive.refuses("some", "Failed", f"A file of the hive's own cannot be used: {libexec}/{name}: No such file or directory")
        (libexec / "gone").rename(libexec / name)
    (libexec / "run.bash").rename(libexec / "gone")
    assert f"{libexec}/run.bash" in hive.call("GetCapabilities")["sandbox_error"]
    (libexec / "gone").rename(libexec / "run.bash")
    hive.installs("some")


@pytest.mark.root
def test_read_only_prefix_is_refused(hive):
    hive.foreign_file("/usr/local/README")
    hive.bind_read_only(hive.installed("/usr/local"))
    hive.catalog.add("some")
    hive.refuses("some", "Failed", str(hive.installed("/usr/local")))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write into every folder: the read-only mount is tried instead")
def test_prefix_that_may_not_be_written_is_refused(hive):
    hive.foreign_file("/usr/local/README")
    hive.installed("/usr/local").chmod(0o555)
    hive.catalog.add("some")
    hive.refuses("some", "Failed", str(hive.installed("/usr/local")))


def test_wrong_configuration_keeps_the_hive_from_starting_and_is_named(hive):
    hive.configure("Build", NoSuchKey="1")
    with pytest.raises(AssertionError) as caught:
        hive.start()
    hive.process = None
    assert "NoSuchKey" in str(caught.value)
