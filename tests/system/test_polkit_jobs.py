# SPDX-License-Identifier: LGPL-2.1-or-later
"""One's own jobs and others': who cancels them and reads their logs."""

import shutil

import pytest

from catalog import pkgbuild
from questions import CANCEL, NEEDS_INTERACTION, READ, SLOW, answer, calls, installs_as_anna, person

pytestmark = [
    pytest.mark.skipif(not shutil.which("pkttyagent"), reason="there is no polkit here (Debian: polkitd)"),
    pytest.mark.usefixtures("people"),
]


def test_own_job_is_cancelled_without_a_question_and_anothers_is_not(hive, machine, polkit):
    hive.catalog.add("slow", SLOW)
    job = installs_as_anna(hive, "slow")
    job.wait_for_state("running")
    before = len(polkit.asked())

    name, message = calls(machine, "bob", "org.rbee.Hive.Job.Cancel", path=job.path)
    assert name == NEEDS_INTERACTION and CANCEL in message
    assert polkit.asked()[before:] == [(CANCEL, {"worker": "slow", "job": job.id}, False)]
    assert job.state == "running"

    hive.hivectl("cancel", job.id, user="anna")
    assert job.wait().result == "cancelled"
    assert len(polkit.asked()) == before + 1


def test_anothers_job_is_cancelled_with_a_password(hive):
    hive.catalog.add("slow", SLOW)
    job = hive.install("slow")
    job.wait_for_state("running")
    with person(hive, "cancel", job.id) as terminal:
        answer(terminal)
        assert terminal.end() == 0, terminal.shown
        assert f"Authentication is required to cancel another user's job {job.id}, of the worker slow" in terminal.shown
    assert job.wait().result == "cancelled"


def test_anothers_log_is_read_without_a_question(hive, machine, polkit):
    hive.catalog.add("some")
    job = hive.installs("some")
    assert "[DONE]" in hive.hivectl("log", job.id, user="bob").stdout
    assert polkit.asked() == []


def test_with_log_access_owner_anothers_log_takes_a_password(hive, machine, polkit):
    hive.configure("Log", LogAccess="owner")
    hive.catalog.add("some", pkgbuild("some", build="echo a private line"))
    job = installs_as_anna(hive, "some")
    job.wait()
    before = len(polkit.asked())
    assert "a private line" in hive.hivectl("log", job.id, user="anna").stdout
    assert len(polkit.asked()) == before

    for method, arguments in (("OpenLog", ()), ("ReadLog", ("0", "0"))):
        name, message = calls(machine, "bob", f"org.rbee.Hive.Job.{method}", *arguments, path=job.path)
        assert name == NEEDS_INTERACTION and READ in message
    with person(hive, "log", job.id, user="bob") as terminal:
        answer(terminal)
        assert terminal.end() == 0
        assert f"Authentication is required to read the log of another user's job {job.id}, of the worker some" in terminal.shown
        assert "a private line" in terminal.shown
