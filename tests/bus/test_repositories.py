# SPDX-License-Identifier: LGPL-2.1-or-later
"""Repositories as sources: mirrors that jobs share, servers that lie, sums and submodules of git; svn and hg."""

import hashlib
import os
import shutil
import socketserver
import subprocess
import threading
import zlib

import pytest

from catalog import pkgbuild

needs_svn = pytest.mark.skipif(not shutil.which("svnadmin"), reason="needs svn (subversion)")
needs_hg = pytest.mark.skipif(not shutil.which("hg"), reason="needs hg (mercurial)")


def git(path, *arguments, **environment):
    command = [
        "git",
        "-c",
        "user.name=Test",
        "-c",
        "user.email=test@example.org",
        "-c",
        "commit.gpgsign=false",
        "-c",
        "protocol.file.allow=always",
        *map(str, arguments),
    ]
    return subprocess.run(command, cwd=path, check=True, stdout=subprocess.PIPE, text=True, env={**os.environ, **environment}).stdout.strip()


class Repository:
    """A repository, and a server for it: `git http-backend` behind a path of the catalog's."""

    def __init__(self, path, catalog=None):
        self.path, self.catalog, self.requests = path, catalog, []
        path.mkdir()
        git(path, "init", "-q", "-b", "main")

    def commit(self, **files):
        for name, text in files.items():
            (self.path / name).write_text(text)
        git(self.path, "add", "-A")
        git(self.path, "commit", "-q", "-m", "a change")
        return git(self.path, "rev-parse", "HEAD")

    @property
    def url(self):
        return f"{self.catalog.url}/git/{self.path.name}" if self.catalog else f"file://{self.path}"

    def serve(self, handler):
        """One request, as CGI has it."""
        path, _, query = handler.path.partition("?")
        self.requests.append(path.rpartition("/")[2])
        body = handler.rfile.read(int(handler.headers.get("Content-Length", 0)))
        environment = {
            "PATH": os.environ["PATH"],
            "GIT_PROJECT_ROOT": str(self.path.parent),
            "GIT_HTTP_EXPORT_ALL": "1",
            "PATH_INFO": path.removeprefix("/git"),
            "QUERY_STRING": query,
            "REQUEST_METHOD": handler.command,
            "CONTENT_TYPE": handler.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_CONTENT_ENCODING": handler.headers.get("Content-Encoding", ""),
            "GIT_PROTOCOL": handler.headers.get("Git-Protocol", ""),
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": "safe.directory",
            "GIT_CONFIG_VALUE_0": "*",
        }
        answer = subprocess.run(["git", "http-backend"], input=body, stdout=subprocess.PIPE, env=environment, check=False).stdout
        head, _, content = answer.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
        handler.send_response(int(headers.pop("Status", "200").split()[0]))
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content)


@pytest.fixture
def repository(hive):
    return Repository(hive.directory / "repository")


@pytest.fixture
def served(hive, http_catalog, monkeypatch):
    """The same over HTTP."""
    made = Repository(hive.directory / "repository", http_catalog)
    handler, answer = http_catalog.server.RequestHandlerClass, http_catalog.answer
    monkeypatch.setattr(http_catalog, "answer", lambda one, path: made.serve(one) if path.startswith("/git/") else answer(one, path))
    monkeypatch.setattr(handler, "do_POST", handler.do_GET, raising=False)
    return made


def recipe(repository, fragment="", build='cat "$srcdir/tree/file"', name="some", sums="SKIP", **more):
    return pkgbuild(name, source=[f"tree::git+{repository.url}{fragment}"], sha256sums=[sums], build=build, **more)


def stored(hive):
    (path,) = (hive.cache / "sources").iterdir()
    return path


# what is kept


def test_mirror_is_kept_and_brought_up_to_date(hive, http_catalog, served):
    served.commit(file="first\n")
    http_catalog.add("some", recipe(served, "#branch=main"))
    assert "✓ Source: tree (git, branch main)" in hive.installs("some").lines()
    assert (stored(hive) / "HEAD").exists()
    served.commit(file="second\n")
    served.requests.clear()
    assert "second" in hive.installs("some", reinstall=True).lines()
    assert served.requests, "a branch is always asked for again"


