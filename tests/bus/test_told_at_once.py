# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a person is told before long work: a backend that this machine cannot run, a cancel that takes a while, a recipe that wants what it
cannot have while it is read."""

import subprocess

import pytest

from catalog import HttpCatalog, pkgbuild
from test_catalogs import camel, notes


@pytest.fixture
def variants(hive):
    """A worker for the processor and for NVIDIA's cards, which this machine has none of."""
    catalog = HttpCatalog()
    catalog.answers["/workers/both"] = catalog.json(camel("both", "cpu", "cuda"))
    for backend in ("cpu", "cuda"):
        catalog.answers[f"/both-{backend}-bin"] = (200, "text/plain", pkgbuild("both").encode())
    hive.configure("Catalog", URL=catalog.url)
    hive.call("GetCapabilities")
    yield hive
    catalog.close()


def test_chosen_variant_that_this_machine_cannot_run_is_warned_of(variants):
    warned = [note for note in notes(variants.installs("both", backend="cuda")) if note.startswith("⚠ It is made for cuda, and ")]
    assert len(warned) == 1
    assert not [note for note in notes(variants.installs("both", backend="cpu", reinstall=True)) if note.startswith("⚠")]


def test_features_of_the_chosen_variant_reach_the_recipe(hive):
    catalog = HttpCatalog()
    whole = camel("both", "cpu")
    whole["variants"][0]["build"] = {"features": ["cpu", "mkl"]}
    catalog.answers["/workers/both"] = catalog.json(whole)
    catalog.answers["/both-cpu-bin"] = (200, "text/plain", pkgbuild("both", build='echo "features: $RBEE_FEATURES"').encode())
    hive.configure("Catalog", URL=catalog.url)
    assert "features: cpu,mkl" in hive.installs("both").lines()
    catalog.close()


def test_show_says_what_a_variant_is(variants):
    shown = variants.hivectl("show", "both", "--backend", "cuda").stdout
    assert "Why not" in shown and "cuda" in shown
    assert "Why not" not in variants.hivectl("show", "both").stdout
    refused = variants.hivectl("show", "both", "--backend", "rocm", status=2)
    assert 'has no backend "rocm"; it has: cpu, cuda' in refused.stderr


def test_cancel_says_at_once_that_it_tidies_up_and_what_it_waits_for(hive):
    hive.catalog.add("long", pkgbuild("long", build="echo started\nsleep 86398"))
    job = hive.install("long")
    job.wait_for_line("started")
    job.cancel()
    assert "🛑 Cancelled; tidying up when the build phase has ended" in job.lines()
    assert job.wait().result == "cancelled" and job.lines()[-1] == "[CANCELLED]"


def test_recipe_of_a_catalog_that_reads_a_file_outside_its_folder_is_refused(hive):
    hive.catalog.add("some", "source ../shared/names.bash\n" + pkgbuild("some"))
    (hive.catalog.directory / "workers" / "shared").mkdir()
    (hive.catalog.directory / "workers" / "shared" / "names.bash").write_text("depends=(x)\n")
    job = hive.refuses("some", "RecipeInvalid", "../shared/names.bash", "write what it needs into it")
    assert any("No such file or directory" in line for line in job.lines())


def test_recipe_that_asks_the_network_while_it_is_read_is_told(hive):
    hive.catalog.add("some", pkgbuild("some") + "_newest=$(curl -fsS http://example.invalid/ 2>/dev/null || echo 1)\n")
    assert any("recipes are read without one" in note for note in notes(hive.installs("some")))
    hive.catalog.add("some", pkgbuild("some") + "pkgver=$(curl -fsS http://example.invalid/)\n")
    hive.refuses("some", "RecipeInvalid", "recipes are read without one", reinstall=True)


def test_variables_of_the_administrator_reach_the_recipe_and_its_functions(hive):
    hive.configuration["Recipe"] = {"Environment": "MINGW_PACKAGE_PREFIX=mingw-w64-x86_64;MSYSTEM=UCRT64=x"}
    hive.catalog.add("some", pkgbuild("some", extra="_top=$MINGW_PACKAGE_PREFIX", build='echo "$_top in $MSYSTEM"'))
    assert "mingw-w64-x86_64 in UCRT64=x" in hive.installs("some").lines()


@pytest.mark.parametrize("value", ["x", "1A=x", "PATH=/x", "LD_PRELOAD=/x.so", "BASH_ENV=/x", "startdir=/x", "A B=x"])
def test_variables_that_are_none_are_refused(build, tmp_path, value):
    (tmp_path / "hive.conf").write_text(f"[Recipe]\nEnvironment={value}\n")
    done = subprocess.run(
        [build.libexec / "rbee-hive-builder", "--config", tmp_path / "hive.conf", "--query", "devices"], stderr=subprocess.PIPE, text=True
    )
    assert done.returncode == 1 and f'"{value}" is not a value for Environment= in [Recipe]' in done.stderr
