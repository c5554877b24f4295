# SPDX-License-Identifier: LGPL-2.1-or-later
"""The llm-worker-rbee recipes as they ship, built by cargo from repositories that have what the real ones have."""

import io
import pathlib
import re
import subprocess
import tarfile

import pytest

import rust
from build import SOURCE
from catalog import pkgbuild
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
        ".gitmodules": '[submodule "frontend/apps/commercial"]\n\tpath = frontend/apps/commercial\n\turl = git@github.com:somebody/private.git\n',
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
    candle.commit(
        {
            "Cargo.toml": '[workspace]\nmembers = ["candle-core"]\nresolver = "2"\n',
            "candle-core/Cargo.toml": '[package]\nname = "candle-core"\nversion = "0.9.1"\nedition = "2021"\n',
            "candle-core/src/lib.rs": "pub fn sum() -> i32 { 40 + 2 }\n",
        }
    )
    repository.commit(files('candle-core = { path = "../../deps/candle/candle-core" }\n', main=MAIN.replace("42", "candle_core::sum()")))
    repository.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", candle.url, "deps/candle")
    repository.git("config", "-f", ".gitmodules", "submodule.deps/candle.url", "git@github.com:somebody/candle.git")
    commit = repository.commit({})
    # Where https would be: a server on this machine is none that a build may reach.
    text = shipped(repository, commit, _submodules="file:///tmp/worker-install/llm-worker-rbee-cpu/src/; export GIT_ALLOW_PROTOCOL=file")
    text = re.sub(r"^source=\((.*)\)$", rf'source=(\1 "candle.git::git+{candle.url}")', text, flags=re.MULTILINE)
    text = text.replace("sha256sums=(SKIP)", "sha256sums=(SKIP SKIP)")
    text = text.replace("insteadOf=git@github.com:", "insteadOf=git@github.com:somebody/")
    rust.installs(hive, add(hive, text))
    assert runs(hive) == "a worker from 42\n"


FINDS = "✓ cargo finds what it compiled, and compiles what has changed"


def compiled(job):
    return {match[1] for match in re.finditer(r" Compiling (\S+) ", job.log_text())}


def test_second_build_compiles_the_workers_own_crates_where_something_is_new(hive, repository, rustup):
    add(hive, shipped(repository, repository.commit(files())))
    job = rust.installs(hive, "llm-worker-rbee-cpu")
    assert compiled(job) == {"itoa", "worker-contract", "llm-worker-rbee"} and FINDS not in job.lines()
    job = hive.installs("llm-worker-rbee-cpu", reinstall=True)
    assert compiled(job) == set() and FINDS in job.lines()
    assert runs(hive) == "a worker from 42\n"
    repository.git("commit", "-q", "--allow-empty", "-m", "which a build script may tell of")
    add(hive, shipped(repository, repository.git("rev-parse", "HEAD")))
    job = hive.installs("llm-worker-rbee-cpu", reinstall=True)
    assert compiled(job) == {"worker-contract", "llm-worker-rbee"} and FINDS in job.lines()
    add(hive, shipped(repository, repository.commit(files(main=MAIN.replace("42", "43")))))
    assert "itoa" not in compiled(hive.installs("llm-worker-rbee-cpu"))
    assert runs(hive) == "a worker from 43\n"
    job = hive.installs("llm-worker-rbee-cpu", reinstall=True, cpu="baseline")
    assert "itoa" in compiled(job), "for another processor all of it"
    hive.nothing_left()


