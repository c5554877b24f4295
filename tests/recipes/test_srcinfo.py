# SPDX-License-Identifier: LGPL-2.1-or-later
"""Recipes with one trap or feature each, in cases/: .SRCINFO is what makepkg prints, byte for byte, or both refuse."""

import re
import shutil
import subprocess

import pytest

from reader import CASES

# Where makepkg 6.0.2 says something else, and why; cases/NAME/expected is what is told here then.
DIFFERENT = {
    "ifs-comma": "makepkg joins commands of its own by the first character of IFS, and loses all elements of an array but the first",
    "redefines-printf": "makepkg prints by the recipe's printf, and ends",
    "redefines-everything": "makepkg copies values by functions of the recipe's that do nothing",
    "disables-builtins": "makepkg finds printf(1) then, which has no -v",
    "prints-on-output": "makepkg puts among its lines what the recipe prints",
}
# Where makepkg 7 says "does not allow empty values", which makepkg 6 and the hive drop.
EMPTY = {"empty-elements", "makepkg-integlist", "whitespace-description"}

pytestmark = pytest.mark.skipif(not shutil.which("makepkg"), reason="makepkg is not installed here")


def makepkg_version():
    said = subprocess.run(["makepkg", "--version"], check=True, stdout=subprocess.PIPE, text=True).stdout
    return int(re.search(r"\(pacman\) (\d+)", said)[1])


@pytest.mark.parametrize("name", sorted(folder.name for folder in CASES.iterdir()))
def test_srcinfo_is_what_makepkg_prints(reader, name):
    pkgbuild = reader.case(name)
    theirs, ours = reader.makepkg(pkgbuild), reader.check(pkgbuild, "--srcinfo")
    fine = theirs.returncode == 0 and theirs.stdout

    if name in EMPTY and makepkg_version() >= 7:
        assert not fine and b"does not allow empty values" in theirs.stderr and ours.returncode == 0
        return

    if name in DIFFERENT:
        assert not fine or theirs.stdout != ours.stdout, "makepkg says the same by now: take it out of DIFFERENT"
        assert ours.stdout == (pkgbuild.parent / "expected").read_bytes()
        return
    assert (ours.returncode == 0) == bool(fine), f"makepkg: {theirs.returncode}\n{theirs.stderr.decode()}\nhivectl: {ours.stderr.decode()}"
    assert ours.returncode in (0, 1)
    assert ours.stdout == (theirs.stdout if fine else b"")
    if not fine:
        assert ours.stderr.strip()
