# SPDX-License-Identifier: LGPL-2.1-or-later
"""Questions and answers: jobs, the catalog, and what the hive is asked through it."""

import json
import os
import pathlib
import signal
import socket

import pytest

from bridge import Answer
from catalog import pkgbuild
from client import NAME, PATH
from job import Job
from waiting import wait_until

LONG = "sleep 86399"


def hive_job(bridge, ident):
    return Job(bridge.hive, f"{PATH}/job/{ident}")


def test_health_says_that_the_hive_answers(bridge):
    answer = bridge.get("/health", token=None)
    assert answer.status == 200
    assert answer.json == {"status": "ok", "version": bridge.hive.get(PATH, NAME, "Version"), "authentication": "token"}


def test_install_gives_a_job_and_where_its_stream_is(bridge):
    bridge.hive.catalog.add("some-worker")
    answer = bridge.post("/v1/jobs", {"operation": "worker_install", "worker_id": "some-worker"})
    assert answer.status == 202
    assert answer.json == {"job_id": "1", "sse_url": "/v1/jobs/1/stream"}
    hive_job(bridge, 1).wait_for_state("done")
    assert "some-worker" in bridge.hive.workers()


def test_hive_id_may_be_there_and_means_nothing(bridge):
    bridge.hive.catalog.add("some-worker")
    job = bridge.install("some-worker", hive_id="localhost")
    hive_job(bridge, job).wait_for_state("done")


def test_options_of_an_install_reach_the_hive(bridge):
    bridge.hive.catalog.add("some-worker", pkgbuild("some-worker", extra="check() { echo checking; }"))
    assert "checking" in bridge.lines(bridge.install("some-worker", check=True))
    assert "checking" not in bridge.lines(bridge.install("some-worker", reinstall=True))


def test_packages_of_the_system_are_installed_when_that_is_asked_for(bridge):
    bridge.hive.catalog.add("needy", pkgbuild("needy", makedepends=["chrpath>=99"]))
    job = bridge.install("needy", install_dependencies=True)
    lines = bridge.lines(job)
    assert "📦 Installing what is missing: chrpath" in lines and "There is no PackageKit here" in lines[-1]
    (listed,) = bridge.get("/v1/jobs").json["jobs"]
    assert bridge.get(f"/v1/jobs/{job}").json["options"] == listed["options"] == {"install_dependencies": True}


def test_remove_is_a_job(bridge):
    bridge.hive.catalog.add("some-worker")
    bridge.hive.installs("some-worker")
    answer = bridge.post("/v1/jobs", {"operation": "worker_remove", "worker_id": "some-worker"})
    assert answer.status == 202
    assert bridge.lines(answer.json["job_id"])[-1] == "[DONE]"
    assert bridge.hive.workers() == {}


def test_upgrade_and_rollback_are_jobs_and_updates_are_told(bridge):
    for version in ("1.0", "2.0"):
        bridge.hive.catalog.add("some-worker", pkgbuild("some-worker", version=version), version=version)
        if version == "1.0":
            bridge.hive.installs("some-worker")
    assert bridge.get("/v1/updates").json == {"updates": [{"id": "some-worker", "version": "1.0-1", "available": "2.0-1", "error": ""}]}
    for operation, version in (("worker_upgrade", "2.0-1"), ("worker_rollback", "1.0-1")):
        answer = bridge.post("/v1/jobs", {"operation": operation, "worker_id": "some-worker"})
        assert answer.status == 202
        assert bridge.lines(answer.json["job_id"])[-1] == "[DONE]"
        assert bridge.hive.workers()["some-worker"]["version"] == version
    bridge.post("/v1/jobs", {"operation": "worker_rollback", "worker_id": "some-worker"}).problem(404, "NotInstalled", "KeepVersions=")


def test_equal_request_while_it_runs_is_the_same_job_and_another_is_busy(bridge):
    bridge.hive.catalog.add("slow", pkgbuild("slow", build=LONG))
    first = bridge.install("slow")
    assert bridge.install("slow") == first
    bridge.post("/v1/jobs", {"operation": "worker_install", "worker_id": "slow", "reinstall": True}).problem(409, "Busy", first)


