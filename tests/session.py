# SPDX-License-Identifier: LGPL-2.1-or-later
"""A desktop's session: a bus, what owns names on it, and rbee-hive-notifier in it."""

import contextlib
import json
import os
import pathlib
import re
import signal
import subprocess

from gi.repository import Gio, GLib

from hive import BUS_CONFIGURATION, SANITIZED
from waiting import LEAST, wait_until

NOTIFICATIONS = "org.freedesktop.Notifications"
WATCHER = "org.kde.StatusNotifierWatcher"
ITEM = "org.kde.StatusNotifierItem"
MENU = "com.canonical.dbusmenu"
LAUNCHER = "com.canonical.Unity.LauncherEntry"
PROPERTIES = "org.freedesktop.DBus.Properties"
BUS = ("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus")

ALL = ("actions", "body", "body-markup", "persistence")

# https://specifications.freedesktop.org/notification-spec, version 1.2
NOTIFICATIONS_XML = """<node><interface name="org.freedesktop.Notifications">
<method name="GetCapabilities"><arg type="as" direction="out"/></method>
<method name="Notify"><arg type="s" direction="in"/><arg type="u" direction="in"/><arg type="s" direction="in"/><arg type="s" direction="in"/>
<arg type="s" direction="in"/><arg type="as" direction="in"/><arg type="a{sv}" direction="in"/><arg type="i" direction="in"/><arg type="u" direction="out"/></method>
<method name="CloseNotification"><arg type="u" direction="in"/></method>
<method name="GetServerInformation"><arg type="s" direction="out"/><arg type="s" direction="out"/><arg type="s" direction="out"/><arg type="s" direction="out"/></method>
</interface></node>"""

WATCHER_XML = """<node><interface name="org.kde.StatusNotifierWatcher">
<method name="RegisterStatusNotifierItem"><arg type="s" direction="in"/></method>
</interface></node>"""

WINDOW_XML = """<node><interface name="org.freedesktop.Application">
<method name="Activate"><arg type="a{sv}" direction="in"/></method>
<method name="ActivateAction"><arg type="s" direction="in"/><arg type="av" direction="in"/><arg type="a{sv}" direction="in"/></method>
</interface></node>"""


class Notification:
    def __init__(self, sender, number, arguments):
        self.sender, self.id = sender, number
        _, _, self.icon, self.summary, self.body, actions, self.hints, self.timeout = arguments
        self.actions = dict(zip(actions[::2], actions[1::2]))
        self.closed = False


class Owner:
    """Somebody on the session's bus, who has a name and answers calls."""

    name = path = xml = None

    def __init__(self, session):
        self.connection = session.connect()
        info = Gio.DBusNodeInfo.new_for_xml(self.xml).interfaces[0]
        self.connection.register_object(self.path, info, self.on_call, None, None)
        self.connection.call_sync(*BUS, "RequestName", GLib.Variant("(su)", (self.name, 0)), None, 0, -1, None)
        session.owners.append(self)

    def on_call(self, connection, sender, path, interface, member, arguments, invocation):
        invocation.return_value(getattr(self, member)(sender, *arguments.unpack()))

    def emit(self, member, arguments):
        self.connection.emit_signal(None, self.path, self.name, member, arguments)

    def leave(self):
        self.connection.close_sync()


class Notifications(Owner):
    """What shows notifications, by the specification's word: a server that is told to forget nothing."""

    name, path, xml = NOTIFICATIONS, "/org/freedesktop/Notifications", NOTIFICATIONS_XML

    def __init__(self, session, capabilities=ALL):
        self.capabilities, self.shown, self.calls, self.number = capabilities, {}, [], 0
        super().__init__(session)

    def GetCapabilities(self, sender):  # noqa: N802
        return GLib.Variant("(as)", (self.capabilities,))

    def GetServerInformation(self, sender):  # noqa: N802
        return GLib.Variant("(ssss)", ("recorder", "rbee-hive", "1", "1.2"))

    def Notify(self, sender, *arguments):  # noqa: N802
        replaces = arguments[1]
        if replaces not in self.shown:
            self.number += 1
            replaces = self.number
        self.shown[replaces] = Notification(sender, replaces, arguments)
        self.calls.append(self.shown[replaces])
        return GLib.Variant("(u)", (replaces,))

    def CloseNotification(self, sender, number):  # noqa: N802
        self.close(number, 3)

    def close(self, number, reason):
        del self.shown[number]
        self.emit("NotificationClosed", GLib.Variant("(uu)", (number, reason)))

    def choose(self, notification, action, token=None):
        if token:
            self.emit("ActivationToken", GLib.Variant("(us)", (notification.id, token)))
        self.emit("ActionInvoked", GLib.Variant("(us)", (notification.id, action)))

    def wait(self, count=1):
        wait_until(lambda: len(self.shown) >= count, what=lambda: f"{count} notifications, there are {[one.summary for one in self.shown.values()]}")
        return list(self.shown.values())


