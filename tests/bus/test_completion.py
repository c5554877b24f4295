# SPDX-License-Identifier: LGPL-2.1-or-later
"""Completion of hivectl's command line in bash, zsh and fish: each shell itself is asked, on a terminal where it needs one, and the
names come from a hive that runs."""

import contextlib
import os
import pty
import re
import select
import shutil
import signal
import time

import pytest

from catalog import pkgbuild
from verbs import VERBS
from waiting import LEAST

pytestmark = pytest.mark.plain

# Each writes what it offers into $OUT/offered, and at Ctrl-G the line as it is by then into $OUT/line.
BASH = r"""
PS1='READY> '
. "$COMPLETION"
spy() { _hivectl "$@"; printf '%s\n' "${COMPREPLY[@]}" >"$OUT/offered"; }
complete -F spy hivectl
dump() { printf '%s' "$READLINE_LINE" >"$OUT/line.new"; mv "$OUT/line.new" "$OUT/line"; READLINE_LINE='' READLINE_POINT=0; }
bind -x '"\C-g": dump'
bind 'set page-completions off'
"""
ZSH = r"""
PS1='READY> '
fpath=(${COMPLETION:h} $fpath)
autoload -Uz compinit && compinit -u -D
compadd() {
  local -a offered
  if [[ ${@[1,(i)(-|--)]} != *-(O|A|D)\ * ]]; then
    builtin compadd -A offered "$@"
    (( $#offered )) && print -rl -- $offered >>$OUT/offered
  fi
  builtin compadd "$@"
}
dump() { print -rn -- $BUFFER >$OUT/line.new; mv $OUT/line.new $OUT/line; BUFFER='' }
zle -N dump && bindkey '^G' dump
"""


class Terminal:
    """bash or zsh on a terminal."""

    def __init__(self, hive, program, completion, environment):
        self.hive, self.screen = hive, ""
        self.folder = hive.directory / "shell"
        self.folder.mkdir()
        rc = self.folder / (".zshrc" if program == "zsh" else "bashrc")
        rc.write_text(ZSH if program == "zsh" else BASH)
        arguments = ["zsh", "-d", "-i"] if program == "zsh" else ["bash", "--noprofile", "--rcfile", str(rc), "-i"]
        environment = dict(environment, OUT=str(self.folder), COMPLETION=str(completion), ZDOTDIR=str(self.folder), TERM="dumb", INPUTRC="/dev/null")
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.chdir(self.folder)
            os.execvpe(program, arguments, environment)
        self.wait(lambda: "READY> " in self.screen)

    def wait(self, condition):
        deadline = time.monotonic() + LEAST * self.hive.patience
        while not condition():
            assert time.monotonic() < deadline, f"it does not come back; on the terminal is:\n{self.screen}"
            if select.select([self.fd], [], [], 0.02)[0]:
                self.screen += os.read(self.fd, 65536).decode(errors="replace")

    def complete(self, text):
        """Types @text and Tab: what is offered, in its order, and the line as it is then."""
        line, offered = self.folder / "line", self.folder / "offered"
        for path in (line, offered):
            path.unlink(missing_ok=True)
        os.write(self.fd, text.encode() + b"\t\x07")
        self.wait(line.exists)
        words = offered.read_text().splitlines() if offered.exists() else []
        return list(dict.fromkeys(word for word in words if word)), line.read_text()

    def offers(self, text):
        return self.complete(text)[0]

    def close(self):
        os.close(self.fd)
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)


class Fish:
    """fish, which tells by itself what it would offer."""

    def __init__(self, hive, completion, environment):
        self.hive, self.completion, self.screen = hive, completion, ""
        self.folder = hive.directory / "shell"
        self.folder.mkdir()
        self.environment = dict(environment, HOME=str(self.folder))

    def offers(self, text):
        done = self.hive.run(
            "fish",
            "--no-config",
            "--private",
            "-c",
            "set -p fish_complete_path $argv[1]; complete -C $argv[2]",
            self.completion.parent,
            text,
            env=self.environment,
            cwd=self.folder,
        )
        self.screen += done.stderr
        return [line.split("\t")[0].rpartition("=")[2] for line in done.stdout.splitlines()]

    def close(self):
        pass