def test_default_branch_that_changed_is_followed(hive, http_catalog, served):
    served.commit(file="main\n")
    http_catalog.add("some", recipe(served))
    assert "main" in hive.installs("some").lines()
    git(served.path, "checkout", "-q", "-b", "next")
    served.commit(file="next\n")
    lines = hive.installs("some", reinstall=True).lines()
    assert "next" in lines and "main" not in lines


def test_branch_that_was_rewritten_is_taken_as_it_is_now(hive, http_catalog, served):
    served.commit(file="one\n")
    served.commit(file="two\n")
    http_catalog.add("some", recipe(served, "#branch=main"))
    hive.installs("some")
    git(served.path, "reset", "-q", "--hard", "HEAD~1")
    served.commit(file="three\n")
    assert "three" in hive.installs("some", reinstall=True).lines()


def test_commit_that_the_mirror_has_needs_no_server(hive, http_catalog, served):
    commit = served.commit(file="pinned\n")
    http_catalog.add("some", recipe(served, f"#commit={commit}"))
    hive.installs("some")
    served.requests.clear()
    lines = hive.installs("some", reinstall=True).lines()
    assert "pinned" in lines and f"✓ Source: tree (git, commit {commit}, from the cache)" in lines
    assert not served.requests


def test_without_git_it_is_asked_for_and_the_mirror_is_none_the_worse(hive, http_catalog, served):
    commit = served.commit(file="pinned")
    http_catalog.add("some", recipe(served, f"#commit={commit}"))
    hive.installs("some")
    hive.stop()
    hive.wrapper = ["unshare", "--mount", "sh", "-c", 'mount --bind /dev/null /usr/bin/git; exec "$@"', "--"]
    lines = hive.refuses("some", "MissingDependencies", "Please install git before proceeding", reinstall=True).lines()
    assert lines.count("❌ Missing dependencies") == 1 and not any("is of no use" in line for line in lines)
    hive.stop()
    hive.wrapper = []
    assert f"✓ Source: tree (git, commit {commit}, from the cache)" in hive.installs("some", reinstall=True).lines()


def test_two_jobs_share_one_mirror_at_the_same_time(hive, http_catalog, served):
    for number in range(20):
        served.commit(file=f"{number}\n", other="x" * number * 1000)
    names = [f"worker-{number}" for number in range(4)]
    hive.configure("Jobs", MaxParallel="4")
    for name in names:
        http_catalog.add(name, recipe(served, "#branch=main", name=name))
    for again in (False, True):
        jobs = [hive.install(name, reinstall=again) for name in names]
        assert [job.wait().result for job in jobs] == ["done"] * len(names), [job.log_text() for job in jobs]
        for job in jobs:
            assert "19" in job.lines()
    assert git(stored(hive), "--git-dir=.", "-c", "safe.directory=*", "fsck", "--full") == ""
    hive.nothing_left()


def test_two_sources_of_one_repository(hive, http_catalog, served):
    served.commit(file="one\n")
    git(served.path, "tag", "v1")
    served.commit(file="two\n")
    http_catalog.add(
        "some",
        pkgbuild(
            "some",
            source=[f"a::git+{served.url}#tag=v1", f"b::git+{served.url}"],
            sha256sums=["SKIP", "SKIP"],
            build='cat "$srcdir/a/file" "$srcdir/b/file"',
        ),
    )
    lines = hive.installs("some").lines()
    assert lines.index("one") < lines.index("two")
    assert served.requests.count("refs") == 1


def test_repository_on_this_machine_is_not_kept(hive, repository):
    repository.commit(file="here\n")
    hive.catalog.add("some", recipe(repository))
    hive.installs("some")
    assert not (hive.cache / "sources").exists() or not list((hive.cache / "sources").iterdir())


def poison(mirror, name, content):
    """Puts @content under an object's name into a mirror, as root alone could."""
    for pack in (mirror / "objects" / "pack").glob("*.pack"):
        data = pack.read_bytes()
        for file in (mirror / "objects" / "pack").iterdir():
            file.unlink()
        subprocess.run(["git", "--git-dir", str(mirror), "-c", "safe.directory=*", "unpack-objects", "-q"], input=data, check=True)
    file = mirror / "objects" / name[:2] / name[2:]
    file.unlink()
    file.write_bytes(zlib.compress(b"blob %d\0" % len(content) + content))


