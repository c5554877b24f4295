# SPDX-License-Identifier: LGPL-2.1-or-later
"""rbee-hive-notifier among a real desktop's programs: dunst on an X server, waybar and mako on sway, Xfce's panel and notifications. None
needs a screen."""

import html
import shutil

import pytest
from gi.repository import GLib

import sway
import xfce
from held import Held
from session import NOTIFICATIONS, PROPERTIES, WATCHER
from waiting import wait_until

# They measure nothing, and sanitizers of ours see nothing of theirs.
pytestmark = pytest.mark.plain

DUNST = (NOTIFICATIONS, "/org/freedesktop/Notifications", "org.dunstproject.cmd0")


def need(*programs):
    for program in programs:
        if not shutil.which(program):
            pytest.skip(f"{program} is not installed here")


@pytest.fixture
def held(session, http_catalog):
    held = Held(session.hive, http_catalog)
    yield held
    held.let_all_go()


@pytest.fixture
def opened(session):
    """Where an xdg-open notes what it was to open."""
    (session.home / "bin").mkdir()
    (session.home / "bin/xdg-open").write_text('#!/bin/sh\nprintf "%s" "$*" >"$HOME/opened.new"\nmv "$HOME/opened.new" "$HOME/opened"\n')
    (session.home / "bin/xdg-open").chmod(0o755)
    return session.home / "opened"


@pytest.fixture
def dunst(session):
    need("Xvfb", "dunst")
    session.settings("[Notifier]\nNotifyAfter=0\n")
    session.start()
    session.spawn("dunst", "-conf", "/dev/null", env={"DISPLAY": sway.start_xvfb(session)})
    wait_until(lambda: session.has_owner(NOTIFICATIONS), what="dunst")
    return session


def dunst_answers(session, member, *arguments):
    parameters = GLib.Variant("(u)", arguments) if arguments else None
    return session.connection.call_sync(*DUNST, member, parameters, None, 0, -1, None).unpack()


def dunst_shows(session):
    """How many."""
    return session.connection.call_sync(
        *DUNST[:2], PROPERTIES, "Get", GLib.Variant("(ss)", (DUNST[2], "displayedLength")), None, 0, -1, None
    ).unpack()[0]


def test_dunst_shows_a_failure_and_a_click_on_it_opens_the_log(dunst, held, opened):
    job = held.hive.fails(held.hive.install("nothing"), "WorkerNotFound")
    wait_until(lambda: dunst_shows(dunst) == 1, what="dunst to show it")
    dunst_answers(dunst, "NotificationAction", 0)
    wait_until(opened.exists, what="the log to be opened")
    assert opened.read_text().endswith(f"/rbee-hive-job-{job.id}.log")


def test_dunst_has_one_notification_of_a_worker_that_failed_and_was_installed_then(dunst, held):
    failed = held.hive.fails(held.hive.install("late"), "WorkerNotFound")
    wait_until(lambda: dunst_shows(dunst) == 1, what="the failure")
    held.ends("late")
    wait_until(lambda: len(dunst_answers(dunst, "NotificationListHistory")[0]) == 1 and dunst_shows(dunst) == 1, what="the end in its place")
    dunst_answers(dunst, "NotificationCloseAll")
    wait_until(lambda: dunst_shows(dunst) == 0, what="dunst to close it")
    told = [(one["appname"], one["summary"], html.unescape(one["body"])) for one in dunst_answers(dunst, "NotificationListHistory")[0]]
    assert told == [("rbee-hive", "Installed Late", ""), ("rbee-hive", "Cannot install late", failed.get("ErrorMessage"))]


@pytest.fixture
def desktop(session):
    need(*sway.NEEDS)
    session.settings("[Notifier]\nNotifyAfter=0\n")
    session.start()
    desktop = sway.Sway(session)
    wait_until(lambda: session.has_owner(WATCHER) and session.has_owner(NOTIFICATIONS), what="waybar and mako")
    return desktop


def test_job_is_cancelled_by_clicks_on_waybars_icon(desktop, held):
    bare = desktop.picture()
    job = held.install("llama")
    wait_until(lambda: desktop.picture() != bare, what="the icon")
    desktop.do("mousemove", sway.WIDTH - 12, sway.BAR // 2, "click", 1)
    first = sway.BAR + 3
    edge = wait_until(lambda: desktop.left_edge(first), what="the icon's menu")
    desktop.do("mousemove", sway.WIDTH - 100, first, "click", 1)

    def left_of_it():
        left = desktop.left_edge(first)
        return left if left is not None and left < edge else None

    left = wait_until(left_of_it, what="the job's own menu, left of the icon's")
    desktop.keep_picture("tray")
    desktop.run("xdotool", "mousemove", str(left + 40), str(first), "click", "1")
    assert job.wait().result == "cancelled"
    wait_until(lambda: desktop.picture() == bare, what="the icon to go")


def test_mako_shows_a_failure_and_its_action_asks_again(desktop, held):
    held.hive.fails(held.hive.install("late"), "WorkerNotFound")
    wait_until(lambda: b"Cannot install late" in desktop.run("makoctl", "list"), what="mako to show it")
    desktop.keep_picture("notification")
    held.add("late")
    held.let_go("late")
    desktop.run("makoctl", "invoke", "again")
    wait_until(lambda: b"Installed Late" in desktop.run("makoctl", "list"), what="mako to show the end")
    assert b"Cannot install late" not in desktop.run("makoctl", "list")


def test_job_is_cancelled_by_clicks_on_xfces_panel_and_a_failure_is_shown(session, held):
    need(*xfce.NEEDS)
    session.settings("[Notifier]\nNotifyAfter=0\n")
    session.start()
    desktop = xfce.Xfce(session)
    bare = desktop.picture()
    job = held.install("llama")
    icon = desktop.shows(bare, "the icon")
    left, top, _, _ = desktop.open_menu(icon, bare)
    before = desktop.picture()
    desktop.click(left + 40, top + 18)
    left, top, _, _ = desktop.shows(before, "the job's own menu, left of the icon's", xfce.BAR + 1, left)
    desktop.keep_picture("xfce-tray")
    desktop.click(left + 40, top + 18)
    assert job.wait().result == "cancelled"
    wait_until(lambda: desktop.changed(bare) is None, what="the icon to go")
    held.hive.fails(held.hive.install("nothing"), "WorkerNotFound")
    desktop.shows(bare, "the notification", xfce.BAR + 1)
    desktop.keep_picture("xfce-notification")
