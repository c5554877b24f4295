# SPDX-License-Identifier: LGPL-2.1-or-later
"""Each bench runs to its end, at a hundredth of its size. What it measures then says nothing. And what an install and the reading of a recipe take of the
processors, beside makepkg, is held against record.json."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

import pytest

import machine
import registry
import screen
from models import import_obstacle

RUN = pathlib.Path(__file__).resolve().parent / "run"
NAMES = re.findall(r'^    "([a-z-]+)": \w+\.bench_', RUN.read_text(), re.MULTILINE)


def run(name, build, size="0.01", program=RUN):
    environment = dict(os.environ, RBEE_TEST_BUILD=str(build.build))
    done = subprocess.run(
        [sys.executable, program, "--json", "--size", size, name],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("name", NAMES)
def test_bench_runs_to_its_end_and_has_figures(name, build):
    if name in ("recipe", "install", "project") and not shutil.which("makepkg"):
        pytest.skip("there is no makepkg here")
    if name == "import" and (why := import_obstacle()):
        pytest.skip(why)
    if name == "stores":
        if not shutil.which("skopeo"):
            pytest.skip("there is no skopeo here")
        registry.program()
    figures = run(name, build)[name]
    assert figures
    assert all(isinstance(figure, int | float) and figure >= 0 for figure in figures.values()), figures


def test_bench_of_a_worker_that_runs_comes_to_its_end(build):
    """On a machine that it boots. How much later the first byte comes through the address than without it may be less than nothing here."""
    if why := machine.obstacle():
        pytest.skip(why)
    figures = run("running", build, program=RUN.with_name("system"))["running"]
    assert figures.pop("listening_processes") == 0
    figures.pop("first_byte_more_ms")
    assert all(figure > 0 for figure in figures.values()), figures


@pytest.mark.parametrize("name", ["notifier", "window"])
def test_bench_of_the_desktop_comes_to_its_end(name, build):
    for program in (*screen.NEEDS, build.libexec / "rbee-hive-window"):
        if not shutil.which(program):
            pytest.skip(f"{program} is not installed here")
    done = subprocess.run(
        [sys.executable, RUN.with_name("desktop"), "--size=0.01", name],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=dict(os.environ, RBEE_TEST_BUILD=str(build.build)),
    )
    assert done.returncode == 0 and f"{name}: " in done.stdout, done.stdout


RECORD = json.loads((RUN.parent / "record.json").read_text())


@pytest.mark.parametrize("name", RECORD)
def test_hive_takes_no_more_of_the_processors_than_is_on_record(name, build):
    """A share of what makepkg takes in the same run, since times say nothing on a busy machine. Who is slower by a third is so each time."""
    if not shutil.which("makepkg") or build.sanitized:
        pytest.skip("there is no makepkg here, or a sanitizer in the build")
    shares = []
    while len(shares) < 3 and (not shares or shares[-1] > 1.3 * RECORD[name]):
        shares.append(run(name, build, "0.34")[name]["cpu_share_of_makepkg"])
    assert shares[-1] <= 1.3 * RECORD[name], f"{name} takes {shares} of what makepkg does; {RECORD[name]} is on record"


def test_bench_of_sources_runs_to_its_end(build):
    if not shutil.which("makepkg"):
        pytest.skip("there is no makepkg here")
    command = [RUN.parent / "sources", "--megabytes", "4", "--files", "20", "--rounds", "1"]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, env=dict(os.environ, RBEE_TEST_BUILD=str(build.build)))
    assert done.returncode == 0
    assert re.findall(r"^(hive|git clone|makepkg) .* MB$", done.stdout, re.MULTILINE) == ["hive", "git clone", "makepkg"]
