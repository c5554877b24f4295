# SPDX-License-Identifier: LGPL-2.1-or-later
"""Who may do what, decided by the real polkitd for real users, with pkttyagent answering, refusing and walking away."""

import contextlib
import json
import pathlib
import re
import shutil
import signal
import subprocess

import pytest
from gi.repository import GLib

from catalog import pkgbuild
from client import HiveError
from job import Job
from terminal import Terminal
from waiting import wait_until

INSTALL, DEPENDENCIES, RECIPE, REMOVE, MODELS, CANCEL, READ, REFRESH = (
    f"org.rbee.hive.{name}"
    for name in (
        "install-worker",
        "install-dependencies",
        "install-recipe",
        "remove-worker",
        "manage-models",
        "cancel-job-other-user",
        "read-log-other-user",
        "refresh",
    )
)
RULES = "/etc/polkit-1/rules.d"
PASSWORD = "correct horse"
SLOW = pkgbuild("slow", build="sleep 86399")
NEEDS_INTERACTION = "org.freedesktop.DBus.Error.InteractiveAuthorizationRequired"
DENIED = "org.freedesktop.DBus.Error.AccessDenied"


pytestmark = pytest.mark.skipif(not shutil.which("pkttyagent"), reason="there is no polkit here (Debian: polkitd)")


# people and rules


@pytest.fixture(scope="module", autouse=True)
def people(machine):
    """anna and bob are ordinary users, carol is in the group rbee, admin is whose password polkit wants."""
    machine.run("useradd", "--create-home", "--shell", "/bin/bash", "admin")
    machine.run("chpasswd", input=f"admin:{PASSWORD}\n")
    machine.run("useradd", "--create-home", "--shell", "/bin/bash", "--groups", "rbee", "carol")
    machine.path(RULES).mkdir(parents=True, exist_ok=True)
    machine.path(RULES).chmod(0o755)
    machine.path(f"{RULES}/10-test.rules").write_text('polkit.addAdminRule(function(action, subject) { return ["unix-user:admin"]; });\n')
    machine.run("systemctl", "restart", "polkit.service")
    yield
    machine.path(f"{RULES}/10-test.rules").unlink()


@pytest.fixture
def rules(machine):
    """Puts rules into /etc for this test alone."""
    added = []

    def add(name, text):
        added.append(machine.path(f"{RULES}/{name}"))
        added[-1].write_text(text)
        machine.run("systemctl", "restart", "polkit.service")

    yield add
    for path in added:
        path.unlink()
    if added:
        machine.run("systemctl", "restart", "polkit.service")


class Polkit:
    """What polkit was asked, in order."""

    def __init__(self, machine, folder):
        self.machine, self.marks = machine, 0
        self.output = open(folder / "polkit.json", "w+")
        self.process = machine.spawn(
            "busctl", "monitor", "--json=short", "org.freedesktop.PolicyKit1", stdin=subprocess.DEVNULL, stdout=self.output, stderr=subprocess.PIPE
        )
        wait_until(lambda: self.mark() and self.seen(), what="busctl to hear of calls")  # with --json, busctl of systemd 257 does not say so

    def close(self):
        self.process.terminate()
        self.process.wait()
        self.process.stderr.close()
        self.output.close()

    def messages(self):
        text = pathlib.Path(self.output.name).read_text()
        return [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]

    def seen(self):
        return [message for message in self.messages() if message["type"] == "method_call"]

    def mark(self):
        """Makes a call that nobody else makes, and returns its argument."""
        self.marks += 1
        self.machine.run(
            "busctl",
            "call",
            "org.freedesktop.PolicyKit1",
            "/org/freedesktop/PolicyKit1/Authority",
            "org.freedesktop.PolicyKit1.Authority",
            "EnumerateActions",
            "s",
            f"mark{self.marks}",
        )
        return f"mark{self.marks}"

    def calls(self, member):
        """The arguments of all calls until now."""
        mark = self.mark()
        wait_until(lambda: any(message["payload"]["data"] == [mark] for message in self.seen() if message.get("payload")))
        return [message["payload"]["data"] for message in self.seen() if message.get("member") == member]

    def asked(self):
        """Of each question of the hive: the action, the details, and whether somebody might be bothered."""
        return [(call[1], call[2], bool(call[3])) for call in self.calls("CheckAuthorization") if call[1].startswith("org.rbee.")]

    def identities(self):
        """What the questions that might bother somebody are taken back by."""
        return [call[4] for call in self.calls("CheckAuthorization") if call[1].startswith("org.rbee.") and call[3]]

    def taken_back(self):
        return [call[0] for call in self.calls("CancelCheckAuthorization")]

    def is_asking(self):
        """Whether somebody is still being bothered."""
        asked = {(message["sender"], message["cookie"]) for message in self.seen() if message.get("member") == "CheckAuthorization"}
        return bool(asked - {(message["destination"], message["reply_cookie"]) for message in self.messages() if "reply_cookie" in message})


