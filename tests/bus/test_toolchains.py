# SPDX-License-Identifier: LGPL-2.1-or-later
"""Toolchains that lie outside /usr: shown to recipes by a section of hive.conf, found and proposed by hivectl status."""

import json
import os
import pathlib
import subprocess
import urllib.request

import pytest

import rust as rust_of
from catalog import pkgbuild, sha256
from waiting import LEAST

LOOK = 'for tool in $TOOLS; do echo "$tool: $(command -v $tool)"; done'


def write(path, text, mode=0o644):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)
    return path


@pytest.fixture
def tools(hive):
    """A toolchain of one program, which says where it is and what it was told."""
    folder = hive.directory / "tools"
    write(folder / "bin/mytool", '#!/bin/sh\necho "mytool of $TOOL_HOME"\n', 0o755)
    hive.configuration["Toolchain mine"] = {"Path": folder, "Bin": folder / "bin", "Environment": f"TOOL_HOME={folder};HOME=/nowhere"}
    return folder


def refused(hive, what):
    """An install fails because of the toolchain, and status says the same."""
    hive.catalog.add("some")
    job = hive.install("some")
    result, error, message = job.wait()
    assert (result, error) == ("failed", "SandboxUnavailable"), job.log_text()
    assert "mine" in message and what in message
    assert what in hive.hivectl("status", status=1).stdout
    hive.nothing_left()
    return message


def test_recipe_has_the_toolchain_its_path_and_its_variables(hive, tools):
    hive.catalog.add("some", pkgbuild("some", build=f'mytool; echo "at $(command -v mytool)"; echo "$HOME"; touch {tools}/x || echo kept'))
    lines = hive.installs("some").lines()
    assert f"mytool of {tools}" in lines and f"at {tools}/bin/mytool" in lines
    assert "kept" in lines and not (tools / "x").exists()
    assert "/tmp/worker-install/some/home" in lines, "what the hive sets itself wins"


def test_recipe_is_read_with_it_and_its_dependencies_are_looked_for_there(hive, tools):
    hive.catalog.add("some", pkgbuild("some", extra="pkgdesc=$(mytool)", makedepends=["mytool"]))
    job = hive.installs("some")
    assert job.result()["description"] == f"mytool of {tools}"
    assert "✓ Build: mytool" in job.lines()


def test_without_the_section_the_same_is_not_found(hive):
    hive.catalog.add("some", pkgbuild("some", makedepends=["mytool"]))
    assert "✓ Build: mytool" not in hive.installs("some").lines()


def test_what_fetches_sources_does_not_see_it(hive, tools, tmp_path):
    for name in ("git", "bsdtar", "rbee-hive-fetch"):
        write(tools / "bin" / name, "#!/bin/sh\necho a toolchain fetches >&2\nexit 9\n", 0o755)
    write(tmp_path / "x/file", "text\n")
    archive = hive.catalog.directory / "x.tar.gz"
    subprocess.run(["tar", "-czf", archive, "-C", tmp_path, "x"], check=True)
    hive.catalog.add(
        "some",
        pkgbuild("some", source=["x.tar.gz"], sha256sums=[sha256(archive.read_bytes())], build="cat x/file; command -v bsdtar"),
        files={"x.tar.gz": archive.read_bytes()},
    )
    job = hive.install("some")
    assert job.wait().result == "done", job.log_text()
    assert "text" in job.lines()


def test_links_lead_to_where_they_point(hive, tools):
    (hive.directory / "link").symlink_to("tools")
    hive.configuration["Toolchain mine"].update(Path=hive.directory / "link", Bin=hive.directory / "link/bin")
    hive.catalog.add("some", pkgbuild("some", build="mytool"))
    assert f"mytool of {tools}" in hive.installs("some").lines()


def test_link_to_more_than_a_toolchain_is_refused(hive, tools):
    (hive.directory / "link").symlink_to("/home")
    hive.configuration["Toolchain mine"].update(Path=hive.directory / "link", Bin="")
    refused(hive, "more than a toolchain")


def test_folder_that_is_not_there_is_named(hive, tools):
    hive.configuration["Toolchain mine"].update(Path=hive.directory / "gone", Bin="")
    refused(hive, f"{hive.directory}/gone is not there")


