# SPDX-License-Identifier: LGPL-2.1-or-later
"""LogAccess=owner: whoever is quicker than the owner to ask for a job hears nothing of its log."""

import contextlib
import subprocess

import pytest

from catalog import pkgbuild
from job import Job
from waiting import wait_until

ALLOW = 'polkit.addRule(function(action, subject) { return subject.user == "anna" ? polkit.Result.YES : undefined; });\n'
GATE = "/usr/share/gate"  # where a sandbox sees it

# Subscribes, asks for a job if it is told one, and prints the lines that it is sent.
LISTENER = """
import sys
from gi.repository import Gio, GLib
bus = Gio.bus_get_sync(Gio.BusType.SYSTEM)
bus.signal_subscribe(None, "org.rbee.Hive.Job", "LineEmitted", None, None, Gio.DBusSignalFlags.NONE,
                     lambda *arguments: print("line", arguments[5].unpack()[3], flush=True))
if len(sys.argv) > 1:
    bus.call_sync("org.rbee.Hive", "/org/rbee/Hive", "org.rbee.Hive", "GetJob", GLib.Variant("(s)", (sys.argv[1],)), None, 0, 30000)
print("ready", flush=True)
GLib.MainLoop().run()
"""


class Listener:
    def __init__(self, machine, user, job=None):
        self.log = machine.path(f"/srv/{user}-{job.id if job else 'early'}.log")
        with open(self.log, "w") as log:
            self.process = machine.spawn(
                "/usr/bin/python3", "-c", LISTENER, *([job.id] if job else []), user=user, stdin=subprocess.DEVNULL, stdout=log
            )
        wait_until(lambda: "ready" in self.text, what="the listener")

    @property
    def text(self):
        return self.log.read_text()

    def close(self):
        self.process.kill()
        self.process.wait()


@pytest.fixture
def anna(machine):
    rule = machine.path("/etc/polkit-1/rules.d/10-anna.rules")
    rule.write_text(ALLOW)
    machine.run("systemctl", "restart", "polkit.service")
    yield "anna"
    rule.unlink()
    machine.run("systemctl", "restart", "polkit.service")


def test_lines_are_the_owners_whoever_asks_first_and_after_a_restart_too(machine, hive, anna):
    hive.configure("Log", LogAccess="owner")
    hive.catalog.add("private", pkgbuild("private", build=f"until [ -e {GATE} ]; do echo secret; sleep 0.1; done"))
    machine.run("hivectl", "install", "--no-wait", "private", user=anna)
    job = Job(hive, f"/org/rbee/Hive/job/{max(int(path.name) for path in (hive.state / 'jobs').iterdir())}")
    job.wait_for_line("secret")
    with contextlib.ExitStack() as stack:
        stack.callback(machine.path(GATE).unlink, missing_ok=True)

        def listen(user, asked=None):
            listener = Listener(machine, user, asked)
            stack.callback(listener.close)
            return listener

        owner = listen(anna, job)
        wait_until(lambda: "secret" in owner.text, what="the lines")

        before = hive.pid
        hive.kill()
        wait_until(lambda: hive.pid not in (0, before), what="another daemon")
        stranger = listen("bob", job)
        heard = owner.text.count("secret")
        wait_until(lambda: owner.text.count("secret") > heard + 5, what="lines from another daemon")
        machine.path(GATE).touch()
        job.wait()
        assert "line" not in stranger.text
