# SPDX-License-Identifier: LGPL-2.1-or-later
"""https, by servers and a proxy that speak it: whom the hive believes, what it says of whom it doesn't, and who gets to see a token."""

import os
import pathlib
import shutil
import tempfile
import time

import pytest

from catalog import HttpCatalog, pkgbuild, sha256
from tls import Authority, HttpsCatalog, Proxy, redirect

pytestmark = pytest.mark.skipif(not shutil.which("openssl"), reason="openssl makes the certificates")

LOCAL = "IP:127.0.0.1"
TOKEN = "s3cret-token"


@pytest.fixture(scope="module")
def authorities():
    """Two that know nothing of each other, in a folder that every user may enter."""
    with tempfile.TemporaryDirectory(prefix="rbee-hive-test.", dir="/var/tmp") as folder:
        os.chmod(folder, 0o755)
        yield tuple(Authority(pathlib.Path(folder), name) for name in ("corp", "world"))


@pytest.fixture
def corp(authorities):
    return authorities[0]


@pytest.fixture
def world(authorities):
    return authorities[1]


@pytest.fixture
def serve():
    """Starts servers, which end with the test."""
    servers = []

    def start(context, **options):
        servers.append(HttpsCatalog(context, **options) if context else HttpCatalog())
        return servers[-1]

    yield start
    for server in servers:
        server.close()


@pytest.fixture
def proxy():
    proxy = Proxy()
    yield proxy
    proxy.close()


def configure(hive, server, **keys):
    """The server is the catalog "corp", and the first."""
    hive.configuration["Catalog corp"] = {"URL": server.url, "Priority": 1, **keys}
    return server


@pytest.fixture
def secret(hive):
    path = hive.directory / "token"
    path.write_text(f"{TOKEN}\n")
    path.chmod(0o600)
    return path


def trust(hive, authority):
    """The daemon and what it starts run on a machine that trusts that one besides."""
    everybody = "/etc/ssl/certs/ca-certificates.crt"
    if os.geteuid() != 0 or not os.path.exists(everybody):
        pytest.skip("to change whom this machine trusts takes root and Debian's file of them")
    own = authority.folder / "everybody.pem"
    with open(everybody) as file:
        own.write_text(file.read() + authority.path.read_text())
    own.chmod(0o644)
    hive.wrapper = ["unshare", "--mount", "sh", "-c", f'mount --bind {own} {everybody} && exec "$@"', "--"]


# whom a catalog's section believes


def test_server_whom_the_authority_vouches_for_is_a_catalog(hive, serve, corp):
    server = configure(hive, serve(corp.context(LOCAL)), CAFile=corp.path)
    server.add("some", pkgbuild("some", source=["data"], sha256sums=[sha256("of corp\n")], build='cat "$srcdir/data"'), {"data": "of corp\n"})
    assert [worker["id"] for worker in hive.call("ListCatalog", {}, signature="(a{sv})")] == ["some"]
    assert "of corp" in hive.installs("some").lines()


def test_server_whom_nobody_knows_is_refused_and_the_key_is_named(hive, serve, corp, world):
    server = configure(hive, serve(corp.context(LOCAL)))
    server.add("some")
    job = hive.refuses("corp/some", "CatalogUnavailable", server.url, "no authority that is trusted here vouches for it", "CAFile=", "[Catalog corp]")
    assert "certificate" in job.finished().message and server.requests == []


def test_authority_that_does_not_vouch_for_the_server_is_named(hive, serve, corp, world):
    server = configure(hive, serve(corp.context(LOCAL)), CAFile=world.path)
    server.add("some")
    hive.refuses("corp/some", "CatalogUnavailable", "no authority that is trusted here vouches for it", "CAFile= and URL= in [Catalog corp]")
    catalog = next(catalog for catalog in hive.call("ListCatalogs") if catalog["name"] == "corp")
    assert hive.hivectl("catalog").stderr.count("CAFile=") == 1 and catalog["workers"] == 0


def test_certificate_that_expired_is_told_with_whose_task_it_is(hive, serve, corp):
    server = configure(hive, serve(corp.context(LOCAL, expired=True)), CAFile=corp.path)
    server.add("some")
    hive.refuses("corp/some", "CatalogUnavailable", "its certificate is not valid now", "its keeper has to renew it", "this machine's clock")
    assert server.requests == []


def test_certificate_of_another_name_is_told(hive, serve, corp):
    server = configure(hive, serve(corp.context("DNS:elsewhere.test", "IP:127.0.0.9")), CAFile=corp.path)
    server.add("some")
    hive.refuses("corp/some", "CatalogUnavailable", "its certificate is for another name", "URL=")
    assert server.requests == []


