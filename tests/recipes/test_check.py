# SPDX-License-Identifier: LGPL-2.1-or-later
"""`hivectl recipe --check`: what people who write recipes see of theirs."""

import json
import os
import subprocess

import pytest

from build import SOURCE
from catalog import pkgbuild

GOOD = pkgbuild("some")


def sources(**arrays):
    return pkgbuild("some", **arrays)


def test_recipe_is_described_in_80_columns(reader):
    done = reader.check(SOURCE / "data/catalog/workers/llama-cpp-server-cuda/PKGBUILD")
    lines = done.stdout.decode().splitlines()
    assert done.returncode == 0, done.stderr
    assert lines[0].startswith("llama-cpp-server-cuda ")
    for label in ("Description", "URL", "License", "Architectures", "Functions", "Sources", "To build", "Needs"):
        assert any(line.startswith(label + " ") for line in lines), label
    assert max(map(len, lines)) <= 80


def test_good_recipe_breaks_no_rule(reader):
    report = json.loads(reader.check(reader.recipe({"PKGBUILD": GOOD}), "--json").stdout)
    assert report["problems"] == []
    assert (report["pkgbase"], report["version"], report["functions"]) == ("some", "1.0-1", ["package"])


def test_every_broken_rule_is_told_and_the_status_is_one(reader):
    recipe = reader.recipe({"PKGBUILD": GOOD + "pkgrel=x\nepoch=y\ninstall=gone.install\n"})
    for options in ((), ("--json",), ("--srcinfo",)):
        done = reader.check(recipe, *options)
        assert done.returncode == 1
        for rule in ("pkgrel=x", "epoch=y", "install=gone.install"):
            assert rule.encode() in done.stdout + done.stderr
    assert json.loads(reader.check(recipe, "--json").stdout)["problems"][0].startswith("pkgrel=x: ")


def test_split_recipe_shows_each_package_with_what_it_overrides(reader):
    recipe = reader.recipe(
        {
            "PKGBUILD": "pkgbase=both\npkgname=(one two)\npkgver=1\npkgrel=1\narch=(any)\ndepends=(a)\n"
            "package_one() { depends=(b); }\npackage_two() { pkgdesc=second; }\n"
        }
    )
    packages = json.loads(reader.check(recipe, "--json").stdout)["packages"]
    assert [(each["name"], each["depends"], each.get("description")) for each in packages] == [("one", ["b"], None), ("two", ["a"], "second")]
    assert reader.check(recipe).stdout.decode().count("\nPackage ") == 2


@pytest.mark.parametrize(
    "arrays, strength",
    [
        ({"sha256sums": ["0" * 64]}, "strong"),
        ({"b2sums": ["0" * 128], "md5sums": ["0" * 32]}, "strong"),
        ({"sha224sums": ["0" * 56]}, "strong"),
        ({"md5sums": ["0" * 32]}, "weak"),
        ({"sha1sums": ["0" * 40]}, "weak"),
        ({"cksums": ["1"]}, "weak"),
        ({"sha256sums": ["SKIP"]}, "none"),
        ({"sha256sums": ["SKIP"], "sha1sums": ["0" * 40]}, "weak"),
        ({}, "none"),
    ],
)
def test_strength_of_sums_is_told(reader, arrays, strength):
    recipe = reader.recipe({"PKGBUILD": sources(source=["https://example.org/x.tar.gz"], **arrays)})
    (source,) = json.loads(reader.check(recipe, "--json").stdout)["sources"]
    assert (source["name"], source["url"], source["strength"]) == ("x.tar.gz", "https://example.org/x.tar.gz", strength)
    shown = reader.check(recipe).stdout.decode()
    assert ("which is weak" in shown) == (strength == "weak") and ("not verified" in shown) == (strength == "none")


def test_what_this_machine_lacks_is_told(reader):
    recipe = reader.recipe(
        {"PKGBUILD": pkgbuild("some", depends=["glibc", "bash>=1"], makedepends=["bash>=99"], checkdepends=["no-such-thing-anywhere"])}
    )
    report = json.loads(reader.check(recipe, "--json").stdout)
    states = {(need["name"], need["for"]): need["state"] for need in report["needs"]}
    assert states[("glibc", "run")] == states[("bash>=1", "run")] == "present" and states[("bash>=99", "build")] == "missing"
    assert report["missing"] == ["bash>=99"] and report["unknown"] == ["no-such-thing-anywhere"]
    assert "Missing here   bash>=99\n" in reader.check(recipe).stdout.decode()


