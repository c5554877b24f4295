# SPDX-License-Identifier: LGPL-2.1-or-later
"""rbee-hive-window in front of a real hive, without a screen: read and clicked as a screen reader does."""

import pytest

from catalog import pkgbuild
from screen import pixels
from session import Notifications
from waiting import unique_seconds, wait_until, wake

NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")


def test_probe_is_installed_and_removed_by_clicks(window, hive):
    window.click("Hive Probe", "list item")
    window.reads("Measures this machine")
    assert window.unnamed() == []
    window.keep_picture("window-worker")
    window.click("Recipe", "list item")
    window.reads("pkgname=hive-probe")
    window.keep_picture("window-recipe")
    window.click("Install")
    window.reads("[DONE]")
    assert window.unnamed() == []
    window.keep_picture("window-done")
    assert hive.call("ListWorkers")[0]["id"] == "hive-probe"
    window.click("Hive Probe", "list item")
    window.wait("Remove…", "button")
    assert not window.find("Start…", "button"), "this hive runs no workers"
    window.activate("start-worker", "hive-probe")
    window.settle()
    assert not window.find("Name", "text box")
    window.click("Remove…")
    window.press("Remove")
    window.reads("Remove Hive Probe")
    window.reads("[DONE]")
    assert hive.call("ListWorkers") == []
    window.wait("Available")


def test_worker_is_installed_and_removed_by_keys(make_screen, hive):
    hive.catalog.add("some")
    hive.start()
    window = make_screen().start()
    window.focus()
    window.tab_to("Some", "list item")
    window.keys("key", "Return")
    window.tab_to("Recipe", "list item")
    window.keys("key", "Return")
    window.reads("pkgname=some")
    window.tab_to("Install", "button")
    window.keys("key", "space")
    window.reads("[DONE]")
    window.tab_to("Some", "list item")
    window.keys("key", "Return")
    window.tab_to("Remove…", "button")
    window.keys("key", "Return")
    window.wait("Keep It", "button")
    window.keys("key", "Escape")
    window.wait_until_gone("Keep It", "button")
    window.tab_to("Remove…", "button")
    window.keys("key", "Return")
    window.tab_to("Remove", "button")
    assert hive.call("ListWorkers")[0]["id"] == "some"
    window.keys("key", "Return")
    window.reads("Remove Some")
    window.reads("[DONE]")
    assert hive.call("ListWorkers") == []


def test_log_is_found_in_and_copied_by_keys(make_screen, hive):
    hive.catalog.add("chatty", pkgbuild("chatty", build="seq -f 'line %.0f' 3"))
    hive.start()
    job = hive.installs("chatty")
    window = make_screen().start()
    window.activate("show-job", job.id)
    window.reads("[DONE]")
    window.focus()
    window.tab_to("Copy the log", "button")
    window.keys("key", "space")
    window.reads("Copied ")
    wait_until(lambda: window.clipboard().splitlines() == job.lines(), what=lambda: f"the log, there is {window.clipboard()!r}")
    window.keys("key", "ctrl+f", "type", "line 2")
    window.wait("1 of 1")
    window.tab_to("Copy the log", "button")
    window.keys("key", "space")
    wait_until(lambda: window.clipboard() == "line 2\n", what=lambda: f"the line that was found, there is {window.clipboard()!r}")


def test_backend_and_source_are_chosen_and_the_recipe_is_that_one(many, make_screen, hive):
    hive.start()
    window = make_screen().start()
    window.click("Many", "list item")
    window.click("Recipe", "list item")
    window.reads("echo bin with cpu")
    window.choose("Computes with", "cuda")
    window.reads("echo bin with cuda")
    window.choose("Comes as", "git")
    window.reads("echo git with cuda")
    window.keep_picture("window-choices")
    window.choose("Computes with", "cpu")
    window.reads("echo git with cpu")
    assert window.unnamed() == []
    window.click("Install")
    window.reads("[DONE]")
    assert hive.list_jobs()[0]["options"] == {"backend": "cpu", "source": "git"}
    assert (hive.record("many")["backend"], hive.record("many")["source"]) == ("cpu", "git")


