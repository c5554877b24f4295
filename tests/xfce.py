# SPDX-License-Identifier: LGPL-2.1-or-later
"""Xfce without a screen: its panel, its settings and its notifications on an Xvfb, with a pointer that tests move."""

import os
import pathlib
import subprocess

from build import SOURCE
from screen import pixels, png
from sway import start_xvfb
from waiting import LEAST, wait_until


def installed(pattern):
    """Each architecture has a folder of its own."""
    return next((str(path) for path in pathlib.Path("/usr/lib").glob(pattern)), pattern)


CONFD = installed("*/xfce4/xfconf/xfconfd")
NOTIFYD = installed("*/xfce4/notifyd/xfce4-notifyd")
NEEDS = ("Xvfb", "xdotool", "xfce4-panel", CONFD, NOTIFYD)
BAR = 30
PANEL = """<?xml version="1.0" encoding="UTF-8"?>
<channel name="xfce4-panel" version="1.0">
  <property name="configver" type="int" value="2"/>
  <property name="panels" type="array">
    <value type="int" value="1"/>
    <property name="panel-1" type="empty">
      <property name="position" type="string" value="p=6;x=0;y=0"/>
      <property name="position-locked" type="bool" value="true"/>
      <property name="length" type="uint" value="100"/>
      <property name="size" type="uint" value="30"/>
      <property name="plugin-ids" type="array"><value type="int" value="1"/><value type="int" value="2"/></property>
    </property>
  </property>
  <property name="plugins" type="empty">
    <property name="plugin-1" type="string" value="separator"><property name="expand" type="bool" value="true"/><property name="style" type="uint" value="0"/></property>
    <property name="plugin-2" type="string" value="systray"><property name="square-icons" type="bool" value="true"/></property>
  </property>
</channel>
"""


class Xfce:
    def __init__(self, session):
        self.session = session
        self.folder = session.directory / "xfce"
        settings = self.folder / ".config/xfce4/xfconf/xfce-perchannel-xml"
        settings.mkdir(parents=True)
        (settings / "xfce4-panel.xml").write_text(PANEL)
        self.environment = {
            "DISPLAY": start_xvfb(session, "-noreset", "-fbdir", str(self.folder)),
            "HOME": str(self.folder),
            "XDG_RUNTIME_DIR": str(self.folder),
            "XDG_DATA_DIRS": f"{session.hive.build.data.parent}:/usr/share",
            "NO_AT_BRIDGE": "1",
        }
        for program, name in (
            (CONFD, "org.xfce.Xfconf"),
            ("xfce4-panel", "org.kde.StatusNotifierWatcher"),
            (NOTIFYD, "org.freedesktop.Notifications"),
        ):
            session.spawn(program, env=self.environment)
            wait_until(lambda name=name: session.has_owner(name), what=program)

    def changed(self, before, below=0):
        """Where the screen, once it is still, is another one: left, top, right and bottom; None: nowhere."""
        pictures = [None, self.picture()]

        def still():
            pictures.append(self.picture())
            return pictures[-1] == pictures[-2] == pictures[-3]

        wait_until(still, what="the screen to be still")
        rows = [y for y in range(below, len(before)) if before[y] != pictures[-1][y]]
        columns = [x // 3 for y in rows for x, (old, new) in enumerate(zip(before[y], pictures[-1][y])) if old != new]
        return (min(columns), rows[0], max(columns), rows[-1]) if rows else None

    def shows(self, before, what, below=0, left_of=None):
        def there():
            box = self.changed(before, below)
            return box if box and (left_of is None or box[0] < left_of) else None

        return wait_until(there, what=what)

    def picture(self):
        return pixels(self.folder)

    def keep_picture(self, name):
        """For people: the corner where there is something to be seen."""
        folder = SOURCE / "build/screenshots"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.png").write_bytes(png([row[-400 * 3 :] for row in self.picture()[:180]]))

    def open_menu(self, icon, bare):
        """Until the panel has read the icon's, it shows one of its own, which is longer."""
        left, top, right, bottom = icon

        def opened():
            self.click((left + right) // 2, (top + bottom) // 2, 3)
            menu = self.shows(bare, "the menu", BAR + 1)
            if menu[3] - menu[1] < 100:  # three lines, of which the panel has more
                return menu
            self.xdotool("key", "Escape")
            wait_until(lambda: self.changed(bare, BAR + 1) is None, what="the panel's menu to go")
            return None

        return wait_until(opened, what="the icon's menu")

    def click(self, x, y, button=1):
        self.xdotool("mousemove", x, y, "click", button)

    def xdotool(self, *arguments):
        environment = dict(os.environ, DISPLAY=self.environment["DISPLAY"])
        subprocess.run(["xdotool", *map(str, arguments)], env=environment, check=True, timeout=LEAST)
