# SPDX-License-Identifier: LGPL-2.1-or-later
"""How much of a git repository is fetched: one commit where nothing asks for more, its history where something does."""

import os
import signal
import subprocess

import pytest

from catalog import pkgbuild
from test_repositories import git, recipe, repository, served, stored  # noqa: F401 (fixtures)
from waiting import wait_until


@pytest.fixture
def history(served):  # noqa: F811
    """Thirty commits of what does not compress, v1 at the tenth and v3 at the last but one; the server can leave files out."""
    for number in range(1, 31):
        served.commit(file=f"{number}\n", noise=os.urandom(40_000).hex())
        if number in (10, 29):
            git(served.path, "tag", "-a", "-m", "a version", "v1" if number == 10 else "v3")
    git(served.path, "config", "uploadpack.allowFilter", "true")
    return served


def mirror_size(hive):
    return sum(path.stat().st_size for path in stored(hive).rglob("*") if path.is_file())


@pytest.mark.parametrize("fragment", ["#tag=v3", "#commit={commit}"], ids=["tag", "commit"])
def test_one_commit_is_fetched_where_nothing_asks_for_more(hive, http_catalog, history, fragment):
    commit = git(history.path, "rev-parse", "v3^{commit}")
    http_catalog.add("some", recipe(history, fragment.format(commit=commit), build='cat "$srcdir/tree/file"; ls -A "$srcdir/tree"'))
    lines = hive.installs("some").lines()
    assert {"29", "file", "noise", ".git"} <= set(lines)
    assert f"⬇ Fetching tree, {fragment[1:].format(commit=commit).replace('=', ' ')} without what was before it" in lines
    assert mirror_size(hive) < 200_000 and not any("history" in line for line in lines), "a thirtieth, and some"
    history.requests.clear()
    lines = hive.installs("some", reinstall=True).lines()
    assert "29" in lines and any(line.endswith(", from the cache)") for line in lines)
    assert "git-upload-pack" not in history.requests or "tag" in fragment, "a tag is asked for by name alone"
    hive.nothing_left()


@pytest.mark.parametrize("filters", [True, False], ids=["that-filters", "that-sends-all"])
def test_pkgver_of_a_tag_is_what_a_whole_clone_says(hive, http_catalog, history, filters):
    git(history.path, "config", "uploadpack.allowFilter", str(filters).lower())
    git(history.path, "tag", "later", "HEAD")
    describe = 'git describe --long --tags --match "v*"; git rev-list --count HEAD'
    expected = subprocess.check_output(["sh", "-c", f"git checkout -q --detach later; {describe}"], cwd=history.path, text=True).split()
    http_catalog.add(
        "some", recipe(history, "#tag=later", build="true", extra="pkgver() {\n  cd tree\n  printf '%s' \"$(" + describe + ")\" | tr '\\n-' '..'\n}")
    )
    hive.installs("some")
    assert hive.workers()["some"]["version"] == ".".join(expected).replace("-", ".") + "-1"
    assert (mirror_size(hive) < 250_000) == filters


@pytest.mark.parametrize(
    "name, script",
    [
        ("CMakeLists.txt", "execute_process(COMMAND ${GIT_EXECUTABLE} rev-list --count HEAD)"),
        ("version.sh", "git -C . describe --tags"),
        ("build.rs", 'Command::new("git").args(["describe"])'),
        ("pyproject.toml", 'requires = ["setuptools-scm>=8"]'),
        ("setup.py", "import Versioneer"),
        ("Makefile", "VERSION := $(shell \xa0 GIT DESCRIBE)"),
    ],
)
def test_build_that_asks_for_the_history_has_it(hive, http_catalog, history, name, script):
    history.commit(**{name: script})
    git(history.path, "tag", "v4")
    http_catalog.add(
        "some", recipe(history, "#tag=v4", build='cd "$srcdir/tree"; bash -c "$(echo Z2l0IHJldi1saXN0IC0tY291bnQgSEVBRA== | base64 -d)"')
    )
    lines = hive.installs("some").lines()
    assert "31" in lines and "⬇ Fetching the history of tree, which its build may ask for" in lines
    assert mirror_size(hive) < 250_000