@pytest.fixture(params=["bash", "zsh", "fish"])
def make_shell(request, hive, build):
    """A shell that knows the installed completion; with another environment or another hivectl if told so."""
    if not shutil.which(request.param):
        pytest.skip(f"{request.param} is not installed here")
    part = {"bash": "bash-completion/completions/hivectl", "zsh": "zsh/*/_hivectl", "fish": "fish/vendor_completions.d/hivectl.fish"}[request.param]
    (completion,) = build.path(build.options["prefix"], build.options["datadir"]).glob(part)
    shells = []

    def make(program=None, **changes):
        environment = dict(hive.command_environment(), **changes)
        folder = hive.directory / "programs"
        folder.mkdir()
        # A person is given the two seconds of the completion; a machine that others load, as long as it takes.
        for name, text in (program or {"timeout": 'shift\nexec "$@"\n'}).items():
            (folder / name).write_text("#!/bin/sh\n" + text)
            (folder / name).chmod(0o755)
        environment["PATH"] = f"{folder}:{environment['PATH']}"
        if request.param == "fish":
            shells.append(Fish(hive, completion, environment))
        else:
            shells.append(Terminal(hive, request.param, completion, environment))
        return shells[-1]

    yield make
    for shell in shells:
        shell.close()


def long_options(text):
    return set(re.findall(r"^  (?:-\w, )?(--[a-z-]+)", text, re.MULTILINE))


def test_verbs_and_their_options_are_those_of_the_help(hive, make_shell):
    shell = make_shell()
    assert set(shell.offers("hivectl ")) == set(VERBS)
    assert shell.offers("hivectl ver") == ["verify"]
    assert shell.offers("hivectl --host me@there canc") == ["cancel"]
    assert set(shell.offers("hivectl --")) >= {"--host", "--json", "--color", "--version", "--help"}
    for verb in VERBS:
        assert set(shell.offers(f"hivectl {verb} --")) == long_options(hive.hivectl(verb, "--help").stdout), verb


def test_values_of_options(hive, make_shell):
    hive.catalog.add("some")
    hive.catalog.add("other", worker_type="cuda")
    shell = make_shell()
    for start in ("hivectl --color ", "hivectl list --color="):
        assert set(shell.offers(start)) == {"auto", "always", "never"}
    for start in ("hivectl install --source ", "hivectl recipe some --source="):
        assert set(shell.offers(start)) == {"binary", "git"}
    assert shell.offers("hivectl install --source=b") == ["binary"]
    for start in ("hivectl install --backend ", "hivectl recipe --backend="):
        assert set(shell.offers(start)) == {"cpu", "cuda"}
    assert shell.offers("hivectl install other --backend ") == ["cuda"]


def test_workers_of_the_catalog_and_installed_ones(hive, make_shell):
    for name in ("some", "some-more", "other"):
        hive.catalog.add(name)
    shell = make_shell()
    assert shell.offers("hivectl remove ") == []
    for name in ("some", "other"):
        hive.installs(name)
    for verb in ("install", "show", "recipe"):
        assert set(shell.offers(f"hivectl {verb} ")) == {"some", "some-more", "other"}
    assert set(shell.offers("hivectl --json show --color never so")) == {"some", "some-more"}
    for verb in ("remove", "verify"):
        assert set(shell.offers(f"hivectl {verb} ")) == {"some", "other"}
    assert set(shell.offers("hivectl install --check some ")) == {"some-more", "other"}
    assert shell.offers("hivectl remove other s") == ["some"]
    for verb in ("show", "recipe", "verify"):
        assert not {"some", "some-more", "other"} & set(shell.offers(f"hivectl {verb} some "))


