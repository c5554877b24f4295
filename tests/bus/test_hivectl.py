# SPDX-License-Identifier: LGPL-2.1-or-later
"""The command line: what each verb prints into a pipe and as JSON, how it ends, and wrong usage."""

import json
import os
import re
import subprocess

import pytest

from catalog import camel, pkgbuild
from hivectl import SGR, Terminal, endless, latest_job, lines_of_json
from verbs import VERBS

# verbs


def test_catalog_is_a_table_and_json(hive):
    hive.catalog.add("some", description="One of them")
    hive.catalog.add("other", version="2.0", worker_type="cuda", architectures=["riscv64"])
    lines = hive.hivectl("catalog").stdout.splitlines()
    assert lines[0].split() == ["ID", "VERSION", "BACKEND", "FITS", "DESCRIPTION"]
    assert [line.split()[:4] for line in lines[1:3]] == [["some", "1.0", "cpu", "yes"], ["other", "2.0", "cuda", "no"]]
    assert lines[3:] == ["", f"other: It is made for riscv64, and this machine is {os.uname().machine}."]
    assert lines[1].endswith("One of them")
    starts = [lines[0].index(word) for word in lines[0].split()]
    assert all(line[start - 1] == " " != line[start] for line in lines[:3] for start in starts[1:])
    workers = json.loads(hive.hivectl("catalog", "--json").stdout)
    assert [(worker["id"], worker["compatible"]) for worker in workers] == [("some", True), ("other", False)]


def test_catalog_for_programs_without_json_says_what_json_says(hive):
    hive.catalog.add("some", description="One of them", depends=["there-is-no-such-program"])
    hive.catalog.add("several")
    (hive.catalog.folder("several") / "worker.json").write_text(json.dumps(camel("several", "cpu", "cuda")))
    hive.catalog.add("other", worker_type="cuda", architectures=["riscv64"])
    rows = [line.split("\t") for line in hive.hivectl("catalog", "--plain").stdout.splitlines()]
    workers = json.loads(hive.hivectl("catalog", "--json").stdout)
    assert {worker["id"]: len(worker["backends"]) for worker in workers} == {"some": 1, "several": 2, "other": 1}
    for row, worker in zip(rows, workers, strict=True):
        fits = "no" if not worker["compatible"] else f"lacks {worker['missing'][0]}" if worker["missing"] else "yes"
        assert row == [worker["id"], worker["version"], ",".join(worker["backends"]), fits, worker["description"], worker["catalog"]]


def test_catalog_over_http(hive, http_catalog):
    http_catalog.add("some")
    assert hive.hivectl("catalog").stdout.splitlines()[1].split()[0] == "some"
    assert hive.hivectl("install", "some").stdout.splitlines()[-1] == "[DONE]"


def test_catalog_that_is_gone_says_so(hive):
    hive.configure("Catalog", URL="http://127.0.0.1:1/nothing")
    done = hive.hivectl("catalog", status=1)
    assert done.stdout == "" and done.stderr.startswith("hivectl: ") and "127.0.0.1:1" in done.stderr


def test_show(hive):
    hive.catalog.add("some", depends=["gcc", "bash"])
    fields = dict(re.split(r":\s+", line, maxsplit=1) for line in hive.hivectl("show", "some").stdout.splitlines())
    assert fields["Worker"] == "some" and fields["Version"] == "1.0" and fields["Needs"] == "gcc bash" and fields["Fits this machine"] == "yes"
    assert "Installed" not in fields
    hive.installs("some")
    assert "Installed:" in hive.hivectl("show", "some").stdout
    assert json.loads(hive.hivectl("show", "some", "--json").stdout)["depends"] == ["gcc", "bash"]
    assert "nope" in hive.hivectl("show", "nope", status=3).stderr
    assert "no..pe" in hive.hivectl("show", "no..pe", status=2).stderr


def test_recipe_is_the_file_in_a_pipe_and_visible_on_a_terminal(hive):
    recipe = pkgbuild("some", extra="# \x1b[8mhidden\x1b[0m \u202eturned\ttab")
    hive.catalog.add("some", recipe)
    assert hive.hivectl("recipe", "some").stdout == recipe
    assert json.loads(hive.hivectl("recipe", "some", "--json").stdout) == {"id": "some", "pkgbuild": recipe}
    with Terminal(hive, "recipe", "some") as terminal:
        assert terminal.end() == 0
    assert "# ^[[8mhidden^[[0m <U+202E>turned\ttab" in terminal.shown
    assert "\x1b" not in terminal.shown
    assert hive.hivectl("recipe", "nope", status=3).stdout == ""
    assert "source" in hive.hivectl("recipe", "some", "--source", "sideways", status=2).stderr


