# SPDX-License-Identifier: LGPL-2.1-or-later
"""The bridge asks for the people it acts for, by the rule that ships, and nobody else names an owner."""

import shutil

import pytest
from gi.repository import GLib

from client import HiveError
from job import Job
from questions import CANCEL, DENIED, INSTALL, NEEDS_INTERACTION, REMOVE, SLOW, calls, jobs, uid

pytestmark = [
    pytest.mark.skipif(not shutil.which("pkttyagent"), reason="there is no polkit here (Debian: polkitd)"),
    pytest.mark.usefixtures("people"),
]


def bridge(machine, *arguments, path="/org/rbee/Hive", status=0):
    done = machine.run("gdbus", "call", "--system", "-d", "org.rbee.Hive", "-o", path, "-m", *arguments, user="rbee-bridge", status=None)
    assert done.returncode == status, done.stderr
    return done.stdout + done.stderr


@pytest.fixture
def bridge_known(hive, machine):
    """The daemon looks the bridge's user up when it starts."""
    machine.run("systemctl", "stop", "rbee-hived.service")


def test_bridge_may_act_by_the_rule_that_ships(hive, machine, bridge_known, polkit):
    hive.catalog.add("some")
    hive.catalog.add("slow", SLOW)
    for method in ("InstallWorker", "RemoveWorker"):
        bridge(machine, f"org.rbee.Hive.{method}", "some")
        assert Job(hive, jobs(hive)[-1]["path"]).wait().result == "done"
    job = hive.install("slow")
    bridge(machine, "org.rbee.Hive.Job.Cancel", path=job.path)
    assert job.wait().result == "cancelled"
    assert [action for action, _, _ in polkit.asked()] == [INSTALL, REMOVE, CANCEL]


def test_without_its_rule_the_bridge_can_look_and_nothing_else(hive, machine, bridge_known):
    hive.catalog.add("some")
    rule = machine.path("/usr/share/polkit-1/rules.d/50-rbee-bridge.rules")
    text = rule.read_text()
    rule.unlink()
    machine.run("systemctl", "restart", "polkit.service")
    try:
        assert INSTALL in bridge(machine, "org.rbee.Hive.InstallWorker", "some", status=1)
        bridge(machine, "org.rbee.Hive.ListWorkers")
    finally:
        rule.write_text(text)
        machine.run("systemctl", "restart", "polkit.service")


def test_bridge_names_the_person_it_acts_for(hive, machine, bridge_known):
    hive.catalog.add("slow", SLOW)
    anna = uid(machine, "anna")
    bridge(machine, "org.rbee.Hive.InstallWorkerWithOptions", "slow", f"{{'owner': <uint32 {anna}>}}")
    job = Job(hive, jobs(hive)[-1]["path"])
    assert job.get("Owner") == anna
    hive.hivectl("cancel", job.id, user="anna")
    assert job.wait().result == "cancelled"


@pytest.mark.parametrize("user", ["anna", None], ids=["anna", "root"])
def test_nobody_else_names_an_owner(hive, machine, bridge_known, polkit, user):
    hive.catalog.add("some")
    name, message = calls(
        machine, user, "org.rbee.Hive.InstallWorkerWithOptions", "some", f"{{'owner': <uint32 {uid(machine, 'bob')}>}}", interactive=True
    )
    assert name == DENIED and "owner" in message and "rbee-bridge" in message
    assert polkit.asked() == [] and jobs(hive) == []


def test_named_owner_is_not_the_callers_right(hive, machine, bridge_known):
    """The one whom the bridge acts for has the job, not the permission to ask for it himself."""
    hive.catalog.add("some")
    bridge(machine, "org.rbee.Hive.InstallWorkerWithOptions", "some", f"{{'owner': <uint32 {uid(machine, 'anna')}>}}")
    Job(hive, jobs(hive)[-1]["path"]).wait()
    with pytest.raises(HiveError):
        hive.call("InstallWorkerWithOptions", GLib.Variant("(sa{sv})", ("some", {"owner": GLib.Variant("s", "anna")})))
    assert calls(machine, "anna", "org.rbee.Hive.RemoveWorker", "some")[0] == NEEDS_INTERACTION
