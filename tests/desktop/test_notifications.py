# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a person is told of by notifications, and what is left out."""

import datetime
import html
import re
import time

import pytest
from gi.repository import Gio, GLib

from catalog import pkgbuild
from client import NAME, PATH
from job import Job
from session import MockedNotifications, Notifications, Watcher, Window
from waiting import LEAST, unique_seconds, wait_until, wake


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
