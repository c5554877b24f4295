# SPDX-License-Identifier: LGPL-2.1-or-later
"""rbee-hive-notifier in a session: a real hive on a system bus of its own, and a session's bus with what a desktop has there."""

import datetime
import html
import os
import re
import stat
import subprocess
import time

import pytest
from gi.repository import Gio, GLib

from catalog import pkgbuild
from client import NAME, PATH
from held import Held
from job import Job
from session import ALL, ITEM, LAUNCHER, MockedNotifications, Notifications, Watcher, Window
from waiting import LEAST, unique_seconds, wait_until, wake


@pytest.fixture
def held(session, http_catalog):
    """Workers whose jobs stay at their first phase until they are let go."""
    held = Held(session.hive, http_catalog)
    yield held
    held.let_all_go()


@pytest.fixture
def startable(session):
    """run.conf says how llama is run."""
    path = session.directory / "run.conf"
    path.write_text("[llama]\nArguments=%p\n")
    session.hive.configuration["Run"] = {"Rules": path}


def test_second_notifier_leaves_without_a_word(session):
    session.start()
    second = session.run()
    assert (second.returncode, second.stdout, second.stderr) == (0, "", "")
    assert session.has_owner("org.rbee.HiveNotifier")


def test_no_session_bus_is_one_sentence(session):
    session.hive.start_bus()
    done = session.run(DBUS_SESSION_BUS_ADDRESS="unix:path=/nonexistent")
    assert done.returncode == 1
    assert done.stderr == "rbee-hive-notifier: Cannot reach the bus of a session, which a desktop has: No such file or directory\n"


def test_no_system_bus_is_one_sentence(session):
    session.start_bus()
    done = session.run(DBUS_SYSTEM_BUS_ADDRESS="unix:path=/nonexistent")
    assert done.returncode == 1
    assert done.stderr == "rbee-hive-notifier: Cannot reach the system bus: No such file or directory\n"


def test_notifier_ends_with_its_session(session):
    session.settings("[Notifier]\nTray=always\n")
    session.start()
    Watcher(session).wait()
    session.bus.terminate()
    assert session.process.wait(LEAST) == 0


def test_hive_is_started_by_nothing_but_a_person(session):
    """The system bus can start a hive here: whoever does leaves a file."""
    services, mark = session.directory / "services", session.directory / "started"
    services.mkdir()
    (services / "org.rbee.Hive.service").write_text(f"[D-BUS Service]\nName=org.rbee.Hive\nExec=/usr/bin/touch {mark}\n")
    session.hive.bus_policy = f"</policy><servicedir>{services}</servicedir><policy context='default'>"
    session.settings("[Notifier]\nTray=always\n")
    session.start()
    watcher = Watcher(session)
    Notifications(session)
    item = watcher.wait()
    session.hive.start()
    session.hive.stop()
    wait_until(lambda: not session.hive.name_is_owned(), what="the hive's end")
    item.entries()
    assert not mark.exists()
    subprocess.run(
        ["busctl", f"--address={session.hive.address}", "--timeout=1", "call", "org.rbee.Hive", "/org/rbee/Hive", "org.rbee.Hive", "ListWorkers"],
        check=False,
        capture_output=True,
    )
    wait_until(mark.exists, what="the start that somebody else asks for")


@pytest.mark.parametrize(
    "text, sentence",
    [
        ("[Notifier]\nTray=sometimes\n", "Tray= takes one of auto, always, never"),
        ("[Notifier]\nNotifyAfter=-1\n", "NotifyAfter= takes one of 0-86400"),
        ("[Notifier]\nTry=always\n", "there is no key Try= in [Notifier]"),
        ("Tray\n", "Cannot read "),
    ],
    ids=["tray", "notify-after", "unknown", "no-key-file"],
)
def test_wrong_setting_is_said_with_its_file_and_the_default_counts(session, text, sentence):
    session.settings(text)
    session.start()
    assert sentence in session.said() and str(session.home / ".config/rbee-hive/desktop.conf") in session.said()


# The tray


def test_icon_is_there_while_a_job_runs_and_no_longer(session, held):
    session.start()
    watcher = Watcher(session)
    held.install("llama")
    item = watcher.shows("Installing llama (Look it up)")
    assert (item.get("Status"), item.get("Category"), item.get("IconName")) == ("Active", "SystemServices", "org.rbee.Hive-symbolic")
    assert item.get("ToolTip")[2:] == ("rbee-hive", "1 job under way")
    assert item.entries() == {"Installing llama (Look it up)": {"Cancel": 11, "Show log": 12}, "Open rbee-hive": 3, "Quit": 4}
    held.let_go("llama")
    watcher.wait_until_empty()


