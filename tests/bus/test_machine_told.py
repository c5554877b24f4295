# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a build is told of the machine: how many compilers to run at once, and which cards it is for. A step that a signal ended says which."""

import json
import os

import pytest

from catalog import pkgbuild

SAYS = (
    "for name in MAKEFLAGS CMAKE_BUILD_PARALLEL_LEVEL CARGO_BUILD_JOBS MAX_JOBS CUDA_COMPUTE_CAP CUDAARCHS CMAKE_CUDA_ARCHITECTURES "
    'AMDGPU_TARGETS CMAKE_HIP_ARCHITECTURES HIVE_DEVICES; do echo "$name=${!name}"; done'
)


def told(hive):
    hive.catalog.add("told", pkgbuild("told", build=SAYS))
    return dict(line.split("=", 1) for line in hive.installs("told").lines() if "=" in line)


def has_devices(hive, *devices):
    """The hive has noted these in this boot."""
    hive.call("GetCapabilities")
    hive.stop()
    path = hive.state / "capabilities.json"
    noted = json.loads(path.read_text())
    noted["devices"] = [
        {
            "id": f"GPU-{number}",
            "name": "A card",
            "device_type": kind,
            "cores": 0,
            "memory": 1 << 30,
            "compute_capability": capability,
            "driver": "1",
            "instruction_sets": [],
        }
        for number, (kind, capability) in enumerate(devices)
    ] + noted["devices"]
    path.write_text(json.dumps(noted))


def test_build_knows_the_cards_that_it_is_for(hive):
    has_devices(hive, ("cuda", "8.9"), ("cuda", "12.0"), ("cuda", "8.9"), ("rocm", "gfx1100"))
    said = told(hive)
    assert (said["CUDA_COMPUTE_CAP"], said["CUDAARCHS"], said["CMAKE_CUDA_ARCHITECTURES"]) == ("89", "89;120", "89;120")
    assert said["AMDGPU_TARGETS"] == said["CMAKE_HIP_ARCHITECTURES"] == "gfx1100"
    assert said["HIVE_DEVICES"].startswith("GPU-0=cuda:8.9 GPU-1=cuda:12.0 GPU-2=cuda:8.9 GPU-3=rocm:gfx1100 CPU-0=cpu")


def test_build_without_cards_is_told_of_none(hive):
    has_devices(hive)
    said = told(hive)
    assert said["CUDA_COMPUTE_CAP"] == said["CUDAARCHS"] == said["AMDGPU_TARGETS"] == ""
    assert said["HIVE_DEVICES"] == "CPU-0=cpu"


def test_build_runs_as_many_compilers_as_it_may_use_processors(hive):
    hive.configure("Build", MemoryPerCompiler="1M")
    hive.wrapper = ["taskset", "-c", str(min(os.sched_getaffinity(0)))]
    said = told(hive)
    assert said["MAKEFLAGS"] == "-j1" and said["CMAKE_BUILD_PARALLEL_LEVEL"] == said["CARGO_BUILD_JOBS"] == said["MAX_JOBS"] == "1"


@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="needs two processors")
def test_build_runs_as_many_compilers_as_the_memory_is_for(hive):
    hive.configure("Build", MemoryPerCompiler="100T")
    assert told(hive)["MAKEFLAGS"] == "-j1"


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to show it control groups of another machine's")
@pytest.mark.parametrize("quota, most", [("50000 100000", 1), ("100000 100000", 1), ("max 100000", 99)])
def test_build_runs_as_many_compilers_as_its_control_group_leaves_of_the_processors(hive, quota, most):
    groups = hive.directory / "groups"
    groups.mkdir(mode=0o755)
    (groups / "cpu.max").write_text(quota + "\n")
    hive.configure("Build", MemoryPerCompiler="1M")
    hive.wrapper = ["unshare", "--mount", "sh", "-c", f'mount --bind {groups} /sys/fs/cgroup && exec "$@"', "sh"]
    assert told(hive)["MAKEFLAGS"] == f"-j{min(most, len(os.sched_getaffinity(0)))}"


@pytest.mark.parametrize(
    "signal, words",
    [
        ("KILL", "137 is signal 9 (Killed): "),
        ("SEGV", "139 is signal 11 (Segmentation fault): a program of the build crashed"),
        ("ILL", "132 is signal 4 (Illegal instruction): a program is made for another processor"),
        ("HUP", "129 is signal 1 (Hangup)"),
        ("SYS", "159 is signal 31 (Bad system call): it asked the kernel for what builds may not have"),
    ],
)
def test_step_that_a_signal_ended_says_which_and_why(hive, signal, words):
    hive.catalog.add("some", pkgbuild("some", build=f"bash -c 'kill -{signal} $$'"))
    job = hive.refuses("some", "BuildFailed")
    assert [line for line in job.lines() if words in line]
    assert ("MemoryPerCompiler=" in job.log_text()) == (signal == "KILL")
