# SPDX-License-Identifier: LGPL-2.1-or-later
"""Files that a repository has by Git LFS: they are fetched, or the source is refused; a pointer is never taken for its file."""

import hashlib
import json
import os
import shutil

import pytest

from catalog import install_script, pkgbuild
from test_repositories import git, recipe, repository, served  # noqa: F401 (fixtures)

needs_lfs = pytest.mark.skipif(not shutil.which("git-lfs", path="/usr/bin"), reason="needs git-lfs in /usr/bin")
DATA = os.urandom(3_000_000)
OID = hashlib.sha256(DATA).hexdigest()
POINTER = f"version https://git-lfs.github.com/spec/v1\noid sha256:{OID}\nsize {len(DATA)}\n"
BUILD = 'sha256sum <"$srcdir/tree/model.bin"; git -C "$srcdir/tree" status --short'


def commit(repository, pointer=POINTER, **files):  # noqa: F811
    """A model by LFS, as its pointer: no filter of this machine's runs here."""
    for key, value in {"clean": "cat", "process": "", "required": "false"}.items():
        git(repository.path, "config", f"filter.lfs.{key}", value)
    return repository.commit(**{".gitattributes": "*.bin filter=lfs diff=lfs merge=lfs -text\n", "model.bin": pointer, **files})


@needs_lfs
def test_file_of_a_repository_on_this_machine_is_fetched(hive, repository):  # noqa: F811
    commit(repository)
    kept = repository.path / ".git/lfs/objects" / OID[:2] / OID[2:4]
    kept.mkdir(parents=True)
    (kept / OID).write_bytes(DATA)
    hive.catalog.add("some", recipe(repository, build=BUILD))
    lines = hive.installs("some").lines()
    assert f"{OID}  -" in lines and "⬇ Files of tree by Git LFS: model.bin" in lines
    assert not any("model.bin" in line for line in lines[lines.index(f"{OID}  -") :]), "the tree is as it was checked out"
    hive.nothing_left()


@pytest.fixture
def lfs_server(http_catalog, served, monkeypatch):  # noqa: F811
    """The batch API of a server, which has the file at another path (storage)."""
    serve = served.serve
    served.storage = f"{http_catalog.url}/storage"

    def answer(handler):
        if handler.path == "/git/repository.git/info/lfs/objects/batch":
            asked = json.loads(handler.rfile.read(int(handler.headers["Content-Length"])))
            objects = [one | {"actions": {"download": {"href": f"{served.storage}/{one['oid']}"}}} for one in asked["objects"]]
            body, kind = json.dumps({"transfer": "basic", "objects": objects}).encode(), "application/vnd.git-lfs+json"
            handler.send_response(200)
            handler.send_header("Content-Type", kind)
            handler.send_header("Content-Length", str(len(body)))
            handler.end_headers()
            handler.wfile.write(body)
        else:
            serve(handler)

    monkeypatch.setattr(served, "serve", answer)
    http_catalog.answers[f"/storage/{OID}"] = (200, "application/octet-stream", DATA)
    return served


@needs_lfs
def test_file_of_a_server_is_fetched(hive, http_catalog, lfs_server):
    commit(lfs_server)
    git(lfs_server.path, "tag", "v1")
    http_catalog.add("some", recipe(lfs_server, "#tag=v1", build=BUILD))
    assert f"{OID}  -" in hive.installs("some").lines()


@needs_lfs
def test_configuration_of_a_repository_names_no_other_server(hive, http_catalog, lfs_server):
    commit(lfs_server, **{".lfsconfig": "[lfs]\n\turl = http://127.0.0.1:9/elsewhere\n"})
    http_catalog.add("some", recipe(lfs_server, build=BUILD))
    assert f"{OID}  -" in hive.installs("some").lines()


@needs_lfs
def test_file_that_git_lfs_leaves_out_ends_the_job(hive, http_catalog, lfs_server):
    commit(lfs_server, **{".lfsconfig": "[lfs]\n\tfetchexclude = *.bin\n"})
    http_catalog.add("some", recipe(lfs_server, build=BUILD))
    assert "git-lfs left out model.bin" in hive.refuses("some", "SourceUnavailable").get("ErrorMessage")


@needs_lfs
def test_file_that_is_nowhere_ends_the_job(hive, repository):  # noqa: F811
    commit(repository)
    hive.catalog.add("some", recipe(repository, build=BUILD))
    message = hive.refuses("some", "SourceUnavailable").get("ErrorMessage")
    assert "cannot be given its files of Git LFS" in message and OID in message


def test_without_git_lfs_it_is_asked_for(hive, repository):  # noqa: F811
    commit(repository)
    hive.wrapper = ["unshare", "--mount", "sh", "-c", 'test ! -e /usr/bin/git-lfs || mount --bind /bin/false /usr/bin/git-lfs; exec "$@"', "--"]
    hive.catalog.add("some", recipe(repository, build=BUILD))
    job = hive.refuses("some", "MissingDependencies", "Please install git-lfs before proceeding")
    assert "⬇ Files of tree by Git LFS: model.bin" in job.lines()


def test_attribute_without_a_pointer_needs_no_git_lfs(hive, repository):  # noqa: F811
    commit(repository, pointer="no pointer\n")
    hive.catalog.add("some", recipe(repository, build='cat "$srcdir/tree/model.bin"'))
    assert "no pointer" in hive.installs("some").lines()


POINTER = f"version https://git-lfs.github.com/spec/v1\noid sha256:{7:064d}\nsize 734003200\n"


def test_pointer_that_came_by_another_way_is_not_installed(hive):
    """As in the archives that servers make of a repository."""
    package = install_script("some") + '\ninstall -Dm644 "$srcdir/model.bin" "$pkgdir/usr/local/share/some/model.bin"'
    hive.catalog.add("some", pkgbuild("some", source=["model.bin"], sha256sums=["SKIP"], package=package), files={"model.bin": POINTER})
    job = hive.refuses("some", "PackageFailed")
    (told,) = [line for line in job.lines() if "Git LFS" in line]
    assert "/usr/local/share/some/model.bin. Name the repository as a git source" in told


def test_text_about_pointers_is_installed(hive):
    package = install_script("some") + '\ninstall -Dm644 "$srcdir/README" "$pkgdir/usr/local/share/doc/some/README"'
    text = "A pointer begins so:\n" + POINTER
    hive.catalog.add("some", pkgbuild("some", source=["README"], sha256sums=["SKIP"], package=package), files={"README": text})
    hive.installs("some")
