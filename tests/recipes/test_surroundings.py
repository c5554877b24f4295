# SPDX-License-Identifier: LGPL-2.1-or-later
"""Recipes that want something of their surroundings while they are read: a file outside their folder, the network, a variable."""

import http.server
import json
import re
import threading

import pytest

from catalog import pkgbuild

COMMON = "common_depends=(zlib)\n"
ABOVE = "source ../shared/names.bash\n" + pkgbuild("some") + 'depends=("${common_depends[@]}")\n'


def srcinfo(reader, recipe):
    return reader.check(recipe, "--srcinfo")


def told(reader, recipe):
    """What is said of a recipe that would lack something: no .SRCINFO, and the same in all forms."""
    done = srcinfo(reader, recipe)
    assert done.returncode == 1 and done.stdout == b""
    problems = json.loads(reader.check(recipe, "--json").stdout)["problems"]
    for problem in problems:
        assert problem.encode() in done.stderr
    return problems


def above(reader, folder="a", files=None):
    """A recipe in a folder of one's own, which holds other folders too."""
    recipe = reader.recipe({f"{folder}/PKGBUILD": ABOVE, "shared/names.bash": COMMON, **(files or {})})
    return recipe.parent / folder / "PKGBUILD"


@pytest.mark.parametrize("mark", ["", ".git"])
def test_recipe_reads_what_lies_beside_its_folder(reader, mark):
    recipe = above(reader, files={f"{mark}/HEAD": ""} if mark else None)
    done = srcinfo(reader, recipe)
    assert done.returncode == 0 and b"\tdepends = zlib\n" in done.stdout, done.stderr


def test_recipe_reads_what_lies_anywhere_in_its_repository(reader):
    top = reader.recipe({"PKGBUILD": "", ".git/HEAD": "", "shared/names.bash": COMMON}).parent
    folder = top / "groups" / "some"
    folder.mkdir(parents=True)
    (folder / "PKGBUILD").write_text(ABOVE.replace("../shared", "../../shared"))
    done = srcinfo(reader, folder / "PKGBUILD")
    assert done.returncode == 0 and b"\tdepends = zlib\n" in done.stdout, done.stderr


def test_what_follows_from_a_file_that_is_not_shown_is_not_told_too(reader):
    recipe = above(reader, files={"a/.git": "gitdir: elsewhere\n", "shared/names.bash": "common_version=2\n"})
    recipe.write_text(recipe.read_text() + "pkgver=$common_version\n")
    (problem,) = told(reader, recipe)
    assert "../shared/names.bash" in problem


def test_file_above_the_repository_is_told(reader):
    recipe = above(reader, files={"a/.git": "gitdir: elsewhere\n"})
    assert any("../shared/names.bash" in problem for problem in told(reader, recipe))


@pytest.mark.parametrize(
    "line",
    [
        "if [[ -r /etc/fstab ]]; then depends=(pacman); fi",
        "[ -f /etc/fstab ] && depends=(pacman); :",
        "test -e /etc/fstab && depends=(x); :",
        "mapfile -t depends 2>/dev/null </etc/fstab; cat /etc/fstab >/dev/null 2>&1; :",
        "depends=($(grep -o x /etc/fstab 2>/dev/null)); :",
        "depends=($(</etc/fstab)); :",
        "_conf=/etc/fstab; [[ ! -e $_conf ]] || depends=(x)",
        "for f in /etc/fstab; do [[ -r $f ]] && depends=(x); done; :",
    ],
)
def test_file_of_the_machine_that_is_not_shown_is_told(reader, line):
    (problem,) = told(reader, reader.recipe({"PKGBUILD": pkgbuild("some") + line + "\n"}))
    assert "/etc/fstab" in problem and "does not show" in problem


@pytest.mark.parametrize(
    "line",
    [
        "if [[ -r ~/.config/own.conf ]]; then source ~/.config/own.conf; fi",
        "source $HOME/.config/own.conf",
        '. "${XDG_CONFIG_HOME:-$HOME/.config}/own.conf" 2>/dev/null || :',
    ],
)
def test_setting_of_the_reader_is_told(reader, line):
    (reader.folder / ".config").mkdir(exist_ok=True)
    (reader.folder / ".config" / "own.conf").write_text("own_groups=(mine)\n")
    (problem,) = told(reader, reader.recipe({"PKGBUILD": pkgbuild("some") + line + '\ngroups=("${own_groups[@]}")\n'}))
    assert ".config/own.conf" in problem


@pytest.mark.parametrize(
    "line",
    [
        "_prefix=/etc/fstab",
        "source=(/etc/no-such-file)",
        "[[ -r /etc/no-such-file ]] || depends=(x)",
        "[[ -r /etc/os-release ]] || depends=(x)",
        "f() { cat /etc/fstab; }",
        "# ~/.config and /etc/fstab",
        "backup=(etc/fstab)",
        "echo /etc/fstab",
        "[[ -r ./PKGBUILD ]] || depends=(x)",
    ],
)
def test_what_changes_nothing_is_not_told(reader, line):
    done = reader.check(reader.recipe({"PKGBUILD": pkgbuild("some") + line + "\n"}), "--json")
    problems = json.loads(done.stdout)["problems"]
    assert not [problem for problem in problems if "looks at" in problem or "network" in problem]


