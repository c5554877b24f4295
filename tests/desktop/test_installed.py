# SPDX-License-Identifier: LGPL-2.1-or-later
"""What makes a desktop start rbee-hive-notifier and know it: entries, icons, the unit."""

import configparser
import shutil
import subprocess
import xml.etree.ElementTree as ElementTree

import pytest

pytestmark = pytest.mark.plain

ENTRIES = ("share/applications/org.rbee.Hive.desktop", "xdg/autostart/org.rbee.HiveNotifier.desktop")


def read(path):
    file = configparser.ConfigParser(interpolation=None, strict=False)
    file.optionxform = str
    file.read(path)
    return file


@pytest.fixture(params=ENTRIES)
def entry(build, request):
    return next(build.destination.rglob(request.param))


def test_entry_is_valid(entry):
    if not shutil.which("desktop-file-validate"):
        pytest.skip("desktop-file-validate is not installed here")
    done = subprocess.run(["desktop-file-validate", entry], capture_output=True, text=True)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_description_for_software_centres_is_valid(build):
    if not shutil.which("appstreamcli"):
        pytest.skip("appstreamcli is not installed here")
    file = next(build.destination.rglob("metainfo/org.rbee.Hive.metainfo.xml"))
    done = subprocess.run(["appstreamcli", "validate", "--no-net", "--no-color", file], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_entry_names_a_program_and_an_icon_that_are_installed(build, entry):
    group = read(entry)["Desktop Entry"]
    program = group["Exec"].split()[0]
    assert (build.destination / program.lstrip("/")).exists() or (build.bin / program).exists()
    assert list(build.data.parent.glob(f"icons/hicolor/*/apps/{group['Icon']}.svg"))


def test_icons_are_svg_of_their_sizes(build):
    icons = {path.name: ElementTree.parse(path).getroot().get("viewBox") for path in build.data.parent.glob("icons/hicolor/*/apps/*.svg")}
    assert icons == {"org.rbee.Hive.svg": "0 0 128 128", "org.rbee.Hive-symbolic.svg": "0 0 16 16", "org.rbee.Hive-failed-symbolic.svg": "0 0 16 16"}


def test_unit_starts_the_program_with_the_desktop(build):
    """Nobody has to enable it, and where systemd reads the autostart entries too it is not started twice."""
    path = next(build.destination.rglob("systemd/user/rbee-hive-notifier.service"))
    unit = read(path)
    assert (build.destination / unit["Service"]["ExecStart"].lstrip("/")).exists()
    assert unit["Unit"]["PartOf"] == unit["Unit"]["After"] == "graphical-session.target"
    assert (path.parent / "graphical-session.target.wants/rbee-hive-notifier.service").resolve() == path
    assert read(next(build.destination.rglob(ENTRIES[1])))["Desktop Entry"]["X-systemd-skip"] == "true"
