# SPDX-License-Identifier: LGPL-2.1-or-later
"""What was built, and what it needs: read from the finished tree, kept with what is installed."""

import hashlib
import json
import os
import pathlib
import random
import shutil
import signal
import struct
import subprocess

import pytest
from gi.repository import GLib

import shapes
from catalog import install_script, pkgbuild
from client import PATH
from waiting import LEAST, wait_until

X86 = os.uname().machine == "x86_64"
PROGRAM = "int main(void) { return 0; }"
CXX = "#include <iostream>\n#include <vector>\nint main() { std::vector<int> v{1}; std::cout << v.size(); }"


def needs(build, folder, level="baseline", *tools):
    """What rbee-hive-needs answers; None when it refuses."""
    read, write = os.pipe()
    done = subprocess.run(
        ["bash", "-c", f'exec "$@" 9>&{write}', "bash", str(build.libexec / "rbee-hive-needs"), "read", str(folder), level, *tools],
        pass_fds=[write],
        capture_output=True,
        text=True,
        timeout=LEAST,
    )
    os.close(write)
    with os.fdopen(read, "rb") as file:
        answer = file.read()
    assert done.returncode in (0, 2), (done.returncode, done.stderr)
    return json.loads(answer) if done.returncode == 0 else None


def make(folder, name, text=PROGRAM, compiler="gcc", *options):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(
        [compiler, "-x", "c++" if compiler == "g++" else "c", "-", "-o", str(path), "-x", "none", *options], input=text, text=True, check=True
    )
    return path


def test_a_program_needs_its_libraries_its_loader_and_the_versions_of_their_symbols(build, tmp_path):
    make(
        tmp_path,
        "usr/local/bin/plain",
        "#include <math.h>\n#include <stdlib.h>\nint main(int c, char **v) { return (int)pow(c, atof(v[0])); }",
        "gcc",
        "-lm",
    )
    make(tmp_path, "usr/local/bin/cxx", CXX, "g++")
    requires = needs(build, tmp_path)["requires"]
    assert {"libc.so.6", "libm.so.6", "libstdc++.so.6"} <= set(requires["libraries"])
    assert set(requires["symbols"]) == {"GLIBC", "GLIBCXX", "CXXABI"}
    listed = subprocess.check_output(["readelf", "-V", "-W", tmp_path / "usr/local/bin/cxx", tmp_path / "usr/local/bin/plain"], text=True)
    for family, version in requires["symbols"].items():
        found = {word.removeprefix(f"{family}_") for word in listed.split() if word.startswith(f"{family}_") and word[len(family) + 1].isdigit()}
        assert version == max(found, key=lambda text: [int(part) for part in text.split(".")])
    assert any("ld-linux" in path for path in requires["interpreters"])
    assert requires["cpu"] == []


def test_what_the_tree_has_itself_it_does_not_need(build, tmp_path):
    make(tmp_path, "usr/local/lib/x/libown.so.1", "int own(void) { return 1; }", "gcc", "-shared", "-fPIC", "-Wl,-soname,libown.so.1")
    make(tmp_path, "usr/local/bin/x", "int own(void); int main(void) { return own(); }", "gcc", str(tmp_path / "usr/local/lib/x/libown.so.1"))
    (tmp_path / "usr/local/bin/tool").write_text("#!/usr/local/bin/x\n")
    (tmp_path / "usr/local/bin/tool").chmod(0o755)
    (tmp_path / "usr/local/bin/python").write_text("#!/usr/bin/env -S python3 -u\n")
    (tmp_path / "usr/local/bin/python").chmod(0o755)
    (tmp_path / "usr/local/bin/data").write_text("#!/no/such/thing\n")
    requires = needs(build, tmp_path)["requires"]
    assert "libown.so.1" not in requires["libraries"] and "libc.so.6" in requires["libraries"]
    assert "/usr/local/bin/x" not in requires["interpreters"]
    assert {"/usr/bin/env", "python3"} <= set(requires["interpreters"])
    assert "/no/such/thing" not in requires["interpreters"]


@pytest.mark.skipif(not X86, reason="the levels are x86-64's")
def test_the_processor_is_what_it_was_built_for_and_what_its_notes_say(build, tmp_path):
    (tmp_path / "scripted").write_text("#!/bin/sh\n")
    assert needs(build, tmp_path, "x86-64-v3")["requires"]["cpu"] == []
    make(tmp_path, "program")
    assert {"avx2", "sse4_2"} <= set(needs(build, tmp_path, "x86-64-v3")["requires"]["cpu"])
    assert needs(build, tmp_path, "baseline")["requires"]["cpu"] == []
    make(tmp_path, "noted", PROGRAM, "gcc", "-march=x86-64-v2", "-mneeded")
    cpu = needs(build, tmp_path, "baseline")["requires"]["cpu"]
    assert "sse4_2" in cpu and "avx2" not in cpu
    here = set(next(line for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("flags")).split())
    native = set(needs(build, tmp_path, "native")["requires"]["cpu"])
    assert native <= here and "sse4_2" in native