class MockedNotifications:
    """python-dbusmock's notification daemon: what others make of the specification."""

    def __init__(self, session, *capabilities):
        self.session = session
        session.spawn(
            "/usr/bin/python3",
            "-m",
            "dbusmock",
            "--template",
            "notification_daemon",
            "--parameters",
            json.dumps({"capabilities": " ".join(capabilities)}),
        )
        wait_until(lambda: session.has_owner(NOTIFICATIONS), what="python-dbusmock")

    def call(self, member, signature, *arguments):
        path = "/org/freedesktop/Notifications"
        parameters = GLib.Variant(signature, arguments)
        (answer,) = self.session.connection.call_sync(
            NOTIFICATIONS, path, "org.freedesktop.DBus.Mock", member, parameters, None, 0, 1000 * LEAST, None
        ).unpack()
        return answer

    def wait(self):
        """The first one that it was given."""
        calls = wait_until(lambda: self.call("GetMethodCalls", "(s)", "Notify"), what="a notification")
        return Notification(None, 1, calls[0][1])

    def choose(self, action):
        values = [GLib.Variant("u", 1), GLib.Variant("s", action)]
        self.session.connection.call_sync(
            NOTIFICATIONS,
            "/org/freedesktop/Notifications",
            "org.freedesktop.DBus.Mock",
            "EmitSignal",
            GLib.Variant("(sssav)", (NOTIFICATIONS, "ActionInvoked", "us", values)),
            None,
            0,
            1000 * LEAST,
            None,
        )


class Watcher(Owner):
    """Where trays' icons are announced; it forgets those whose owner leaves, as KDE's and GNOME's do."""

    name, path, xml = WATCHER, "/StatusNotifierWatcher", WATCHER_XML

    def __init__(self, session):
        self.items, self.session = [], session
        super().__init__(session)
        self.connection.signal_subscribe(BUS[0], BUS[2], "NameOwnerChanged", BUS[1], None, 0, self.on_owner)

    def RegisterStatusNotifierItem(self, sender, service):  # noqa: N802
        self.items.append(service)

    def on_owner(self, connection, sender, path, interface, member, arguments):
        name, _, new = arguments.unpack()
        if not new and name in self.items:
            self.items.remove(name)

    def wait(self):
        return Item(self.session, wait_until(lambda: self.items and self.items[0], what="an icon in the tray"))

    def shows(self, label):
        """The icon, once its menu has that."""

        def there():
            with contextlib.suppress(GLib.Error):  # the icon may go meanwhile
                return self.items and label in Item(self.session, self.items[0]).entries()

        wait_until(there, what=lambda: f"{label} in the menu, it has {list(self.wait().entries())}")
        return self.wait()

    def wait_until_empty(self):
        wait_until(lambda: not self.items, what=lambda: f"an empty tray, it has {self.items}")


class Window(Owner):
    """What is asked of rbee-hive-window. https://specifications.freedesktop.org/desktop-entry-spec, D-Bus Activation"""

    name, path, xml = "org.rbee.Hive", "/org/rbee/Hive", WINDOW_XML

    def __init__(self, session):
        self.asked = []
        super().__init__(session)

    def Activate(self, sender, platform):  # noqa: N802
        self.asked.append(("", [], platform.get("activation-token")))

    def ActivateAction(self, sender, action, arguments, platform):  # noqa: N802
        assert platform.get("activation-token") == platform.get("desktop-startup-id")
        self.asked.append((action, arguments, platform.get("activation-token")))

    def wait(self):
        wait_until(lambda: self.asked, what="the window to be asked for")
        return self.asked.pop()


