# SPDX-License-Identifier: LGPL-2.1-or-later
"""hivectl --json of the machine that a module runs on, and what its exit statuses mean."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import json

STATUS_NOT_FOUND = 3
STATUS_NO_HIVE = 5
LAST_LINES = 20


class HivectlError(Exception):
    """What hivectl said when it failed, and its exit status."""

    def __init__(self, message, status):
        super().__init__(message)
        self.status = status


class Hivectl:
    """The command line of the machine's hive. Needs no other library there than Python's own."""

    def __init__(self, module):
        self.module = module
        self.path = module.get_bin_path("hivectl")
        if not self.path:
            module.fail_json(msg="hivectl is not installed on this machine; the role rbee.hive.hive installs it")

    def run(self, *arguments):
        """The exit status, what it printed and what it said. Messages are English, whatever the machine's language is."""
        command = [self.path, "--json", "--no-ask-password"] + list(arguments)
        return self.module.run_command(command, environ_update={"LC_ALL": "C.UTF-8"})

    def ask(self, *arguments):
        """What a verb prints that shows something."""
        status, output, said = self.run(*arguments)
        if status != 0:
            raise HivectlError(said.strip().replace("hivectl: ", "", 1), status)
        return json.loads(output)

    def installed(self, worker):
        """The record of an installed worker; None where it is not installed."""
        return next((record for record in self.ask("list") if record["id"] == worker), None)

    def follow(self, *arguments):
        """Does what ends in a job, and gives the job's outcome and its log's lines."""
        status, output, said = self.run(*arguments)
        records = [json.loads(line) for line in output.splitlines() if line.startswith("{")]
        log = [record["text"] for record in records if "text" in record and record.get("stream") in ("out", "note")]
        outcome = next((record for record in reversed(records) if "state" in record), None)
        if outcome is None:
            raise HivectlError(said.strip().replace("hivectl: ", "", 1) or "hivectl ended with status %d" % status, status)
        return outcome, log
