# SPDX-License-Identifier: LGPL-2.1-or-later
"""The page in front of a machine whose workers really run: Chromium outside of it does tests/browser/running.machine.ts."""

import os
import pathlib
import shutil
import subprocess

import pytest

from gguf import gguf
from ports import BRIDGE, only_bridge
from test_instances import Instances

pytestmark = pytest.mark.xdist_group("port-7835")  # machines side by side share this one's ports

TESTS = pathlib.Path(__file__).resolve().parents[1]
TALKER = "[talker]\nArguments=%p %n\nKeyArguments=%k\nModelArguments=%m\nFormats=gguf\n"
PICKY = "[picky]\nArguments=%p %n\nModelArguments=%m\nFormats=onnx\n"
VITEST = TESTS.parent / "src/web/node_modules/vitest/vitest.mjs"


def skip_without_browser():
    if not shutil.which("node") or not shutil.which("chromium") or not VITEST.exists():
        pytest.skip("there is no Node, no Chromium, or nothing of what the page is made of")


def run_in_browser(machine, file):
    """tests/browser/@file, with a token that may do all that the page can."""
    with only_bridge(machine):
        token = machine.run("hivectl", "web", "--token").stdout.strip()
        done = subprocess.run(
            ["node", str(VITEST), "run", file],
            cwd=TESTS / "browser",
            env=dict(os.environ, RBEE_MACHINE=f"http://127.0.0.1:{BRIDGE}", RBEE_MACHINE_TOKEN=token),
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
    assert done.returncode == 0, done.stdout + machine.journal("--lines=40")


@pytest.fixture
def workers(machine):
    """Installed, and a model of the hive's own and one of a folder beside them."""
    skip_without_browser()
    workers = Instances(machine)
    for folder, name in (("/home/models", "tiny-Q4_K_M"), ("/var/lib/rbee-hive/models", "own-Q4_K_M")):
        machine.path(folder).mkdir(parents=True, exist_ok=True)
        (machine.path(folder) / f"{name}.gguf").write_bytes(gguf())
    (machine.path("/home/models") / "other.safetensors").write_bytes(b"PK")
    rules = machine.path("/etc/rbee-hive/run.conf")
    rules.write_text(rules.read_text() + TALKER + PICKY)
    for name in ("talker", "picky", "silent"):
        workers.add(name)
        workers.hive.installs(name)
    yield workers
    for one in workers.list():
        workers.stop(one["name"])
    workers.hive.close()


def test_workers_are_started_watched_and_stopped_by_the_page(machine, workers):
    run_in_browser(machine, "running.machine.ts")
