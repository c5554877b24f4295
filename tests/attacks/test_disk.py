# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a recipe may fill: the disk of its work tree within limits, never the machine's memory, and never all of the disk."""

import gzip
import subprocess

import pytest

from catalog import pkgbuild

EVERY = ("prepare", "build", "check")


def of_each_step(answers, *words):
    """The lines of each step that begin with these words, without them."""
    return [line.removeprefix(" ".join(words) + " ") for line in answers if line.startswith(" ".join(words) + " ")]


def test_tmp_of_a_step_is_a_folder_of_the_work_tree(hive):
    """A file system of the disk's size, not memory's; and TMPDIR says so to those who do not take /tmp for granted."""
    ask = 'echo "device $(stat -c %d /tmp) $(stat -c %d "$srcdir")"; echo "mode $(stat -c %a /tmp)"; echo "TMPDIR $TMPDIR $(dirname "$(mktemp)")"'
    hive.catalog.add(
        "some", pkgbuild("some", extra="".join(f"{step}() {{ {ask}\n}}\n" for step in EVERY) + f"pkgver() {{ {{ {ask}; }} >&2; echo 1; }}")
    )
    lines = hive.installs("some", check=True).lines()
    assert of_each_step(lines, "TMPDIR") == ["/tmp /tmp"] * 4 and of_each_step(lines, "mode") == ["1777"] * 4
    assert all(len(set(devices.split())) == 1 for devices in of_each_step(lines, "device"))


def test_each_step_finds_an_empty_tmp(hive):
    """What one step left there, a link in the place of the worker's folder for one, is not in the way of the next's sandbox."""
    leave = 'ls -A /tmp | sed "s/^/found /"; mkdir -p /tmp/left/deep; ln -sfn /oldroot /tmp/.X11-unix; chmod 0 /tmp/left/deep'
    hive.catalog.add("some", pkgbuild("some", extra="".join(f"{step}() {{ {leave}\n}}\n" for step in EVERY)))
    lines = hive.installs("some", check=True).lines()
    assert set(of_each_step(lines, "found")) == {"worker-install", "worker-tools"}


def test_a_step_that_outgrows_the_work_tree_is_ended_and_names_the_key(hive):
    hive.configure("Build", MaxWorkSize="32M")
    for place in ("$srcdir", "/tmp", "$HOME"):
        hive.catalog.add("large", pkgbuild("large", build=f"head -c 100M /dev/zero >{place}/file; sleep 1000"))
        hive.refuses("large", "LimitsExceeded", "build() was ended", "32.0 MB", "MaxWorkSize=")
    hive.nothing_left()


def test_a_step_that_makes_too_many_files_is_ended_and_names_the_key(hive):
    hive.configure("Build", MaxWorkFiles="2000")
    hive.catalog.add("many", pkgbuild("many", build="mkdir d; cd d; touch {1..3000}; sleep 1000"))
    hive.refuses("many", "LimitsExceeded", "2000 files", "MaxWorkFiles=")
    hive.nothing_left()


def test_what_package_makes_counts_too(hive):
    hive.configure("Build", MaxWorkSize="32M")
    hive.catalog.add("large", pkgbuild("large", package='head -c 100M /dev/zero >"$pkgdir/file"'))
    hive.refuses("large", "LimitsExceeded", "package() was ended", "MaxWorkSize=")


def small_disk(hive, size, inodes=0):
    """CacheDirectory on a file system of its own, of which others have all but a little."""
    hive.cache.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"mode=755,size={size},nr_inodes={inodes}", "none", str(hive.cache)], check=True)


@pytest.mark.root
def test_a_build_leaves_some_of_the_disk_to_others(hive):
    small_disk(hive, "200M")
    try:
        hive.catalog.add("large", pkgbuild("large", build="head -c 195M /dev/zero >file; sleep 1000"))
        hive.refuses("large", "NoSpace", "KeepFree=", str(hive.cache))
        hive.catalog.add("fine", pkgbuild("fine", build="head -c 50M /dev/zero >file"))
        hive.installs("fine")
    finally:
        hive.stop()
        subprocess.run(["umount", "-l", str(hive.cache)], check=True)


@pytest.mark.root
def test_a_build_leaves_some_of_the_inodes_to_others(hive):
    small_disk(hive, "200M", 5000)
    try:
        hive.catalog.add("many", pkgbuild("many", build="mkdir d; cd d; touch {1..4960} || true; sleep 1000"))
        hive.refuses("many", "NoSpace", "KeepFree=")
    finally:
        hive.stop()
        subprocess.run(["umount", "-l", str(hive.cache)], check=True)


def test_a_terabyte_that_is_a_hole_ends_soon(hive):
    """In the work tree it takes no space; in the package it is as large as it says."""
    hive.catalog.add("hole", pkgbuild("hole", build="truncate -s 1T hole"))
    hive.installs("hole")
    hive.catalog.add(
        "holes", pkgbuild("holes", package='install -d "$pkgdir/usr/local/share/holes"; truncate -s 1T "$pkgdir/usr/local/share/holes/hole"')
    )
    hive.refuses("holes", "LimitsExceeded", "MaxTreeSize=")
    hive.nothing_left()


DEEP = '/usr/bin/python3 -c \'import os; [(os.mkdir("d"), os.chdir("d")) for _ in range(5000)]\''


def test_five_thousand_nested_folders_are_tidied(hive):
    hive.catalog.add("deep", pkgbuild("deep", build=f'cd "$srcdir"; {DEEP}; cd /tmp; {DEEP}'))
    hive.installs("deep")
    hive.nothing_left()


def test_five_thousand_nested_folders_in_a_package_are_refused(hive):
    hive.catalog.add("deep", pkgbuild("deep", package=f'cd "$pkgdir"; {DEEP}; true'))
    hive.refuses("deep", "PackageInvalid", "nested deeper than")
    hive.nothing_left()


def test_five_thousand_nested_folders_in_what_tools_keep_are_tidied(hive):
    hive.catalog.add("deep", pkgbuild("deep", extra=f'prepare() {{ mkdir -p "$CARGO_HOME"; cd "$CARGO_HOME"; {DEEP}; }}'))
    hive.installs("deep")
    hive.nothing_left()


def test_a_bomb_of_gzip_is_ended_by_the_limit_of_sources(hive):
    hive.configure("Build", MaxSourceSize="32M")
    bomb = gzip.compress(gzip.compress(bytes(300 << 20), 9), 9)
    for name, data in (("bomb.gz", gzip.compress(bytes(100 << 20), 1)), ("nested.gz", bomb)):
        hive.catalog.add("bomb", pkgbuild("bomb", source=[name], sha256sums=["SKIP"], build="ls -s"), files={name: data})
        if name == "bomb.gz":
            hive.refuses("bomb", "LimitsExceeded", "MaxSourceSize=")
        else:
            hive.installs("bomb")  # what an archive in an archive holds is for the recipe to unpack
    hive.nothing_left()