def test_job_that_ran_already_is_shown(session, held):
    held.install("llama")
    session.start()
    Watcher(session).shows("Installing llama (Look it up)")


def test_icon_comes_back_with_a_new_watcher(session, held):
    session.start()
    first = Watcher(session)
    held.install("llama")
    name = first.wait().name
    first.leave()
    wait_until(lambda: not session.has_owner(first.name), what="the watcher's end")
    assert Watcher(session).wait().name == name


@pytest.mark.parametrize("tray", ["always", "never"])
def test_tray_is_what_the_settings_say(session, held, tray):
    session.settings(f"[Notifier]\nTray={tray}\nNotifyAfter=0\n")
    session.start()
    watcher, server = Watcher(session), Notifications(session)
    if tray == "always":
        assert watcher.wait().entries() == {"Open rbee-hive": 3, "Quit": 4}
    held.ends("llama")
    server.wait()
    assert bool(watcher.items) == (tray == "always")


def test_menus_shape_never_changes_and_a_job_keeps_its_place(session, held):
    session.settings("[Notifier]\nTray=always\n")
    held.hive.configure("Jobs", MaxParallel=20)
    session.start()
    watcher = Watcher(session)
    item = watcher.wait()
    empty = item.shape()
    for name in "abc":
        held.install(name)
        watcher.shows(f"Installing {name} (Look it up)")
    before = item.entries()
    held.let_go("b")
    wait_until(lambda: len(item.entries()) == 4, what="two jobs")
    assert item.shape() == empty
    assert all(before[label] == entries for label, entries in item.entries().items())
    for name in "defghij":
        held.install(name)
    wait_until(lambda: "1 more job" in item.entries(), what="more jobs than places")
    assert len(item.entries()) == 8 + 3 and item.shape() == empty


def test_underscore_of_a_workers_name_is_no_mnemonic(session, held):
    session.start()
    held.install("my_worker")
    Watcher(session).shows("Installing my__worker (Look it up)")


def test_menu_answers_what_hosts_ask(session, held):
    session.start()
    held.install("llama")
    item = Watcher(session).wait()
    number = item.entries()["Open rbee-hive"]
    assert item.menu("AboutToShow", "(i)", 0) == (False,)
    assert item.menu("GetProperty", "(is)", number, "label") == ("Open rbee-hive",)
    assert item.menu("GetGroupProperties", "(aias)", [number], []) == ([(number, {"label": "Open rbee-hive", "visible": True, "enabled": True})],)
    assert len(item.menu("GetGroupProperties", "(aias)", [], [])[0]) == 7 + 8 * 5 + 6 * 2
    assert item.menu("EventGroup", "(a(isvu))", [(0, "opened", held.zero, 0), (99, "clicked", held.zero, 0)]) == ([99],)
    assert len(item.menu("GetLayout", "(iias)", 0, 1, [])[1][2]) == 8 + 6 + 6
    for call in (("Event", "(isvu)", 9, "clicked", held.zero, 0), ("GetLayout", "(iias)", 99, -1, []), ("GetProperty", "(is)", -1, "label")):
        with pytest.raises(Exception, match="The menu has no item"):
            item.menu(*call)


def test_cancel_of_the_menu_cancels_the_job(session, held):
    session.settings("[Notifier]\nNotifyAfter=0\n")
    session.start()
    watcher, server = Watcher(session), Notifications(session)
    job = held.install("llama")
    item = watcher.shows("Installing llama (Look it up)")
    item.click(item.entries()["Installing llama (Look it up)"]["Cancel"])
    assert job.wait().result == "cancelled"
    watcher.wait_until_empty()
    assert server.calls == []


def test_quit_quits(session):
    session.settings("[Notifier]\nTray=always\n")
    session.start()
    item = Watcher(session).wait()
    item.click(item.entries()["Quit"])
    assert session.process.wait(LEAST) == 0


# Its language


def speaks_german(session):
    """In a locale that is C.UTF-8 by another name: there may be no others, and glibc 2.41 translates nothing in that one. What this build has
    below its prefix stands where it would be installed."""
    if not os.path.exists("/usr/lib/locale/C.utf8"):
        pytest.skip("there is no /usr/lib/locale/C.utf8 here")
    folder = session.directory / "locales"
    folder.mkdir()
    (folder / "de_DE.utf8").symlink_to("/usr/lib/locale/C.utf8")
    session.locale = {"LC_ALL": "de_DE.UTF-8", "LANGUAGE": "de", "LOCPATH": str(folder)}
    build = session.hive.build
    data = os.path.join(build.options["prefix"], build.options["datadir"])
    session.user = ["unshare", "--mount", "sh", "-ec", 'mount --bind "$1" "$2"; shift 2; exec "$@"', "sh", str(build.data.parent), data]


