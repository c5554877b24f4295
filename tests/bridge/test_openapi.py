# SPDX-License-Identifier: LGPL-2.1-or-later
"""/v1/openapi.json and the bridge say the same."""

import json
import re

import jsonschema
import pytest

from build import SOURCE
from catalog import pkgbuild
from test_requests import hive_job

SOURCE = SOURCE / "src" / "bridge"
DOCUMENT = json.loads((SOURCE / "openapi.json").read_text())


def operations():
    for path, item in DOCUMENT["paths"].items():
        for method, operation in item.items():
            if method != "parameters":
                yield method.upper(), path, operation


def check(value, schema):
    jsonschema.Draft202012Validator({**schema, "components": DOCUMENT["components"]}).validate(value)


def test_document_is_what_is_served(bridge):
    answer = bridge.get("/v1/openapi.json", token=None)
    assert answer.json == DOCUMENT
    assert DOCUMENT["openapi"].startswith("3.1.")
    for _name, schema in DOCUMENT["components"]["schemas"].items():
        jsonschema.Draft202012Validator.check_schema(schema)


def test_document_has_every_route_and_no_other():
    text = (SOURCE / "routes.c").read_text()
    routes = {(method, path.replace("*", "{id}")) for method, path in re.findall(r'\{ METHOD_(\w+), "([^"]+)"', text)}
    assert routes == {(method, path) for method, path, _ in operations()}


def parts(node, path=""):
    """Each schema, and what else is an object, by its place in the document."""
    if isinstance(node, dict):
        yield path, node
    for key, value in node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ():
        yield from parts(value, f"{path}/{key}")


def test_each_integer_is_said_to_have_64_bits():
    kinds = {path: node for path, node in parts(DOCUMENT) if node.get("type") == "integer" or "integer" in (node.get("type") or [])}
    assert kinds and [path for path, node in kinds.items() if node.get("format") != "int64"] == []


def test_document_says_what_is_open(bridge):
    for method, path, operation in operations():
        if path in ("/v1/codes", "/v1/keys"):
            continue
        status = bridge.ask(method, path.replace("{id}", "1"), token=None, body={} if method == "POST" else None).status
        open_to_all = operation.get("security", DOCUMENT["security"]) == [{}]
        assert (status == 401) != open_to_all, (method, path, status)


REQUESTS = [
    ("GET", "/health", None),
    ("GET", "/metrics", None),
    ("GET", "/v1/openapi.json", None),
    ("GET", "/v1/jobs", None),
    ("GET", "/v1/jobs?all=true", None),
    ("GET", "/v1/jobs?all=x", None),
    ("GET", "/v1/jobs/1", None),
    ("GET", "/v1/jobs/77", None),
    ("GET", "/v1/jobs/worker_catalog_list", None),
    ("DELETE", "/v1/jobs/1", None),
    ("DELETE", "/v1/jobs/77", None),
    ("GET", "/v1/jobs/1/stream", None),
    ("GET", "/v1/jobs/77/stream", None),
    ("GET", "/v1/jobs/1/stream?cursor=3", None),
    ("GET", "/v1/catalog", None),
    ("GET", "/v1/catalog?catalog=nowhere", None),
    ("GET", "/v1/catalogs", None),
    ("GET", "/v1/catalog/some-worker", None),
    ("GET", "/v1/catalog/nobody", None),
    ("GET", "/v1/catalog/NO", None),
    ("GET", "/v1/catalog/some-worker/PKGBUILD", None),
    ("GET", "/v1/catalog/nobody/PKGBUILD", None),
    ("GET", "/v1/workers", None),
    ("GET", "/v1/workers/some-worker/problems", None),
    ("GET", "/v1/workers/nobody/problems", None),
    ("GET", "/v1/instances", None),
    ("POST", "/v1/instances", {"worker_id": "nobody"}),
    ("POST", "/v1/instances", {"worker_id": "some-worker"}),
    ("POST", "/v1/instances", {}),
    ("GET", "/v1/instances/nobody", None),
    ("DELETE", "/v1/instances/nobody", None),
    ("POST", "/v1/instances/nobody/restart", {}),
    ("POST", "/v1/instances/nobody/boot", {"boot": True}),
    ("GET", "/v1/instances/nobody/key", None),
    ("GET", "/v1/models", None),
    ("DELETE", "/v1/models/nobody", None),
    ("DELETE", "/v1/models/_", None),
    ("GET", "/v1/updates", None),
    ("GET", "/v1/capabilities", None),
    ("POST", "/v1/capabilities/refresh", {}),
    ("GET", "/v1/jobs/1/log", None),
    ("GET", "/v1/jobs/77/log", None),
    ("GET", "/v1/jobs?max=1&before=2", None),
    ("GET", "/v1/catalog/some-worker?backend=x", None),
    ("POST", "/v1/jobs", {"operation": "worker_install", "worker_id": "some-worker"}),
    ("POST", "/v1/jobs", {"operation": "worker_catalog_list"}),
    ("POST", "/v1/jobs", {"operation": "worker_remove", "worker_id": "nobody"}),
    ("POST", "/v1/jobs", {"operation": "worker_rollback", "worker_id": "some-worker"}),
    ("POST", "/v1/jobs", {"operation": "no"}),
    ("POST", "/v1/jobs", b"{"),
    ("POST", "/v1/codes", {}),
    ("POST", "/v1/tokens", {"code": "x"}),
    ("POST", "/v1/tickets", {}),
    ("POST", "/v1/keys", {}),
]