@pytest.fixture
def server():
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"2.5\n")

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    "command",
    [
        "curl -fsS http://127.0.0.1:{port}/newest",
        "curl -fsS http://example.invalid/ 2>/dev/null || echo 1",
        "exec 3<>/dev/tcp/127.0.0.1/{port} || echo 1",
        "git ls-remote https://example.invalid/x.git 2>/dev/null | head -1; echo 1",
        "curl -s http://[::1]:{port}/ || curl -s http://192.0.2.1/ || echo 1",
    ],
)
def test_recipe_that_asks_the_network_is_told_that_cause_alone(reader, server, command):
    """That there is no version follows from it."""
    recipe = reader.recipe({"PKGBUILD": pkgbuild("some") + f'pkgver=$({command.format(port=server)})\nprovides=("some=$pkgver")\n'})
    (problem,) = told(reader, recipe)
    assert "recipes are read without one" in problem


def test_recipe_without_a_version_is_shown_without_one(reader, server):
    recipe = reader.recipe({"PKGBUILD": pkgbuild("some") + f"pkgver=$(curl -fsS http://127.0.0.1:{server}/newest)\n_last=line\n"})
    assert reader.check(recipe).stdout.decode().splitlines()[0] == "some"
    assert json.loads(reader.check(recipe, "--json").stdout).get("version") is None


def test_recipe_that_needs_no_network_is_told_nothing_of_it(reader):
    done = srcinfo(reader, reader.recipe({"PKGBUILD": pkgbuild("some") + "_host=$(uname -n)\n: $(id)\n"}))
    assert done.returncode == 0 and b"network" not in done.stderr


@pytest.mark.parametrize(
    "line, words",
    [
        ('pkgdesc="made on ${SOME_DAY:?}"', b"SOME_DAY: parameter null or not set"),
        ("pkgdesc=${SOME_DAY?say which}", b"SOME_DAY: say which"),
        ("set -u\npkgdesc=$SOME_DAY", b"SOME_DAY: unbound variable"),
        ("set_day() { : ${SOME_DAY:?}; }\nset_day", b"SOME_DAY: parameter null or not set"),
        ("source <(echo ': ${SOME_DAY:?in another file}')", b"SOME_DAY: in another file"),
    ],
)
def test_what_bash_says_stands_alone(reader, line, words):
    recipe = reader.recipe({"PKGBUILD": pkgbuild("some") + line + "\n"})
    done = srcinfo(reader, recipe)
    assert done.returncode == 1 and done.stdout == b"" and done.stderr.count(b"\n") == 1
    assert done.stderr.strip().endswith(words)
    assert re.search(
        "stopped reading (the PKGBUILD|a file that the PKGBUILD sources) at line", json.loads(reader.check(recipe, "--json").stdout)["message"]
    )


def test_recipe_for_another_architecture_is_told_and_breaks_no_rule(reader):
    recipe = reader.recipe({"PKGBUILD": pkgbuild("some", arch=["riscv64"])})
    done = reader.check(recipe)
    assert done.returncode == 0 and "Not for here" in done.stdout.decode() and "riscv64" in done.stdout.decode()
    assert "riscv64" in json.loads(reader.check(recipe, "--json").stdout)["incompatible_because"]


def test_own_build_reads_what_lies_beside_its_folder_and_cannot_change_it(author):
    shared = author.directory / "shared"
    shared.mkdir()
    (shared / "names.bash").write_text("_name=from-above\n")
    author.write(
        "PKGBUILD",
        "source ../shared/names.bash\n"
        + pkgbuild(
            "some",
            package='install -d "$pkgdir/usr"; echo "$_name" >"$pkgdir/usr/name"; '
            '! touch ../../shared/changed 2>/dev/null; ! touch "$startdir/../shared/changed" 2>/dev/null',
        ),
    )
    author.own()
    author.builds(HOME="/nonexistent")
    assert (author.recipe / "pkg/some/usr/name").read_text() == "from-above\n"
    assert not (shared / "changed").exists()


@pytest.mark.parametrize("repository", [True, False])
def test_what_has_a_network_sees_what_lies_above_in_a_repository_alone(author, repository):
    (author.directory / "private").write_text("secret\n")
    if repository:
        (author.directory / ".git").mkdir()
    author.write("PKGBUILD", pkgbuild("some", extra="prepare() { cat ../../private || echo unseen; }"))
    author.own()
    shown = author.builds(HOME="/nonexistent").stdout
    assert ("secret\n" in shown, "unseen\n" in shown) == (repository, not repository)


def test_own_build_is_shown_nothing_of_a_home(author):
    (author.directory / "names.bash").write_text("_name=from-home\n")
    author.write("PKGBUILD", "source ../names.bash\n" + pkgbuild("some"))
    author.own()
    assert "../names.bash, which the sandbox that recipes are read in does not show" in author.builds(status=1).stdout


def test_own_build_that_looks_at_an_unseen_file_ends_before_it_builds(author):
    author.write("PKGBUILD", pkgbuild("some") + "if [[ -r /etc/fstab ]]; then depends=(x); fi\n")
    author.own()
    assert "/etc/fstab" in author.builds(status=1).stdout
    assert not (author.recipe / "pkg").exists()
