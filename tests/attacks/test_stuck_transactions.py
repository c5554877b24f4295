# SPDX-License-Identifier: LGPL-2.1-or-later
"""A change that can be neither finished nor undone keeps its own worker from being changed, and nobody else."""

import json
import os
import subprocess

import pytest

from catalog import install_script, pkgbuild
from client import HiveError

TEMPORARY = ".rbee-hive-9007-0~"


def cut_short(hive, state="placing"):
    """What a crash leaves of a removal of the worker "victim", and a folder that somebody put where its temporary file was."""
    hive.catalog.add(
        "victim", pkgbuild("victim", package=install_script("victim") + '\ninstall -Dm644 /dev/stdin "$pkgdir/usr/local/share/victim/data" <<< data')
    )
    hive.catalog.add("other")
    hive.installs("victim")
    folder = hive.installed("/usr/local/share/victim")
    inode = (folder / "data").stat().st_ino
    obstacle = folder / TEMPORARY
    obstacle.mkdir()
    (obstacle / "file").write_text("")
    hive.foreign |= {f"/usr/local/share/victim/{TEMPORARY}", f"/usr/local/share/victim/{TEMPORARY}/file"}
    step = {"kind": "place" if state == "staging" else "remove", "path": "/usr/local/share/victim/data", "temporary": TEMPORARY, "inode": str(inode)}
    (hive.state / "transactions" / "9007.json").write_text(
        json.dumps({"format": 1, "state": state, "job": "9007", "worker_id": "victim", "steps": [step], "made": [], "obsolete": [], "removal": True})
    )
    return obstacle


def status(hive):
    return json.loads(hive.hivectl("status", "--json", status=None).stdout)["unfinished"]


@pytest.mark.parametrize("state", ["staging", "committed"])
def test_only_the_worker_of_a_stuck_transaction_is_blocked(hive, state):
    obstacle = cut_short(hive, state)
    for _ in range(2):  # the second time the daemon starts with it
        assert hive.install("other", reinstall=True).wait().result == "done"
        assert hive.remove("other").wait().result == "done"
        for blocked in (lambda: hive.install("victim", reinstall=True), lambda: hive.remove("victim")):
            end = blocked().wait()
            assert end.result == "failed" and "job 9007" in end.message and "victim" in end.message and "move it away" in end.message
        (left,) = status(hive)
        assert (left["worker_id"], left["job"]) == ("victim", "9007")
        assert "move it away" in left["message"] and "tried again" in left["message"]
        assert left["message"] in " ".join(hive.hivectl("status", status=None).stdout.split())
        hive.restart()

    subprocess.run(["rm", "-r", str(obstacle)], check=True)
    hive.foreign.clear()
    hive.installs("other")
    assert status(hive) == [] and set(hive.workers()) == ({"victim", "other"} if state == "staging" else {"other"})
    if state == "staging":
        hive.nothing_left()


def test_paths_of_a_stuck_transaction_are_nobodys(hive):
    cut_short(hive, "committed")
    hive.catalog.add("thief", pkgbuild("thief", package=install_script("thief") + '\ninstall -D /dev/null "$pkgdir/usr/local/share/victim/data"'))
    end = hive.install("thief").wait()
    assert end.result == "failed" and "victim" in end.message


def test_committed_transaction_that_brings_what_others_load_is_not_finished(hive):
    """As an older hive may have left it, or whoever changed it."""
    hive.catalog.add("victim")
    hive.catalog.add("other")
    hive.installs("victim")
    path = "/usr/local/lib/systemd/system/evil.service"
    temporary = hive.foreign_file("/usr/local/lib/systemd/system/.rbee-hive-9007-0~", "[Service]\n")
    record = hive.record("victim")
    record["files"].append({"path": path, "type": "file", "mode": "0644", "size": 10, "sha256": "0" * 64})
    step = {"kind": "place", "path": path, "temporary": temporary.name, "inode": str(temporary.stat().st_ino)}
    (hive.state / "transactions" / "9007.json").write_text(
        json.dumps(
            {
                "format": 1,
                "state": "committed",
                "job": "9007",
                "worker_id": "victim",
                "steps": [step],
                "made": [],
                "obsolete": [],
                "removal": False,
                "record": record,
            }
        )
    )
    assert hive.install("other").wait().result == "done"
    (left,) = status(hive)
    assert path in left["message"] and "without the worker being run" in left["message"]
    assert not hive.installed(path).exists()


