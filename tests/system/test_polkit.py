# SPDX-License-Identifier: LGPL-2.1-or-later
"""Polkit decides what a caller may: without anybody to ask, by rules, without polkit, and where there are too many questions."""

import contextlib
import shutil
import subprocess

import pytest

from catalog import pkgbuild
from questions import (
    DENIED,
    INSTALL,
    NEEDS_INTERACTION,
    REMOVE,
    SLOW,
    answer,
    calls,
    jobs,
    person,
    wait_for_question,
)
from waiting import wait_until

pytestmark = [
    pytest.mark.skipif(not shutil.which("pkttyagent"), reason="there is no polkit here (Debian: polkitd)"),
    pytest.mark.usefixtures("people"),
]


# without anybody to ask


def test_call_that_allows_no_question_is_told_so_with_the_action(hive, machine, polkit):
    hive.catalog.add("some")
    name, message = calls(machine, "anna", "org.rbee.Hive.InstallWorker", "some")
    assert name == NEEDS_INTERACTION and INSTALL in message
    assert polkit.asked() == [(INSTALL, {"worker": "some"}, False)]
    assert jobs(hive) == []


def test_methods_of_a_workers_object_ask_what_the_hives_own_do(hive, machine, polkit):
    hive.catalog.add("some")
    hive.installs("some")
    hive.catalog.add("some", pkgbuild("some", version="2.0"), version="2.0")
    hive.installs("some")
    for method, action in (("Upgrade", INSTALL), ("Rollback", INSTALL), ("Remove", REMOVE)):
        before = len(polkit.asked())
        name, message = calls(machine, "anna", f"org.rbee.Hive.Worker.{method}", path="/org/rbee/Hive/worker/some")
        assert name == NEEDS_INTERACTION and action in message
        assert polkit.asked()[before:] == [(action, {"worker": "some"}, False)]
    assert hive.workers()["some"]["version"] == "2.0-1"


def test_without_an_agent_the_refusal_says_so_with_the_action(hive, machine, polkit):
    hive.catalog.add("some")
    name, message = calls(machine, "anna", "org.rbee.Hive.InstallWorker", "some", interactive=True)
    assert name == DENIED and INSTALL in message and "no agent" in message
    assert polkit.asked() == [(INSTALL, {"worker": "some"}, True)]
    assert jobs(hive) == []


def test_hivectl_without_a_terminal_names_the_action(hive):
    hive.catalog.add("some")
    done = hive.hivectl("install", "some", user="anna", status=4)
    assert done.stdout == "" and INSTALL in done.stderr


def test_no_ask_password_asks_nobody_even_on_a_terminal(hive, polkit):
    hive.catalog.add("some")
    with person(hive, "install", "some", "--no-ask-password") as terminal:
        assert terminal.end() == 4
        assert INSTALL in terminal.shown and "Password" not in terminal.shown
    assert [interactive for _, _, interactive in polkit.asked()] == [False]


def test_root_is_not_asked(hive, polkit):
    hive.catalog.add("some")
    hive.installs("some")
    hive.call("RefreshCapabilities")
    hive.removes("some")
    assert polkit.asked() == []


def test_everybody_may_look_without_a_question(hive, machine, polkit):
    hive.catalog.add("some")
    job = hive.installs("some")
    for arguments in (("catalog",), ("show", "some"), ("recipe", "some"), ("list",), ("verify",), ("jobs",), ("log", job.id), ("status",)):
        hive.hivectl(*arguments, user="anna")
    assert polkit.asked() == []


# what is known to fail


def test_what_cannot_be_done_is_said_before_anybody_is_asked(hive, machine, polkit):
    hive.catalog.add("some")
    hive.catalog.add("slow", SLOW)
    job = hive.install("slow")
    worker, options = "org.rbee.Hive.InstallWorker", "org.rbee.Hive.InstallWorkerWithOptions"
    for method, arguments, error in (
        (worker, ("N O",), "InvalidArgument"),
        (options, ("some", "{'frobnicate': <true>}"), "InvalidArgument"),
        (options, ("some", "{'source': <'sideways'>}"), "InvalidArgument"),
        (options, ("slow", "{'reinstall': <true>}"), "Busy"),
        (options, ("some", "{'owner': <uint32 4294967295>}"), "InvalidArgument"),
        ("org.rbee.Hive.RemoveWorker", ("some",), "NotInstalled"),
        ("org.rbee.Hive.RemoveWorker", ("slow",), "Busy"),
        ("org.rbee.Hive.RemoveWorker", ("../x",), "InvalidArgument"),
    ):
        assert calls(machine, "anna", method, *arguments, interactive=True)[0] == f"org.rbee.Hive.Error.{error}", (method, arguments)
    assert polkit.asked() == []
    job.cancel()
    job.wait()


# rules


def test_group_of_the_example_rule_needs_no_password(hive, machine, rules):
    rules("40-rbee-hive.rules", machine.path("/usr/share/doc/rbee-hive/rbee-hive.rules.example").read_text())
    hive.catalog.add("some")
    hive.catalog.add("slow", SLOW)
    assert "[DONE]" in hive.hivectl("install", "some", user="carol").stdout
    hive.hivectl("remove", "some", user="carol")
    job = hive.install("slow")
    hive.hivectl("cancel", job.id, user="carol")
    assert job.wait().result == "cancelled"
    assert INSTALL in hive.hivectl("install", "some", user="bob", status=4).stderr