@pytest.mark.parametrize("pinned", [True, False], ids=["commit", "branch"])
def test_poisoned_mirror_is_noticed_and_cloned_again(hive, http_catalog, served, pinned):
    commit = served.commit(file="good\n")
    http_catalog.add("some", recipe(served, f"#commit={commit}" if pinned else "#branch=main"))
    hive.installs("some")
    poison(stored(hive), git(served.path, "rev-parse", "HEAD:file"), b"evil\n")
    lines = hive.installs("some", reinstall=True).lines()
    assert "good" in lines and "evil" not in lines
    assert any(line.startswith("⚠ The mirror of tree in the cache is of no use, cloning it again: ") for line in lines)
    assert "good" in hive.installs("some", reinstall=True).lines()


@pytest.mark.parametrize("damage", ["HEAD", "objects", "everything"])
def test_damaged_mirror_is_cloned_again(hive, http_catalog, served, damage):
    served.commit(file="good\n")
    http_catalog.add("some", recipe(served))
    hive.installs("some")
    for path in [stored(hive) / damage] if damage != "everything" else list(stored(hive).iterdir()):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    assert "good" in hive.installs("some", reinstall=True).lines()


def test_hooks_and_configuration_of_a_mirror_run_nothing(hive, http_catalog, served):
    served.commit(file="one\n")
    http_catalog.add("some", recipe(served, "#branch=main"))
    hive.installs("some")
    owned = hive.directory / "owned"
    owned.mkdir()
    owned.chmod(0o777)
    mirror = stored(hive)
    (mirror / "config").write_text(
        f"[core]\n\tbare = true\n\trepositoryformatversion = 0\n\tfsmonitor = touch {owned}/fsmonitor\n"
        f"\tsshCommand = touch {owned}/ssh\n[uploadpack]\n\tpackObjectsHook = touch {owned}/pack; git\n"
        f'[remote "origin"]\n\turl = ext::sh -c "touch {owned}/ext"\n\tuploadpack = touch {owned}/uploadpack\n'
    )
    (mirror / "hooks").mkdir(exist_ok=True)
    for hook in ("post-checkout", "reference-transaction", "post-update"):
        (mirror / "hooks" / hook).write_text(f"#!/bin/sh\ntouch {owned}/{hook}\n")
        (mirror / "hooks" / hook).chmod(0o755)
    served.commit(file="two\n")
    assert "two" in hive.installs("some", reinstall=True).lines()
    assert not list(owned.iterdir())


# servers that lie


def test_replaced_object_of_a_server_is_not_taken(hive, http_catalog, served):
    """refs/replace/ would have one commit stand for another."""
    good = served.commit(file="good\n")
    evil = served.commit(file="evil\n")
    git(served.path, "replace", good, evil)
    http_catalog.add("some", recipe(served, f"#commit={good}", build='cat "$srcdir/tree/file"; git -C "$srcdir/tree" log --format=%H'))
    lines = hive.installs("some").lines()
    assert "good" in lines and "evil" not in lines and good in lines


def test_object_that_is_not_what_its_name_says(hive, http_catalog, served):
    """Over the dumb protocol a server gives out whatever file it likes."""
    served.commit(file="good\n")
    git(served.path, "update-server-info")
    name = git(served.path, "rev-parse", "HEAD:file")
    file = served.path / ".git" / "objects" / name[:2] / name[2:]
    file.chmod(0o644)
    file.write_bytes(zlib.compress(b"blob 5\0evil\n"))

    def dumb(handler, path):
        target = served.path / ".git" / path.removeprefix("/git/repository/")
        data = target.read_bytes() if target.is_file() else None
        handler.send_response(200 if data is not None else 404)
        handler.send_header("Content-Length", str(len(data or b"")))
        handler.end_headers()
        handler.wfile.write(data or b"")

    served.serve = lambda handler: dumb(handler, handler.path.partition("?")[0])
    http_catalog.add("some", recipe(served))
    hive.refuses("some", "SourceUnavailable", served.url)