def test_install_list_verify_and_remove(hive):
    hive.catalog.add("some", pkgbuild("some", build="echo to out\necho to err >&2\nprintf '\\033[35mviolet\\033[0m\\n'"))
    done = hive.hivectl("install", "some")
    job = latest_job(hive)
    assert "\x1b" not in done.stdout and "\r" not in done.stdout and done.stderr == ""
    assert done.stdout.splitlines() == [SGR.sub("", line) for line in job.lines()]
    assert {"to out", "to err", "violet"} <= set(done.stdout.splitlines())
    assert done.stdout.splitlines()[-1] == "[DONE]"

    header, row = hive.hivectl("list").stdout.splitlines()
    assert header.split() == ["ID", "VERSION", "SIZE", "INSTALLED", "PATH"]
    assert re.fullmatch(rf"some +1\.0-1 +\d+ B +\d{{4}}-\d\d-\d\d \d\d:\d\d +{hive.installed('/usr/local/bin/some')}", row)
    assert json.loads(hive.hivectl("list", "--json").stdout)[0]["id"] == "some"
    assert hive.hivectl("verify").stdout == "some: OK\n"
    assert hive.hivectl("verify", "some").stdout == "OK\n"

    assert hive.hivectl("remove", "some").stdout.splitlines()[-1] == "[DONE]"
    assert hive.hivectl("list").stdout == "No worker is installed. See: hivectl catalog\n"
    hive.nothing_left()


def test_plain_lists_are_for_programs(hive):
    hive.catalog.add("some", description="One\tof\nthem")
    hive.catalog.add("other", version="2.0", worker_type="cuda", architectures=["riscv64"], description="")
    hive.installs("some")
    assert hive.hivectl("catalog", "--plain").stdout == "some\t1.0\tcpu\tyes\tOne of them\tdefault\nother\t2.0\tcuda\tno\t\tdefault\n"
    (row,) = hive.hivectl("list", "--plain").stdout.splitlines()
    assert row.split("\t")[:2] == ["some", "1.0-1"] and row.split("\t")[4] == str(hive.installed("/usr/local/bin/some"))
    (row,) = hive.hivectl("jobs", "--plain", "--all").stdout.splitlines()
    assert row.split("\t")[:4] == ["1", "install", "some", "done"]
    hive.removes("some")
    assert hive.hivectl("list", "--plain").stdout == ""
    assert "--plain" in hive.hivectl("list", "--plain", "--json", status=2).stderr
    assert "--plain" in hive.hivectl("status", "--plain", status=2).stderr


def test_nothing_is_said_in_words_and_as_empty_json(hive):
    for verb, words in (
        ("list", "No worker is installed"),
        ("catalog", "The catalog is empty"),
        ("jobs", "There was no job"),
        ("verify", "No worker is installed"),
    ):
        assert words in hive.hivectl(verb).stdout, verb
        assert json.loads(hive.hivectl(verb, "--json").stdout) == []


def test_verify_names_what_is_wrong(hive):
    hive.catalog.add(
        "some",
        pkgbuild("some", package='for name in a b; do install -Dm755 /dev/null "$pkgdir/usr/local/bin/$name"; done'),
        install_path="/usr/local/bin/a",
        binary_name="a",
    )
    hive.catalog.add("well")
    hive.installs("some")
    hive.installs("well")
    changed, missing = hive.installed("/usr/local/bin/a"), hive.installed("/usr/local/bin/b")
    changed.write_text("changed")
    missing.unlink()
    assert set(hive.hivectl("verify", "some", status=7).stdout.splitlines()) == {f"changed {changed}", f"missing {missing}"}
    assert set(hive.hivectl("verify", status=7).stdout.splitlines()) == {f"some: changed {changed}", f"some: missing {missing}", "well: OK"}
    assert hive.hivectl("verify", "--quiet", status=7).stdout == ""
    some, well = json.loads(hive.hivectl("verify", "--json", status=7).stdout)
    assert {(problem["path"], problem["problem"]) for problem in some["problems"]} == {(str(changed), "changed"), (str(missing), "missing")}
    assert well == {"id": "well", "problems": []}
    assert "nope is not installed" in hive.hivectl("verify", "nope", status=3).stderr


