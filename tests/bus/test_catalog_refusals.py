# SPDX-License-Identifier: LGPL-2.1-or-later
"""Catalogs that are not there, slow, or wrong: each is refused by name, and nothing is left."""

import json
import time

import pytest

from catalog import entry, hangs, pkgbuild
from client import HiveError
from ports import free_port


def listed_error(hive, method="ListCatalog", *arguments):
    with pytest.raises(HiveError) as caught:
        if method == "ListCatalog":
            hive.call(method, {}, signature="(a{sv})")
        else:
            hive.call(method, *arguments)
    return caught.value


def test_unreachable_catalog(hive):
    port = free_port()
    hive.configure("Catalog", URL=f"http://127.0.0.1:{port}")
    hive.refuses("some", "CatalogUnavailable", f"127.0.0.1:{port}")
    assert listed_error(hive).name == "CatalogUnavailable"
    assert listed_error(hive, "GetCatalogWorker", "some").name == "CatalogUnavailable"


def test_catalog_folder_that_is_not_there(hive):
    hive.configure("Catalog", URL=f"file://{hive.directory}/nowhere")
    hive.refuses("some", "CatalogUnavailable", f"{hive.directory}/nowhere")


def test_catalog_that_does_not_answer_times_out(hive, http_catalog):
    hive.configure("Catalog", Timeout=1)
    http_catalog.answers["/workers/slow"] = hangs
    hive.refuses("slow", "CatalogUnavailable", http_catalog.url)


