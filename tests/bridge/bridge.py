# SPDX-License-Identifier: LGPL-2.1-or-later
"""A bridge in front of a test's hive, and clients that say exactly what they are told to say."""

import contextlib
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import tempfile

from hive import SANITIZED
from waiting import LEAST, wait_until


class Answer:
    """An answer that came whole."""

    def __init__(self, raw):
        head, _, self.body = raw.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        self.status = int(lines[0].split(" ")[1])
        self.headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            name = name.lower()
            self.headers[name] = f"{self.headers[name]}, {value.strip()}" if name in self.headers else value.strip()
        if self.headers.get("transfer-encoding") == "chunked":
            self.body = self.unchunk(self.body)

    @staticmethod
    def unchunk(data):
        body = b""
        while data:
            size, _, data = data.partition(b"\r\n")
            body, data = body + data[: int(size, 16)], data[int(size, 16) + 2 :]
        return body

    @property
    def text(self):
        return self.body.decode()

    @property
    def json(self):
        assert self.headers["content-type"] in ("application/json", "application/problem+json"), self.headers
        return json.loads(self.body)

    def problem(self, status, error=None, *parts, setting=None):
        """It is a problem of that status, with that D-Bus error, and every part in its detail."""
        assert self.status == status, (self.status, self.text)
        assert self.headers["content-type"] == "application/problem+json", self.headers
        problem = self.json
        assert problem["status"] == status and problem["title"] and problem["type"] == "about:blank"
        if error:
            assert problem["error"].rpartition(".")[2] == error, problem
        for part in parts:
            assert part in problem["detail"], (part, problem["detail"])
        if setting:
            assert problem["setting"] == setting and setting in problem["detail"], problem
        return problem


