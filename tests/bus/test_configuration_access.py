# SPDX-License-Identifier: LGPL-2.1-or-later
"""A configuration that root alone can read, as a umask of 077 leaves it: builds run as other users."""

import shutil

import pytest

from catalog import pkgbuild

pytestmark = pytest.mark.root

CLOSED = {
    "drop-in": ("hive.conf.d/mine.conf", 0o600),
    "drop-in of a group": ("hive.conf.d/mine.conf", 0o640),
    "folder": ("hive.conf.d", 0o700),
    "folder that may be entered": ("hive.conf.d", 0o711),
    "main file": ("hive.conf", 0o600),
}


@pytest.fixture(params=CLOSED)
def closed(hive, request):
    """What is closed, while its hive runs."""
    name, mode = CLOSED[request.param]
    drop_ins = hive.directory / "hive.conf.d"
    drop_ins.mkdir(mode=0o755)
    (drop_ins / "mine.conf").write_text("[Build]\nStepTimeout=7000\n")
    hive.write_configuration()
    hive.write_configuration = lambda: None
    (hive.directory / name).chmod(mode)
    return hive.directory / name


def test_job_and_status_name_what_builds_cannot_read_and_the_advice_helps(hive, closed):
    hive.catalog.add("some")
    advice = f"chmod a+rX {closed}"
    said = f"Cannot read {closed}: Permission denied. Each user must be able to read the configuration: {advice}"
    hive.refuses("some", "InvalidArgument", said)
    assert said in hive.call("GetCapabilities")["sandbox_error"] and advice in hive.call("GetCapabilities")["sandbox_error"]
    status = hive.hivectl("status", status=None)
    assert advice in status.stdout + status.stderr
    hive.run(*advice.split())
    hive.installs("some")


def test_daemon_warns_of_it_when_it_starts(hive, closed):
    hive.start()
    assert f"Builds cannot read {closed}" in hive.daemon_log() and f"chmod a+rX {closed}" in hive.daemon_log()


@pytest.mark.parametrize("closed", ["cache", ""], ids=["folder", "folder above"])
def test_cache_that_jobs_cannot_reach_is_told_and_the_advice_helps(hive, closed):
    hive.cache = hive.directory / "above" / "cache"
    hive.cache.mkdir(parents=True)
    closed = hive.cache.parent / closed
    closed.chmod(0o700)
    hive.configure("Hive", CacheDirectory=hive.cache)
    hive.catalog.add("some")
    end = hive.install("some").wait()
    assert (end.result, end.error) == ("failed", "Failed") and str(hive.cache) in end.message and "chmod a+x" in end.message
    assert f"Builds cannot read {closed}" in hive.daemon_log()
    closed.chmod(0o711)
    hive.installs("some")


def test_programs_that_jobs_cannot_reach_are_no_fault_of_the_recipe(hive):
    folder = hive.directory / "closed"
    shutil.copytree(hive.build.libexec, folder / "rbee-hive")
    folder.chmod(0o700)
    hive.configure("Hive", LibexecDirectory=folder / "rbee-hive")
    hive.catalog.add("some")
    end = hive.install("some").wait()
    assert (end.result, end.error) == ("failed", "Failed")
    assert f"{folder}/rbee-hive/rbee-hive-builder" in end.message and "cannot reach or run it" in end.message
    assert "cannot reach or run it" in hive.call("GetCapabilities")["sandbox_error"]


@pytest.mark.parametrize("closed", [".", "workers", "workers/some", "workers/some/worker.json", "workers/some/PKGBUILD", "workers/some/data"])
def test_catalog_folder_that_jobs_cannot_read_is_told_and_the_advice_helps(hive, closed):
    hive.catalog.add("some", pkgbuild("some", source=["data"], sha256sums=["SKIP"]), files={"data": "data\n"})
    path = hive.catalog.directory / closed
    path.chmod(0o700 if path.is_dir() else 0o600)
    advice = f"chmod -R a+rX {hive.catalog.directory}"
    end = hive.install("some").wait()
    assert (end.result, end.error) == ("failed", "SourceUnavailable" if closed.endswith("data") else "CatalogUnavailable")
    assert "Permission denied" in end.message and advice in end.message and "network" not in end.message
    said = hive.hivectl("catalog", status=None).stderr
    assert closed.endswith(("data", "PKGBUILD")) or advice in said
    hive.run(*advice.split())
    hive.installs("some")


def test_configuration_that_became_wrong_is_named_by_the_job(hive):
    hive.catalog.add("some")
    hive.start()
    drop_ins = hive.directory / "hive.conf.d"
    drop_ins.mkdir(mode=0o755)
    (drop_ins / "late.conf").write_text("[Build]\nStepTimeout=soon\n")
    end = hive.install("some").wait()
    assert (end.result, end.error) == ("failed", "InvalidArgument")
    assert f"{drop_ins}/late.conf:2" in end.message and "StepTimeout=" in end.message
    (drop_ins / "late.conf").unlink()
    hive.restart()
    hive.installs("some")
    hive.nothing_left()
