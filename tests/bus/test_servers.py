# SPDX-License-Identifier: LGPL-2.1-or-later
"""What servers of sources and catalogs do when they are busy, and what they send unasked."""

import gzip
import json

import pytest

from catalog import pkgbuild, sha256

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


@pytest.mark.parametrize("status", [400, 404, 410, 501, 505])
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


@pytest.mark.parametrize(
    "name, sent, what",
    [
        ("data", b'{"message":"Not Found","status":"404"}', "an answer in JSON"),
        ("data.tar.gz", b"error code: 1020\n", "a text"),
        ("data.bin", b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 7\n", "a pointer of Git LFS"),
    ],
    ids=["json", "text", "lfs"],
)
def test_answer_in_place_of_a_file_is_called_that(hive, http_catalog, name, sent, what):
    http_catalog.answers[f"/{name}"] = (200, "application/octet-stream", sent)
    http_catalog.add("some", pkgbuild("some", source=[f"{http_catalog.url}/{name}"], sha256sums=[sha256(DATA)]))
    hive.refuses("some", "ChecksumMismatch", f"the server sent {what}")


def test_answer_in_place_of_a_recipe_is_called_that(hive, http_catalog):
    http_catalog.add("some")
    http_catalog.answers["/workers/some/PKGBUILD"] = (200, "text/plain", b'{"error":"Worker not found"}')
    hive.refuses("some", "RecipeInvalid", "what came is an answer in JSON")


def test_page_in_place_of_a_file_without_a_sum_is_told(hive, http_catalog):
    http_catalog.answers["/data"] = (200, "text/html", CHALLENGE)
    http_catalog.add("some", recipe(http_catalog, sums="SKIP"))
    assert "⚠ As data the server sent a web page (HTML)" in hive.installs("some").lines()


def test_nothing_in_place_of_a_file_is_called_that(hive, http_catalog):
    http_catalog.answers["/data"] = (200, "application/octet-stream", b"")
    http_catalog.add("some", recipe(http_catalog))
    hive.refuses("some", "ChecksumMismatch", "the server sent nothing")


def test_page_in_place_of_a_git_repository_is_no_repository(hive, http_catalog):
    http_catalog.answers["/x.git/info/refs"] = (200, "text/html", b"<!doctype html><html>Are you a robot?</html>")
    http_catalog.add("some", pkgbuild("some", makedepends=["git"], source=[f"git+{http_catalog.url}/x.git"], sha256sums=["SKIP"]))
    hive.refuses("some", "SourceUnavailable", "/x.git")


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
    assert f"/workers/some is {what} where JSON was expected" in message and "not a catalog's server" in message and "file://" in message
    http_catalog.answers["/workers/some"] = (200, "application/json", json.dumps(http_catalog.entries["some"]).encode())
    http_catalog.answers["/workers/some/PKGBUILD"] = (200, "text/html", page)
    assert f"/workers/some/PKGBUILD is not there: what came is {what}" in hive.refuses("some", "RecipeInvalid").get("ErrorMessage")


def test_not_modified_that_nobody_asked_for_is_called_that(hive, http_catalog):
    http_catalog.add("some", recipe(http_catalog))
    http_catalog.answers["/data"] = (304, "text/plain", b"")
    hive.refuses("some", "SourceUnavailable", "304")
    http_catalog.answers["/workers/some"] = (304, "text/plain", b"")
    hive.refuses("some", "CatalogUnavailable", "304")


def raw(status="200 OK", body=DATA, length=True, **headers):
    """All that goes over the connection, as it stands."""
    lines = [f"HTTP/1.1 {status}"] + [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    if length:
        lines.append(f"Content-Length: {len(body)}")
    text = "\r\n".join([*lines, "Connection: close", "", ""]).encode() + body
    return lambda handler: handler.wfile.write(text)


WHOLE = {"Content_Range": f"bytes 0-{len(DATA) - 1}/{len(DATA)}"}
UNDERSTOOD = {
    "206 with all of it": raw("206 Partial Content", **WHOLE),
    "200 with a range": raw(**WHOLE),
    "203": raw("203 Non-Authoritative Information"),
    "100 before it": lambda handler: (handler.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n"), raw()(handler)),
    "103 before it": lambda handler: (handler.wfile.write(b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"), raw()(handler)),
    "no length": raw(length=False),
    "identity": raw(Content_Encoding="identity"),
    "two lengths that agree": raw(content_length=len(DATA)),
}


@pytest.mark.parametrize("answer", UNDERSTOOD.values(), ids=UNDERSTOOD.keys())
def test_what_a_server_sends_unasked_is_understood(hive, http_catalog, answer):
    http_catalog.answers["/data"] = answer
    http_catalog.add("some", recipe(http_catalog))
    assert DATA.decode().strip() in hive.installs("some").lines()


NAMED = {
    "206 with the beginning": (raw("206 Partial Content", DATA[:5], Content_Range=f"bytes 0-4/{len(DATA)}"), "a part (206)"),
    "206 with the end": (raw("206 Partial Content", DATA[5:], Content_Range=f"bytes 5-{len(DATA) - 1}/{len(DATA)}"), "a part (206)"),
    "206 without a range": (raw("206 Partial Content"), "a part (206)"),
    "206 of unknown size": (raw("206 Partial Content", Content_Range=f"bytes 0-{len(DATA) - 1}/*"), "a part (206)"),
    "206 of several ranges": (raw("206 Partial Content", Content_Type="multipart/byteranges; boundary=X"), "a part (206)"),
    "206 with nothing": (raw("206 Partial Content", b"", **WHOLE), "a part (206)"),
    "101": (raw("101 Switching Protocols", Upgrade="else"), "HTTP status 101, with which no file comes"),
    "201": (raw("201 Created"), "HTTP status 201, with which no file comes"),
    "204": (raw("204 No Content", b"", length=False), "HTTP status 204 (there is nothing)"),
    "226": (raw("226 IM Used"), "HTTP status 226"),
    "300": (raw("300 Multiple Choices"), "HTTP status 300, and not where to look instead"),
    "301 without a place": (raw("301 Moved Permanently"), "HTTP status 301, and not where to look instead"),
    "302 with an empty place": (raw("302 Found", Location=""), "HTTP status 302"),
    "399": (raw("399 What"), "HTTP status 399"),
    "999": (raw("999 Denied"), "HTTP status 999"),
    "407": (raw("407 Proxy Authentication Required"), "the proxy wants a name and a password"),
    "511": (raw("511 Network Authentication Required"), "this network wants a login first"),
    "HTTP/0.9": (lambda handler: handler.wfile.write(DATA), "does not speak HTTP"),
    "ssh": (lambda handler: handler.wfile.write(b"SSH-2.0-OpenSSH_9.2\r\n"), "does not speak HTTP"),
    "HTTP/3.0": (lambda handler: handler.wfile.write(b"HTTP/3.0 200 OK\r\n\r\n"), "Unsupported HTTP version"),
    "a head of 200 KB": (raw(X="x" * 200_000), "the head of the answer is too large"),
    "a negative length": (raw(length=False, Content_Length="-1"), "Invalid Content-Length"),
}


@pytest.mark.parametrize("answer, said", NAMED.values(), ids=NAMED.keys())
def test_what_a_server_sends_unasked_is_refused_by_name(hive, http_catalog, answer, said):
    """Also where no sum would tell."""
    http_catalog.answers["/data"] = answer
    http_catalog.add("some", recipe(http_catalog, sums="SKIP"))
    hive.refuses("some", "SourceUnavailable", "/data", said)


def test_what_was_refused_by_name_is_no_beginning_of_the_file(hive, http_catalog):
    http_catalog.answers["/data"] = raw("301 Moved Permanently", b"moved\n")
    http_catalog.add("some", recipe(http_catalog))
    hive.refuses("some", "SourceUnavailable", "HTTP status 301")
    http_catalog.answers["/data"] = raw()
    assert not any("Resuming" in line for line in hive.installs("some").lines())


@pytest.mark.parametrize("answer, said", [NAMED[name] for name in ("206 with the end", "204", "301 without a place", "HTTP/0.9")])
def test_what_a_catalog_sends_unasked_is_refused_by_name(hive, http_catalog, answer, said):
    http_catalog.add("some")
    http_catalog.answers["/workers/some"] = answer
    hive.refuses("some", "CatalogUnavailable", "/workers/some", said)


def test_server_that_sends_a_file_in_parts_is_asked_for_the_rest(hive, http_catalog):
    """As some that bound what one answer may have."""

    def part(handler):
        start = int((handler.headers.get("Range") or "bytes=0-")[6:-1])
        body = DATA[start : start + 7]
        raw("206 Partial Content", body, Content_Range=f"bytes {start}-{start + len(body) - 1}/{len(DATA)}")(handler)

    http_catalog.answers["/data"] = part
    http_catalog.add("some", recipe(http_catalog))
    assert DATA.decode().strip() in hive.installs("some").lines()
    assert http_catalog.requests.count("/data") == -(-len(DATA) // 7)


def test_server_that_goes_on_in_the_wrong_place_is_asked_for_all(hive, http_catalog):
    def cut(handler):
        if "Range" not in handler.headers:
            handler.wfile.write(f"HTTP/1.1 200 OK\r\nContent-Length: {len(DATA)}\r\n\r\n".encode() + (DATA[:9] if asked else DATA))
            asked.clear()
        else:
            raw("206 Partial Content", DATA[3:], Content_Range=f"bytes 3-{len(DATA) - 1}/{len(DATA)}")(handler)

    asked = [True]
    http_catalog.answers["/data"] = cut
    http_catalog.add("some", recipe(http_catalog))
    assert DATA.decode().strip() in hive.installs("some").lines()


@pytest.mark.parametrize("encoding", ["gzip", "br", "deflate", "zstd"])
def test_encoding_that_nobody_asked_for_is_called_that(hive, http_catalog, encoding):
    body = gzip.compress(DATA) if encoding == "gzip" else b"\x0b\x0b\x80" + DATA + b"\x03"
    http_catalog.answers["/data"] = raw(body=body, Content_Encoding=encoding)
    http_catalog.add("some", recipe(http_catalog))
    hive.refuses("some", "ChecksumMismatch", f"something that was compressed by {encoding}, for which nobody asked")
    http_catalog.add("some", recipe(http_catalog, sums="SKIP"))
    assert f"⚠ As data the server sent something that was compressed by {encoding}, for which nobody asked" in hive.installs("some").lines()


@pytest.mark.parametrize("status", [202, 425, 507, 509, 522, 529])
def test_server_that_is_busy_by_a_rarer_name_is_asked_again(hive, http_catalog, status):
    http_catalog.answers["/data"] = busy([status])
    http_catalog.add("some", recipe(http_catalog))
    hive.installs("some")
    assert http_catalog.requests.count("/data") == 2
