# SPDX-License-Identifier: LGPL-2.1-or-later
"""A member of group rbee, who may use the bridge's socket, wants to speak for root."""

import base64
import hashlib
import hmac

import pytest

from build import SOURCE
from catalog import pkgbuild
from ports import only_bridge

STATE = "/var/lib/rbee-hive-bridge"
SOCKET = "/run/rbee-hive/http.sock"

# Machines side by side share this one's ports.
pytestmark = pytest.mark.xdist_group("port-7835")


@pytest.fixture
def web(machine, hive):
    if machine.run("id", "dora", status=None).returncode != 0:
        machine.run("useradd", "--create-home", "--shell", "/bin/bash", "--groups", "rbee", "dora")
    with only_bridge(machine):
        machine.run("curl", "-s", "--unix-socket", SOCKET, "http://localhost/health", user="dora")
        yield machine


def modes(machine):
    return machine.run("stat", "-c", "%a %U %G", STATE, f"{STATE}/key").stdout.splitlines()


def token_for_root(key):
    def encode(data):
        return base64.b64encode(data, altchars=b"-.").rstrip(b"=").decode()

    text = "rbee_0_ffffffff_AAAAAAAAAAAA"
    return f"{text}_{encode(hmac.digest(key, b'rbee-hive token 1' + bytes([10]) + text.encode(), hashlib.sha256))}"


def cancel(machine, job, token):
    return int(
        machine.run(
            "curl",
            "-s",
            "-o",
            "/dev/null",
            "-w",
            "%{http_code}",
            "-X",
            "DELETE",
            "-H",
            f"Authorization: Bearer {token}",
            f"http://127.0.0.1:7835/v1/jobs/{job}",
            user="dora",
        ).stdout
    )


def test_member_of_the_group_does_not_read_the_key_and_ends_nobodys_job(web, hive):
    hive.catalog.add("slow", pkgbuild("slow", build="sleep 86399"))
    job = hive.install("slow")
    job.wait_for_line("Starting build")
    stolen = web.run("cat", f"{STATE}/key", user="dora", status=None)
    assert stolen.returncode != 0 and "Permission denied" in stolen.stderr
    assert modes(web) == ["700 rbee-bridge rbee-bridge", "600 rbee-bridge rbee-bridge"]
    assert cancel(web, job.id, token_for_root(b"k" * 32)) == 401
    assert cancel(web, job.id, token_for_root(web.path(f"{STATE}/key").read_bytes())) == 200, "this is how a token is signed"


def test_key_that_a_group_could_read_is_refused_and_an_upgrade_makes_another(web, hive):
    old = b"o" * 32
    web.path(f"{STATE}/key").write_bytes(old)
    web.path(f"{STATE}/key").chmod(0o640)
    web.run("systemctl", "restart", "rbee-hive-bridge.service", status=1)
    assert "is not a key" in web.journal("--unit=rbee-hive-bridge.service")
    script = (SOURCE / "data/debian/rbee-hive-bridge.postinst").read_text()
    web.run("sh", "-s", "configure", "0.1.0-1", input=script)
    web.run("systemctl", "reset-failed", "rbee-hive-bridge.service", "rbee-hive-bridge.socket", status=None)
    web.run("systemctl", "restart", "rbee-hive-bridge.socket", "rbee-hive-bridge.service")
    assert web.path(f"{STATE}/key").read_bytes() != old
    assert modes(web)[1] == "600 rbee-bridge rbee-bridge"
    key = web.path(f"{STATE}/key").read_bytes()
    web.run("sh", "-s", "configure", "0.1.0-2", input=script)
    assert web.path(f"{STATE}/key").read_bytes() == key, "a good one stays"