@pytest.fixture
def some(hive, rustup):
    """A worker without dependencies, of an archive whose files are as old as it likes, and with what its build says after cargo."""

    def add(word, time=1_000_000_000, then="", folder="tree", first="", more=None):
        tree = {
            "Cargo.toml": '[package]\nname = "some"\nversion = "1.0.0"\nedition = "2021"\n',
            "src/main.rs": f'fn main() {{ println!("{word}"); }}\n',
            **(more or {}),
        }
        recipe = pkgbuild(
            "some",
            source=["tree.tar"],
            sha256sums=["SKIP"],
            build=f"cd {folder}\n{first}\ncargo build --release --offline\n{then}",
            package=f'install -Dm755 {folder}/target/release/some "$pkgdir/usr/local/bin/some"',
        )
        hive.catalog.add("some", recipe, {"tree.tar": archive({f"{folder}/{name}": text for name, text in tree.items()}, time)})
        return hive

    return add


def archive(files, time):
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as tar:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.mtime = time
            if isinstance(text, pathlib.PurePath):
                member.type, member.linkname, text = tarfile.SYMTYPE, str(text), ""
            member.size = len(text)
            tar.addfile(member, io.BytesIO(text.encode()))
    return data.getvalue()


def says(hive):
    return subprocess.check_output([hive.installed("/usr/local/bin/some")], text=True)


def test_sources_with_old_times_are_compiled_all_the_same(hive, some):
    for word in ("first", "second"):
        some(word).installs("some", reinstall=True)
        assert says(hive) == f"{word}\n"


def test_same_sources_are_compiled_once_and_those_of_before_again(hive, some):
    some("first").installs("some")
    assert compiled(some("first").installs("some", reinstall=True)) == set()
    for word in ("second", "first"):
        assert compiled(some(word).installs("some", reinstall=True)) == {"some"}
        assert compiled(some(word).installs("some", reinstall=True)) == set()
        assert says(hive) == f"{word}\n"


def test_what_a_build_made_of_the_same_sources_is_not_taken_for_them(hive, some):
    some("first", first="cp -p src/main.rs /tmp/kept; sed -i s/first/other/ src/main.rs", then="cp -p /tmp/kept src/main.rs").installs("some")
    assert says(hive) == "other\n"
    some("first").installs("some", reinstall=True)
    assert says(hive) == "first\n"


def test_link_that_leads_elsewhere_is_noticed(hive, some):
    more = {f"src/{name}.rs": f'pub const SAYS: &str = "{name}";\n' for name in ("one", "two")}
    more["src/main.rs"] = 'mod which;\nfn main() { println!("{}", which::SAYS); }\n'
    for name in ("one", "two"):
        some("", more={**more, "src/which.rs": pathlib.PurePath(f"{name}.rs")}).installs("some", reinstall=True)
        assert says(hive) == f"{name}\n"


def test_what_a_failed_build_compiled_is_not_used(hive, some):
    some("first").installs("some")
    some("second", then="false").refuses("some", "BuildFailed", reinstall=True)
    some("third").installs("some", reinstall=True)
    assert says(hive) == "third\n"


@pytest.mark.parametrize(
    "trick",
    [
        "touch -d '2 days' target/release/deps/*",
        "mv target /tmp/t; cp -r /tmp/t target; ln -s /etc target/etc",
        "rm target/.rustc_info.json; ln -s /etc/passwd target/.rustc_info.json",
        "mkdir -p target/{1..9}/x; chmod 000 target/*/x",
        "mkfifo target/fifo",
        "cd target; for i in {1..300}; do mkdir d; cd d; done",
    ],
    ids=["from-tomorrow", "link", "link-of-the-mark", "no-rights", "fifo", "deep"],
)
def test_hostile_target_harms_no_later_build(hive, some, trick):
    some("hostile", then=trick).installs("some")
    job = some("next").installs("some", reinstall=True)
    assert says(hive) == "next\n"
    assert not any("root:" in line for line in job.lines())
    hive.nothing_left()


def test_folder_that_has_another_place_now_is_left_out(hive, some):
    some("first").installs("some")
    job = some("second", folder="other").installs("some", reinstall=True)
    assert says(hive) == "second\n" and FINDS not in job.lines()
    some("third", folder="other").installs("some", reinstall=True)
    assert says(hive) == "third\n"