def test_folder_that_builds_may_not_enter_is_named_with_what_to_do(hive, tools):
    closed = hive.directory / "closed"
    (tools.rename(closed / "tools") if closed.mkdir() is None else None)
    hive.configuration["Toolchain mine"].update(Path=closed / "tools", Bin=closed / "tools/bin")
    closed.chmod(0)
    try:
        message = refused(hive, f"{closed} is closed to them (mode 0000)")
        assert "/opt/mine" in message and f"chmod o+x {closed}" in message
    finally:
        closed.chmod(0o755)


@pytest.mark.skipif(os.geteuid() != 0, reason="a folder of somebody else's takes root")
@pytest.mark.parametrize("whose", [".", ".."])
def test_folder_that_is_not_roots_has_to_be_allowed(hive, tools, whose):
    (hive.directory / "anna").mkdir()
    tools = tools.rename(hive.directory / "anna" / "tools")
    hive.configuration["Toolchain mine"].update(Path=tools, Bin=tools / "bin")
    os.chown(tools / whose, 12345, 12345)
    refused(hive, "is not root's")
    hive.stop()
    hive.configuration["Toolchain mine"]["Owner"] = "any"
    hive.start()
    hive.installs("some")


@pytest.mark.skipif(os.geteuid() != 0, reason="run by a person, what is his own is trusted")
def test_folder_that_everybody_may_change_is_refused(hive, tools):
    tools.chmod(0o777)
    refused(hive, "may be changed by everybody")


def test_capabilities_tell_what_recipes_find(hive, tools):
    found = {toolchain["path"]: toolchain for toolchain in hive.call("GetCapabilities")["toolchains"]}
    assert found[str(tools)] == {"name": "mine", "version": "", "path": str(tools), "visible": True, "configuration": ""}


# found in a home


@pytest.fixture
def home(hive):
    """A home with what rustup, nvm, pyenv and go leave there."""
    home = hive.directory / "home"
    program = "#!/bin/sh\necho I am ${0##*/}\n"
    for path in (
        ".cargo/bin/rustc",
        ".cargo/bin/cargo",
        ".nvm/versions/node/v9.11.2/bin/node",
        ".nvm/versions/node/v20.11.1/bin/node",
        ".pyenv/versions/3.12.1/bin/python3",
        "sdk/go1.22.4/bin/go",
    ):
        write(home / path, program, 0o755)
    write(home / ".rustup/settings.toml", 'version = "12"\ndefault_toolchain = "1.79.0-x86_64-unknown-linux-gnu"\n')
    return home


def status(hive, home, *arguments):
    return hive.hivectl("status", *arguments, env={"HOME": str(home)}).stdout


def test_status_finds_toolchains_in_ones_home(hive, home):
    found = {
        toolchain["name"]: toolchain
        for toolchain in json.loads(status(hive, home, "--json"))["toolchains"]
        if toolchain["path"].startswith(str(home))
    }
    assert {name: toolchain["version"] for name, toolchain in found.items()} == {
        "rust": "1.79.0",
        "node": "20.11.1",
        "python": "3.12.1",
        "go": "1.22.4",
    }
    assert not any(toolchain["visible"] for toolchain in found.values())
    assert found["rust"]["path"] == f"{home}/.cargo"


def test_lines_that_status_prints_are_what_it_takes(hive, home):
    text = status(hive, home)
    for name in ("rust", "node", "python", "go"):
        assert f"/hive.conf.d/{name}.conf" in text
    (hive.directory / "hive.conf.d").mkdir(exist_ok=True)
    proposal = "".join(line[4:] + "\n" for line in text.splitlines() if line.startswith("    "))
    hive.stop()
    write(hive.directory / "hive.conf.d/toolchains.conf", proposal)
    hive.start()
    hive.catalog.add("some", pkgbuild("some", build=f"TOOLS='rustc cargo node python3 go'\n{LOOK}\necho \"$RUSTUP_HOME\""))
    lines = hive.installs("some").lines()
    assert f"node: {home}/.nvm/versions/node/v20.11.1/bin/node" in lines and f"rustc: {home}/.cargo/bin/rustc" in lines
    assert f"python3: {home}/.pyenv/versions/3.12.1/bin/python3" in lines and f"go: {home}/sdk/go1.22.4/bin/go" in lines
    assert f"{home}/.rustup" in lines
    assert all(toolchain["visible"] for toolchain in json.loads(status(hive, home, "--json"))["toolchains"] if str(home) in toolchain["path"])


