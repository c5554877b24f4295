# SPDX-License-Identifier: LGPL-2.1-or-later
"""A job of a hive, over D-Bus and on the disk."""

import collections
import json
import re

import gi

gi.require_version("Gio", "2.0")
from gi.repository import GLib  # noqa: E402

from client import JOB, NAME  # noqa: E402
from waiting import LEAST, wait_until  # noqa: E402

FINAL = ("done", "failed", "cancelled")
# "time phase stream text", single spaces
RECORD = re.compile(rb"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z) ([a-z-]+) (note|out|err|progress|result|error|end) (.*)", re.DOTALL)
Record = collections.namedtuple("Record", "cursor time phase stream text")
Finished = collections.namedtuple("Finished", "result error message")


def read_records(data):
    """The whole records of a log. A line that is none fails the test: nothing here crashes in the middle of a write."""
    records, cursor = [], 0
    for line in data.split(b"\n")[:-1]:
        match = RECORD.fullmatch(line)
        assert match, f"no record at {cursor}: {line[:200]!r}"
        records.append(Record(cursor, match[1].decode(), match[2].decode(), match[3].decode(), match[4].decode("utf-8")))
        cursor += len(line) + 1
    return records


def view(records):
    """The lines a person sees, as hivectl and the bridge show them."""
    lines = []
    for record in records:
        if record.stream in ("note", "out", "err"):
            lines.append(record.text)
        elif record.stream == "error":
            lines.append("[ERROR] " + record.text.partition(" ")[2])
        elif record.stream == "end" and record.text != "failed":
            lines.append({"done": "[DONE]", "cancelled": "[CANCELLED]"}[record.text])
    return lines


class Job:
    """A job of a hive, over D-Bus and on the disk."""

    def __init__(self, hive, path):
        self.hive, self.path, self.id = hive, path, path.rpartition("/")[2]

    def __eq__(self, other):
        return isinstance(other, Job) and self.path == other.path

    def __repr__(self):
        return f"Job({self.id})"

    @property
    def log_path(self):
        return self.hive.state / "jobs" / self.id / "log"

    @property
    def state(self):
        return self.get("State")

    def get(self, name):
        return self.hive.get(self.path, JOB, name)

    def call(self, method, *arguments):
        return self.hive.call(method, *arguments, path=self.path, interface=JOB)

    def cancel(self):
        self.call("Cancel")

    def finished(self):
        """The Finished signal, or None as long as there was none."""
        for signal_ in self.hive.signals:
            if signal_.path == self.path and signal_.member == "Finished":
                return Finished(*signal_.arguments)
        return None

    def wait(self, timeout=LEAST):
        def ended():
            assert not self.hive.process or self.hive.process.poll() is None, f"the daemon ended; the log:\n{self.log_text()}"
            return self.finished()

        return wait_until(ended, timeout * self.hive.patience, lambda: f"the end of job {self.id}; its log:\n" + self.log_text())

    def wait_for_state(self, state, timeout=LEAST):
        wait_until(lambda: self.state == state, timeout * self.hive.patience, lambda: f"{state}, it is {self.state}; its log:\n" + self.log_text())

    def wait_for_line(self, text, timeout=LEAST):
        def is_there():
            records = self.records()
            found = any(text in record.text for record in records)
            assert found or not records or records[-1].stream != "end", f"job {self.id} ended without the line {text}; the log:\n{self.log_text()}"
            return found

        wait_until(
            is_there,
            timeout * self.hive.patience,
            lambda: f"the line {text}; the log:\n" + self.log_text(),
        )

    def log_text(self):
        return self.log_path.read_bytes()[-8000:].decode("utf-8", "replace") if self.log_path.exists() else "(none)"

    def records(self):
        """What is in the log so far. A last line still being written is left for the next time."""
        return read_records(self.log_path.read_bytes()) if self.log_path.exists() else []

    def lines(self):
        return view(self.records())

    def result(self):
        return json.loads([record.text for record in self.records() if record.stream == "result"][-1])

    def open_log(self):
        """The descriptor of OpenLog."""
        answer, descriptors = self.hive.connection.call_with_unix_fd_list_sync(NAME, self.path, JOB, "OpenLog", None, None, 0, -1, None, None)
        return descriptors.get(answer.unpack()[0])

    def read_log(self, maximum=0, cursor=0):
        """The whole log by ReadLog: records, and whether it had ended."""
        records = []
        while True:
            some, following, ended = self.call("ReadLog", GLib.Variant("(tu)", (cursor, maximum)))
            records += [Record(*record) for record in some]
            if ended or following == cursor:
                return records, ended
            cursor = following
