# SPDX-License-Identifier: LGPL-2.1-or-later
"""Two networks for tests, each with a loopback of its own, and one link between them: what is sent there leaves this machine never."""

import concurrent.futures
import ctypes
import os
import socket
import subprocess

from waiting import wait_until

HERE, THERE = "192.0.2.2", "192.0.2.3"  # of a range for documentation, which counts as public
NOBODY = "192.0.2.9"  # what is sent to it is dropped, without a word
FAR, PRIVATE = "198.51.100.3", "10.9.8.3"  # also there
CLONE_NEWNET = 0x40000000


class Network:
    """A network namespace, as long as its process lives."""

    def __init__(self):
        self.process = subprocess.Popen(["unshare", "--net", "sleep", "infinity"])
        self.path = f"/proc/{self.process.pid}/ns/net"
        wait_until(lambda: os.readlink(self.path) != os.readlink("/proc/self/ns/net"), what="the namespace")
        self.ip("link set lo up")

    @property
    def enter(self):
        """What a command begins with that is to run in it."""
        return ["nsenter", f"--net={self.path}"]

    def ip(self, command):
        subprocess.run([*self.enter, "ip", *command.split()], check=True)

    def listen(self, address, port=0):
        """A socket that listens in it, for us who are not in it: a thread goes there to make it."""

        def make():
            with open(self.path) as namespace:
                if ctypes.CDLL(None, use_errno=True).setns(namespace.fileno(), CLONE_NEWNET) < 0:
                    raise OSError(ctypes.get_errno(), "setns")
            return socket.create_server((address, port))

        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            return pool.submit(make).result()

    def close(self):
        self.process.kill()
        self.process.wait()


class Neighbours:
    """@here, where the hive is to run, and @there, where servers are."""

    def __init__(self):
        self.here, self.there = Network(), Network()
        self.here.ip(f"link add here type veth peer name there netns {self.there.process.pid}")
        self.here.ip(f"address add {HERE}/24 dev here")
        for address in (f"{THERE}/24", f"{FAR}/32", f"{PRIVATE}/32"):
            self.there.ip(f"address add {address} dev there")
        self.there.ip("link set there up")
        self.here.ip("link set here up")
        self.here.ip(f"route add default via {THERE}")
        self.here.ip(f"neighbour add {NOBODY} lladdr 02:00:00:00:00:09 dev here nud permanent")

    def close(self):
        for network in (self.here, self.there):
            network.close()
