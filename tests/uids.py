# SPDX-License-Identifier: LGPL-2.1-or-later
"""Users of jobs, so that one test's are not taken for another's, in however many runs at once on this machine."""

import socket

FIRST, COUNT, EACH = 58000, 1000, 10


class Uids:
    """Ten that no other test has until this is closed. Whoever binds a name has them: it goes with its process, and chroots share it."""

    def __init__(self):
        self.claim = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
        self.range = next(filter(None, map(self.take, range(FIRST, FIRST + COUNT, EACH))))

    def take(self, first):
        try:
            self.claim.bind(f"\0rbee-hive-test-uids-{first}")
        except OSError:
            return None
        return first, first + EACH - 1

    def close(self):
        self.claim.close()