def test_damaged_manifest_blocks_nobody_and_is_shown(hive):
    hive.catalog.add("other")
    hive.installs("other")
    (hive.state / "transactions" / "9009.json").write_text("{}")
    hive.removes("other")
    (left,) = status(hive)
    assert left["job"] == "9009" and "9009.json" in left["message"] and "move it away" in left["message"]
    (hive.state / "transactions" / "9009.json").unlink()
    hive.installs("other")
    assert status(hive) == []


# What keeps root from changing a file


def immutable(hive, path, attribute="+i"):
    done = subprocess.run(["chattr", attribute, str(path)], stderr=subprocess.PIPE, text=True)
    if done.returncode:
        pytest.skip("the file system of /var/tmp knows no immutable files, or root may not make them here")
    hive.stops.append(lambda: subprocess.run(["chattr", "-ia", str(path)], stderr=subprocess.DEVNULL, check=False))


def advised(message):
    """What stands in quotes in a message, run word for word."""
    subprocess.run(message.split('"')[1], shell=True, check=True)


@pytest.mark.root
@pytest.mark.parametrize("path", ["/usr/local/bin/some", "/usr/local/bin"])
def test_immutable_file_or_folder_is_named_and_the_advice_helps(hive, path):
    hive.catalog.add("some")
    hive.catalog.add(
        "other", pkgbuild("other", package='install -Dm755 /dev/stdin "$pkgdir/opt/other/bin/other" <<< x'), install_path="/opt/other/bin/other"
    )
    hive.installs("some")
    immutable(hive, hive.installed(path))
    job = hive.remove("some")
    end = job.wait()
    assert end.result == "failed" and f"{hive.installed(path)} is made immutable" in end.message
    assert set(hive.workers()) == {"some"} and not list(hive.installed("/usr/local/bin").glob(".rbee-hive-*"))
    hive.installs("other")
    advised(end.message)
    hive.removes("some")
    hive.removes("other")
    hive.nothing_left()


@pytest.mark.root
def test_file_that_is_mounted_over_is_named_and_the_advice_helps(hive):
    hive.catalog.add("some")
    hive.installs("some")
    path = hive.installed("/usr/local/bin/some")
    subprocess.run(["mount", "--bind", str(path), str(path)], check=True)
    hive.mounts.append(path)
    end = hive.remove("some").wait()
    assert end.result == "failed" and f"Something is mounted on {path}" in end.message
    advised(end.message)
    hive.removes("some")
    hive.nothing_left()


@pytest.mark.root
def test_file_system_mounted_below_a_prefix(hive):
    """A folder of a prefix on a file system of its own, as /usr/local/share or /opt/NAME may be."""
    folder = hive.installed("/usr/local/share/some")
    folder.mkdir(parents=True)
    hive.mount(folder, "size=1M", "mode=755")
    hive.catalog.add("some", pkgbuild("some", package=install_script("some") + '\ninstall -D /dev/null "$pkgdir/usr/local/share/some/deep/data"'))
    hive.installs("some")
    hive.catalog.add(
        "some",
        pkgbuild("some", version="2.0", package=install_script("some") + '\ninstall -D /dev/null "$pkgdir/usr/local/share/some/deep/other"'),
        version="2.0",
    )
    hive.installs("some")
    hive.removes("some")
    assert os.listdir(folder) == []
    with pytest.raises(HiveError):
        hive.call("Verify", path="/org/rbee/Hive/worker/some", interface="org.rbee.Hive.Worker")