def test_install_json_has_each_record_and_then_the_outcome(hive):
    hive.catalog.add("some")
    hive.catalog.add("bad", pkgbuild("bad", build="false"))
    *records, outcome = lines_of_json(hive.hivectl("install", "some", "--json").stdout)
    job = latest_job(hive)
    assert [(record["cursor"], record["phase"], record["stream"], record["text"]) for record in records] == [
        (record.cursor, record.phase, record.stream, record.text) for record in job.records()
    ]
    assert [record["time"] for record in records] == [record.time for record in job.read_log()[0]]
    assert outcome == {"job": job.id, "worker": "some", "state": "done", "error": "", "message": ""}
    *_, outcome = lines_of_json(hive.hivectl("install", "bad", "--json", status=1).stdout)
    assert (outcome["worker"], outcome["state"], outcome["error"]) == ("bad", "failed", "BuildFailed") and outcome["message"]


def test_install_options_reach_the_hive(hive):
    hive.catalog.add("some", pkgbuild("some", extra="check() { echo checked; }"))
    assert "checked" not in hive.hivectl("install", "some").stdout
    assert "checked" not in hive.hivectl("install", "some", "--check").stdout  # it is installed
    assert "checked" in hive.hivectl("--check", "install", "some", "--reinstall").stdout
    assert "source" in hive.hivectl("install", "some", "--source", "sideways", status=2).stderr
    assert "backend" in hive.hivectl("install", "some", "--backend", "../x", status=2).stderr


def test_install_that_fails_ends_with_why_and_the_status_for_it(hive):
    hive.catalog.add("bad", pkgbuild("bad", build="false"))
    hive.catalog.add("needy", pkgbuild("needy", makedepends=["libno-such.so"]))
    for worker, status in (("bad", 1), ("needy", 1), ("nope", 3)):
        done = hive.hivectl("install", worker, status=status)
        hint = "hivectl: 'hivectl install --install-dependencies needy' installs what is missing too\n" if worker == "needy" else ""
        assert done.stdout.splitlines()[-1] == "[ERROR] " + latest_job(hive).get("ErrorMessage")
        assert done.stderr == hint
        done = hive.hivectl("install", worker, "--quiet", status=status)
        assert (done.stdout, done.stderr) == ("", "hivectl: " + latest_job(hive).get("ErrorMessage") + "\n")


def test_several_workers_are_headed_and_the_first_failure_counts(hive):
    hive.catalog.add("a")
    hive.catalog.add("b", pkgbuild("b", build="false"))
    done = hive.hivectl("install", "a", "nope", "no..pe", "b", status=3)
    assert "no..pe" in done.stderr
    parts = re.split(r"^(?:\n)?(a|nope|b)\n", done.stdout, flags=re.MULTILINE)
    assert parts[1::2] == ["a", "nope", "b"]
    assert [part.strip().splitlines()[-1].split()[0] for part in parts[2::2]] == ["[DONE]", "[ERROR]", "[ERROR]"]
    assert hive.hivectl("remove", "a", "b", status=3).stdout.splitlines()[-1] == "[DONE]"


def test_no_wait_prints_ids(hive):
    endless(hive, "a")
    endless(hive, "b")
    done = hive.hivectl("install", "--no-wait", "a", "b")
    ids = done.stdout.split()
    assert len(ids) == 2 and done.stderr == ""
    assert lines_of_json(hive.hivectl("install", "--no-wait", "--json", "a").stdout) == [{"job": ids[0], "worker": "a"}]
    for job in ids:
        assert job in hive.hivectl("cancel", job).stdout
        assert hive.hivectl("log", job, "--follow", status=6).stdout.splitlines()[-1] == "[CANCELLED]"
        assert hive.hivectl("log", job).stdout.splitlines()[-1] == "[CANCELLED]"


def test_cancel_says_why_not(hive):
    hive.catalog.add("some")
    hive.installs("some")
    assert "ended already" in hive.hivectl("cancel", "1", status=4).stderr
    assert "no job 99" in hive.hivectl("cancel", "99", status=3).stderr


def test_busy_is_refused(hive):
    job = hive.install(endless(hive))
    done = hive.hivectl("install", "endless", "--reinstall", status=4)
    assert f"job {job.id}" in done.stderr and done.stdout == ""
    job.cancel()
    job.wait()


