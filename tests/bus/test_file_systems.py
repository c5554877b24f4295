# SPDX-License-Identifier: LGPL-2.1-or-later
"""File systems that lack what ext4, btrfs and xfs have (NFS, FUSE, vfat, older kernels): strace answers for the kernel."""

import subprocess

import pytest

from catalog import pkgbuild, sha256

NO_RENAME_FLAGS = ["renameat2:error=EINVAL"]
NO_HARD_LINKS = ["link,linkat:error=EPERM"]
LACKS = {
    "rename_flags": NO_RENAME_FLAGS,
    "hard_links": NO_HARD_LINKS,
    "all_of_it": ["renameat2:error=EOPNOTSUPP", *NO_HARD_LINKS, "copy_file_range:retval=0", "/.*xattr.*:error=EOPNOTSUPP"],
    "copies_in_the_kernel": ["copy_file_range:error=EXDEV"],
}

DATA = b"data\n" * 1000
DEEP = "deep=.; for ((i = 0; i < 60; i++)); do deep+=/d; done; mkdir -p $deep\n"


@pytest.fixture(params=LACKS)
def poor_hive(hive, request):
    if subprocess.run(["strace", "-o", "/dev/null", "true"], check=False).returncode != 0:
        pytest.skip("strace does not work here")
    faults = [f"--inject={fault}" for fault in LACKS[request.param]]
    # The kernel stops them at these calls alone, and the rest goes on at its own speed.
    faults += ["--seccomp-bpf", "--trace=" + ",".join(fault.partition(":")[0] for fault in LACKS[request.param])]
    # -D: the daemon stays the process that the test started; strace ends with the last process of its.
    hive.wrapper = ["strace", "-D", "-f", "-qq", "-o", "/dev/null", *faults, "--"]
    # Two cannot trace one process, and the search for leaks does so; what else the sanitizers see stays on.
    hive.tell_sanitizer("detect_leaks=0")
    return hive


def test_workers_are_built_installed_replaced_and_removed(poor_hive, http_catalog):
    http_catalog.answers["/data.bin"] = (200, "application/octet-stream", DATA)
    repository = poor_hive.directory / "repository"
    git = ["git", "-c", "user.name=Test", "-c", "user.email=test@example.org", "-C", repository]
    subprocess.run(["git", "init", "-q", repository], check=True)
    subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", "a change"], check=True)
    sources = [f"{http_catalog.url}/data.bin", f"git+file://{repository}"]
    text = pkgbuild(
        "some",
        source=sources,
        sha256sums=[sha256(DATA), "SKIP"],
        build=DEEP + 'mkdir -p "$CCACHE_DIR"; echo kept >"$CCACHE_DIR/mark"; cat data.bin >/dev/null',
    )
    http_catalog.add("some", text)
    poor_hive.installs("some")
    poor_hive.installs("some", reinstall=True)
    poor_hive.removes("some")


def test_split_packages_are_put_together(poor_hive):
    script = (
        'install -Dm755 /dev/stdin "$pkgdir/usr/local/bin/{0}" <<<\'#!/bin/sh\'; install -Dm644 /dev/stdin "$pkgdir/usr/local/share/{1}/{0}" <<<x'
    )
    poor_hive.catalog.add(
        "two",
        pkgbuild(
            "two",
            package="",
            extra="pkgname=(two two-tools)\n" + "".join(f"package_{name}() {{ {script.format(name, 'two')}; }}\n" for name in ("two", "two-tools")),
        ),
    )
    poor_hive.installs("two")
    assert poor_hive.installed("/usr/local/share/two/two-tools").exists()
