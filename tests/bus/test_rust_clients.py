# SPDX-License-Identifier: LGPL-2.1-or-later
"""What Rust's generators make of dbus-interfaces/ compiles, and a client of it installs a worker. The generators, and what their clients
need, come from crates.io."""

import fcntl
import os
import re
import shutil
import subprocess

import pytest

from build import SOURCE
from rust import UNREACHED

XML = SOURCE / "dbus-interfaces"
FOLDER = SOURCE / "build" / "rust-clients"
INTERFACES = {"hive": "org.rbee.Hive", "job": "org.rbee.Hive.Job", "worker": "org.rbee.Hive.Worker", "instance": "org.rbee.Hive.Instance"}
# Nobody debugs what is compiled, nor changes it.
ONCE = {"CARGO_PROFILE_DEV_DEBUG": "0", "CARGO_INCREMENTAL": "0"}
pytestmark = pytest.mark.plain


def cargo(*words):
    """With one folder for what it compiles, kept between runs: a client needs much of what its generator does."""
    if not shutil.which("cargo"):
        pytest.skip("there is no cargo here")
    if not os.access(FOLDER.parent, os.W_OK):
        pytest.skip(f"needs root: who runs this may not write to {FOLDER.parent}")
    FOLDER.mkdir(parents=True, exist_ok=True)
    with open(FOLDER / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = subprocess.run(
            ["cargo", *map(str, words)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "CARGO_TARGET_DIR": str(FOLDER / "target"), "CARGO_NET_RETRY": "1", **ONCE},
        )
    if done.returncode and any(word in done.stdout for word in (*UNREACHED, "requires rustc", "is not supported by the following package")):
        pytest.skip(f"crates.io cannot be reached, or this Rust is too old: {done.stdout[-300:]}")
    assert done.returncode == 0, f"cargo {' '.join(map(str, words))}\n{done.stdout[-6000:]}"


def generator(crate, program, *features):
    """The program of a crate NAME@VERSION."""
    name, _, version = crate.partition("@")
    cargo("install", "--quiet", "--debug", "--locked", "--root", FOLDER, "--version", version, *features, name)
    return FOLDER / "bin" / program


def client(folder, name, dependency, main, generate):
    """The program that cargo makes of @main and of what @generate (the XML, a file to be) makes of each interface."""
    (folder / "src").mkdir()
    (folder / "Cargo.toml").write_text(f'[package]\nname = "{name}"\nversion = "1.0.0"\nedition = "2021"\n\n[dependencies]\n{dependency}\n')
    (folder / "src/main.rs").write_text("#![allow(dead_code)]\n" + "".join(f"mod {module};\n" for module in INTERFACES) + main)
    for module, interface in INTERFACES.items():
        made = folder / "src" / f"{module}.rs"
        done = subprocess.run(generate(XML / f"{interface}.xml", made), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        assert done.returncode == 0, done.stdout
        assert re.search("trait ", made.read_text())
    cargo("build", "--quiet", "--manifest-path", folder / "Cargo.toml")
    return FOLDER / "target/debug" / name


def installs(hive, program):
    hive.catalog.add("some")
    hive.start()
    assert hive.run(program, "some").stdout.splitlines()[-1] == "done"
    assert set(hive.workers()) == {"some"}


ZBUS = """
fn main() -> zbus::Result<()> {
    let bus = zbus::blocking::Connection::system()?;
    let hive = hive::HiveProxyBlocking::builder(&bus).destination("org.rbee.Hive")?.path("/org/rbee/Hive")?.build()?;
    let path = hive.install_worker(&std::env::args().nth(1).unwrap())?;
    let job = job::JobProxyBlocking::builder(&bus).destination("org.rbee.Hive")?.path(path)?.build()?;
    let mut cursor = 0;
    loop {
        let (records, next, ended) = job.read_log(cursor, 0)?;
        records.iter().for_each(|record| println!("{}", record.4));
        if ended {
            return Ok(());
        }
        cursor = next;
    }
}
"""


def test_client_of_zbus_xmlgen_compiles_and_installs_a_worker(hive, tmp_path):
    program = generator("zbus_xmlgen@5.4.1", "zbus-xmlgen")
    made = client(tmp_path, "client-of-zbus", 'zbus = "=5.18.0"', ZBUS, lambda xml, to: [program, "file", xml, "--output", to])
    installs(hive, made)


DBUS = """
use hive::OrgRbeeHive;
use job::OrgRbeeHiveJob;

fn main() -> Result<(), dbus::Error> {
    let bus = dbus::blocking::Connection::new_system()?;
    let timeout = std::time::Duration::from_secs(60);
    let hive = bus.with_proxy("org.rbee.Hive", "/org/rbee/Hive", timeout);
    let path = hive.install_worker(&std::env::args().nth(1).unwrap())?;
    let job = bus.with_proxy("org.rbee.Hive", path, timeout);
    let mut cursor = 0;
    loop {
        let (records, next, ended) = job.read_log(cursor, 0)?;
        records.iter().for_each(|record| println!("{}", record.4));
        if ended {
            return Ok(());
        }
        cursor = next;
    }
}
"""


def test_client_of_dbus_codegen_compiles_and_installs_a_worker(hive, tmp_path):
    program = generator("dbus-codegen@0.12.0", "dbus-codegen-rust", "--features=dbus/vendored")
    dependency = 'dbus = { version = "=0.9.12", features = ["vendored"] }'
    made = client(tmp_path, "client-of-dbus", dependency, DBUS, lambda xml, to: [program, "--methodtype", "None", "--file", xml, "--output", to])
    installs(hive, made)