def test_packages_of_a_recipe_that_need_each_other_lack_nothing(reader):
    recipe = reader.recipe(
        {"PKGBUILD": "pkgname=(one two)\npkgver=1\npkgrel=1\narch=(any)\npackage_one() { :; }\npackage_two() { depends=(one); }\n"}
    )
    assert json.loads(reader.check(recipe, "--json").stdout)["needs"] == []


def test_repository_at_a_commit_is_verified_by_it(reader):
    commit = "0123456789abcdef0123456789abcdef01234567"
    recipe = reader.recipe(
        {
            "PKGBUILD": sources(
                source=[f"git+https://example.org/x.git#commit={commit}", "git+https://example.org/y.git#tag=v1"], sha256sums=["SKIP", "SKIP"]
            )
        }
    )
    first, second = json.loads(reader.check(recipe, "--json").stdout)["sources"]
    assert (first["strength"], first["commit"], second["strength"]) == ("commit", commit, "none")


def test_source_that_cannot_be_fetched_says_why(reader):
    recipe = reader.recipe({"PKGBUILD": sources(source=["gopher://example.org/x"], sha256sums=["SKIP"])})
    (source,) = json.loads(reader.check(recipe, "--json").stdout)["sources"]
    assert "gopher" in source["error"]


def test_text_that_is_no_utf8_is_shown_and_written(reader):
    recipe = reader.recipe({"PKGBUILD": GOOD.encode() + b"pkgdesc='caf\xe9'\n"})
    assert json.loads(reader.check(recipe, "--json").stdout)["description"] == "caf\ufffd"
    assert "caf\ufffd" in reader.check(recipe).stdout.decode()
    assert b"pkgdesc = caf\xe9\n" in reader.check(recipe, "--srcinfo").stdout


def test_escape_sequences_of_a_recipe_reach_no_terminal(reader):
    shown = reader.check(reader.recipe({"PKGBUILD": GOOD + "pkgdesc=$'a\\e]0;title\\ab\\e[2J'\nepoch=$'\\e[2Jx'\n"}))
    assert b"\x1b" not in shown.stdout + shown.stderr


@pytest.mark.parametrize(
    "text, said",
    [
        ("if then\n", "line 1"),
        ("exit 0\n", "exit"),
        (GOOD.replace("\n", "\r\n"), "CRLF"),
        ("\ufeff" + GOOD, "byte order mark"),
        ("false\n", "failed"),
        ("exec 19>&-\n" + GOOD, "descriptors"),
    ],
)
def test_what_cannot_be_read_says_why(reader, text, said):
    recipe = reader.recipe({"PKGBUILD": text})
    done = reader.check(recipe)
    assert (done.returncode, done.stdout) == (1, b"") and said in done.stderr.decode()
    report = json.loads(reader.check(recipe, "--json").stdout)
    assert report["error"] == "RecipeInvalid" and said in report["message"]


@pytest.mark.parametrize(
    "code, error",
    [
        ("while :; do :; done", "TimedOut"),
        ("sleep 99", "TimedOut"),
        ("yes", "LimitsExceeded"),
        ("x=$(head -c 2G /dev/zero | tr '\\0' x)", None),
        ("head -c 100M /dev/zero >/tmp/x || exit 1", "RecipeInvalid"),
    ],
)
def test_recipe_that_takes_too_much_is_ended(reader, code, error):
    reader.configure(EvaluationTimeout=60 if error in ("LimitsExceeded", "RecipeInvalid") else 2)
    done = reader.check(reader.recipe({"PKGBUILD": code + "\n" + GOOD}), "--json")
    assert json.loads(done.stdout).get("error") == error or error is None
    reader.configure()


