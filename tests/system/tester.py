#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A worker whose faults its instance's name says: tester PORT NAME [KEY_FILE], or reader PORT NAME MODEL."""

import http.server
import json
import os
import signal
import socket
import sys
import time

PORT, NAME = int(sys.argv[1]), sys.argv[2]
IS_READER = os.path.basename(sys.argv[0]) == "reader"
KEY = open(sys.argv[3], encoding="ascii").read().strip() if len(sys.argv) > 3 and not IS_READER else None


def reach(family, address):
    try:
        with socket.socket(family, socket.SOCK_STREAM) as there:
            there.settimeout(2)
            there.connect(address)
            return "reached"
    except OSError as error:
        return error.strerror


def reach_node(node):
    try:
        os.close(os.open(node, os.O_RDWR))
        return True
    except OSError:
        return False


def inside():
    """What a hostile model would look for."""
    devices = sorted(name for name in os.listdir("/dev") if not os.path.isdir("/dev/" + name))
    return {
        "uid": os.getuid(),
        "interfaces": [line.split(":")[0].strip() for line in open("/proc/self/net/dev", encoding="ascii").readlines()[2:]],
        "devices": devices,
        "internet": reach(socket.AF_INET, ("1.1.1.1", 80)),
        "bus": reach(socket.AF_UNIX, "/run/dbus/system_bus_socket"),
        "hive": os.listdir("/var/lib/rbee-hive"),
        "home": os.access("/root", os.R_OK),
        "groups": os.getgroups(),
        "capabilities": [line.split()[1] for line in open("/proc/self/status", encoding="ascii") if line.startswith("Cap")],
    }


def model():
    """What a worker does with its model, and what it must not."""
    path, folder = sys.argv[3], os.path.dirname(sys.argv[3])
    try:
        os.close(os.open(path, os.O_WRONLY))
        written = "written"
    except OSError as error:
        written = error.strerror
    return {
        "path": path,
        "head": open(path, "rb").read(4).decode(),
        "write": written,
        "files": {name: os.path.getsize(os.path.join(folder, name)) for name in sorted(os.listdir(folder))},
    }


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):  # noqa: N802
        loads = NAME == "never-ready" or (NAME.startswith("loads") and time.monotonic() < STARTED + 1)
        if self.path == "/health":
            return self.answer(503 if loads else 200, {"status": "loading" if loads else "ok"})
        if KEY and self.headers.get("Authorization") != f"Bearer {KEY}":
            return self.answer(401, {})
        if self.path == "/crash":
            os.kill(os.getpid(), signal.SIGKILL)
        if self.path == "/model":
            return self.answer(200, model())
        if self.path == "/folder":
            return self.answer(200, {"path": sys.argv[3], "files": sorted(os.listdir(sys.argv[3]))})
        return self.answer(200, inside() if self.path == "/inside" else {"pid": os.getpid(), "name": NAME, "words": sys.argv[4:]})

    def answer(self, status, data):
        body = json.dumps(data).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


STARTED = time.monotonic()
print("I begin as", NAME, flush=True)
if NAME.startswith("computes"):
    # As NVIDIA's library does, of the first card that it may open.
    card = next(number for number in range(2) if reach_node(f"/dev/nvidia{number}"))
    held = [open(node, "rb") for node in (f"/dev/nvidia{card}", "/dev/nvidiactl", *(["/dev/nvidia-uvm"] if NAME != "computes-half" else []))]
    print("I compute with", card, flush=True)
if NAME.startswith("amd"):
    # As AMD's library does: kfd, and of the first card that it may open the render node.
    render = next(node for node in ("/dev/dri/renderD128", "/dev/dri/renderD129") if reach_node(node))
    held = [open(node, "rb") for node in ("/dev/kfd", *([render] if NAME != "amd-half" else []))]
    print("I compute with", render, flush=True)
if NAME == "exits":
    print("No such tensor", flush=True)
    sys.exit(3)
if NAME == "deaf":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
http.server.ThreadingHTTPServer(("127.0.0.1", PORT), Handler).serve_forever()
