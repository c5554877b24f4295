# SPDX-License-Identifier: LGPL-2.1-or-later
"""The catalog that ships, as it is installed."""

import hashlib
import json
import re
import subprocess
import urllib.request

import pytest

from build import SOURCE
from ports import free_port
from waiting import LEAST, wait_until

pytestmark = pytest.mark.plain

FOLDER = SOURCE / "data" / "catalog" / "workers"
WORKERS = sorted(path.name for path in FOLDER.iterdir())


def test_it_has_the_workers_that_people_want():
    assert set(WORKERS) >= {"hive-probe", "llm-worker-rbee-cpu", "llm-worker-rbee-cuda", "llama-cpp-server-cpu", "llama-cpp-server-cuda"}


def test_it_is_installed_whole(build):
    def content(folder):
        return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}

    assert content(build.catalog / "workers") == content(FOLDER)


@pytest.fixture
def shipped(hive, build):
    hive.configure("Catalog", URL=f"file://{build.catalog}")
    return hive


def evaluate(worker):
    """What a PKGBUILD defines, as bash sees it."""
    script = (
        'source "$1"; printf "%s\\n" "$pkgname" "$pkgver" "$pkgrel" "$license"; echo "${arch[*]}"; echo "${depends[*]}"; echo "${makedepends[*]}"; '
        'echo "${source[*]}"; echo "${sha256sums[*]}"; declare -F | cut -d" " -f3 | tr "\\n" " "'
    )
    lines = subprocess.check_output(["bash", "-euc", script, "bash", FOLDER / worker / "PKGBUILD"], text=True).split("\n")
    keys = ("pkgname", "pkgver", "pkgrel", "license", "arch", "depends", "makedepends", "source", "sha256sums", "functions")
    return dict(zip(keys, lines))


@pytest.mark.parametrize("worker", WORKERS)
def test_entry_and_recipe_agree(worker):
    entry = json.loads((FOLDER / worker / "worker.json").read_text())
    recipe = evaluate(worker)
    assert entry["id"] == worker == recipe["pkgname"]
    assert entry["version"] == recipe["pkgver"]
    assert entry["license"] == recipe["license"]
    assert entry["architectures"] == recipe["arch"].split()
    assert entry["depends"] == recipe["depends"].split()
    assert entry["makedepends"] == recipe["makedepends"].split()
    assert entry["install_path"] == f"/usr/local/bin/{entry['binary_name']}"
    assert {"build", "package"} <= set(recipe["functions"].split())


@pytest.mark.parametrize("worker", WORKERS)
def test_entry_has_every_key_of_its_format(worker):
    entry = json.loads((FOLDER / worker / "worker.json").read_text())
    kinds = {
        "id": str,
        "implementation": str,
        "worker_type": str,
        "version": str,
        "platforms": list,
        "architectures": list,
        "name": str,
        "description": str,
        "license": str,
        "pkgbuild_url": str,
        "build_system": str,
        "source": dict,
        "build": dict,
        "depends": list,
        "makedepends": list,
        "binary_name": str,
        "install_path": str,
        "supported_formats": list,
        "supports_streaming": bool,
        "supports_batching": bool,
    }
    assert {key: type(entry.get(key)) for key in kinds} == kinds
    assert set(entry) <= set(kinds) | {"max_context_length"}


@pytest.mark.parametrize("worker", WORKERS)
def test_checksums_of_local_sources_match(worker):
    recipe = evaluate(worker)
    sources, sums = recipe["source"].split(), recipe["sha256sums"].split()
    assert len(sources) == len(sums) > 0
    for source, checksum in zip(sources, sums):
        if "://" in source:
            assert source.partition("::")[2].startswith("git+https://") and checksum == "SKIP"
        else:
            assert hashlib.sha256((FOLDER / worker / source).read_bytes()).hexdigest() == checksum


def test_the_hive_lists_all_of_them(shipped):
    listed = shipped.call("ListCatalog", {}, signature="(a{sv})")
    assert sorted(worker["id"] for worker in listed) == WORKERS
    assert [worker["compatible"] for worker in listed] == sorted((worker["compatible"] for worker in listed), reverse=True), "what fits comes first"


@pytest.mark.parametrize("worker", WORKERS)
def test_the_hive_reads_every_recipe_as_bash_does(shipped, worker):
    """As far as this machine lets it: what a recipe lacks here, or cannot reach, comes after it was read."""
    if worker != "hive-probe":
        shipped.configure("Build", DownloadTimeout=2)
    job = shipped.install(worker)
    job.wait_for_line("✓ Parsed:")
    recipe = evaluate(worker)
    assert f"✓ Parsed: pkgname={recipe['pkgname']}, pkgver={recipe['pkgver']}" in job.lines()
    job.wait()
    if job.state == "failed":
        assert job.get("ErrorName") in ("MissingDependencies", "SourceUnavailable", "PlatformIncompatible", "TimedOut")
    shipped.nothing_left()


def test_hive_probe_measures_and_serves_when_installed(shipped):
    shipped.installs("hive-probe", check=True)
    binary = shipped.installed("/usr/local/bin/hive-probe")
    measured = json.loads(subprocess.check_output([binary, "--json"]))
    text = json.dumps(measured)
    assert re.search(r"core", text) and re.search(r"gflop", text, re.IGNORECASE) and re.search(r"bandwidth", text)
    assert subprocess.check_output([binary], text=True).strip()
    port = free_port()
    shipped.spawn(binary, "--serve", "--port", str(port), stdout=subprocess.DEVNULL)

    def health():
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=LEAST) as answer:
                return answer.status == 200 and answer.read()
        except OSError:
            return None

    assert json.loads(wait_until(health, what="/health"))


def test_hive_probe_over_http_is_the_same(hive, http_catalog):
    for path in (FOLDER / "hive-probe").iterdir():
        http_catalog.answers[f"/workers/hive-probe/{path.name}"] = (200, "application/octet-stream", path.read_bytes())
    http_catalog.answers["/workers/hive-probe"] = (200, "application/json", (FOLDER / "hive-probe" / "worker.json").read_bytes())
    hive.installs("hive-probe")
    assert hive.workers()["hive-probe"]["catalog"] == http_catalog.url
    hive.nothing_left()
