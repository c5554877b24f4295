# SPDX-License-Identifier: LGPL-2.1-or-later
"""For which processors is built: CPU= in hive.conf, and the option cpu."""

import os
import pathlib
import subprocess

import pytest

from catalog import pkgbuild
from client import HiveError

X86 = os.uname().machine == "x86_64"
needs_x86 = pytest.mark.skipif(not X86, reason="the levels are x86-64's")
TELL = 'for name in CFLAGS CXXFLAGS RUSTFLAGS GOAMD64 HIVE_CPU; do echo "$name=${!name}"; done'
FLAGS = {
    "native": ("-march=native" if X86 else "-mcpu=native", "native"),
    "baseline": ("-march=x86-64" if X86 else "-march=armv8-a", "x86-64" if X86 else "generic"),
    "x86-64-v2": ("-march=x86-64-v2", "x86-64-v2"),
    "x86-64-v3": ("-march=x86-64-v3", "x86-64-v3"),
    "x86-64-v4": ("-march=x86-64-v4", "x86-64-v4"),
}
GO = {"baseline": "v1", "x86-64-v2": "v2", "x86-64-v3": "v3", "x86-64-v4": "v4"}
LEVELS = [level if level in ("native", "baseline") else pytest.param(level, marks=needs_x86) for level in FLAGS]


def told(job):
    """What build() found in its environment."""
    return dict(line.split("=", 1) for line in job.lines() if line.split("=")[0] in ("CFLAGS", "CXXFLAGS", "RUSTFLAGS", "GOAMD64", "HIVE_CPU"))


def is_built_for(job, level):
    compiler, rust = FLAGS[level]
    found = told(job)
    assert found["CFLAGS"] == found["CXXFLAGS"] == f"{compiler} -O2 -pipe"
    assert found["RUSTFLAGS"] == f"-C target-cpu={rust}"
    assert found["HIVE_CPU"] == level
    if X86:
        assert found["GOAMD64"] == GO[level] if level in GO else found["GOAMD64"] in GO.values()


@pytest.mark.parametrize("level", LEVELS)
def test_the_key_decides_the_flags_and_the_log_says_which(hive, level):
    hive.configure("Build", CPU=level)
    hive.catalog.add("flags", pkgbuild("flags", build=TELL))
    job = hive.installs("flags")
    is_built_for(job, level)
    assert any(
        line.startswith("⚙️  Built for") and level in line and "CPU= in hive.conf" in line or level == "native" and "of this machine (native" in line
        for line in job.lines()
    )
    assert hive.record("flags")["cpu"] == hive.workers()["flags"]["cpu"] == level


@needs_x86
def test_one_install_may_ask_for_other_processors_and_is_built_again_for_that(hive):
    hive.catalog.add("flags", pkgbuild("flags", build=TELL))
    is_built_for(hive.installs("flags"), "native")
    job = hive.installs("flags", cpu="x86-64-v2")
    is_built_for(job, "x86-64-v2")
    assert "⚙️  Built for processors of the level x86-64-v2 (as asked for)" in job.lines()
    assert job.get("Options")["cpu"] == "x86-64-v2"
    again = hive.installs("flags", cpu="x86-64-v2")
    assert any(line.startswith("✓ Already installed") for line in again.lines())
    hive.catalog.add("flags", pkgbuild("flags", version="2.0", build=TELL), version="2.0")
    end = hive.hivectl("upgrade", "flags").stdout
    assert "HIVE_CPU=x86-64-v2" in end


@pytest.mark.parametrize("value", ["x86-64", "v3", "", "Native", "skylake"])
def test_a_value_that_is_none_is_refused_with_file_and_line(hive, value):
    hive.configure("Build", CPU=value)
    hive.write_configuration()
    said = subprocess.run(
        [hive.build.bin / "hivectl", "config", "--check", hive.directory / "hive.conf"],
        capture_output=True,
        text=True,
        env=dict(os.environ, LC_ALL="C.UTF-8", LANGUAGE=""),
    )
    lines = (hive.directory / "hive.conf").read_text().splitlines()
    assert said.returncode != 0
    assert f"hive.conf:{lines.index(f'CPU={value}') + 1}: " in said.stdout + said.stderr
    assert "CPU= in [Build]" in said.stdout + said.stderr and "it takes native" in said.stdout + said.stderr
    hive.configuration["Build"].pop("CPU")


def test_an_option_that_is_none_is_refused(hive):
    hive.catalog.add("flags")
    for value in ("x86-64", "", "mips"):
        with pytest.raises(HiveError, match="InvalidArgument: Option cpu is native"):
            hive.install("flags", cpu=value)


def configured(build, folder, variant, **environment):
    """The options that build() of the shipped recipe gives to cmake, one a line."""
    recipe = build.catalog / "workers" / f"llama-cpp-server-{variant}" / "PKGBUILD"
    for name in ("cmake", "nvcc"):
        (folder / name).write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
        (folder / name).chmod(0o755)
    command = ["bash", "-c", f"source {recipe}; srcdir=/src; build"]
    return subprocess.run(command, capture_output=True, text=True, check=True, env={"PATH": f"{folder}:/usr/bin:/bin", **environment}).stdout


@needs_x86
@pytest.mark.parametrize(
    "level, has, lacks",
    [
        ("native", ["-DGGML_NATIVE=ON"], ["GGML_AVX"]),
        ("baseline", ["-DGGML_NATIVE=OFF", "-DGGML_SSE42=OFF", "-DGGML_AVX2=OFF"], ["=ON\n-DGGML_AVX"]),
        ("x86-64-v2", ["-DGGML_SSE42=ON", "-DGGML_AVX=OFF"], []),
        ("x86-64-v3", ["-DGGML_AVX2=ON", "-DGGML_F16C=ON", "-DGGML_AVX512=OFF"], []),
        ("x86-64-v4", ["-DGGML_NATIVE=OFF", "-DGGML_AVX512=ON"], []),
    ],
)
@pytest.mark.parametrize("variant", ["cpu", "cuda"])
def test_the_recipes_of_llama_cpp_obey_it(build, tmp_path, variant, level, has, lacks):
    said = configured(build, tmp_path, variant, HIVE_CPU=level)
    assert all(option in said for option in has), said
    assert not any(option in said for option in lacks), said


def test_the_recipe_of_llama_cpp_for_cards_is_built_for_those_of_this_machine(build, tmp_path):
    assert "-DGGML_CUDA=ON\n-DCMAKE_CUDA_ARCHITECTURES=89;120\n" in configured(build, tmp_path, "cuda", HIVE_CPU="native", CUDAARCHS="89;120")
    said = configured(build, tmp_path, "cuda", HIVE_CPU="native")
    assert "-DGGML_CUDA=ON\n" in said and "CMAKE_CUDA_ARCHITECTURES" not in said


def test_hive_probe_as_it_ships_runs_when_it_is_built_for_every_processor(hive, build):
    hive.configure("Catalog", URL=f"file://{build.catalog}")
    hive.installs("hive-probe", cpu="baseline")
    assert pathlib.Path(hive.installed("/usr/local/bin/hive-probe")).stat().st_size
    assert subprocess.check_output([hive.installed("/usr/local/bin/hive-probe"), "--json"])