def section(folder, name, data):
    """A program with one section more."""
    path = make(folder, "program")
    (folder / "data").write_bytes(data)
    subprocess.run(["objcopy", "--add-section", f"{name}={folder / 'data'}", str(path)], check=True)
    (folder / "data").unlink()


def fatbin(*codes):
    """As nvcc writes it: (kind, card, content)."""
    body = b"".join(
        struct.pack("<HHIQIIHHI", kind, 0x101, 64, len(content), 0, 0, 8, 5, card).ljust(64, b"\0") + content for kind, card, content in codes
    )
    return struct.pack("<IHHQ", 0xBA55ED50, 1, 16, len(body)) + body


def bundle(*cards):
    """As clang-offload-bundler writes it."""
    entries, at = b"", 4096
    for card in ["host-x86_64-unknown-linux--", *(f"hipv4-amdgcn-amd-amdhsa--{card}" for card in cards)]:
        entries += struct.pack("<QQQ", at, 16, len(card)) + card.encode()
        at += 16
    head = b"__CLANG_OFFLOAD_BUNDLE__" + struct.pack("<Q", len(cards) + 1) + entries
    return head.ljust(4096, b"\0") + b"c" * (at - 4096)


def test_the_driver_is_what_the_libraries_of_cuda_take(build, tmp_path):
    aside = tmp_path / "aside"
    for name, driver in (("libcudart.so.12", "525"), ("libcublas.so.13", "580")):
        make(aside, name, "int cuda(void) { return 1; }", "gcc", "-shared", "-fPIC", f"-Wl,-soname,{name}")
        make(tmp_path / "tree", "usr/local/bin/x", "int cuda(void); int main(void) { return cuda(); }", "gcc", str(aside / name))
        assert needs(build, tmp_path / "tree")["requires"]["gpu"] == {"cuda": [], "rocm": [], "driver": driver}


def test_cards_are_those_that_code_in_it_is_for(build, tmp_path):
    section(tmp_path, ".nv_fatbin", fatbin((2, 86, b"x" * 40), (2, 120, b"y" * 8)) + fatbin((1, 90, b"z" * 16)))
    assert needs(build, tmp_path)["requires"]["gpu"] == {"cuda": ["86", "90+", "120"], "rocm": []}
    section(tmp_path, ".hip_fatbin", bundle("gfx906:sramecc+:xnack-", "gfx1100").ljust(8192, b"\0") + bundle("gfx942"))
    assert needs(build, tmp_path)["requires"]["gpu"] == {"cuda": [], "rocm": ["gfx906", "gfx942", "gfx1100"]}


def test_code_for_cards_that_lies_of_its_size_ends_nothing(build, tmp_path):
    lies = [
        struct.pack("<IHHQ", 0xBA55ED50, 1, 16, 2**64 - 1),
        struct.pack("<IHHQ", 0xBA55ED50, 1, 0, 8) * 9,
        struct.pack("<IHHQ", 0xBA55ED50, 1, 16, 64) + struct.pack("<HHIQ", 2, 1, 0, 2**63) + b"\0" * 48,
    ]
    for lie in lies:
        section(tmp_path, ".nv_fatbin", lie)
        assert needs(build, tmp_path)["requires"]["gpu"]["cuda"] in ([], ["0"])
    for lie in (
        b"__CLANG_OFFLOAD_BUNDLE__" + struct.pack("<Q", 2**64 - 1),
        b"__CLANG_OFFLOAD_BUNDLE__" + struct.pack("<QQQQ", 1, 0, 0, 2**40),
        b"__CLANG_OFFLOAD_BUNDLE__" + struct.pack("<QQQQ", 1, 2**64 - 1, 2**64 - 1, 0),
    ):
        section(tmp_path, ".hip_fatbin", lie)
        assert needs(build, tmp_path)["requires"]["gpu"]["rocm"] == []


