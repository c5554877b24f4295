# SPDX-License-Identifier: LGPL-2.1-or-later
"""build() gets from the world's registries, through the filter of its network, what cargo, pip, npm and go ask them for."""

import shutil
import urllib.error
import urllib.request

import pytest

import rust
from catalog import pkgbuild

CARGO = """mkdir -p src
printf '[package]\\nname = "some"\\nversion = "1.0.0"\\nedition = "2021"\\n[dependencies]\\nitoa = "1"\\n' >Cargo.toml
echo 'fn main () { println!("built {}", itoa::Buffer::new ().format (42)); }' >src/main.rs
cargo run --quiet"""
PIP = """python3 -m pip install --quiet --disable-pip-version-check --target modules six
PYTHONPATH=modules python3 -c 'import six; print ("built", six.text_type (42))'"""
NPM = """npm install --no-save --no-audit --no-fund is-number
node -e 'console.log ("built", require ("is-number") ("42") ? 42 : 0)'"""
GO = """printf 'module example.org/some\\n\\ngo 1.19\\n' >go.mod
printf 'package main\\n\\nimport "github.com/josharian/intern"\\n\\nfunc main () { println (intern.String ("built 42")) }\\n' >main.go
go get github.com/josharian/intern@v1.0.0
go run ."""


def is_reached(url):
    """By this machine itself, without a proxy: a function has to reach it then."""
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url, timeout=20) as answer:
            return answer.status == 200
    except (urllib.error.URLError, TimeoutError):
        return False


def show_rust(hive):
    rust.rustup_home(hive)


def show_go(hive):
    program = shutil.which("go", path="/usr/bin:/usr/local/go/bin")
    if not program:
        pytest.skip("go is not installed here")
    if not program.startswith("/usr/bin"):
        hive.configuration["Toolchain go"] = {"Path": "/usr/local/go", "Bin": "/usr/local/go/bin"}


def needs(program):
    def check(hive):
        if not shutil.which(program, path="/usr/bin"):
            pytest.skip(f"{program} is not installed in /usr/bin")

    return check


@pytest.mark.parametrize(
    "asked, show, how",
    [
        ("https://index.crates.io/it/oa/itoa", show_rust, CARGO),
        ("https://pypi.org/simple/six/", needs("pip3"), PIP),
        ("https://registry.npmjs.org/is-number", needs("npm"), NPM),
        ("https://proxy.golang.org/github.com/josharian/intern/@v/v1.0.0.info", show_go, GO),
    ],
    ids=["cargo", "pip", "npm", "go"],
)
def test_package_with_a_dependency_of_a_registry_is_built(hive, asked, show, how):
    if not is_reached(asked):
        pytest.skip(f"needs a network: {asked} cannot be reached")
    show(hive)
    hive.catalog.add("some", pkgbuild("some", build=how))
    job = hive.install("some")
    assert job.wait(240).result == "done", job.log_text()
    assert "built 42" in job.lines()
    hive.nothing_left()
