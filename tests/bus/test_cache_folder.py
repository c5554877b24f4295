# SPDX-License-Identifier: LGPL-2.1-or-later
"""CacheDirectory= on file systems that are full, too small, read-only, or keep programs from running: the log and the error name it."""

import io
import os
import tarfile

import pytest

from catalog import pkgbuild, sha256

MANY = 'mkdir "$srcdir/many"; for ((i = 0; i < 4000; i++)); do echo "$i" >"$srcdir/many/$i" || exit; done'


def small_cache(hive, *options):
    hive.cache.mkdir()
    hive.mount(hive.cache, *options, "mode=755")


@pytest.mark.root
@pytest.mark.parametrize("size", ["4k", "8k", "12k"])
def test_a_job_in_a_full_cache_names_its_folder(hive, size):
    small_cache(hive, f"size={size}")
    hive.catalog.add("epoch", pkgbuild("epoch", extra="epoch=2"))
    hive.refuses("epoch", "NoSpace", str(hive.cache))


@pytest.mark.root
@pytest.mark.parametrize("keep_free", ["2G", "0"])
@pytest.mark.parametrize("function", ["prepare", "build", "package"])
def test_a_function_that_fills_the_cache_names_its_folder(hive, function, keep_free):
    small_cache(hive, "size=2M")
    hive.configure("Build", KeepFree=keep_free)
    script = 'head -c 10M /dev/zero >"$srcdir/zeros"'
    recipe = pkgbuild("full", package=script) if function == "package" else pkgbuild("full", extra=f"{function}() {{ {script}; }}")
    hive.catalog.add("full", recipe)
    hive.refuses("full", "NoSpace", str(hive.cache))


@pytest.mark.root
def test_a_function_that_takes_the_last_inode_names_the_folder(hive):
    small_cache(hive, "size=64M", "nr_inodes=2000")
    hive.catalog.add("full", pkgbuild("full", build=MANY))
    hive.refuses("full", "NoSpace", str(hive.cache))


@pytest.mark.root
def test_a_function_that_tidies_up_after_it_filled_the_cache_names_it(hive):
    """As compilers and linkers do."""
    small_cache(hive, "size=2M")
    hive.catalog.add("full", pkgbuild("full", build="head -c 10M /dev/zero >zeros || { rm zeros; exit 1; }"))
    hive.refuses("full", "NoSpace", str(hive.cache))


@pytest.mark.root
@pytest.mark.parametrize("summed", [True, False], ids=["summed", "skipped"])
def test_a_download_leaves_some_of_the_disk_to_others(hive, http_catalog, summed):
    """A twentieth of a small one, as the work tree does; and what it took is given back."""
    small_cache(hive, "size=64M")
    data = bytes(62 << 20)
    http_catalog.answers["/data"] = (200, "application/octet-stream", data)
    http_catalog.add("some", pkgbuild("some", source=[f"{http_catalog.url}/data"], sha256sums=[sha256(data) if summed else "SKIP"]))
    hive.refuses("some", "NoSpace", str(hive.cache), "KeepFree=")
    free = os.statvfs(hive.cache)
    assert free.f_bavail * free.f_frsize > 60 << 20


@pytest.mark.root
@pytest.mark.parametrize("keep_free", ["2G", "0"])
def test_an_archive_that_fills_the_cache_names_its_folder(hive, http_catalog, keep_free):
    small_cache(hive, "size=2M")
    hive.configure("Build", KeepFree=keep_free)
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        member = tarfile.TarInfo("zeros")
        member.size = 10 << 20
        archive.addfile(member, io.BytesIO(bytes(member.size)))
    http_catalog.answers["/data.tar.gz"] = (200, "application/gzip", packed.getvalue())
    http_catalog.add("some", pkgbuild("some", source=[f"{http_catalog.url}/data.tar.gz"], sha256sums=["SKIP"]))
    hive.refuses("some", "NoSpace", str(hive.cache))


@pytest.mark.root
def test_a_cache_that_keeps_programs_from_running_is_named(hive):
    small_cache(hive, "noexec")
    hive.catalog.add("own", pkgbuild("own", build="printf '#!/bin/sh\\necho configured\\n' >configure; chmod +x configure; ./configure"))
    (line,) = [line for line in hive.refuses("own", "BuildFailed").lines() if "noexec" in line]
    assert line.startswith("⚠ ") and f"CacheDirectory={hive.cache}" in line
    capabilities = hive.call("GetCapabilities")
    assert capabilities["sandbox"] is True and "noexec" in capabilities["sandbox_error"] and "CacheDirectory=" in capabilities["sandbox_hint"]
    assert f"works, but no program that a build makes can run: CacheDirectory={hive.cache}" in " ".join(hive.hivectl("status").stdout.split())
    hive.catalog.add("plain")
    assert "noexec" not in hive.installs("plain").log_text()


@pytest.mark.root
@pytest.mark.parametrize("option", ["nosuid", "nodev", "noatime"])
def test_other_options_of_the_caches_mount_are_no_trouble(hive, option):
    small_cache(hive, option)
    hive.catalog.add("plain", pkgbuild("plain", build="false"))
    assert "CacheDirectory=" not in hive.refuses("plain", "BuildFailed").log_text()
    hive.catalog.add("plain")
    hive.installs("plain")


@pytest.mark.root
def test_a_cache_that_cannot_be_written_is_named(hive):
    hive.cache.mkdir()
    hive.bind_read_only(hive.cache)
    hive.catalog.add("plain")
    end = hive.install("plain").wait()
    assert (end.result, end.error) == ("failed", "Failed") and str(hive.cache) in end.message and "Read-only file system" in end.message
    nothing_can_be_installed(hive, "CacheDirectory=", "Read-only file system")


@pytest.mark.root
def test_a_cache_that_jobs_cannot_reach_is_named_before_one_tries(hive):
    closed = hive.directory / "closed"
    closed.mkdir(mode=0o700)
    hive.configure("Hive", CacheDirectory=closed / "cache")
    hive.catalog.add("plain")
    nothing_can_be_installed(hive, str(closed), "chmod a+x")
    assert hive.install("plain").wait().error == "Failed"
    closed.chmod(0o711)
    assert hive.call("GetCapabilities")["sandbox"] is True
    hive.installs("plain")


def nothing_can_be_installed(hive, *parts):
    """hivectl status knows it without a job."""
    capabilities = hive.call("GetCapabilities")
    told = capabilities["sandbox_error"] + capabilities["sandbox_hint"]
    assert capabilities["sandbox"] is False and all(part in told for part in parts), told
    assert "does not work, so nothing can be installed" in " ".join(hive.hivectl("status", status=1).stdout.split())
