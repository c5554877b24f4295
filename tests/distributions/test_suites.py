# SPDX-License-Identifier: LGPL-2.1-or-later
"""Suites of this machine, on releases that it does not run, with the programs of the package: those that boot a machine boot a system of that
release, the others run in one."""

import json
import os
import pathlib
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

import pytest

import bare
from build import SOURCE
from release import RELEASES, equipped

# What is asked of a hive on a bus of its own, of HTTP in front of it, and of recipes.
INSIDE = {
    "bus": [
        f"bus/test_{name}.py" for name in "callers hivectl install jobs log models remove restart running sandbox sources stores updates".split()
    ],
    "bridge": [f"bridge/test_{name}.py" for name in ("operations", "requests", "security", "streams", "web")],
    "recipes": ["recipes"],
}
OPTIONS = {
    "prefix": "/usr",
    "sysconfdir": "/etc",
    "localstatedir": "/var",
    "bindir": "bin",
    "libexecdir": "libexec",
    "datadir": "share",
    "mandir": "share/man",
}
PYTEST = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "-n", "2", "--dist", "loadgroup", "--rootdir=tests")
# Why tests may skip there: what no package brings, and what containers have not.
SKIPPED = (
    "Rust of rustup's",
    "rustup has no toolchain",
    "promtool",
    "cargo's registry",
    "no PCI device",
    "udevadm",
    "the page could not be built here",
    "makes no sandbox under DynamicUser=",
    "tools/test --all",
    "systemd-journal-remote is unpacked",
)

pytestmark = [pytest.mark.parametrize("release", [pytest.param(name, marks=pytest.mark.xdist_group(name)) for name in RELEASES], indirect=True)]


def results(path, said):
    """Asserts that all went well; how many did."""
    cases = list(ElementTree.parse(path).getroot().iter("testcase")) if path.exists() else []
    bad = [f"{case.get('classname')}.{case.get('name')}" for case in cases if case.find("failure") is not None or case.find("error") is not None]
    skipped = {
        f"{case.get('classname')}.{case.get('name')}": case.find("skipped").get("message") for case in cases if case.find("skipped") is not None
    }
    unexpected = {name: why for name, why in skipped.items() if not any(reason in why for reason in SKIPPED)}
    assert cases and not bad and not unexpected, "\n".join([*bad, *map(str, unexpected.items()), said[-12000:]])
    return f"{len(cases) - len(skipped)} tests"


def inside(release, suite):
    root = bare.Root(release.name, equipped(release.name))
    try:
        bare.copy_source(root.path / "srv/source")
        for package in map(pathlib.Path, release.packages):
            (root.path / "srv" / package.name).write_bytes(package.read_bytes())
        (root.path / "options.json").write_text(json.dumps([{"name": name, "value": value} for name, value in OPTIONS.items()]))
        said = root.run(
            "sh",
            "-c",
            f"dpkg --install /srv/*.deb && cd /srv/source && RBEE_TEST_INSTALLED=/ CI=true /usr/bin/python3 "
            f"{' '.join(PYTEST)} --junitxml=/srv/results.xml {' '.join(f'tests/{name}' for name in INSIDE[suite])}",
            status=None,
            timeout=7200,
        ).stdout
        return results(root.path / "srv/results.xml", said)
    finally:
        root.close()


def booted(release, folder, scratch):
    lower = f"{equipped(release.name)}:{bare.system(release.name)}"
    package, _ = release.named().values()
    done = subprocess.run(
        [sys.executable, *PYTEST, f"--junitxml={scratch}/results.xml", f"tests/{folder}"],
        cwd=SOURCE,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=7200,
        env=dict(os.environ, RBEE_TEST_MACHINE=lower, RBEE_TEST_PACKAGE=str(package), CI="true"),
    )
    return results(scratch / "results.xml", done.stdout)


def test_core_of_bus(release, packages, record_property):
    """The core of the suite bus, with the programs of the package."""
    record_property("mark", inside(release, "bus"))


def test_core_of_bridge(release, packages, record_property):
    """The core of the suite bridge, with the programs of the package."""
    record_property("mark", inside(release, "bridge"))


def test_recipes(release, packages, record_property):
    """The suite recipes, beside the makepkg that is there."""
    record_property("mark", inside(release, "recipes"))


def test_system(release, packages, record_property, tmp_path):
    """The suite system, on a booted machine with the package installed."""
    record_property("mark", booted(release, "system", tmp_path))


def test_attacks_on_a_machine(release, packages, record_property, tmp_path):
    """Attacks on a booted machine with the package installed."""
    record_property("mark", booted(release, "attacks/machine", tmp_path))