def test_newer_version_is_shown_and_installed_by_a_click(make_screen, hive):
    hive.catalog.add("some")
    hive.start()
    hive.installs("some")
    hive.catalog.add("some", pkgbuild("some", version="2.0"), version="2.0")
    window = make_screen().start()
    window.click("Some", "list item")
    window.wait("Remove…", "button")
    assert not window.find("Update to 2.0-1", "button")
    window.keys("key", "F10")
    window.wait("Look for Updates")
    window.keys("key", "Return")
    window.wait("Update to 2.0-1", "button")
    window.keep_picture("window-update")
    window.click("Update to 2.0-1")
    window.reads("[DONE]")
    assert hive.record("some")["version"] == "2.0-1"
    window.click("Some", "list item")
    window.wait_until_gone("Update to 2.0-1", "button")
    window.wait("Remove…", "button")


def test_recipe_of_ones_own_is_not_called_what_a_catalog_calls_its_worker(make_screen, hive):
    hive.catalog.add("some", name="The Catalog's")
    hive.start()
    window = make_screen().start()
    window.wait("The Catalog's", "list item")
    folder = hive.directory / "own"
    folder.mkdir()
    (folder / "PKGBUILD").write_text(pkgbuild("some"))
    hive.hivectl("install", folder, "--config", hive.directory / "hive.conf")
    window.click("some", "list item")
    window.click("Remove…")
    window.reads("Remove some?")
    assert not window.find("The Catalog's", "list item")
    window.press("Remove")
    window.reads("[DONE]")
    window.wait("The Catalog's", "list item")


@pytest.mark.parametrize(
    "look, width, environment",
    [
        ("dark", 1040, {"ADW_DEBUG_COLOR_SCHEME": "prefer-dark"}),
        ("contrast", 1040, {"ADW_DEBUG_HIGH_CONTRAST": "1"}),
        ("narrow", 360, {}),
        ("wide", 1600, {}),
    ],
    ids=["dark", "contrast", "narrow", "wide"],
)
def test_nothing_is_cut_off(make_screen, hive, look, width, environment):
    hive.catalog.add("hive-probe", name="Hive Probe", description="Measures this machine: cores, instruction sets, memory bandwidth, matrix product")
    hive.catalog.add(
        "llm-worker-cuda",
        makedepends=["cuda"],
        name="LLM Worker (CUDA)",
        description="Candle-based LLM inference worker, on NVIDIA GPUs through CUDA",
    )
    hive.start()
    window = make_screen(width=width).start(**environment)
    window.resize(width, 700)
    window.wait("LLM Worker (CUDA)", "list item")
    window.keep_picture(f"window-{look}-list")
    window.click("LLM Worker (CUDA)", "list item")
    window.wait("Copy the command", "button")
    window.keep_picture(f"window-{look}")
    assert [node.name for node in window.nodes()[1:] if node.extents()[0] + node.extents()[2] > width] == []
    assert window.unnamed() == []


def test_worker_that_nobody_says_how_to_run_is_not_to_be_started_until_somebody_does(make_screen, hive):
    rules = hive.directory / "run.conf"
    rules.write_text("")
    hive.configuration["Run"] = {"Rules": rules}
    hive.catalog.add("some")
    hive.installs("some")
    hive.launcher = "systemd"
    hive.restart()
    window = make_screen().start()
    window.click("Some", "list item")
    window.wait("Remove…", "button")
    assert not window.find("Start…", "button")
    window.activate("start-worker", "some")
    window.settle()
    assert not window.find("Name", "text box")
    rules.write_text("[some]\nArguments=%p\n")
    window.wait("Start…", "button")
    hive.launcher = "direct"
    hive.restart()
    window.wait_until_gone("Start…", "button")