def test_idempotency_key_gives_the_same_job_after_it_ended(bridge):
    bridge.hive.catalog.add("some-worker")
    key = {"Idempotency-Key": "a key of mine"}
    first = bridge.install("some-worker", key)
    hive_job(bridge, first).wait_for_state("done")
    bridge.restart()
    assert bridge.install("some-worker", key) == first
    assert bridge.install("some-worker", reinstall=True) != first


@pytest.mark.parametrize("key", ["x" * 129, "", "\xff"])
def test_idempotency_key_that_is_none_is_refused(bridge, key):
    raw = bridge.head("POST", "/v1/jobs", {"Content-Type": "application/json", "Content-Length": "51"}, ...)[:-2]
    body = json.dumps({"operation": "worker_install", "worker_id": "abc"}).encode()
    raw = raw.replace(b"Content-Length: 51", b"Content-Length: %d" % len(body)) + b"Idempotency-Key: " + key.encode("latin-1") + b"\r\n\r\n" + body
    Answer(bridge.raw(raw)).problem(400, "InvalidArgument", "Idempotency-Key")


def test_job_is_shown_with_the_keys_of_the_list(bridge):
    bridge.hive.catalog.add("some-worker")
    job = bridge.install("some-worker")
    hive_job(bridge, job).wait_for_state("done")
    shown = bridge.get(f"/v1/jobs/{job}").json
    (listed,) = bridge.get("/v1/jobs").json["jobs"]
    assert listed.pop("path").endswith(f"/{job}")
    assert shown == listed
    assert (shown["id"], shown["worker_id"], shown["state"], shown["operation"]) == (job, "some-worker", "done", "worker_install")


def test_list_of_jobs_can_be_of_one_worker(bridge):
    for worker in ("one", "two"):
        bridge.hive.catalog.add(worker)
        bridge.hive.installs(worker)
    assert [job["worker_id"] for job in bridge.get("/v1/jobs?worker=two&all=true").json["jobs"]] == ["two"]
    bridge.get("/v1/jobs?all=perhaps").problem(400, "InvalidArgument", "all")
    bridge.get("/v1/jobs?worker=one&worker=two").problem(400, "InvalidArgument", "worker")


def test_cancelled_job_says_so(bridge):
    bridge.hive.catalog.add("slow", pkgbuild("slow", build=LONG))
    job = bridge.install("slow")
    hive_job(bridge, job).wait_for_line("Starting build")
    answer = bridge.delete(f"/v1/jobs/{job}")
    assert (answer.status, answer.json) == (200, {"job_id": job, "status": "cancelled"})
    assert bridge.lines(job)[-1] == "[CANCELLED]"
    bridge.delete(f"/v1/jobs/{job}").problem(409, "NotCancellable")


@pytest.mark.parametrize(
    "ident", ["77", "x", "-1", "1.5", "1e3", "999999999999999999999", "worker_install", "worker_catalog_get", "worker_catalog_get.no..pe"]
)
def test_unknown_job_is_a_404_in_every_route(bridge, ident):
    for answer in (
        bridge.get(f"/v1/jobs/{ident}"),
        bridge.delete(f"/v1/jobs/{ident}"),
        bridge.get(f"/v1/jobs/{ident}/stream"),
        bridge.get(f"/v1/jobs/{ident}/stream", {"Accept": "text/event-stream"}),
    ):
        answer.problem(404, "JobNotFound", ident)


