# SPDX-License-Identifier: LGPL-2.1-or-later
"""Sources that somebody signed: files, what they were before they were packed, and tags and commits of git."""

import lzma
import os
import shutil
import subprocess

import pytest

from catalog import pkgbuild

pytestmark = pytest.mark.skipif(not (shutil.which("gpg") and shutil.which("gpgv", path="/usr/bin")), reason="needs gpg and gpgv")


class Person:
    """Somebody with a key. The folder's path must be short, for gpg-agent's socket."""

    def __init__(self, home, name, *then):
        """@then: gpg's options for another time, in which the key lives for a day."""
        self.home, self.name, self.then = home, name, then
        home.mkdir(mode=0o700)
        self.gpg("--quick-generate-key", f"{name} <{name}@example.org>", "ed25519", "sign", "1d" if then else "never")
        listing = self.gpg("--with-colons", "--list-keys").decode()
        self.fingerprint = next(line.split(":")[9] for line in listing.splitlines() if line.startswith("fpr:"))
        self.key = self.gpg("--armor", "--export")

    def gpg(self, *arguments, data=None):
        return subprocess.run(
            ["gpg", "--batch", "--quiet", "--no-tty", "--pinentry-mode", "loopback", "--passphrase", "", *self.then, *arguments],
            input=data,
            check=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=dict(os.environ, GNUPGHOME=str(self.home)),
        ).stdout

    def sign(self, data, *options):
        return self.gpg(*options, "--detach-sign", data=data)

    def git(self, path, *arguments):
        command = [
            "git",
            "-c",
            "user.name=Test",
            "-c",
            "user.email=test@example.org",
            "-c",
            f"user.signingKey={self.fingerprint}",
            *map(str, arguments),
        ]
        return subprocess.run(
            command, cwd=path, check=True, stdout=subprocess.PIPE, text=True, env=dict(os.environ, GNUPGHOME=str(self.home))
        ).stdout.strip()


@pytest.fixture(scope="module")
def people(tmp_path_factory):
    homes = tmp_path_factory.mktemp("gpg", numbered=True)
    made = [Person(homes / name, name) for name in ("alice", "mallory")]
    yield made
    for person in made:
        subprocess.run(["gpgconf", "--kill", "all"], env=dict(os.environ, GNUPGHOME=str(person.home)), check=False)


@pytest.fixture
def alice(people):
    return people[0]


@pytest.fixture
def mallory(people):
    return people[1]


DATA = b"what was signed\n" * 1000


def add(hive, sources, signers, keys=(), files=None, build="true", sums=None):
    """A worker with those sources; the keys of @keys lie beside it."""
    folder = hive.catalog.folder("some") / "keys" / "pgp"
    hive.catalog.add(
        "some",
        pkgbuild("some", source=sources, sha256sums=["SKIP"] * len(sources), validpgpkeys=[person.fingerprint for person in signers], build=build),
        files,
    )
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for person in keys:
        (folder / f"{person.fingerprint}.asc").write_bytes(person.key)


@pytest.mark.parametrize("suffix, options", [("sig", ()), ("sign", ()), ("asc", ("--armor",))])
def test_good_signature(hive, alice, suffix, options):
    add(hive, ["data", f"data.{suffix}"], [alice], [alice], {"data": DATA, f"data.{suffix}": alice.sign(DATA, *options)})
    assert f"✓ Signature: data ({alice.fingerprint})" in hive.installs("some").lines()
    hive.nothing_left()


def test_file_and_signature_that_a_mirror_has_are_checked_as_those_of_their_author(hive, http_catalog, alice):
    upstream = "https://upstream.invalid"
    hive.configuration["Mirror upstream"] = {"Prefix": f"{upstream}/", "URL": f"{http_catalog.url}/up/"}
    recipe = pkgbuild("some", source=[f"{upstream}/data", f"{upstream}/data.sig"], sha256sums=["SKIP", "SKIP"], validpgpkeys=[alice.fingerprint])
    http_catalog.add("some", recipe, {f"keys/pgp/{alice.fingerprint}.asc": alice.key})
    for name, data in (("data", DATA), ("data.sig", alice.sign(DATA))):
        http_catalog.answers[f"/up/{name}"] = (200, "application/octet-stream", data)
    lines = hive.installs("some").lines()
    assert f"✓ Signature: data ({alice.fingerprint})" in lines
    assert f"⇄ data.sig: {http_catalog.url}/up/data.sig instead of {upstream}/data.sig ([Mirror] in hive.conf)" in lines
    hive.removes("some")
    http_catalog.answers["/up/data"] = (200, "application/octet-stream", DATA + b"!")
    hive.refuses("some", "ChecksumMismatch", "is not what the key")


def test_signature_of_what_it_was_before_it_was_packed(hive, alice):
    packed = lzma.compress(DATA)
    add(hive, ["data.tar.xz", "data.tar.sign"], [alice], [alice], {"data.tar.xz": packed, "data.tar.sign": alice.sign(DATA)})
    assert f"✓ Signature: data.tar.xz ({alice.fingerprint})" in hive.installs("some").lines()
    add(hive, ["data.tar.xz", "data.tar.sign"], [alice], [alice], {"data.tar.xz": packed[:-20], "data.tar.sign": alice.sign(DATA)})
    job = hive.install("some", reinstall=True)
    assert job.wait().error == "ChecksumMismatch"


def test_keys_of_a_catalog_on_a_server(hive, http_catalog, alice):
    http_catalog.add(
        "some",
        pkgbuild("some", source=["data", "data.sig"], sha256sums=["SKIP", "SKIP"], validpgpkeys=[alice.fingerprint.lower()]),
        {"data": DATA, "data.sig": alice.sign(DATA), f"keys/pgp/{alice.fingerprint}.asc": alice.key},
    )
    assert f"✓ Signature: data ({alice.fingerprint})" in hive.installs("some").lines()


