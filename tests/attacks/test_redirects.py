# SPDX-License-Identifier: LGPL-2.1-or-later
"""A server that is told a secret sends its client on: the secret stays with the host that it is for."""

import base64

import pytest

from catalog import HttpCatalog, pkgbuild, sha256

PASSWORD = "correct-horse-battery"
DATA = b"data"


@pytest.fixture
def servers(hive):
    """The one with a password, and another host that it leads to; what each was sent."""
    made, sent = [], {}
    for name, address in (("own", "127.0.0.1"), ("other", "127.0.0.2")):
        made.append(HttpCatalog(address))
        sent[name] = []
    own, other = made

    def lead(handler):
        sent["own"].append(dict(handler.headers))
        handler.send_response(302)
        handler.send_header("Location", f"{other.url}/data")
        handler.send_header("Set-Cookie", "session=secret; Domain=127.0.0.2")
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    def give(handler):
        sent["other"].append(dict(handler.headers))
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(DATA)))
        handler.end_headers()
        handler.wfile.write(DATA)

    own.answers["/data"] = lead
    other.answers["/data"] = give
    yield own, sent
    for server in made:
        server.close()


def test_password_of_a_sources_url_goes_to_its_host_alone_and_into_no_log(hive, servers):
    own, sent = servers
    url = own.url.replace("://", f"://somebody:{PASSWORD}@") + f"/data?access_token={PASSWORD}"
    hive.catalog.add("some", pkgbuild("some", source=[f"data::{url}"], sha256sums=[sha256(DATA)]))
    job = hive.install("some")
    job.wait()
    assert job.state == "done", job.log_text()
    wanted = "Basic " + base64.b64encode(f"somebody:{PASSWORD}".encode()).decode()
    assert wanted in [headers.get("Authorization") for headers in sent["own"]] or not any("Authorization" in headers for headers in sent["own"])
    assert sent["other"]
    for headers in sent["other"]:
        assert not {"authorization", "cookie", "referer"} & {name.lower() for name in headers}, headers
    assert PASSWORD not in job.log_text() + hive.daemon_log()


def test_netrc_of_anybody_is_not_read(hive, servers):
    own, sent = servers
    netrc = hive.directory / "netrc"
    netrc.write_text(f"machine 127.0.0.1 login somebody password {PASSWORD}\nmachine 127.0.0.2 login somebody password {PASSWORD}\n")
    hive.catalog.add("some", pkgbuild("some", source=[f"data::{own.url}/data"], sha256sums=[sha256(DATA)]))
    hive.environment = {"NETRC": str(netrc), "HOME": str(hive.directory)}
    (hive.directory / ".netrc").write_text(netrc.read_text())
    job = hive.install("some")
    job.wait()
    assert job.state == "done", job.log_text()
    for headers in sent["own"] + sent["other"]:
        assert "Authorization" not in headers


def test_secret_in_a_query_that_fails_is_in_no_log(hive, servers):
    own, _ = servers
    own.answers["/gone"] = (404, "text/plain", b"gone")
    hive.catalog.add("some", pkgbuild("some", source=[f"data::{own.url}/gone?access_token={PASSWORD}"], sha256sums=["SKIP"]))
    job = hive.install("some")
    job.wait()
    assert job.state == "failed"
    assert PASSWORD not in job.log_text() + hive.daemon_log()
    assert PASSWORD not in str(hive.call("ListJobs", {}, signature="(a{sv})"))