def test_tag_that_calls_itself_by_another_name_is_refused(hive, repository):
    repository.commit(file="old\n")
    git(repository.path, "tag", "-a", "v1", "-m", "one")
    git(repository.path, "update-ref", "refs/tags/v2", git(repository.path, "rev-parse", "refs/tags/v1"))
    hive.catalog.add("some", recipe(repository, "#tag=v2"))
    hive.refuses("some", "ChecksumMismatch", "v2", "forged")


def test_server_that_answers_with_a_page(hive, http_catalog):
    http_catalog.answers["/page/info/refs"] = (200, "text/html", b"<html>Buy here</html>")
    http_catalog.add("some", pkgbuild("some", source=[f"tree::git+{http_catalog.url}/page"], sha256sums=["SKIP"]))
    hive.refuses("some", "SourceUnavailable", "/page")


def test_tree_that_unfolds_without_end_is_refused(hive, repository):
    """Ten folders of the same ten, ten times over: a few kilobytes, and ten thousand million files."""
    hive.configure("Build", MaxSourceFiles="5000")
    blob = (
        subprocess.run(["git", "hash-object", "-w", "--stdin"], cwd=repository.path, input=b"x", stdout=subprocess.PIPE, check=True)
        .stdout.decode()
        .strip()
    )
    tree = ("blob", "100644", blob)
    for _ in range(7):
        listing = "".join(f"{tree[1]} {tree[0]} {tree[2]}\tentry{number}\n" for number in range(10))
        name = (
            subprocess.run(["git", "mktree"], cwd=repository.path, input=listing.encode(), stdout=subprocess.PIPE, check=True).stdout.decode().strip()
        )
        tree = ("tree", "040000", name)
    commit = git(repository.path, "commit-tree", "-m", "bomb", tree[2])
    git(repository.path, "update-ref", "refs/heads/main", commit)
    hive.catalog.add("some", recipe(repository))
    hive.refuses("some", "LimitsExceeded", "MaxSourceFiles")


# sums of git


def archive_sum(repository, ref, kind="sha256"):
    data = subprocess.run(
        ["git", "-c", "core.abbrev=no", "archive", "--format", "tar", ref], cwd=repository.path, stdout=subprocess.PIPE, check=True
    ).stdout
    return hashlib.new(kind, data).hexdigest()


@pytest.mark.parametrize("kind", ["tag", "commit"])
def test_sum_of_what_git_archive_makes(hive, repository, kind):
    commit = repository.commit(file="summed\n")
    git(repository.path, "tag", "-a", "v1", "-m", "one")
    ref = "v1" if kind == "tag" else commit
    hive.catalog.add("some", recipe(repository, f"#{kind}={ref}", sums=archive_sum(repository, ref)))
    assert f"✓ Source: tree (git, {kind} {ref}, sha256)" in hive.installs("some").lines()


def test_wrong_sum_of_a_git_source(hive, repository):
    repository.commit(file="x\n")
    git(repository.path, "tag", "v1")
    expected = archive_sum(repository, "v1")
    repository.commit(file="y\n")
    git(repository.path, "tag", "-f", "v1")
    hive.catalog.add("some", recipe(repository, "#tag=v1", sums=expected))
    hive.refuses("some", "ChecksumMismatch", "tree", expected)


@pytest.mark.parametrize("fragment", ["", "#branch=main"])
def test_sum_of_what_moves_is_refused(hive, repository, fragment):
    repository.commit(file="x\n")
    hive.catalog.add("some", recipe(repository, fragment, sums="0" * 64))
    hive.refuses("some", "RecipeInvalid", "#tag=", "SKIP")


# submodules, as recipes do them

UPDATE = """
cd "$srcdir/tree"
git submodule init
git config submodule.inner.url "$srcdir/inner"
git -c protocol.file.allow=always submodule update
"""


