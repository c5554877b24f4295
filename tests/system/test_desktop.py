# SPDX-License-Identifier: LGPL-2.1-or-later
"""Desktops of two people on one machine: a real hive, polkitd and systemd, and an agent that answers for them."""

import os
import pathlib
import shutil
import subprocess
import types

import pytest

import gguf
import screen
from catalog import pkgbuild
from hive import BUS_CONFIGURATION
from questions import PASSWORD, answer, installs_as_anna, person
from session import Notifications, Session, Watcher, Window
from test_instances import Instances
from waiting import unique_seconds, wait_until, wake

RULES = "/etc/polkit-1/rules.d/10-desktop.rules"
PROGRAMS = types.SimpleNamespace(libexec=pathlib.Path("/usr/libexec/rbee-hive"), bin="/usr/bin", data=pathlib.Path("/usr/share/rbee-hive"))

pytestmark = pytest.mark.skipif(not shutil.which("pkttyagent"), reason="there is no polkit here (Debian: polkitd)")


class PersonsSession(Session):
    """A session of a person of the machine, whose programs all run there. Its folder has one name here and there."""

    def __init__(self, machine, user):
        self.machine, self.person = machine, user
        entry = pathlib.Path("/var/tmp", machine.directory.name)
        machine.run("sh", "-c", f"mkdir -p {entry} && chmod 711 {entry} && ln -sfn / {entry}/root")
        uid = int(machine.run("id", "--user", user).stdout)
        folder = machine.files / "home" / user / os.urandom(4).hex()
        folder.mkdir()
        super().__init__(
            types.SimpleNamespace(
                directory=folder,
                build=PROGRAMS,
                environment={},
                address="unix:path=/run/dbus/system_bus_socket",
                bus_process=True,
            )
        )
        self.owner = uid
        self.settings("[Notifier]\nNotifyAfter=0\nTray=always\n")
        self.belong(folder)
        self.user = self.command()

    def command(self, *command, env=()):
        """Whose end takes the program with it, although nsenter(1) is its parent."""
        environment = {key: value for key, value in {**self.environment(), **dict(env)}.items() if key not in ("LD_LIBRARY_PATH", "PYTHONPATH")}
        line = self.machine.command(*command, user=self.person, environment=environment)
        return [*line[: line.index("setpriv") + 1], "--pdeathsig=TERM", *line[line.index("setpriv") + 1 :]]

    def speaks_german(self):
        """C.UTF-8 by another name: there may be no other locale, and glibc 2.41 translates nothing in that one."""
        (self.directory / "de_DE.utf8").symlink_to("/usr/lib/locale/C.utf8")
        self.locale = {"LC_ALL": "de_DE.UTF-8", "LANGUAGE": "de", "LOCPATH": str(self.directory)}
        self.user = self.command()

    def start_bus(self):
        configuration = self.directory / "bus.conf"
        configuration.write_text(BUS_CONFIGURATION.format(socket=self.directory / "bus", policy="", limits=""))
        configuration.chmod(0o644)
        self.bus = self.spawn("dbus-daemon", "--nofork", "--nosyslog", f"--config-file={configuration}")
        wait_until((self.directory / "bus").exists, what="the session's bus")
        self.connection = wait_until(self.try_to_connect, what="the session's bus")
        return self

    def spawn(self, *command, env=(), **options):
        with open(self.directory / "hosts.log", "a") as log:
            process = subprocess.Popen(self.command(*command, env=env), stdin=subprocess.DEVNULL, stdout=log, stderr=log, **options)
        self.hosts.append(process)
        return process

    def close(self):
        for owner in self.owners:
            if not owner.connection.is_closed():
                owner.leave()
        for process in (*reversed(self.processes), *reversed(self.hosts)):
            process.terminate()
            process.wait()


@pytest.fixture(scope="module", autouse=True)
def administrator(machine):
    """Whose password polkit wants."""
    machine.run("sh", "-c", "id boss || useradd --create-home boss")
    machine.run("chpasswd", input=f"boss:{PASSWORD}\n")
    path = machine.path(RULES)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.parent.chmod(0o755)
    path.write_text('polkit.addAdminRule(function(action, subject) { return ["unix-user:boss"]; });\n')
    machine.run("systemctl", "restart", "polkit.service")
    shutil.copy(pathlib.Path(__file__).with_name("agent.py"), machine.path("/usr/local/bin/agent"))
    yield
    path.unlink()
    machine.run("systemctl", "restart", "polkit.service")


