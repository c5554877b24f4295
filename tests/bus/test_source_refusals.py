# SPDX-License-Identifier: LGPL-2.1-or-later
"""Sources that are not there, are not what they should be, or want more than to be fetched; and those that are good."""

import hashlib
import io
import subprocess
import tarfile

import pytest

from catalog import pkgbuild, sha256
from ports import free_port


def recipe(sources, sums=None, build='ls "$srcdir"', **more):
    return pkgbuild("some", source=sources, sha256sums=["SKIP"] * len(sources) if sums is None else sums, build=build, **more)


def test_download_that_is_not_there(hive, http_catalog):
    url = f"{http_catalog.url}/files/gone.tar.gz"
    http_catalog.add("some", recipe([url]))
    hive.refuses("some", "SourceUnavailable", url)


def test_download_from_nobody(hive):
    url = f"http://127.0.0.1:{free_port()}/x"
    hive.catalog.add("some", recipe([url]))
    hive.refuses("some", "SourceUnavailable", url)


def test_download_that_breaks_off(hive, http_catalog):
    def cut(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", "100000")
        handler.end_headers()
        handler.wfile.write(b"x" * 1000)

    http_catalog.answers["/files/cut"] = cut
    http_catalog.add("some", recipe([f"{http_catalog.url}/files/cut"]))
    hive.refuses("some", "SourceUnavailable", "/files/cut")


def test_download_larger_than_allowed(hive, http_catalog):
    hive.configure("Build", MaxDownloadSize="100K")
    http_catalog.answers["/files/big"] = (200, "application/octet-stream", b"x" * 200_000)
    http_catalog.add("some", recipe([f"{http_catalog.url}/files/big"]))
    hive.refuses("some", "LimitsExceeded", "MaxDownloadSize")


def test_local_file_that_is_not_there(hive):
    hive.catalog.add("some", recipe(["missing.c"]))
    hive.refuses("some", "SourceUnavailable", "missing.c")


def test_local_file_that_is_a_link_out_of_the_catalog(hive):
    hive.catalog.add("some", recipe(["link"], build='cat "$srcdir/link"'))
    secret = hive.directory / "secret"
    secret.write_text("secret\n")
    (hive.catalog.folder("some") / "link").symlink_to("../../../secret")
    job = hive.refuses("some", "SourceUnavailable", "link")
    assert "secret" not in job.lines()


@pytest.mark.parametrize("kind, length", [("sha256sums", 64), ("sha512sums", 128), ("b2sums", 128)])
def test_wrong_checksum(hive, kind, length):
    text = f"source=(data.txt)\n{kind}=({'0' * length})"
    hive.catalog.add("some", pkgbuild("some", extra=text), {"data.txt": "data\n"})
    hive.refuses("some", "ChecksumMismatch", "data.txt")


def test_one_wrong_checksum_of_two_kinds(hive):
    text = f"source=(data.txt)\nsha256sums=({sha256('data' + chr(10))})\nsha512sums=({'0' * 128})"
    hive.catalog.add("some", pkgbuild("some", extra=text), {"data.txt": "data\n"})
    hive.refuses("some", "ChecksumMismatch", "data.txt")


@pytest.mark.parametrize("sums", [[], ["SKIP", "SKIP"]], ids=["too-few", "too-many"])
def test_wrong_number_of_checksums(hive, sums):
    hive.catalog.add("some", recipe(["data.txt"], sums), {"data.txt": "data\n"})
    hive.refuses("some", "RecipeInvalid", "sums")


@pytest.mark.parametrize("checksum", ["12345", "z" * 64, "0" * 63, "-rf"])
def test_checksum_that_is_none(hive, checksum):
    hive.catalog.add("some", recipe(["data.txt"], [checksum]), {"data.txt": "data\n"})
    job = hive.install("some")
    assert job.wait().error in ("RecipeInvalid", "ChecksumMismatch")
    hive.nothing_left()


@pytest.mark.parametrize(
    "source",
    [
        "ext::sh -c touch% /tmp/owned",
        "git+ext::sh -c 'touch owned'",
        "x::git+ext::sh -c true",
        "git+--upload-pack=touch owned",
        "git+-c::x",
        "--output=/tmp/owned",
        "-o::http://127.0.0.1/x",
        "x::-K/etc/passwd",
        "git+ssh://-oProxyCommand=touch/x",
        "file:///etc/passwd",
        "scp://host/x",
        "gopher://127.0.0.1:70/x",
        "ftp://-x/y",
    ],
)
def test_url_that_would_run_or_read_something(hive, source):
    hive.catalog.add("some", recipe([source]))
    job = hive.install("some")
    end = job.wait()
    assert (end.result, end.error) in (("failed", "RecipeInvalid"), ("failed", "SourceUnavailable")), f"{end}\n{job.log_text()}"
    assert any(
        piece and piece in end.message for piece in (source, source.partition("::")[2], source.partition("::")[0], source.removeprefix("git+"))
    )
    assert not any("root:" in line for line in job.lines())
    hive.nothing_left()


@pytest.fixture
def repository(hive):
    path = hive.directory / "repository"
    git(path, "init", "-q", "-b", "main", path)
    (path / "file").write_text("one\n")
    git(path, "add", ".")
    git(path, "commit", "-q", "-m", "one")
    return path


def git(path, *arguments):
    path.mkdir(exist_ok=True)
    subprocess.run(["git", "-c", "user.name=Test", "-c", "user.email=test@example.org", *map(str, arguments)], cwd=path, check=True)


@pytest.mark.parametrize("kind, ref", [("tag", "v99"), ("branch", "nowhere"), ("commit", "0123456789abcdef0123456789abcdef01234567")])
def test_git_ref_that_is_not_there(hive, repository, kind, ref):
    hive.catalog.add("some", recipe([f"git+file://{repository}#{kind}={ref}"]))
    hive.refuses("some", "SourceUnavailable", ref)


def test_git_repository_that_is_not_there(hive):
    hive.catalog.add("some", recipe([f"git+file://{hive.directory}/no-such-repository"]))
    hive.refuses("some", "SourceUnavailable", "no-such-repository")


@pytest.mark.parametrize("fragment", ["tag=--upload-pack=x", "branch=-x", "commit=-x", "sideways=main", "tag=a..b", "branch=@{-1}"])
def test_git_fragment_that_is_none(hive, repository, fragment):
    hive.catalog.add("some", recipe([f"git+file://{repository}#{fragment}"]))
    job = hive.install("some")
    end = job.wait()
    assert (end.result, end.error) in (("failed", "RecipeInvalid"), ("failed", "SourceUnavailable")), f"{end}\n{job.log_text()}"
    assert fragment.partition("=")[0 if "sideways" in fragment else 2] in end.message
    hive.nothing_left()


def test_git_repository_with_hooks_and_filters_runs_none_of_them(hive, repository):
    owned = hive.directory / "owned"
    owned.mkdir(mode=0o777)
    owned.chmod(0o777)
    for hook in ("post-checkout", "post-upload", "pre-upload", "reference-transaction"):
        (repository / ".git" / "hooks" / hook).write_text(f"#!/bin/sh\ntouch {owned}/{hook}\n")
        (repository / ".git" / "hooks" / hook).chmod(0o755)
    git(repository, "config", "uploadpack.packObjectsHook", f"touch {owned}/pack; git")
    hive.catalog.add("some", recipe([f"tree::git+file://{repository}#branch=main"], build='cat "$srcdir/tree/file"'))
    job = hive.installs("some")
    assert "one" in job.lines()
    assert not list(owned.iterdir())


def archive(members):
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:gz") as tar:
        for name, content in members:
            information = tarfile.TarInfo(name)
            if isinstance(content, bytes):
                information.size = len(content)
                tar.addfile(information, io.BytesIO(content))
            else:
                information.type, information.linkname = tarfile.SYMTYPE, content
                tar.addfile(information)
    return data.getvalue()


def test_archive_is_extracted(hive, http_catalog):
    data = archive([("dir/file", b"from the archive\n")])
    http_catalog.answers["/files/a.tar.gz"] = (200, "application/gzip", data)
    http_catalog.add("some", recipe([f"{http_catalog.url}/files/a.tar.gz"], [sha256(data)], build='cat "$srcdir/dir/file"'))
    job = hive.installs("some")
    assert "from the archive" in job.lines()
    assert any(line.startswith("✓ Source: a.tar.gz (") and line.endswith("sha256)") for line in job.lines())


def test_archive_that_climbs_out_writes_nothing_outside(hive, http_catalog):
    data = archive([("../../climbed", b"x"), ("/tmp/climbed-out-of-an-archive", b"x"), ("link", "../../.."), ("link/through", b"x")])
    http_catalog.answers["/files/a.tar.gz"] = (200, "application/gzip", data)
    http_catalog.add("some", recipe([f"{http_catalog.url}/files/a.tar.gz"], [sha256(data)]))
    job = hive.install("some")
    job.wait()
    assert not list(hive.directory.glob("**/climbed")) and not list(hive.directory.glob("**/through"))
    hive.nothing_left()


def test_downloads_with_each_kind_of_sum_are_good(hive, http_catalog):
    data = b"some data\n"
    kinds = {kind: getattr(hashlib, kind)(data).hexdigest() for kind in ("md5", "sha1", "sha224", "sha256", "sha384", "sha512")}
    kinds.update(b2=hashlib.blake2b(data).hexdigest(), ck="2078731668")
    for kind, value in kinds.items():
        name = f"by-{kind}"
        http_catalog.answers[f"/files/{kind}"] = (200, "application/octet-stream", data)
        text = f"source=(renamed::{http_catalog.url}/files/{kind})\n{kind}sums=({value})"
        http_catalog.add(name, pkgbuild(name, extra=text, build='cat "$srcdir/renamed"'))
        lines = hive.installs(name).lines()
        told = "cksum" if kind == "ck" else kind
        assert f"✓ Source: renamed (10 B, {told})" in lines
        assert (f"⚠ renamed is checked by {told} alone, which can be forged" in lines) == (kind in ("ck", "md5", "sha1"))
        assert "some data" in lines


def test_skipped_sum_says_that_nothing_was_verified(hive):
    hive.catalog.add("some", recipe(["data.txt"]), {"data.txt": "data\n"})
    assert "✓ Source: data.txt (5 B, not verified)" in hive.installs("some").lines()


def test_credentials_of_a_url_are_not_in_the_log(hive, http_catalog):
    address = http_catalog.url.removeprefix("http://")
    http_catalog.add("some", recipe([f"http://user:hunter2@{address}/files/gone"]))
    job = hive.refuses("some", "SourceUnavailable", "/files/gone")
    assert "hunter2" not in job.log_text()


def test_redirect_of_a_download_to_a_file_is_not_followed(hive, http_catalog):
    def redirect(handler):
        handler.send_response(302)
        handler.send_header("Location", "file:///etc/passwd")
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    http_catalog.answers["/files/sly"] = redirect
    http_catalog.add("some", recipe([f"{http_catalog.url}/files/sly"], build='cat "$srcdir/sly"'))
    job = hive.refuses("some", "SourceUnavailable")
    assert not any("root:" in line for line in job.lines())


def test_source_of_a_name_that_an_archive_had_takes_its_place(hive, http_catalog):
    data = archive([("fix.patch", b"from the archive\n")])
    http_catalog.answers["/files/a.tar.gz"] = (200, "application/gzip", data)
    http_catalog.add(
        "some", recipe([f"{http_catalog.url}/files/a.tar.gz", "fix.patch"], build='cat "$srcdir/fix.patch"'), {"fix.patch": "beside the recipe\n"}
    )
    lines = hive.installs("some").lines()
    assert "beside the recipe" in lines and "from the archive" not in lines


def test_source_and_dependency_of_absurd_length(hive):
    hive.catalog.add("some", recipe(["http://127.0.0.1:1/" + "x" * 200_000]))
    hive.refuses("some", "RecipeInvalid", "8 KiB")
    hive.catalog.add("some", pkgbuild("some", depends=["x" * 200_000]))
    hive.refuses("some", "RecipeInvalid", "dependency")


def test_long_url_keeps_its_error(hive):
    hive.catalog.add("some", recipe([f"x::http://127.0.0.1:{free_port()}/" + "x" * 5000]))
    hive.refuses("some", "SourceUnavailable", "cannot be fetched")


def test_cancel_while_a_large_source_is_verified(hive):
    hive.catalog.add("some", recipe(["big"], ["0" * 64]))
    with open(hive.catalog.folder("some") / "big", "wb") as file:
        file.truncate(3 << 30)
    job = hive.install("some")
    job.wait_for_line("Build: none")
    job.cancel()
    assert job.wait().result == "cancelled"
    hive.nothing_left()
