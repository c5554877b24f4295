# SPDX-License-Identifier: LGPL-2.1-or-later
"""How the packages come about that the other tests install."""

import shutil

import pytest

import release
from build import SOURCE


def test_tree_without_what_the_page_is_made_of_is_named_before_anything_is_built(tmp_path, monkeypatch):
    (tmp_path / "src/web").mkdir(parents=True)
    for name in ("installed.mjs", "package-lock.json"):
        shutil.copy(SOURCE / "src/web" / name, tmp_path / "src/web")
    monkeypatch.setattr(release, "SOURCE", tmp_path)
    with pytest.raises(AssertionError, match="would have no web page: its dependencies are not installed: npm ci --prefix"):
        release.Release("trixie", tmp_path).build()


def test_packages_are_made_once_of_the_same_source(tmp_path, monkeypatch):
    made = []

    def make(self, folder):
        made.append(folder)
        folder.mkdir()
        (folder / "hive.deb").write_text("a package")
        (folder / "complaints").write_text("none")

    monkeypatch.setattr(release, "page_is_there", lambda: None)
    monkeypatch.setattr(release.bare, "KEPT", tmp_path / "kept")
    monkeypatch.setattr(release.Release, "make", make)
    of = ["this"]
    monkeypatch.setattr(release, "packaged", lambda: of[0])
    for session, source in enumerate(("this", "this", "another")):
        of[0] = source
        built = release.Release("trixie", tmp_path / str(session))
        built.build()
        assert [package.read_text() for package in built.packages] == ["a package"] and built.complaints == "none"
    assert len(made) == 2
