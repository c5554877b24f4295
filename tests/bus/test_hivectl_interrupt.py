# SPDX-License-Identifier: LGPL-2.1-or-later
"""Ctrl-C while hivectl follows a job: cancel it, leave it, or go on."""

import signal
import subprocess

import pytest

from hivectl import Terminal, endless, latest_job, slow
from waiting import LEAST, wait_until


def following(hive, *arguments):
    """hivectl without a terminal, once it shows what the job says."""
    process = hive.spawn(
        hive.build.bin / "hivectl",
        *arguments,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    while process.stdout.readline() != "started\n":
        assert process.poll() is None
    return process


@pytest.mark.parametrize("verb", ["install", "log"])
def test_interrupt_without_a_terminal_leaves_the_job(hive, verb):
    go_on = slow(hive)
    if verb == "log":
        hive.install("slow")
    process = following(hive, *(("install", "slow") if verb == "install" else ("log", "-f", "1")))
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=LEAST)
    assert process.returncode == 130
    assert errors == "Job 1 runs on; follow it with: hivectl log 1 --follow\n"
    go_on()
    assert latest_job(hive).wait().result == "done"


def test_interrupt_leaves_all_jobs_of_several(hive):
    naps = [slow(hive, name) for name in ("a", "b")]
    process = following(hive, "install", "a", "b")
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=LEAST)
    assert process.returncode == 130
    assert [line.split()[1] for line in errors.splitlines()] == ["1", "2"]
    for go_on in naps:
        go_on()
    wait_until(lambda: set(hive.workers()) == {"a", "b"}, what="both")


def asked(hive, *arguments):
    terminal = Terminal(hive, *arguments)
    terminal.wait_for("started\r\n")
    terminal.type("\x03")
    terminal.wait_for("[c]ancel, [l]eave, Enter to go on following: ")
    assert "Cancel job 1 or leave it running?" in terminal.shown
    return terminal


def test_ctrl_c_and_c_cancels(hive):
    endless(hive)
    with asked(hive, "install", "endless") as terminal:
        terminal.type("c\n")
        assert terminal.end() == 6
    assert terminal.lines()[-2] == "[CANCELLED]"
    assert latest_job(hive).state == "cancelled"


@pytest.mark.parametrize(
    "keys, status", [("l\n", 0), ("L\n", 0), ("\x04", 0), ("what\nl\n", 0), ("\x03", 130)], ids=["l", "L", "end-of-file", "wrong-then-l", "ctrl-c"]
)
def test_ctrl_c_leaves(hive, keys, status):
    go_on = slow(hive)
    with asked(hive, "install", "slow") as terminal:
        terminal.type(keys)
        assert terminal.end() == status
    assert terminal.shown.endswith("Job 1 runs on; follow it with: hivectl log 1 --follow\r\n")
    assert "woke" not in terminal.shown
    go_on()
    assert latest_job(hive).wait().result == "done"


def test_ctrl_c_and_enter_goes_on_and_nothing_was_lost(hive):
    go_on = slow(hive)
    with asked(hive, "install", "slow") as terminal:
        go_on()
        latest_job(hive).wait()
        assert "woke" not in terminal.shown  # the question stays readable
        terminal.type("\n")
        assert terminal.end() == 0
    assert terminal.lines()[-2] == "[DONE]" and "woke" in terminal.lines()


def test_ctrl_c_of_a_followed_log_cancels_too(hive):
    hive.install(endless(hive))
    with asked(hive, "log", "1", "--follow") as terminal:
        terminal.type("c\n")
        assert terminal.end() == 6


def test_cancel_that_is_refused_is_said_and_the_log_goes_on(hive):
    go_on = slow(hive)
    with asked(hive, "install", "slow") as terminal:
        go_on()
        latest_job(hive).wait()
        terminal.type("c\n")
        assert terminal.end() == 0
    assert "hivectl: Job 1 has ended already (done)" in terminal.shown
    assert terminal.lines()[-2] == "[DONE]"
