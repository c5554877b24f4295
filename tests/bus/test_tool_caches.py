# SPDX-License-Identifier: LGPL-2.1-or-later
"""What cargo, ccache and the like keep is there in the next build of the same worker, and no build that failed, was cancelled or is
another worker's puts anything there."""

import hashlib
import io
import re
import shutil
import subprocess
import tarfile
import zipfile

import pytest

from catalog import pkgbuild

VARIABLES = ("CARGO_HOME", "GOMODCACHE", "GOCACHE", "npm_config_cache", "PIP_CACHE_DIR", "CCACHE_DIR", "SCCACHE_DIR")
LOOK = "for v in " + " ".join(VARIABLES) + '; do [[ ! -e ${!v}/mark ]] || echo "$v $(cat "${!v}/mark")"; done\n'
MARK = "for v in " + " ".join(VARIABLES) + '; do mkdir -p "${!v}"; echo WORD > "${!v}/mark"; done\n'


def recipe(name, word, then=""):
    return pkgbuild(name, build=LOOK + MARK.replace("WORD", word) + then)


def seen(job):
    return {tuple(record.text.split()) for record in job.records() if record.phase == "build" and record.stream == "out"}


@pytest.mark.parametrize("name", ["some", "Text_Generation", "llama.cpp-cli"])
def test_the_next_build_of_a_worker_finds_what_tools_kept(hive, name):
    hive.catalog.add(name, recipe(name, "first"))
    assert seen(hive.installs(name)) == set()
    hive.catalog.add(name, recipe(name, "second"))
    job = hive.installs(name, reinstall=True)
    assert seen(job) == {(variable, "first") for variable in VARIABLES}
    assert "✓ Tools find what they kept of an earlier build" in job.lines()
    hive.removes(name)
    assert seen(hive.installs(name)) == {(variable, "second") for variable in VARIABLES}


def test_another_worker_finds_nothing_of_it(hive):
    hive.catalog.add("some", recipe("some", "mine"))
    hive.installs("some")
    hive.catalog.add("other", recipe("other", "others"))
    assert seen(hive.installs("other")) == set()


@pytest.mark.parametrize("then", ["false\n", "echo ready; sleep 86390\n"])
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


@pytest.mark.parametrize(
    "trick",
    [
        'ln -s /etc "$CARGO_HOME/etc"; ln -s ../../../../../../../etc/shadow "$CARGO_HOME/shadow"',
        'ln "$CARGO_HOME/mark" "$CARGO_HOME/hard"',
        'mkfifo "$CARGO_HOME/fifo"',
        'chmod 4777 "$CARGO_HOME/mark"; chmod 2777 "$CARGO_HOME"',
        'mkdir -p "$CARGO_HOME"/{1..9}/x; chmod 000 "$CARGO_HOME"/*/x',
        'cd "$CARGO_HOME"; for i in {1..300}; do mkdir d; cd d; done',
    ],
)
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
    hive.catalog.add(
        "some",
        pkgbuild(
            "some",
            options=["ccache"],
            source=["a.c"],
            sha256sums=["SKIP"],
            build="for i in 1 2 3; do sed s/NUMBER/$i/g a.c > a$i.c; gcc $CFLAGS -c a$i.c; done; ccache --print-stats | tr '\\t' ' '",
        ),
        {"a.c": "int answerNUMBER (void) { return NUMBER; }\n"},
    )

    def hits(job):
        return sum(int(match[1]) for match in re.finditer(r"^(?:direct|preprocessed)_cache_hit (\d+)$", "\n".join(job.lines()), re.MULTILINE))

    assert hits(hive.installs("some")) == 0
    assert hits(hive.installs("some", reinstall=True)) == 3


def compiled(job):
    """The packages that `go build -v` compiled, which it names."""
    return {record.text for record in job.records() if record.phase == "build" and record.stream == "err"}


@pytest.fixture
def go(hive):
    program = shutil.which("go", path="/usr/bin:/usr/local/go/bin")
    if not program:
        pytest.skip("go is not installed here")
    if not program.startswith("/usr/bin"):
        hive.configuration["Toolchain go"] = {"Path": "/usr/local/go", "Bin": "/usr/local/go/bin"}


