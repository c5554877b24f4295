# SPDX-License-Identifier: LGPL-2.1-or-later
"""hivectl build: a PKGBUILD of one's own, built as the caller and without a hive."""

import json
import os
import signal
import subprocess
import time

import pytest

import shapes
from catalog import install_script, pkgbuild
from waiting import wait_until, with_argument


def test_trees_are_left_beside_the_file_each_under_its_name(author):
    author.write("PKGBUILD", pkgbuild("some", source=["data"], sha256sums=["SKIP"], build="cat data; id -u", package=install_script("some")))
    author.write("data", "from beside\n")
    author.own()
    lines = author.builds().stdout.splitlines()
    assert {"from beside", str(author.uid if os.geteuid() == 0 else os.getuid()), f"✓ Package tree: {author.recipe}/pkg/some"} <= set(lines)
    assert lines[-1] == "[DONE]"
    assert (author.recipe / "pkg/some/usr/local/bin/some").stat().st_mode & 0o777 == 0o755
    author.write("data", "from again\n")
    assert "from again" in author.builds().stdout
    author.nothing_left()


def test_json_is_an_object_a_record_and_the_outcome(author):
    author.write("PKGBUILD", pkgbuild("some", version="1.5"))
    *records, outcome = map(json.loads, author.builds("--json", "--output", "out").stdout.splitlines())
    shapes.check("build", *records, outcome)
    assert outcome == {
        "version": "1.5-1",
        "packages": [{"name": "some", "path": f"{author.recipe}/out/some"}],
        "state": "done",
        "error": "",
        "message": "",
    }
    assert [record["cursor"] for record in records] == sorted({record["cursor"] for record in records})
    assert {record["phase"] for record in records} >= {"pkgbuild", "parse", "dependencies", "package"}


REFUSED = {
    "outside of the prefixes": "install -Dm644 PKGBUILD 'PKG/usr/lib/some/data'",
    "what others load": "install -Dm644 PKGBUILD 'PKG/usr/local/lib/python3.11/dist-packages/some.pth'",
    "a folder that others load": "install -d 'PKG/usr/local/lib/systemd/system'",
    "a program that is there": "install -Dm755 PKGBUILD 'PKG/usr/local/bin/bash'",
    "a link out": "ln -s /etc/passwd 'PKG/usr/local/bin/some-users'",
    "a set-user-ID bit": "chmod 4755 'PKG/usr/local/bin/some'",
    "another's folder": "install -Dm644 PKGBUILD 'PKG/usr/local/share/other/data'",
}


@pytest.mark.parametrize("refused", REFUSED)
def test_what_the_hive_would_not_install_is_told_in_its_words(author, hive, refused):
    more = REFUSED[refused].replace("'PKG", '"$pkgdir').replace("'", '"').replace(" PKGBUILD ", ' "$startdir/PKGBUILD" ')
    recipe = pkgbuild("some", package=install_script("some") + "\n" + more)
    author.write("PKGBUILD", recipe)
    author.own()
    hive.catalog.add("some", recipe)
    end = hive.install("some").wait()
    assert end.error in ("PackageInvalid", "FileConflict")
    assert f"⚠ The hive would not install some: {end.message}" in author.builds().stdout.splitlines()
    assert (author.recipe / "pkg/some/usr/local/bin/some").exists()


def test_what_the_hive_would_install_is_told_nothing_of(author):
    package = (
        install_script("some")
        + '\ninstall -Dm644 "$startdir/PKGBUILD" "$pkgdir/usr/local/share/some/data"\nln -s some "$pkgdir/usr/local/bin/some-cli"'
    )
    author.write("PKGBUILD", pkgbuild("some", package=package))
    assert "⚠" not in author.builds().stdout


def test_package_without_a_program_is_told(author):
    author.write("PKGBUILD", pkgbuild("some", package='install -Dm644 "$startdir/PKGBUILD" "$pkgdir/usr/local/share/some/data"'))
    assert "⚠ The hive would not install this: The package has no program" in author.builds().stdout