@pytest.fixture
def polkit(machine, tmp_path):
    polkit = Polkit(machine, tmp_path)
    yield polkit
    polkit.close()


# callers


@pytest.fixture
def own(machine):
    """A recipe of no catalog; @own(version) changes it."""
    path = machine.path("/srv/own/PKGBUILD")
    path.parent.mkdir()

    def write(version="1.0"):
        path.write_text(pkgbuild("some", version=version))
        return "/srv/own/PKGBUILD"

    yield write
    shutil.rmtree(path.parent)


def uid(machine, user):
    return int(machine.run("id", "--user", user).stdout)


def calls(machine, user, method, *arguments, path="/org/rbee/Hive", interactive=False):
    """A user's method call that is refused: the error's name and message."""
    flags = ["--interactive"] if interactive else []
    done = machine.run(
        "gdbus", "call", "--system", *flags, "--timeout=60", "-d", "org.rbee.Hive", "-o", path, "-m", method, *arguments, user=user, status=None
    )
    assert done.returncode != 0, done.stdout
    match = re.search(r"GDBus\.Error:([A-Za-z0-9_.]+): (.*)", done.stderr)
    assert match, done.stderr
    return match[1], match[2]


def person(hive, *arguments, user="anna", language="C.UTF-8"):
    """A person with hivectl on a terminal."""
    return Terminal(
        *hive.machine.command("setsid", "--ctty", "hivectl", *arguments, user=user, environment={"LANG": language, "SYSTEMD_PAGER": "cat"}),
        patience=hive.patience,
        owned=False,
    )


def logged_in(hive, command, user="anna"):
    """The same, who has logged in, and sits at the machine as far as logind knows."""
    return Terminal(
        *hive.machine.command("setsid", "--ctty", "su", "--login", "--session-command", command, user, environment={"XDG_SEAT": "seat0"}),
        patience=hive.patience,
        owned=False,
    )


def wait_for_question(terminal):
    terminal.wait_for("Password:")
    wait_until(terminal.is_silent, what="the terminal to be silent")


def answer(terminal, password=PASSWORD):
    wait_for_question(terminal)
    terminal.type(password + "\n")


def jobs(hive):
    return hive.call("ListJobs", {}, signature="(a{sv})")


def installs_as_anna(hive, *arguments):
    """A job that anna owns."""
    with person(hive, "install", "--no-wait", *arguments) as terminal:
        answer(terminal)
        assert terminal.end() == 0, terminal.shown
    return Job(hive, jobs(hive)[-1]["path"])


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


def test_what_the_hive_refuses_is_said_in_the_language_of_who_reads_it(hive):
    """D-Bus and --json have it in English."""
    hive.catalog.add("some", pkgbuild("some", build="false"))
    for language, refusal, failure in (
        ("de", "other ist nicht installiert", "Phase Build gescheitert"),
        ("nl", "other is niet geïnstalleerd", "Fase Build mislukt"),
        ("ja", "other はインストールされていません", "Build フェーズが失敗しました"),
    ):
        words = {"LANG": "C.UTF-8", "LANGUAGE": language}
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
    """An agent that is stopped cannot go with him: it is the hive that takes it back."""
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


# one's own jobs and others'


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


# the bridge


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
