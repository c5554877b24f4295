# SPDX-License-Identifier: LGPL-2.1-or-later
"""A desktop that is real but for its screen: sway in a window of Xvfb, with a pointer that tests move, waybar, mako."""

import json
import os
import subprocess

from build import SOURCE
from waiting import LEAST, wait_until

NEEDS = ("Xvfb", "sway", "waybar", "mako", "grim", "xdotool")
WIDTH, HEIGHT, BAR = 800, 480, 30


def start_xvfb(session, *options):
    """The display's name."""
    reader, writer = os.pipe()
    session.spawn("Xvfb", "-displayfd", str(writer), "-screen", "0", f"{WIDTH}x{HEIGHT}x24", "-nolisten", "tcp", "-ac", *options, pass_fds=[writer])
    os.close(writer)
    with os.fdopen(reader) as file:
        return ":" + file.readline().strip()


class Sway:
    """Its programs are nobody's where root runs the tests: sway refuses to be root's."""

    def __init__(self, session):
        self.session = session
        self.folder = session.directory / "sway"
        self.folder.mkdir(mode=0o700)
        self.user = []
        if os.geteuid() == 0:
            os.chown(self.folder, 65534, 65534)
            self.user = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
        self.environment = {
            "XDG_RUNTIME_DIR": str(self.folder),
            "HOME": str(self.folder),
            "DISPLAY": start_xvfb(session),
            "GDK_BACKEND": "wayland",
            "XDG_DATA_DIRS": f"{session.hive.build.data.parent}:/usr/share",
            "WLR_BACKENDS": "x11",
            "WLR_RENDERER": "pixman",
        }
        (self.folder / "config").write_text(f"output X11-1 resolution {WIDTH}x{HEIGHT}\n")
        (self.folder / "waybar.json").write_text(json.dumps({"layer": "top", "height": BAR, "modules-right": ["tray"], "tray": {"icon-size": 24}}))
        for path in self.folder.iterdir():
            path.chmod(0o644)
        self.spawn("sway", "-c", str(self.folder / "config"))
        wait_until(lambda: list(self.folder.glob("wayland-?")), what="sway")
        self.environment["WAYLAND_DISPLAY"] = next(self.folder.glob("wayland-?")).name
        self.spawn("waybar", "-c", str(self.folder / "waybar.json"), "-s", "/dev/null")
        self.spawn("mako")

    def spawn(self, *command):
        return self.session.spawn(*self.user, *command, env=self.environment)

    def run(self, *command):
        environment = dict(self.session.environment(), **self.environment)
        return subprocess.run([*self.user, *command], env=environment, check=True, capture_output=True, timeout=LEAST).stdout

    def picture(self):
        return self.run("grim", "-t", "ppm", "-")

    def keep_picture(self, name):
        """For people."""
        folder = SOURCE / "build/screenshots"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.png").write_bytes(self.run("grim", "-"))

    def left_edge(self, y):
        """Where in a row of the screen something bright begins, or None."""
        pixels = self.picture()[-WIDTH * HEIGHT * 3 :]
        row = pixels[y * WIDTH * 3 : (y + 1) * WIDTH * 3]
        return next((x for x in range(WIDTH) if min(row[3 * x : 3 * x + 3]) > 200), None)

    def do(self, *actions):
        """Moves, clicks, types as xdotool knows it; comes back when the screen shows something else, and that is all of it."""
        before = [self.picture()]
        self.run("xdotool", *map(str, actions))

        def settled():
            before.append(self.picture())
            return before[-1] != before[0] and before[-1] == before[-2]

        wait_until(settled, what=lambda: f"what {actions} shows")
