# SPDX-License-Identifier: LGPL-2.1-or-later
"""Recipes that build from git, and those that ship, built from stand-in repositories that the tests make."""

import os
import re
import shutil
import subprocess

import pytest

import rust
from build import SOURCE
from catalog import pkgbuild

RECIPES = SOURCE / "data" / "catalog" / "workers"
needs_cmake = pytest.mark.skipif(
    not all(shutil.which(name, path="/usr/bin") for name in ("cmake", "make", "g++")), reason="needs cmake, make and g++ in /usr/bin"
)


class Repository:
    def __init__(self, path):
        self.path = path
        path.mkdir()
        self.git("init", "-q", "-b", "main")

    @property
    def url(self):
        return f"file://{self.path}"

    def git(self, *arguments):
        command = ["git", "-c", "user.name=Test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false", *arguments]
        return subprocess.run(command, cwd=self.path, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()

    def commit(self, files):
        for path, text in files.items():
            (self.path / path).parent.mkdir(parents=True, exist_ok=True)
            (self.path / path).write_text(text)
        self.git("add", "-A")
        self.git("commit", "-q", "-m", "a change")
        return self.git("rev-parse", "HEAD")


@pytest.fixture
def repository(hive):
    return Repository(hive.directory / "repository")


def test_source_by_tag_branch_and_commit(hive, repository):
    first = repository.commit({"file": "first\n"})
    repository.git("tag", "v1")
    repository.commit({"file": "second\n"})
    repository.git("branch", "side")
    repository.commit({"file": "third\n"})
    for number, (fragment, expected, told) in enumerate(
        [
            ("#tag=v1", "first", "git, tag v1"),
            ("#branch=side", "second", "git, branch side"),
            (f"#commit={first}", "first", f"git, commit {first}"),
            ("", "third", "git"),
        ]
    ):
        name = f"from-git-{number}"
        hive.catalog.add(
            name,
            pkgbuild(
                name,
                source=[f"tree::git+{repository.url}{fragment}"],
                sha256sums=["SKIP"],
                build='cat "$srcdir/tree/file"; git -C "$srcdir/tree" status --short',
            ),
        )
        lines = hive.installs(name).lines()
        assert expected in lines
        assert any(line.startswith(f"✓ Source: tree ({told}") for line in lines), lines
        assert not any(line.startswith(("??", " M")) for line in lines)
    hive.nothing_left()


def test_annotated_tag_is_followed_to_its_commit(hive, repository):
    repository.commit({"file": "tagged\n"})
    repository.git("tag", "-a", "v2", "-m", "two")
    repository.commit({"file": "later\n"})
    hive.catalog.add(
        "annotated", pkgbuild("annotated", source=[f"tree::git+{repository.url}#tag=v2"], sha256sums=["SKIP"], build='cat "$srcdir/tree/file"')
    )
    assert "tagged" in hive.installs("annotated").lines()


def test_name_of_a_git_source_is_the_repositorys(hive, repository):
    repository.commit({"file": "x\n"})
    hive.catalog.add("named", pkgbuild("named", source=[f"git+{repository.url}"], sha256sums=["SKIP"], build='cat "$srcdir/repository/file"'))
    assert "x" in hive.installs("named").lines()


def test_pkgver_of_a_git_source_is_its_own_words(hive, repository):
    repository.commit({"file": "x\n"})
    repository.git("tag", "v1.2")
    repository.commit({"file": "y\n"})
    hive.catalog.add(
        "counted",
        pkgbuild(
            "counted",
            source=[f"tree::git+{repository.url}"],
            sha256sums=["SKIP"],
            extra="""
pkgver() {
  cd "$srcdir/tree"
  git describe --tags | sed 's/^v//; s/-/.r/; s/-/./'
}""",
        ),
    )
    job = hive.installs("counted")
    version = next(line for line in job.lines() if line.startswith("✓ Version: "))
    assert re.fullmatch(r"✓ Version: 1\.2\.r1\.g[0-9a-f]{7,}", version)
    assert hive.workers()["counted"]["version"] == version.removeprefix("✓ Version: ") + "-1"


def test_new_commits_of_a_branch_are_fetched_by_the_next_install(hive, repository):
    repository.commit({"file": "old\n"})
    hive.catalog.add(
        "moving", pkgbuild("moving", source=[f"tree::git+{repository.url}#branch=main"], sha256sums=["SKIP"], build='cat "$srcdir/tree/file"')
    )
    assert "old" in hive.installs("moving").lines()
    repository.commit({"file": "new\n"})
    assert "new" in hive.installs("moving", reinstall=True).lines()


def test_submodules_and_filters_of_a_repository_run_nothing(hive, repository):
    repository.commit(
        {
            "file": "x\n",
            ".gitattributes": "* filter=evil\n",
            ".gitmodules": '[submodule "evil"]\n\tpath = evil\n\turl = ext::sh -c "touch /tmp/owned-by-a-submodule"\n',
        }
    )
    hive.catalog.add("careful", pkgbuild("careful", source=[f"tree::git+{repository.url}"], sha256sums=["SKIP"], build='cat "$srcdir/tree/file"'))
    assert "x" in hive.installs("careful").lines()


def shipped(worker, repository, commit=""):
    """A recipe as it ships, its upstream replaced."""
    text = (RECIPES / worker / "PKGBUILD").read_text()
    changed = re.sub(r"^_upstream=.*$", f"_upstream={repository.url}", text, flags=re.MULTILINE)
    assert changed != text
    return re.sub(r"^_commit=.*$", f"_commit={commit}", changed, flags=re.MULTILINE)


CARGO = {
    "Cargo.toml": '[workspace]\nmembers = ["bin/30_llm_worker_rbee"]\n',
    "Cargo.lock": 'version = 3\n\n[[package]]\nname = "llm-worker-rbee"\nversion = "0.1.0"\n',
    "bin/30_llm_worker_rbee/Cargo.toml": """[package]
name = "llm-worker-rbee"
version = "0.1.0"
edition = "2021"

[features]
default = []
cpu = []
cuda = []
metal = []

[[bin]]
name = "llm-worker-rbee-cpu"
path = "src/main.rs"
required-features = ["cpu"]
""",
    "bin/30_llm_worker_rbee/src/main.rs": 'fn main() {\n    println!("a worker on the cpu");\n}\n',
}


def test_three_known_workers_over_http_the_cpu_one_builds(hive, http_catalog, repository):
    """A catalog of the snake_case format with its three known workers."""
    rust.rustup_home(hive)
    commit = repository.commit(CARGO)
    known = {
        "implementation": "llm-worker-rbee",
        "license": "GPL-3.0-or-later",
        "build_system": "cargo",
        "install_path": "/usr/local/bin",
        "source": {"type": "git", "url": "https://github.com/veighnsche/llama-orch.git", "branch": "main", "path": "bin/30_llm_worker_rbee"},
        "makedepends": ["rust>=1.78", "cargo"],
        "supported_formats": ["gguf", "safetensors"],
        "max_context_length": 32768,
        "version": "0.1.0",
        "supports_streaming": True,
    }
    http_catalog.add(
        "llm-worker-rbee-cpu", shipped("llm-worker-rbee-cpu", repository, commit), depends=["gcc"], platforms=["linux", "macos", "windows"], **known
    )
    http_catalog.add(
        "llm-worker-rbee-cuda",
        shipped("llm-worker-rbee-cuda", repository, commit),
        depends=["gcc", "cuda"],
        platforms=["linux", "windows"],
        **dict(known, worker_type="cuda"),
    )
    http_catalog.add(
        "llm-worker-rbee-metal", pkgbuild("llm-worker-rbee-metal"), depends=["clang"], platforms=["macos"], **dict(known, worker_type="metal")
    )

    listed = {worker["id"]: worker for worker in hive.call("ListCatalog", {}, signature="(a{sv})")}
    assert set(listed) == {"llm-worker-rbee-cpu", "llm-worker-rbee-cuda", "llm-worker-rbee-metal"}
    has_card = any(device["device_type"] == "cuda" for device in hive.call("GetCapabilities")["devices"])
    assert [listed[name]["compatible"] for name in sorted(listed)] == [True, has_card, False]

    cpu = hive.install("llm-worker-rbee-cpu")
    assert cpu.wait(180) == ("done", "", ""), cpu.log_text()
    lines = cpu.lines()
    for expected in (
        "✓ Runtime: gcc",
        "✓ Build: rust>=1.78, cargo, git",
        "Building llm-worker-rbee-cpu v0.1.0",
        "✓ Build complete",
        "Installing binary to /usr/local/bin/llm-worker-rbee-cpu",
    ):
        assert expected in lines
    assert any("Compiling llm-worker-rbee v0.1.0" in line for line in lines)
    assert subprocess.check_output([hive.installed("/usr/local/bin/llm-worker-rbee-cpu")], text=True) == "a worker on the cpu\n"

    cuda = hive.refuses("llm-worker-rbee-cuda", "MissingDependencies", "Please install cuda before proceeding")
    shown = [line for line in cuda.lines() if not line.startswith("Install with: ")]  # that is this distribution's
    assert shown[-3:] == ["Runtime: gcc ✓, cuda ✗", "Build: rust>=1.78 ✓, cargo ✓, git ✓", "[ERROR] Please install cuda before proceeding"]

    metal = hive.refuses("llm-worker-rbee-metal", "PlatformIncompatible")
    assert metal.lines()[-4:] == [
        "❌ Platform incompatible",
        "Worker requires: macos",
        "Current platform: linux",
        "[ERROR] Cannot install worker on this platform",
    ]


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="the levels are x86-64's")
def test_the_recipes_of_llm_worker_are_built_for_the_processors_that_are_asked_for(hive, repository):
    """One that has AVX2 is another program than one that every processor runs; cargo is told by RUSTFLAGS."""
    rust.rustup_home(hive)
    main = 'fn main() { println!("{}", if cfg!(target_feature = "avx2") { "built with AVX2" } else { "built without it" }); }\n'
    commit = repository.commit({**CARGO, "bin/30_llm_worker_rbee/src/main.rs": main})
    hive.catalog.add("llm-worker-rbee-cpu", shipped("llm-worker-rbee-cpu", repository, commit))
    for level, has, lacks in (("x86-64-v3", b"built with AVX2", b"built without it"), ("baseline", b"built without it", b"built with AVX2")):
        hive.installs("llm-worker-rbee-cpu", cpu=level)
        program = hive.installed("/usr/local/bin/llm-worker-rbee-cpu").read_bytes()
        assert has in program and lacks not in program
        assert hive.record("llm-worker-rbee-cpu")["cpu"] == level