class Bridge:
    def __init__(self, hive):
        self.hive, self.process, self.port = hive, None, 0
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="bridge.", dir=hive.directory))
        self.directory.chmod(0o755)
        self.socket = self.directory / "http.sock"
        self.log_path = self.directory / "bridge.log"
        self.token_text = None
        self.settings = {
            "Listen": f"127.0.0.1:0;{self.socket}",
            "KeyFile": self.directory / "key",
            "WebDirectory": self.directory / "web",
            "RequestTimeout": 60,
        }

    def configure(self, **keys):
        """Before it starts, or starts again."""
        self.settings.update(keys)
        return self

    def write_configuration(self):
        text = "".join(
            f"[{group}]\n" + "".join(f"{key}={value}\n" for key, value in keys.items())
            for group, keys in {**self.hive.configuration, "Bridge": self.settings}.items()
        )
        (self.directory / "hive.conf").write_text(text)

    @property
    def log(self):
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def command(self):
        return [str(self.hive.build.libexec / "rbee-hive-bridge"), "--config", str(self.directory / "hive.conf"), "--bus", self.hive.address]

    def start(self, wait=True, **options):
        self.hive.start()
        if self.port:
            # Where it was before: a page looks for it there.
            self.configure(Listen=f"127.0.0.1:{self.port};{self.socket}")
        self.write_configuration()
        seen = len(self.log)
        # How much of what was freed the address sanitizer keeps: see leeway.
        options.setdefault("env", dict(os.environ, ASAN_OPTIONS=os.environ.get("ASAN_OPTIONS", "") + ":quarantine_size_mb=16"))
        with open(self.log_path, "a") as log:
            self.process = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/", **options)
        if wait:
            wait_until(
                lambda: self.process.poll() is not None or self.has_started(seen),
                LEAST * self.hive.patience,
                lambda: "the bridge; it said:\n" + self.log,
            )
            assert self.process.poll() is None, self.log
        return self

    def has_started(self, seen):
        match = re.search(r"Listening on http://127\.0\.0\.1:(\d+)", self.log[seen:])
        if match:
            self.port = int(match[1])
            with contextlib.suppress(OSError):
                return self.get("/health", token=None).status in (200, 503) and (
                    not self.hive.process or self.get("/health", token=None).status == 200
                )
        return False

    def stop(self, number=signal.SIGTERM):
        process, self.process = self.process, None
        process.send_signal(number)
        return process.wait(LEAST * self.hive.patience)

    def restart(self, number=signal.SIGTERM):
        status = self.stop(number)
        self.start()
        return status

    def close(self):
        complaints = []
        if self.process:
            if self.process.poll() is not None:
                complaints.append(f"rbee-hive-bridge ended by itself with {self.process.returncode}")
            elif self.stop() != 0:
                complaints.append("rbee-hive-bridge did not end well")
        if SANITIZED.search(self.log):
            complaints.append("a sanitizer complained")
        assert not complaints, "; ".join(complaints) + ":\n" + self.log[-20000:]

    # clients

    def connect(self, unix=False):
        client = socket.socket(socket.AF_UNIX if unix else socket.AF_INET)
        client.settimeout(LEAST * self.hive.patience)
        client.connect(str(self.socket) if unix else ("127.0.0.1", self.port))
        return client

    def raw(self, data, unix=False, half_close=False):
        """Sends bytes and takes what comes until the end."""
        with self.connect(unix) as client:
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                client.sendall(data)
                if half_close:
                    client.shutdown(socket.SHUT_WR)
            received = b""
            with contextlib.suppress(ConnectionResetError):
                while data := client.recv(65536):
                    received += data
            return received

    def head(self, method, path, headers, token):
        lines = [f"{method} {path} HTTP/1.1"]
        everything = {"Host": f"127.0.0.1:{self.port}"}
        if token is ...:
            token = self.token()
        if token:
            everything["Authorization"] = f"Bearer {token}"
        everything.update(headers or {})
        lines += [f"{name}: {value}" for name, value in everything.items() if value is not None]
        return "\r\n".join(lines).encode() + b"\r\n\r\n"

    def ask(self, method, path, headers=None, body=None, token=..., unix=False):
        headers = dict(headers or {})
        if body is not None:
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
            headers.setdefault("Content-Length", str(len(data)))
            headers.setdefault("Content-Type", "application/json")
        else:
            data = b""
        raw = self.raw(self.head(method, path, headers, None if unix and token is ... else token) + data, unix)
        assert raw, "no answer"
        return Answer(raw)

    def get(self, path, headers=None, **options):
        return self.ask("GET", path, headers, **options)

    def post(self, path, body=None, headers=None, **options):
        return self.ask("POST", path, headers, {} if body is None else body, **options)

    def delete(self, path, headers=None, **options):
        return self.ask("DELETE", path, headers, **options)

    def token(self):
        """One for scripts, as hivectl web --token has it; the key outlives the bridge."""
        if not self.token_text:
            answer = self.post("/v1/tokens", unix=True)
            assert answer.status == 201, answer.text
            self.token_text = answer.json["token"]
        return self.token_text

    def install(self, worker, headers=None, **fields):
        answer = self.post("/v1/jobs", {"operation": "worker_install", "worker_id": worker, **fields}, headers)
        assert answer.status == 202, answer.text
        return answer.json["job_id"]

    def stream(self, path, headers=None, token=..., unix=False, accept="*/*", receive_buffer=None):
        return Stream(self, path, {"Accept": accept, **(headers or {})}, token, unix, receive_buffer)

    def events(self, path, last=None, **options):
        """As an EventSource asks."""
        headers = {"Last-Event-ID": last} if last is not None else {}
        return self.stream(path, {**headers, **options.pop("headers", {})}, accept="text/event-stream", **options)

    def lines(self, job):
        """The job's whole stream in the plain dress: what stands after `data: `."""
        with self.stream(f"/v1/jobs/{job}/stream") as stream:
            text = stream.rest().decode()
        lines = text.split("\n")
        assert all(line == "" or line.startswith("data: ") for line in lines), text
        assert lines[1::2] == [""] * (len(lines) // 2), "events are one line each"
        return [line[6:] for line in lines if line]

    @property
    def leeway(self):
        """How much its memory may grow for nothing, in KiB: a sanitizer keeps what was freed."""
        return 32768 if self.hive.build.sanitized else 4096

    def memory(self, key=r"Private_\w+"):
        text = pathlib.Path(f"/proc/{self.process.pid}/smaps_rollup").read_text()
        return sum(int(size) for size in re.findall(rf"^{key}:\s+(\d+) kB", text, re.MULTILINE))

    def descriptors(self):
        links = []
        for entry in os.listdir(f"/proc/{self.process.pid}/fd"):
            with contextlib.suppress(OSError):
                links.append(os.readlink(f"/proc/{self.process.pid}/fd/{entry}"))
        return links


class Stream:
    """A stream of events that is being read."""

    def __init__(self, bridge, path, headers, token, unix, receive_buffer):
        self.socket = socket.socket(socket.AF_UNIX if unix else socket.AF_INET)
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(LEAST * bridge.hive.patience)
        self.socket.connect(str(bridge.socket) if unix else ("127.0.0.1", bridge.port))
        self.socket.sendall(bridge.head("GET", path, headers, None if unix else token))
        self.buffer, self.ended, self._answer = bytearray(), False, None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def more(self):
        try:
            data = self.socket.recv(1 << 20)
        except ConnectionResetError:
            data = b""
        self.ended = not data
        self.buffer += data
        return bool(data)

    @property
    def answer(self):
        """The head; of a refusal all of it."""
        if not self._answer:
            while b"\r\n\r\n" not in self.buffer:
                assert self.more(), f"the connection ended: {self.buffer!r}"
            head, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
            self._answer = Answer(bytes(head) + b"\r\n\r\n")
            if self._answer.status != 200:
                while self.more():
                    pass
                self._answer.body = bytes(self.buffer)
        return self._answer

    def rest(self):
        assert self.answer.status == 200, self.answer.text
        while self.more():
            pass
        data, self.buffer = bytes(self.buffer), bytearray()
        return data

    def next(self):
        """One event as (event, data, id); comments and `retry` are passed over; None at the end."""
        assert self.answer.status == 200, self.answer.text
        while True:
            while b"\n\n" not in self.buffer:
                if not self.more():
                    return None
            block, _, self.buffer = self.buffer.partition(b"\n\n")
            event, data, ident = "message", [], None
            for line in block.decode().split("\n"):
                name, _, value = line.partition(":")
                value = value.removeprefix(" ")
                if name == "event":
                    event = value
                elif name == "data":
                    data.append(value)
                elif name == "id":
                    ident = value
            if data:
                return event, "\n".join(data), ident

    def all(self):
        events = []
        while (event := self.next()) is not None:
            events.append(event)
        return events

    def until(self, condition):
        while (event := self.next()) is not None:
            if condition(event):
                return event
        raise AssertionError("the stream ended before that")
