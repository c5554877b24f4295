# SPDX-License-Identifier: LGPL-2.1-or-later
"""rbee-hive-window on an X server without a screen, seen and used as a screen reader does: by AT-SPI, which is D-Bus."""

import contextlib
import os
import struct
import subprocess
import zlib

from gi.repository import Gio, GLib

from build import SOURCE
from session import BUS, PROPERTIES
from waiting import LEAST, wait_until

ACCESSIBLE = "org.a11y.atspi.Accessible"
REGISTRY = "org.a11y.atspi.Registry"
ROOT = "/org/a11y/atspi/accessible/root"
NEEDS = ("Xvfb", "xdotool", "xclip", "/usr/libexec/at-spi-bus-launcher")

# Those that one can do something with. https://docs.gtk.org/atspi2/enum.Role.html
CONTROLS = ("button", "toggle button", "combo box", "text box", "search box", "list item", "menu item", "progress bar")


class Node:
    """Something on the screen."""

    def __init__(self, screen, name, path):
        self.screen, self.owner, self.path = screen, name, path

    def __eq__(self, other):
        return (self.owner, self.path) == (other.owner, other.path)

    def call(self, interface, member, signature=None, *arguments):
        parameters = GLib.Variant(signature, arguments) if signature else None
        return self.screen.a11y.call_sync(self.owner, self.path, interface, member, parameters, None, 0, 1000 * LEAST, None).unpack()

    def get(self, name, interface=ACCESSIBLE):
        return self.call(PROPERTIES, "Get", "(ss)", interface, name)[0]

    @property
    def name(self):
        return self.get("Name")

    @property
    def role(self):
        return self.call(ACCESSIBLE, "GetRoleName")[0]

    def interfaces(self):
        return self.call(ACCESSIBLE, "GetInterfaces")[0]

    def children(self):
        return [Node(self.screen, *child) for child in self.call(ACCESSIBLE, "GetChildren")[0]]

    def is_focused(self):
        return bool(self.call(ACCESSIBLE, "GetState")[0][0] & 1 << 12)  # ATSPI_STATE_FOCUSED

    def extents(self):
        """In the window."""
        return self.call("org.a11y.atspi.Component", "GetExtents", "(u)", 1)[0]

    def walk(self):
        """All that has a place on the screen, from here on."""
        with contextlib.suppress(GLib.Error):  # it may go meanwhile
            if self.role != "application":
                _, _, width, height = self.extents()
                if width <= 0 or height <= 0:
                    return
            yield self
            for child in self.children():
                yield from child.walk()