@pytest.mark.root
def test_menu_notifications_and_refusals_are_in_the_language_of_the_session(session, held):
    speaks_german(session)
    session.settings("[Notifier]\nNotifyAfter=0\n")
    held.hive.configure("Jobs", MaxQueuedPerUser=1)
    session.start()
    watcher, server = Watcher(session), Notifications(session)
    held.hive.fails(held.hive.install("absent"), "WorkerNotFound")
    (told,) = server.wait()
    assert told.summary == "absent kann nicht installiert werden"
    assert "Kein Worker „absent“ im Katalog" in told.body, told.body
    assert told.actions == {"default": "", "log": "Log zeigen", "again": "Erneut versuchen"}
    held.install("llama")
    item = watcher.shows("llama wird installiert (Nachschlagen)")
    assert item.entries() == {
        "absent kann nicht installiert werden": {"Log zeigen": 12, "Erneut versuchen": 13, "Verwerfen": 14},
        "llama wird installiert (Nachschlagen)": {"Abbrechen": 21, "Log zeigen": 22},
        "rbee-hive öffnen": 3,
        "Beenden": 4,
    }
    server.choose(told, "again")
    refused = server.wait(2)[1]
    assert refused.summary == "Kein neuer Versuch möglich"
    assert "MaxQueuedPerUser=1" in refused.body and "hat schon 1" in refused.body, refused.body


# Notifications


def test_short_job_is_not_told_of_and_a_failed_one_stays_in_the_tray(session, held):
    """A later job shows when the notifier has dealt with the ends of those before it."""
    session.start()
    watcher, server = Watcher(session), Notifications(session)
    held.ends("short")
    held.hive.fails(held.hive.install("nothing"), "WorkerNotFound")
    held.install("later")
    item = watcher.shows("Installing later (Look it up)")
    assert list(item.entries()) == ["Cannot install nothing", "Installing later (Look it up)", "Open rbee-hive", "Quit"]
    assert item.get("Status") == "NeedsAttention"
    held.let_go("later")
    wait_until(lambda: len(item.entries()) == 3, what="the job's end")
    item.click(item.entries()["Cannot install nothing"]["Dismiss"])
    watcher.wait_until_empty()
    assert server.calls == []


def test_notifier_that_is_started_anew_has_forgotten_what_failed(session, held):
    session.start()
    watcher = Watcher(session)
    held.hive.fails(held.hive.install("nothing"), "WorkerNotFound")
    watcher.shows("Cannot install nothing")
    session.stop()
    watcher.wait_until_empty()
    session.start()
    held.install("later")
    assert list(watcher.shows("Installing later (Look it up)").entries()) == ["Installing later (Look it up)", "Open rbee-hive", "Quit"]


def test_job_that_took_longer_than_the_setting_is_told_of(session, held):
    session.settings("[Notifier]\nNotifyAfter=1\n")
    session.start()
    server = Notifications(session)
    job = held.install("llama")
    asked = job.get("CreatedAt")
    wait_until(lambda: time.time() > asked / 1e6 + 1, what="a second to pass since it was asked for")
    held.let_go("llama")
    job.wait()
    assert server.wait()[0].summary == "Installed Llama"


def test_job_that_took_long_is_told_of_when_it_is_done(session, held):
    session.settings("[Notifier]\nNotifyAfter=0\n")
    session.start()
    server = Notifications(session)
    held.ends("llama")
    (told,) = server.wait()
    assert (told.summary, told.body, told.actions) == ("Installed Llama", "", {"default": "", "open": "Open"})
    assert (told.icon, told.hints["desktop-entry"], told.hints["category"]) == ("org.rbee.Hive", "org.rbee.Hive", "transfer.complete")


