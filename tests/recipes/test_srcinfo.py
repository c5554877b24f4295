# SPDX-License-Identifier: LGPL-2.1-or-later
"""Recipes with one trap or feature each, in cases/: .SRCINFO is what makepkg prints, byte for byte, or both refuse. Where a version of makepkg
says something else, docs/SYSTEMS.md has a row for it; cases/NAME/expected is what is told here then, or makepkg refuses and the row says how."""

import re
import shutil

import pytest

from reader import CASES, differences
from test_built_trees import CASES as TREES

pytestmark = pytest.mark.skipif(not shutil.which("makepkg"), reason="makepkg is not installed here")


@pytest.mark.parametrize("name", sorted(folder.name for folder in CASES.iterdir()))
def test_srcinfo_is_what_makepkg_prints(reader, name):
    pkgbuild = reader.case(name)
    theirs, ours = reader.makepkg(pkgbuild), reader.check(pkgbuild, "--srcinfo")
    fine = theirs.returncode == 0 and theirs.stdout

    if name in differences():
        assert not fine or theirs.stdout != ours.stdout, "makepkg says the same by now: take its version out of docs/SYSTEMS.md"
        if (pkgbuild.parent / "expected").exists():
            assert ours.stdout == (pkgbuild.parent / "expected").read_bytes()
        else:
            assert not fine and re.search('"(.*)"', differences()[name])[1].encode() in theirs.stderr and ours.returncode == 0
        return
    assert (ours.returncode == 0) == bool(fine), f"makepkg: {theirs.returncode}\n{theirs.stderr.decode()}\nhivectl: {ours.stderr.decode()}"
    assert ours.returncode in (0, 1)
    assert ours.stdout == (theirs.stdout if fine else b"")
    if not fine:
        assert ours.stderr.strip()


def test_every_difference_is_of_a_case():
    """A row without a case would excuse nothing."""
    assert set(differences()) <= {folder.name for folder in CASES.iterdir()} | set(TREES) and len(differences()) >= 5