@pytest.mark.parametrize("text", ["", "no certificate\n", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])
def test_authority_that_is_none_is_named(hive, serve, corp, text):
    path = hive.directory / "ca.pem"
    path.write_text(text)
    configure(hive, serve(corp.context(LOCAL)), CAFile=path).add("some")
    hive.refuses("corp/some", "CatalogUnavailable", "CAFile=")


def test_authority_that_is_not_there_is_named(hive, serve, corp):
    configure(hive, serve(corp.context(LOCAL)), CAFile=hive.directory / "gone.pem").add("some")
    hive.refuses("corp/some", "CatalogUnavailable", f"{hive.directory}/gone.pem", "CAFile=")


def test_what_it_said_stands_in_for_a_server_whose_certificate_expired(hive, serve, corp):
    """Who could show a wrong certificate could as well cut the line."""
    server = configure(hive, serve(corp.context(LOCAL)), CAFile=corp.path)
    server.add("some")
    hive.call("ListCatalog", {}, signature="(a{sv})")
    late = serve(corp.context(LOCAL, expired=True))
    late.add("some", version="2.0")
    hive.stop()
    name = hive.cache / "catalog/corp/catalog.json"
    name.write_text(name.read_text().replace(server.url, late.url))
    configure(hive, late, CAFile=corp.path)
    hive.start()
    (worker,) = hive.call("ListCatalog", {}, signature="(a{sv})")
    assert worker["version"] == "1.0" and 0 < worker["stale_since"] <= time.time() * 1e6
    assert "its certificate is not valid now" in hive.hivectl("catalog").stderr


# where it leads


def test_redirect_to_http_is_refused(hive, serve, corp):
    """Of a catalog, whoever listens on the way would say what is built."""
    server = configure(hive, serve(corp.context(LOCAL)), CAFile=corp.path)
    plain = serve(None)
    plain.add("some")
    server.answers["/workers/some"] = redirect(f"{plain.url}/workers/some")
    hive.refuses("corp/some", "CatalogUnavailable", "redirects to what is not https")
    assert plain.requests == []


def test_redirect_within_the_server_keeps_its_authority_and_the_token(hive, serve, corp, secret):
    server = configure(hive, serve(corp.context(LOCAL)), CAFile=corp.path, TokenCredential=secret)
    server.add("some")
    server.answers["/moved"] = server.answers["/workers/some"]
    server.answers["/workers/some"] = redirect("/moved")
    hive.installs("some")
    assert ("/moved", f"Bearer {TOKEN}") in server.sent


def test_redirects_have_a_limit_and_leave_nothing_of_their_own(hive, serve, corp):
    server = configure(hive, serve(corp.context(LOCAL)), CAFile=corp.path)
    server.add("some", pkgbuild("some", build="echo the last"))
    server.answers["/5"] = server.answers["/workers/some"]
    for step in range(5):
        server.answers[f"/{step}"] = redirect(f"/{step + 1}")
    server.answers["/workers/some"] = redirect("/1")
    assert "the last" in hive.installs("some").lines()
    server.answers["/workers/some"] = redirect("/workers/some")
    hive.refuses("corp/some", "CatalogUnavailable", "redirects more than 5 times")


def test_authority_does_not_judge_where_its_server_leads(hive, serve, corp):
    """It may vouch for the company's servers, not for what a redirect names."""
    server = configure(hive, serve(corp.context(LOCAL)), CAFile=corp.path)
    other = serve(corp.context(LOCAL))
    other.add("some")
    server.answers["/workers/some"] = redirect(f"{other.url}/workers/some")
    hive.refuses("corp/some", "CatalogUnavailable", "no authority that is trusted here vouches for it")
    assert other.requests == []


@pytest.mark.root
def test_where_it_leads_the_machines_own_authorities_judge_and_no_token_goes(hive, serve, corp, world, secret):
    trust(hive, world)
    server = configure(hive, serve(corp.context(LOCAL)), CAFile=corp.path, TokenCredential=secret)
    other = serve(world.context(LOCAL))
    other.add("some", pkgbuild("some", build="echo from elsewhere"))
    server.answers["/workers/some"] = redirect(f"{other.url}/workers/some")
    server.answers["/workers/some/PKGBUILD"] = redirect(f"{other.url}/workers/some/PKGBUILD")
    assert "from elsewhere" in hive.installs("corp/some").lines()
    assert {token for _, token in server.sent} == {f"Bearer {TOKEN}"}
    assert other.sent and {token for _, token in other.sent} == {None}


# by a proxy