def test_rule_that_forbids_is_a_refusal_that_asks_nobody(hive, machine, rules):
    rules("20-test.rules", f'polkit.addRule(function(action, subject) {{ if (action.id == "{INSTALL}") return polkit.Result.NO; }});\n')
    hive.catalog.add("some")
    with person(hive, "install", "some") as terminal:
        assert terminal.end() == 4
        assert INSTALL in terminal.shown and "polkit's rules" in terminal.shown and "Password" not in terminal.shown


def test_rule_sees_which_worker(hive, machine, rules):
    rules(
        "20-test.rules",
        f'polkit.addRule(function(action, subject) {{ if (action.id == "{INSTALL}" && action.lookup("worker") == "some") '
        "return polkit.Result.YES; });\n",
    )
    hive.catalog.add("some")
    hive.catalog.add("other")
    hive.hivectl("install", "some", user="bob")
    hive.hivectl("install", "other", user="bob", status=4)


# without polkit


def test_without_polkit_only_root_may(hive, machine):
    hive.catalog.add("some")
    machine.run("systemctl", "mask", "--runtime", "--now", "polkit.service")
    try:
        name, message = calls(machine, "anna", "org.rbee.Hive.InstallWorker", "some", interactive=True)
        assert name == DENIED and "Only root may install workers" in message and INSTALL in message
        with person(hive, "install", "some") as terminal:
            assert terminal.end() == 4
            assert "Only root" in terminal.shown and "Password" not in terminal.shown
        hive.installs("some")
    finally:
        machine.run("systemctl", "unmask", "--runtime", "polkit.service")


def test_polkit_that_was_stopped_is_started_by_the_question(hive, machine, rules):
    rules("20-test.rules", f'polkit.addRule(function(action, subject) {{ if (action.id == "{INSTALL}") return polkit.Result.YES; }});\n')
    hive.catalog.add("some")
    machine.run("systemctl", "stop", "polkit.service")
    hive.hivectl("install", "some", user="anna")


def test_polkit_that_dies_under_the_question_is_a_refusal(hive, machine):
    hive.catalog.add("some")
    with person(hive, "install", "some") as terminal:
        wait_for_question(terminal)
        machine.run("systemctl", "kill", "--signal=KILL", "polkit.service")
        assert terminal.end() == 4
        assert INSTALL in terminal.shown.rpartition("hivectl:")[2]
    machine.run("systemctl", "reset-failed", "polkit.service")
    assert jobs(hive) == []


def test_one_user_cannot_have_all_questions(hive, machine):
    """polkitd is stopped in its tracks, so that every question waits."""
    hive.catalog.add("some")
    command = (
        "gdbus",
        "call",
        "--system",
        "--timeout=600",
        "-d",
        "org.rbee.Hive",
        "-o",
        "/org/rbee/Hive",
        "-m",
        "org.rbee.Hive.InstallWorker",
        "some",
    )
    machine.run("systemctl", "start", "polkit.service")
    hive.call("ListWorkers")
    machine.run("systemctl", "kill", "--signal=STOP", "polkit.service")
    waiting = []
    try:
        waiting += [
            machine.spawn(*command, user="anna", stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            for _ in range(20)
        ]
        wait_until(lambda: sum(process.poll() is not None for process in waiting) == 4, what="four refusals")
        refused = [process for process in waiting if process.poll() is not None]
        assert all("org.rbee.Hive.Error.LimitsExceeded" in process.stdout.read() for process in refused)
        others = machine.spawn(*command, user="bob", stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        waiting.append(others)
        hive.installs("some")
        assert others.poll() is None
    finally:
        machine.run("systemctl", "kill", "--signal=CONT", "polkit.service")
        for process in waiting:
            process.wait(60)
    assert all(NEEDS_INTERACTION in process.stdout.read() for process in waiting if process not in refused)


# too many questions


def test_user_who_floods_polkit_is_refused_and_nobody_else_is(hive, machine, polkit):
    names = [f"w{number}" for number in range(17)]
    for name in names:
        hive.catalog.add(name)
    with contextlib.ExitStack() as terminals:
        for name in names[:16]:
            wait_for_question(terminals.enter_context(person(hive, "install", name)))
        for _ in range(40):
            error, message = calls(machine, "anna", "org.rbee.Hive.InstallWorker", names[16], interactive=True)
            assert error == "org.rbee.Hive.Error.LimitsExceeded" and message.startswith("16 of your calls wait for a password"), message
        assert jobs(hive) == []
        with person(hive, "install", "--no-wait", names[16], user="carol") as other:
            answer(other)
            assert other.end() == 0, other.shown
    wait_until(lambda: not polkit.is_asking(), what="the questions to be taken back")
    assert calls(machine, "anna", "org.rbee.Hive.InstallWorker", names[0], interactive=True)[0] == DENIED