def test_every_answer_is_as_the_document_has_it(bridge):
    bridge.hive.catalog.add("some-worker")
    job = bridge.hive.installs("some-worker", source="git", check=True)
    assert job.id == "1"
    seen = set()
    for token in (..., None):
        for method, path, body in REQUESTS:
            unix = token is ... and path in ("/v1/codes", "/v1/keys")
            answer = bridge.ask(method, path, body=body, token=token, unix=unix)
            template = next(
                template
                for verb, template, _ in operations()
                if verb == method and re.fullmatch(template.replace("{id}", "[^/?]+") + r"(\?.*)?", path)
            )
            responses = DOCUMENT["paths"][template][method.lower()]["responses"]
            assert str(answer.status) in responses, (method, path, answer.status, answer.text)
            content = responses[str(answer.status)].get("content", {})
            kind = answer.headers.get("content-type", "").partition(";")[0]
            assert kind in content, (method, path, answer.status, kind)
            if kind.endswith("json"):
                check(answer.json, content[kind]["schema"])
            seen.add((method, template))
    missing = {(method, path) for method, path, _ in operations()} - seen
    assert missing == {("GET", "/v1/events")}


def test_jobs_of_every_kind_are_as_the_document_has_them(bridge):
    folder = bridge.hive.directory / "own"
    folder.mkdir()
    (folder / "PKGBUILD").write_text(pkgbuild("own"))
    bridge.hive.hivectl("install", folder, "--config", bridge.hive.directory / "hive.conf")
    bridge.hive.removes("own")
    bridge.hive.refuses("nothing", "WorkerNotFound")
    answer = bridge.get("/v1/jobs").json
    check(answer, {"$ref": "#/components/schemas/Jobs"})
    assert [(job["name"], job["options"]) for job in answer["jobs"]] == [("own", {"origin": str(folder / "PKGBUILD")}), ("own", {}), ("nothing", {})]
    for job in answer["jobs"]:
        check(bridge.get(f"/v1/jobs/{job['id']}").json, {"$ref": "#/components/schemas/Job"})


@pytest.mark.parametrize(
    "body",
    [
        {"operation": "worker_install", "worker_id": "_UNDER"},
        {"operation": "x"},
        {},
        {"operation": "worker_install", "worker_id": "a", "x": 1},
        {"operation": "worker_install", "worker_id": "a", "check": "yes"},
        {"operation": "worker_install", "worker_id": "a", "source": "x"},
    ],
)
def test_what_the_document_forbids_is_refused(bridge, body):
    with pytest.raises(jsonschema.ValidationError):
        check(body, DOCUMENT["components"]["schemas"]["JobRequest"])
    bridge.post("/v1/jobs", body).problem(400, "InvalidArgument")


def test_job_events_carry_the_json_they_should(bridge):
    bridge.hive.catalog.add("some-worker")
    job = bridge.install("some-worker")
    hive_job(bridge, job).wait_for_state("done")
    events = bridge.events("/v1/events")
    for name, schema in (("jobs", "Jobs"), ("instances", "Instances")):
        event, data, _ = events.next()
        assert event == name
        check(json.loads(data), DOCUMENT["components"]["schemas"][schema])
