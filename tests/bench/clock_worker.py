#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""clock PORT TOKENS MIB: a worker for tests/bench/system that says when its health was good first, streams so many tokens at a rate, and so
many MiB as fast as they go."""

import socket
import sys
import threading
import time

LOADS = 2
PORT, TOKENS, MIB = map(int, sys.argv[1:])
TOKEN, BLOCK = b"data: " + b"x" * 90 + b"\n\n", bytes(1 << 20)
OPENED = time.monotonic() + LOADS
PACE = 1 / 100


def answer(peer):
    path = peer.recv(65536).split()[1].decode()
    if path == "/health":
        healthy = time.monotonic() >= OPENED
        peer.sendall(b"HTTP/1.0 %s\r\n\r\n" % (b"200 OK" if healthy else b"503 Loading"))
    elif path == "/opened":
        peer.sendall(b"HTTP/1.0 200 OK\r\n\r\n%d" % (OPENED * 1e6))
    elif path == "/tokens":
        peer.sendall(b"HTTP/1.0 200 OK\r\n\r\n")
        start = time.monotonic()
        for i in range(TOKENS):
            time.sleep(max(0, start + i * PACE - time.monotonic()))
            peer.sendall(TOKEN)
    elif path == "/bytes":
        peer.sendall(b"HTTP/1.0 200 OK\r\n\r\n")
        for _ in range(MIB):
            peer.sendall(BLOCK)
    else:
        peer.sendall(b"HTTP/1.0 200 OK\r\n\r\nx")
    peer.close()


def serve(listener):
    while True:
        peer, _ = listener.accept()
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=answer, args=(peer,), daemon=True).start()


serve(socket.create_server(("127.0.0.1", PORT)))