class Item:
    """An icon in the tray, as a host sees it."""

    def __init__(self, session, name):
        self.session, self.name = session, name

    def call(self, path, interface, member, arguments):
        return self.session.connection.call_sync(self.name, path, interface, member, arguments, None, 0, 1000 * LEAST, None).unpack()

    def get(self, name):
        return self.call("/StatusNotifierItem", PROPERTIES, "Get", GLib.Variant("(ss)", (ITEM, name)))[0]

    def get_all(self):
        return self.call("/StatusNotifierItem", PROPERTIES, "GetAll", GLib.Variant("(s)", (ITEM,)))[0]

    def menu(self, member, signature, *arguments):
        return self.call(self.get("Menu"), MENU, member, GLib.Variant(signature, arguments))

    def layout(self):
        """(id, properties, children) of the root."""
        return self.menu("GetLayout", "(iias)", 0, -1, [])[1]

    def shape(self):
        def ids(item):
            return item[0], [ids(child) for child in item[2]]

        return ids(self.layout())

    def entries(self):
        """What one sees, without the line: {label: {label: id}} of jobs, {label: id} of the rest."""

        def visible(item):
            return [child for child in item[2] if child[1]["visible"]]

        return {
            child[1]["label"]: {entry[1]["label"]: entry[0] for entry in visible(child)} or child[0]
            for child in visible(self.layout())
            if child[1].get("type") != "separator"
        }

    def click(self, number):
        self.menu("Event", "(isvu)", number, "clicked", GLib.Variant("i", 0), 0)


