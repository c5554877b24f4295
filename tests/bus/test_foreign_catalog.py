# SPDX-License-Identifier: LGPL-2.1-or-later
"""Recipes of a catalog elsewhere cannot send the hive to what listens on this machine alone: by no URL, no name, no redirect."""

import contextlib
import socket
import subprocess

import pytest

import test_git_lfs
from catalog import HttpCatalog, pkgbuild
from test_git_lfs import lfs_server  # noqa: F401 (a fixture)
from test_repositories import recipe as repository_recipe
from test_repositories import served  # noqa: F401 (a fixture)


def own_address():
    """An address of this machine that is not its loopback's; asked of the routing table, nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe, contextlib.suppress(OSError):
        probe.connect(("192.0.2.1", 9))
        return probe.getsockname()[0]


@pytest.fixture
def foreign(hive):
    """A catalog at an address that others could have too."""
    address = own_address()
    if not address or address.startswith("127."):
        pytest.skip("needs a network: this machine has no address but its loopback's")
    catalog = HttpCatalog(address)
    hive.configure("Catalog", URL=catalog.url)
    yield catalog
    catalog.close()


@pytest.fixture
def secret():
    """What listens on loopback: it notes who comes."""
    catalog = HttpCatalog()
    catalog.answers["/secret"] = (200, "text/plain", b"for this machine alone\n")
    yield catalog
    catalog.close()


@pytest.fixture
def http_catalog(foreign):
    """Whoever serves something over HTTP does it from there."""
    return foreign


def add(catalog, source):
    catalog.add("some", pkgbuild("some", source=[source], sha256sums=["SKIP"], build='cat "$srcdir"/*'))


def redirect(to):
    def answer(handler):
        handler.send_response(302)
        handler.send_header("Location", to)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return answer


def test_what_others_serve_is_fetched(hive, foreign):
    foreign.answers["/files/data"] = (200, "text/plain", b"public\n")
    foreign.answers["/files/moved"] = redirect(f"{foreign.url}/files/data")
    for path in ("data", "moved"):
        add(foreign, f"x::{foreign.url}/files/{path}")
        assert "public" in hive.installs("some", reinstall=True).lines()


def test_downloads_from_this_machine_are_refused(hive, foreign, secret):
    port = secret.url.rpartition(":")[2]
    foreign.answers["/away"] = redirect(f"{secret.url}/secret")
    foreign.answers["/name"] = redirect(f"http://localhost:{port}/secret")
    for url in (
        f"{secret.url}/secret",
        f"http://localhost:{port}/secret",
        f"http://127.1:{port}/secret",
        f"http://0.0.0.0:{port}/secret",
        f"http://[::ffff:127.0.0.1]:{port}/secret",
        f"{foreign.url}/away",
        f"{foreign.url}/name",
        "http://169.254.169.254/latest/meta-data",
        f"ftp://127.0.0.1:{port}/secret",
    ):
        add(foreign, f"x::{url}")
        job = hive.refuses("some", "SourceUnavailable")
        assert "address of this machine" in job.log_text(), url
    assert not secret.requests


def test_repositories_on_this_machine_are_refused(hive, foreign, secret):
    port = secret.url.rpartition(":")[2]
    foreign.answers["/away/info/refs"] = redirect(f"{secret.url}/secret")
    urls = [
        f"git+{secret.url}/secret",
        f"git+http://localhost:{port}/secret",
        f"git+{foreign.url}/away",
        f"git://127.0.0.1:{port}/x",
        f"svn://localhost:{port}/x",
        f"svn+{secret.url}/x",
        f"hg+{secret.url}/x",
    ]
    for url in urls:
        add(foreign, f"tree::{url}")
        job = hive.refuses("some", "SourceUnavailable")
        assert "address of this machine" in job.log_text(), url
    assert not secret.requests
    add(foreign, f"tree::git+file://{hive.directory}")
    hive.refuses("some", "RecipeInvalid", "repository on this machine")


def test_repository_of_others_is_cloned_through_its_redirect(hive, foreign):
    path = hive.directory / "repository"
    git = ["git", "-c", "user.name=Test", "-c", "user.email=test@example.org"]
    subprocess.run([*git, "init", "-q", "-b", "main", path], check=True)
    (path / "file").write_text("public\n")
    subprocess.run([*git, "add", "-A"], cwd=path, check=True)
    subprocess.run([*git, "commit", "-q", "-m", "one"], cwd=path, check=True)
    subprocess.run([*git, "update-server-info"], cwd=path, check=True)
    for file in (path / ".git").rglob("*"):
        if file.is_file():
            foreign.answers[f"/git/{file.relative_to(path / '.git')}"] = (200, "application/octet-stream", file.read_bytes())
    foreign.answers["/old/info/refs"] = redirect(f"{foreign.url}/git/info/refs?service=git-upload-pack")
    foreign.add("some", pkgbuild("some", source=[f"tree::git+{foreign.url}/old"], sha256sums=["SKIP"], build='cat "$srcdir/tree/file"'))
    assert "public" in hive.installs("some").lines()


@test_git_lfs.needs_lfs
@pytest.mark.parametrize("by", ["href", "redirect"])
def test_storage_that_a_server_of_git_lfs_names_is_not_asked_on_this_machine(hive, foreign, lfs_server, secret, by):  # noqa: F811
    """Its answer to a batch may name another server, and that one send on to a third: never to this machine's."""
    path = f"/storage/{test_git_lfs.OID}"
    secret.answers[path] = (200, "application/octet-stream", test_git_lfs.DATA)
    foreign.answers[path] = redirect(secret.url + path)
    lfs_server.storage = f"{secret.url if by == 'href' else foreign.url}/storage"
    test_git_lfs.commit(lfs_server)
    foreign.add("some", repository_recipe(lfs_server, build="true"))
    job = hive.refuses("some", "SourceUnavailable")
    assert "⬇ Files of tree by Git LFS: model.bin" in job.lines() and not secret.requests
    hive.configuration["Network"] = {"Allow": secret.url.removeprefix("http://")}
    hive.stop()
    hive.installs("some")
    assert path in secret.requests, "the administrator's word alone keeps it away"


def test_server_of_a_mirror_sends_to_no_other_address_of_this_machine(hive, foreign, secret):
    """[Mirror] opens its own address; where its server sends one on is not the administrator's word."""
    site = HttpCatalog()
    try:
        hive.configuration["Mirror upstream"] = {"Prefix": "https://upstream.invalid/", "URL": f"{site.url}/up/"}
        site.answers["/up/secret"] = redirect(f"{secret.url}/secret")
        site.answers["/up/data"] = (200, "text/plain", b"of the mirror\n")
        add(foreign, "x::https://upstream.invalid/data")
        assert "of the mirror" in hive.installs("some").lines()
        add(foreign, "x::https://upstream.invalid/secret")
        job = hive.install("some", reinstall=True)
        assert job.wait().error == "SourceUnavailable" and not secret.requests
    finally:
        site.close()