def test_submodule_that_is_a_source_too_needs_no_network(hive, repository):
    hive.configure("Build", NetworkSteps="")
    inner = Repository(hive.directory / "inner")
    inner.commit(file="from within\n")
    repository.commit(file="outer\n")
    git(repository.path, "submodule", "add", "--quiet", "--name", "inner", inner.url, "inner")
    git(repository.path, "config", "-f", ".gitmodules", "submodule.inner.url", "https://example.org/inner.git")
    repository.commit(file="outer\n")
    hive.catalog.add(
        "some",
        pkgbuild(
            "some",
            source=[f"tree::git+{repository.url}", f"inner::git+{inner.url}"],
            sha256sums=["SKIP", "SKIP"],
            extra=f"prepare() {{{UPDATE}}}",
            build='cat "$srcdir/tree/inner/file"',
        ),
    )
    assert "from within" in hive.installs("some").lines()


@pytest.mark.parametrize("url", ["{directory}/secret", "file://{directory}/secret", "../../../../..{directory}/secret"])
def test_submodule_that_points_outside_finds_nothing_there(hive, repository, url):
    hive.configure("Build", NetworkSteps="")
    secret = Repository(hive.directory / "secret")
    secret.commit(file="not for recipes\n")
    repository.commit(file="x\n")
    git(repository.path, "submodule", "add", "--quiet", "--name", "inner", secret.url, "inner")
    git(repository.path, "config", "-f", ".gitmodules", "submodule.inner.url", url.format(directory=hive.directory))
    repository.commit(file="y\n")
    hive.catalog.add("some", recipe(repository, extra='prepare() {\ncd "$srcdir/tree"\ngit -c protocol.file.allow=always submodule update --init\n}'))
    job = hive.refuses("some", "BuildFailed")
    assert not any("not for recipes" in line for line in job.lines())


def test_path_of_a_submodule_that_leaves_the_tree_is_not_checked_out(hive, repository):
    commit = repository.commit(file="x\n")
    entry = b"160000 ..\0" + bytes.fromhex(commit)
    tree = subprocess.run(
        ["git", "hash-object", "-w", "-t", "tree", "--literally", "--stdin"], cwd=repository.path, input=entry, stdout=subprocess.PIPE, check=True
    )
    evil = git(repository.path, "commit-tree", "-m", "evil", tree.stdout.decode().strip())
    git(repository.path, "update-ref", "refs/heads/main", evil)
    hive.catalog.add("some", recipe(repository))
    hive.refuses("some", "SourceUnavailable")


# the others


def builds(hive, cases):
    """Each source with what its file says, all in one hive."""
    for number, (source, expected) in enumerate(cases):
        name = f"worker-{number}"
        hive.catalog.add(name, pkgbuild(name, source=[f"tree::{source}"], sha256sums=["SKIP"], build='cat "$srcdir/tree/file"'))
        assert expected in hive.installs(name).lines(), source
    hive.nothing_left()


@needs_svn
def test_svn(hive):
    path, copy = hive.directory / "svn", hive.directory / "copy"
    subprocess.run(["svnadmin", "create", path], check=True)
    subprocess.run(["svn", "checkout", "-q", f"file://{path}", copy], check=True)
    for number, text in enumerate(("first\n", "second\n")):
        (copy / "file").write_text(text)
        if not number:
            subprocess.run(["svn", "add", "-q", "file"], cwd=copy, check=True)
        subprocess.run(["svn", "commit", "-q", "-m", "a change"], cwd=copy, check=True)
    subprocess.run(["chmod", "-R", "a+rX", path], check=True)
    url = f"svn+file://{path}"
    builds(hive, [(url, "second"), (f"{url}#revision=1", "first"), (f"{url}#revision=HEAD", "second")])
    hive.catalog.add("some", pkgbuild("some", source=[f"tree::{url}#revision=99"], sha256sums=["SKIP"]))
    hive.refuses("some", "SourceUnavailable", "99", "svn")


