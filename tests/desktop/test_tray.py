# SPDX-License-Identifier: LGPL-2.1-or-later
"""The notifier's icon and its menu, as a watcher of the tests finds and walks them."""

import pytest

from session import Notifications, Watcher
from waiting import LEAST, wait_until


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