CMAKE = {
    "CMakeLists.txt": """cmake_minimum_required(VERSION 3.14)
project(llama.cpp C CXX)
foreach(option GGML_NATIVE GGML_CCACHE LLAMA_CURL LLAMA_OPENSSL LLAMA_BUILD_TESTS LLAMA_BUILD_EXAMPLES LLAMA_BUILD_SERVER)
  option(${option} "" ON)
endforeach()
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
if(LLAMA_BUILD_SERVER)
  add_executable(llama-server server.cpp)
  target_compile_definitions(llama-server PRIVATE BUILD_NUMBER=${LLAMA_BUILD_NUMBER})
endif()
""",
    "server.cpp": '#include <cstdio>\nint main () { std::printf ("llama-server %d\\n", BUILD_NUMBER); }\n',
}


@needs_cmake
def test_llama_cpp_server_as_it_ships_builds_from_a_stand_in(hive, repository):
    repository.commit(CMAKE)
    repository.git("tag", "b8121")
    recipe = shipped("llama-cpp-server-cpu", repository)
    hive.catalog.add("llama-cpp-server-cpu", recipe, version="b8121", depends=["gcc"], makedepends=["cmake", "make", "git"])
    job = hive.install("llama-cpp-server-cpu")
    assert job.wait(180) == ("done", "", ""), job.log_text()
    assert "✓ Source: llama.cpp (git, tag b8121)" in job.lines()
    assert subprocess.check_output([hive.installed("/usr/local/bin/llama-cpp-server-cpu")], text=True) == "llama-server 8121\n"


