# SPDX-License-Identifier: LGPL-2.1-or-later
"""Waiting for what is to happen, and the processes that a test asks for."""

import os
import pathlib
import signal
import time
import uuid

import gi

gi.require_version("Gio", "2.0")
from gi.repository import GLib  # noqa: E402

# Functions that say what goes on where a test waits; each is asked when a wait was in vain, for a log that is all that is kept.
witnesses = []


def testimony():
    """What the witnesses say, one after the other; one that cannot is no reason not to hear the others."""
    said = []
    for witness in witnesses:
        try:
            said.append(witness())
        except Exception as error:
            said.append(f"(no more is known: {error})")
    return "".join("\n" + text for text in said)


def last_lines(text, number=15, width=200):
    return "\n".join("  " + line[:width] for line in text.splitlines()[-number:]) or "  (nothing)"


LEAST = 120  # seconds: where others have the processors, whatever takes a moment elsewhere may take this long


def wait_until(condition, timeout=LEAST, what="it"):
    """Waits for a truth, letting signals come in meanwhile; returns it. It looks the more seldom the longer it waits: others want the
    processor too."""
    context = GLib.MainContext.default()
    began = time.monotonic()
    while True:
        while context.iteration(False):
            pass
        value = condition()
        if value:
            return value
        waited = time.monotonic() - began
        assert waited < timeout, f"waited {timeout} s in vain for {what() if callable(what) else what}{testimony()}"
        time.sleep(min(0.002 + waited / 50, 0.05))


def with_argument(marker):
    """The processes of this machine that have @marker as one of their arguments."""
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                if marker in pathlib.Path("/proc", name, "cmdline").read_bytes().decode(errors="replace").split("\0"):
                    found.append(int(name))
            except OSError:
                pass
    return found


def unique_seconds():
    """An argument for sleep that nobody else on this machine uses."""
    return f"{80000 + uuid.uuid4().int % 9999}.{uuid.uuid4().int % 10**8}"


def wake(seconds):
    """Ends a recipe's `sleep SECONDS || true`, that it may go on."""
    for pid in wait_until(lambda: with_argument(seconds), what=f"sleep {seconds}"):
        os.kill(pid, signal.SIGKILL)
