# SPDX-License-Identifier: LGPL-2.1-or-later
"""hivectl's verbs for workers that run. What each prints with --json is what hivectl.schema.json says."""

import pytest

import shapes
from ports import free_port
from terminal import Terminal
from test_instances import Instances, nothing_runs  # noqa: F401
from waiting import wait_until

pytest.importorskip("jsonschema")


class Shell:
    """A person's, of a machine with workers."""

    def __init__(self, workers):
        self.workers = workers

    def __call__(self, *arguments, **options):
        return self.workers.hive.hivectl(*arguments, **options)

    def json(self, verb, *arguments, **options):
        return shapes.read(verb, self(verb, *arguments, "--json", **options).stdout)


@pytest.fixture(scope="module")
def workers(machine):
    workers = Instances(machine)
    rules = machine.path("/etc/rbee-hive/run.conf")
    rules.write_text(rules.read_text() + "[paged]\nArguments=%p %n\nKeyArguments=%k\nHealth=/health\nWebUI=/chat\n")
    workers.add("paged")
    workers.hive.installs("paged")
    yield workers
    workers.hive.close()


@pytest.fixture
def shell(workers):
    return Shell(workers)


@pytest.fixture
def opened(workers):
    """A folder with an xdg-open that notes in a file what it was to open."""
    folder = workers.machine.path("/run/opener")
    folder.mkdir()
    program, note = folder / "xdg-open", folder / "note"
    program.write_text('#!/bin/sh\necho "$@" >/run/opener/new\nmv /run/opener/new /run/opener/note\n')
    program.chmod(0o755)
    yield note
    for file in (program, note):
        file.unlink(missing_ok=True)
    folder.rmdir()


def test_install_of_what_can_be_run_says_how_to_people_alone(machine, workers, shell):
    for worker, advice in (("paged", "hivectl start paged\r\n"), ("reader", "hivectl start reader --model MODEL")):
        with Terminal(*machine.command("hivectl", "install", worker, "--reinstall"), patience=workers.hive.patience) as terminal:
            assert terminal.end() == 0, terminal.shown
            assert advice in terminal.shown
    assert shell("install", "paged", "--reinstall").stdout.splitlines()[-1] == "[DONE]"


def with_opener(path="/run/opener:/usr/bin:/bin"):
    return {"environment": {"PATH": path}}


def test_worker_is_started_listed_restarted_and_stopped(workers, shell):
    (started,) = shell.json("start", "tester", "--name=told")
    assert started["name"] == "told" and started["state"] == "ready"
    assert [[one["name"] for one in listed] for listed in shell.json("ps")] == [["told"]]
    rows = shell("ps", "--plain").stdout.splitlines()
    assert [row.split("\t")[:3] for row in rows] == [["told", "tester", "ready"]]
    shell("start", "tester", "--name=second", "--quiet")
    assert shell.json("restart", "told", "second") == [{"instance": "told"}, {"instance": "second"}]
    assert shell.json("stop", "told", "nobody", "second", status=3) == [{"instance": "told"}, {"instance": "second"}]
    assert shell.json("ps") == [[]] and "No worker runs" in shell("ps").stdout
    workers.nothing_left("told")


def test_start_that_fails_says_why_and_leaves_nothing(workers, shell):
    failed = shell("start", "tester", "--name=exits", status=1)
    assert "StartFailed" in failed.stderr and "No such tensor" in failed.stderr
    failed = shell("start", "tester", "--name=never-ready", "--start-timeout=2s", status=1)
    assert "StartFailed" in failed.stderr and "within 2 seconds" in failed.stderr
    assert workers.list() == []
    workers.nothing_left("exits")


def test_start_without_waiting_prints_the_name_and_stops_nothing(workers, shell):
    assert shell("start", "tester", "--name=loads", "--no-wait").stdout == "loads\n"
    assert shell.json("start", "tester", "--name=loads-too", "--no-wait")[0]["state"] in ("starting", "ready")
    workers.wait("loads", "ready")


def test_start_takes_a_device_and_goes_without_one_when_it_may(workers, shell):
    assert shell.json("start", "tester", "--name=told", "--device=CPU-0")[0]["device"] == "CPU-0"
    refused = shell("start", "tester", "--name=lost", "--device=GPU-7", status=1)
    assert "There is no device GPU-7" in refused.stderr
    assert shell.json("start", "tester", "--name=free", "--device=GPU-7", "--allow-cpu")[0]["state"] == "ready"
    assert [one["name"] for one in workers.list()] == ["free", "told"]


@pytest.mark.parametrize(
    "arguments, said",
    [
        (("start",), "WORKER"),
        (("start", "tester", "keyless"), "start --help"),
        (("start", "tester", "--context=many"), "--context is a number, not 'many'"),
        (("start", "tester", "--context=0"), "--context is a number, not '0'"),
        (("start", "tester", "--idle-stop=soon"), "--idle-stop is a time, as 10min, not 'soon'"),
        (("start", "tester", "--start-timeout=-1"), "--start-timeout is a time, as 10min, not '-1'"),
        (("start", "tester", "--start-timeout=0"), "start_timeout"),
        (("start", "tester", "--name=../etc"), "not the name of an instance"),
        (("start", "tester", "--listen=everywhere:80"), "Option listen is unix"),
        (("start", "tester", "--memory-max=little"), "memory_max"),
        (("start", "tester", "--follow"), "--follow"),
        (("stop",), "NAME"),
        (("restart",), "NAME"),
        (("ps", "told"), "ps --help"),
        (("logs",), "NAME"),
        (("logs", "one", "two"), "logs --help"),
        (("key",), "NAME"),
        (("open", "one", "two"), "open --help"),
    ],
)
def test_wrong_argument_is_named_and_nothing_is_started(workers, shell, arguments, said):
    assert said in shell(*arguments, status=2).stderr
    assert workers.list() == []