def test_go_compiles_again_only_what_has_changed(hive, go):
    files = {"go.mod": "module example.org/some\n\ngo 1.19\n", "main.go": 'package main\n\nfunc main() { println("first") }\n'}
    for name, text in files.items():
        files[name] = text.encode()
    recipe = pkgbuild(
        "some",
        source=list(files),
        sha256sums=["SKIP"] * len(files),
        build="go build -v -o some .",
        package='install -Dm755 some "$pkgdir/usr/local/bin/some"',
    )
    hive.catalog.add("some", recipe, files)
    first = hive.install("some")
    assert first.wait(300).result == "done"  # it compiles Go's own library too
    assert {"runtime", "example.org/some"} <= compiled(first)

    files["main.go"] = files["main.go"].replace(b"first", b"second")
    hive.catalog.add("some", recipe, files)
    assert compiled(hive.installs("some", reinstall=True)) == {"example.org/some"}
    assert subprocess.run([hive.installed("/usr/local/bin/some")], stderr=subprocess.PIPE, text=True, check=True).stderr == "second\n"


def archive(files):
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:gz") as tar:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(text)
            tar.addfile(member, io.BytesIO(text.encode()))
    return data.getvalue()


def wheel(files):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as zipped:
        for name, text in files.items():
            zipped.writestr(name, text)
    return data.getvalue()


@pytest.fixture
def registry(hive, http_catalog):
    """A registry of npm's and one of pip's, with one package each; and how often each path of it was asked for."""
    package = archive(
        {"package/package.json": '{"name": "tiny", "version": "1.0.0", "main": "index.js"}', "package/index.js": "module.exports = 'tiny';\n"}
    )
    described = {
        "name": "tiny",
        "version": "1.0.0",
        "main": "index.js",
        "dist": {"tarball": f"{http_catalog.url}/tiny/-/tiny-1.0.0.tgz", "shasum": hashlib.sha1(package).hexdigest()},
    }
    built = wheel(
        {
            "tiny.py": "name = 'tiny'\n",
            "tiny-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n",
            "tiny-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
            "tiny-1.0.dist-info/RECORD": "tiny.py,,\ntiny-1.0.dist-info/METADATA,,\ntiny-1.0.dist-info/WHEEL,,\ntiny-1.0.dist-info/RECORD,,\n",
        }
    )

    def send(handler, kind, data):
        handler.send_response(200)
        handler.send_header("Content-Type", kind)
        handler.send_header("Content-Length", str(len(data)))
        handler.send_header("Cache-Control", "public, max-age=31536000, immutable")
        handler.end_headers()
        handler.wfile.write(data)

    http_catalog.answers.update(
        {
            "/tiny": http_catalog.json({"name": "tiny", "dist-tags": {"latest": "1.0.0"}, "versions": {"1.0.0": described}}),
            "/tiny/-/tiny-1.0.0.tgz": lambda handler: send(handler, "application/octet-stream", package),
            "/simple/tiny/": (
                200,
                "text/html",
                b'<!DOCTYPE html><html><body><a href="/files/tiny-1.0-py3-none-any.whl">tiny-1.0-py3-none-any.whl</a></body></html>',
            ),
            "/files/tiny-1.0-py3-none-any.whl": lambda handler: send(handler, "application/octet-stream", built),
        }
    )
    return http_catalog


@pytest.mark.parametrize(
    "program, fetched, how",
    [
        (
            "npm",
            "/tiny/-/tiny-1.0.0.tgz",
            "npm install --no-audit --no-fund --no-update-notifier --registry REGISTRY tiny@1.0.0 >&2\nnode -e 'console.log(require(\"tiny\"))'",
        ),
        (
            "pip3",
            "/files/tiny-1.0-py3-none-any.whl",
            "python3 -m pip install --disable-pip-version-check --no-deps --target there --trusted-host 127.0.0.1 --index-url REGISTRY/simple/ tiny==1.0 >&2\n"
            "PYTHONPATH=there python3 -c 'import tiny; print(tiny.name)'",
        ),
    ],
    ids=["npm", "pip"],
)
def test_what_a_package_manager_fetched_is_not_fetched_again(hive, registry, program, fetched, how):
    if not shutil.which(program, path="/usr/bin"):
        pytest.skip(f"{program} is not installed here")
    hive.configuration["Network"] = {"Allow": registry.url.removeprefix("http://")}
    registry.add("some", pkgbuild("some", build=how.replace("REGISTRY", registry.url)))
    for _ in range(2):
        assert "tiny" in hive.installs("some", reinstall=True).lines()
    assert registry.requests.count(fetched) == 1
