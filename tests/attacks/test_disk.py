# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a recipe may fill: the disk of its work tree within limits, never the machine's memory, and never all of the disk."""

from harness import pkgbuild

EVERY = ("prepare", "build", "check")


def of_each_step(answers, *words):
    """The lines of each step that begin with these words, without them."""
    return [line.removeprefix(" ".join(words) + " ") for line in answers if line.startswith(" ".join(words) + " ")]


def test_tmp_of_a_step_is_a_folder_of_the_work_tree(hive):
    """A file system of the disk's size, not memory's; and TMPDIR says so to those who do not take /tmp for granted."""
    ask = 'echo "device $(stat -c %d /tmp) $(stat -c %d "$srcdir")"; echo "mode $(stat -c %a /tmp)"; echo "TMPDIR $TMPDIR $(dirname "$(mktemp)")"'
    hive.catalog.add("some", pkgbuild("some", extra="".join(f"{step}() {{ {ask}\n}}\n" for step in EVERY) + f"pkgver() {{ {{ {ask}; }} >&2; echo 1; }}"))
    lines = hive.installs("some", check=True).lines()
    assert of_each_step(lines, "TMPDIR") == ["/tmp /tmp"] * 4 and of_each_step(lines, "mode") == ["1777"] * 4
    assert all(len(set(devices.split())) == 1 for devices in of_each_step(lines, "device"))


def test_each_step_finds_an_empty_tmp(hive):
    """What one step left there, a link in the place of the worker's folder for one, is not in the way of the next's sandbox."""
    leave = 'ls -A /tmp | sed "s/^/found /"; mkdir -p /tmp/left/deep; ln -sfn /oldroot /tmp/.X11-unix; chmod 0 /tmp/left/deep'
    hive.catalog.add("some", pkgbuild("some", extra="".join(f"{step}() {{ {leave}\n}}\n" for step in EVERY)))
    lines = hive.installs("some", check=True).lines()
    assert set(of_each_step(lines, "found")) == {"worker-install"}