def test_tokens_beside_a_toolchain_stay_where_they_are(hive, home):
    write(home / ".cargo/credentials.toml", "secret")
    section = next(toolchain for toolchain in json.loads(status(hive, home, "--json"))["toolchains"] if toolchain["path"] == f"{home}/.cargo")
    assert f"Path={home}/.cargo/bin;{home}/.rustup\n" in section["configuration"]


def test_folder_of_drop_ins_is_this_daemons(hive, home):
    assert f"write {hive.directory}/hive.conf.d/rust.conf:" in status(hive, home)
    assert json.loads(status(hive, home, "--json"))["configuration_file"] == f"{hive.directory}/hive.conf"


@pytest.mark.skipif(os.geteuid() != 0, reason="a person's own hive has builds that run as that person")
def test_what_builds_can_not_read_is_not_proposed_but_imported(hive, home):
    toolchain = home / ".rustup/toolchains/1.79.0-x86_64-unknown-linux-gnu"
    write(toolchain / "bin/rustc", "#!/bin/sh\necho the very one\n", 0o700)
    home.chmod(0o700)
    opt = hive.directory / "opt"
    opt.mkdir()
    text = status(hive, home)
    assert "[Toolchain rust]" not in text and f"Builds cannot read rust 1.79.0: {home} is closed to other users." in text
    (command,) = [line.strip() for line in text.splitlines() if line.strip().startswith("hivectl toolchain import rust")]
    wrapper = ["unshare", "--mount", "sh", "-c", f'mount --bind {opt} /opt && exec "$@"', "--"]
    hive.run(*wrapper, hive.build.bin / "hivectl", *command.split()[1:], env={"HOME": str(home)})
    assert (opt / "rust-1.79.0/bin/rustc").stat().st_mode & 0o777 == 0o755
    hive.stop()
    section = (hive.directory / "hive.conf.d/rust.conf").read_text()
    assert section == "[Toolchain rust]\nPath=/opt/rust-1.79.0\nBin=/opt/rust-1.79.0/bin\n"
    hive.wrapper = wrapper
    hive.catalog.add("some", pkgbuild("some", build="rustc"))
    assert "the very one" in hive.installs("some").lines()


@pytest.mark.skipif(os.geteuid() != 0, reason="root copies for a user")
def test_import_that_a_user_is_advised_finds_that_users_home_when_root_runs_it(hive, home):
    write(home / ".rustup/toolchains/1.79.0-x86_64-unknown-linux-gnu/bin/rustc", "", 0o700)
    home.chmod(0o700)
    subprocess.run(["chown", "-R", "65534:65534", home], check=True)
    opt = hive.directory / "opt"
    opt.mkdir()
    text = hive.hivectl("status", env={"HOME": str(home)}, user=65534, group=65534, extra_groups=[]).stdout
    (command,) = [line.strip() for line in text.splitlines() if "hivectl toolchain import rust" in line]
    path = f"{hive.build.bin}:{os.environ['PATH']}"
    hive.run("unshare", "--mount", "sh", "-c", f"mount --bind {opt} /opt && {command}", env={"HOME": "/root", "PATH": path})
    assert (opt / "rust-1.79.0/bin/rustc").exists()


# a real one


@pytest.fixture
def rust(hive):
    """This machine's own Rust of rustup's, where every user may read it."""
    sysroot = rust_of.sysroot()
    if os.geteuid() == 0:
        folder = hive.directory / "rust"
        folder.mkdir()
        hive.mount(folder, "bind,ro", kind="none", source=str(sysroot))
        sysroot = folder
    hive.configuration["Toolchain rust"] = {"Path": sysroot, "Bin": sysroot / "bin"}
    return sysroot


