# SPDX-License-Identifier: LGPL-2.1-or-later
"""Polkit's question at a terminal: what it asks, who answers, refuses, walks away or dies."""

import re
import shutil
import signal

import pytest

from catalog import pkgbuild
from questions import (
    DEPENDENCIES,
    INSTALL,
    NEEDS_INTERACTION,
    PASSWORD,
    RECIPE,
    REFRESH,
    REMOVE,
    answer,
    calls,
    jobs,
    logged_in,
    person,
    uid,
    wait_for_question,
)
from waiting import wait_until

pytestmark = [
    pytest.mark.skipif(not shutil.which("pkttyagent"), reason="there is no polkit here (Debian: polkitd)"),
    pytest.mark.usefixtures("people"),
]


# somebody answers


def test_right_password_installs_and_the_question_names_the_worker(hive, machine, polkit):
    hive.catalog.add("some")
    with person(hive, "install", "some") as terminal:
        answer(terminal)
        assert terminal.end() == 0, terminal.shown
        assert f"AUTHENTICATING FOR {INSTALL}" in terminal.shown
        assert "Authentication is required to install the worker some\r\n" in terminal.shown
        assert PASSWORD not in terminal.shown and "[DONE]" in terminal.shown
    assert "some" in hive.workers()
    assert jobs(hive)[0]["owner"] == uid(machine, "anna")
    # The first try of hivectl bothers nobody.
    assert polkit.asked() == [(INSTALL, {"worker": "some"}, False), (INSTALL, {"worker": "some"}, True)]


def test_install_with_the_systems_packages_is_another_question_and_the_only_one(hive, polkit):
    hive.catalog.add("some")
    with person(hive, "install", "--install-dependencies", "some") as terminal:
        answer(terminal)
        assert terminal.end() == 0, terminal.shown
        assert f"AUTHENTICATING FOR {DEPENDENCIES}" in terminal.shown
        assert "to install the worker some and the packages of this system that its build needs" in " ".join(terminal.shown.split())
    assert polkit.asked() == [(DEPENDENCIES, {"worker": "some"}, False), (DEPENDENCIES, {"worker": "some"}, True)]


def test_who_may_install_workers_may_not_for_that_install_packages(hive, machine, rules):
    rules("20-test.rules", f'polkit.addRule(function(action) {{ if (action.id == "{INSTALL}") return polkit.Result.YES; }});')
    hive.catalog.add("some")
    name, message = calls(machine, "anna", "org.rbee.Hive.InstallWorkerWithOptions", "some", "{'install_dependencies': <true>}")
    assert name == NEEDS_INTERACTION and DEPENDENCIES in message
    assert jobs(hive) == []


def test_recipe_of_ones_own_is_another_question_which_names_its_sum(hive, polkit, own):
    with person(hive, "install", own()) as terminal:
        answer(terminal)
        assert terminal.end() == 0, terminal.shown
        assert f"AUTHENTICATING FOR {RECIPE}" in terminal.shown
        assert "to install the worker some by a recipe that is in no catalog" in " ".join(terminal.shown.split())
    assert hive.record("some")["source"] == "recipe"
    details = polkit.asked()[0][1]
    assert polkit.asked() == [(RECIPE, details, False), (RECIPE, details, True)]
    assert details["worker"] == "some" and re.fullmatch("[0-9a-f]{64}", details["recipe"])


def test_who_may_install_workers_may_not_for_that_hand_over_recipes(hive, machine, rules, own):
    rules("40-rbee-hive.rules", machine.path("/usr/share/doc/rbee-hive/rbee-hive.rules.example").read_text())
    rules("20-test.rules", f'polkit.addRule(function(action) {{ if (action.id == "{INSTALL}") return polkit.Result.YES; }});')
    for user in ("anna", "carol"):
        assert RECIPE in hive.hivectl("install", own(), user=user, status=4).stderr
    assert jobs(hive) == []


def test_rule_may_let_one_recipe_in_by_its_sum(hive, polkit, rules, own):
    hive.hivectl("install", own(), user="anna", status=4)
    sum_ = polkit.asked()[0][1]["recipe"]
    rules(
        "20-test.rules",
        f'polkit.addRule(function(action) {{ if (action.id == "{RECIPE}" && action.lookup("recipe") == "{sum_}") return polkit.Result.YES; }});',
    )
    hive.hivectl("install", own(), user="anna")
    hive.hivectl("install", own("2.0"), user="anna", status=4)
    assert hive.record("some")["version"].startswith("1.0")


