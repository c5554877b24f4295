# SPDX-License-Identifier: LGPL-2.1-or-later
"""The hive's own folders as administrators make them: with a group that is inherited, as links, and in a home that is not there."""

import os
import stat

import pytest

from catalog import pkgbuild


@pytest.mark.root
def test_folders_that_inherit_a_group_take_installs_and_give_no_file_that_group(hive):
    for folder in (hive.state, hive.cache, hive.root):
        folder.mkdir(parents=True, exist_ok=True)
        os.chown(folder, 0, 12)
        folder.chmod(0o2775)
    hive.catalog.add(
        "some",
        pkgbuild(
            "some",
            source=[],
            package='mkdir -p "$pkgdir/usr/local/share/some"\necho x >"$pkgdir/usr/local/share/some/x"\n'
            'install -Dm755 /dev/null "$pkgdir/usr/local/bin/some"',
        ),
    )
    hive.installs("some")
    for path in ("/usr/local/bin/some", "/usr/local/share/some/x", "/usr/local/share/some"):
        status = os.stat(hive.installed(path))
        assert not status.st_mode & (stat.S_ISGID | stat.S_ISUID), path
        assert (status.st_uid, status.st_gid) == (0, 0), path
    assert hive.hivectl("verify").stdout == "some: OK\n"
    hive.removes("some")
    hive.nothing_left()


def test_folders_that_are_links_of_the_administrator_work(hive):
    for name in ("state", "cache"):
        real = hive.directory / f"disk-{name}"
        real.mkdir()
        link = hive.directory / f"link-{name}"
        link.symlink_to(real)
        hive.configuration["Hive"][f"{name.capitalize()}Directory"] = link
    hive.state, hive.cache = hive.directory / "disk-state", hive.directory / "disk-cache"
    hive.catalog.add("some")
    hive.installs("some")
    assert hive.hivectl("verify").stdout == "some: OK\n"
    hive.removes("some")


def test_home_that_is_not_there_is_no_hindrance(hive):
    hive.environment["HOME"] = "/nonexistent/home"
    hive.catalog.add("some")
    hive.installs("some")
    done = hive.hivectl("status", env={"HOME": "/nonexistent/home"})
    assert done.stderr == ""
