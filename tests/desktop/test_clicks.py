# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a click on a notification or in the menu leads to."""

import stat

from gi.repository import GLib

from session import ITEM, Notifications, Watcher, Window
from waiting import wait_until


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