MANIFEST = """[workspace]
members = ["worker", "tokens", "tokens-derive", "tensor"]
resolver = "2"
"""
CRATES = {
    "tokens-derive/Cargo.toml": '[package]\nname = "tokens-derive"\nversion = "0.1.0"\nedition = "2021"\n[lib]\nproc-macro = true\n',
    "tokens-derive/src/lib.rs": """use proc_macro::TokenStream;

#[proc_macro_derive(Named)]
pub fn named(input: TokenStream) -> TokenStream {
    let text = input.to_string();
    let name = text.split("struct").nth(1).unwrap().split(|c: char| !c.is_alphanumeric()).find(|word| !word.is_empty()).unwrap();
    format!("impl Named for {name} {{ fn name() -> &'static str {{ \\"{name}\\" }} }}").parse().unwrap()
}
""",
    "tokens/Cargo.toml": '[package]\nname = "tokens"\nversion = "0.1.0"\nedition = "2021"\n[dependencies]\ntokens-derive = { path = "../tokens-derive" }\n',
    "tokens/src/lib.rs": """pub use tokens_derive::Named;
use std::collections::HashMap;

pub trait Named { fn name() -> &'static str; }

#[derive(Default)]
pub struct Vocabulary { ids: HashMap<String, usize> }

impl Vocabulary {
    pub fn encode<'a>(&mut self, words: impl Iterator<Item = &'a str>) -> Vec<usize> {
        words.map(|word| { let next = self.ids.len(); *self.ids.entry(word.to_lowercase()).or_insert(next) }).collect()
    }
}
""",
    "tensor/Cargo.toml": '[package]\nname = "tensor"\nversion = "0.1.0"\nedition = "2021"\n[features]\ndefault = []\nfast = []\n',
    "tensor/src/lib.rs": """use std::ops::{Add, Mul};

#[derive(Clone, Debug, PartialEq)]
pub struct Matrix<T, const R: usize, const C: usize>(pub [[T; C]; R]);

impl<T: Copy + Default + Add<Output = T> + Mul<Output = T>, const R: usize, const C: usize> Matrix<T, R, C> {
    pub fn times<const N: usize>(&self, other: &Matrix<T, C, N>) -> Matrix<T, R, N> {
        let mut out = [[T::default(); N]; R];
        for (i, row) in out.iter_mut().enumerate() {
            for (j, cell) in row.iter_mut().enumerate() {
                *cell = (0..C).fold(T::default(), |sum, k| sum + self.0[i][k] * other.0[k][j]);
            }
        }
        Matrix(out)
    }
}
""",
    "worker/Cargo.toml": '[package]\nname = "rust-worker"\nversion = "0.1.0"\nedition = "2021"\nbuild = "build.rs"\n[dependencies]\n'
    'tokens = { path = "../tokens" }\ntensor = { path = "../tensor", features = ["fast"] }\n',
    "worker/build.rs": """fn main() {
    let out = std::env::var("OUT_DIR").unwrap();
    std::fs::write(format!("{out}/made.rs"), format!("pub const RUSTC: &str = {:?};", std::env::var("RUSTC").unwrap())).unwrap();
}
""",
    "worker/src/main.rs": """use tensor::Matrix;
use tokens::{Named, Vocabulary};

include!(concat!(env!("OUT_DIR"), "/made.rs"));

#[derive(Named)]
struct Llama;

fn main() {
    let ids = Vocabulary::default().encode("the bee and the hive and the bee".split(' '));
    let product = Matrix([[1.0f32, 2.0], [3.0, 4.0]]).times(&Matrix([[5.0], [6.0]]));
    let sum: f32 = std::thread::scope(|scope| {
        (0..4).map(|i| scope.spawn(move || i as f32)).collect::<Vec<_>>().into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    println!("{} {:?} {:?} {} {}", Llama::name(), ids, product.0, sum, RUSTC);
}
""",
}


def rust_worker(hive, build="cargo build --release --offline --workspace"):
    """The catalog's entry of a workspace of four crates: a procedural macro, generics, a build script, threads; no network."""
    crates = {path.replace("/", "__"): text for path, text in {"Cargo.toml": MANIFEST, **CRATES}.items()}
    lay_out = 'for file in *__*; do mkdir -p "$(dirname "${file//__//}")"; cp "$file" "${file//__//}"; done'
    recipe = pkgbuild(
        "rust-worker",
        source=list(crates),
        sha256sums=[sha256(text) for text in crates.values()],
        makedepends=["cargo", "rust"],
        extra=f"prepare() {{\n{lay_out}\n}}",
        build=f"command -v rustc\nrustc --version\n{build}",
        package='install -Dm755 target/release/rust-worker "$pkgdir/usr/local/bin/rust-worker"',
    )
    return hive.catalog.add("rust-worker", recipe, files=crates)


def test_rust_worker_is_built_by_a_toolchain_outside_usr(hive, rust):
    version = subprocess.run([rust / "bin/rustc", "--version"], stdout=subprocess.PIPE, text=True).stdout.strip()
    lines = hive.installs(rust_worker(hive)).lines()
    assert f"{rust}/bin/rustc" in lines and version in lines
    done = subprocess.run([hive.installed("/usr/local/bin/rust-worker")], stdout=subprocess.PIPE, text=True, check=True)
    assert done.stdout.startswith("Llama [0, 1, 2, 0, 3, 2, 0, 1] [[17.0], [39.0]] 6 ")