def test_failed_build_says_why_and_is_tried_again(make_screen, hive):
    hive.catalog.add(
        "frail", pkgbuild("frail", build="echo 'error: <b>no</b> such header'; exit 7"), name="Frail <b>& bold</b>", description="<i>It breaks"
    )
    hive.start()
    window = make_screen().start()
    window.click("Frail <b>& bold</b>", "list item")
    window.click("Install")
    window.reads("The last lines of the log say why.")
    window.reads("error: <b>no</b> such header")
    window.reads("Job 1")
    window.reads("✓\u00a0Check\u00a0what\u00a0it\u00a0needs  ✗\u00a0Build")
    window.keep_picture("window-failed")
    window.click("Try Again")
    window.reads("Job 2")
    window.reads("The last lines of the log say why.")


def test_job_opens_from_a_notification_and_closing_the_window_ends_nothing(make_screen, hive):
    seconds = unique_seconds()
    hive.catalog.add("slow", pkgbuild("slow", build=f'for i in $(seq 40); do echo "[$i/40] Building file $i"; done; sleep {seconds} || true'))
    hive.start()
    job = hive.install("slow")
    window = make_screen().start()
    window.wait("Install Slow", "list item")
    window.activate("show-job", job.id)
    window.reads("[40/40] Building")
    window.reads("●\u00a0Build  Package  Install")
    assert window.unnamed() == []
    window.keep_picture("window-running")
    assert window.close() == 0
    assert job.state == "running"
    window.start()
    window.click("Install Slow", "list item")
    window.reads("[40/40] Building")
    wake(seconds)
    window.reads("[DONE]")
    assert job.wait() == ("done", "", "")


def test_click_on_a_notification_starts_the_window_at_the_jobs_log(make_screen, session, hive):
    """As on a desktop, by the session's bus, which knows the window by its service file."""
    services = session.directory / "services"
    services.mkdir()
    program = hive.build.libexec / "rbee-hive-window"
    (services / "org.rbee.Hive.service").write_text(f"[D-BUS Service]\nName=org.rbee.Hive\nExec={program} --gapplication-service\n")
    session.bus_policy = f"</policy><servicedir>{services}</servicedir><policy context='default'>"
    session.settings("[Notifier]\nNotifyAfter=0\n")
    hive.catalog.add("frail", pkgbuild("frail", build="echo 'no such header'; exit 7"))
    hive.start()
    window = make_screen()
    window.leave_to_the_bus()
    session.start()
    server = Notifications(session)
    hive.fails(hive.install("frail"), "BuildFailed")
    server.choose(server.wait()[0], "log")
    window.reads("Install Frail")
    window.reads("no such header")


def test_running_job_is_cancelled(make_screen, hive):
    hive.catalog.add("slow", pkgbuild("slow", build=f"sleep {unique_seconds()}"))
    hive.start()
    job = hive.install("slow")
    window = make_screen().start()
    window.click("Install Slow", "list item")
    window.click("Cancel")
    window.reads("[CANCELLED]")
    assert job.state == "cancelled"
    window.wait("Try Again")


def test_million_lines_are_shown_and_searched(make_screen, hive):
    lines = (f"2026-11-23T07:35:05.000000Z build out line {number} of a build\n" for number in range(1_000_000))
    hive.old_job(1, "".join(lines).encode() + b"2026-11-23T07:35:05.000000Z cleanup end done\n")
    hive.start()
    window = make_screen().start()
    window.activate("show-job", "1")
    window.reads("line 999999 of a build")
    window.click("Search the log", None)
    window.keys("type", "line 500000 of")
    window.wait("1 of 1")
    window.reads("line 500000 of a build")


def test_two_hundred_jobs_at_once_are_listed_and_go(make_screen, hive):
    seconds = unique_seconds()
    hive.configure("Jobs", MaxParallel=1, MaxQueued=300, MaxQueuedPerUser=300)
    hive.catalog.add("slow", pkgbuild("slow", build=f"sleep {seconds} || true"))
    hive.start()
    window = make_screen().start()
    jobs = [hive.install("slow"), *(hive.install(f"no-{number}") for number in range(200))]
    under_way = window.wait("Under Way", "list")
    wait_until(lambda: under_way.get("ChildCount") == 201, what="all of them")
    wake(seconds)
    for job in jobs:
        job.wait()
    window.reads_no_more("Install no-")
    window.click("Slow", "list item")
    window.wait("Remove…", "button")