@pytest.mark.parametrize("verb", ["stop", "restart", "logs", "key", "open"])
def test_instance_that_is_not_there_is_named(shell, verb):
    refused = shell(verb, "nobody", status=3)
    assert refused.stdout == "" and "There is no instance nobody" in refused.stderr


def test_what_it_prints_is_shown_and_followed_until_the_reader_leaves(workers, shell):
    name = f"heard-{free_port()}"  # the journal keeps what an earlier one of the name printed
    shell("start", "tester", f"--name={name}")
    wait_until(lambda: f"I begin as {name}" in shell("logs", name).stdout, what="the journal to have it")
    assert any(entry.get("RBEE_INSTANCE") == name for entry in shell.json("logs", name))
    assert len(shell("logs", name, "--lines=1").stdout.splitlines()) == 1
    note = workers.machine.path("/run/heard")
    reader = workers.machine.spawn("sh", "-c", f"echo $$ >/run/heard.pid; exec hivectl logs {name} --follow >/run/heard")
    try:
        wait_until(lambda: note.exists() and note.read_text().count("I begin") == 1, what="what was printed before")
        shell("restart", name)
        wait_until(lambda: note.read_text().count("I begin") == 2, what="what is printed then")
    finally:
        workers.machine.run("sh", "-c", "kill $(cat /run/heard.pid); rm /run/heard.pid /run/heard")
        reader.wait()


def test_key_is_printed_where_there_is_one(workers, shell):
    port = free_port()
    said = shell("start", "tester", "--name=keyed", f"--listen={port}").stdout
    assert f"http://127.0.0.1:{port}" in said and "hivectl key keyed" in said and "hivectl open" not in said
    (key,) = shell.json("key", "keyed")
    assert shell("key", "keyed").stdout == key["key"] + "\n" and len(key["key"]) == 64
    assert "run-worker" in shell("--no-ask-password", "key", "keyed", user="bob", status=4).stderr
    shell("start", "tester", "--name=told")
    assert "no key" in shell("key", "told", status=1).stderr
    assert shell.json("key", "told") == [{"key": ""}]


@pytest.mark.parametrize("listen, host", [("{}", "127.0.0.1"), ("[::1]:{}", "[::1]")])
def test_page_of_a_worker_is_opened(shell, opened, listen, host):
    port = free_port()
    said = shell("start", "keyless", "--name=paged", f"--listen={listen.format(port)}").stdout
    assert "hivectl open paged" in said
    for arguments in ((), ("--json",)):
        assert f"http://{host}:{port}/" in shell("open", "paged", *arguments, **with_opener()).stdout
        wait_until(opened.exists, what="the browser")
        assert opened.read_text() == f"http://{host}:{port}/\n"
        opened.unlink()
    assert shell.json("open", "paged", **with_opener()) == [{"url": f"http://{host}:{port}/"}]
    wait_until(opened.exists, what="the browser")


def test_page_of_a_worker_that_listens_everywhere_is_opened_on_this_machine(workers, shell, opened):
    port = free_port()
    shell("start", "paged", f"--listen=0.0.0.0:{port}")
    workers.restart_daemon()
    assert shell.json("open", "paged", **with_opener()) == [{"url": f"http://127.0.0.1:{port}/chat"}]
    wait_until(opened.exists, what="the browser")


def test_page_that_no_browser_can_show_is_refused(workers, shell):
    shell("start", "tester", "--name=plain")
    assert "no page of its own" in shell("open", "plain", status=1).stderr
    shell("start", "keyless", "--name=local")
    assert "--listen=8080" in shell("open", "local", status=1).stderr
    port = free_port()
    shell("start", "keyless", "--name=paged", f"--listen={port}")
    empty = workers.machine.path("/run/empty")
    empty.mkdir()
    failed = shell.workers.machine.run("/usr/bin/hivectl", "open", "paged", status=1, **with_opener("/run/empty"))
    empty.rmdir()
    assert "Cannot open a browser" in failed.stderr and f"http://127.0.0.1:{port}/" in failed.stdout


def test_what_only_the_machine_itself_can_show_is_refused_from_another_one(workers, shell):
    folder = workers.machine.path("/run/elsewhere")
    folder.mkdir()
    (folder / "ssh").write_text("#!/bin/sh\nexec systemd-stdio-bridge\n")
    (folder / "ssh").chmod(0o755)
    port = free_port()
    shell("start", "keyless", "--name=paged", f"--listen={port}")
    try:
        for verb, status, said in (("open", 1, f"http://127.0.0.1:{port} of other: open it there"), ("logs", 2, "ssh other hivectl logs paged")):
            assert said in shell("--host=other", verb, "paged", status=status, **with_opener("/run/elsewhere:/usr/bin:/bin")).stderr
    finally:
        (folder / "ssh").unlink()
        folder.rmdir()
