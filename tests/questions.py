# SPDX-License-Identifier: LGPL-2.1-or-later
"""People of a booted machine who ask the hive for something, and what polkit is asked about them."""

import json
import pathlib
import re
import shutil
import subprocess

import pytest

from catalog import pkgbuild
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


# people and rules


@pytest.fixture(scope="module")
def people(machine):
    """anna and bob are ordinary users, carol is in the group rbee, admin is whose password polkit wants."""
    machine.run("sh", "-c", "id admin || useradd --create-home --shell /bin/bash admin")
    machine.run("chpasswd", input=f"admin:{PASSWORD}\n")
    machine.run("sh", "-c", "id carol || useradd --create-home --shell /bin/bash --groups rbee carol")
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
