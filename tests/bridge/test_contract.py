# SPDX-License-Identifier: LGPL-2.1-or-later
"""What /v1/openapi.json promises, tried by programs that have read nothing else: schemathesis makes up requests, and clients that
generators made of it install a worker. All come from PyPI."""

import os
import subprocess

import pytest

from build import SOURCE
from waiting import LEAST

# Each bound of each field is tried once; of what is random besides, so much an operation is what a minute has room for.
EXAMPLES = 20
TOOLS = {"schemathesis": "4.32.5", "openapi-python-client": "0.29.1"}
# schemathesis reads an answer to its end, and a stream ends when a job does, or never: test_streams.py has those.
STREAMS = "^/v1/(events|jobs/{id}/stream)$"


@pytest.fixture(scope="session")
def tools():
    """A folder of programs, kept between runs; the distribution has none of them."""
    folder = SOURCE / "build" / "contract-tools"
    wanted = "\n".join(f"{name}=={version}" for name, version in TOOLS.items())
    done = folder / "requirements"
    if not done.exists() or done.read_text() != wanted:
        lock = folder.with_suffix(".lock")
        lock.parent.mkdir(parents=True, exist_ok=True)
        script = f'[ "$(cat {done} 2>/dev/null)" = "$0" ] && exit; python3 -m venv --clear {folder} && {folder}/bin/pip install -q $0 && printf %s "$0" >{done}'
        made = subprocess.run(["flock", lock, "sh", "-c", script, wanted], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=600)
        if made.returncode:
            pytest.skip(f"PyPI has not given {', '.join(TOOLS)}: {made.stdout[-300:]}")
    return folder / "bin"


def test_answers_are_as_the_document_has_them_whatever_is_asked(bridge, tools):
    bridge.hive.catalog.add("some-worker")
    bridge.hive.installs("some-worker")
    url = f"http://127.0.0.1:{bridge.port}"
    done = subprocess.run(
        [
            tools / "schemathesis",
            "--config-file",
            SOURCE / "tests/bridge/schemathesis.toml",
            "run",
            f"{url}/v1/openapi.json",
            "--url",
            url,
            "--header",
            f"Authorization: Bearer {bridge.token()}",
            "--exclude-path-regex",
            STREAMS,
            "--phases",
            "examples,coverage,fuzzing",
            "--max-examples",
            str(EXAMPLES),
            "--seed",
            "1",
            "--no-color",
            "--request-timeout",
            "300",
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=bridge.directory,
        env={**os.environ, "COLUMNS": "150"},
    )
    assert done.returncode == 0, done.stdout[-20000:]


CLIENT = """
import sys, time
from rbee.api.catalog import list_catalog
from rbee.api.jobs import get_job, get_job_log, list_jobs, post_job
from rbee.api.workers import list_workers
from rbee.client import AuthenticatedClient
from rbee.models import ChangeRequest, ChangeRequestOperation, InstallRequest, Problem

client = AuthenticatedClient(base_url=sys.argv[1], token=sys.argv[2])

def run(request):
    started = post_job.sync(client=client, body=request)
    while (job := get_job.sync(started.job_id, client=client)).state not in ("done", "failed", "cancelled"):
        time.sleep(0.05)
    assert job.state == "done", job
    assert get_job_log.sync_detailed(started.job_id, client=client).content.endswith(b"[DONE]\\n")

assert [worker.id for worker in list_catalog.sync(client=client).workers] == ["some-worker"]
run(InstallRequest(operation="worker_install", worker_id="some-worker"))
assert [worker.id for worker in list_workers.sync(client=client).workers] == ["some-worker"]
run(ChangeRequest(operation=ChangeRequestOperation.WORKER_REMOVE, worker_id="some-worker"))
assert list_workers.sync(client=client).workers == []
assert len(list_jobs.sync(client=client, max_=1).jobs) == 1
refused = post_job.sync(client=client, body=ChangeRequest(operation=ChangeRequestOperation.WORKER_ROLLBACK, worker_id="some-worker"))
assert isinstance(refused, Problem) and refused.error.endswith(".NotInstalled"), refused
"""


def test_client_that_was_generated_in_python_installs_and_removes(bridge, tools):
    """openapi-python-client. The SDK is the other one: its types are generated, and the suite web has it in front of a bridge."""
    bridge.hive.catalog.add("some-worker")
    made = subprocess.run(
        [
            tools / "openapi-python-client",
            "generate",
            "--path",
            SOURCE / "src/bridge/openapi.json",
            "--output-path",
            bridge.directory / "rbee",
            "--meta",
            "none",
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert made.returncode == 0 and "endpoint" not in made.stdout.lower(), made.stdout
    done = subprocess.run(
        [tools / "python3", "-c", CLIENT, f"http://127.0.0.1:{bridge.port}", bridge.token()],
        cwd=bridge.directory,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=LEAST * bridge.hive.patience,
    )
    assert done.returncode == 0, done.stdout