def test_what_no_build_runs_asks_for_nothing(hive, http_catalog, history):
    history.commit(
        **{"README.md": "git describe\n", "image.png": "\0\nversioneer\n", "digits.c": "/* legit digits, as by a version of github's log */\n"}
    )
    git(history.path, "tag", "v4")
    http_catalog.add("some", recipe(history, "#tag=v4", build="true"))
    assert not any("history" in line for line in hive.installs("some").lines())


def test_recipe_that_reads_other_commits_has_them(hive, http_catalog, history):
    http_catalog.add("some", recipe(history, "#tag=v3", build='git -C "$srcdir/tree" show v1:file'))
    assert "10" in hive.installs("some").lines()


def test_script_beside_the_recipe_is_read_too(hive, http_catalog, history):
    script = 'git -C "$1" describe --tags HEAD~1\n'
    http_catalog.add(
        "some",
        pkgbuild(
            "some",
            source=[f"tree::git+{history.url}#tag=v3", "version.sh"],
            sha256sums=["SKIP", "SKIP"],
            build='bash "$srcdir/version.sh" "$srcdir/tree"',
        ),
        files={"version.sh": script},
    )
    assert any(line.startswith("v1-18-g") for line in hive.installs("some").lines())


def test_cache_of_one_commit_is_no_cache_of_its_history(hive, http_catalog, history):
    http_catalog.add("some", recipe(history, "#tag=v3", build="true"))
    hive.installs("some")
    http_catalog.add("some", recipe(history, "#tag=v3", build='cd "$srcdir/tree"; git rev-list --count HEAD'))
    assert "29" in hive.installs("some").lines()
    http_catalog.add("some", recipe(history, "#tag=v3", build='cat "$srcdir/tree/file"; echo again'))
    assert "29" in hive.installs("some").lines()


def test_whole_mirror_of_the_cache_serves_a_tag(hive, http_catalog, history):
    http_catalog.add("some", recipe(history, "#branch=main"))
    hive.installs("some")
    commit = git(history.path, "rev-parse", "v1^{commit}")
    http_catalog.add("some", recipe(history, f"#commit={commit}"))
    history.requests.clear()
    assert "10" in hive.installs("some").lines() and not history.requests


def test_tag_that_was_moved_is_noticed(hive, http_catalog, history):
    http_catalog.add("some", recipe(history, "#tag=v3"))
    assert "29" in hive.installs("some").lines()
    git(history.path, "tag", "-f", "-a", "-m", "moved", "v3", "HEAD")
    lines = hive.installs("some", reinstall=True).lines()
    assert "30" in lines
    assert any("is of no use" in line and "its tag v3 is another commit now" in line for line in lines)


def test_server_of_plain_files_is_cloned_whole(hive, http_catalog, history):
    git(history.path, "repack", "-a", "-d", "-q")
    git(history.path, "update-server-info")
    folder = history.path / ".git"
    http_catalog.answers.update(
        {f"/plain/{path.relative_to(folder)}": (200, "application/octet-stream", path.read_bytes()) for path in folder.rglob("*") if path.is_file()}
    )
    http_catalog.add(
        "some", pkgbuild("some", source=[f"tree::git+{http_catalog.url}/plain#tag=v3"], sha256sums=["SKIP"], build='cat "$srcdir/tree/file"')
    )
    assert "29" in hive.installs("some").lines()


def test_tag_and_commit_that_are_not_there_are_named(hive, http_catalog, history):
    for fragment, what in (("#tag=v9", "has no tag v9"), ("#commit=" + "ab" * 20, "has no commit " + "ab" * 20)):
        http_catalog.add("some", recipe(history, fragment))
        assert what in hive.refuses("some", "SourceUnavailable").get("ErrorMessage")


