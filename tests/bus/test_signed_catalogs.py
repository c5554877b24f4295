# SPDX-License-Identifier: LGPL-2.1-or-later
"""Catalogs whose recipes must be signed, by minisign and by OpenPGP; and prebuilt workers, of release tarballs for two architectures."""

import io
import os
import re
import shutil
import subprocess
import tarfile

import pytest

from catalog import HttpCatalog, pkgbuild, sha256


class Minisign:
    suffix = ".minisig"

    def __init__(self, folder):
        self.folder = folder
        subprocess.run(["minisign", "-G", "-W", "-p", folder / "key.pub", "-s", folder / "key"], check=True, stdout=subprocess.DEVNULL)
        self.key = (folder / "key.pub").read_text().splitlines()[1]
        self.path = folder / "key.pub"

    def sign(self, text):
        (self.folder / "signed").write_text(text)
        subprocess.run(
            ["minisign", "-S", "-s", self.folder / "key", "-m", self.folder / "signed", "-x", self.folder / "signature"],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        return (self.folder / "signature").read_text()


class OpenPgp:
    suffix = ".asc"

    def __init__(self, folder):
        self.folder = folder
        self.gpg("--passphrase", "", "--quick-gen-key", "catalog@example.org", "ed25519", "sign", "never")
        self.path = folder / "key.asc"
        self.path.write_text(self.gpg("--armor", "--export", "catalog@example.org").stdout)
        self.key = self.path

    def gpg(self, *arguments, **options):
        return subprocess.run(
            ["gpg", "--homedir", self.folder, "--batch", "--quiet", "--pinentry-mode", "loopback", *arguments],
            check=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            **options,
        )

    def sign(self, text):
        return self.gpg("--passphrase", "", "--armor", "--detach-sign", input=text).stdout


@pytest.fixture(params=[Minisign, OpenPgp], ids=["minisign", "openpgp"])
def signer(request, tmp_path):
    program = "minisign" if request.param is Minisign else "gpg"
    if not shutil.which(program):
        pytest.skip(f"{program} is not installed here")
    signer = request.param(tmp_path)
    for path in (tmp_path, *tmp_path.parents[:2]):
        path.chmod(0o755)
    signer.path.chmod(0o644)
    yield signer
    if program == "gpg":
        subprocess.run(["gpgconf", "--homedir", tmp_path, "--kill", "gpg-agent"], check=False)


def add(hive, signer, text, signature):
    hive.catalog.add("some", text)
    if signature is not None:
        (hive.catalog.folder("some") / f"PKGBUILD{signer.suffix}").write_text(signature)


def pin(hive, signer):
    """Only what bubblewrap may bind: a place that every user enters."""
    path = hive.directory / f"signer{signer.path.suffix}"
    path.write_bytes(signer.path.read_bytes())
    hive.configure("Catalog", SigningKey=path)


@pytest.mark.root
def test_program_that_is_missing_is_named_with_what_installs_it(hive, signer):
    """On this machine as it would be without it."""
    program = "minisign" if isinstance(signer, Minisign) else "gpgv"
    over = hive.directory / "over"
    over.mkdir()
    hide = (
        f"mount -t tmpfs tmpfs {over} && mkdir {over}/upper {over}/work && "
        f"mount -t overlay -o lowerdir=/usr/bin,upperdir={over}/upper,workdir={over}/work overlay /usr/bin && rm /usr/bin/{program}"
    )
    hive.wrapper = ["unshare", "--mount", "sh", "-c", f'{hide} && exec "$@"', "--"]
    pin(hive, signer)
    add(hive, signer, pkgbuild("some"), signer.sign(pkgbuild("some")))
    job = hive.install("some")
    result, error, message = job.wait()
    assert (result, error) == (
        "failed",
        "MissingDependencies",
    ) and f"Please install {'minisign' if program == 'minisign' else 'gpg and gpgv'}" in message
    assert re.search(r"; install with: sudo (apt install|dnf install|zypper install|pacman -S --needed) \S", message), message


def test_signed_recipe_installs(hive, signer):
    pin(hive, signer)
    text = pkgbuild("some")
    add(hive, signer, text, signer.sign(text))
    hive.installs("some")
    assert hive.call("GetRecipe", "some", {}, signature="(sa{sv})") == text


def test_key_itself_may_be_in_the_configuration(hive, tmp_path):
    signer = Minisign(tmp_path)
    hive.configure("Catalog", SigningKey=signer.key)
    text = pkgbuild("some")
    add(hive, signer, text, signer.sign(text))
    hive.installs("some")


def test_changed_recipe_is_never_read(hive, signer):
    pin(hive, signer)
    text = pkgbuild("some")
    add(hive, signer, text + "echo evaluated >&2\n", signer.sign(text))
    job = hive.refuses("some", "RecipeInvalid", "/workers/some/PKGBUILD", "SigningKey=")
    assert not any("evaluated" in record.text for record in job.records())


@pytest.mark.parametrize("signature", [None, "", "not a signature\n"])
def test_recipe_without_a_signature_is_refused(hive, signer, signature):
    pin(hive, signer)
    add(hive, signer, pkgbuild("some"), signature)
    hive.refuses("some", "RecipeInvalid", "SigningKey=")


def test_signature_of_another_key_is_refused(hive, signer, tmp_path_factory):
    other = type(signer)(tmp_path_factory.mktemp("other"))
    pin(hive, signer)
    text = pkgbuild("some")
    add(hive, signer, text, other.sign(text))
    hive.refuses("some", "RecipeInvalid", "SigningKey=")


def test_key_file_that_has_no_key_is_named(hive):
    path = hive.directory / "empty"
    path.write_text("nothing\n")
    hive.configure("Catalog", SigningKey=path)
    hive.catalog.add("some")
    hive.refuses("some", "Failed", str(path), "SigningKey=")


# prebuilt workers


def tarball(name, text):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        data = f"#!/bin/sh\necho {text}\n".encode()
        info = tarfile.TarInfo(f"{name}/{name}")
        info.size, info.mode = len(data), 0o755
        archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def test_prebuilt_worker_installs_the_tarball_of_this_architecture(hive):
    """A recipe without build(): what is fetched is the release for this machine alone, and it is installed as it is."""
    catalog = HttpCatalog()
    try:
        hive.configure("Catalog", URL=catalog.url)
        machine = os.uname().machine
        releases = {arch: tarball("quick", f"for {arch}") for arch in ("x86_64", "aarch64", machine)}
        arrays = {}
        for arch, data in releases.items():
            catalog.answers[f"/releases/quick-{arch}.tar.gz"] = (200, "application/gzip", data)
            arrays[f"source_{arch}"] = [f"{catalog.url}/releases/quick-{arch}.tar.gz"]
            arrays[f"sha256sums_{arch}"] = [sha256(data)]
        recipe = pkgbuild("quick", package='install -Dm755 "$srcdir/quick/quick" "$pkgdir/usr/local/bin/quick"', **arrays)
        catalog.add("quick", recipe.replace("arch=(any)", f"arch=({' '.join(releases)})"))
        job = hive.installs("quick")
        assert subprocess.run([hive.installed("/usr/local/bin/quick")], stdout=subprocess.PIPE, text=True).stdout == f"for {machine}\n"
        assert [path for path in catalog.requests if path.startswith("/releases/")] == [f"/releases/quick-{machine}.tar.gz"]
        assert not any(record.phase == "build" for record in job.records())
    finally:
        catalog.close()
