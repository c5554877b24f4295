# SPDX-License-Identifier: LGPL-2.1-or-later
"""Ports of this machine, so that one test's are not taken by another, in however many runs at once."""

import contextlib
import random
import socket

from waiting import wait_until

BRIDGE = 7835
# The kernel gives none of these to who asks for any port, as each client does: one of those may be gone before it is used.
OURS = range(20000, 32000)
claims = []


def claim(port):
    """Keeps other tests from @port as long as what is returned is open, and this process runs; None where another has it."""
    mine = socket.socket(socket.AF_UNIX)
    try:
        mine.bind(f"\0rbee-hive-test-port-{port}")
    except OSError:
        mine.close()
        return None
    return mine


def is_free(port):
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("", port))
        except OSError:
            return False
    return True


def free_port():
    """One that nobody listens on, for this process alone."""
    for port in random.sample(OURS, len(OURS)):
        mine = claim(port) if is_free(port) else None
        if mine:
            claims.append(mine)
            return port
    raise AssertionError("all ports are taken")


@contextlib.contextmanager
def only_bridge(machine):
    """The sockets of a machine's bridge listen. Machines side by side share this one's ports: another's waits until the end."""
    with wait_until(lambda: claim(BRIDGE), 600, f"port {BRIDGE}, which another test has"):
        machine.run("systemctl", "start", "rbee-hive-bridge.socket")
        try:
            yield
        finally:
            machine.run("systemctl", "stop", "rbee-hive-bridge.socket", "rbee-hive-bridge.service", status=None)