def test_a_program_that_was_damaged_in_any_way_is_read_without_harm(build, tmp_path):
    """Each byte of its heads and dynamic parts may be anything; a fuzzer makes up more (tests/fuzz)."""
    whole = make(tmp_path, "program", CXX, "g++").read_bytes()
    chance = random.Random(7)
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(300):
        data = bytearray(whole[: chance.choice([len(whole), 64, 120, 1000, len(whole) // 2])])
        for _ in range(chance.choice([1, 4, 40])):
            data[chance.randrange(min(len(data), chance.choice([64, 4096, len(data)])))] = chance.choice([0, 1, 127, 255, chance.randrange(256)])
        (folder / f"p{number}").write_bytes(data)
    assert needs(build, folder) is not None


def test_a_tree_of_links_pipes_and_depth_is_read_without_harm(build, tmp_path):
    (tmp_path / "loop").symlink_to(".")
    (tmp_path / "out").symlink_to("/")
    os.mkfifo(tmp_path / "pipe")
    assert needs(build, tmp_path)["requires"]["libraries"] == []
    deep = tmp_path
    for _ in range(140):
        deep /= "d"
        deep.mkdir()
    assert needs(build, tmp_path) is None


def test_what_was_built_is_in_the_record_and_hivectl_shows_it(hive):
    text = f"echo '{PROGRAM}' >made.c; gcc $CFLAGS -o made made.c"
    recipe = pkgbuild(
        "made",
        build=text,
        package='install -Dm755 "$srcdir/made" "$pkgdir/usr/local/bin/made"',
        makedepends=["gcc"],
        source=["some.txt"],
        sha256sums=[hashlib.sha256(b"some\n").hexdigest()],
    )
    hive.catalog.add("made", recipe, files={"some.txt": b"some\n"}, makedepends=["gcc"])
    hive.installs("made", cpu="baseline")
    built = hive.record("made")["build"]
    assert built["format"] == 1 and built["cpu"] == "baseline" and built["floating"] is False
    assert built["key_of"]["worker"] == "made" and built["key_of"]["recipe"] == hashlib.sha256(recipe.encode()).hexdigest()
    assert built["key"] == hashlib.sha256(json.dumps(built["key_of"], separators=(",", ":"), sort_keys=True).encode()).hexdigest()
    assert built["key_of"]["sources"] == ["some.txt sha256:" + hashlib.sha256(b"some\n").hexdigest()]
    assert built["sources"] == [{"name": "some.txt", "sums": {"sha256": hashlib.sha256(b"some\n").hexdigest()}}]
    assert "gcc" in built["toolchain"]["gcc"]
    assert "libc.so.6" in built["requires"]["libraries"] and built["requires"]["cpu"] == []
    shown = json.loads(hive.hivectl("show", "made", "--json").stdout)
    assert shown["build"] == built and shown["installed_cpu"] == "baseline"
    assert "Built for" in hive.hivectl("show", "made").stdout
    hive.removes("made")
    assert not {"build", "files", "installed_by"} & set(json.loads(hive.hivectl("show", "made", "--json").stdout))


def test_the_files_of_what_is_installed_are_told_with_mode_size_and_sum_and_by_whom_it_was(hive):
    package = "; ".join(
        [
            'install -Dm755 /dev/stdin "$pkgdir/usr/local/bin/some" <<<program',
            'install -Dm640 /dev/null "$pkgdir/usr/local/share/some/data"',
            'ln -s data "$pkgdir/usr/local/share/some/link"',
        ]
    )
    hive.catalog.add("some", pkgbuild("some", package=package))
    hive.installs("some")
    path = f"{PATH}/worker/some"
    shown = json.loads(hive.hivectl("show", "some", "--json").stdout)
    shapes.check("show", shown)
    assert shown["files"] == [{**file, "path": str(hive.installed(file["path"]))} for file in hive.record("some")["files"]]
    assert [file.get("mode") for file in shown["files"]] == ["0755", "0640", None] and shown["files"][2]["target"] == "data"
    assert shown["files"][0]["sha256"] == hashlib.sha256(b"program\n").hexdigest() and shown["files"][0]["size"] == 8
    assert shown["installed_by"] == os.getuid() and shown["installed_at"] == hive.record("some")["installed_at"]

    def part(*bounds):
        answer = hive.call("ListFiles", GLib.Variant("(uu)", bounds), path=path, interface="org.rbee.Hive.Worker")
        return [os.path.basename(file["path"]) for file in answer]

    assert part(0, 0) == ["some", "data", "link"] and part(1, 1) == ["data"] and part(3, 0) == part(2**32 - 1, 2**32 - 1) == []


def links(version, names):
    """A recipe of files whose names fill several messages. @names: a range of bash's, of 400."""
    deep = "/".join(["d" * 230] * 12)
    package = "; ".join(
        [
            'install -Dm755 /dev/stdin "$pkgdir/usr/local/bin/some" <<<program',
            f'cd "$pkgdir/usr/local"; mkdir -p share/some/{deep}; cd share/some/{deep}; touch data',
            f"target=$(printf './%.0s' {{1..1500}})data; for number in {names}; do ln -s $target $number; done",
        ]
    )
    return pkgbuild("some", version=version, package=package)


def test_names_of_files_that_fill_many_messages_are_told_in_parts_that_a_bus_takes(hive):
    hive.catalog.add("some", links("1", "{1..400}"))
    hive.installs("some")
    paths, parts = [str(hive.installed(file["path"])) for file in hive.record("some")["files"]], []
    while part := hive.call(
        "ListFiles", GLib.Variant("(uu)", (sum(map(len, parts)), 0)), path=f"{PATH}/worker/some", interface="org.rbee.Hive.Worker"
    ):
        parts.append(part)
    assert [file["path"] for part in parts for file in part] == paths
    sizes = [sum(len(file["path"]) + len(file.get("target", "")) for file in part) for part in parts]
    assert len(sizes) > 1 and max(sizes) < 2**20 + 8192
    assert [file["path"] for file in json.loads(hive.hivectl("show", "some", "--json").stdout)["files"]] == paths
    told = hive.workers()["some"]["files"]
    assert told == paths[: len(told)] and 2**20 - 4096 < sum(map(len, told)) <= 2**20 < sum(map(len, paths))


def test_show_of_what_is_upgraded_meanwhile_has_files_of_one_version(hive):
    """It is stopped behind its first question for them; when it is woken too late for that, it has those of the one before."""
    hive.catalog.add("some", links("1", "{1..400}"))
    hive.installs("some")
    before, seen, shown = hive.record("some"), hive.directory / "seen", hive.directory / "shown"
    with open(seen, "w") as output:
        hive.spawn("busctl", "--system", "monitor", "--match=type='method_call',member='ListFiles'", stdout=output, stderr=output)
    wait_until(lambda: "Monitoring bus" in seen.read_text(), what="busctl monitor")
    with open(shown, "w") as output:
        show = hive.spawn(hive.build.bin / "hivectl", "show", "some", "--json", stdout=output)
    wait_until(lambda: "Member=ListFiles" in seen.read_text(), what="the question")
    show.send_signal(signal.SIGSTOP)
    hive.catalog.add("some", links("2", "{401..800}"))
    hive.installs("some")
    show.send_signal(signal.SIGCONT)
    assert show.wait(LEAST) == 0
    told, after = json.loads(shown.read_text()), hive.record("some")
    record = before if told["installed_version"] == before["version"] else after
    assert told["installed_at"] == record["installed_at"]
    assert told["files"] == [{**file, "path": str(hive.installed(file["path"]))} for file in record["files"]]


def test_a_git_source_is_recorded_with_the_commit_that_it_was(hive):
    folder = hive.directory / "repository"
    subprocess.run(
        [
            "sh",
            "-ec",
            'git init -q -b main "$0"; cd "$0"; echo one >file; git add file; git -c user.name=n -c user.email=e@x commit -q -m one',
            str(folder),
        ],
        check=True,
    )
    commit = subprocess.check_output(["git", "-C", str(folder), "rev-parse", "HEAD"], text=True).strip()
    hive.catalog.add("moving", pkgbuild("moving", source=[f"moving::git+file://{folder}"], sha256sums=["SKIP"]))
    hive.installs("moving")
    built = hive.record("moving")["build"]
    assert [source["revision"] for source in built["sources"]] == [commit]
    assert built["floating"] is True


def test_the_key_is_the_same_for_the_same_and_another_for_what_changes_the_result(hive):
    def key(**options):
        hive.installs("one", reinstall=True, **options)
        return hive.record("one")["build"]["key"]

    hive.catalog.add("one", pkgbuild("one"))
    first = key()
    assert key(check=True) == key(cpu="baseline") == first
    hive.catalog.add("one", pkgbuild("one", extra="# another"))
    assert key() != first


def test_a_package_of_scripts_runs_on_every_processor(hive):
    hive.catalog.add("scripted", pkgbuild("scripted", package=install_script("scripted")))
    hive.installs("scripted")
    requires = hive.record("scripted")["build"]["requires"]
    assert requires["cpu"] == [] and requires["interpreters"] == ["/bin/sh"] and requires["libraries"] == []


def test_a_builder_that_writes_no_record_of_the_build_is_refused_where_it_is_no_json(hive):
    """What lies in the work tree is the job's user's to write: a recipe cannot reach it, and what cannot be read is refused."""
    libexec = hive.directory / "libexec"
    shutil.copytree(hive.build.libexec, libexec)
    (libexec / "rbee-hive-needs").write_text("#!/bin/sh\nprintf '%s' '{\"requires\":{},\"toolchain\":{},' >&9\n")
    hive.configure("Hive", LibexecDirectory=libexec)
    hive.catalog.add("odd")
    hive.refuses("odd", "PackageFailed", "what the programs need")
