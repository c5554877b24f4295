# SPDX-License-Identifier: LGPL-2.1-or-later
"""Removing takes away exactly what was installed and still matches; an upgrade replaces, and removes what is gone."""

import os
import subprocess

import pytest
from gi.repository import GLib

from catalog import install_script, pkgbuild
from client import HiveError, variant
from job import Job


def with_files(name, *files, version="1.0", text="data"):
    package = (
        install_script(name) + "\n" + "\n".join(f'install -Dm644 /dev/stdin "$pkgdir/usr/local/share/{name}/{file}" <<< "{text}"' for file in files)
    )
    return pkgbuild(name, version=version, package=package)


def verify(hive, worker):
    return hive.call("Verify", path=f"/org/rbee/Hive/worker/{worker}", interface="org.rbee.Hive.Worker")


def test_removal_takes_every_file_and_folder_it_made(hive):
    hive.catalog.add("some", with_files("some", "a", "deep/er/b"))
    hive.installs("some")
    job = hive.removes("some")
    lines = job.lines()
    assert lines[:2] == ["🗑️  Removing worker...", "✓ Removed: 3 files"]
    assert lines[-4:] == ["📝 Updating capabilities cache...", "✓ Capabilities updated", "✅ Worker removal complete!", "[DONE]"]
    assert len(lines) == 6
    assert hive.root_entries() == (set(), set())
    assert hive.workers() == {}
    assert not (hive.state / "workers" / "some.json").exists()
    assert ("WorkerRemoved", ("some",)) in [(signal.member, signal.arguments) for signal in hive.signals]
    hive.nothing_left()


def test_removal_by_the_workers_own_object(hive):
    hive.catalog.add("some")
    hive.installs("some")
    path = hive.call("Remove", path="/org/rbee/Hive/worker/some", interface="org.rbee.Hive.Worker")
    assert Job(hive, path).wait() == ("done", "", "")
    assert hive.workers() == {}


def test_removal_leaves_what_was_changed_and_says_so(hive):
    hive.catalog.add("some", with_files("some", "kept", "gone", "removed"))
    hive.installs("some")
    changed = hive.installed("/usr/local/share/some/kept")
    changed.write_text("my own settings\n")
    missing = hive.installed("/usr/local/share/some/gone")
    missing.unlink()
    job = hive.removes("some")
    lines = job.lines()
    assert "✓ Removed: 2 files" in lines
    assert f"⚠ Left in place: {changed} (changed since it was installed)" in lines
    assert f"⚠ Already gone: {missing}" in lines
    assert changed.read_text() == "my own settings\n"
    hive.foreign.add("/usr/local/share/some/kept")
    hive.nothing_left()
    assert hive.workers() == {}


def test_removal_leaves_what_became_a_link_or_another_file(hive):
    hive.catalog.add("some", with_files("some", "a"))
    hive.installs("some")
    victim = hive.directory / "victim"
    victim.write_text("data\n")
    path = hive.installed("/usr/local/share/some/a")
    path.unlink()
    path.symlink_to(victim)
    job = hive.removes("some")
    assert f"⚠ Left in place: {path} (changed since it was installed)" in job.lines()
    assert path.is_symlink() and victim.read_text() == "data\n"


def test_removal_leaves_others_files_in_its_folders(hive):
    hive.catalog.add("some", with_files("some", "a"))
    hive.installs("some")
    mine = hive.foreign_file("/usr/local/share/some/mine")
    hive.removes("some")
    assert mine.exists()
    hive.nothing_left()


def test_removal_leaves_another_workers_files(hive):
    for name in ("one", "two"):
        hive.catalog.add(name, with_files(name, "x"))
        hive.installs(name)
    hive.removes("one")
    assert hive.installed("/usr/local/bin/two").exists() and hive.installed("/usr/local/share/two/x").exists()
    assert verify(hive, "two") == []
    hive.nothing_left()
    hive.removes("two")
    hive.nothing_left()
    assert hive.root_entries()[0] == set()


def test_folders_that_were_there_before_stay(hive):
    hive.installed("/usr/local/share/some").mkdir(parents=True)
    hive.catalog.add("some", with_files("some", "a"))
    hive.installs("some")
    hive.removes("some")
    assert hive.installed("/usr/local/share/some").is_dir()


def test_verify_tells_what_is_missing_and_changed(hive):
    hive.catalog.add("some", with_files("some", "a", "b", "c"))
    hive.installs("some")
    assert verify(hive, "some") == []
    hive.installed("/usr/local/share/some/a").write_text("changed\n")
    hive.installed("/usr/local/share/some/b").unlink()
    hive.installed("/usr/local/share/some/c").chmod(0o600)
    assert sorted(verify(hive, "some")) == sorted(
        [
            (str(hive.installed("/usr/local/share/some/a")), "changed"),
            (str(hive.installed("/usr/local/share/some/b")), "missing"),
            (str(hive.installed("/usr/local/share/some/c")), "changed"),
        ]
    )


