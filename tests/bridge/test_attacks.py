# SPDX-License-Identifier: LGPL-2.1-or-later
"""What no client says: requests that two servers could read in two ways, bombs, and those who never finish."""

import contextlib
import os
import random
import resource
import socket
import time

import pytest

from bridge import Answer
from waiting import LEAST, wait_until

HEAD = b"GET /health HTTP/1.1\r\nHost: localhost\r\n"


def post(body, *headers):
    return b"\r\n".join([b"POST /v1/jobs HTTP/1.1", b"Host: localhost", b"Content-Type: application/json", *headers, b"", body])


SHAPES = {
    "two hosts": (HEAD + b"Host: evil.example\r\n\r\n", 400, "two Host"),
    "two equal hosts": (HEAD + b"host: localhost\r\n\r\n", 400, "two Host"),
    "no host": (b"GET /health HTTP/1.1\r\n\r\n", 400, "Host"),
    "empty host": (b"GET /health HTTP/1.1\r\nHost: \r\n\r\n", 400, "Host"),
    "no host in 1.0": (b"GET /health HTTP/1.0\r\n\r\n", 400, "Host"),
    "space before the colon": (HEAD + b"X : y\r\n\r\n", 400, "NAME: VALUE"),
    "folded header": (HEAD + b"X: y\r\n z\r\n\r\n", 400, "NAME: VALUE"),
    "header without a colon": (HEAD + b"nonsense\r\n\r\n", 400, "NAME: VALUE"),
    "header without a name": (HEAD + b": x\r\n\r\n", 400, "NAME: VALUE"),
    "NUL in a header": (HEAD + b"X: a\0b\r\n\r\n", 400, "control"),
    "NUL in Host": (b"GET /health HTTP/1.1\r\nHost: localhost\0.evil\r\n\r\n", 400, "control"),
    "NUL in the target": (b"GET /health\0 HTTP/1.1\r\nHost: localhost\r\n\r\n", 400, "control"),
    "bell in a header": (HEAD + b"X: \x07\r\n\r\n", 400, "control"),
    "delete in a header": (HEAD + b"X: \x7f\r\n\r\n", 400, "byte"),
    "bare line feeds": (b"GET /health HTTP/1.1\nHost: localhost\n\n", 400, "CR LF"),
    "bare carriage return": (HEAD + b"X: a\rb\r\n\r\n", 400, "CR LF"),
    "bare line feed in a header": (HEAD + b"X: a\nTransfer-Encoding: chunked\r\n\r\n", 400, "CR LF"),
    "length and encoding": (post(b"0\r\n\r\n", b"Content-Length: 5", b"Transfer-Encoding: chunked"), 411, "Content-Length"),
    "encoding and length": (post(b"0\r\n\r\n", b"Transfer-Encoding: chunked", b"Content-Length: 5"), 411, "Content-Length"),
    "chunked": (post(b"2\r\n{}\r\n0\r\n\r\n", b"Transfer-Encoding: chunked"), 411, "Content-Length"),
    "disguised encoding": (post(b"", b"Transfer-Encoding: xchunked"), 411, "Content-Length"),
    "two lengths": (post(b"{}", b"Content-Length: 2", b"Content-Length: 3"), 400, "two Content-Length"),
    "two equal lengths": (post(b"{}", b"Content-Length: 2", b"Content-Length: 2"), 400, "two Content-Length"),
    "list of lengths": (post(b"{}", b"Content-Length: 2, 2"), 400, "Content-Length"),
    "signed length": (post(b"{}", b"Content-Length: +2"), 400, "Content-Length"),
    "negative length": (post(b"{}", b"Content-Length: -2"), 400, "Content-Length"),
    "hexadecimal length": (post(b"{}", b"Content-Length: 0x2"), 400, "Content-Length"),
    "empty length": (post(b"{}", b"Content-Length:"), 400, "Content-Length"),
    "huge length": (post(b"{}", b"Content-Length: 99999999999999999999999"), 400, "Content-Length"),
    "body of a GET": (HEAD + b"Content-Length: 5\r\n\r\nhello", 400, "only POST"),
    "two authorizations": (HEAD + b"Authorization: Bearer a\r\nAuthorization: Bearer b\r\n\r\n", 400, "two Authorization"),
    "two origins": (HEAD + b"Origin: http://localhost\r\nOrigin: http://evil\r\n\r\n", 400, "two Origin"),
    "absolute target": (b"GET http://evil.example/health HTTP/1.1\r\nHost: localhost\r\n\r\n", 400, "path"),
    "asterisk": (b"OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n", 400, "path"),
    "fragment": (b"GET /health#x HTTP/1.1\r\nHost: localhost\r\n\r\n", 400, "path"),
    "space in the target": (b"GET /he alth HTTP/1.1\r\nHost: localhost\r\n\r\n", 400, "METHOD TARGET"),
    "two spaces": (b"GET  /health HTTP/1.1\r\nHost: localhost\r\n\r\n", 400, None),
    "tab for a space": (b"GET\t/health HTTP/1.1\r\nHost: localhost\r\n\r\n", 400, None),
    "no version": (b"GET /health\r\nHost: localhost\r\n\r\n", 400, "METHOD TARGET"),
    "other version": (b"GET /health HTTP/2.0\r\nHost: localhost\r\n\r\n", 505, "HTTP/1.1"),
    "version of two digits": (b"GET /health HTTP/1.11\r\nHost: localhost\r\n\r\n", 400, None),
    "lower case method": (b"get /health HTTP/1.1\r\nHost: localhost\r\n\r\n", 501, "GET"),
    "CONNECT": (b"CONNECT localhost:22 HTTP/1.1\r\nHost: localhost\r\n\r\n", 400, "path"),
    "TRACE": (b"TRACE / HTTP/1.1\r\nHost: localhost\r\n\r\n", 405, "GET"),
    "empty line first": (b"\r\n" + HEAD + b"\r\n", 400, None),
    "TLS": (bytes.fromhex("16030100c4010000c00303"), 400, "TLS"),
    "HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, "HTTP/1.1"),
    "expectation": (post(b"{}", b"Expect: a miracle", b"Content-Length: 2"), 417, "100-continue"),
    "long target": (b"GET /" + b"x" * 2100 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", 414, "2048"),
    "endless target": (b"GET /" + b"x" * 100000, 414, "2048"),
    "large header": (HEAD + b"X: " + b"y" * 33000 + b"\r\n\r\n", 431, "32768"),
    "endless header": (HEAD + b"X: " + b"y" * 1000000, 431, "32768"),
    "many headers": (HEAD + b"".join(b"X-%d: y\r\n" % number for number in range(100)) + b"\r\n", 431, "64 headers"),
    "large body": (post(b"x" * 70000, b"Content-Length: 70000"), 413, "MaxBodySize"),
    "body that will be large": (post(b"", b"Content-Length: 9223372036854775807"), 413, "MaxBodySize"),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_request_that_could_be_read_in_two_ways_is_refused(bridge, shape):
    data, status, part = SHAPES[shape]
    raw = bridge.raw(data)
    assert raw.count(b"HTTP/1.1 ") == 1, "one answer"
    Answer(raw).problem(status, None, *([part] if part else []))


def test_second_request_of_a_connection_gets_no_answer(bridge):
    for first in (HEAD + b"Connection: keep-alive\r\n\r\n", post(b"{}", b"Content-Length: 2")):
        raw = bridge.raw(first + b"GET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n" * 3)
        assert raw.count(b"HTTP/1.1 ") == 1


PATHS = [
    "/../../etc/passwd",
    "/..%2f..%2fetc/passwd",
    "/%2e%2e/%2e%2e/etc/passwd",
    "/assets/../../secret",
    "/assets/..%5c..%5csecret",
    "/%00",
    "/a%00.html",
    "/assets/%2e%2e%2fsecret",
    "/./secret",
    "/%",
    "/%2",
    "/%zz",
    "/%ff%fe",
    "/%0d%0aSet-Cookie:x",
    "/v1/jobs/..%2f..%2f",
    "/v1/jobs/1/../2",
    "/v1/catalog/../jobs",
    "/v1/jobs/%2e%2e/stream",
    "/v1/catalog/%2e%2e%2fetc",
]


@pytest.mark.parametrize("path", PATHS)
def test_path_that_climbs_or_hides_something_is_refused(bridge, path):
    bridge.get(path).problem(400, "InvalidArgument", "path")


@pytest.mark.parametrize(
    "path", ["//etc/passwd", "/etc/passwd", "/v1//jobs", "/v1/jobs/", "/v1/jobs//stream", "/v1/jobs/1/stream/", "/secret", "/.well-known/x"]
)
def test_path_that_leads_nowhere_is_a_404(new_bridge, path):
    (new_bridge.directory / "web").mkdir()
    (new_bridge.directory / "secret").write_text("secret")
    new_bridge.start().get(path).problem(404)


def test_whoever_sends_a_byte_a_second_is_told_and_ended(new_bridge):
    bridge = new_bridge.configure(RequestTimeout=2).start()
    slow = {"head": bridge.connect(), "body": bridge.connect()}
    slow["body"].sendall(post(b"", b"Content-Length: 100"))
    deadline = time.monotonic() + LEAST * bridge.hive.patience
    ended = {}
    while len(ended) < 2:
        assert time.monotonic() < deadline, "the bridge waits for ever"
        for name, client in slow.items():
            if name in ended:
                continue
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                client.send(b"G" if name == "head" else b"x")
            client.settimeout(0.2)
            with contextlib.suppress(TimeoutError):
                try:
                    ended[name] = client.recv(65536)
                except ConnectionResetError:
                    ended[name] = b""
    for answer in ended.values():
        Answer(answer).problem(408, "LimitsExceeded", setting="RequestTimeout")
    assert bridge.get("/health", token=None).status == 200


def test_connection_that_gives_way_to_another_is_told(new_bridge):
    bridge = new_bridge.configure(MaxConnections=16, RequestTimeout=60).start()
    clients = [bridge.connect() for _ in range(18)]
    for client in clients[:2]:
        answer = b""
        while data := client.recv(65536):
            answer += data
        Answer(answer).problem(503, "LimitsExceeded", setting="MaxConnections")
    for client in clients:
        client.close()


def test_ten_thousand_half_open_connections_keep_nobody_out(new_bridge):
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < 11000:
        pytest.skip(f"needs 11,000 descriptors, {hard} are allowed")
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    bridge = new_bridge.configure(MaxConnections=256, RequestTimeout=60).start()
    token = bridge.token()
    memory = bridge.memory()
    open_ones = []
    try:
        for number in range(10000):
            client = socket.socket()
            client.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                client.connect(("127.0.0.1", bridge.port))
            open_ones.append(client)
            if number % 100 == 0:
                with contextlib.suppress(OSError):
                    client.send(b"GET /hea")
            if number % 1000 == 999:
                assert bridge.get("/v1/jobs", token=token).status == 200, "somebody who asks is answered"
        assert len(bridge.descriptors()) < 400
        assert bridge.memory() < memory + bridge.leeway
    finally:
        for client in open_ones:
            client.close()
    wait_until(lambda: len(bridge.descriptors()) < 40, what="the connections to be gone")
    assert bridge.get("/v1/jobs", token=token).status == 200


def test_client_that_leaves_before_its_answer_is_noticed(bridge):
    """The catalog hangs, and nobody waits any more."""
    hive = bridge.hive
    hive.process.send_signal(19)
    try:
        clients = []
        for _ in range(20):
            client = bridge.connect()
            client.sendall(bridge.head("GET", "/v1/jobs", {}, bridge.token()))
            clients.append(client)
        wait_until(lambda: sum("socket" in link for link in bridge.descriptors()) > 20, what="the connections")
        for client in clients:
            client.close()
        wait_until(lambda: sum("socket" in link for link in bridge.descriptors()) < 10, what="them to be gone")
    finally:
        hive.process.send_signal(18)
    assert bridge.get("/v1/jobs").status == 200


def test_noise_is_answered_or_ended_and_nothing_breaks(bridge):
    chance = random.Random(7)
    whole = HEAD + b"Authorization: Bearer x\r\nAccept: text/event-stream\r\nContent-Length: 0\r\n\r\n"
    for _ in range(300):
        data = bytearray(whole)
        for _ in range(chance.randrange(1, 6)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        if chance.random() < 0.3:
            data = data[: chance.randrange(len(data))]
        raw = bridge.raw(bytes(data), half_close=True)
        assert raw == b"" or raw.startswith(b"HTTP/1.1 "), raw[:100]
    assert bridge.get("/health", token=None).status == 200


@pytest.mark.parametrize("unix", [False, True])
def test_answer_reaches_who_still_sends(bridge, unix):
    """A refusal before the body was read must not be lost in a reset."""
    for _ in range(20):
        raw = bridge.raw(post(os.urandom(300000), b"Content-Length: 300000"), unix=unix)
        Answer(raw).problem(413, "LimitsExceeded", setting="MaxBodySize")
