# SPDX-License-Identifier: LGPL-2.1-or-later
"""rbee-hive-notifier in a session: a real hive on a system bus of its own, and a session's bus with what a desktop has there."""

import os
import subprocess

import pytest

from session import ALL, Notifications, Watcher
from waiting import LEAST, wait_until


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