class Screen:
    """A display of its own, the bus of screen readers, and rbee-hive-window."""

    def __init__(self, session, width=1040, height=700, user=()):
        """@user: a command that becomes what runs, nobody's where it is given."""
        self.session, self.width, self.height, self.user = session, width, height, user
        if user:
            session.owner = 65534
        self.folder = session.directory / "screen"
        self.folder.mkdir()
        settings = self.folder / ".config/gtk-4.0/settings.ini"
        settings.parent.mkdir(parents=True)
        settings.write_text("[Settings]\ngtk-cursor-blink=false\ngtk-enable-animations=false\n")
        session.belong(self.folder)
        reader, writer = os.pipe()
        session.spawn(
            "Xvfb",
            "-displayfd",
            str(writer),
            "-screen",
            "0",
            f"{width}x{height}x24",
            "-nolisten",
            "tcp",
            "-ac",
            "-noreset",
            "-fbdir",
            str(self.folder),
            pass_fds=[writer],
        )
        os.close(writer)
        with os.fdopen(reader) as file:
            self.display = ":" + file.readline().strip()
        self.environment = {
            "DISPLAY": self.display,
            "GDK_BACKEND": "x11",
            "GSK_RENDERER": "cairo",
            "GTK_A11Y": "atspi",
            "ADW_DISABLE_PORTAL": "1",
            "GSETTINGS_BACKEND": "memory",
            "XDG_RUNTIME_DIR": str(self.folder),
            "HOME": str(self.folder),
            "XDG_DATA_DIRS": f"{session.hive.build.data.parent}:/usr/local/share:/usr/share",
        }
        session.spawn(*user, "/usr/libexec/at-spi-bus-launcher", "--launch-immediately", env=self.environment)
        wait_until(lambda: session.has_owner("org.a11y.Bus"), what="the bus of screen readers")
        address = session.connection.call_sync(
            "org.a11y.Bus", "/org/a11y/bus", "org.a11y.Bus", "GetAddress", None, None, 0, 1000 * LEAST, None
        ).unpack()[0]
        flags = Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION
        self.a11y = Gio.DBusConnection.new_for_address_sync(address, flags, None, None)
        self.a11y.set_exit_on_close(False)
        session.owners.append(self)
        self.connection = self.a11y
        self.process = None

    def leave(self):
        self.a11y.close_sync()

    @property
    def program(self):
        return self.session.hive.build.libexec / "rbee-hive-window"

    def start(self, *arguments, language=None, **environment):
        """@language: in which it speaks. Its words lie where they are installed, not where the tests have them, so that it runs where they do."""
        within = ()
        if language:
            environment["LANGUAGE"] = language
            build = self.session.hive.build
            words = build.path(build.options["prefix"], build.options["localedir"])
            installed = os.path.join(build.options["prefix"], build.options["localedir"])
            within = ("bwrap", "--dev-bind", "/", "/", "--bind", str(words), installed, "--die-with-parent")
        self.process = self.session.spawn(*self.user, *within, str(self.program), *arguments, env=dict(self.environment, **environment))
        wait_until(self.application, what=lambda: "the window: " + self.said())
        return self

    def leave_to_the_bus(self):
        """The session's bus starts the window, on this screen; it ends with its bus."""
        variables = {**self.session.environment(), **self.environment}
        self.session.connection.call_sync(*BUS, "UpdateActivationEnvironment", GLib.Variant("(a{ss})", (variables,)), None, 0, -1, None)

    def run(self, *arguments):
        return subprocess.run(
            [str(self.program), *arguments], env=dict(self.session.environment(), **self.environment), capture_output=True, text=True, timeout=LEAST
        )

    def activate(self, action, parameter):
        """As a notification does, and the desktop."""
        self.session.connection.call_sync(
            "org.rbee.Hive",
            "/org/rbee/Hive",
            "org.freedesktop.Application",
            "ActivateAction",
            GLib.Variant("(sava{sv})", (action, [GLib.Variant("s", parameter)], {})),
            None,
            0,
            1000 * LEAST,
            None,
        )

    def close(self):
        """As a person does."""
        self.press("Close")
        return self.process.wait(LEAST)

    def said(self):
        return (self.session.directory / "hosts.log").read_text()

    def application(self):
        assert not self.process or self.process.poll() is None, self.said()
        root = Node(self, REGISTRY, ROOT)
        with contextlib.suppress(GLib.Error):
            return next((child for child in root.children() if child.name == "rbee-hive-window" or "rbee-hive" in child.name), None)
        return None

    def walk(self, role=None):
        application = self.application()
        return (node for node in (application.walk() if application else ()) if role is None or node.role == role)

    def nodes(self, role=None):
        return list(self.walk(role))

    def labels(self):
        """All that can be read."""
        return list(self.texts())

    def texts(self):
        return (text for node in self.walk() for text in (self.name_of(node), self.text_of(node)) if text)

    def unnamed(self):
        """The controls that a screen reader could say nothing of. GTK calls what has no name by its type; what is chosen in a combo box is an
        item of a list of its own, to whose name libadwaita 1.2 gives nobody a way."""
        inner = {node.path for box in self.nodes("combo box") for node in list(box.walk())[1:]}
        return [
            (node.role, node.name, node.extents())
            for node in self.nodes()
            if node.role in CONTROLS and node.path not in inner and (not node.name or node.name.startswith(("Gtk", "Adw")))
        ]

    def beyond(self, width):
        """What reaches over the right edge of a screen as wide as that. A header bar has its border outside, at either side."""
        found = []
        for node in self.nodes()[1:]:
            with contextlib.suppress(GLib.Error):  # it may be gone
                x, _, wide, _ = node.extents()
                if x >= 0 and x + wide > width:
                    found.append((node.role, self.name_of(node), x, wide))
        return found

    def clipboard(self):
        """As another program gets it."""
        done = subprocess.run(
            ["xclip", "-out", "-selection", "clipboard"], env=dict(os.environ, DISPLAY=self.display), capture_output=True, text=True, timeout=LEAST
        )
        return done.stdout

    @staticmethod
    def text_of(node):
        with contextlib.suppress(GLib.Error):
            return node.call("org.a11y.atspi.Text", "GetText", "(ii)", 0, -1)[0] if node.role == "text box" else None
        return None

    @staticmethod
    def name_of(node):
        with contextlib.suppress(GLib.Error):  # it may be gone
            name = node.name
            half = len(name) // 2
            return name[:half] if name[:half] == name[half + 1 :] else name  # libadwaita 1.2 says some twice
        return None

    def find(self, name, role=None):
        """What is called so, or None."""
        return next((node for node in self.walk(role) if self.name_of(node) == name), None)

    def wait(self, name, role=None, timeout=LEAST):
        return wait_until(lambda: self.find(name, role), timeout, lambda: f"{role or 'something'} called {name}; there is {self.labels()}")

    def reads(self, text, timeout=LEAST):
        """Waits until that can be read somewhere."""
        wait_until(lambda: any(text in label for label in self.texts()), timeout, lambda: f"{text!r}; there is {self.labels()}")

    def reads_no_more(self, text, timeout=LEAST):
        wait_until(lambda: not any(text in label for label in self.texts()), timeout, lambda: f"no {text!r}; there is {self.labels()}")

    def click(self, name, role="button"):
        """With the mouse, where it is."""
        x, y, width, height = self.wait(name, role).extents()
        self.mouse("mousemove", x + width // 2, y + height // 2, "click", 1)

    def wait_until_gone(self, name, role=None, timeout=LEAST):
        wait_until(lambda: not self.find(name, role), timeout, lambda: f"no {role or 'something'} called {name}")

    def focused(self):
        """What has the keyboard, in the dialog in front where there is one, or None."""
        with contextlib.suppress(GLib.Error):
            return next((node for node in reversed(self.nodes()) if node.is_focused()), None)
        return None

    def tab_to(self, name, role, most=60):
        """Goes on from control to control as one does without a mouse."""
        self.wait(name, role)
        passed = []
        while len(passed) < most:
            node = self.focused()
            if node and (self.name_of(node), node.role) == (name, role):
                return node
            passed.append(node and (self.name_of(node), node.role))
            self.keys("key", "Tab")
        raise AssertionError(f"no key leads to {name}, but to {passed}")

    def choose(self, box, name):
        """One of a combo box, by keys; @name: before its size, where it has one."""
        self.click(box, "combo box")
        self.settle()
        found = self.wait(box, "combo box")
        items = [node for node in found.walk() if node.role == "list item"][1:]  # before them stands what is chosen now
        names = [" ".join(self.name_of(node) for node in item.walk() if node.role == "label") for item in items]
        (place,) = [place for place, text in enumerate(names) if text.split(" · ")[0] == name]
        self.keys("key", "Home", *["key", "Down"] * place, "key", "Return")

    def press(self, name, role="button"):
        """As a screen reader does."""
        self.wait(name, role).call("org.a11y.atspi.Action", "DoAction", "(i)", 0)

    def mouse(self, *actions):
        subprocess.run(["xdotool", *map(str, actions)], env=dict(os.environ, DISPLAY=self.display), check=True, capture_output=True, timeout=LEAST)

    keys = mouse

    def resize(self, width, height):
        window = subprocess.run(
            ["xdotool", "search", "--onlyvisible", "--name", "rbee-hive"],
            env=dict(os.environ, DISPLAY=self.display),
            check=True,
            capture_output=True,
            text=True,
        ).stdout.split()[0]
        self.mouse("windowsize", window, width, height)

    def focus(self):
        window = subprocess.run(
            ["xdotool", "search", "--onlyvisible", "--name", "rbee-hive"],
            env=dict(os.environ, DISPLAY=self.display),
            check=True,
            capture_output=True,
            text=True,
        ).stdout.split()[0]
        self.mouse("windowfocus", "--sync", window)

    def keep_picture(self, name, width=None, height=None):
        """For people."""
        self.settle()
        rows = pixels(self.folder)
        rows = [row[: (width or self.width) * 3] for row in rows[: height or self.height]]
        folder = SOURCE / "build/screenshots"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.png").write_bytes(png(rows))

    def settle(self):
        """Waits until nothing moves."""
        seen = [None]

        def still():
            seen.append(zlib.crc32((self.folder / "Xvfb_screen0").read_bytes()))
            return len(seen) > 6 and len(set(seen[-5:])) == 1

        wait_until(still, what="the screen to be still")


def pixels(folder):
    """RGB, row by row: what an Xvfb has in its frame buffer, in the format of xwd(1)."""
    data = (folder / "Xvfb_screen0").read_bytes()
    header = struct.unpack(">25I", data[:100])
    start, width, height, line, colours = header[0], header[4], header[5], header[12], header[19]
    start += colours * 12
    rows = []
    for y in range(height):
        row = bytearray(width * 3)
        pixels = data[start + y * line : start + y * line + width * 4]
        row[0::3], row[1::3], row[2::3] = pixels[2::4], pixels[1::4], pixels[0::4]
        rows.append(bytes(row))
    return rows


def png(rows):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", len(rows[0]) // 3, len(rows), 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"".join(b"\0" + row for row in rows), 9)) + chunk(b"IEND", b"")
    )