def test_what_is_missing_is_shown_with_the_command(make_screen, hive):
    hive.catalog.add("picky", makedepends=["cuda", "nobody-knows-this"])
    hive.catalog.add("foreign", architectures=["riscv64"])
    hive.start()
    window = make_screen().start()
    window.click("Picky", "list item")
    window.reads("This machine lacks cuda. Install it first:")
    window.wait("Copy the command", "button")
    window.reads("Nobody here knows how to look for nobody-knows-this.")
    window.keep_picture("window-missing")
    window.click("Foreign", "list item")
    window.reads("riscv64")
    assert not window.find("Install", "button")


def test_hive_that_is_not_there_is_a_sentence_and_is_found_later(make_screen, hive):
    window = make_screen().start()
    window.wait("No Hive Here")
    window.reads("Is the package rbee-hive installed?")
    window.keep_picture("window-away")
    hive.catalog.add("some")
    hive.start()
    window.click("Try Again")
    window.wait("Some", "list item")


def test_hive_that_is_restarted_in_the_middle_is_found_again(make_screen, hive):
    hive.catalog.add("some")
    hive.start()
    window = make_screen().start()
    window.click("Some", "list item")
    hive.restart()
    hive.catalog.add("other")
    window.click("Install")
    window.reads("[DONE]")
    hive.restart()
    window.wait("Installed")
    assert window.process.poll() is None


def test_hive_that_dies_in_a_job_is_waited_for_and_the_end_is_told(make_screen, hive):
    hive.catalog.add("slow", pkgbuild("slow", build=f"echo so far; sleep {unique_seconds()}"))
    hive.start()
    job = hive.install("slow")
    window = make_screen().start()
    window.click("Install Slow", "list item")
    window.reads("so far")
    hive.stop(9)
    window.settle()
    window.reads("so far")
    hive.start()
    job.wait()
    window.reads("The hive was restarted while this job ran; ask for it again")
    window.click("Try Again")
    window.reads("Job 2")
    window.click("Cancel")
    window.reads("[CANCELLED]")


def test_system_bus_that_is_not_there_is_a_sentence(make_screen, hive):
    window = make_screen().start(DBUS_SYSTEM_BUS_ADDRESS="unix:path=/nonexistent")
    window.wait("No Hive Here")
    window.reads("Cannot reach the system bus")


def test_session_without_a_bus_has_a_window(make_screen, session, hive):
    """GTK 4.8 itself dies of a screen reader without it, so nobody reads here."""
    hive.catalog.add("some")
    hive.start()
    window = make_screen()
    process = session.spawn(str(window.program), env=dict(window.environment, DBUS_SESSION_BUS_ADDRESS="unix:path=/nonexistent", GTK_A11Y="none"))
    wait_until(lambda: len(set(pixels(window.folder))) > 100, what=lambda: "a window: " + window.said())
    assert process.poll() is None


@pytest.mark.root
def test_without_polkit_a_refusal_is_a_sentence(make_screen, hive):
    hive.catalog.add("some")
    hive.start()
    window = make_screen(user=NOBODY).start()
    window.click("Some", "list item")
    window.click("Install")
    window.reads("Only root may")
    window.keep_picture("window-refused")
    assert not hive.call("ListWorkers")


@pytest.mark.root
def test_log_that_may_not_be_had_is_a_sentence(make_screen, hive):
    hive.configure("Log", LogAccess="owner")
    hive.catalog.add("some")
    hive.start()
    job = hive.installs("some")
    window = make_screen(user=NOBODY).start()
    window.activate("show-job", job.id)
    window.wait("The Log Cannot Be Shown")
    window.reads("Done")
