# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a job and a worker are called for people: as the catalog says, wherever it can be shown, and else by the id."""

import json
import shlex
import signal

import pytest

from catalog import pkgbuild
from waiting import unique_seconds, wait_until, wake


def changes_of_name(hive, path):
    """As the bus was told of them."""
    changes = [heard.arguments[1] for heard in hive.signals if heard.path == path and heard.member == "PropertiesChanged"]
    return [change["Name"] for change in changes if "Name" in change]


def names(hive, job, worker="some"):
    """Those that the bus says of a job, which are one, and of its worker."""
    listed = next(one["name"] for one in hive.list_jobs() if one["id"] == job.id)
    assert listed == job.get("Name")
    (installed,) = [one["name"] for one in hive.call("ListWorkers") if one["id"] == worker] or [None]
    if installed:
        assert installed == hive.get(f"/org/rbee/Hive/worker/{worker}", "org.rbee.Hive.Worker", "Name")
    return listed, installed


def test_job_learns_the_name_from_the_catalog_and_each_later_one_has_it_from_the_record(hive):
    seconds = unique_seconds()
    hive.catalog.add("some", pkgbuild("some", build=f"sleep {seconds} || true"), name="Some Server")
    job = hive.install("some")
    wait_until(lambda: changes_of_name(hive, job.path), what="its name to be told")
    assert names(hive, job) == ("Some Server", None)
    wake(seconds)
    assert job.wait() == ("done", "", "")
    assert names(hive, job) == ("Some Server", "Some Server")
    removal = hive.removes("some")
    assert names(hive, removal) == ("Some Server", None)
    hive.restart()
    assert [one["name"] for one in hive.list_jobs()] == ["Some Server", "Some Server"]
    assert removal.get("Name") == "Some Server"
    assert changes_of_name(hive, job.path) == ["Some Server"]


def test_name_of_a_job_is_known_after_a_restart_however_much_was_said_since(hive):
    seconds = unique_seconds()
    hive.catalog.add("some", pkgbuild("some", build=f"yes | head -c 400K\necho said\nsleep {seconds}"), name="Some Server")
    job = hive.install("some")
    job.wait_for_line("said")
    hive.restart(signal.SIGKILL)
    job.wait_for_state("failed")
    assert names(hive, job) == ("Some Server", None)


def test_job_that_fails_before_a_name_is_known_is_called_by_the_id(hive):
    job = hive.refuses("nothing", "WorkerNotFound")
    assert names(hive, job) == ("nothing", None)
    assert "name" not in json.loads((hive.state / "jobs" / job.id / "job.json").read_text())


@pytest.mark.parametrize(
    "said, shown",
    [
        ("Two\nlines\tand a tab ", "Two lines and a tab"),
        ("<b>&amp;</b> %s", "<b>&amp;</b> %s"),
        ("é" * 101, "é" * 99 + "…"),
        ("é" * 2000, "é" * 99 + "…"),
        ("\n \t", "some"),
    ],
    ids=["lines", "markup", "long", "longer", "blank"],
)
def test_name_is_one_line_that_can_be_shown(hive, said, shown):
    hive.catalog.add("some", name=said)
    assert names(hive, hive.installs("some")) == (shown, shown)


@pytest.mark.parametrize(
    "said",
    [
        '{"name": "red \\u001b[31m"}',
        '{"name": "\\u202etxt.exe"}',
        '{"name": ["Some"]}',
        '{"name": null}',
        "[]",
        "Some",
        '{"name": "' + "x" * 20000 + '"}',
    ],
    ids=["colour", "direction", "list", "null", "array", "text", "huge"],
)
def test_builder_that_lies_cannot_have_its_job_called_what_cannot_be_shown(hive, said):
    """As a recipe would that had taken over its builder."""
    libexec = hive.directory / "libexec"
    libexec.mkdir()
    for program in hive.build.libexec.iterdir():
        (libexec / program.name).symlink_to(program)
    builder = libexec / "rbee-hive-builder"
    builder.unlink()
    builder.write_text(f"#!/bin/bash\nprintf '2026-11-24T00:00:00.000000Z metadata result %s\\n' {shlex.quote(said)}\nexit 1\n")
    builder.chmod(0o755)
    hive.configure("Hive", LibexecDirectory=libexec)
    hive.catalog.add("some")
    job = hive.install("some")
    assert job.wait().result == "failed"
    assert said in [record.text for record in job.records()]
    assert names(hive, job) == ("some", None)


def test_another_installation_tells_the_name_that_it_has_now(hive):
    hive.catalog.add("some", name="Before")
    hive.installs("some")
    hive.catalog.add("some", pkgbuild("some", version="2.0"), version="2.0", name="After")
    hive.signals.clear()
    job = hive.installs("some")
    assert names(hive, job) == ("After", "After")
    assert wait_until(lambda: changes_of_name(hive, "/org/rbee/Hive/worker/some")) == ["After"]
    rollback = hive.call("RollbackWorker", "some").rpartition("/")[2]
    wait_until(lambda: [one["state"] for one in hive.list_jobs() if one["id"] == rollback] == ["done"], what="the version before")
    assert hive.call("ListWorkers")[0]["name"] == "Before"


def test_records_of_an_older_hive_have_no_name(hive):
    hive.catalog.add("some")
    job = hive.installs("some")
    hive.stop()
    for path in (hive.state / "workers" / "some.json", hive.state / "jobs" / job.id / "job.json"):
        record = json.loads(path.read_text())
        assert record.pop("name") == "Some"
        path.write_text(json.dumps(record))
    hive.start()
    assert names(hive, job) == ("some", "some")
    assert names(hive, hive.removes("some")) == ("some", None)


def test_recipe_of_ones_own_is_not_called_what_a_catalog_calls_its_worker(hive):
    hive.catalog.add("some", name="The Catalog's")
    hive.installs("some")
    folder = hive.directory / "own"
    folder.mkdir()
    (folder / "PKGBUILD").write_text(pkgbuild("some", version="2.0"))
    hive.hivectl("install", folder, "--config", hive.directory / "hive.conf")
    assert [one["name"] for one in hive.list_jobs()] == ["The Catalog's", "some"]
    assert hive.call("ListWorkers")[0]["name"] == "some"