def test_job_is_called_what_its_catalog_calls_the_worker_as_soon_as_that_is_known(session, held):
    """A name is text: neither markup nor a mnemonic of a menu. What would steer a screen the catalog may not say."""
    seconds = unique_seconds()
    session.settings("[Notifier]\nNotifyAfter=0\n")
    session.start()
    watcher, server = Watcher(session), Notifications(session)
    held.add("llama", pkgbuild("llama", build=f"sleep {seconds} || true"), name="<b>llama.cpp</b> _server_\n& more")
    job = held.hive.install("llama")
    watcher.shows("Installing llama (Look it up)")
    held.let_go("llama")
    watcher.shows("Installing <b>llama.cpp</b> __server__ & more (Build)")
    wake(seconds)
    job.wait()
    (told,) = server.wait()
    assert told.summary == "Installed <b>llama.cpp</b> _server_ & more"


def test_start_is_not_offered_where_nothing_runs_workers(session, startable, held):
    """What there is where they run is in tests/system/test_desktop.py."""
    session.settings("[Notifier]\nNotifyAfter=0\n")
    session.start()
    server = Notifications(session)
    held.ends("llama")
    assert server.wait()[0].actions == {"default": "", "open": "Open"}
    held.hive.removes("llama")
    wait_until(lambda: server.calls[-1].summary == "Removed Llama", what="its end")
    assert server.calls[-1].actions == {"default": "", "open": "Open"}


def test_failure_is_told_in_the_hives_words_and_stays_in_the_tray(session, held):
    session.settings("[Notifier]\nNotifyAfter=0\n")
    session.start()
    watcher, server = Watcher(session), Notifications(session)
    job = held.hive.fails(held.hive.install("nothing"), "WorkerNotFound")
    (told,) = server.wait()
    assert (told.summary, told.body) == ("Cannot install nothing", html.escape(job.get("ErrorMessage")))
    assert told.actions == {"default": "", "log": "Show log", "again": "Try again"}
    item = watcher.wait()
    wait_until(lambda: item.get("Status") == "NeedsAttention", what="the tray to call for attention")
    assert item.entries()["Cannot install nothing"] == {"Show log": 12, "Try again": 13, "Dismiss": 14}
    item.click(14)
    watcher.wait_until_empty()


def test_dismissed_notification_is_seen_and_an_expired_one_is_not(session, held):
    session.settings("[Notifier]\nNotifyAfter=0\n")
    session.start()
    watcher, server = Watcher(session), Notifications(session)
    held.hive.fails(held.hive.install("nothing"), "WorkerNotFound")
    server.close(server.wait()[0].id, 1)
    held.hive.fails(held.hive.install("neither"), "WorkerNotFound")
    assert "Cannot install nothing" in watcher.shows("Cannot install neither").entries()
    server.close(server.wait()[0].id, 2)
    wait_until(lambda: "Cannot install neither" not in watcher.wait().entries(), what="the one that was dismissed to go")
    assert "Cannot install nothing" in watcher.wait().entries()


def test_try_again_asks_for_the_same_and_takes_the_failure_back(session, held):
    session.settings("[Notifier]\nNotifyAfter=0\n")
    session.start()
    watcher, server = Watcher(session), Notifications(session)
    held.hive.fails(held.hive.install("late", check=True), "WorkerNotFound")
    (told,) = server.wait()
    held.add("late")
    server.choose(told, "again")
    wait_until(lambda: [job["options"] for job in held.hive.list_jobs(worker="late")] == [{"check": True}] * 2, what="a second job")
    assert "Cannot install late" not in watcher.shows("Installing late (Look it up)").entries()
    wait_until(lambda: not server.shown, what="the old notification to be closed")
    held.let_go("late")
    assert server.wait()[0].summary == "Installed Late"


def test_own_recipe_is_not_tried_again(session, held, tmp_path):
    """The catalog's worker of that name would be another one."""
    session.settings("[Notifier]\nNotifyAfter=0\n")
    session.start()
    server = Notifications(session)
    (tmp_path / "PKGBUILD").write_text("pkgname=mine\npkgver=1\npkgrel=1\narch=(any)\nbuild() { false; }\npackage() { :; }\n")
    held.hive.hivectl("install", "--config", held.hive.directory / "hive.conf", f"{tmp_path}/PKGBUILD", status=1)
    assert server.wait()[0].actions == {"default": "", "log": "Show log"}


def test_two_hundred_ends_at_once_are_one_notification(session, held):
    session.settings("[Notifier]\nNotifyAfter=0\n")
    held.hive.configuration["Jobs"].update(MaxQueued=300, MaxQueuedPerUser=300)
    session.start()
    server = Notifications(session)
    jobs = [held.hive.install(f"no-{number}") for number in range(200)]
    for job in jobs:
        job.wait()
    wait_until(
        lambda: [(one.summary, one.body) for one in server.shown.values()] == [("200 jobs have ended", "0 are done, 200 failed.")],
        what="one notification",
    )


