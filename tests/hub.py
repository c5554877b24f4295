# SPDX-License-Identifier: LGPL-2.1-or-later
"""A hub of models as huggingface.co answers: the tree of a repository, and files that a redirect leads to."""

import json
import re

from catalog import HttpCatalog, sha256


class Hub(HttpCatalog):
    """@cuts: how many bytes each next download of a body gives before the connection breaks. @ranges: False where Range is ignored."""

    def __init__(self, address="127.0.0.1"):
        super().__init__(address)
        self.files, self.gated, self.cuts, self.ranges, self.asked, self.location = {}, None, [], True, [], None

    def put(self, repository, path, data, **lfs):
        self.files[repository, path] = data
        entry = {"oid": sha256(data), "size": len(data), "pointerSize": 135}
        self.files[repository, path] = (data, dict(entry, **lfs))
        return f"hf:{repository}:{path}"

    def answer(self, handler, path):
        self.asked.append((path, dict(handler.headers)))
        if self.gated and handler.headers.get("Authorization") != f"Bearer {self.gated}" and not path.startswith("/cdn/"):
            return self.send(handler, 401, {"error": "Invalid username or password."}, {"X-Error-Code": "GatedRepo"})
        if match := re.fullmatch(r"/api/models/([^/]+/[^/]+)/tree/main", path):
            return self.send_tree(handler, match[1])
        if match := re.fullmatch(r"/([^/]+/[^/]+)/resolve/main/(.+)", path):
            return self.send_link(handler, match[1], match[2])
        if match := re.fullmatch(r"/cdn/(.+)", path):
            return self.send_data(handler, next(data for data, lfs in self.files.values() if sha256(data) == match[1]))
        return super().answer(handler, path)

    @staticmethod
    def send(handler, status, value, headers):
        body = json.dumps(value).encode()
        handler.send_response(status)
        for name, text in dict(headers, **{"Content-Type": "application/json; charset=utf-8", "Content-Length": str(len(body))}).items():
            handler.send_header(name, text)
        handler.end_headers()
        handler.wfile.write(body)

    def send_tree(self, handler, repository):
        entries = [
            {"type": "file", "oid": "0" * 40, "size": lfs["size"], "lfs": lfs, "xetHash": "0" * 64, "path": path}
            for (of, path), (data, lfs) in self.files.items()
            if of == repository
        ]
        if not entries:
            return self.send(handler, 404, {"error": "Repository not found"}, {"X-Error-Code": "RepoNotFound"})
        entries.append({"type": "file", "oid": "1" * 40, "size": 12, "path": "README.md"})
        return self.send(handler, 200, entries, {})

    def send_link(self, handler, repository, path):
        if (repository, path) not in self.files:
            return self.send(handler, 404, {"error": "Entry not found"}, {"X-Error-Code": "EntryNotFound"})
        data, lfs = self.files[repository, path]
        return self.send(
            handler,
            302,
            {},
            {
                "Location": self.location or f"{self.url}/cdn/{sha256(data)}",
                "X-Linked-Size": str(len(data)),
                "X-Linked-ETag": f'"{lfs["oid"]}"',
                "X-Repo-Commit": "2" * 40,
                "Accept-Ranges": "bytes",
            },
        )

    def send_data(self, handler, data):
        match = re.fullmatch(r"bytes=(\d+)-", handler.headers.get("Range", "")) if self.ranges else None
        start = int(match[1]) if match else 0
        handler.close_connection = True
        handler.send_response(206 if match else 200)
        if match:
            handler.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
        handler.send_header("ETag", f'"{sha256(data)}"')
        handler.send_header("Content-Length", str(len(data) - start))
        handler.end_headers()
        body = data[start:]
        handler.wfile.write(body[: self.cuts.pop(0)] if self.cuts else body)
