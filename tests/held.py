# SPDX-License-Identifier: LGPL-2.1-or-later
"""Workers whose jobs wait for the test."""

import threading

from gi.repository import GLib

from waiting import LEAST


class Held:
    """A catalog whose answer for a worker comes when the test lets it."""

    zero = GLib.Variant("i", 0)

    def __init__(self, hive, catalog):
        self.hive, self.catalog, self.gates = hive, catalog, {}
        hive.configure("Catalog", Timeout=3600)

    def add(self, name, recipe=None, /, **changes):
        gate = self.gates[name] = threading.Event()
        self.catalog.add(name, recipe, **changes)
        status, kind, data = self.catalog.answers[f"/workers/{name}"]

        def answer(handler):
            gate.wait(10 * LEAST)
            handler.send_response(status)
            handler.send_header("Content-Type", kind)
            handler.send_header("Content-Length", str(len(data)))
            handler.end_headers()
            handler.wfile.write(data)

        self.catalog.answers[f"/workers/{name}"] = answer

    def install(self, name):
        """Its job, which runs as far as its first phase."""
        self.add(name)
        return self.hive.install(name)

    def let_go(self, name):
        self.gates[name].set()

    def let_all_go(self):
        for gate in self.gates.values():
            gate.set()

    def ends(self, name):
        """Installs it."""
        job = self.install(name)
        self.let_go(name)
        assert job.wait() == ("done", "", ""), job.log_text()
        return job