def test_catalog_that_drips_times_out(hive, http_catalog):
    hive.configure("Catalog", Timeout=1)

    def drip(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", "1000000")
        handler.end_headers()
        while True:  # until the client has left
            handler.wfile.write(b" ")
            handler.wfile.flush()
            time.sleep(0.1)

    http_catalog.answers["/workers/slow"] = drip
    hive.refuses("slow", "CatalogUnavailable", http_catalog.url)


def test_redirect_loop(hive, http_catalog):
    def redirect(handler):
        handler.send_response(302)
        handler.send_header("Location", "/workers/round")
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    http_catalog.answers["/workers/round"] = redirect
    hive.refuses("round", "CatalogUnavailable", http_catalog.url)
    assert len(http_catalog.requests) < 50


def test_redirect_to_a_file_is_not_followed(hive, http_catalog):
    secret = hive.directory / "secret"
    secret.write_text(json.dumps(entry("sly")))

    def redirect(handler):
        handler.send_response(302)
        handler.send_header("Location", f"file://{secret}")
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    http_catalog.answers["/workers/sly"] = redirect
    hive.refuses("sly", "CatalogUnavailable")


@pytest.mark.parametrize("kind", ["http", "file"])
def test_worker_that_the_catalog_does_not_know(hive, request, kind):
    if kind == "http":
        request.getfixturevalue("http_catalog")
    hive.refuses("nobody-knows-me", "WorkerNotFound", "nobody-knows-me")
    error = listed_error(hive, "GetCatalogWorker", "nobody-knows-me")
    assert error.name == "WorkerNotFound" and "nobody-knows-me" in error.message


@pytest.mark.parametrize("status", [500, 503, 403])
def test_server_error(hive, http_catalog, status):
    http_catalog.answers["/workers/some"] = (status, "text/plain", b"no")
    hive.refuses("some", "CatalogUnavailable", str(status))


def test_html_instead_of_json(hive, http_catalog):
    http_catalog.answers["/workers/some"] = (200, "text/html", b"<!DOCTYPE html><html><body>Welcome</body></html>")
    hive.refuses("some", "CatalogInvalid", f"{http_catalog.url}/workers/some")


def test_truncated_json(hive, http_catalog):
    whole = json.dumps(entry("some")).encode()
    http_catalog.answers["/workers/some"] = (200, "application/json", whole[: len(whole) // 2])
    hive.refuses("some", "CatalogInvalid")


def test_connection_that_breaks_in_the_middle(hive, http_catalog):
    whole = json.dumps(entry("some")).encode()

    def cut(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(whole)))
        handler.end_headers()
        handler.wfile.write(whole[:100])

    http_catalog.answers["/workers/some"] = cut
    hive.refuses("some", "CatalogUnavailable")


WRONG_TYPES = [
    ("version", 1),
    ("platforms", "linux"),
    ("platforms", [1]),
    ("architectures", {"x86_64": True}),
    ("depends", "gcc"),
    ("binary_name", ["x"]),
    ("supports_streaming", "yes"),
    ("name", None),
    ("max_context_length", "many"),
]


@pytest.mark.parametrize("key, value", WRONG_TYPES, ids=[f"{key}-{value}" for key, value in WRONG_TYPES])
def test_key_of_a_wrong_type(hive, http_catalog, key, value):
    http_catalog.add("some")
    http_catalog.answers["/workers/some"] = http_catalog.json(dict(entry("some"), **{key: value}))
    hive.refuses("some", "CatalogInvalid", key)


@pytest.mark.parametrize("value", ["[]", "null", "42", '"text"', "{}", ""])
def test_json_that_is_no_entry(hive, http_catalog, value):
    http_catalog.answers["/workers/some"] = (200, "application/json", value.encode())
    hive.refuses("some", "CatalogInvalid")


@pytest.mark.parametrize("key", ["id", "version", "platforms", "architectures"])
def test_missing_key(hive, http_catalog, key):
    http_catalog.add("some", **{key: None})
    hive.refuses("some", "CatalogInvalid", key)


def test_a_hundred_megabytes_of_json(hive, http_catalog):
    def flood(handler):
        handler.send_response(200)
        handler.send_header("Content-Type", "application/json")
        handler.end_headers()
        handler.wfile.write(b'{"id":"big","name":"')
        for _ in range(100):
            handler.wfile.write(b"x" * (1 << 20))

    http_catalog.answers["/workers/big"] = flood
    hive.refuses("big", "CatalogInvalid", "MaxSize")
    http_catalog.answers["/workers"] = flood
    assert listed_error(hive).name == "CatalogInvalid"


def test_a_hundred_megabytes_that_are_announced(hive, http_catalog):
    def announce(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", str(100 << 20))
        handler.end_headers()
        handler.wfile.write(b" " * 1000)

    http_catalog.answers["/workers/big"] = announce
    hive.refuses("big", "CatalogInvalid", "MaxSize")


def test_deeply_nested_json_is_no_crash(hive, http_catalog):
    http_catalog.answers["/workers/deep"] = (200, "application/json", b'{"id":' + b"[" * 100000 + b"]" * 100000 + b"}")
    hive.refuses("deep", "CatalogInvalid")


def test_invalid_utf8(hive, http_catalog):
    whole = json.dumps(entry("some")).encode().replace(b"The worker some", b"\xff\xfe\xc0\xaf")
    http_catalog.answers["/workers/some"] = (200, "application/json", whole)
    hive.refuses("some", "CatalogInvalid")


def test_id_that_differs_from_the_one_asked_for(hive, http_catalog):
    http_catalog.add("asked")
    http_catalog.answers["/workers/asked"] = http_catalog.json(entry("answered"))
    hive.refuses("asked", "CatalogInvalid", "asked", "answered")


def test_recipe_that_is_not_there(hive, http_catalog):
    http_catalog.add("bare")
    del http_catalog.answers["/workers/bare/PKGBUILD"]
    job = hive.install("bare")
    hive.fails(job, "CatalogUnavailable", "/workers/bare/PKGBUILD")


def test_file_catalog_that_leads_out_of_itself(hive):
    (hive.directory / "outside").mkdir()
    (hive.directory / "outside" / "PKGBUILD").write_text(pkgbuild("sly"))
    hive.catalog.add("sly", pkgbuild_url="/../outside/PKGBUILD")
    job = hive.install("sly")
    assert job.wait().result == "failed"
    assert job.finished().error in ("CatalogInvalid", "CatalogUnavailable")
    hive.nothing_left()


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/PKGBUILD", "javascript:alert(1)", "file:///etc/passwd"])
def test_recipe_url_of_another_scheme(hive, http_catalog, url):
    http_catalog.add("odd", pkgbuild_url=url)
    hive.refuses("odd", "CatalogInvalid", "pkgbuild_url")


def test_http_catalog_whose_worker_is_good_installs(hive, http_catalog):
    http_catalog.add("good", pkgbuild("good", source=["data.txt"], sha256sums=["SKIP"], build='cat "$srcdir/data.txt"'), {"data.txt": "from afar\n"})
    job = hive.installs("good")
    assert "from afar" in job.lines()
    assert [worker["id"] for worker in hive.call("ListCatalog", {}, signature="(a{sv})")] == ["good"]
    hive.nothing_left()


def test_broken_list_is_refused(hive, http_catalog):
    http_catalog.answers["/workers"] = (200, "application/json", b'{"workers":{}}')
    assert listed_error(hive).name == "CatalogInvalid"


def test_camel_case_catalog_offers_its_variants(hive, http_catalog):
    whole = {
        "id": "many",
        "implementation": "many",
        "version": "1.0",
        "name": "Many",
        "description": "A worker",
        "license": "MIT",
        "coverImage": None,
        "readmeUrl": None,
        "buildSystem": "none",
        "source": {"type": "git", "url": "https://example.org/x.git"},
        "variants": [
            {
                "backend": backend,
                "platforms": ["linux"],
                "architectures": ["x86_64", "aarch64"],
                "pkgbuildUrl": f"/{backend}-bin",
                "pkgbuildUrlGit": f"/{backend}-git",
                "build": {"features": [backend]},
                "depends": [],
                "makedepends": [],
                "binaryName": f"many-{backend}",
                "installPath": "/usr/local/bin",
            }
            for backend in ("cpu", "cuda")
        ],
        "capabilities": {"supportedFormats": ["gguf"], "maxContextLength": 4096, "supportsStreaming": True, "supportsBatching": False},
    }
    http_catalog.answers["/workers/many"] = http_catalog.json(whole)
    http_catalog.answers["/workers"] = http_catalog.json({"workers": [whole]})
    for backend in ("cpu", "cuda"):
        for kind in ("bin", "git"):
            recipe = pkgbuild(f"many-{backend}", build=f"echo {kind} for $RBEE_FEATURES")
            http_catalog.answers[f"/{backend}-{kind}"] = (200, "text/plain", recipe.encode())
    listed = hive.call("GetCatalogWorker", "many")
    assert listed["backends"] == ["cpu", "cuda"]
    assert (listed["worker_type"], listed["max_context_length"], listed["supports_streaming"]) == ("cpu", 4096, True)
    job = hive.installs("many", backend="cuda", source="git")
    assert "git for cuda" in job.lines()
    record = hive.record("many")
    assert (record["backend"], record["source"], record["binary"]) == ("cuda", "git", "/usr/local/bin/many-cuda")
    hive.removes("many")
    assert "bin for cpu" in hive.installs("many", source="binary").lines()
    hive.removes("many")
    hive.refuses("many", "InvalidArgument", "cpu", "cuda", backend="metal")
