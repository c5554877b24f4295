# SPDX-License-Identifier: LGPL-2.1-or-later
"""What servers of sources and catalogs do when they are busy, and what they send unasked."""

import gzip
import json

import pytest

from harness import pkgbuild, sha256

DATA = b"what the recipe expects\n"
CHALLENGE = b"<!doctype html>\n<html><title>Making sure you're not a bot!</title><body>...</body></html>\n"
LISTING = b'<!DOCTYPE HTML>\n<html lang="en">\n<head>\n<title>Directory listing for /workers</title>\n</head><body></body></html>\n'


def recipe(http_catalog, path="data", sums=None, **more):
    return pkgbuild("some", source=[f"{http_catalog.url}/{path}"], sha256sums=[sums or sha256(DATA)], build='cat "$srcdir/data" || :', **more)


def busy(statuses, data=DATA, kind="application/octet-stream", **headers):
    """Answers with each of @statuses, then with @data. @answered: of how many requests."""
    left = list(statuses)

    def answer(handler):
        status = left.pop(0) if left else 200
        body = data if status == 200 else b"busy\n"
        handler.send_response(status)
        for name, value in ({"Content-Type": kind, "Content-Length": str(len(body))} | (headers if status != 200 else {})).items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(body)

    return answer


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_server_that_is_busy_is_asked_again(hive, http_catalog, status):
    http_catalog.answers["/data"] = busy([status])
    http_catalog.add("some", recipe(http_catalog))
    lines = hive.installs("some").lines()
    assert DATA.decode().strip() in lines
    (line,) = [line for line in lines if line.startswith("↻ Trying again in 1 s: ")]
    assert f"/data answered with HTTP status {status}" in line
    assert http_catalog.requests.count("/data") == 2
    hive.nothing_left()


def test_retry_after_is_obeyed(hive, http_catalog):
    http_catalog.answers["/data"] = busy([429], Retry_After="3")
    http_catalog.add("some", recipe(http_catalog))
    assert any(line.startswith("↻ Trying again in 3 s: ") for line in hive.installs("some").lines())


def test_server_that_stays_busy_ends_the_job(hive, http_catalog):
    http_catalog.answers["/data"] = busy([503] * 9)
    http_catalog.add("some", recipe(http_catalog))
    message = hive.refuses("some", "SourceUnavailable").get("ErrorMessage")
    assert "/data answered with HTTP status 503 (it is busy)" in message
    assert http_catalog.requests.count("/data") == 4


def test_server_that_wants_rest_for_too_long_ends_the_job(hive, http_catalog):
    hive.configure("Build", DownloadTimeout=20)
    http_catalog.answers["/data"] = busy([429] * 9, Retry_After="600")
    http_catalog.add("some", recipe(http_catalog))
    assert "asks to be left alone for 600 s" in hive.refuses("some", "SourceUnavailable").get("ErrorMessage")
    assert http_catalog.requests.count("/data") == 1


@pytest.mark.parametrize("status", [400, 404, 410, 501])
def test_refusal_is_believed(hive, http_catalog, status):
    http_catalog.answers["/data"] = busy([status])
    http_catalog.add("some", recipe(http_catalog))
    hive.refuses("some", "SourceUnavailable")
    assert http_catalog.requests.count("/data") == 1


def test_catalog_that_is_busy_is_asked_again_by_a_job(hive, http_catalog):
    http_catalog.add("some")
    for path, kind in (("/workers/some", "application/json"), ("/workers/some/PKGBUILD", "text/plain")):
        http_catalog.answers[path] = busy([503], http_catalog.answers[path][2], kind)
    job = hive.installs("some")
    assert [record.phase for record in job.records() if record.text.startswith("↻ Trying again")] == ["metadata", "pkgbuild"]


def test_page_in_place_of_a_file_is_called_that(hive, http_catalog):
    http_catalog.answers["/data"] = (200, "text/html", CHALLENGE)
    http_catalog.add("some", recipe(http_catalog))
    message = hive.refuses("some", "ChecksumMismatch").get("ErrorMessage")
    assert "the server sent a web page (HTML); its sha256 sum is" in message


def test_page_in_place_of_a_file_without_a_sum_is_told(hive, http_catalog):
    http_catalog.answers["/data"] = (200, "text/html", CHALLENGE)
    http_catalog.add("some", recipe(http_catalog, sums="SKIP"))
    assert "⚠ As data the server sent a web page (HTML)" in hive.installs("some").lines()


def test_file_that_was_compressed_unasked_is_called_that(hive, http_catalog):
    http_catalog.answers["/data"] = (200, "application/octet-stream", gzip.compress(DATA))
    http_catalog.add("some", recipe(http_catalog))
    assert "compressed by gzip" in hive.refuses("some", "ChecksumMismatch").get("ErrorMessage")


def compressed(data, kind):
    def answer(handler):
        body = gzip.compress(data)
        handler.send_response(200)
        for name, value in {"Content-Type": kind, "Content-Encoding": "gzip", "Content-Length": str(len(body))}.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(body)
    return answer


def test_archive_whose_encoding_is_named_wrongly_is_taken_as_it_is(hive, http_catalog):
    http_catalog.answers["/data.gz"] = compressed(DATA, "application/x-tar")
    expected = gzip.compress(DATA)
    http_catalog.add("some", pkgbuild("some", source=[f"{http_catalog.url}/data.gz"], sha256sums=["SKIP"], build='gunzip -c "$srcdir/data.gz"'))
    assert expected and DATA.decode().strip() in hive.installs("some").lines()


def test_catalog_that_compresses_always_is_understood(hive, http_catalog):
    http_catalog.add("some")
    for path, kind in (("/workers", "application/json"), ("/workers/some", "application/json"), ("/workers/some/PKGBUILD", "text/plain")):
        http_catalog.answers[path] = compressed(http_catalog.answers[path][2], kind)
    hive.installs("some")
    assert [worker["id"] for worker in hive.call("ListCatalog", {}, signature="(a{sv})")] == ["some"]


def test_catalog_that_unfolds_without_end_is_refused(hive, http_catalog):
    http_catalog.add("some")
    http_catalog.answers["/workers/some"] = compressed(b"[" + b" " * 100_000_000 + b"]", "application/json")
    assert "is larger than" in hive.refuses("some", "CatalogInvalid").get("ErrorMessage")


@pytest.mark.parametrize("page, what", [(CHALLENGE, "a web page (HTML)"), (LISTING, "a listing of a folder (HTML)")], ids=["challenge", "listing"])
def test_page_in_place_of_a_catalog_is_called_that(hive, http_catalog, page, what):
    http_catalog.add("some")
    http_catalog.answers["/workers/some"] = (200, "text/html", page)
    message = hive.refuses("some", "CatalogInvalid").get("ErrorMessage")
    assert f"/workers/some is {what} where JSON was expected" in message and "no catalog's server" in message and "file://" in message
    http_catalog.answers["/workers/some"] = (200, "application/json", json.dumps(http_catalog.entries["some"]).encode())
    http_catalog.answers["/workers/some/PKGBUILD"] = (200, "text/html", page)
    assert f"/workers/some/PKGBUILD is {what}" in hive.refuses("some", "RecipeInvalid").get("ErrorMessage")


def test_not_modified_that_nobody_asked_for_is_called_that(hive, http_catalog):
    http_catalog.add("some", recipe(http_catalog))
    http_catalog.answers["/data"] = (304, "text/plain", b"")
    hive.refuses("some", "SourceUnavailable", "304")
    http_catalog.answers["/workers/some"] = (304, "text/plain", b"")
    hive.refuses("some", "CatalogUnavailable", "304")