WRONG = {
    "no operation": ({"worker_id": "abc"}, '"operation" is missing'),
    "unknown operation": ({"operation": "worker_explode", "worker_id": "abc"}, 'no operation "worker_explode"', "worker_install"),
    "operation of another type": ({"operation": 7}, '"operation" is a string'),
    "no worker": ({"operation": "worker_install"}, 'needs the field "worker_id"'),
    "worker of another type": ({"operation": "worker_install", "worker_id": ["abc"]}, '"worker_id" is a string'),
    "worker null": ({"operation": "worker_install", "worker_id": None}, 'needs the field "worker_id"'),
    "worker that is not an id": ({"operation": "worker_install", "worker_id": "../../etc"}, "../../etc"),
    "unknown field": ({"operation": "worker_install", "worker_id": "abc", "reinstal": True}, '"reinstal"'),
    "flag that is a string": ({"operation": "worker_install", "worker_id": "abc", "check": "true"}, '"check" is true or false'),
    "option of another operation": ({"operation": "worker_remove", "worker_id": "abc", "check": True}, '"check"', "worker_remove has no field"),
    "option that is not a choice": ({"operation": "worker_install", "worker_id": "abc", "source": "tarball"}, "source"),
}


@pytest.mark.parametrize("case", WRONG)
def test_request_for_a_job_is_checked_before_it_is_answered(bridge, case):
    body, *parts = WRONG[case]
    bridge.post("/v1/jobs", body).problem(400, "InvalidArgument", *parts)
    assert bridge.get("/v1/jobs").json == {"jobs": []}


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b'"x"', b'{"operation": "worker_install",}', b"\xff\xfe", b"[" * 1000, b'{"a":' * 500 + b"1" + b"}" * 500]
)
def test_body_that_is_no_json_object_is_refused(bridge, body):
    bridge.post("/v1/jobs", body).problem(400, "InvalidArgument", "body")


def test_body_may_begin_with_a_byte_order_mark(bridge):
    """PowerShell's does."""
    bridge.hive.catalog.add("some-worker")
    answer = bridge.post("/v1/jobs", b'\xef\xbb\xbf{"operation": "worker_install", "worker_id": "some-worker"}')
    assert (answer.status, answer.json["job_id"]) == (202, "1")


def test_body_of_another_type_is_refused(bridge):
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/jsonp", None):
        bridge.post("/v1/jobs", {}, {"Content-Type": kind}).problem(415, "InvalidArgument", "application/json")
    bridge.post("/v1/jobs", {}, {"Content-Type": "application/json; charset=utf-8"}).problem(400)


def test_remove_of_what_is_not_installed_names_it(bridge):
    bridge.post("/v1/jobs", {"operation": "worker_remove", "worker_id": "some-worker"}).problem(404, "NotInstalled", "some-worker")


def test_catalog_its_workers_and_recipes(bridge):
    recipe = pkgbuild("some-worker", extra="# ünïcode")
    bridge.hive.catalog.add("some-worker", recipe)
    (listed,) = bridge.get("/v1/catalog").json["workers"]
    assert listed["id"] == "some-worker"
    assert bridge.get("/v1/catalog/some-worker").json == listed
    answer = bridge.get("/v1/catalog/some-worker/PKGBUILD")
    assert (answer.status, answer.headers["content-type"], answer.text) == (200, "text/plain; charset=utf-8", recipe)


def test_catalog_that_has_no_such_worker(bridge):
    for path in ("/v1/catalog/nobody", "/v1/catalog/nobody/PKGBUILD"):
        bridge.get(path).problem(404, "WorkerNotFound", "nobody")
    bridge.get("/v1/catalog/no..body").problem(400, "InvalidArgument", "no..body")


def test_catalog_that_is_not_there_is_a_bad_gateway(make_bridge, hive):
    hive.configure("Catalog", URL="file:///nonexistent/catalog")
    make_bridge(hive).start().get("/v1/catalog").problem(502, "CatalogUnavailable")


def test_installed_workers_and_capabilities(bridge):
    bridge.hive.catalog.add("some-worker")
    bridge.hive.installs("some-worker")
    (worker,) = bridge.get("/v1/workers").json["workers"]
    assert worker == bridge.hive.workers()["some-worker"]
    capabilities = bridge.get("/v1/capabilities").json
    assert capabilities["sandbox"] is True and capabilities["platform"] == "linux"


