# SPDX-License-Identifier: LGPL-2.1-or-later
"""hivectl on a terminal, and jobs for it to follow."""

import json
import re

import terminal
from catalog import pkgbuild
from job import Job
from waiting import unique_seconds, wake

SGR = re.compile(r"\x1b\[[0-9;]*m")
ERASE = "\r\x1b[K"


def slow(hive, name="slow"):
    """A worker whose build goes on when what this gives is called."""
    seconds = unique_seconds()
    hive.catalog.add(name, pkgbuild(name, build=f"echo started\nsleep {seconds} || true\necho woke"))
    return lambda: wake(seconds)


def endless(hive, name="endless"):
    hive.catalog.add(name, pkgbuild(name, build="echo started\nsleep 86399"))
    return name


def latest_job(hive):
    jobs = hive.call("ListJobs", {}, signature="(a{sv})")
    return Job(hive, jobs[-1]["path"])


def lines_of_json(text):
    return [json.loads(line) for line in text.splitlines()]


class Terminal(terminal.Terminal):
    """hivectl on a terminal."""

    def __init__(self, hive, *arguments, columns=80, **environment):
        super().__init__(
            hive.build.bin / "hivectl",
            *arguments,
            environment=dict(hive.command_environment(), SYSTEMD_PAGER="cat") | environment,
            columns=columns,
            patience=hive.patience,
        )

    def lines(self):
        """What was shown for good: without colours, and without status lines, which are erased."""
        text = SGR.sub("", self.shown).replace("\r\n", "\n")
        return [line.rpartition(ERASE)[2] for line in text.split("\n")]