def test_upgrade_replaces_files_and_removes_those_that_are_gone(hive):
    hive.catalog.add("some", with_files("some", "stays", "goes", "old/too"))
    hive.installs("some")
    hive.catalog.add("some", with_files("some", "stays", "comes", version="2.0", text="new"), version="2.0")
    hive.installs("some")
    assert hive.workers()["some"]["version"] == "2.0-1"
    assert {file["path"] for file in hive.record("some")["files"]} == {
        "/usr/local/bin/some",
        "/usr/local/share/some/stays",
        "/usr/local/share/some/comes",
    }
    assert hive.installed("/usr/local/share/some/stays").read_text() == "new\n"
    assert not hive.installed("/usr/local/share/some/old").exists()
    hive.nothing_left()
    assert [worker["version"] for worker in hive.call("GetCapabilities")["workers"]] == ["2.0-1"]
    hive.removes("some")
    assert hive.root_entries() == (set(), set())


def test_upgrade_keeps_a_file_of_its_own_that_was_changed_and_is_gone_from_the_package(hive):
    hive.catalog.add("some", with_files("some", "settings"))
    hive.installs("some")
    changed = hive.installed("/usr/local/share/some/settings")
    changed.write_text("my own\n")
    hive.catalog.add("some", with_files("some", version="2.0"), version="2.0")
    job = hive.installs("some")
    assert f"⚠ Left in place: {changed} (changed since it was installed)" in job.lines()
    assert changed.read_text() == "my own\n"


def test_changed_recipe_of_the_same_version_is_installed_again(hive):
    hive.catalog.add("some", with_files("some", "a"))
    hive.installs("some")
    hive.catalog.add("some", with_files("some", "b"))
    hive.installs("some")
    assert {file["path"] for file in hive.record("some")["files"]} == {"/usr/local/bin/some", "/usr/local/share/some/b"}
    hive.nothing_left()


def test_failed_upgrade_leaves_the_old_version_whole(hive):
    hive.catalog.add("some", with_files("some", "a"))
    hive.installs("some")
    hive.catalog.add("some", pkgbuild("some", version="2.0", build="return 1"), version="2.0")
    hive.refuses("some", "BuildFailed")
    assert hive.workers()["some"]["version"] == "1.0-1"
    assert verify(hive, "some") == []


def test_upgrade_into_another_workers_file_leaves_both_whole(hive):
    hive.catalog.add("one", with_files("one", "a"))
    hive.catalog.add("two", with_files("two", "a"))
    hive.installs("one")
    hive.installs("two")
    hive.catalog.add("two", pkgbuild("two", version="2.0", package=install_script("two") + "\n" + install_script("one")), version="2.0")
    hive.refuses("two", "FileConflict", str(hive.installed("/usr/local/bin/one")), "one")
    assert verify(hive, "one") == [] and verify(hive, "two") == []


def test_running_binary_is_replaced_while_it_runs(hive):
    hive.catalog.add("runs", pkgbuild("runs", package='install -Dm755 /usr/bin/sleep "$pkgdir/usr/local/bin/runs"'))
    hive.installs("runs")
    process = subprocess.Popen([hive.installed("/usr/local/bin/runs"), "86387"])
    try:
        hive.installs("runs", reinstall=True)
        assert process.poll() is None
    finally:
        process.kill()
        process.wait()


def test_record_that_is_damaged_is_named_and_takes_nothing_away(hive):
    hive.catalog.add("some")
    hive.installs("some")
    hive.stop()
    (hive.state / "workers" / "some.json").write_text("{rubbish")
    hive.start()
    end = Job(hive, hive.call("RemoveWorker", "some")).wait()
    assert end.result == "failed" and "some.json" in end.message
    assert os.path.exists(hive.installed("/usr/local/bin/some"))


def test_owner_of_a_removal_is_named_by_the_bridge_alone(hive):
    hive.catalog.add("some")
    hive.installs("some")
    for options, error in (({"owner": 0}, "org.freedesktop.DBus.Error.AccessDenied"), ({"other": True}, "InvalidArgument")):
        with pytest.raises(HiveError) as refusal:
            hive.call("RemoveWorkerWithOptions", GLib.Variant("(sa{sv})", ("some", {key: variant(value) for key, value in options.items()})))
        assert refusal.value.name == error
    end = Job(hive, hive.call("RemoveWorkerWithOptions", GLib.Variant("(sa{sv})", ("some", {})))).wait()
    assert end == ("done", "", "")
