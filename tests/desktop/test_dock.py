# SPDX-License-Identifier: LGPL-2.1-or-later
"""The progress that a dock shows on the icon."""

from catalog import pkgbuild
from session import LAUNCHER, Notifications, Watcher
from waiting import LEAST, unique_seconds, wait_until, wake


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