def test_who_sits_at_the_machine_is_asked_for_every_recipe(hive, own):
    for version in ("1.0", "2.0"):
        with logged_in(hive, f"hivectl install {own(version)}") as terminal:
            answer(terminal)
            assert terminal.end() == 0, terminal.shown


def test_question_is_in_the_language_of_who_is_asked(hive):
    hive.catalog.add("some")
    for language, sentence in (
        ("de_DE.UTF-8", "Zum Installieren des Workers some ist eine Legitimierung nötig"),
        ("nl_NL.UTF-8", "Voor het installeren van de worker some is authenticatie vereist"),
        ("ja_JP.UTF-8", "ワーカー some をインストールするには認証が必要です"),
    ):
        with person(hive, "install", "some", language=language) as terminal:
            wait_for_question(terminal)
            assert sentence in terminal.shown


@pytest.fixture
def locales(hive):
    """Where locales are: C.UTF-8 by other names, since there may be no others, and glibc 2.41 translates nothing in that one, whatever is in
    LANGUAGE."""
    hive.machine.run(
        "sh", "-ec", "mkdir /root/locales; cd /root/locales; for name in de_DE nl_NL ja_JP; do ln -s /usr/lib/locale/C.utf8 $name.utf8; done"
    )
    yield "/root/locales"
    shutil.rmtree(hive.machine.path("/root/locales"))


def test_what_the_hive_refuses_is_said_in_the_language_of_who_reads_it(hive, locales):
    """D-Bus and --json have it in English."""
    hive.catalog.add("some", pkgbuild("some", build="false"))
    for language, refusal, failure in (
        ("de_DE", "other ist nicht installiert", "Phase Build gescheitert"),
        ("nl_NL", "other is niet geïnstalleerd", "Fase Build mislukt"),
        ("ja_JP", "other はインストールされていません", "Build フェーズが失敗しました"),
    ):
        words = {"LOCPATH": locales, "LANG": f"{language}.UTF-8"}
        assert refusal in hive.machine.run("hivectl", "remove", "other", environment=words, status=None).stderr
        assert f"[ERROR] {failure}" in hive.machine.run("hivectl", "install", "some", environment=words, status=None).stdout
        assert "Build phase failed" in hive.machine.run("hivectl", "install", "some", "--json", environment=words, status=None).stdout


def test_removal_asks_and_names_the_worker(hive, polkit):
    hive.catalog.add("some")
    hive.installs("some")
    with person(hive, "remove", "some") as terminal:
        answer(terminal)
        assert terminal.end() == 0, terminal.shown
        assert "Authentication is required to remove the worker some" in terminal.shown
    assert hive.workers() == {}
    assert polkit.asked()[-1] == (REMOVE, {"worker": "some"}, True)


def test_one_request_is_one_question(hive, polkit):
    hive.catalog.add("some")
    with person(hive, "install", "some", "--reinstall", "--check") as terminal:
        answer(terminal)
        assert terminal.end() == 0
        assert terminal.shown.count("AUTHENTICATING") == 1
    assert [interactive for _, _, interactive in polkit.asked()].count(True) == 1


def test_two_requests_are_two_questions(hive, polkit):
    hive.catalog.add("one")
    hive.catalog.add("two")
    with person(hive, "install", "one") as first:
        wait_for_question(first)
        with person(hive, "install", "two") as second:
            answer(second)
            assert second.end() == 0 and "worker two" in second.shown
        assert "AUTHENTICATION COMPLETE" not in first.shown
        answer(first)
        assert first.end() == 0 and "worker one" in first.shown
    assert [details for _, details, interactive in polkit.asked() if interactive] == [{"worker": "one"}, {"worker": "two"}]
    assert set(hive.workers()) == {"one", "two"}


def test_who_sits_at_the_machine_is_asked_once_for_two_workers(hive, polkit):
    hive.catalog.add("one")
    hive.catalog.add("two")
    with logged_in(hive, "hivectl install one two") as terminal:
        answer(terminal)
        assert terminal.end() == 0, terminal.shown
        assert terminal.shown.count("AUTHENTICATING") == 1
    assert set(hive.workers()) == {"one", "two"}


