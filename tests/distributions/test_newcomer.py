# SPDX-License-Identifier: LGPL-2.1-or-later
"""The README's two commands on a system that was just set up, without a terminal. The first installs what is missing, and a worker."""

import re

import pytest

import bare
from release import RELEASES, WITH_NODE, equipped

pytestmark = [pytest.mark.parametrize("release", [pytest.param(name, marks=pytest.mark.xdist_group(name)) for name in RELEASES])]

AS_ANNA = ("setpriv", "--reuid=anna", "--regid=anna", "--clear-groups", "env", "HOME=/home/anna", "sh", "-c")
PAGE = "build/try/usr/share/rbee-hive/web/index.html"


@pytest.fixture
def root(release):
    root = bare.Root(release)
    root.run(
        "sh",
        "-ec",
        "useradd --create-home anna; echo 'anna ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/anna; apt-get update -qq; "
        "apt-get install -qq --no-install-recommends git",
    )
    bare.copy_source(root.path / "home/anna/a checkout")
    root.run("chown", "-R", "anna:", "/home/anna")
    yield root
    root.close()


def test_user_with_sudo_tries_it_twice_at_the_same_time(root, release):
    """tools/try, by a user with sudo, in a path with a space, without a terminal, twice at the same time."""
    said = root.run(
        *AS_ANNA,
        "cd '/home/anna/a checkout'; tools/try >/tmp/first 2>&1 & first=$!; "
        "until [ -e build/try/lock ]; do sleep 1; kill -0 $first || break; done; tools/try; echo second: $?; wait $first; echo first: $?; cat /tmp/first; "
        f"! [ -e {PAGE} ] || echo the page is there",
        timeout=3600,
    ).stdout
    assert "another tools/try is running here" in said and "second: 1" in said
    assert "first: 0" in said and "[DONE]" in said, said
    assert ("the page is there" in said) == (release in WITH_NODE), said


def test_root_tries_it(root, release):
    """tools/try, by root, in a checkout of somebody else, where no Node is to be had."""
    (root.path / "etc/apt/preferences.d/node").write_text("Package: nodejs npm\nPin: release *\nPin-Priority: -1\n")
    said = root.run("sh", "-c", "cd '/home/anna/a checkout'; exec tools/try", timeout=3600, status=None)
    assert said.returncode == 0 and "[DONE]" in said.stdout and "The web page is left out" in said.stdout, said.stdout


def test_user_and_root_try_it_beside_a_hive_of_root(root, release):
    """tools/try, by a user and by root, beside a hive that root has left up."""
    said = root.run(
        "sh",
        "-c",
        "cp -R '/home/anna/a checkout' /srv/left; cp -R /srv/left /srv/other; cd /srv/left; tools/try --keep >/tmp/left 2>&1 & left=$!; "
        "until [ -e /srv/left/build/try/env ]; do sleep 1; kill -0 $left || { cat /tmp/left; exit 1; }; done; "
        f"{' '.join(AS_ANNA)} 'cd \"/home/anna/a checkout\"; tools/try'; echo user: $?; cd /srv/other; tools/try; echo root: $?; "
        ". /srv/left/build/try/env; hivectl remove hive-probe; echo left: $?; kill $left; wait $left; ls -A /run/rbee-hive-users 2>/dev/null",
        timeout=3600,
    ).stdout
    assert said.count("[DONE]") == 3 and re.search("user: 0(?s:.*)root: 0(?s:.*)left: 0\n$", said), said


def test_tools_test_ends_in_one_line(release):
    """tools/test, its suites style, unit and try, by a user, where what it installs is there."""
    root = bare.Root(release, equipped(release))
    try:
        bare.copy_source(root.path / "home/anna/a checkout")
        root.run("chown", "-R", "anna:", "/home/anna")
        said = root.run(*AS_ANNA, "cd '/home/anna/a checkout'; exec tools/test style unit try", timeout=3600, status=None)
        assert said.returncode == 0 and re.fullmatch(r"\d+ passed, 0 failed, \d+ skipped", said.stdout.splitlines()[-1]), said.stdout
    finally:
        root.close()