def test_proxy_tunnels_and_sees_neither_token_nor_recipe(hive, serve, corp, proxy, secret):
    server = serve(corp.context("DNS:catalog.corp.test"), host="catalog.corp.test")
    configure(hive, server, CAFile=corp.path, Proxy=proxy.url, TokenCredential=secret)
    server.add("some", pkgbuild("some", source=["data"], sha256sums=["SKIP"], build="echo by a tunnel"), {"data": "x"})
    assert "by a tunnel" in hive.installs("some").lines()
    assert set(proxy.asked) == {f"catalog.corp.test:{server.port}"}
    assert {token for _, token in server.sent} == {f"Bearer {TOKEN}"}
    assert TOKEN.encode() not in proxy.seen and b"by a tunnel" not in proxy.seen and b"uthorization" not in proxy.seen


def test_proxy_that_leads_elsewhere_is_not_believed(hive, serve, corp, world, proxy):
    """It could answer itself, but nobody vouches for it."""
    server = serve(world.context("DNS:catalog.corp.test"), host="catalog.corp.test")
    configure(hive, server, CAFile=corp.path, Proxy=proxy.url)
    server.add("some")
    hive.refuses("corp/some", "CatalogUnavailable", "no authority that is trusted here vouches for it")
    assert proxy.asked and server.requests == []


@pytest.mark.root
def test_token_stays_with_its_host_when_a_proxy_reaches_both(hive, serve, world, proxy, secret):
    """Hosts of different names, as far as anybody here can tell."""
    trust(hive, world)
    server = serve(world.context("DNS:catalog.corp.test"), host="catalog.corp.test")
    other = serve(world.context("DNS:cdn.test"), host="cdn.test")
    configure(hive, server, Proxy=proxy.url, TokenCredential=secret)
    server.add("some")
    other.add("some", pkgbuild("some", build="echo from the cdn"))
    server.answers["/workers/some/PKGBUILD"] = redirect(f"{other.url}/workers/some/PKGBUILD")
    assert "from the cdn" in hive.installs("some").lines()
    assert other.sent == [("/workers/some/PKGBUILD", None)]
    assert set(proxy.asked) == {f"{host}:{each.port}" for host, each in (("catalog.corp.test", server), ("cdn.test", other))}


def test_proxy_that_does_not_answer_is_named(hive, serve, corp):
    dead = Proxy()
    dead.close()
    configure(hive, serve(corp.context(LOCAL)), CAFile=corp.path, Proxy=dead.url).add("some")
    hive.refuses("corp/some", "CatalogUnavailable", dead.url.rpartition(":")[2])


# sources


def source(server, data="data\n", sums=None):
    server.answers["/data"] = (200, "text/plain", data.encode())
    return pkgbuild("some", source=[f"{server.url}/data"], sha256sums=[sums or sha256(data)], build='cat "$srcdir/data"')


@pytest.mark.root
def test_source_is_fetched_where_this_machine_trusts_the_server(hive, serve, world):
    trust(hive, world)
    hive.catalog.add("some", source(serve(world.context(LOCAL))))
    assert "data" in hive.installs("some").lines()


def test_source_of_a_server_whom_nobody_vouches_for_says_what_to_do(hive, serve, world):
    """Its sum would say what it is; but a name and a password in its URL are for the right server alone."""
    server = serve(world.context(LOCAL))
    hive.catalog.add("some", source(server))
    hive.refuses("some", "SourceUnavailable", f"{server.url}/data", "no authority that is trusted here vouches for it", "update-ca-certificates")
    assert server.requests == []


def test_authority_of_a_catalog_does_not_vouch_for_sources(hive, serve, corp):
    catalog = configure(hive, serve(corp.context(LOCAL)), CAFile=corp.path)
    catalog.add("some", source(serve(corp.context(LOCAL))))
    hive.refuses("corp/some", "SourceUnavailable", "no authority that is trusted here vouches for it")


@pytest.mark.root
def test_source_without_a_sum_is_not_fetched_over_http_when_it_said_https(hive, serve, world):
    trust(hive, world)
    server, plain = serve(world.context(LOCAL)), serve(None)
    plain.answers["/data"] = (200, "text/plain", b"changed\n")
    hive.catalog.add("some", source(server, sums="SKIP"))
    server.answers["/data"] = redirect(f"{plain.url}/data")
    hive.refuses("some", "SourceUnavailable", "redirects to what is not https")
    assert plain.requests == []


@pytest.mark.root
def test_source_with_a_sum_may_come_from_anywhere(hive, serve, world):
    trust(hive, world)
    server, plain = serve(world.context(LOCAL)), serve(None)
    plain.answers["/data"] = (200, "text/plain", b"data\n")
    hive.catalog.add("some", source(server))
    server.answers["/data"] = redirect(f"{plain.url}/data")
    assert "data" in hive.installs("some").lines()
