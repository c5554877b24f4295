# SPDX-License-Identifier: LGPL-2.1-or-later
"""Workers whose names have dots, underscores and capitals, as catalogs have them, everywhere an id goes; and names that are none are told."""

import pytest

from catalog import pkgbuild
from client import HiveError

NAMES = ("llama.cpp-cli", "Text_Generation", "v1.2_X", "9")


@pytest.mark.parametrize("name", NAMES)
def test_worker_is_installed_verified_and_removed_by_such_a_name(hive, name):
    hive.catalog.add(name, pkgbuild(name.lower(), package=f"install -Dm755 /dev/stdin \"$pkgdir/usr/local/bin/{name}\" <<<'#!/bin/sh'"))
    hive.installs(name)
    assert set(hive.workers()) == {name}
    assert hive.call("GetCatalogWorker", name)["id"] == name
    hive.restart()
    hive.hivectl("verify", name)
    assert name in hive.hivectl("list").stdout
    hive.installs(name, reinstall=True)
    hive.removes(name)
    assert hive.workers() == {}
    hive.nothing_left()


@pytest.mark.parametrize("name", ["..", ".x", "_x", "-x", "a..b", "a b", "a/b/c", "ü", "x" * 101, ""])
def test_what_leads_elsewhere_is_no_name(hive, name):
    with pytest.raises(HiveError) as refused:
        hive.install(name)
    assert refused.value.name == "InvalidArgument"


def test_folder_whose_name_is_none_is_told(hive):
    hive.catalog.add("good")
    folder = hive.catalog.folder("good")
    for name in ("not a name", "_hidden"):
        folder.with_name(name).mkdir()
        (folder.with_name(name) / "worker.json").write_text("{}")
    folder.with_name("only-a-folder.d").mkdir()
    folder.with_name(".git").mkdir()
    shown = hive.hivectl("catalog")
    assert "good" in shown.stdout
    assert [line.count("is left out") for line in shown.stderr.splitlines()] == [1, 1] and "not a name" in shown.stderr and "_hidden" in shown.stderr