def test_signatures_that_are_refused(hive, alice, mallory):
    good = alice.sign(DATA)
    for signers, keys, data, signature, error, words in [
        ([alice], [alice], DATA + b"!", good, "ChecksumMismatch", "is not what the key"),
        ([alice], [alice, mallory], DATA, mallory.sign(DATA), "SourceUnavailable", "keys/pgp/FINGERPRINT.asc"),
        ([alice], [], DATA, good, "SourceUnavailable", "keys/pgp/FINGERPRINT.asc"),
        ([alice], [alice], DATA, b"no signature", "ChecksumMismatch", "cannot be read"),
        ([alice], [alice], DATA, b"", "ChecksumMismatch", "cannot be read"),
        ([], [alice], DATA, good, "RecipeInvalid", "validpgpkeys"),
    ]:
        add(hive, ["data", "data.sig"], signers, keys, {"data": data, "data.sig": signature})
        hive.refuses("some", error, words)


def test_good_signature_of_somebody_else_is_refused(hive, alice, mallory):
    """Mallory's key comes in alice's file, as a catalog that was changed would have it."""
    add(hive, ["data", "data.sig"], [alice], [], {"data": DATA, "data.sig": mallory.sign(DATA)})
    (hive.catalog.folder("some") / "keys" / "pgp" / f"{alice.fingerprint}.asc").write_bytes(mallory.key)
    hive.refuses("some", "ChecksumMismatch", mallory.fingerprint, "none of the recipe's validpgpkeys")


def test_signature_of_a_key_that_has_expired_is_good_and_said(hive, tmp_path_factory):
    old = Person(tmp_path_factory.mktemp("gpg") / "old", "old", "--faked-system-time", "20200101T000000")
    add(hive, ["data", "data.sig"], [old], [old], {"data": DATA, "data.sig": old.sign(DATA)})
    lines = hive.installs("some").lines()
    assert f"✓ Signature: data ({old.fingerprint})" in lines
    assert any("has expired by now" in line for line in lines)


def test_short_fingerprint_is_refused(hive, alice):
    add(hive, ["data", "data.sig"], [alice], [alice], {"data": DATA, "data.sig": alice.sign(DATA)})
    text = (hive.catalog.folder("some") / "PKGBUILD").read_text()
    (hive.catalog.folder("some") / "PKGBUILD").write_text(text.replace(alice.fingerprint, alice.fingerprint[-16:]))
    hive.refuses("some", "RecipeInvalid", alice.fingerprint[-16:])


def test_signature_of_nothing_is_refused(hive, alice):
    add(hive, ["data.sig"], [alice], [alice], {"data.sig": alice.sign(DATA)})
    hive.refuses("some", "RecipeInvalid", "data.sig")


def test_nothing_is_unpacked_before_signatures_are_checked(hive, alice):
    add(
        hive,
        ["data", "data.sig", "broken.tar"],
        [alice],
        [alice],
        {"data": DATA + b"!", "data.sig": alice.sign(DATA), "broken.tar": b"ustar" + bytes(600)},
    )
    hive.refuses("some", "ChecksumMismatch")


@pytest.fixture
def repository(hive, alice):
    path = hive.directory / "repository"
    path.mkdir()
    alice.git(path, "init", "-q", "-b", "main")
    (path / "file").write_text("signed\n")
    alice.git(path, "add", "-A")
    alice.git(path, "commit", "-q", "-S", "-m", "a change\n\nof several lines")
    alice.git(path, "tag", "-s", "v1", "-m", "one")
    return path


def test_signed_tags_and_commits_of_git(hive, alice, repository):
    commit = alice.git(repository, "rev-parse", "HEAD")
    for fragment in ("#tag=v1", f"#commit={commit}", "#branch=main", ""):
        add(hive, [f"tree::git+file://{repository}?signed{fragment}"], [alice], [alice], build='cat "$srcdir/tree/file"')
        lines = hive.installs("some", reinstall=True).lines()
        assert "signed" in lines and f"✓ Signature: tree ({alice.fingerprint})" in lines


def test_git_sources_whose_signature_is_refused(hive, alice, mallory, repository):
    alice.git(repository, "tag", "plain")
    alice.git(repository, "tag", "-a", "unsigned", "-m", "two")
    mallory.git(repository, "tag", "-s", "foreign", "-m", "three")
    signed = alice.git(repository, "cat-file", "tag", "v1")
    forged = (
        subprocess.run(
            ["git", "hash-object", "-t", "tag", "-w", "--stdin"],
            cwd=repository,
            input=(signed.replace("tag v1", "tag v9") + "\n").encode(),
            stdout=subprocess.PIPE,
            check=True,
        )
        .stdout.decode()
        .strip()
    )
    alice.git(repository, "update-ref", "refs/tags/v9", forged)
    alice.git(repository, "commit", "-q", "--allow-empty", "-m", "unsigned")
    for fragment, keys, error, words in [
        ("#tag=plain", [alice], "ChecksumMismatch", "plain"),
        ("#tag=unsigned", [alice], "ChecksumMismatch", "no OpenPGP signature"),
        ("#tag=foreign", [alice], "SourceUnavailable", "keys/pgp"),
        ("#tag=v9", [alice], "ChecksumMismatch", "is not what the key"),
        ("#branch=main", [alice], "ChecksumMismatch", "no OpenPGP signature"),
        ("#tag=v1", [], "SourceUnavailable", "keys/pgp"),
    ]:
        add(hive, [f"tree::git+file://{repository}?signed{fragment}"], [alice], keys)
        hive.refuses("some", error, words)
