# SPDX-License-Identifier: LGPL-2.1-or-later
"""What cargo, ccache and the like keep is there in the next build of the same worker, and no build that failed, was cancelled or is
another worker's puts anything there."""

import re

import pytest

from harness import pkgbuild

VARIABLES = ("CARGO_HOME", "GOMODCACHE", "GOCACHE", "npm_config_cache", "PIP_CACHE_DIR", "CCACHE_DIR", "SCCACHE_DIR")
LOOK = 'for v in ' + " ".join(VARIABLES) + '; do [[ ! -e ${!v}/mark ]] || echo "$v $(cat "${!v}/mark")"; done\n'
MARK = 'for v in ' + " ".join(VARIABLES) + '; do mkdir -p "${!v}"; echo WORD > "${!v}/mark"; done\n'


def recipe(name, word, then=""):
    return pkgbuild(name, build=LOOK + MARK.replace("WORD", word) + then)


def seen(job):
    return {tuple(record.text.split()) for record in job.records() if record.phase == "build" and record.stream == "out"}


def test_the_next_build_of_a_worker_finds_what_tools_kept(hive):
    hive.catalog.add("some", recipe("some", "first"))
    assert seen(hive.installs("some")) == set()
    hive.catalog.add("some", recipe("some", "second"))
    job = hive.installs("some", reinstall=True)
    assert seen(job) == {(variable, "first") for variable in VARIABLES}
    assert "✓ Tools find what they kept of an earlier build" in job.lines()
    hive.removes("some")
    assert seen(hive.installs("some")) == {(variable, "second") for variable in VARIABLES}


def test_another_worker_finds_nothing_of_it(hive):
    hive.catalog.add("some", recipe("some", "mine"))
    hive.installs("some")
    hive.catalog.add("other", recipe("other", "others"))
    assert seen(hive.installs("other")) == set()


@pytest.mark.parametrize("then", ["false\n", "echo ready; sleep 60\n"])
def test_a_build_that_fails_or_is_cancelled_leaves_what_was_there(hive, then):
    hive.catalog.add("some", recipe("some", "good"))
    hive.installs("some")
    hive.catalog.add("some", recipe("some", "bad", then))
    job = hive.install("some", reinstall=True)
    if "sleep" in then:
        job.wait_for_line("ready")
        job.cancel()
    assert job.wait().result in ("failed", "cancelled")
    hive.catalog.add("some", recipe("some", "new"))
    assert seen(hive.installs("some", reinstall=True)) == {(variable, "good") for variable in VARIABLES}


def test_a_package_that_is_refused_leaves_what_was_there(hive):
    hive.catalog.add("some", recipe("some", "good"))
    hive.installs("some")
    hive.catalog.add("some", pkgbuild("some", build=MARK.replace("WORD", "bad"), package='install -Dm755 /dev/null "$pkgdir/usr/bin/some"'))
    hive.refuses("some", "PackageInvalid", reinstall=True)
    hive.catalog.add("some", recipe("some", "new"))
    assert seen(hive.installs("some", reinstall=True)) == {(variable, "good") for variable in VARIABLES}


@pytest.mark.parametrize("trick", [
    'ln -s /etc "$CARGO_HOME/etc"; ln -s ../../../../../../../etc/shadow "$CARGO_HOME/shadow"',
    'ln "$CARGO_HOME/mark" "$CARGO_HOME/hard"', 'mkfifo "$CARGO_HOME/fifo"', 'chmod 4777 "$CARGO_HOME/mark"; chmod 2777 "$CARGO_HOME"',
    'mkdir -p "$CARGO_HOME"/{1..9}/x; chmod 000 "$CARGO_HOME"/*/x', 'cd "$CARGO_HOME"; for i in {1..300}; do mkdir d; cd d; done',
])
def test_a_hostile_cache_harms_no_later_build(hive, trick):
    hive.catalog.add("some", recipe("some", "hostile", trick))
    hive.installs("some")
    for path in (hive.cache / "tools").rglob("*"):
        assert path.is_symlink() or not path.stat().st_mode & 0o7022, path
    hive.catalog.add("some", recipe("some", "next", 'cat "$CARGO_HOME/shadow" 2>/dev/null | head -1; true\n'))
    job = hive.installs("some", reinstall=True)
    assert not any("root:" in line for line in job.lines())
    hive.nothing_left()


def test_a_recipe_that_only_packages_has_none(hive):
    hive.catalog.add("some", pkgbuild("some"))
    hive.installs("some")
    hive.catalog.add("some", pkgbuild("some", package='echo "${CARGO_HOME-none}"\n' + 'install -Dm755 /dev/null "$pkgdir/usr/local/bin/some"'))
    assert "none" in hive.installs("some", reinstall=True).lines()
    assert not (hive.cache / "tools").exists()


def test_ccache_makes_a_second_build_of_hits(hive):
    hive.catalog.add("some", pkgbuild("some", options=["ccache"], source=["a.c"], sha256sums=["SKIP"],
                                      build="for i in 1 2 3; do sed s/NUMBER/$i/g a.c > a$i.c; gcc $CFLAGS -c a$i.c; done; ccache --print-stats | tr '\\t' ' '"),
                     {"a.c": "int answerNUMBER (void) { return NUMBER; }\n"})

    def hits(job):
        return sum(int(match[1]) for match in re.finditer(r"^(?:direct|preprocessed)_cache_hit (\d+)$", "\n".join(job.lines()), re.MULTILINE))

    assert hits(hive.installs("some")) == 0
    assert hits(hive.installs("some", reinstall=True)) == 3