def test_model_and_worker_of_one_name_have_a_notification_each(session, held, tmp_path):
    """A job of one neither changes nor takes away what was told of the other."""
    (tmp_path / "wrong.gguf").write_text("no model\n")

    def imports():
        files = Gio.UnixFDList.new()
        with open(tmp_path / "wrong.gguf", "rb") as file:
            arguments = GLib.Variant("(ha{sv})", (files.append(file.fileno()), {"name": GLib.Variant("s", "twin")}))
        answer, _ = held.hive.connection.call_with_unix_fd_list_sync(
            NAME, PATH, NAME, "ImportModel", arguments, None, Gio.DBusCallFlags.NONE, 1000 * LEAST, files, None
        )
        return Job(held.hive, answer.unpack()[0]).wait()

    def shown():
        return sorted(told.summary for told in server.shown.values())

    session.settings("[Notifier]\nNotifyAfter=0\n")
    session.start()
    watcher, server, window = Watcher(session), Notifications(session), Window(session)
    held.hive.fails(held.hive.install("twin"), "WorkerNotFound")
    server.wait()
    assert imports().result == "failed"
    wait_until(lambda: len(server.calls) == 2, what="both to be told of")
    assert shown() == ["Cannot import the model twin", "Cannot install twin"]
    held.install("twin")
    watcher.shows("Installing twin (Look it up)")
    wait_until(lambda: len(server.shown) == 1, what="the worker's to be taken back")
    assert shown() == ["Cannot import the model twin"]
    held.let_go("twin")
    wait_until(lambda: shown() == ["Cannot import the model twin", "Installed Twin"], what="the worker's end")
    server.choose(next(told for told in server.shown.values() if told.summary == "Installed Twin"), "open", "token")
    assert window.wait() == ("show-worker", ["twin"], "token")


@pytest.mark.parametrize(
    "capabilities", [(), ("body",), ("body", "actions"), ("body", "body-markup", "actions")], ids=lambda them: "+".join(them) or "none"
)
def test_server_gets_what_it_can_show_and_its_actions_count(session, held, capabilities):
    """A sentence with what would be markup."""
    session.settings("[Notifier]\nNotifyAfter=0\n")
    session.start()
    server = MockedNotifications(session, *capabilities)
    held.add("marked", pkgbuild("marked", source=["gopher://there/<b>&amp;"], sha256sums=["SKIP"]))
    held.let_go("marked")
    job = held.hive.install("marked")
    job.wait()
    said, told = job.get("ErrorMessage"), server.wait()
    assert "<b>&amp;" in said
    assert told.summary == ("Cannot install Marked" if "body" in capabilities else f"Cannot install Marked: {said}")
    assert told.body == (html.escape(said) if "body-markup" in capabilities else said if "body" in capabilities else "")
    assert told.actions == ({"default": "", "log": "Show log", "again": "Try again"} if "actions" in capabilities else {})
    if "actions" in capabilities:
        server.choose("again")
        wait_until(lambda: len(held.hive.list_jobs(worker="marked")) == 2, what="a second job")


def test_another_server_is_asked_anew(session, held):
    session.settings("[Notifier]\nNotifyAfter=0\n")
    session.start()
    first = Notifications(session)
    held.hive.fails(held.hive.install("nothing"), "WorkerNotFound")
    first.wait()
    first.leave()
    wait_until(lambda: not session.has_owner(first.name), what="the server's end")
    second = Notifications(session, capabilities=("body",))
    held.hive.fails(held.hive.install("nothing"), "WorkerNotFound")
    (told,) = second.wait()
    assert (told.id, told.actions) == (1, {})


def test_nobody_shows_notifications_and_the_tray_works(session, held):
    session.settings("[Notifier]\nNotifyAfter=0\n")
    session.start()
    watcher = Watcher(session)
    held.hive.fails(held.hive.install("nothing"), "WorkerNotFound")
    watcher.shows("Cannot install nothing")
    assert session.said() == ""


def test_newer_versions_are_one_notification(session, held):
    session.start()
    server = Notifications(session)
    for name in ("first", "second"):
        held.ends(name)
        held.add(name, pkgbuild(name, version="2.0"), version="2.0")
        held.let_go(name)
    held.hive.call("CheckUpdates")
    wait_until(
        lambda: server.shown and server.wait()[0].body in ("First 2.0-1, Second 2.0-1", "Second 2.0-1, First 2.0-1"),
        what=lambda: f"both, there is {[one.body for one in server.calls]}",
    )
    assert len(server.shown) == 1 and server.wait()[0].summary == "Newer versions of workers"


