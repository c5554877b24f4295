# SPDX-License-Identifier: LGPL-2.1-or-later
"""What hivectl writes: whole in a pipe, fitted to a terminal, through a pager, and onto a full disk."""

import os
import re
import shutil
import signal
import subprocess

import pytest

from catalog import pkgbuild
from hivectl import ERASE, SGR, Terminal, latest_job
from waiting import LEAST


def test_full_disk_is_said(hive):
    hive.catalog.add("some")
    hive.installs("some")
    for arguments in (("list",), ("log", "1"), ("jobs", "--json")):
        with open("/dev/full", "w") as full:
            done = subprocess.run(
                [hive.build.bin / "hivectl", *arguments], stdout=full, stderr=subprocess.PIPE, text=True, env=hive.command_environment()
            )
        assert done.returncode == 1 and "No space left on device" in done.stderr


def test_reader_that_stops_ends_it_quietly(hive):
    hive.catalog.add("noisy", pkgbuild("noisy", build="seq 200000"))
    hive.installs("noisy")
    process = hive.spawn(hive.build.bin / "hivectl", "log", "1", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr.read() == b""
    assert process.wait(LEAST) == -signal.SIGPIPE


def test_long_logs_are_whole(hive):
    hive.catalog.add("noisy", pkgbuild("noisy", build="seq 300000"))
    done = hive.hivectl("install", "noisy")
    assert [line for line in done.stdout.splitlines() if line.isdigit()] == [str(number) for number in range(1, 300001)]


def test_tables_fit_a_terminal_and_are_whole_in_a_pipe(hive):
    description = "A worker of which there is much to say, far more than fits into a line"
    hive.catalog.add("some", description=description)
    with Terminal(hive, "catalog", columns=60) as terminal:
        assert terminal.end() == 0
    lines = [line for line in terminal.lines() if line]
    assert lines[1].endswith("…") and max(map(len, lines)) == 60
    assert terminal.shown.startswith("\x1b[1mID")
    assert description in hive.hivectl("catalog").stdout


def test_colors_on_a_terminal_alone(hive):
    hive.catalog.add("some", pkgbuild("some", build="printf '\\033[35mviolet\\n'"))
    with Terminal(hive, "install", "some") as terminal:
        assert terminal.end() == 0
    assert "\x1b[32m✓\x1b[0m Build complete" in terminal.shown
    assert "\x1b[35mviolet\x1b[0m\r\n" in terminal.shown
    assert "\x1b[32m[DONE]\x1b[0m" in terminal.shown
    assert terminal.lines()[-2:] == ["[DONE]", ""]
    assert [line for line in terminal.lines() if line] == [SGR.sub("", line) for line in latest_job(hive).lines()]

    with Terminal(hive, "log", "1", NO_COLOR="1") as terminal:
        assert terminal.end() == 0
    assert not SGR.search(terminal.shown)
    with Terminal(hive, "log", "1", "--color=never") as terminal:
        assert terminal.end() == 0
    assert not SGR.search(terminal.shown)
    assert "\x1b[32m✓\x1b[0m Build complete" in hive.hivectl("log", "1", "--color=always").stdout


def test_status_line_fits_the_terminal_and_is_erased(hive):
    hive.catalog.add("some", pkgbuild("some", build="for i in 1 2 3 4 5 6; do printf '%d%%\\r' $((i * 10)); sleep 0.3; done; echo"))
    with Terminal(hive, "install", "some", columns=12) as terminal:
        assert terminal.end() == 0
    drawn = re.findall(r"\r\x1b\[K([^\r\n\x1b]+)", terminal.shown)
    assert any(re.match(r"build  \d+s", line) for line in drawn), drawn
    assert max(map(len, drawn)) <= 11
    assert not any(line.startswith("build  ") for line in terminal.lines())
    for option in ("--quiet", "--json"):
        with Terminal(hive, "install", "some", "--reinstall", option) as terminal:
            assert terminal.end() == 0
        assert ERASE not in terminal.shown


# the pager


@pytest.fixture
def long_log(hive):
    """A job whose log is longer than a terminal."""
    if not shutil.which("less"):
        pytest.skip("less is not installed here")
    hive.catalog.add("some", pkgbuild("some", build="seq 1000 2999"))
    hive.installs("some")


def test_long_output_goes_through_less_and_short_output_past_it(hive, long_log):
    with Terminal(hive, "log", "1", SYSTEMD_PAGER="less") as terminal:
        terminal.wait_for("1001")
        assert "[DONE]" not in terminal.shown and terminal.status is None
        terminal.type("G")
        terminal.wait_for("[DONE]")
        terminal.type("q")
        assert terminal.end() == 0
    with Terminal(hive, "list", SYSTEMD_PAGER="less") as terminal:
        assert terminal.end() == 0
    assert "some" in terminal.shown and "\x1b[1mID" in terminal.shown


def test_pager_that_is_left_early_or_by_ctrl_c_ends_hivectl_without_a_word(hive, long_log):
    hive.catalog.add("noisy", pkgbuild("noisy", build="seq 1000 200000"))
    hive.installs("noisy")
    for key in ("q", "\x03"):
        with Terminal(hive, "log", "2", SYSTEMD_PAGER="less") as terminal:
            terminal.wait_for("lines 1-")
            terminal.type(key)
            while not terminal.has_ended():  # less passes over a Ctrl-C that comes while it draws
                terminal.type(key)
            assert terminal.end() == 0
        assert "hivectl:" not in terminal.shown


@pytest.mark.parametrize(
    "arguments, environment",
    [
        (["--no-pager"], {"SYSTEMD_PAGER": "less"}),
        ([], {"SYSTEMD_PAGER": ""}),
        ([], {"SYSTEMD_PAGER": "cat"}),
        ([], {"SYSTEMD_PAGER": "less", "TERM": "dumb"}),
        (["--follow"], {"SYSTEMD_PAGER": "less"}),
    ],
    ids=["option", "empty", "cat", "dumb", "follow"],
)
def test_no_pager_where_none_is_wanted(hive, long_log, arguments, environment):
    with Terminal(hive, "log", "1", *arguments, **environment) as terminal:
        assert terminal.end() == 0
    assert "2999" in terminal.shown


def test_pager_of_the_environment_is_a_program_with_arguments_and_no_shells_text(hive, long_log):
    with Terminal(hive, "list", SYSTEMD_PAGER="sed 's/^/told: /'", PAGER="false", SYSTEMD_PAGERSECURE="0") as terminal:
        assert terminal.end() == 0
    assert "told: some" in SGR.sub("", terminal.shown)
    with Terminal(hive, "list", SYSTEMD_PAGER="sed s/^/told:/ ; touch touched", SYSTEMD_PAGERSECURE="0") as terminal:
        terminal.end()
    assert not os.path.exists("touched")
    with Terminal(hive, "verify", SYSTEMD_PAGER="no-such-pager", SYSTEMD_PAGERSECURE="0") as terminal:
        assert terminal.end() == 0
    assert "some: OK" in SGR.sub("", terminal.shown)


def test_pager_of_another_user_is_less_that_starts_no_shell(hive, long_log):
    """As by sudo: nobody is logged in as the one who runs it."""
    with Terminal(hive, "log", "1", SYSTEMD_PAGER="sed s/^/told:/", SUDO_UID="1000") as terminal:
        terminal.wait_for("1001")
        terminal.type("!")
        terminal.wait_for("Command not available")
        terminal.type("\nq")
        assert terminal.end() == 0
    assert "told:" not in terminal.shown and not os.path.exists("touched")
    hive.installed("/usr/local/bin/some").write_text("changed")
    with Terminal(hive, "verify", SUDO_UID="1000", SYSTEMD_PAGER="less") as terminal:
        assert terminal.end() == 7
