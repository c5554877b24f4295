#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Stands in for rbee's Candle worker. It has the options of src/bin/cpu.rs: each is needed, and any other ends it with status 2, as clap does.
The heartbeat of its hive is sent once and not heard."""

import argparse
import http.server
import json
import urllib.error
import urllib.request

parser = argparse.ArgumentParser(allow_abbrev=False)
for option in ("--worker-id", "--model", "--model-ref", "--hive-url"):
    parser.add_argument(option, required=True)
parser.add_argument("--port", type=int, required=True)
ARGUMENTS = vars(parser.parse_args())


def heartbeat():
    try:
        urllib.request.urlopen(ARGUMENTS["hive_url"] + "/v1/worker-heartbeat", data=b"{}", timeout=10).close()
        return "heard"
    except urllib.error.URLError as error:
        return error.reason.strerror


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):  # noqa: N802
        body = json.dumps({"/health": {"status": "healthy", "vram_bytes": 0}, "/arguments": {**ARGUMENTS, "hive": HIVE}}.get(self.path)).encode()
        self.send_response(200 if body != b"null" else 404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


with open(ARGUMENTS["model"], "rb") as model:
    assert model.read(4) == b"GGUF"
HIVE = heartbeat()
http.server.ThreadingHTTPServer(("0.0.0.0", ARGUMENTS["port"]), Handler).serve_forever()
