# SPDX-License-Identifier: LGPL-2.1-or-later
"""The network of fetchers and of a recipe's functions under systemd's units."""

import contextlib
import os
import socket

import pytest

from catalog import pkgbuild

if not os.path.exists("/dev/net/tun"):
    pytest.skip("this machine has no /dev/net/tun for its guests", allow_module_level=True)

TRY = """
import contextlib, socket, sys
for target in sys.argv[2:]:
    address, _, port = target.rpartition("@")
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as attempt:
        attempt.settimeout(2)
        attempt.connect((address, int(port)))
        print("REACHED", target)
with contextlib.suppress(OSError):
    socket.socket(socket.AF_UNIX).connect("\\0" + sys.argv[1])
    print("REACHED an abstract socket")
print("devices", *(name for _, name in socket.if_nameindex()))
"""


def test_functions_with_the_network_do_not_reach_the_machine(hive):
    """Its services listen on all of its addresses; the guest has its host's network."""
    with (
        socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True) as listener,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe,
        socket.socket(socket.AF_UNIX) as abstract,
    ):
        port, targets = listener.getsockname()[1], ["127.0.0.1", "::1"]
        with contextlib.suppress(OSError):
            probe.connect(("192.0.2.1", 9))
            targets.append(probe.getsockname()[0])
        name = f"rbee-test-{os.urandom(8).hex()}"
        abstract.bind(f"\0{name}")
        abstract.listen()
        tried = f"python3 - {name} {' '.join(f'{target}@{port}' for target in targets)} <<'PYTHON'{TRY}PYTHON"
        hive.catalog.add("some", pkgbuild("some", extra=f"prepare() {{\n{tried}\n}}", build=tried))
        lines = hive.installs("some").lines()
        assert sum(line.startswith("devices lo") for line in lines) == 2
        assert not [line for line in lines if line.startswith("REACHED")]
