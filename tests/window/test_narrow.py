# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every page and dialog of the window on a telephone's screen, in two languages: nothing is wider than it."""

import gettext

import pytest

from catalog import pkgbuild
from waiting import unique_seconds

WIDTH = 360


@pytest.fixture(params=["en", "de"])
def telephone(request, make_screen, hive, build):
    """Opens the window there. Its `say` is what it calls something."""

    def start():
        window = make_screen(width=WIDTH)
        if request.param == "en":
            window.say = str
            window.start()
        else:
            words = build.path(build.options["prefix"], build.options["localedir"])
            window.say = gettext.translation("rbee-hive", words, [request.param]).gettext
            window.start(language=request.param)
        window.resize(WIDTH, 700)
        return window

    return start


def fits(window, name):
    window.keep_picture(f"window-narrow-{name}")
    assert window.beyond(WIDTH) == []
    assert window.unnamed() == []


def test_job_with_its_search_fits(telephone, hive):
    lines = "".join(f"2026-11-23T07:35:05.000000Z build out line {number} of a build\n" for number in range(12_345))
    hive.old_job(1, lines.encode() + b"2026-11-23T07:35:05.000000Z cleanup end done\n")
    hive.start()
    window = telephone()
    window.activate("show-job", "1")
    window.reads("line 12344 of a build")
    fits(window, "log")
    window.focus()
    window.keys("key", "ctrl+f", "type", "of a build")
    window.wait(window.say("%u of %u").replace("%u", "{}").format(1, 12_345))
    fits(window, "search")
    window.keys("type", "ing")
    window.wait(window.say("Not found"))
    fits(window, "search-without-a-match")
    assert not window.find(window.say("Next match"), "button")
    assert not window.find(window.say("Stay at the end"), "button")
    window.keys("key", "ctrl+a", "key", "BackSpace")
    window.wait(window.say("Stay at the end"), "button")


def test_job_that_runs_and_one_that_failed_fit(telephone, hive):
    seconds = unique_seconds()
    error = "error: the header that this program cannot do without, /usr/include/somewhere/far/away/missing.h, is not there"
    hive.catalog.add("frail", pkgbuild("frail", build=f"echo '{error}'; exit 7"), name="A worker with a name that is rather long for a telephone")
    hive.catalog.add("slow", pkgbuild("slow", build=f"echo so far; sleep {seconds}"))
    hive.start()
    failed = hive.install("frail")
    failed.wait()
    running = hive.install("slow")
    window = telephone()
    window.reads(window.say("Install %s") % "Slow")
    fits(window, "list")
    window.activate("show-job", running.id)
    window.reads("so far")
    fits(window, "running")
    window.activate("show-job", failed.id)
    window.reads(error)
    window.wait(window.say("Try Again"), "button")
    fits(window, "failed")


def test_worker_that_has_an_update_fits(telephone, hive):
    hive.catalog.add("some")
    hive.start()
    hive.installs("some")
    hive.catalog.add("some", pkgbuild("some", version="2.0.r1234.gabcdef0"), version="2.0.r1234.gabcdef0")
    window = telephone()
    window.reads("The worker some")
    window.focus()
    window.keys("key", "F10")
    window.wait(window.say("_Look for Updates").replace("_", ""))
    window.keys("key", "Return")
    window.wait(window.say("Update"))
    fits(window, "list-with-an-update")
    window.activate("show-worker", "some")
    window.wait(window.say("Update to %s") % "2.0.r1234.gabcdef0-1", "button")
    fits(window, "update")


def test_worker_that_can_be_started_and_its_dialogs_fit(telephone, hive):
    rules = hive.directory / "run.conf"
    rules.write_text("[some]\nArguments=%p\n")
    hive.configuration["Run"] = {"Rules": rules}
    hive.catalog.add("some")
    hive.start()
    hive.installs("some")
    hive.launcher = "systemd"
    hive.restart()
    window = telephone()
    window.activate("show-worker", "some")
    window.wait(window.say("Start…"), "button")
    fits(window, "installed")
    window.press(window.say("Remove…"))
    window.wait(window.say("Keep It"), "button")
    fits(window, "removal")
    window.press(window.say("Keep It"))
    window.wait_until_gone(window.say("Keep It"), "button")
    window.press(window.say("Start…"))
    window.wait(window.say("Name"))
    fits(window, "start")


def test_worker_with_choices_and_its_recipe_fit(telephone, many, hive):
    hive.start()
    window = telephone()
    window.activate("show-worker", "many")
    window.wait(window.say("Computes with"), "combo box")
    window.wait(window.say("Install"), "button")
    window.click(window.say("Recipe"), "list item")
    window.reads("echo bin with cpu")
    fits(window, "choices")
