# SPDX-License-Identifier: LGPL-2.1-or-later
"""The llm-worker-rbee recipes as they ship, built by cargo from repositories that have what the real ones have."""

import re
import subprocess

import pytest

import rust
from harness import SOURCE
from test_git import Repository

RECIPE = (SOURCE / "data/catalog/workers/llm-worker-rbee-cpu/PKGBUILD").read_text()

MANIFEST = """[package]
name = "llm-worker-rbee"
version = "0.1.0"
edition = "2021"

[dependencies]
itoa = "1"
worker-contract = { path = "../97_contracts/worker-contract" }
%s
[features]
default = ["cpu"]
cpu = []
cuda = []

[[bin]]
name = "llm-worker-rbee-cpu"
path = "src/bin/cpu.rs"
required-features = ["cpu"]

[[bin]]
name = "llm-worker-rbee"
path = "src/main.rs"
required-features = ["cpu"]
"""
MAIN = 'fn main() {\n    println!("{} from {}", worker_contract::NAME, itoa::Buffer::new().format(42));\n}\n'


def files(dependencies="", main=MAIN):
    """A workspace: the crate, one that it shares with others, and one that nobody builds here."""
    return {
        ".gitignore": "target\nCargo.lock\n",
        "Cargo.toml": '[workspace]\nmembers = ["bin/30_llm_worker_rbee", "bin/97_contracts/worker-contract", "xtask"]\nresolver = "2"\n',
        "bin/30_llm_worker_rbee/Cargo.toml": MANIFEST % dependencies,
        "bin/30_llm_worker_rbee/src/bin/cpu.rs": main,
        "bin/30_llm_worker_rbee/src/main.rs": main,
        "bin/97_contracts/worker-contract/Cargo.toml": '[package]\nname = "worker-contract"\nversion = "0.1.0"\nedition = "2021"\n',
        "bin/97_contracts/worker-contract/src/lib.rs": 'pub const NAME: &str = "a worker";\n',
        "xtask/Cargo.toml": '[package]\nname = "xtask"\nversion = "0.1.0"\nedition = "2021"\n',
        "xtask/src/main.rs": "fn main() {}\n",
        "rust-toolchain.toml": '[toolchain]\nchannel = "stable"\ncomponents = ["rustfmt", "clippy"]\ntargets = ["wasm32-wasip1", "wasm32-wasip1-threads"]\n',
        ".gitmodules": '[submodule "frontend/apps/commercial"]\n\tpath = frontend/apps/commercial\n'
                       "\turl = git@github.com:somebody/private.git\n",
    }


@pytest.fixture
def repository(hive):
    """No branch main and no tag."""
    made = Repository(hive.directory / "repository")
    made.git("branch", "-m", "production")
    return made


@pytest.fixture
def rustup(hive):
    home = rust.rustup_home(hive)
    hive.configure("Build", NetworkSteps="prepare")
    return home


def shipped(repository, commit, **changes):
    text = RECIPE
    for name, value in {"_upstream": repository.url, "_commit": commit, **changes}.items():
        text, count = re.subn(rf"^{name}=.*$", lambda match: f"{name}={value}", text, flags=re.MULTILINE)
        assert count == 1
    return text


def add(hive, text):
    return hive.catalog.add("llm-worker-rbee-cpu", text, version="0.1.0", depends=["gcc"], makedepends=["rust>=1.78", "cargo", "git"])


def runs(hive):
    return subprocess.check_output([hive.installed("/usr/local/bin/llm-worker-rbee-cpu")], text=True)


def test_workspace_without_lock_file_with_rust_toolchain_and_a_private_submodule(hive, repository, rustup):
    commit = repository.commit(files())
    job = rust.installs(hive, add(hive, shipped(repository, commit)))
    assert runs(hive) == "a worker from 42\n"
    text = job.log_text()
    assert "info: " not in text, "rustup downloaded or changed something"
    assert not re.search(r"Compiling xtask|private\.git", text)
    hive.nothing_left()


def test_lock_file_is_obeyed_where_the_repository_has_one(hive, repository, rustup):
    tree = files()
    del tree[".gitignore"]
    repository.commit(tree)
    # an older itoa than the newest that would do
    done = subprocess.run(["cargo", "update", "itoa", "--precise", "1.0.9"], cwd=repository.path, stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        assert any(word in done.stderr for word in rust.UNREACHED), done.stderr
        pytest.skip("needs a network: cargo's registry cannot be reached")
    job = rust.installs(hive, add(hive, shipped(repository, repository.commit({}))))
    assert any("Compiling itoa v1.0.9" in line for line in job.lines())
    assert runs(hive) == "a worker from 42\n"


def test_submodule_below_deps_is_fetched_without_ssh(hive, repository, rustup):
    candle = Repository(hive.directory / "candle")
    candle.commit({"Cargo.toml": '[workspace]\nmembers = ["candle-core"]\nresolver = "2"\n',
                   "candle-core/Cargo.toml": '[package]\nname = "candle-core"\nversion = "0.9.1"\nedition = "2021"\n',
                   "candle-core/src/lib.rs": "pub fn sum() -> i32 { 40 + 2 }\n"})
    repository.commit(files('candle-core = { path = "../../deps/candle/candle-core" }\n', main=MAIN.replace("42", "candle_core::sum()")))
    repository.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", candle.url, "deps/candle")
    repository.git("config", "-f", ".gitmodules", "submodule.deps/candle.url", "git@github.com:somebody/candle.git")
    commit = repository.commit({})
    # Where https would be: a server on this machine is none that a build may reach.
    text = shipped(repository, commit, _submodules='file:///tmp/worker-install/llm-worker-rbee-cpu/src/; export GIT_ALLOW_PROTOCOL=file')
    text = re.sub(r"^source=\((.*)\)$", rf'source=(\1 "candle.git::git+{candle.url}")', text, flags=re.MULTILINE)
    text = text.replace("sha256sums=(SKIP)", "sha256sums=(SKIP SKIP)")
    text = text.replace("insteadOf=git@github.com:", "insteadOf=git@github.com:somebody/")
    rust.installs(hive, add(hive, text))
    assert runs(hive) == "a worker from 42\n"

