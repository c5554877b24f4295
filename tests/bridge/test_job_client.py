# SPDX-License-Identifier: LGPL-2.1-or-later
"""A client written from the contract alone (POST, the address in the answer, `data:` lines until one of three ends), by an ordinary HTTP library,
which knows nothing of this bridge. It installs real servers, and they answer."""

import json
import shutil
import subprocess
import urllib.error
import urllib.request

import pytest

from build import SOURCE
from catalog import pkgbuild
from ports import free_port
from waiting import LEAST, wait_until

needs_cargo = pytest.mark.skipif(
    not (shutil.which("cargo", path="/usr/bin") and shutil.which("rustc", path="/usr/bin")),
    reason="needs cargo and rustc of the distribution in /usr/bin: a sandbox sees no home",
)


class JobFailed(Exception):
    pass


class JobClient:
    def __init__(self, base, token):
        self.base, self.token = base, token

    def open(self, path, body=None):
        request = urllib.request.Request(self.base + path, body, {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"})
        return urllib.request.urlopen(request, timeout=LEAST)

    def submit(self, **operation):
        with self.open("/v1/jobs", json.dumps(operation).encode()) as answer:
            return json.load(answer)

    def submit_and_stream(self, on_line, **operation):
        job = self.submit(**operation)
        with self.open(job["sse_url"]) as stream:
            for raw in stream:
                line = raw.decode().rstrip("\n")
                if not line.startswith("data: "):
                    continue
                data = line[len("data: ") :]
                if data == "[DONE]":
                    return job["job_id"]
                if data.startswith(("[ERROR] ", "[CANCELLED]")):
                    raise JobFailed(data)
                on_line(data)
        raise JobFailed("the stream ended before the job did")


@pytest.fixture
def client(bridge):
    return JobClient(f"http://127.0.0.1:{bridge.port}", bridge.token())


def answers(url):
    def ask():
        try:
            with urllib.request.urlopen(url, timeout=LEAST) as answer:
                return answer.status == 200 and answer.read()
        except OSError:
            return None

    return wait_until(ask, what=url)


def test_hive_probe_is_installed_serves_and_is_removed(hive, client):
    for path in (SOURCE / "data/catalog/workers/hive-probe").iterdir():
        (hive.catalog.directory / "workers/hive-probe").mkdir(exist_ok=True)
        shutil.copy(path, hive.catalog.directory / "workers/hive-probe")
    lines = []
    client.submit_and_stream(lines.append, operation="worker_install", hive_id="localhost", worker_id="hive-probe")
    assert lines[0] == "📦 Fetching worker metadata from catalog..." and lines[-1] == "✅ Worker installation complete!"
    binary, port = hive.installed("/usr/local/bin/hive-probe"), free_port()
    hive.spawn(binary, "--serve", "--port", str(port), stdout=subprocess.DEVNULL)
    assert json.loads(answers(f"http://127.0.0.1:{port}/health"))
    client.submit_and_stream(lines.append, operation="worker_remove", hive_id="localhost", worker_id="hive-probe")
    assert not binary.exists()


SERVER = """
use std::io::{Read, Write};

fn main() {
    let port: u16 = std::env::args().nth(1).unwrap().parse().unwrap();
    for stream in std::net::TcpListener::bind(("127.0.0.1", port)).unwrap().incoming() {
        let mut stream = stream.unwrap();
        let _ = stream.read(&mut [0; 4096]);
        let _ = stream.write_all(b"HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\nConnection: close\\r\\n\\r\\nok");
    }
}
"""


@needs_cargo
def test_rust_server_from_a_repository_is_installed_and_answers(hive, client):
    repository = hive.directory / "repository"
    for path, text in {
        "Cargo.toml": '[workspace]\nmembers = ["server"]\n',
        "server/Cargo.toml": '[package]\nname = "server"\nversion = "0.1.0"\nedition = "2021"\n',
        "server/src/main.rs": SERVER,
    }.items():
        (repository / path).parent.mkdir(parents=True, exist_ok=True)
        (repository / path).write_text(text)
    git = ["git", "-c", "user.name=Test", "-c", "user.email=test@example.org", "-C", repository]
    for command in (["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-q", "-m", "a server"]):
        subprocess.run([*git, *command], check=True)
    hive.catalog.add(
        "rust-server",
        pkgbuild(
            "rust-server",
            source=[f"tree::git+file://{repository}"],
            sha256sums=["SKIP"],
            makedepends=["cargo"],
            build='cd "$srcdir/tree/server" && cargo build --release --offline',
            package='install -Dm755 "$srcdir/tree/target/release/server" "$pkgdir/usr/local/bin/rust-server"',
        ),
    )
    lines = []
    client.submit_and_stream(lines.append, operation="worker_install", worker_id="rust-server")
    assert any("Compiling server v0.1.0" in line for line in lines)
    port = free_port()
    hive.spawn(hive.installed("/usr/local/bin/rust-server"), str(port))
    assert answers(f"http://127.0.0.1:{port}/") == b"ok"


def test_build_that_fails_ends_the_stream_by_its_reason(hive, client):
    hive.catalog.add("broken", pkgbuild("broken", build="echo no luck; exit 3"))
    lines = []
    with pytest.raises(JobFailed, match=r"^\[ERROR\] Build phase failed$"):
        client.submit_and_stream(lines.append, operation="worker_install", worker_id="broken")
    assert "no luck" in lines


def test_what_is_refused_at_once_is_a_status_and_a_sentence(client):
    with pytest.raises(urllib.error.HTTPError) as refusal:
        client.submit_and_stream(print, operation="worker_install", worker_id="no such worker")
    assert refusal.value.code == 400 and "no such worker" in json.load(refusal.value)["detail"]