def test_each_of_several_packages_is_looked_at_and_stays_where_it_was(author):
    author.write(
        "PKGBUILD",
        "pkgbase=some\npkgname=(some some-data)\npkgver=1.0\npkgrel=1\npkgdesc=some\narch=(any)\nlicense=(MIT)\n"
        f"package_some() {{\n{install_script('some')}\n}}\n"
        'package_some-data() { install -Dm644 "$startdir/PKGBUILD" "$pkgdir/usr/local/share/some/data"; '
        'install -Dm644 "$startdir/PKGBUILD" "$pkgdir/usr/local/etc/profile.d/some.sh"; }\n',
    )
    (told,) = [line for line in author.builds().stdout.splitlines() if line.startswith("⚠")]
    assert told.startswith("⚠ The hive would not install some-data: /usr/local/etc/profile.d/some.sh in the package ")
    assert (author.recipe / "pkg/some/usr/local/bin/some").exists() and (author.recipe / "pkg/some-data/usr/local/share/some/data").exists()


def test_check_runs_when_it_is_asked_for(author):
    author.write("PKGBUILD", pkgbuild("some", extra="check() { echo checked; }"))
    assert "checked" not in author.builds().stdout
    assert "checked" in author.builds("--check").stdout


def test_a_failure_says_why_and_leaves_nothing(author):
    author.write("PKGBUILD", pkgbuild("some", build="echo before\nfalse"))
    done = author.builds(status=1)
    assert "before" in done.stdout and done.stdout.splitlines()[-1] == "[ERROR] Build phase failed"
    done = author.builds("--quiet", status=1)
    assert (done.stdout, done.stderr) == ("", "hivectl: Build phase failed\n")
    assert json.loads(author.builds("--json", status=1).stdout.splitlines()[-1])["error"] == "BuildFailed"
    assert not (author.recipe / "pkg").exists()
    author.nothing_left()


def test_a_named_folder_is_never_overwritten(author):
    author.write("PKGBUILD", pkgbuild("some", build="echo built"))
    author.write("out/some/precious", "data")
    author.own()
    done = author.builds("--output", "out", status=1)
    assert "out/some exists" in done.stdout and "built" not in done.stdout
    assert (author.recipe / "out/some/precious").read_text() == "data"


def test_wrong_use_is_named(author):
    for arguments, part in (
        ((), "FILE"),
        (("nowhere",), "nowhere"),
        (("PKGBUILD", "--reinstall"), "--reinstall"),
        (("PKGBUILD", "--host", "a"), "--host"),
    ):
        done = author.run(author.build.bin / "hivectl", "build", *arguments, status=2)
        assert part in done.stderr and done.stdout == ""


@pytest.mark.root
def test_root_may_not_build(author):
    author.write("PKGBUILD", pkgbuild("some"))
    done = subprocess.run(
        [str(part) for part in author.hivectl_build()], cwd=author.recipe, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert done.returncode == 4 and "root must not build" in done.stderr


def start(author, marker):
    author.write("PKGBUILD", pkgbuild("some", build=f"echo started\nsleep {marker}"))
    process = subprocess.Popen(
        author.command(*author.hivectl_build()),
        cwd=author.recipe,
        env=author.environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    wait_until(lambda: with_argument(marker), what="the build")
    return process


@pytest.mark.parametrize("number, group", [(signal.SIGINT, True), (signal.SIGTERM, False)])
def test_interrupted_it_ends_all_and_leaves_nothing(author, number, group):
    marker = f"{80000 + os.getpid() % 9999}.1"
    process = start(author, marker)
    (os.killpg if group else os.kill)(process.pid, number)
    text = process.communicate(timeout=60)[0]
    assert process.returncode == 6 and text.splitlines()[-1] == "[CANCELLED]"
    assert not with_argument(marker)
    author.nothing_left()


def test_killed_its_builder_ends_too_and_the_next_build_cleans_up(author):
    marker = f"{80000 + os.getpid() % 9999}.2"
    process = start(author, marker)
    process.kill()
    process.wait()
    process.stdout.close()
    wait_until(lambda: not with_argument(marker) and not with_argument(str(author.configuration)), what="the end of the build and its builder")
    left = author.cache / "rbee-hive/work/recipe.1"
    left.mkdir(parents=True, exist_ok=True)
    author.own()
    author.write("PKGBUILD", pkgbuild("some"))
    time.sleep(0.1)
    author.builds()
    author.nothing_left()
