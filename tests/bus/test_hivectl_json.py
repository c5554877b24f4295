# SPDX-License-Identifier: LGPL-2.1-or-later
"""What each verb prints with --json is what hivectl.schema.json says. `build` is looked at in tests/recipes, `web` in tests/bridge."""

import os
import pathlib
import re

import pytest

import shapes
from catalog import pkgbuild
from gguf import gguf
from hub import Hub
from stores import Signer, make_folder
from verbs import VERBS

pytest.importorskip("jsonschema")


def asked(hive, verb, *arguments, status=0):
    return shapes.read(verb, hive.hivectl(verb, *arguments, "--json", status=status).stdout)


def test_each_verb_has_a_shape_that_a_test_holds(hive):
    verbs = set(re.findall(r"^  ([a-z]+)\b", re.search(r"Verbs:(.*?)Options:", hive.hivectl("--help").stdout, re.DOTALL)[1], re.MULTILINE))
    assert verbs == set(VERBS) and verbs <= set(shapes.schema()["$defs"])
    tests = "".join(path.read_text() for path in pathlib.Path(__file__).parent.parent.glob("*/test_*.py"))
    assert verbs <= set(re.findall(r'(?:asked\(hive, |shell\.json\(|shapes\.(?:check|read)\()"(\w+)"', tests))


def test_json_of_what_is_there(hive):
    hive.catalog.add("some", depends=["libc.so.6"])
    hive.catalog.add("other", architectures=["riscv64"])
    hive.installs("some")
    hive.installed("/usr/local/bin/some").write_text("changed")
    (catalog,) = asked(hive, "catalog")
    assert {worker["id"] for worker in catalog} == {"some", "other"}
    assert asked(hive, "list")[0] and asked(hive, "jobs")[0] and asked(hive, "status")[0]
    assert asked(hive, "capabilities")[0] and asked(hive, "config")[0]
    assert asked(hive, "outdated") == [[]]
    asked(hive, "show", "some")
    assert "pkgname=some" in asked(hive, "recipe", "some")[0]["pkgbuild"]
    assert asked(hive, "verify", status=7)[0][0]["problems"]
    assert asked(hive, "verify", "some", status=7)[0][0]["id"] == "some"


def test_json_of_models(hive):
    file = hive.directory / "tiny.gguf"
    file.write_bytes(gguf())
    hub = Hub()
    try:
        hive.configuration["Models"] = {"HubURL": hub.url}
        assert asked(hive, "model", "pull", hub.put("owner/repo", "other.gguf", gguf()))[-1]["state"] == "done"
        assert asked(hive, "model", "import", file)[-1]["state"] == "done"
    finally:
        hub.close()
    assert [model["name"] for model in asked(hive, "models")[0]] == ["other", "tiny"]
    assert [len(found["problems"]) for found in asked(hive, "model", "verify", "other", "tiny")] == [0, 1]
    assert asked(hive, "model", "remove", "other", "nothing", "tiny", status=3) == [{"model": "other"}, {"model": "tiny"}]
    assert asked(hive, "models") == [[]]


def test_json_of_stores(hive):
    layout, signer = make_folder(hive.directory / "store"), Signer(hive.directory / "keys")
    hive.configuration["Store shelf"] = {"URL": layout.url}
    hive.configuration["Push"] = {"SigningKey": signer.secret}
    hive.catalog.add("some")
    hive.installs("some")
    assert asked(hive, "push", "some")[-1]["state"] == "done"
    assert asked(hive, "export", "some", make_folder(hive.directory / "stick").path)[-1]["state"] == "done"
    assert [store["name"] for store in asked(hive, "stores")[0]] == ["shelf"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has another /opt")
def test_json_of_a_toolchain_that_is_imported(hive):
    home, opt = hive.directory / "home", hive.directory / "opt"
    for folder in (".cargo", ".rustup/toolchains/1.79.0-x86_64-unknown-linux-gnu"):
        (home / folder / "bin").mkdir(parents=True)
        (home / folder / "bin/rustc").write_text("#!/bin/sh\n")
        (home / folder / "bin/rustc").chmod(0o755)
    opt.mkdir()
    hive.start()
    wrapper = ["unshare", "--mount", "sh", "-c", f'mount --bind {opt} /opt && exec "$@"', "--", hive.build.bin / "hivectl"]
    text = hive.run(*wrapper, "toolchain", "import", "rust", "--json", env={"HOME": str(home)}).stdout
    assert shapes.read("toolchain", text) == [{"name": "rust", "path": "/opt/rust", "configuration": str(hive.directory / "hive.conf.d/rust.conf")}]


def test_json_of_jobs(hive):
    hive.catalog.add("some")
    hive.catalog.add("bad", pkgbuild("bad", build="false"))
    assert asked(hive, "install", "some")[-1]["state"] == "done"
    assert asked(hive, "install", "bad", status=1)[-1]["error"] == "BuildFailed"
    hive.catalog.add("some", pkgbuild("some", version="2.0"), version="2.0")
    assert asked(hive, "outdated")[0][0]["available"] == "2.0-1"
    assert asked(hive, "upgrade", "some")[-1]["state"] == "done"
    assert asked(hive, "rollback", "some")[-1]["state"] == "done"
    assert asked(hive, "remove", "some")[-1]["state"] == "done"
    assert asked(hive, "wait", "1", "2", status=1)[1]["state"] == "failed"
    assert asked(hive, "log", "1")[-1]["stream"] == "end"
    assert len(asked(hive, "jobs", "--follow")) == 5
    job = asked(hive, "install", "--no-wait", "some")[0]["job"]
    hive.hivectl("wait", job)
    hive.catalog.add("endless", pkgbuild("endless", build="sleep 86399"))
    job = hive.install("endless")
    assert asked(hive, "cancel", job.id) == [{"job": job.id}]
    job.wait()


def test_json_of_a_hive_that_is_not_well(hive):
    folder = hive.directory / "denied"
    folder.mkdir()
    (folder / "bwrap").write_text("#!/bin/sh\necho 'bwrap: setting up uid map: Permission denied' >&2\nexit 1\n")
    (folder / "bwrap").chmod(0o755)
    hive.environment["PATH"] = f"{folder}:/usr/bin:/bin"
    hive.catalog.add("some")
    assert asked(hive, "status", status=1)[0]["sandbox_hint"]
    assert asked(hive, "catalog")[0][0]["incompatible_because"]


def test_json_of_a_file_that_is_tried(hive):
    wrong = hive.directory / "wrong.conf"
    wrong.write_text("[Build]\nStepTimeout=soon\n")
    assert asked(hive, "config", "--check", str(wrong), status=1)[0]["valid"] is False
    wrong.write_text("")
    assert asked(hive, "config", "--check", str(wrong))[0] == {"file": str(wrong), "valid": True, "message": ""}


def test_json_of_a_recipe_of_ones_own(hive):
    hive.start()
    file = hive.directory / "PKGBUILD"
    file.write_text(
        pkgbuild(
            "some",
            makedepends=["gcc", "no-such"],
            source=["https://example.org/a.tar.gz", "git+https://example.org/b.git#tag=v1"],
            sha256sums=["SKIP", "SKIP"],
        )
    )
    (report,) = asked(hive, "recipe", "--config", hive.directory / "hive.conf", "--check", file)
    assert report["needs"] and len(report["sources"]) == 2
    file.write_text("pkgname=(")
    assert asked(hive, "recipe", "--config", hive.directory / "hive.conf", "--check", file, status=1)[0]["message"]