def test_files_that_are_not_as_installed_are_named(bridge):
    bridge.hive.catalog.add("some-worker")
    bridge.hive.installs("some-worker")
    assert bridge.get("/v1/workers/some-worker/problems").json == {"problems": []}
    (file,) = bridge.get("/v1/workers").json["workers"][0]["files"]
    pathlib.Path(file).write_text("mine")
    assert bridge.get("/v1/workers/some-worker/problems").json == {"problems": [{"path": file, "problem": "changed"}]}
    pathlib.Path(file).unlink()
    assert bridge.get("/v1/workers/some-worker/problems").json == {"problems": [{"path": file, "problem": "missing"}]}
    bridge.get("/v1/workers/nobody/problems").problem(404, "NotInstalled", "nobody")


@pytest.mark.parametrize("name", ["llama.cpp-cli", "Text_Generation"])
def test_id_may_have_dots_underscores_and_capitals_wherever_one_goes(bridge, name):
    bridge.hive.catalog.add(name, pkgbuild(name.lower(), package=f"install -Dm755 /dev/stdin \"$pkgdir/usr/local/bin/{name}\" <<<'#!/bin/sh'"))
    assert bridge.get(f"/v1/catalog/{name}").json["id"] == name
    assert f"pkgname={name.lower()}" in bridge.get(f"/v1/catalog/{name}/PKGBUILD").text
    job = bridge.install(name)
    assert bridge.lines(job)[-1] == "[DONE]"
    assert bridge.get(f"/v1/jobs/{job}").json["worker_id"] == name
    assert [worker["id"] for worker in bridge.get("/v1/workers").json["workers"]] == [name]
    assert bridge.get(f"/v1/workers/{name}/problems").json == {"problems": []}
    removal = bridge.post("/v1/jobs", {"operation": "worker_remove", "worker_id": name}).json["job_id"]
    assert bridge.lines(removal)[-1] == "[DONE]"
    assert bridge.get("/v1/workers").json["workers"] == []


QUESTIONS = {
    "worker_catalog_list": (None, lambda answer: [worker["id"] for worker in answer] == ["some-worker"]),
    "worker_catalog_get": ("some-worker", lambda answer: answer["name"] == "Some-Worker"),
    "worker_list_installed": (None, lambda answer: [worker["id"] for worker in answer["workers"]] == ["some-worker"]),
    "worker_installed_get": ("some-worker", lambda answer: answer["version"] == "1.0-1"),
}


@pytest.mark.parametrize("operation", QUESTIONS)
def test_operation_that_only_asks_has_a_stream_with_the_answer(bridge, operation):
    worker, is_right = QUESTIONS[operation]
    bridge.hive.catalog.add("some-worker")
    bridge.hive.installs("some-worker")
    answer = bridge.post("/v1/jobs", {"operation": operation, **({"worker_id": worker} if worker else {})})
    assert answer.status == 200
    ident = answer.json["job_id"]
    bridge.restart()  # it keeps nothing of it
    for _ in range(2):
        line, end = bridge.lines(ident)
        assert is_right(json.loads(line)), line
        assert end == "[DONE]"
    assert [event[0] for event in bridge.events(answer.json["sse_url"]).all()] == ["message", "state", "message"]
    assert bridge.get(f"/v1/jobs/{ident}").json["operation"] == operation
    bridge.delete(f"/v1/jobs/{ident}").problem(409, "NotCancellable")


def test_question_that_fails_ends_as_a_job_would(bridge):
    (line,) = bridge.lines("worker_catalog_get.nobody")
    assert line.startswith("[ERROR] ") and "nobody" in line
    assert bridge.lines("worker_installed_get.nobody") == ["[ERROR] Worker nobody is not installed"]


def test_gap_without_a_hive_is_a_503_that_asks_to_try_again(bridge):
    bridge.hive.stop()
    for answer in (
        bridge.get("/health", token=None),
        bridge.get("/v1/jobs"),
        bridge.get("/v1/jobs/1/stream"),
        bridge.get("/v1/catalog"),
        bridge.post("/v1/jobs", {"operation": "worker_install", "worker_id": "abc"}),
    ):
        answer.problem(503, "ServiceUnknown", "rbee-hived")
        assert answer.headers["retry-after"] == "1"
    bridge.hive.start()
    assert bridge.get("/health", token=None).status == 200


