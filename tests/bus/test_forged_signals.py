# SPDX-License-Identifier: LGPL-2.1-or-later
"""Anybody may send a signal to one connection alone: whose it is said to be, it is not believed."""

import subprocess

from gi.repository import Gio, GLib

from catalog import pkgbuild
from job import Job
from waiting import LEAST, wait_until

DBUS = "org.freedesktop.DBus"


def ask_bus(hive, method, *arguments):
    return hive.connection.call_sync(
        DBUS, "/org/freedesktop/DBus", DBUS, method, GLib.Variant("(" + "s" * len(arguments) + ")", arguments), None, Gio.DBusCallFlags.NONE, -1, None
    ).unpack()[0]


def names(hive):
    return set(ask_bus(hive, "ListNames"))


def forge(hive, destination, path, interface, member, signature, *values):
    liar = hive.connect()
    liar.emit_signal(destination, path, interface, member, GLib.Variant(signature, values))
    liar.flush_sync()
    liar.close_sync()


def test_shutdown_that_logind_did_not_announce_ends_no_build(hive):
    hive.catalog.add("slow", pkgbuild("slow", build="echo started; sleep 2"))
    job = hive.install("slow")
    job.wait_for_line("started")
    daemon = ask_bus(hive, "GetNameOwner", "org.rbee.Hive")
    forge(hive, daemon, "/org/freedesktop/DBus", DBUS, "NameOwnerChanged", "(sss)", "org.freedesktop.login1", "", ":1.99")
    forge(hive, daemon, "/org/freedesktop/login1", "org.freedesktop.login1.Manager", "PrepareForShutdown", "(b)", True)
    assert job.wait() == ("done", "", ""), job.log_text()
    hive.catalog.add("next")
    hive.installs("next")


def test_end_that_the_hive_did_not_tell_ends_no_log(hive):
    hive.catalog.add("slow", pkgbuild("slow", build="echo started; sleep 2"))
    before = names(hive)
    process = hive.spawn(hive.build.bin / "hivectl", "install", "slow", stdout=subprocess.PIPE, text=True)
    job = Job(hive, wait_until(hive.list_jobs)[0]["path"])
    job.wait_for_line("started")
    for name in names(hive) - before:
        forge(hive, name, job.path, "org.rbee.Hive.Job", "Finished", "(sss)", "failed", "BuildFailed", "a lie")
    output, _ = process.communicate(timeout=LEAST)
    assert process.returncode == 0 and "a lie" not in output and output.endswith("[DONE]\n")