def test_jobs_are_the_newest_first_and_those_to_cancel_active_ones(hive, make_shell):
    hive.configure("Jobs", MaxParallel=1)
    hive.catalog.add("endless", pkgbuild("endless", build="sleep 86399"))
    hive.catalog.add("waiting")
    for _ in range(22):
        hive.install("nope").wait()
    running, queued = hive.install("endless"), hive.install("waiting")
    running.wait_for_state("running")
    newest = int(queued.id)
    shell = make_shell()
    assert shell.offers("hivectl log ") == [str(number) for number in range(newest, newest - 20, -1)]
    assert shell.offers("hivectl log --follow 1") == [str(number) for number in range(newest, 0, -1) if str(number).startswith("1")]
    assert shell.offers("hivectl cancel ") == [queued.id, running.id]
    assert running.id not in shell.offers(f"hivectl cancel {queued.id} ")
    queued.cancel()
    running.cancel()
    running.wait()
    assert shell.offers("hivectl cancel ") == []


@pytest.mark.parametrize("make_shell", ["bash", "zsh"], indirect=True)
def test_what_is_typed_grows_to_what_there_is(hive, make_shell):
    shell = make_shell()
    for name in ("some", "some-more", "other"):
        hive.catalog.add(name)
    for typed, grown in (
        ("hivectl ins", "hivectl install "),
        ("hivectl show so", "hivectl show some"),
        ("hivectl show ot", "hivectl show other "),
        ("hivectl install --source=g", "hivectl install --source=git "),
        ('hivectl show "ot', 'hivectl show "other" '),
        ("true; hivectl -H me@there --color al", "true; hivectl -H me@there --color always "),
        ("hivectl list --pl", "hivectl list --plain "),
    ):
        assert shell.complete(typed)[1] == grown


def test_another_machine_is_not_asked(hive, make_shell):
    hive.catalog.add("some")
    hive.installs("some")
    shell = make_shell({"ssh": f"echo called >>{hive.directory}/ssh-calls\n"})
    for start in (
        "hivectl --host me@there log ",
        "hivectl log -H me@there ",
        "hivectl --host=there remove ",
        "hivectl -H there install ",
        "hivectl -H there install --backend ",
    ):
        assert shell.offers(start) == []
    assert not (hive.directory / "ssh-calls").exists()


def test_no_hive_is_no_word(hive, make_shell):
    shell = make_shell(DBUS_SYSTEM_BUS_ADDRESS="unix:path=/nonexistent/bus")
    for start in ("install ", "remove ", "log ", "cancel ", "install --backend "):
        assert shell.offers("hivectl " + start) == []
    assert shell.offers("hivectl ver") == ["verify"]
    assert "hivectl:" not in shell.screen


def test_hive_that_does_not_answer_is_left_alone_soon(hive, make_shell):
    shell = make_shell({"hivectl": "exec sleep 86399\n"})
    assert shell.offers("hivectl remove ") == []
    assert shell.offers("hivectl list --pl") == ["--plain"]


def test_descriptions_are_only_shown(hive, make_shell):
    hive.catalog.add("some", description="$(touch touched) `touch touched` %F{red} \\n 100% a:b")
    hive.catalog.add("some-more", description="$(touch touched)")
    shell = make_shell()
    assert set(shell.offers("hivectl show so")) == {"some", "some-more"}
    assert set(shell.offers("hivectl install --backend c")) == {"cpu"}
    assert not (shell.folder / "touched").exists()


def test_names_that_are_none_are_left_out(hive, make_shell):
    rows = ["$(touch touched)", "`touch touched`", "-rf", "--all", "a;touch touched", "a b", "*", "_A", "../x", "", "\\$(touch touched)", "fine"]
    text = "".join(f"{row}\t1.0\t{row},cpu\trunning\tx\ty\n" for row in rows)
    (hive.directory / "rows").write_text(text)
    shell = make_shell({"hivectl": f"cat {hive.directory}/rows\n"})
    for start in ("install ", "remove ", "remove a"):
        assert set(shell.offers("hivectl " + start)) <= {"fine"}
    assert "fine" in shell.offers("hivectl install ")
    assert shell.offers("hivectl log ") == [] and shell.offers("hivectl cancel ") == []
    assert set(shell.offers("hivectl install --backend ")) <= {"_A", "cpu", "fine"}
    assert not (shell.folder / "touched").exists()