def test_bus_that_is_gone_and_comes_back(bridge):
    hive = bridge.hive
    hive.process.send_signal(signal.SIGSTOP)  # it would end with its bus
    hive.bus_process.kill()
    hive.bus_process.wait()
    hive.process.kill()
    hive.process.wait()
    hive.process = None
    wait_until(lambda: "Lost the bus connection" in bridge.log, what="the bridge's word")
    bridge.get("/health", token=None).problem(503)
    hive.bus_process = hive._connection = None
    hive.start()
    wait_until(lambda: bridge.get("/health", token=None).status == 200, what="the hive")


def test_path_that_is_none_and_method_that_is_none(bridge):
    bridge.get("/v1/nothing").problem(404, None, "/v1/openapi.json")
    answer = bridge.delete("/v1/jobs")
    answer.problem(405, "InvalidArgument", "POST, GET, HEAD")
    assert answer.headers["allow"] == "POST, GET, HEAD"
    bridge.post("/anything").problem(405)


@pytest.mark.parametrize("size", [5500, 6200, 8192, 16384, 30000])
def test_cookies_of_other_programs_on_localhost_are_in_nobodys_way(bridge, size):
    assert bridge.get("/health", {"Cookie": "c=" + "x" * size}, token=None).status == 200
    assert bridge.get("/v1/jobs", {"Cookie": "c=" + "x" * size}).status == 200


def test_request_may_come_in_pieces_of_any_size(bridge):
    body = json.dumps({"operation": "worker_remove", "worker_id": "some-worker"}).encode()
    request = bridge.head("POST", "/v1/jobs", {"Content-Type": "application/json", "Content-Length": str(len(body))}, ...) + body
    for size in (1, 2, 3, 7, len(request) - 1):
        with bridge.connect() as client:
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for start in range(0, len(request), size):
                client.sendall(request[start : start + size])
            raw = b""
            while data := client.recv(65536):
                raw += data
        Answer(raw).problem(404, "NotInstalled", "some-worker")


def test_client_that_waits_for_a_go_ahead_gets_it(bridge):
    """As curl does before a large body."""
    body = json.dumps({"operation": "worker_remove", "worker_id": "some-worker"}).encode()
    with bridge.connect() as client:
        client.sendall(
            bridge.head("POST", "/v1/jobs", {"Content-Type": "application/json", "Content-Length": str(len(body)), "Expect": "100-continue"}, ...)
        )
        go_ahead = b"HTTP/1.1 100 Continue\r\n\r\n"
        assert client.recv(len(go_ahead)) == go_ahead
        client.sendall(body)
        raw = b""
        while data := client.recv(65536):
            raw += data
    Answer(raw).problem(404, "NotInstalled", "some-worker")


def test_answer_waits_for_a_client_that_reads_slowly(new_bridge):
    (new_bridge.directory / "web").mkdir()
    content = os.urandom(4 << 20)
    (new_bridge.directory / "web/large.txt").write_bytes(content)
    bridge = new_bridge.start()
    with bridge.connect() as client:
        client.sendall(bridge.head("GET", "/large.txt", {}, None))
        assert bridge.get("/health", token=None).status == 200, "nobody waits for it"
        raw = b""
        while data := client.recv(65536):
            raw += data
    answer = Answer(raw)
    assert (answer.status, answer.headers["content-length"], answer.body == content) == (200, str(len(content)), True)


def test_head_has_what_get_has_but_the_body(bridge):
    bridge.hive.catalog.add("some-worker")
    bridge.hive.installs("some-worker")
    for path in ("/health", "/v1/jobs", "/v1/jobs/1", "/v1/openapi.json", "/v1/jobs/1/stream"):
        get, head = bridge.get(path), bridge.ask("HEAD", path)
        assert (head.status, head.body) == (200, b""), path
        assert head.headers["content-type"] == get.headers["content-type"]
