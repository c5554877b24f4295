# SPDX-License-Identifier: LGPL-2.1-or-later
"""What each verb prints with --json is what hivectl.schema.json says. `build` is looked at in tests/recipes, `web` in tests/bridge."""

import json
import re

import pytest

import shapes
from catalog import pkgbuild
from gguf import gguf

pytest.importorskip("jsonschema")


def asked(hive, verb, *arguments, lines=False, status=0):
    text = hive.hivectl(verb, *arguments, "--json", status=status).stdout
    documents = [json.loads(line) for line in text.splitlines()] if lines else [json.loads(text)]
    shapes.check(verb, *documents)
    return documents


def test_each_verb_has_a_shape(hive):
    verbs = re.findall(r"^  ([a-z]+) .*  [A-Z]", hive.hivectl("--help").stdout.partition("Options:")[0], re.MULTILINE)
    assert len(verbs) >= 20 and set(verbs) <= set(shapes.schema()["$defs"])


def test_json_of_what_is_there(hive):
    hive.catalog.add("some", depends=["libc.so.6"])
    hive.catalog.add("other", architectures=["riscv64"])
    hive.installs("some")
    hive.installed("/usr/local/bin/some").write_text("changed")
    (catalog,) = asked(hive, "catalog")
    assert {worker["id"] for worker in catalog} == {"some", "other"}
    for verb in ("list", "jobs", "status", "capabilities", "config"):
        assert asked(hive, verb)[0]
    assert asked(hive, "outdated") == [[]]
    asked(hive, "show", "some")
    assert "pkgname=some" in asked(hive, "recipe", "some")[0]["pkgbuild"]
    assert asked(hive, "verify", status=7)[0][0]["problems"]
    assert asked(hive, "verify", "some", status=7)[0][0]["id"] == "some"


def test_json_of_models(hive):
    folder = hive.directory / "models"
    folder.mkdir()
    (folder / "tiny.gguf").write_bytes(gguf())
    hive.configuration["Models"] = {"Folders": folder}
    assert [model["name"] for model in asked(hive, "models")[0]] == ["tiny"]


def test_json_of_jobs(hive):
    hive.catalog.add("some")
    hive.catalog.add("bad", pkgbuild("bad", build="false"))
    assert asked(hive, "install", "some", lines=True)[-1]["state"] == "done"
    assert asked(hive, "install", "bad", lines=True, status=1)[-1]["error"] == "BuildFailed"
    hive.catalog.add("some", pkgbuild("some", version="2.0"), version="2.0")
    assert asked(hive, "outdated")[0][0]["available"] == "2.0-1"
    assert asked(hive, "upgrade", "some", lines=True)[-1]["state"] == "done"
    assert asked(hive, "rollback", "some", lines=True)[-1]["state"] == "done"
    assert asked(hive, "remove", "some", lines=True)[-1]["state"] == "done"
    assert asked(hive, "wait", "1", "2", lines=True, status=1)[1]["state"] == "failed"
    assert asked(hive, "log", "1", lines=True)[-1]["stream"] == "end"
    assert len(asked(hive, "jobs", "--follow", lines=True)) == 5
    job = asked(hive, "install", "--no-wait", "some", lines=True)[0]["job"]
    hive.hivectl("wait", job)
    hive.catalog.add("endless", pkgbuild("endless", build="sleep 86399"))
    job = hive.install("endless")
    assert asked(hive, "cancel", job.id, lines=True) == [{"job": job.id}]
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