class Session:
    def __init__(self, hive):
        self.hive, self.owners, self.launcher, self.processes, self.hosts = hive, [], [], [], []
        self.directory = hive.directory / "session"
        self.home = self.directory / "home"
        self.address = f"unix:path={self.directory}/bus"
        self.home.mkdir(parents=True)
        self.connection = None
        self.user = []  # a command that becomes what runs in it
        self.locale = {"LC_ALL": "C.UTF-8", "LANGUAGE": ""}
        self.bus_policy = ""
        self.owner = None  # whose files they are, unless the tests' own

    def belong(self, folder):
        """Hands over a folder and what is in it."""
        for path in (folder, *folder.rglob("*")):
            if self.owner is not None:
                os.chown(path, self.owner, self.owner)

    def settings(self, text):
        (self.home / ".config/rbee-hive").mkdir(parents=True)
        (self.home / ".config/rbee-hive/desktop.conf").write_text(text)

    def start_bus(self):
        configuration = self.directory / "bus.conf"
        configuration.write_text(BUS_CONFIGURATION.format(socket=self.directory / "bus", policy=self.bus_policy, limits=""))
        with open(self.directory / "bus.log", "w") as log:
            self.bus = subprocess.Popen(
                ["dbus-daemon", "--nofork", "--nosyslog", f"--config-file={configuration}"], stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        wait_until((self.directory / "bus").exists, what="the session's bus")
        self.connection = wait_until(self.try_to_connect, what="the session's bus")
        self.connection.signal_subscribe(None, LAUNCHER, "Update", None, None, 0, self.on_launcher)
        return self

    def try_to_connect(self):
        try:
            connection = self.connect()
        except GLib.Error as error:
            if error.matches(Gio.io_error_quark(), Gio.IOErrorEnum.CONNECTION_REFUSED):
                return None
            raise
        connection.set_exit_on_close(False)
        return connection

    def connect(self):
        flags = Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION
        return Gio.DBusConnection.new_for_address_sync(self.address, flags, None, None)

    def on_launcher(self, connection, sender, path, interface, member, arguments):
        self.launcher.append(arguments.unpack())

    def has_owner(self, name):
        return self.connection.call_sync(*BUS, "NameHasOwner", GLib.Variant("(s)", (name,)), None, 0, -1, None).unpack()[0]

    def environment(self):
        environment = {key: value for key, value in os.environ.items() if not key.startswith(("PYTEST", "DBUS_", "XDG_"))}
        environment.update(self.hive.environment)
        environment.update(
            DBUS_SYSTEM_BUS_ADDRESS=self.hive.address,
            DBUS_SESSION_BUS_ADDRESS=self.address,
            HOME=str(self.home),
            **self.locale,
            XDG_RUNTIME_DIR=str(self.directory),
            PATH=f"{self.home}/bin:{self.hive.build.bin}:{environment['PATH']}",
        )
        return environment

    def run(self, *arguments, **changes):
        """A notifier that is waited for."""
        return subprocess.run(
            [*self.user, str(self.hive.build.libexec / "rbee-hive-notifier"), *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=LEAST,
            env=dict(self.environment(), **changes),
        )

    def start(self):
        """A notifier, on both buses; the hive may not be there."""
        if not self.hive.bus_process:
            self.hive.start_bus()
        if not self.connection:
            self.start_bus()
        with open(self.directory / "notifier.log", "a") as log:
            self.process = subprocess.Popen(
                [*self.user, str(self.hive.build.libexec / "rbee-hive-notifier")],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self.environment(),
            )
        self.processes.append(self.process)
        wait_until(lambda: self.process.poll() is not None or self.has_owner("org.rbee.HiveNotifier"), what=lambda: "the notifier: " + self.said())
        assert self.process.poll() is None, self.said()
        return self

    def spawn(self, *command, env=(), **options):
        """Another program of the session, which ends before it."""
        with open(self.directory / "hosts.log", "a") as log:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=dict(self.environment(), **dict(env)), **options
            )
        self.hosts.append(process)
        return process

    def said(self):
        return (self.directory / "notifier.log").read_text()

    def stop(self):
        """Ends the notifier as its unit does, and returns its exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(LEAST)

    def has_seen_the_hive(self):
        """Comes back when the notifier has read what the hive has told so far, and misses nothing from then on: it answers a call of ours
        on that bus after it."""
        bus = self.hive.connection

        def process(name):
            with contextlib.suppress(GLib.Error):  # who has left meanwhile
                return bus.call_sync(*BUS, "GetConnectionUnixProcessID", GLib.Variant("(s)", (name,)), None, 0, -1, None).unpack()[0]

        def find():
            names = bus.call_sync(*BUS, "ListNames", None, None, 0, -1, None).unpack()[0]
            return next((name for name in names if name.startswith(":") and process(name) == self.process.pid), None)

        name = wait_until(find, what="the notifier on the hive's bus")
        bus.call_sync(name, "/", "org.freedesktop.DBus.Peer", "Ping", None, None, 0, 1000 * LEAST, None)
        self.connection.call_sync("org.rbee.HiveNotifier", "/", "org.freedesktop.DBus.Peer", "Ping", None, None, 0, 1000 * LEAST, None)

    def memory(self, process=None):
        """What is the notifier's alone, or another's, in KiB."""
        text = pathlib.Path(f"/proc/{(process or self.process).pid}/smaps_rollup").read_text()
        return sum(int(number) for number in re.findall(r"^Private_\w+:\s+(\d+) kB", text, re.MULTILINE))

    def sleeps_until_it_is_told(self):
        """Whether it waits for messages and for nothing else: no time limit, no timer that is set."""
        process = pathlib.Path("/proc", str(self.process.pid))
        words = (process / "syscall").read_text().split()
        timers = re.findall(r"^it_value: \((\d+), (\d+)\)", "".join(path.read_text() for path in (process / "fdinfo").iterdir()), re.MULTILINE)
        return len(words) > 4 and int(words[4], 16) & 0xFFFFFFFF == 0xFFFFFFFF and set(timers) <= {("0", "0")}  # epoll_wait(…, -1)

    def wakeups(self):
        text = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"^voluntary_ctxt_switches:\s+(\d+)", text, re.MULTILINE)[1])

    def close(self):
        complaints = []
        for process in self.processes:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                if process.wait(LEAST):
                    complaints.append(f"the notifier ended with {process.returncode}")
            elif process.returncode:
                complaints.append(f"the notifier ended by itself with {process.returncode}")
        if self.processes and SANITIZED.search(self.said()):
            complaints.append("a sanitizer complained")
        said = self.said() if self.processes else ""
        for process in reversed(self.hosts):
            process.terminate()
            process.wait()
        for owner in self.owners:
            if not owner.connection.is_closed():
                owner.leave()
        if self.connection:
            if not self.connection.is_closed():
                self.connection.close_sync()
            self.bus.terminate()
            self.bus.wait()
        assert not complaints, "; ".join(complaints) + "\n" + said