def test_connection_that_was_cut_is_made_again(hive, http_catalog, history, monkeypatch):
    serve, cuts = history.serve, iter([1, 2])

    def cut(handler):
        if handler.command == "POST" and next(cuts, None):
            handler.send_response(200)
            handler.send_header("Content-Type", "application/x-git-upload-pack-result")
            handler.send_header("Content-Length", "100000")
            handler.end_headers()
            handler.wfile.write(b"0011shallow-info")
            handler.wfile.flush()
            handler.close_connection = True
            handler.connection.shutdown(2)
        else:
            serve(handler)

    monkeypatch.setattr(history, "serve", cut)
    http_catalog.add("some", recipe(history, "#tag=v3"))
    lines = hive.installs("some").lines()
    assert sum(line.startswith("↻ Trying tree again in ") for line in lines) == 2


def test_what_git_says_of_a_server_is_told_whole(hive, repository):  # noqa: F811
    repository.commit(file="one\n")
    repository.commit(file="two\n")
    for path in (repository.path / ".git/objects").glob("??/*"):
        if git(repository.path, "cat-file", "-t", path.parent.name + path.name) == "blob":
            path.unlink()
    hive.catalog.add("some", recipe(repository))
    message = hive.refuses("some", "SourceUnavailable").get("ErrorMessage")
    assert "unable to read" in message or "missing" in message, "why"
    assert ";" in message, "and what came of it"


def test_what_the_cache_must_not_have_is_not_there_when_a_job_fails(hive, repository):  # noqa: F811
    repository.commit(file="here\n")
    hive.catalog.add(
        "some",
        pkgbuild(
            "some", source=[f"tree::git+{repository.url}", f"other::git+file://{repository.path}/gone"], sha256sums=["SKIP", "SKIP"], build="true"
        ),
    )
    hive.refuses("some", "SourceUnavailable")
    assert not (hive.cache / "sources").exists() or not list((hive.cache / "sources").iterdir())


def test_mirror_that_a_killed_builder_left_half_is_noticed(hive, http_catalog, history, monkeypatch):
    serve, hang, asked = history.serve, [True], []

    def stop(handler):
        if handler.command == "POST" and hang:
            handler.close_connection = True
            asked.append(True)
            wait_until(lambda: not hang, what="the test to go on")
        else:
            serve(handler)

    monkeypatch.setattr(history, "serve", stop)
    http_catalog.add("some", recipe(history, "#branch=main"))
    job = hive.install("some")
    wait_until(lambda: asked, what="git to ask")
    pids = [int(pid) for pid in os.listdir("/proc") if pid.isdigit() and builder_of(pid, hive)]
    assert pids
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    hang.clear()
    assert job.wait().result == "failed"
    assert "30" in hive.installs("some").lines()
    hive.nothing_left()


def builder_of(pid, hive):
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            command = file.read()
    except OSError:
        return False
    return b"rbee-hive-builder" in command.split(b"\0")[0] and str(hive.directory).encode() in command


def test_clone_of_one_commit_is_a_repository_like_any(hive, http_catalog, history):
    asks = (
        'cd "$srcdir/tree"\ngit fsck --strict\ngit status --porcelain --branch\ngit config remote.origin.url\ngit for-each-ref --format="%(refname)" refs\n'
        "git rev-parse --is-shallow-repository --is-bare-repository\ngit -c user.name=a -c user.email=a@example.org commit -q --allow-empty -m more"
    )
    http_catalog.add("some", recipe(history, "#tag=v3", build=asks))
    for _ in range(2):
        lines = hive.installs("some", reinstall=True).lines()
        assert "## makepkg" in lines and history.url in lines and "refs/tags/v3" in lines and "refs/tags/v1" not in lines
        assert lines.index("true") + 1 == lines.index("false") and not any(line.startswith((" M", "??", "missing", "error")) for line in lines)
