#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A desktop's polkit agent for a process, that a test has decided for: agent PROCESS dismiss, or agent PROCESS USER PASSWORD. It prints the
action of each question, and ends with its standard input. https://www.freedesktop.org/software/polkit/docs/latest/eggdbus-interface-org.freedesktop.PolicyKit1.AuthenticationAgent.html"""

import pathlib
import subprocess
import sys

from gi.repository import Gio, GLib

XML = """<node><interface name="org.freedesktop.PolicyKit1.AuthenticationAgent">
<method name="BeginAuthentication"><arg type="s" direction="in"/><arg type="s" direction="in"/><arg type="s" direction="in"/>
<arg type="a{ss}" direction="in"/><arg type="s" direction="in"/><arg type="a(sa{sv})" direction="in"/></method>
<method name="CancelAuthentication"><arg type="s" direction="in"/></method>
</interface></node>"""
PATH = "/agent"
HELPER = "/usr/lib/polkit-1/polkit-agent-helper-1"  # polkit's own, which asks PAM
PROCESS, ANSWER = int(sys.argv[1]), sys.argv[2:]


def authenticate(cookie):
    user, password = ANSWER
    done = subprocess.run([HELPER, user], input=f"{cookie}\n{password}\n", stdout=subprocess.PIPE, text=True, check=False)
    return "SUCCESS" in done.stdout


def on_call(connection, sender, path, interface, member, arguments, invocation):
    if member == "CancelAuthentication":
        invocation.return_value(None)
        return
    action, _, _, _, cookie, _ = arguments.unpack()
    print(action, flush=True)
    if ANSWER == ["dismiss"]:
        invocation.return_dbus_error("org.freedesktop.PolicyKit1.Error.Cancelled", "The person closed it")
    elif authenticate(cookie):
        invocation.return_value(None)
    else:
        invocation.return_dbus_error("org.freedesktop.PolicyKit1.Error.Failed", "The password is wrong")


def start_time(process):
    """proc_pid_stat(5), field 22."""
    return int(pathlib.Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[19])


bus = Gio.bus_get_sync(Gio.BusType.SYSTEM)
bus.register_object(PATH, Gio.DBusNodeInfo.new_for_xml(XML).interfaces[0], on_call, None, None)
subject = ("unix-process", {"pid": GLib.Variant("u", PROCESS), "start-time": GLib.Variant("t", start_time(PROCESS))})
bus.call_sync(
    "org.freedesktop.PolicyKit1",
    "/org/freedesktop/PolicyKit1/Authority",
    "org.freedesktop.PolicyKit1.Authority",
    "RegisterAuthenticationAgent",
    GLib.Variant("((sa{sv})ss)", (subject, "C.UTF-8", PATH)),
    None,
    0,
    -1,
    None,
)
print("ready", flush=True)
loop = GLib.MainLoop()
GLib.io_add_watch(sys.stdin.fileno(), GLib.PRIORITY_DEFAULT, GLib.IOCondition.HUP, lambda *_: loop.quit())
loop.run()
bus.flush_sync()  # the last answer
