# SPDX-License-Identifier: LGPL-2.1-or-later
"""The role rbee.hive.hive on a booted machine: what it writes there, a second time nothing, and what a user may then do."""

import json
import os
import shutil
import subprocess

import pytest

import pypi
from catalog import pkgbuild

WORKERS = [{"name": "some"}, {"name": "other", "state": "latest"}]
ROLE = {
    "rbee_hive_package": "",
    "rbee_hive_configuration": {"Jobs": {"MaxParallel": 3}, "Install": {"Allow": ["/opt/models"]}},
    "rbee_hive_users": ["anna"],
    "rbee_hive_workers": WORKERS,
}


@pytest.fixture
def play(hive, machine):
    if not shutil.which("ansible-playbook", path="/usr/bin"):
        pytest.skip("there is no ansible-playbook in /usr/bin")
    hive.catalog.add("some", pkgbuild("some"))
    hive.catalog.add("other", pkgbuild("other"))

    def run(*arguments, status=0, ansible=("ansible-playbook",), **variables):
        book = [{"hosts": "localhost", "become": False, "roles": [{"role": "rbee.hive.hive", **ROLE, **variables}]}]
        machine.path("/srv/play.json").write_text(json.dumps(book))
        done = machine.run(
            *ansible,
            "-i",
            "localhost,",
            "-c",
            "local",
            "-e",
            "ansible_python_interpreter=/usr/bin/python3",
            *arguments,
            "/srv/play.json",
            status=status,
            timeout=120,
            environment={"LC_ALL": "C.UTF-8", "HOME": "/root"},
        )
        return done.stdout

    yield run
    for path in ("/etc/rbee-hive/hive.conf.d/50-ansible.conf", "/etc/polkit-1/rules.d/40-rbee-hive.rules"):
        machine.path(path).unlink(missing_ok=True)
    machine.run("gpasswd", "--delete", "anna", "rbee", status=None)


@pytest.fixture
def newest(machine):
    """What runs the newest ansible-playbook on the machine, which has a copy of it."""
    if "RBEE_TEST_ALL" not in os.environ:
        pytest.skip("half a minute: tools/test --all, or RBEE_TEST_ALL=1")
    place = machine.path("/srv/ansible")
    shutil.copytree(pypi.environment("ansible-core"), place, symlinks=True)
    yield "/srv/ansible/bin/python", "/srv/ansible/bin/ansible-playbook"
    shutil.rmtree(place)


@pytest.fixture
def package(machine):
    """A package as a site has one: the path of its file on the machine."""
    if "RBEE_TEST_ALL" not in os.environ:
        pytest.skip("apt takes its time: tools/test --all, or RBEE_TEST_ALL=1")
    tree, file = machine.path("/srv/package"), machine.path("/srv/rbee-hive-of-a-site.deb")
    (tree / "DEBIAN").mkdir(parents=True)
    (tree / "DEBIAN/control").write_text(
        "Package: rbee-hive-of-a-site\nVersion: 1.0\nArchitecture: all\nMaintainer: tests <tests@localhost>\nDescription: a package of the tests\n"
    )
    subprocess.run(["dpkg-deb", "--build", "--root-owner-group", tree, file], check=True, stdout=subprocess.DEVNULL)
    shutil.rmtree(tree)
    yield f"/srv/{file.name}"
    machine.run("dpkg", "--purge", "rbee-hive-of-a-site", status=None)
    file.unlink()
    machine.path(f"/var/tmp/{file.name}").unlink(missing_ok=True)


def changed(told):
    return int(told.rsplit("changed=", 1)[1].split()[0])


def test_role_sets_up_a_machine_and_the_second_time_changes_nothing(hive, machine, play):
    assert changed(play()) >= 5
    assert sorted(worker["id"] for worker in hive.call("ListWorkers")) == ["other", "some"]
    assert hive.call("GetCapabilities")["max_parallel"] == 3
    assert "Allow=/opt/models\n" in machine.path("/etc/rbee-hive/hive.conf.d/50-ansible.conf").read_text()
    assert changed(play()) == 0
    facts = machine.run(
        "ansible", "localhost", "-m", "setup", "-a", "filter=ansible_local", environment={"LC_ALL": "C.UTF-8", "HOME": "/root"}
    ).stdout
    assert '"rbee_hive"' in facts and '"sandbox": true' in facts


def test_role_does_the_same_with_the_newest_ansible(hive, machine, play, newest):
    assert changed(play(ansible=newest)) >= 5
    assert sorted(worker["id"] for worker in hive.call("ListWorkers")) == ["other", "some"]
    assert changed(play(ansible=newest)) == 0


@pytest.mark.skipif(not shutil.which("dpkg-deb"), reason="packages of Debian are made and installed by Debian's tools")
def test_role_installs_the_package_of_a_file_once(hive, machine, play, package):
    options = {"rbee_hive_workers": [], "rbee_hive_users": []}
    assert changed(play(rbee_hive_package=package, **options)) >= 2
    assert machine.run("dpkg-query", "--show", "--showformat=${Status}", "rbee-hive-of-a-site").stdout == "install ok installed"
    assert changed(play(rbee_hive_package=package, **options)) == 0


def test_role_lets_its_users_install_without_a_password(hive, machine, play):
    play(rbee_hive_workers=[])
    machine.run("hivectl", "install", "some", user="anna")
    hive.call("RemoveWorker", "some")


def test_wrong_key_fails_the_role_and_leaves_the_configuration_as_it_was(hive, machine, play):
    told = play(status=2, rbee_hive_configuration={"Jobs": {"MaxParalell": 3}})
    assert "MaxParalell" in told
    assert not machine.path("/etc/rbee-hive/hive.conf.d/50-ansible.conf").exists()