@pytest.fixture
def told(session):
    """The file that has the day of the last telling. It is about noon where this session is: no midnight comes between."""
    hour = datetime.datetime.now(datetime.timezone.utc).hour
    session.hive.environment["TZ"] = f"NOON{hour - 12:+d}"
    session.settings("[Notifier]\nNotifyAfter=0\n")
    return session.home / ".local/state/rbee-hive/updates-told"


def test_newer_versions_are_told_of_once_a_day_in_whichever_session(session, held, told):
    session.start()
    server = Notifications(session)
    held.ends("first")

    def finds(version):
        """It is looked for and found; then all was told that there is to tell."""
        held.add("first", pkgbuild("first", version=version), version=version)
        held.let_go("first")
        held.hive.call("CheckUpdates")
        held.ends(f"after-{version[0]}")
        wait_until(lambda: server.calls[-1].summary == f"Installed After-{version[0]}", what="the end of the job that follows")
        return [call.body for call in server.calls if call.summary == "Newer versions of workers"]

    assert finds("2.0") == ["First 2.0-1"]
    wait_until(told.exists, what="the day to be kept, when the server has answered")
    today = told.read_text()
    assert re.fullmatch(r"\d{4}-\d\d-\d\d\n", today)
    session.stop()
    session.start()
    session.has_seen_the_hive()
    assert finds("3.0") == ["First 2.0-1"]
    told.write_text("2026-01-01\n")
    assert finds("4.0") == ["First 2.0-1", "First 4.0-1"]
    wait_until(lambda: told.read_text() == today, what="the day to be kept again")


class Refusing(Notifications):
    """A server that shows nothing, as one that is about to end."""

    def on_call(self, connection, sender, path, interface, member, arguments, invocation):
        if member == "Notify":
            self.calls.append(arguments.unpack()[3])
            invocation.return_dbus_error("org.freedesktop.DBus.Error.Failed", "no")
        else:
            super().on_call(connection, sender, path, interface, member, arguments, invocation)


@pytest.mark.parametrize("is_there", [False, True], ids=["no-server", "server-that-refuses"])
def test_session_that_can_show_nothing_leaves_the_newer_versions_of_the_day_to_the_next(session, held, told, is_there):
    session.start()
    watcher = Watcher(session)
    server = Refusing(session) if is_there else None

    def is_found(worker):
        held.ends(worker)
        held.add(worker, pkgbuild(worker, version="2.0"), version="2.0")
        held.let_go(worker)
        held.hive.call("CheckUpdates")

    is_found("first")
    held.hive.fails(held.hive.install("nothing"), "WorkerNotFound")
    watcher.shows("Cannot install nothing")  # it has asked the hive before how the worker is called
    held.hive.list_jobs()  # the hive has answered that
    session.has_seen_the_hive()  # that came, and a server was looked for
    if server:
        wait_until(lambda: "Newer versions of workers" in server.calls, what=lambda: f"a try to tell, there is {server.calls}")
    session.has_seen_the_hive()  # what came of it did too
    assert not told.exists()
    session.stop()
    if server:
        server.leave()
    session.start()
    session.has_seen_the_hive()
    able = Notifications(session)
    is_found("second")
    wait_until(
        lambda: [one.body for one in able.calls if one.summary == "Newer versions of workers"] == ["Second 2.0-1"],
        what=lambda: f"the newer version, there is {[one.summary for one in able.calls]}",
    )
    wait_until(told.exists, what="the day to be kept")


# What a click does


def commands(session, text="exit 0"):
    """An xdg-open that notes how it was called."""
    folder = session.home / "bin"
    folder.mkdir(exist_ok=True)
    (folder / "xdg-open").write_text(
        f'#!/bin/sh\nprintf "%s %s\\n" "$XDG_ACTIVATION_TOKEN" "$*" >"$HOME/opened.new"\nmv "$HOME/opened.new" "$HOME/opened"\n{text}\n'
    )
    (folder / "xdg-open").chmod(0o755)
    return session.home / "opened"


def test_show_log_opens_it_and_hands_the_token_on(session, held):
    session.settings("[Notifier]\nNotifyAfter=0\n")
    opened = commands(session)
    session.start()
    watcher, server = Watcher(session), Notifications(session)
    job = held.hive.fails(held.hive.install("nothing"), "WorkerNotFound")
    server.choose(server.wait()[0], "log", "token-of-the-click")
    wait_until(opened.exists, what="xdg-open")
    path = session.directory / f"rbee-hive-job-{job.id}.log"
    assert opened.read_text() == f"token-of-the-click {path}\n"
    assert job.get("ErrorMessage") in path.read_text() and stat.S_IMODE(path.stat().st_mode) == 0o600
    watcher.wait_until_empty()


