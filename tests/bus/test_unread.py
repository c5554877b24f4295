# SPDX-License-Identifier: LGPL-2.1-or-later
"""Clients that call, or listen, and never read what comes: they hurt nobody else."""

import os
import select
import socket
import time

import pytest
from gi.repository import Gio, GLib

from catalog import pkgbuild
from client import JOB, NAME, PATH, HiveError, variant
from waiting import wait_until

PROPERTIES = "org.freedesktop.DBus.Properties"
NO_REPLY = Gio.DBusMessageFlags.NO_REPLY_EXPECTED


class Raw:
    """A connection that writes calls and reads when it is told to."""

    def __init__(self, hive):
        self.serial, self.left, self.answers = 0, b"", b""
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(str(hive.directory / "bus"))
        self.socket.sendall(b"\0AUTH EXTERNAL " + str(os.getuid()).encode().hex().encode() + b"\r\n")
        assert self.socket.recv(200).startswith(b"OK ")
        self.socket.sendall(b"NEGOTIATE_UNIX_FD\r\n")
        assert self.socket.recv(200).startswith(b"AGREE")
        self.socket.sendall(b"BEGIN\r\n")
        self.call("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "Hello")
        self.socket.recv(1000)
        self.socket.setblocking(False)
        hive.stops.append(self.socket.close)

    def call(self, name, path, interface, method, body=None, flags=None):
        """Writes as much as the bus takes now. False: not all of it."""
        message = Gio.DBusMessage.new_method_call(name, path, interface, method)
        if body:
            message.set_body(body)
        if flags:
            message.set_flags(flags)
        self.serial += 1
        message.set_serial(self.serial)
        self.left += message.to_blob(Gio.DBusCapabilityFlags.NONE)
        return self.flush()

    def flush(self):
        try:
            while self.left:
                self.left = self.left[self.socket.send(self.left) :]
        except BlockingIOError:
            pass
        return not self.left

    def read(self):
        """The messages that have come since."""
        while select.select([self.socket], [], [], 0.05)[0]:
            self.answers += self.socket.recv(65536)
        messages = []
        while len(self.answers) >= 16:
            size = Gio.DBusMessage.bytes_needed(self.answers)
            if len(self.answers) < size:
                break
            messages.append(Gio.DBusMessage.new_from_blob(self.answers[:size], Gio.DBusCapabilityFlags.NONE))
            self.answers = self.answers[size:]
        return messages


def flood(hive, clients, count, *call, check, **options):
    """Each client makes @count calls and reads nothing; meanwhile @check, a call of somebody else, is answered. To sanitizers it is all the
    same after a few."""
    for number in range(count // 10 if hive.build.sanitized else count):
        for client in clients:
            if client.flush():
                client.call(NAME, *call, **options)
        if number % 50 == 0:
            check()
    check()


def floods(hive):
    job = hive.installs("loud")
    options = GLib.Variant("(a{sv})", ({"all": variant(True)},))
    return job, {
        "OpenLog": (job.path, JOB, "OpenLog"),
        "ReadLog": (job.path, JOB, "ReadLog", GLib.Variant("(tu)", (0, 0))),
        "ListJobs": (PATH, NAME, "ListJobs", options),
        "GetAll": (job.path, PROPERTIES, "GetAll", GLib.Variant("(s)", (JOB,))),
        "GetManagedObjects": (PATH, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects"),
        "NoSuchMethod": (PATH, NAME, "NoSuchMethod"),
        "InstallWorker": (PATH, NAME, "InstallWorker", GLib.Variant("(s)", ("x" * 1_000_000,))),
    }


def assert_stayed_small(hive, before):
    # The address sanitizer keeps what was freed.
    assert hive.build.sanitized or hive.memory() < before + 16 * 1024


@pytest.fixture
def loud_hive(hive):
    hive.configure("Log", MaxOpenLogs=100_000)
    hive.catalog.add("loud", pkgbuild("loud", build="seq 20000"))
    for number in range(1, 301):
        hive.old_job(number)
    return hive


@pytest.mark.parametrize(
    "what, count",
    [
        ("OpenLog", 3000),
        ("ReadLog", 3000),
        ("ListJobs", 3000),
        ("GetAll", 30000),
        ("GetManagedObjects", 2000),
        ("NoSuchMethod", 30000),
        ("InstallWorker", 300),
    ],
)
def test_client_that_never_reads_hurts_only_itself(loud_hive, what, count):
    """Unheeded, dbus-daemon would hear nothing more of the hive after 64 descriptors or 127 MiB that this client leaves unread."""
    job, calls = floods(loud_hive)
    other = loud_hive.connect()
    before = loud_hive.memory()

    def check():
        assert loud_hive.call("GetJob", job.id) == job.path
        assert loud_hive.call("ReadLog", GLib.Variant("(tu)", (0, 1)), path=job.path, interface=JOB, connection=other)[0]

    flood(loud_hive, [Raw(loud_hive)], count, *calls[what], check=check)
    assert_stayed_small(loud_hive, before)
    os.close(job.open_log())
    loud_hive.refuses("no-such-worker", "WorkerNotFound")


def test_client_that_wants_no_answers_hurts_only_itself(loud_hive):
    job, calls = floods(loud_hive)
    before = loud_hive.memory()
    flood(loud_hive, [Raw(loud_hive)], 5000, *calls["ListJobs"], flags=NO_REPLY, check=lambda: loud_hive.call("GetJob", job.id))
    assert_stayed_small(loud_hive, before)


@pytest.mark.root
@pytest.mark.parametrize("what, count", [("OpenLog", 500), ("ReadLog", 200)])
def test_user_whose_many_clients_never_read_hurts_no_other(loud_hive, what, count):
    job, calls = floods(loud_hive)
    clients = [Raw(loud_hive) for _ in range(20)]
    flood(loud_hive, clients, count, *calls[what], check=lambda: None)
    time.sleep(0.5)
    assert job.path in loud_hive.call_as_nobody(PATH, NAME, "GetJob", "s", job.id)
    assert loud_hive.call_as_nobody(job.path, JOB, "OpenLog").startswith("h ")
    for client in clients:
        client.socket.close()

    def answered():
        try:
            return loud_hive.call("GetJob", job.id) == job.path
        except HiveError as error:
            assert error.name == "LimitsExceeded" and str(os.getuid()) in error.message
            return False

    wait_until(answered, what="the user's share of answers, now that his clients have gone")


def test_client_that_reads_late_gets_every_answer_in_order(loud_hive):
    """As many calls as dbus-daemon lets one client have unanswered, of which most wait for it to read."""
    job, calls = floods(loud_hive)
    client = Raw(loud_hive)
    first = client.serial + 1
    for _ in range(120):
        wait_until(client.flush, what="room for a call")
        client.call(NAME, *calls["ReadLog"])
    wait_until(client.flush, what="room for a call")
    time.sleep(0.3)
    replies = []

    def all_there():
        replies.extend(message for message in client.read() if message.get_message_type() != Gio.DBusMessageType.SIGNAL)
        return len(replies) == 120

    wait_until(all_there, what=lambda: f"120 answers, there are {len(replies)}")
    assert [message.get_message_type() for message in replies] == [Gio.DBusMessageType.METHOD_RETURN] * 120
    assert [message.get_reply_serial() for message in replies] == list(range(first, first + 120))


def test_call_larger_than_any_is_refused(hive):
    """The first call of a connection has to wait until it is known whose that is; later ones say the same in their own words."""
    hive.start()
    for connection in (hive.connect(), hive.connect()):
        for _ in range(3):
            with pytest.raises(HiveError) as caught:
                hive.call("InstallWorker", "x" * 1_000_000, connection=connection)
            assert caught.value.name == "InvalidArgument"


def test_client_that_left_is_forgotten_with_its_calls(loud_hive):
    job, calls = floods(loud_hive)
    for _ in range(30):
        client = Raw(loud_hive)
        for _ in range(100):
            client.call(NAME, *calls["ReadLog"])
        client.socket.close()
    assert loud_hive.call("GetJob", job.id) == job.path


def test_bus_that_does_not_say_what_it_keeps_is_served_too(hive):
    hive.bus_policy = '<deny send_interface="org.freedesktop.DBus.Debug.Stats"/>'
    hive.catalog.add("loud", pkgbuild("loud", build="seq 20000"))
    job = hive.installs("loud")
    assert [record.text for record in job.read_log()[0] if record.stream == "out"] == [str(number) for number in range(1, 20001)]
    answers = [hive.ask("GetJob", job.id) for _ in range(100)]
    wait_until(lambda: all(answers), what="100 answers")
    assert answers == [[(job.path,)]] * 100


def test_subscriber_that_never_reads_long_lines_silences_nobody(hive):
    """A bus that keeps 48 MiB of a service instead of 127, so that it takes seconds, not a minute."""
    hive.bus_limits = {"max_incoming_bytes": 48 << 20}
    hive.configure("Log", MaxLogSize="1G")
    build = "line=$(head -c 16000 /dev/zero | tr '\\0' x)\nfor ((i = 0; i < 6000; i++)); do echo \"$line\"; ((i % 20)) || sleep 0.05; done"
    hive.catalog.add("wide", pkgbuild("wide", build=build))
    hive.start()
    stalled = Raw(hive)
    stalled.call(
        "org.freedesktop.DBus",
        "/org/freedesktop/DBus",
        "org.freedesktop.DBus",
        "AddMatch",
        GLib.Variant("(s)", ("type='signal',interface='org.rbee.Hive.Job',member='LineEmitted'",)),
    )
    wait_until(lambda: stalled.read(), what="the answer")
    job = hive.install("wide")
    while not job.finished():
        assert hive.call("GetJob", job.id) == job.path
        wait_until(lambda: True)
        time.sleep(0.2)
    assert job.wait() == ("done", "", "")
    assert "doesn't read" in hive.daemon_log()
    assert len([record for record in job.records() if record.stream == "out"]) == 6000
    skipped = [
        signal.arguments for signal in hive.signals if signal.path == job.path and signal.member == "LineEmitted" and signal.arguments[2] == "skipped"
    ]
    assert skipped