NVCC = """#!/bin/bash
# What CUDA's compiler is called and what it is given; the host's compiles what it can.
[[ $1 != --version ]] || { echo 'Cuda compilation tools, release 12.4, V12.4.131'; exit; }
echo "nvcc $*"
exec c++ -x c++ "${@/#-gencode=*/-DNOTHING}"
"""
WITH_CUDA = {
    "CMakeLists.txt": CMAKE["CMakeLists.txt"]
    + """option(GGML_CUDA "" OFF)
if(GGML_CUDA)
  find_program(NVCC nvcc REQUIRED)
  add_custom_command(OUTPUT kernel.o DEPENDS kernel.cu
    COMMAND ${NVCC} -gencode=arch=${CMAKE_CUDA_ARCHITECTURES} -c ${CMAKE_SOURCE_DIR}/kernel.cu -o kernel.o)
  target_sources(llama-server PRIVATE kernel.o)
endif()
""",
    "kernel.cu": 'const char *kernel () { return "on CUDA"; }\n',
    "server.cpp": '#include <cstdio>\nconst char *kernel ();\nint main () { std::printf ("llama-server %d %s\\n", BUILD_NUMBER, kernel ()); }\n',
}


@needs_cmake
def test_llama_cpp_server_for_cuda_as_it_ships_is_compiled_by_nvcc(hive, repository):
    """By one that stands in for NVIDIA's, where no card is: the recipe finds it, asks cmake for CUDA, and installs what came of that."""
    repository.commit(WITH_CUDA)
    repository.git("tag", "b8121")
    name, toolkit = "llama-cpp-server-cuda", hive.directory / "cuda"
    hive.catalog.add(name, shipped(name, repository), version="b8121", depends=["gcc", "cuda"], makedepends=["cmake", "make", "git"])
    if not shutil.which("nvcc"):
        hive.refuses(name, "MissingDependencies", "Please install cuda before proceeding")
        hive.stop()
    (toolkit / "bin").mkdir(parents=True)
    (toolkit / "bin/nvcc").write_text(NVCC)
    (toolkit / "bin/nvcc").chmod(0o755)
    hive.configuration["Toolchain cuda"] = {"Path": toolkit, "Bin": toolkit / "bin", "Environment": "CUDAARCHS=89"}
    hive.start()
    job = hive.install(name)
    assert job.wait(180) == ("done", "", ""), job.log_text()
    assert "✓ Runtime: gcc, cuda" in job.lines()
    assert any(line.startswith("nvcc -gencode=arch=89 -c ") for line in job.lines()), job.log_text()
    assert subprocess.check_output([hive.installed(f"/usr/local/bin/{name}")], text=True) == "llama-server 8121 on CUDA\n"