def test_window_is_asked_before_a_page_or_a_file_is_opened(session, held):
    """Each with the token of its click."""
    session.settings("[Notifier]\nNotifyAfter=0\nTray=always\n")
    opened = commands(session)
    session.start()
    watcher, server, window = Watcher(session), Notifications(session), Window(session)
    job = held.hive.fails(held.hive.install("nothing"), "WorkerNotFound")
    server.choose(server.wait()[0], "log", "first")
    assert window.wait() == ("show-job", [job.id], "first")
    server.close(1, 3)
    held.ends("llama")
    (told,) = server.wait()
    for action, asked in (("open", "show-worker"), ("default", "show-worker")):
        server.choose(told, action, f"to {action}")
        assert window.wait() == (asked, ["llama"], f"to {action}")
    item = watcher.wait()
    item.click(item.entries()["Open rbee-hive"])
    assert window.wait() == ("", [], None)
    assert not opened.exists()


def test_page_that_cannot_be_opened_is_told_with_the_reason(session, held):
    session.settings("[Notifier]\nTray=always\n")
    session.start()
    watcher, server = Watcher(session), Notifications(session)
    item = watcher.wait()
    item.click(item.entries()["Open rbee-hive"])
    (told,) = server.wait()
    assert told.summary == "Cannot open rbee-hive"
    assert told.body.startswith("No hive answers on the bus at ")  # which hivectl asks where the bridge is


def test_log_that_may_not_be_read_is_told(session, held):
    """xdg-open ends badly."""
    session.settings("[Notifier]\nNotifyAfter=0\n")
    commands(session, "echo 'No program opens logs' >&2; exit 3")
    session.start()
    server = Notifications(session)
    held.hive.fails(held.hive.install("nothing"), "WorkerNotFound")
    server.choose(server.wait()[0], "log")
    told = server.wait(2)[1]
    assert (told.summary, told.body) == ("Cannot show the log", "No program opens logs")


def test_token_that_a_tray_hands_over_reaches_the_window_with_its_click_and_no_other(session, held):
    session.settings("[Notifier]\nTray=always\n")
    session.start()
    watcher, window = Watcher(session), Window(session)
    job = held.hive.fails(held.hive.install("nothing"), "WorkerNotFound")
    item = watcher.shows("Cannot install nothing")
    for label, asked in (("Open rbee-hive", ("", [])), ("Cannot install nothing", ("show-job", [job.id]))):
        found = item.entries()[label]
        number = found["Show log"] if isinstance(found, dict) else found
        item.call("/StatusNotifierItem", ITEM, "ProvideXdgActivationToken", GLib.Variant("(s)", (f"to {label}",)))
        item.click(number)
        assert window.wait() == (*asked, f"to {label}")
    item.click(item.entries()["Open rbee-hive"])
    assert window.wait() == ("", [], None)


def test_cancel_that_the_hive_does_not_answer_is_told_with_the_reason(session, held):
    session.start()
    watcher, server = Watcher(session), Notifications(session)
    held.install("llama")
    watcher.shows("Installing llama (Look it up)")
    session.hive.stop(9)
    label = "Installing llama (Look it up): the hive is away"
    item = watcher.shows(label)
    item.click(item.entries()[label]["Cancel"])
    (told,) = server.wait()
    assert told.summary == "Cannot cancel the job" and "org.rbee.Hive" in told.body


def test_job_that_the_hive_does_not_take_again_is_told_with_the_reason(session, held):
    held.hive.configure("Jobs", MaxQueuedPerUser=1)
    session.settings("[Notifier]\nTray=always\n")
    session.start()
    watcher, server = Watcher(session), Notifications(session)
    held.hive.fails(held.hive.install("nothing"), "WorkerNotFound")
    held.install("llama")
    watcher.shows("Installing llama (Look it up)")
    item = watcher.wait()
    item.click(item.entries()["Cannot install nothing"]["Try again"])
    (told,) = server.wait()
    assert told.summary == "Cannot try again" and "MaxQueuedPerUser=1" in told.body


# The dock


