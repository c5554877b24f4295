# SPDX-License-Identifier: LGPL-2.1-or-later
"""A real answer of a real model: llama-server, installed from a catalog, with a model that was imported, asked by curl, and by who
started it on the page."""

import json
import shutil

import pytest

import llama
from machine import SystemHive
from ports import free_port
from test_page import run_in_browser, skip_without_browser
from waiting import wait_until

pytestmark = pytest.mark.xdist_group("port-7835")  # machines side by side share this one's ports

WORKER = "llama-cpp-server-cpu"
SOCKET = f"/run/rbee-hive/instances/{WORKER}.sock"
QUESTION = json.dumps({"prompt": "The capital of France is", "max_tokens": 6, "temperature": 0})


@pytest.fixture(scope="module")
def real(machine):
    """The hive of a machine that has the server installed and the model imported."""
    files = llama.folder()
    hive = SystemHive(machine)
    hive.catalog.add(WORKER, llama.PKGBUILD, files={"server.tar": llama.archive(files)}, implementation="llama-cpp-server")
    hive.hivectl("install", WORKER, timeout=300)
    shutil.copy(files / "model.gguf", machine.path("/root/gemma.gguf"))
    hive.hivectl("model", "import", "/root/gemma.gguf", timeout=300)
    machine.path("/root/gemma.gguf").unlink()
    yield hive
    hive.close()


@pytest.fixture(autouse=True)
def nothing_runs(real):
    yield
    for one in real.call("ListInstances"):
        real.call("StopInstance", one["name"])


def curl(hive, *arguments):
    return json.loads(hive.machine.run("curl", "-sS", "--fail-with-body", *arguments, timeout=240).stdout)


def complete(hive, *where):
    """What the model says next."""
    answer = curl(hive, *where, "-H", "Content-Type: application/json", "-d", QUESTION)
    assert answer["usage"]["completion_tokens"] == 6, answer
    return answer["choices"][0]["text"]


def waits_until(hive, state):
    wait_until(lambda: hive.call("ListInstances")[0]["state"] == state, what=lambda: f"it to be {state}: {hive.call('ListInstances')}")


def test_installed_server_answers_with_an_imported_model_over_its_socket(real):
    [model] = json.loads(real.hivectl("models", "--json").stdout)
    assert (model["name"], model["architecture"], model["quantization"], model["context_length"]) == ("gemma", "gemma3", "Q4_K_M", 32768)
    real.hivectl("start", WORKER, "--model=gemma", "--context=256", timeout=240)
    assert "capital" in complete(real, "--unix-socket", SOCKET, "http://localhost/v1/completions")
    listed = curl(real, "--unix-socket", SOCKET, "http://localhost/v1/models")
    assert [one["id"] for one in listed["data"]] == [WORKER]


def test_first_request_wakes_it_and_it_sleeps_again(real):
    real.hivectl("start", WORKER, "--model=gemma", "--context=256", "--idle-stop=2s", timeout=240)
    waits_until(real, "listening")
    assert "capital" in complete(real, "--unix-socket", SOCKET, "http://localhost/v1/completions")
    waits_until(real, "listening")


def test_address_of_loopback_takes_its_key_alone(real):
    port = free_port()
    real.hivectl("start", WORKER, "--model=gemma", "--context=256", f"--listen={port}", timeout=240)
    url = f"http://127.0.0.1:{port}/v1/completions"
    refused = real.machine.run("curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "-d", QUESTION, url)
    assert refused.stdout == "401"
    key = real.hivectl("key", WORKER).stdout.strip()
    assert "capital" in complete(real, "-H", f"Authorization: Bearer {key}", url)


def test_dialog_of_the_page_starts_it_and_it_answers(real):
    skip_without_browser()
    run_in_browser(real.machine, "answer.machine.ts")
    assert real.call("ListInstances") == []
