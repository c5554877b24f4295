# SPDX-License-Identifier: LGPL-2.1-or-later
"""Many who read the same at once: a restart of the bridge brings everybody back in one moment."""

import select
import socket

import pytest

from catalog import pkgbuild
from job import Job

READERS = 1000


def hive_job(bridge, ident):
    return Job(bridge.hive, f"/org/rbee/Hive/job/{ident}")


def come_at_once(bridge, job, count=READERS, accept="text/event-stream"):
    """That many clients ask for the stream before the first of them reads."""
    head = bridge.head("GET", f"/v1/jobs/{job}/stream", {"Accept": accept}, ...)
    clients = []
    for _ in range(count):
        client = socket.create_connection(("127.0.0.1", bridge.port), timeout=60 * bridge.hive.patience)
        client.sendall(head)
        clients.append(client)
    return clients


def read_all(clients):
    bodies = {client: b"" for client in clients}
    poll, by_number = select.poll(), {client.fileno(): client for client in clients}
    for number in by_number:
        poll.register(number, select.POLLIN)
    while by_number:
        ready = poll.poll(60000)
        assert ready, f"{len(by_number)} streams do not end"
        for number, _ in ready:
            data = by_number[number].recv(1 << 18)
            bodies[by_number[number]] += data
            if not data:
                poll.unregister(number)
                by_number.pop(number).close()
    return list(bodies.values())


def assert_read_to_the_end(bodies, end=b"data: [DONE]\n\n"):
    refused = [body for body in bodies if not body.startswith(b"HTTP/1.1 200 ")]
    assert not refused, f"{len(refused)} of {len(bodies)} were refused: {refused[0].decode()}"
    assert all(body.endswith(end) for body in bodies)


@pytest.fixture
def plain_bridge(new_bridge):
    """With the settings that it comes with."""
    for key in ("RequestTimeout",):
        del new_bridge.settings[key]
    return new_bridge.start()


def test_thousand_readers_come_back_at_once_to_a_job_that_runs(plain_bridge):
    bridge = plain_bridge
    bridge.hive.catalog.add("slow", pkgbuild("slow", build="echo a line; sleep 86399"))
    job = bridge.install("slow")
    hive_job(bridge, job).wait_for_line("a line")
    for _ in range(2):
        bridge.restart()
        clients = come_at_once(bridge, job)
        for client in clients:
            assert client.recv(12) == b"HTTP/1.1 200"
        assert bridge.descriptors().count(str(hive_job(bridge, job).log_path)) == 1
        for client in clients[1:]:
            client.close()
    bridge.delete(f"/v1/jobs/{job}")
    assert read_all(clients[:1])[0].endswith(b"data: [CANCELLED]\n\n")


@pytest.mark.parametrize("at_once", [True, False])
def test_thousand_readers_of_a_job_that_has_ended_are_one_question_to_the_hive(plain_bridge, at_once):
    bridge = plain_bridge
    bridge.hive.catalog.add("some")
    job = bridge.install("some")
    hive_job(bridge, job).wait()
    if at_once:
        assert_read_to_the_end(read_all(come_at_once(bridge, job)))
        return
    for _ in range(READERS):
        assert_read_to_the_end(read_all(come_at_once(bridge, job, 1)))


def test_log_that_nobody_reads_is_let_go_when_it_is_deleted(plain_bridge):
    bridge = plain_bridge
    bridge.hive.catalog.add("some")
    job = bridge.install("some")
    hive_job(bridge, job).wait()
    assert_read_to_the_end(read_all(come_at_once(bridge, job, 1)))
    bridge.hive.stop()
    for path in (bridge.hive.state / "jobs" / job).iterdir():
        path.unlink()
    (bridge.hive.state / "jobs" / job).rmdir()
    bridge.hive.start()
    bridge.get(f"/v1/jobs/{job}/stream").problem(404, "JobNotFound")


def test_readers_of_a_job_that_is_none_are_all_told(plain_bridge):
    bodies = read_all(come_at_once(plain_bridge, 77, 200))
    assert len(bodies) == 200
    for body in bodies:
        assert body.startswith(b"HTTP/1.1 404 ") and b"JobNotFound" in body


def test_readers_that_leave_before_the_log_is_open_break_nothing(plain_bridge):
    bridge = plain_bridge
    bridge.hive.catalog.add("some")
    job = bridge.install("some")
    hive_job(bridge, job).wait()
    bridge.restart()
    bridge.hive.process.send_signal(19)
    try:
        clients = come_at_once(bridge, job, 20)
        for client in clients[:19]:
            client.close()
    finally:
        bridge.hive.process.send_signal(18)
    assert_read_to_the_end(read_all(clients[19:]))