@needs_hg
def test_hg(hive):
    path = hive.directory / "hg"

    def hg(*arguments):
        subprocess.run(["hg", "-R", str(path), *arguments], check=True, env=dict(os.environ, HGRCPATH="/dev/null", HGUSER="Test"))

    subprocess.run(["hg", "init", path], check=True)
    (path / "file").write_text("first\n")
    hg("commit", "-q", "-A", "-m", "a change")
    hg("tag", "v1")
    hg("branch", "-q", "side")
    (path / "file").write_text("second\n")
    hg("commit", "-q", "-m", "a change")
    url = f"hg+file://{path}"
    builds(hive, [(url, "first"), (f"{url}#branch=side", "second")])
    hive.catalog.add("some", pkgbuild("some", source=[f"tree::{url}#tag=v99"], sha256sums=["SKIP"]))
    hive.refuses("some", "SourceUnavailable", "v99", "hg")


@needs_hg
def test_hg_asks_a_busy_server_again(hive, http_catalog):
    """One that has a repository's files and no program for them."""
    path = hive.directory / "hg"
    subprocess.run(["hg", "init", path], check=True)
    (path / "file").write_text("content\n")
    subprocess.run(["hg", "-R", path, "commit", "-q", "-A", "-m", "a change"], check=True, env=dict(os.environ, HGRCPATH="/dev/null", HGUSER="Test"))
    http_catalog.answers.update(
        {f"/hg/{file.relative_to(path)}": (200, "application/octet-stream", file.read_bytes()) for file in path.rglob("*") if file.is_file()}
    )
    asked = iter([503])

    def answer(handler):
        """No program's answer: the client then takes the files."""
        handler.send_response(next(asked, 200) if "cmd=" in handler.path else 200)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    http_catalog.answers["/hg"] = answer
    http_catalog.add("some", pkgbuild("some", source=[f"tree::hg+{http_catalog.url}/hg"], sha256sums=["SKIP"], build='cat "$srcdir/tree/file"'))
    lines = hive.installs("some").lines()
    assert "content" in lines
    assert [line for line in lines if line.startswith("↻ ")] == ["↻ Trying tree again in 2 s: abort: HTTP Error 503: Service Unavailable"]
    hive.nothing_left()


@needs_svn
@pytest.mark.skipif(not shutil.which("svnserve"), reason="needs svnserve (subversion)")
def test_svn_asks_a_server_again_that_hung_up(hive):
    path = hive.directory / "svn"
    subprocess.run(["svnadmin", "create", path], check=True)
    subprocess.run(["svn", "mkdir", "-q", "-m", "a change", f"file://{path}/trunk"], check=True)
    left = iter([1])

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True

    class Handler(socketserver.BaseRequestHandler):
        def handle(self):
            if not next(left, None):
                subprocess.run(["svnserve", "--inetd", "--root", path], stdin=self.request, stdout=self.request, check=False)

    with Server(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"svn://127.0.0.1:{server.server_address[1]}"
        hive.catalog.add("some", pkgbuild("some", source=[f"tree::{url}"], sha256sums=["SKIP"], build='ls "$srcdir/tree"'))
        lines = hive.installs("some").lines()
        server.shutdown()
    assert "trunk" in lines
    assert sum(line.startswith("↻ Trying tree again in 2 s: ") for line in lines) == 1
    hive.nothing_left()


def test_what_can_not_be_fetched_is_refused_by_name(hive):
    for source, why in (
        ("git+ssh://example.org/x", "needs a key"),
        ("svn+ssh://example.org/x", "needs a key"),
        ("bzr+https://example.org/x", "Bazaar"),
        ("fossil+https://example.org/x", "Fossil"),
        ("rsync://example.org/x", "rsync"),
    ):
        hive.catalog.add("some", pkgbuild("some", source=[source], sha256sums=["SKIP"]))
        hive.refuses("some", "RecipeInvalid", source, why)


@pytest.mark.parametrize("extent", ["whole", "shallow"])
def test_repository_that_is_larger_than_a_download_may_be_names_the_key(hive, served, extent):
    hive.configure("Build", MaxDownloadSize="1M")
    served.commit(large=os.urandom(3 << 19).hex())
    ask = "git log --oneline" if extent == "whole" else "true"
    served.catalog.add("some", recipe(served, build=f'cd "$srcdir/tree"; {ask}'))
    hive.refuses("some", "LimitsExceeded", "The repository of tree is too large", "MaxDownloadSize= in hive.conf")