def test_recipe_writes_nowhere_and_reaches_nothing(reader):
    recipe = reader.recipe(
        {
            "PKGBUILD": GOOD
            + f"""
touch "$startdir/x" {reader.folder}/y /usr/z /etc/z 2>/dev/null
(exec 3<>/dev/tcp/127.0.0.1/22) 2>/dev/null && pkgdesc=connected
[[ -e /etc/shadow || -e /root/.bashrc || -e /run/dbus ]] && pkgdesc=sees
ls {reader.folder} | grep -q hive.conf && pkgdesc=neighbours
true
"""
        }
    )
    report = json.loads(reader.check(recipe, "--json").stdout)
    assert report["description"] == "The worker some"
    assert os.listdir(recipe.parent) == ["PKGBUILD"] and not (reader.folder / "y").exists()


def test_recipe_may_change_what_lies_beside_it_on_a_copy(reader):
    recipe = reader.recipe(
        {
            "PKGBUILD": GOOD
            + """
./count >counted && mkdir -p made && cp counted made/ && echo more >>notes && sed -i s/^pkgrel=1/pkgrel=2/ PKGBUILD && rm gone
pkgdesc="$(<made/counted) $(<notes) $(grep -c ^pkgrel=2 PKGBUILD) $(readlink link) $(<link)$(ls gone 2>/dev/null)"
echo changed >folder/file && pkgdesc+=" $(<folder/file)"
echo x >large 2>/dev/null && pkgdesc=wrote
true
""",
            "count": "#!/bin/sh\necho counted\n",
            "notes": "some\n",
            "gone": "",
            "folder/file": "in a folder",
            "large": "x" * (1024 * 1024 + 1),
        }
    )
    folder = recipe.parent
    (folder / "count").chmod(0o755)
    (folder / "link").symlink_to("notes")
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert json.loads(reader.check(recipe, "--json").stdout)["description"] == "counted some\nmore 1 notes some\nmore changed"
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


def test_of_a_folder_of_many_files_there_is_no_copy(reader):
    recipe = reader.recipe(
        {"PKGBUILD": GOOD + "echo x >new 2>/dev/null || pkgdesc=$(ls | wc -l)\n", **{f"{number}.patch": "" for number in range(250)}}
    )
    assert json.loads(reader.check(recipe, "--json").stdout)["description"] == "251"


def test_file_may_have_another_name_and_lie_anywhere(reader):
    recipe = reader.recipe({"PKGBUILD": GOOD, "other": GOOD + "pkgdesc=$(<beside)\n", "beside": "read"})
    done = reader.run(reader.build.bin / "hivectl", "recipe", "--check", "other", "--json", "--config", reader.config, cwd=recipe.parent)
    assert json.loads(done.stdout)["description"] == "read"
    link = recipe.parent / "link"
    link.symlink_to(recipe.parent / "other")
    assert json.loads(reader.check(link, "--json").stdout)["description"] == "read"


@pytest.mark.parametrize(
    "arguments, said",
    [
        (("--srcinfo", "x"), "--check"),
        (("--check", "x", "--json", "--srcinfo"), "not both"),
        (("--check", "x", "--backend", "cpu"), "--backend"),
        (("--check",), "argument"),
        (("--check", "x", "y"), "'y'"),
        (("--check", "x", "--host", "there"), "--host"),
    ],
)
def test_wrong_arguments_are_named(reader, arguments, said):
    done = reader.run(reader.build.bin / "hivectl", "recipe", *arguments)
    assert done.returncode == 2 and said in done.stderr.decode()


def test_missing_file_is_named(reader):
    done = reader.check(reader.folder / "nothing")
    assert done.returncode == 1 and "nothing" in done.stderr.decode()


def test_builder_alone_does_the_same(reader):
    recipe = reader.recipe({"PKGBUILD": GOOD})
    done = reader.run(reader.build.libexec / "rbee-hive-builder", "--config", reader.config, f"--check={recipe}", "--srcinfo")
    assert done.stdout == reader.check(recipe, "--srcinfo").stdout != b""


def test_output_that_cannot_be_written_is_told(reader):
    recipe = reader.recipe({"PKGBUILD": GOOD})
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [reader.build.bin / "hivectl", "recipe", "--check", recipe, "--config", reader.config], stdout=full, stderr=subprocess.PIPE
        )
    assert done.returncode == 1 and b"No space left" in done.stderr