@pytest.mark.root
def test_what_others_may_not_is_refused(hive):
    hive.catalog.add("there")
    hive.installs("there")
    job = hive.install(endless(hive))
    for arguments in (("install", "endless"), ("remove", "there"), ("cancel", job.id)):
        done = hive.hivectl(*arguments, status=4, user=65534, group=65534, extra_groups=[])
        assert "Only" in done.stderr
    job.wait_for_line("started")
    assert "started" in hive.hivectl("log", job.id, user=65534, group=65534, extra_groups=[]).stdout
    job.cancel()
    job.wait()


def test_capabilities(hive):
    hive.catalog.add("some")
    hive.installs("some")
    text = hive.hivectl("capabilities").stdout
    assert "CPU-0" in text and str(hive.installed("/usr/local/bin/some")) in text
    assert json.loads(hive.hivectl("capabilities", "--json").stdout) == hive.call("GetCapabilities")


# wrong usage, help, no hive


@pytest.mark.parametrize(
    "arguments, named, hint",
    [
        ((), "Usage:", "hivectl --help"),
        (("frobnicate",), "frobnicate", "hivectl --help"),
        (("--frobnicate", "list"), "--frobnicate", "hivectl list --help"),
        (("list", "-z"), "-z", "hivectl list --help"),
        (("install",), "WORKER", "hivectl install --help"),
        (("log", "--follow"), "JOB", "hivectl log --help"),
        (("log", "1", "2"), "'2'", "hivectl log --help"),
        (("list", "surplus"), "'surplus'", "hivectl list --help"),
        (("list", "--follow"), "--follow", "hivectl list --help"),
        (("remove", "some", "--check"), "--check", "hivectl remove --help"),
        (("list", "--color=sometimes"), "'sometimes'", "hivectl list --help"),
        (("list", "--json=yes"), "--json", "hivectl list --help"),
        (("install", "some", "--source"), "--source", "hivectl install --help"),
        (("--host",), "--host", "hivectl --help"),
        (("show", b"\xff"), "UTF-8", "hivectl show --help"),
    ],
    ids=lambda value: None if isinstance(value, str) else " ".join(str(word) for word in value) or "nothing",
)
def test_wrong_usage_is_named(build, arguments, named, hint):
    done = subprocess.run([build.bin / "hivectl", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert done.returncode == 2 and done.stdout == b""
    message, tail = done.stderr.decode().rstrip("\n").rsplit("\n", 1)
    assert named in message and tail == f"Try '{hint}'"
    assert not arguments or "\n" not in message


def test_help_of_everything_and_of_each_verb(build):
    def text(*arguments):
        done = subprocess.run([build.bin / "hivectl", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout

    whole = text("--help")
    assert "Exit status:" in whole and all(re.search(rf"^  {number} ", whole, re.MULTILINE) for number in (0, 1, 2, 3, 4, 5, 6, 7, 130))
    for verb in VERBS:
        assert re.search(rf"^  {verb} ", whole, re.MULTILINE)
        help_ = text(verb, "--help")
        assert help_ == text("--help", verb)
        assert f"hivectl {verb} [OPTION…]" in help_ and re.search(rf"Example:\n  hivectl {verb}", help_)
        assert max(map(len, help_.splitlines())) <= 80
    assert re.fullmatch(r"hivectl \d+\.\d+\.\d+\n", text("--version"))


def test_options_stand_anywhere(hive):
    hive.catalog.add("some")
    for arguments in (
        ("--json", "show", "some"),
        ("show", "--json", "some"),
        ("show", "some", "--json"),
        ("--", "show", "some"),
        ("--json", "--", "show", "some"),
    ):
        assert "some" in hive.hivectl(*arguments).stdout


def test_no_hive_or_no_bus_says_what_to_do(hive, build):
    hive.start_bus()
    for address, why in ((hive.address, "org.rbee.Hive"), ("unix:path=/nonexistent/bus", "No such file")):
        for verb in (["status"], ["list", "--json"], ["install", "some"], ["log", "1"], ["recipe", "some"]):
            done = subprocess.run(
                [build.bin / "hivectl", *verb],
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                env=dict(os.environ, DBUS_SYSTEM_BUS_ADDRESS=address),
            )
            assert done.returncode == 5 and done.stdout == ""
            assert (
                address in done.stderr and why in done.stderr and "systemctl status rbee-hived" in done.stderr and "tools/try --keep" in done.stderr
            )


def test_dots_are_three_where_the_locale_has_no_others(hive):
    for arguments, status in ((("--help",), 0), ((), 2), (("remove", "--help"), 0)):
        done = hive.hivectl(*arguments, status=status, env={"LC_ALL": "C"})
        assert "..." in done.stdout + done.stderr and "…" not in done.stdout + done.stderr