def test_capabilities_are_refreshed_for_who_sits_at_the_machine(hive, machine):
    command = "busctl call org.rbee.Hive /org/rbee/Hive org.rbee.Hive RefreshCapabilities"
    with logged_in(hive, command) as terminal:
        assert terminal.end() == 0, terminal.shown
    name, message = calls(machine, "anna", "org.rbee.Hive.RefreshCapabilities")
    assert name == NEEDS_INTERACTION and REFRESH in message


def test_what_was_true_before_the_question_is_looked_at_again_after_it(hive):
    hive.catalog.add("some")
    hive.installs("some")
    with person(hive, "remove", "some") as terminal:
        wait_for_question(terminal)
        hive.removes("some")
        answer(terminal)
        assert terminal.end() == 3
        assert "some is not installed" in terminal.shown
    assert len(jobs(hive)) == 2


# somebody refuses, or walks away


def test_wrong_password_is_refused(hive, polkit):
    hive.catalog.add("some")
    with person(hive, "install", "some") as terminal:
        answer(terminal, "wrong")
        assert terminal.end() == 4
        assert "AUTHENTICATION FAILED" in terminal.shown and INSTALL in terminal.shown.rpartition("hivectl:")[2]
    assert jobs(hive) == [] and polkit.taken_back() == []


def test_agent_that_dies_is_a_refusal(hive, machine):
    hive.catalog.add("some")
    with person(hive, "install", "some") as terminal:
        wait_for_question(terminal)
        machine.run("pkill", "--signal", "KILL", "--uid", "anna", "--exact", "pkttyagent")
        assert terminal.end() == 4
        assert not terminal.is_silent()
    assert jobs(hive) == []


@pytest.mark.parametrize("key, number", [("\x03", signal.SIGINT), ("\x1c", signal.SIGQUIT)], ids=["ctrl-c", "ctrl-backslash"])
def test_interrupt_at_the_question_takes_it_back_and_mends_the_terminal(hive, machine, polkit, key, number):
    hive.catalog.add("some")
    with person(hive, "install", "some") as terminal:
        wait_for_question(terminal)
        wait_until(polkit.is_asking, what="the question to be seen")
        terminal.type(key)
        assert terminal.end() == -number
        assert not terminal.is_silent()
    # The hive takes it back, where polkit has not ended it already, because the agent is gone.
    wait_until(lambda: not polkit.is_asking(), what="the question to be over")
    wait_until(lambda: machine.run("pgrep", "--uid", "anna", "--exact", "pkttyagent", status=None).stdout == "", what="the agent's end")
    assert jobs(hive) == []


def test_caller_who_is_killed_takes_the_question_with_him(hive, machine, polkit):
    """A stopped agent cannot end with its caller: the hive takes the question back."""
    hive.catalog.add("some")
    agent = ("--uid", "anna", "--exact", "pkttyagent")
    with person(hive, "install", "some") as terminal:
        wait_for_question(terminal)
        assert polkit.taken_back() == []
        machine.run("pkill", "--signal", "STOP", *agent)
        machine.run("pkill", "--signal", "KILL", "--uid", "anna", "--exact", "hivectl")
        wait_until(lambda: polkit.taken_back() == polkit.identities(), what="the question to be taken back")
        machine.run("pkill", "--signal", "CONT", *agent)
    wait_until(lambda: machine.run("pgrep", "--uid", "anna", "--exact", "pkttyagent", status=None).stdout == "", what="the agent's end")
    assert jobs(hive) == []


def test_daemon_waits_for_an_answer_however_idle_it_is(hive, machine):
    hive.configure("Hive", IdleTimeout=1)
    hive.catalog.add("some")
    machine.run("systemctl", "stop", "rbee-hived.service")
    with person(hive, "install", "some") as terminal:
        wait_for_question(terminal)
        daemon = hive.pid
        machine.run("sleep", "3")
        assert hive.pid == daemon
        terminal.type("\x03")
        terminal.end()
    wait_until(lambda: hive.pid == 0, what="the idle daemon to leave")


def test_daemon_that_is_stopped_says_so_to_who_waits(hive, machine, polkit):
    hive.catalog.add("some")
    with person(hive, "install", "some") as terminal:
        wait_for_question(terminal)
        machine.run("systemctl", "stop", "rbee-hived.service")
        assert terminal.end() == 1
        assert "The hive is being stopped" in terminal.shown
    assert polkit.taken_back() == polkit.identities()
