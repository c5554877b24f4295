# SPDX-License-Identifier: LGPL-2.1-or-later
"""The D-Bus names of the hive, and how its answers come."""

import gi

gi.require_version("Gio", "2.0")
from gi.repository import GLib  # noqa: E402

NAME = "org.rbee.Hive"
PATH = "/org/rbee/Hive"
JOB = "org.rbee.Hive.Job"
WORKER = "org.rbee.Hive.Worker"
ERROR = "org.rbee.Hive.Error."


class HiveError(Exception):
    """A D-Bus error: its name without our prefix, and its message."""

    def __init__(self, name, message):
        super().__init__(f"{name}: {message}")
        self.name, self.message = name, message


def variant(value):
    """Options of a{sv}: the type follows from Python's."""
    if isinstance(value, GLib.Variant):
        return value
    if isinstance(value, bool):
        return GLib.Variant("b", value)
    if isinstance(value, int):
        return GLib.Variant("u", value)
    return GLib.Variant("s", value)
