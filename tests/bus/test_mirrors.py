# SPDX-License-Identifier: LGPL-2.1-or-later
"""[Mirror NAME]: a site without the internet has elsewhere what recipes name, and nothing is believed of it."""

import shutil

import pytest

import rust
from catalog import pkgbuild, sha256
from test_repositories import git, served  # noqa: F401 (a fixture)
from test_tool_caches import archive, registry, wheel  # noqa: F401 (a fixture)

DATA = b"as upstream has it\n"
UPSTREAM = "https://upstream.invalid"


def recipe(path="a/data", sums=None):
    return pkgbuild("some", source=[f"{UPSTREAM}/{path}"], sha256sums=[sums or sha256(DATA)], build='cat "$srcdir/data"')


@pytest.fixture
def site(hive, http_catalog):
    hive.configuration["Mirror upstream"] = {"Prefix": f"{UPSTREAM}/", "URL": f"{http_catalog.url}/up/"}
    http_catalog.answers["/up/a/data"] = (200, "application/octet-stream", DATA)
    return http_catalog


def test_source_comes_from_the_mirror_and_both_addresses_are_told(hive, http_catalog, site):
    http_catalog.add("some", recipe())
    lines = hive.installs("some").lines()
    assert DATA.decode().strip() in lines
    assert f"⇄ data: {site.url}/up/a/data instead of {UPSTREAM}/a/data ([Mirror] in hive.conf)" in lines
    hive.nothing_left()


def test_longest_prefix_decides(hive, http_catalog, site):
    hive.configuration["Mirror more"] = {"Prefix": f"{UPSTREAM}/a/", "URL": f"{site.url}/more/"}
    site.answers["/more/data"] = site.answers.pop("/up/a/data")
    http_catalog.add("some", recipe())
    hive.installs("some")
    assert [path for path in site.requests if path.endswith("/data")] == ["/more/data"]


def test_other_addresses_stay_what_they_are(hive, http_catalog, site):
    site.answers["/own"] = (200, "application/octet-stream", DATA)
    http_catalog.add("some", pkgbuild("some", source=[f"data::{site.url}/own"], sha256sums=[sha256(DATA)], build='cat "$srcdir/data"'))
    assert not any(line.startswith("⇄ data") for line in hive.installs("some").lines())


def test_mirror_that_has_something_else_is_not_believed(hive, http_catalog, site):
    site.answers["/up/a/data"] = (200, "application/octet-stream", b"something else\n")
    http_catalog.add("some", recipe())
    hive.refuses("some", "ChecksumMismatch")


def test_what_the_mirror_lacks_is_named_by_both_addresses(hive, http_catalog, site):
    http_catalog.add("some", recipe("a/gone"))
    job = hive.refuses("some", "SourceUnavailable")
    assert f"{site.url}/up/a/gone answered with HTTP status 404" in job.get("ErrorMessage")
    assert any(f"instead of {UPSTREAM}/a/gone" in line for line in job.lines())


def test_password_of_a_mirror_is_told_nobody(hive, http_catalog, site):
    hive.configuration["Mirror upstream"]["URL"] = site.url.replace("http://", "http://anna:secret@") + "/up/"
    http_catalog.add("some", recipe())
    assert "secret" not in hive.installs("some").log_text()


def test_git_source_comes_from_the_mirror(hive, http_catalog, served):  # noqa: F811
    served.commit(file="by git\n")
    git(served.path, "tag", "v1")
    hive.configuration["Mirror upstream"] = {"Prefix": f"{UPSTREAM}/", "URL": f"{http_catalog.url}/git/"}
    http_catalog.add(
        "some",
        pkgbuild(
            "some",
            source=[f"tree::git+{UPSTREAM}/repository#tag=v1"],
            sha256sums=["SKIP"],
            build='cat "$srcdir/tree/file"; git -C "$srcdir/tree" remote get-url origin',
        ),
    )
    lines = hive.installs("some").lines()
    assert "by git" in lines
    assert f"⇄ tree: {http_catalog.url}/git/repository instead of {UPSTREAM}/repository ([Mirror] in hive.conf)" in lines


REGISTRIES = {
    "crates": "https://index.crates.io/",
    "npm": "https://registry.npmjs.org/",
    "python": "https://pypi.org/",
    "go": "https://proxy.golang.org/",
}


def test_tools_of_a_recipe_are_told(hive, http_catalog, site):
    for name, prefix in REGISTRIES.items():
        hive.configuration[f"Mirror {name}"] = {"Prefix": prefix, "URL": f"http://site.invalid/{name}/"}
    http_catalog.add(
        "some",
        pkgbuild(
            "some",
            build='echo "$npm_config_registry $PIP_INDEX_URL $UV_DEFAULT_INDEX $GOPROXY"\n'
            f"git ls-remote --get-url {UPSTREAM}/x.git; cat /tmp/worker-install/.cargo/config.toml",
        ),
    )
    lines = hive.installs("some").lines()
    assert "http://site.invalid/npm/ http://site.invalid/python/simple/ http://site.invalid/python/simple/ http://site.invalid/go/" in lines
    assert f"{site.url}/up/x.git" in lines
    assert 'registry = "sparse+http://site.invalid/crates/"' in lines
    assert "⇄ pip: http://site.invalid/python/simple/ instead of https://pypi.org/simple/ ([Mirror] in hive.conf)" in lines


