# SPDX-License-Identifier: LGPL-2.1-or-later
"""Catalogs of files and over HTTP, and the recipes in them."""

import hashlib
import http.server
import json
import threading


def pkgbuild(name, *, version="1.0", build=None, package=None, extra="", **arrays):
    """A PKGBUILD that installs one script. @build, @package, @extra are bash; @arrays become bash arrays."""
    lines = [f"pkgname={name}", f"pkgver={version}", "pkgrel=1", f"pkgdesc='The worker {name}'", "arch=(any)", "license=(MIT)"]
    for key, values in arrays.items():
        lines.append(f"{key}=({' '.join(shell_quote(value) for value in values)})")
    lines.append(extra)
    if build is not None:
        lines.append(f"build() {{\n{build}\n}}")
    if package is None:
        package = install_script(name)
    if package:
        lines.append(f"package() {{\n{package}\n}}")
    return "\n".join(lines) + "\n"


def install_script(name, text="echo I work"):
    return f"install -Dm755 /dev/stdin \"$pkgdir/usr/local/bin/{name}\" <<'SCRIPT'\n#!/bin/sh\n{text}\nSCRIPT"


def shell_quote(text):
    return "'" + text.replace("'", "'\\''") + "'"


def sha256(data):
    return hashlib.sha256(data.encode() if isinstance(data, str) else data).hexdigest()


def entry(name, /, **changes):
    """A catalog entry of the snake_case format; a change to None takes the key away."""
    whole = {
        "id": name,
        "implementation": name,
        "worker_type": "cpu",
        "version": "1.0",
        "platforms": ["linux"],
        "architectures": ["x86_64", "aarch64"],
        "name": name.title(),
        "description": f"The worker {name}",
        "license": "MIT",
        "pkgbuild_url": f"/workers/{name}/PKGBUILD",
        "build_system": "none",
        "source": {"type": "local", "url": "."},
        "build": {},
        "depends": [],
        "makedepends": [],
        "binary_name": name,
        "install_path": f"/usr/local/bin/{name}",
        "supported_formats": [],
        "supports_streaming": False,
        "supports_batching": False,
    }
    whole.update(changes)
    return {key: value for key, value in whole.items() if value is not None}


def camel(name, *backends, **changes):
    """An entry of the camelCase format with these variants."""
    whole = {
        "id": name,
        "implementation": name,
        "version": "1.0",
        "name": name.title(),
        "description": f"The worker {name}",
        "license": "MIT",
        "coverImage": "https://example.org/x.png",
        "readmeUrl": None,
        "buildSystem": "none",
        "source": {"type": "git", "url": "https://example.org/x.git"},
        "variants": [
            {
                "backend": backend,
                "platforms": ["linux"],
                "architectures": ["x86_64", "aarch64"],
                "pkgbuildUrl": f"/{name}-{backend}-bin",
                "pkgbuildUrlGit": f"/{name}-{backend}-git",
                "build": {"features": [backend]},
                "depends": [],
                "makedepends": [],
                "binaryName": name,
                "installPath": "/usr/local/bin",
            }
            for backend in backends
        ],
        "capabilities": {"supportedFormats": ["gguf"], "supportsStreaming": True, "supportsBatching": False},
    }
    whole.update(changes)
    return whole


class Catalog:
    """A catalog of files."""

    def __init__(self, directory):
        self.directory = directory
        (directory / "workers").mkdir(parents=True)

    @property
    def url(self):
        return f"file://{self.directory}"

    def folder(self, name):
        return self.directory / "workers" / name

    def add(self, name, /, recipe=None, files=None, **changes):
        """@recipe: the PKGBUILD (the simplest when None), @files: local sources, @changes: to the entry."""
        folder = self.folder(name)
        folder.mkdir(exist_ok=True)
        (folder / "worker.json").write_text(json.dumps(entry(name, **changes)))
        recipe = pkgbuild(name) if recipe is None else recipe
        (folder / "PKGBUILD").write_bytes(recipe if isinstance(recipe, bytes) else recipe.encode())
        for path, data in (files or {}).items():
            (folder / path).write_bytes(data if isinstance(data, bytes) else data.encode())
        return name


def hangs(handler):
    """An answer that does not come: it waits until the client has left."""
    handler.connection.recv(1)


class HttpCatalog:
    """A catalog over HTTP that may misbehave. @answers: path → bytes, (status, type, bytes) or a function of the handler."""

    def __init__(self, address="127.0.0.1"):
        self.answers, self.requests, self.entries, self.address = {}, [], {}, address
        catalog = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):  # noqa: N802
                path = self.path.partition("?")[0]
                catalog.requests.append(path)
                catalog.answer(self, path)

            def log_message(self, *arguments):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request, client_address):
                pass  # a client that went away in the middle is what some tests are about

        self.server = Server((address, 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self.thread.start()

    @property
    def url(self):
        return f"http://{self.address}:{self.server.server_address[1]}"

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def add(self, name, /, recipe=None, files=None, **changes):
        recipe = pkgbuild(name) if recipe is None else recipe
        self.entries[name] = entry(name, **changes)
        self.answers[f"/workers/{name}"] = self.json(self.entries[name])
        self.answers[f"/workers/{name}/PKGBUILD"] = (200, "text/plain", recipe if isinstance(recipe, bytes) else recipe.encode())
        for path, data in (files or {}).items():
            self.answers[f"/workers/{name}/{path}"] = (200, "application/octet-stream", data if isinstance(data, bytes) else data.encode())
        self.answers["/workers"] = self.json({"workers": list(self.entries.values())})
        return name

    @staticmethod
    def json(value, status=200):
        return status, "application/json", json.dumps(value).encode()

    def answer(self, handler, path):
        answer = self.answers.get(path, self.json({"error": "Worker not found"}, 404))
        if callable(answer):
            handler.close_connection = True
            answer(handler)
            return
        status, kind, data = answer
        handler.send_response(status)
        handler.send_header("Content-Type", kind)
        handler.send_header("Content-Length", str(len(data)))
        handler.end_headers()
        handler.wfile.write(data)