# a large one, as rustup leaves it in root's home


SERVER = {
    "Cargo.toml": """[package]
name = "token-server"
version = "0.1.0"
edition = "2021"

[dependencies]
regex = "1"
serde = { version = "1", features = ["derive"] }
serde_json = "1"
tiny_http = "0.12"

[profile.release]
opt-level = 1
""",
    "main.rs": """use regex::Regex;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use tiny_http::{Method, Response, Server};

#[derive(Deserialize)]
struct Prompt { text: String }

#[derive(Serialize)]
struct Tokens { ids: Vec<usize>, words: Vec<String> }

fn main() {
    let pattern = Regex::new(r"[\\p{L}\\p{M}]+|[.,!?]").unwrap();
    let mut known: HashMap<String, usize> = HashMap::new();
    let server = Server::http("127.0.0.1:0").unwrap();
    println!("{}", server.server_addr().to_ip().unwrap().port());
    for mut request in server.incoming_requests() {
        if *request.method() != Method::Post {
            request.respond(Response::from_string("ready")).unwrap();
            continue;
        }
        let prompt: Prompt = serde_json::from_reader(request.as_reader()).unwrap();
        let words: Vec<String> = pattern.find_iter(&prompt.text.to_lowercase()).map(|word| word.as_str().to_string()).collect();
        let ids = words.iter().map(|word| { let next = known.len(); *known.entry(word.clone()).or_insert(next) }).collect();
        request.respond(Response::from_string(serde_json::to_string(&Tokens { ids, words }).unwrap())).unwrap();
    }
}
""",
}


@pytest.fixture
def rustup(hive):
    """The hive of somebody who did what status and the first refusal told him: on this machine, with /root open for passage, in which
    nobody but this hive lives."""
    if os.geteuid() != 0 or not pathlib.Path("/root/.rustup/settings.toml").exists():
        pytest.skip("there is no Rust of rustup's in root's home")
    wrapper = [
        "unshare",
        "--mount",
        "sh",
        "-c",
        "mount -t tmpfs tmpfs /mnt && "
        "mkdir -m 711 /mnt/upper && mkdir /mnt/work && mount -t overlay -o lowerdir=/root,upperdir=/mnt/upper,workdir=/mnt/work overlay /root && "
        'umount -l /mnt && exec "$@"',
        "--",
    ]
    rust_of.use_proposal(hive, "/root", wrapper)
    hive.wrapper = wrapper
    hive.configure("Build", NetworkSteps="prepare")


@pytest.mark.plain
def test_rust_server_of_crates_is_built_by_the_toolchain_in_roots_home(hive, rustup):
    """A hundred thousand lines of two dozen crates, fetched in prepare() alone, built without a network, and it serves."""
    recipe = pkgbuild(
        "token-server",
        source=list(SERVER),
        sha256sums=[sha256(text) for text in SERVER.values()],
        makedepends=["cargo", "rust>=1.74"],
        extra="prepare() {\nmkdir -p src; cp main.rs src/\nCARGO_RESOLVER_INCOMPATIBLE_RUST_VERSIONS=fallback cargo fetch\n}",
        build="command -v rustc cargo\ncargo build --release --offline",
        package='install -Dm755 target/release/token-server "$pkgdir/usr/local/bin/token-server"',
    )
    hive.catalog.add("token-server", recipe, files=SERVER)
    job = rust_of.installs(hive, "token-server")
    lines = job.lines()
    assert "/root/.cargo/bin/rustc" in lines and "/root/.cargo/bin/cargo" in lines
    compiled = [record.text.split()[1] for record in job.records() if record.phase == "build" and record.text.lstrip().startswith("Compiling")]
    assert len(compiled) > 15 and {"regex-automata", "serde_json", "tiny_http"} <= set(compiled)
    assert not any("Download" in record.text for record in job.records() if record.phase == "build")
    server = hive.spawn(hive.installed("/usr/local/bin/token-server"), stdout=subprocess.PIPE)
    url = f"http://127.0.0.1:{int(server.stdout.readline())}/"
    with urllib.request.urlopen(urllib.request.Request(url, json.dumps({"text": "The bee and the hive."}).encode()), timeout=LEAST) as answer:
        assert json.load(answer) == {"ids": [0, 1, 2, 0, 3, 4], "words": ["the", "bee", "and", "the", "hive", "."]}