def test_cargo_asks_the_mirror(hive):
    rust.rustup_home(hive)
    hive.configuration["Mirror crates"] = {"Prefix": REGISTRIES["crates"], "URL": "http://127.0.0.1:9/crates/"}
    hive.catalog.add(
        "some",
        pkgbuild(
            "some", build='cd "$srcdir"; cargo init --quiet --name some .\necho \'itoa = "1"\' >>Cargo.toml\nCARGO_NET_RETRY=0 cargo fetch 2>&1 || :'
        ),
    )
    assert any("127.0.0.1:9/crates/config.json" in line for line in hive.installs("some").lines())


def serve_go(registry):  # noqa: F811
    """The module example.org/tiny, as a proxy of Go has it."""
    there = "/go/example.org/tiny/@v"
    files = {"go.mod": "module example.org/tiny\n", "tiny.go": 'package tiny\n\nconst Name = "tiny"\n'}
    registry.answers |= {
        f"{there}/v1.0.0.info": registry.json({"Version": "v1.0.0", "Time": "2026-01-01T00:00:00Z"}),
        f"{there}/v1.0.0.mod": (200, "text/plain", files["go.mod"].encode()),
        f"{there}/v1.0.0.zip": (200, "application/zip", wheel({f"example.org/tiny@v1.0.0/{name}": text for name, text in files.items()})),
    }


def serve_crates(registry):  # noqa: F811
    """The crate tiny, in a sparse registry."""
    crate = archive(
        {
            "tiny-1.0.0/Cargo.toml": '[package]\nname = "tiny"\nversion = "1.0.0"\nedition = "2021"\n',
            "tiny-1.0.0/src/lib.rs": 'pub const NAME: &str = "tiny";\n',
        }
    )
    registry.answers |= {
        "/crates/config.json": registry.json({"dl": f"{registry.url}/crates/files/{{crate}}-{{version}}"}),
        "/crates/ti/ny/tiny": registry.json({"name": "tiny", "vers": "1.0.0", "deps": [], "cksum": sha256(crate), "features": {}, "yanked": False}),
        "/crates/files/tiny-1.0.0": (200, "application/octet-stream", crate),
    }


TOOLS = {
    "npm": (
        "/tiny/-/tiny-1.0.0.tgz",
        "npm install --no-audit --no-fund --no-update-notifier tiny@1.0.0 >&2\nnode -e 'console.log(require(\"tiny\"))'",
    ),
    "pip3": (
        "/files/tiny-1.0-py3-none-any.whl",
        "python3 -m pip install --disable-pip-version-check --no-deps --target there tiny==1.0 >&2\nPYTHONPATH=there python3 -c 'import tiny; print(tiny.name)'",
    ),
    "go": (  # compiling its library would take half a minute
        "/go/example.org/tiny/@v/v1.0.0.zip",
        "export PATH=$PATH:/usr/local/go/bin GOSUMDB=off GOTOOLCHAIN=local\ngo mod init some >&2\ngo get example.org/tiny@v1.0.0 >&2\n"
        "sed -n 's/^package //p' \"$(go list -m -f '{{.Dir}}' example.org/tiny)/tiny.go\"",
    ),
    "cargo": (
        "/crates/files/tiny-1.0.0",
        "cargo init --quiet --name some .\necho 'tiny = \"1\"' >>Cargo.toml\n"
        "echo 'fn main() { println!(\"{}\", tiny::NAME) }' >src/main.rs\ncargo run --quiet",
    ),
}


@pytest.mark.parametrize("tool", TOOLS)
def test_tool_of_a_recipe_gets_it_from_the_mirror_in_build(hive, registry, tool):  # noqa: F811
    """Of this machine's loopback, to which a build has no other way."""
    if tool == "cargo":
        rust.rustup_home(hive)
    elif not shutil.which(tool, path="/usr/bin:/usr/local/go/bin"):
        pytest.skip(f"{tool} is not installed here")
    serve_go(registry)
    serve_crates(registry)
    for name, prefix in REGISTRIES.items():
        hive.configuration[f"Mirror {name}"] = {
            "Prefix": prefix,
            "URL": f"{registry.url}/{name if name in ('crates', 'go') else ''}".rstrip("/") + "/",
        }
    fetched, build = TOOLS[tool]
    registry.add("some", pkgbuild("some", build=f'cd "$srcdir"\n{build}'))
    assert "tiny" in hive.installs("some").lines()
    assert registry.requests.count(fetched) == 1


@pytest.mark.parametrize("key, value", [("Prefix", "github.com"), ("Prefix", "https://github.com"), ("URL", "ftp://site.invalid/x/"), ("URL", "")])
def test_section_that_can_not_be_meant_is_named(hive, site, key, value):
    hive.configuration["Mirror upstream"][key] = value
    with pytest.raises(AssertionError, match="rbee-hived ended") as failure:
        hive.start()
    hive.process = None
    assert f'"{value}" is not a value for {key}= in [Mirror upstream]' in str(failure.value)
