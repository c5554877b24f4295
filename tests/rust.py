# SPDX-License-Identifier: LGPL-2.1-or-later
"""Rust for recipes, as rustup keeps it: this machine's own toolchain, in a home that jobs can read."""

import os
import pathlib
import shutil
import subprocess

import pytest

UNREACHED = ("Could not resolve host", "failed to download", "Couldn't connect")


def sysroot():
    """Of this machine's Rust, when it is rustup's; skips otherwise."""
    if not shutil.which("rustup"):
        pytest.skip("there is no Rust of rustup's here")
    done = subprocess.run(["rustc", "--print", "sysroot"], stdout=subprocess.PIPE, text=True)
    path = pathlib.Path(done.stdout.strip())
    if done.returncode != 0 or path.is_relative_to("/usr"):
        pytest.skip("rustup has no toolchain outside /usr")
    return path


def rustup_home(hive):
    """A home with rustup, its proxies and one toolchain, which the section that status proposes shows to recipes."""
    if os.geteuid() != 0:
        pytest.skip("needs root, to show a toolchain elsewhere")
    toolchain, home = sysroot(), hive.directory / "rust-home"
    bin_folder = home / ".cargo/bin"
    bin_folder.mkdir(parents=True)
    shutil.copy(pathlib.Path(shutil.which("rustup")).resolve(), bin_folder / "rustup")
    for name in ("cargo", "rustc", "rustdoc"):
        (bin_folder / name).symlink_to("rustup")
    shown = home / ".rustup/toolchains" / toolchain.name
    shown.mkdir(parents=True)
    (home / ".rustup/update-hashes").mkdir()
    (home / ".rustup/settings.toml").write_text(f'version = "12"\ndefault_toolchain = "{toolchain.name}"\nprofile = "default"\n\n[overrides]\n')
    hive.mount(shown, "bind,ro", kind="none", source=str(toolchain))
    use_proposal(hive, home)
    return home


def use_proposal(hive, home, wrapper=()):
    """Does what status says of the Rust of @home, seen by @wrapper. The hive is stopped after that."""
    text = hive.run(*wrapper, hive.build.bin / "hivectl", "status", env={"HOME": str(home)}).stdout
    lines = [line[4:] for line in text.splitlines() if line.startswith("    ")]
    begin = lines.index("[Toolchain rust]")
    section = lines[begin + 1 : next((number for number, line in enumerate(lines) if number > begin and line.startswith("[")), None)]
    hive.stop()
    hive.configuration["Toolchain rust"] = dict(line.split("=", 1) for line in section if "=" in line)


def installs(hive, worker, timeout=600):
    """Installs what fetches crates; skips where their registry cannot be reached."""
    job = hive.install(worker)
    end = job.wait(timeout)
    if end.result != "done" and any(word in job.log_text() for word in UNREACHED):
        pytest.skip("needs a network: cargo's registry cannot be reached")
    assert end == ("done", "", ""), job.log_text()
    return job
