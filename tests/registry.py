# SPDX-License-Identifier: LGPL-2.1-or-later
"""Registries for tests: Debian's docker-registry, and a gate in front of it that may misbehave."""

import http.client
import http.server
import json
import pathlib
import shutil
import socket
import subprocess
import tempfile
import threading
import urllib.parse

import unpacked
from ports import free_port
from stores import INDEX, MANIFEST, Layout, compact, digest
from waiting import wait_until

PASSWORD = "anna:s3cret"
HTPASSWD = "anna:$2b$04$97M0I10DZW3VLo4RMCiT7O3h4t0wDoo6wczg6RillJtZIqSGWi4VC\n"
REPOSITORY = "builds/rbee"


def program():
    """Its path. The package would start a service on port 5000 when it is installed."""
    return unpacked.program("usr/bin/docker-registry", "docker-registry")


class Registry:
    """docker-registry on this machine's loopback, over TLS with a @certificate (its file and its key's)."""

    def __init__(self, certificate=None, password=False, address="127.0.0.1"):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="rbee-registry.", dir="/var/tmp"))
        self.port, self.tls, self.address, self.process = free_port(), bool(certificate), address, None
        (self.folder / "htpasswd").write_text(HTPASSWD)
        lines = ["version: 0.1", "log:", "  level: warn", "storage:", "  filesystem:", f"    rootdirectory: {self.folder}/data"]
        lines += ["http:", f"  addr: {address}:{self.port}", "  secret: shared"]
        if certificate:
            lines += ["  tls:", f"    certificate: {certificate[0]}", f"    key: {certificate[1]}"]
        if password:
            lines += ["auth:", "  htpasswd:", "    realm: test", f"    path: {self.folder}/htpasswd"]
        (self.folder / "config.yml").write_text("\n".join(lines) + "\n")
        self.start()

    @property
    def url(self):
        return f"{'https' if self.tls else 'http'}://{self.address}:{self.port}/{REPOSITORY}"

    def start(self):
        with open(self.folder / "log", "a", encoding="utf-8") as log:
            self.process = subprocess.Popen([program(), "serve", self.folder / "config.yml"], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        wait_until(self.listens, what="the registry")

    def listens(self):
        with socket.socket() as client:
            return client.connect_ex((self.address, self.port)) == 0

    def kill(self):
        if self.process:
            self.process.kill()
            self.process.wait()
        self.process = None

    def close(self):
        self.kill()
        shutil.rmtree(self.folder)

    # as one who looks into it, past the hive

    def request(self, method, path, body=None, kind=None):
        connection = http.client.HTTPConnection(self.address, self.port)
        connection.request(method, f"/v2/{REPOSITORY}/{path}", body, {"Accept": f"{INDEX}, {MANIFEST}", **({"Content-Type": kind} if kind else {})})
        answer = connection.getresponse()
        data = answer.read()
        connection.close()
        return answer.status, data

    def blob(self, path):
        """What it has as "blobs/sha256:…"."""
        return (self.folder / "data/docker/registry/v2/blobs/sha256" / path[13:15] / path[13:] / "data").read_bytes()

    def index(self, tag):
        status, data = self.request("GET", f"manifests/{tag}")
        return json.loads(data) if status == 200 else None

    def set_index(self, tag, index):
        status, said = self.request("PUT", f"manifests/{tag}", index if isinstance(index, bytes) else compact(index), INDEX)
        assert status == 201, said

    def records(self, tag):
        """The records of the builds that it has under @tag, the first one first."""
        records = []
        for entry in self.index(tag)["manifests"]:
            manifest = json.loads(self.request("GET", f"manifests/{entry['digest']}")[1])
            records.append(json.loads(self.request("GET", f"blobs/{manifest['config']['digest']}")[1]))
        return records


class Gate:
    """Stands in front of a @registry, at an @address or behind a @listener, over TLS with a @context. @rule is called with each request
    (Passage) before it goes on; what it answers itself goes no further. @change changes an answer's body, @cut ends the connection after so
    many bytes of one."""

    def __init__(self, registry, address="127.0.0.1", context=None, listener=None):
        listener = listener or socket.create_server((address, 0))
        self.address, self.scheme = listener.getsockname()[0], "https" if context else "http"
        self.registry, self.rule, self.seen = registry, lambda passage: None, []
        gate = self

        class Passage(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do(self):
                self.what = self.path.partition("?")[0].removeprefix(f"/v2/{REPOSITORY}/")
                self.change, self.cut, self.answered = None, None, False
                gate.seen.append((self.command, self.what, dict(self.headers)))
                gate.rule(self)
                if not self.answered:
                    self.forward()

            do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do  # noqa: N815

            def log_message(self, *arguments):
                pass

            def answer(self, status, body=b"", **headers):
                self.answered = True
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name.replace("_", "-"), value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body)

            def hang_up(self):
                self.answered = self.close_connection = True
                self.connection.shutdown(socket.SHUT_RDWR)

            def forward(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                connection = http.client.HTTPConnection(gate.registry.address, gate.registry.port)
                try:
                    connection.request(self.command, self.path, body, {**self.headers, "X-Forwarded-Proto": gate.scheme})
                    answer = connection.getresponse()
                    data = answer.read()
                except (OSError, http.client.HTTPException):
                    self.hang_up()
                    return
                finally:
                    connection.close()
                data = self.change(data) if self.change else data
                self.send_response(answer.status)
                for name, value in answer.getheaders():
                    if name.lower() not in ("content-length", "date") or self.command == "HEAD":
                        self.send_header(name, value)
                if self.command != "HEAD":
                    self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                if self.command == "HEAD":
                    return
                self.wfile.write(data[: self.cut])
                if self.cut is not None:
                    self.hang_up()

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request, client_address):
                pass  # a client that went away in the middle is what some tests are about

        self.server = Server(listener.getsockname(), Passage, bind_and_activate=False)
        self.server.socket.close()
        self.server.socket = listener
        if context:
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    @property
    def port(self):
        return self.server.server_address[1]

    @property
    def url(self):
        return f"{self.scheme}://{self.address}:{self.port}/{REPOSITORY}"

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class TokenGate(Gate):
    """Lets in whoever has a token of its service, which gives one to who has the password."""

    def __init__(self, registry):
        super().__init__(registry)
        self.tokens, self.asked = set(), []
        self.rule = self.check

    def check(self, passage):
        if passage.path.startswith("/token?"):
            query = urllib.parse.parse_qs(passage.path.partition("?")[2])
            self.asked.append((query, passage.headers.get("Authorization", "")))
            token = f"token{len(self.asked)}"
            self.tokens.add((token, query["scope"][0]))
            passage.answer(200, compact({"token": token, "expires_in": 300}))
            return
        scope = f"repository:{REPOSITORY}:{'pull' if passage.command in ('GET', 'HEAD') else 'pull,push'}"
        token = passage.headers.get("Authorization", "").removeprefix("Bearer ")
        if not any(token == known and allowed.startswith(scope) for known, allowed in self.tokens):
            challenge = f'Bearer realm="http://127.0.0.1:{self.port}/token",service="the \\"registry\\"",scope="{scope}"'
            passage.answer(401, b'{"errors":[{"code":"UNAUTHORIZED"}]}', WWW_Authenticate=challenge)


def as_layout(registry, tag, folder):
    """What skopeo makes of it: an image layout in a new @folder."""
    where = f"docker://{registry.address}:{registry.port}/{REPOSITORY}:{tag}"
    subprocess.run(
        ["skopeo", "--insecure-policy", "copy", "--all", "--preserve-digests", "--src-tls-verify=false", where, f"oci:{folder}:{tag}"],
        check=True,
        capture_output=True,
        text=True,
    )
    return Layout(folder)


__all__ = ["Gate", "Registry", "TokenGate", "as_layout", "digest"]