def test_dock_that_starts_later_is_answered_how_far_the_jobs_are(session, held):
    def query():
        path = "/com/canonical/unity/launcherentry/rbee_hive"
        return session.connection.call_sync("org.rbee.HiveNotifier", path, LAUNCHER, "Query", None, None, 0, 1000 * LEAST, None).unpack()

    session.start()
    watcher = Watcher(session)
    assert query() == ("application://org.rbee.Hive.desktop", {"progress": 0.0, "progress-visible": False})
    held.install("llama")
    watcher.shows("Installing llama (Look it up)")
    assert query() == ("application://org.rbee.Hive.desktop", {"progress": 0.0, "progress-visible": True})


def test_dock_shows_progress_while_a_job_runs(session, held):
    session.start()
    watcher = Watcher(session)
    held.install("llama")
    watcher.wait()
    held.let_go("llama")
    watcher.wait_until_empty()
    wait_until(lambda: session.launcher and not session.launcher[-1][1]["progress-visible"], what="the end of the progress")
    assert session.launcher[0] == ("application://org.rbee.Hive.desktop", {"progress": 0.0, "progress-visible": True})
    assert session.launcher[-1][1] == {"progress": 0.0, "progress-visible": False}


def test_dock_and_menu_show_how_far_a_job_is_and_it_never_goes_back(session, held):
    seconds = unique_seconds()
    session.settings("[Notifier]\nNotifyAfter=0\n")
    session.start()
    watcher, server = Watcher(session), Notifications(session)
    held.add("llama", pkgbuild("llama", build=f'for i in $(seq 20); do echo "[$i/40] Building file $i"; done; sleep {seconds} || true'))
    held.let_go("llama")
    job = held.hive.install("llama")
    watcher.shows("Installing Llama (Build, 50 %)")
    wait_until(lambda: 0.5 < session.launcher[-1][1]["progress"] < 0.6, what=lambda: f"more than half, {session.launcher}")
    wake(seconds)
    job.wait()
    server.wait()
    wait_until(lambda: not session.launcher[-1][1]["progress-visible"], what="the end of the progress")
    shown = [state["progress"] for _, state in session.launcher[:-1]]
    assert shown == sorted(shown)


# The hive comes and goes


def test_hive_that_dies_in_a_job_leads_to_one_notification(session, held):
    session.settings("[Notifier]\nNotifyAfter=0\n")
    session.start()
    watcher, server = Watcher(session), Notifications(session)
    held.install("llama")
    watcher.shows("Installing llama (Look it up)")
    session.hive.stop(9)
    watcher.shows("Installing llama (Look it up): the hive is away")
    session.hive.start()
    wait_until(lambda: server.shown, what="the job's end")
    for _ in range(3):
        session.hive.restart(9)
    held.ends("later")
    server.wait(2)
    assert [told.summary for told in server.calls] == ["Cannot install llama", "Installed Later"]


@pytest.mark.root
def test_other_users_jobs_are_nobodys_business(session, held):
    session.settings("[Notifier]\nNotifyAfter=0\n")
    session.user = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    os.chown(session.directory, 65534, 65534)
    for folder in session.home.rglob("*"):
        os.chown(folder, 65534, 65534)
    session.start()
    watcher, server = Watcher(session), Notifications(session)
    held.ends("roots")
    held.install("roots-too")
    session.has_seen_the_hive()
    assert (watcher.items, server.calls, session.launcher) == ([], [], [])


# What it costs


@pytest.mark.plain
@pytest.mark.parametrize("missing", ["nothing", "hive", "watcher", "server", "actions", "all"])
def test_notifier_sleeps_until_it_is_told_whatever_is_missing(session, held, missing):
    """With a failure to be shown, where there is a hive that has one."""
    session.settings("[Notifier]\nNotifyAfter=0\n")
    session.start()
    watcher = None if missing in ("watcher", "all") else Watcher(session)
    server = None if missing in ("server", "all") else Notifications(session, ("body",) if missing == "actions" else ALL)
    if missing not in ("hive", "all"):
        held.hive.fails(held.hive.install("nothing"), "WorkerNotFound")
        session.has_seen_the_hive()
        if watcher:
            watcher.shows("Cannot install nothing")
        if server:
            server.wait()
    wait_until(session.sleeps_until_it_is_told, what="it to sleep")


@pytest.mark.plain
def test_notifier_is_small(session, held):
    session.settings("[Notifier]\nNotifyAfter=0\n")
    session.start()
    watcher, server = Watcher(session), Notifications(session)
    held.install("llama")
    watcher.wait().entries()
    held.let_go("llama")
    server.wait()
    assert session.memory() <= 1536
