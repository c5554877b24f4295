# SPDX-License-Identifier: LGPL-2.1-or-later
"""The README's first command on a system that was just set up, without a terminal: what is missing is installed, and a worker."""

import pytest

import bare

pytestmark = [pytest.mark.parametrize("release", [pytest.param(name, marks=pytest.mark.xdist_group(name)) for name in ("bookworm", "trixie", "sid")])]


@pytest.fixture
def root(release):
    root = bare.Root(release)
    root.run("sh", "-ec", "useradd --create-home anna; echo 'anna ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/anna; apt-get update -qq; "
             "apt-get install -qq --no-install-recommends git")
    bare.copy_source(root.path / "home/anna/a checkout")
    root.run("chown", "-R", "anna:", "/home/anna")
    yield root
    root.close()


def test_user_with_sudo_tries_it_twice_at_the_same_time(root, release):
    """tools/try, by a user with sudo, in a path with a space, without a terminal."""
    said = root.run("setpriv", "--reuid=anna", "--regid=anna", "--clear-groups", "env", "HOME=/home/anna", "sh", "-c",
                    "cd '/home/anna/a checkout'; tools/try >/tmp/first 2>&1 & first=$!; "
                    "until [ -e build/try/lock ]; do sleep 1; kill -0 $first || break; done; tools/try; echo second: $?; wait $first; echo first: $?; cat /tmp/first",
                    timeout=3600).stdout
    assert "another tools/try is running here" in said and "second: 1" in said
    assert "first: 0" in said and "[DONE]" in said, said


def test_root_tries_it(root, release):
    """tools/try, by root, in a checkout of somebody else, where no Node is to be had."""
    (root.path / "etc/apt/preferences.d/node").write_text("Package: nodejs npm\nPin: release *\nPin-Priority: -1\n")
    said = root.run("sh", "-c", "cd '/home/anna/a checkout'; exec tools/try", timeout=3600, status=None)
    assert said.returncode == 0 and "[DONE]" in said.stdout and "The web page is left out" in said.stdout, said.stdout