@pytest.fixture
def log_in(machine):
    sessions = []

    def log_in(user):
        sessions.append(PersonsSession(machine, user))
        return sessions[-1]

    yield log_in
    for session in reversed(sessions):
        session.close()


class Agent:
    """The desktop's, for a program of a person."""

    def __init__(self, machine, person, program, *answer):
        pid = machine.run("pgrep", "--newest", "-u", person, "-f", program).stdout.strip()
        self.process = machine.spawn(
            "/usr/bin/python3", "/usr/local/bin/agent", pid, *answer, user=person, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout.readline() == "ready\n"

    def asked(self):
        """The action of the next question."""
        return self.process.stdout.readline().strip().removeprefix("org.rbee.hive.")

    def close(self):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


@pytest.fixture
def desktop_of(machine):
    """systemctl(1) of a user whose desktop has started, as desktops do that are started by systemd."""
    ended = []

    def start(user):
        uid = machine.run("id", "--user", user).stdout.strip()
        unit = machine.path(f"/run/user/{uid}/systemd/user/desktop.target")
        machine.run("systemctl", "start", f"user@{uid}.service")
        ended.append(uid)
        unit.parent.mkdir(parents=True)
        unit.write_text("[Unit]\nBindsTo=graphical-session.target\n")

        def systemctl(*arguments, **options):
            return machine.run("systemctl", "--user", *arguments, user=user, environment={"XDG_RUNTIME_DIR": f"/run/user/{uid}"}, **options)

        systemctl("daemon-reload")
        systemctl("start", "desktop.target")
        return systemctl

    yield start
    for uid in ended:
        machine.run("systemctl", "stop", f"user@{uid}.service")


def state(systemctl, unit):
    return systemctl("show", "--value", "--property=ActiveState", unit).stdout.strip()


def test_desktop_starts_the_notifier_once_and_ends_it(desktop_of):
    systemctl = desktop_of("anna")
    wait_until(lambda: state(systemctl, "rbee-hive-notifier.service") == "active", what="the notifier")
    assert "HiveNotifier" not in systemctl("list-units", "--all", "--plain", "app-*").stdout
    systemctl("stop", "desktop.target")
    wait_until(lambda: state(systemctl, "rbee-hive-notifier.service") == "inactive", what="its end")
    assert systemctl("show", "--value", "--property=Result", "rbee-hive-notifier.service").stdout == "success\n"


def test_screen_where_one_logs_in_has_no_notifier(desktop_of):
    systemctl = desktop_of("daemon")
    wait_until(lambda: state(systemctl, "graphical-session.target") == "active", what="its desktop")
    asked = systemctl("show", "--property=ConditionResult,ConditionTimestampMonotonic", "rbee-hive-notifier.service").stdout
    assert "ConditionResult=no" in asked and "ConditionTimestampMonotonic=0" not in asked


def test_two_people_are_each_told_of_their_own_jobs(machine, hive, log_in):
    desktops = {}
    for name in ("anna", "bob"):
        session = log_in(name)
        session.start()
        desktops[name] = session, Watcher(session), Notifications(session)
    for name, (_, _, server) in desktops.items():
        hive.catalog.add(f"worker-of-{name}")
        with person(hive, "install", f"worker-of-{name}", user=name) as terminal:
            answer(terminal)
            assert terminal.end() == 0, terminal.shown
        wait_until(lambda server=server: server.calls, what=f"{name} to be told")
    for name, (_, watcher, server) in desktops.items():
        assert [told.summary for told in server.calls] == [f"Installed Worker-Of-{name.title()}"]
        assert watcher.wait().entries() == {"Open rbee-hive": 3, "Quit": 4}


def test_twenty_deaths_of_the_daemon_in_a_job_are_one_notification(machine, hive, log_in):
    seconds = unique_seconds()
    hive.catalog.add("slow", pkgbuild("slow", build=f"sleep {seconds} || true"))
    session = log_in("anna").start()
    watcher, server = Watcher(session), Notifications(session)
    job = installs_as_anna(hive, "slow")
    pid = wait_until(lambda: hive.pid, what="the daemon")
    for _ in range(20):
        hive.kill()
        machine.run("systemctl", "reset-failed", "rbee-hived.service", status=None)
        pid = wait_until(lambda: (now := hive.pid) != pid and now, what="another daemon")
    watcher.shows("Installing Slow (Build)")
    wake(seconds)
    wait_until(lambda: server.calls, what="the job's end")
    assert job.wait() == ("done", "", "")
    hive.catalog.add("later")
    with person(hive, "install", "later") as terminal:
        answer(terminal)
        assert terminal.end() == 0, terminal.shown
    wait_until(lambda: server.calls[-1].summary == "Installed Later", what="the one after it")
    assert [told.summary for told in server.calls] == ["Installed Slow", "Installed Later"]


@pytest.fixture
def workers(machine):
    workers = Instances(machine)
    yield workers
    for one in workers.list():
        workers.stop(one["name"])
    workers.hive.close()


def test_installed_worker_is_started_from_its_notification(machine, workers, log_in):
    """By a window that is asked; and where there is none, by the hive, which asks for a password."""
    session = log_in("anna").start()
    server = Notifications(session)
    window = Window(session)
    with person(workers.hive, "install", "--reinstall", "keyless") as terminal:
        answer(terminal)
        assert terminal.end() == 0, terminal.shown
    (told,) = server.wait()
    assert told.actions == {"default": "", "start": "Start", "open": "Open"}
    server.choose(told, "start", "token")
    assert window.wait() == ("start-worker", ["keyless"], "token")
    window.leave()
    wait_until(lambda: not session.has_owner(window.name), what="the window's end")
    agent = Agent(machine, "anna", "rbee-hive-notifier", "boss", PASSWORD)
    server.choose(told, "start")
    assert agent.asked() == "run-worker"
    workers.wait("keyless", "ready")
    agent.close()


def test_dismissed_question_of_the_notifier_is_silence_and_a_refusal_is_told(machine, workers, log_in):
    """The second question shows that the answer to the first was given."""
    session = log_in("anna").start()
    watcher, server = Watcher(session), Notifications(session)
    workers.start("keyless", name="stays")
    item = watcher.shows("stays (ready)")
    agent = Agent(machine, "anna", "rbee-hive-notifier", "dismiss")
    for _ in range(2):
        item.click(item.entries()["stays (ready)"]["Stop"])
        assert agent.asked() == "run-worker"
    agent.close()
    agent = Agent(machine, "anna", "rbee-hive-notifier", "boss", "wrong horse")
    item.click(item.entries()["stays (ready)"]["Stop"])
    assert agent.asked() == "run-worker"
    (told,) = server.wait()
    agent.close()
    assert told.summary == "Cannot stop the worker" and "org.rbee.hive.run-worker" in told.body
    assert len(server.calls) == 1 and workers.get("stays")["state"] == "ready"


def test_more_workers_than_places_are_counted_in_the_language_of_the_session(machine, workers, log_in):
    session = log_in("anna")
    session.speaks_german()
    session.start()
    watcher = Watcher(session)
    for number in range(8):
        workers.start("keyless", name=f"keyless-{number}")
    entries = watcher.shows("2 weitere Worker laufen").entries()
    assert [label for label in entries if "(bereit)" in label] == [f"keyless-{number} (bereit)" for number in range(6)]
    assert entries["keyless-0 (bereit)"] == {"Stoppen": 101}
    workers.stop("keyless-7")
    watcher.shows("1 weiterer Worker läuft")


def test_worker_that_runs_is_in_the_tray_and_stopped_there(machine, workers, log_in):
    session = log_in("anna").start()
    watcher = Watcher(session)
    assert watcher.wait().entries() == {"Open rbee-hive": 3, "Quit": 4}
    workers.start("keyless", name="first")
    workers.start("keyless", name="loads-second", ready=False)
    item = watcher.shows("first (ready)")
    assert item.entries()["first (ready)"] == {"Stop": 101}
    assert watcher.shows("loads-second (ready)").entries()["loads-second (ready)"] == {"Stop": 111}
    agent = Agent(machine, "anna", "rbee-hive-notifier", "boss", PASSWORD)
    item.click(101)
    assert agent.asked() == "run-worker"
    wait_until(lambda: item.entries() == {"loads-second (ready)": {"Stop": 111}, "Open rbee-hive": 3, "Quit": 4}, what="the worker's end")
    agent.close()
    workers.restart_daemon()
    assert [one["name"] for one in workers.list()] == ["loads-second"]
    watcher.shows("loads-second (ready)")


def open_window(session, answer):
    for program in screen.NEEDS:
        if session.machine.run("sh", "-c", 'command -v "$0"', program, status=None).returncode != 0:
            pytest.skip(f"{program} is not installed there")
    if not session.machine.path(PROGRAMS.libexec / "rbee-hive-window").exists():
        pytest.skip("rbee-hive-window was not built")
    session.start_bus()
    window = screen.Screen(session).start()
    return window, Agent(session.machine, session.person, "rbee-hive-window", *answer)


def test_question_that_was_dismissed_is_silence_and_one_that_was_answered_installs(hive, log_in):
    hive.catalog.add("some")
    window, agent = open_window(log_in("anna"), ["dismiss"])
    window.click("Some", "list item")
    for _ in range(2):
        window.click("Install")
        assert agent.asked() == "install-worker"
        window.settle()
        assert not any("dismissed" in label or "refused" in label for label in window.labels())
    agent.close()
    agent = Agent(window.session.machine, "anna", "rbee-hive-window", "boss", "wrong horse")
    window.click("Install")
    window.reads("org.rbee.hive.install-worker")
    agent.close()
    assert not hive.workers()
    agent = Agent(window.session.machine, "anna", "rbee-hive-window", "boss", PASSWORD)
    window.click("Install")
    window.reads("[DONE]")
    agent.close()
    assert list(hive.workers()) == ["some"]


def test_log_of_another_user_is_asked_for_and_a_dismissed_question_leaves_what_was_there(hive, log_in):
    hive.configure("Log", LogAccess="owner")
    hive.catalog.add("private", pkgbuild("private", build="echo what nobody else is told"))
    job = hive.installs("private")
    window, agent = open_window(log_in("anna"), ["dismiss"])
    window.activate("show-job", job.id)
    window.reads("This Log Is Not Yours")
    for _ in range(2):
        window.click("Ask to Read It")
        assert agent.asked() == "read-log-other-user"
        window.settle()
        assert "This Log Is Not Yours" in window.labels() and not any("dismissed" in label for label in window.labels())
    agent.close()
    agent = Agent(window.session.machine, "anna", "rbee-hive-window", "boss", PASSWORD)
    window.click("Ask to Read It")
    window.reads("what nobody else is told")
    agent.close()


@pytest.fixture
def model(machine):
    """The name of one among those that others may have left."""
    path = machine.path("/home/models/of-the-window-2B-Q4_0.gguf")
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(gguf.gguf())
    yield path.stem
    path.unlink()


def test_window_that_is_asked_to_start_a_worker_asks_for_its_name(workers, log_in):
    """So tests/window may say of a hive that runs none that there is no such field."""
    window, agent = open_window(log_in("anna"), ["dismiss"])
    window.wait("Reader", "list item")
    window.activate("start-worker", "reader")
    window.wait("Name", "text box")
    agent.close()


def test_worker_is_started_with_a_model_restarted_and_stopped_in_the_window(workers, model, log_in):
    window, agent = open_window(log_in("anna"), ["boss", PASSWORD])
    window.click("Reader", "list item")
    window.click("Start…")
    window.reads(f"{model} · ")
    assert window.unnamed() == []
    window.choose("Model", "None")
    window.click("Start")
    window.reads("reader needs a model")
    window.keep_picture("window-start-refused")
    window.choose("Model", model)
    window.click("Start")
    assert agent.asked() == "run-worker"
    window.reads(f"Ready · {model}")
    window.settle()
    assert window.unnamed() == []
    window.keep_picture("window-ready")
    before = workers.get("reader")["main_pid"]
    window.click("Restart")
    assert agent.asked() == "run-worker"
    wait_until(lambda: (workers.wait("reader", "ready"))["main_pid"] not in (0, before), what="another process")
    window.click("Stop")
    assert agent.asked() == "run-worker"
    window.reads_no_more(f"Ready · {model}")
    assert workers.get("reader") is None
    agent.close()
