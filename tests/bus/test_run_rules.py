# SPDX-License-Identifier: LGPL-2.1-or-later
"""What ListWorkers says of how a worker is run, so that a client offers what StartWorker would take."""

import json
import shutil

import pytest

from terminal import Terminal
from waiting import wait_until

RULES = """
[keyed]
Arguments=%p
KeyArguments=%k
ModelArguments=%m
ContextArguments=%c
Formats=gguf;safetensors
API=openai
WebUI=/chat
[local]
Arguments=%p
Keyless=loopback
[closed]
Arguments=%p
"""


@pytest.fixture
def rules(hive):
    path = hive.directory / "run.conf"
    path.write_text(RULES)
    hive.configuration["Run"] = {"Rules": path}
    return path


def runs(hive, name):
    """Of ListWorkers; the worker's object says the same."""
    run = next(worker.get("run") for worker in hive.call("ListWorkers") if worker["id"] == name)
    path = "/org/rbee/Hive/worker/" + name.replace("-", "_2d")
    assert hive.get(path, "org.rbee.Hive.Worker", "Run") == (run or {})
    return run


def test_worker_says_what_a_start_of_it_takes(hive, rules):
    for name in ("keyed", "local-cpu", "closed", "unknown"):
        hive.catalog.add(name)
        hive.installs(name)
    assert runs(hive, "keyed") == {
        "takes_model": True,
        "takes_context": True,
        "formats": ["gguf", "safetensors"],
        "listen": "any",
        "api": "openai",
        "web_ui": "/chat",
    }
    assert (runs(hive, "local-cpu")["listen"], runs(hive, "local-cpu")["takes_model"], runs(hive, "local-cpu")["formats"]) == ("loopback", False, [])
    assert runs(hive, "closed")["listen"] == "unix"
    assert runs(hive, "unknown") is None


def test_another_installation_tells_how_it_is_started_now(hive, rules):
    hive.catalog.add("keyed")
    hive.installs("keyed")
    hive.signals.clear()
    hive.catalog.add("keyed", version="2.0")
    hive.installs("keyed", reinstall=True)
    changes = [signal.arguments[1] for signal in hive.signals if signal.path.endswith("/worker/keyed") and signal.member == "PropertiesChanged"]
    assert changes[-1]["Run"]["api"] == "openai"


def told(hive, name):
    """What the bus was told of a worker's properties."""
    path = f"/org/rbee/Hive/worker/{name}"
    return [signal.arguments[1] for signal in hive.signals if signal.path == path and signal.member == "PropertiesChanged"]


@pytest.mark.parametrize("how", ["written over", "another in its place"])
def test_change_of_the_rules_is_told_of_each_worker_at_once(hive, rules, how):
    for name in ("keyed", "closed"):
        hive.catalog.add(name)
        hive.installs(name)
    hive.signals.clear()
    new = rules if how == "written over" else rules.with_name("new.conf")
    new.write_text("[keyed]\nArguments=%p\nAPI=other\n")
    new.rename(rules)
    assert wait_until(lambda: told(hive, "keyed"))[-1]["Run"]["api"] == "other"
    assert wait_until(lambda: told(hive, "closed"))[-1] == {"Run": {}}
    rules.unlink()
    wait_until(lambda: told(hive, "keyed")[-1] == {"Run": {}})


def tells(hive, api):
    """Waits until the bus was told that the worker keyed speaks that; None: that nothing says how it is run."""
    expected = {"Run": {}} if api is None else {"Run": {"api": api}}

    def is_told():
        changes = [change for change in told(hive, "keyed") if "Run" in change]
        return changes and {"Run": {key: value for key, value in changes[-1]["Run"].items() if key == "api"}} == expected

    wait_until(is_told, what=lambda: f"{expected}, there is {told(hive, 'keyed')}")


@pytest.mark.parametrize("how", ["removed", "moved away", "its parent moved away"])
def test_folder_of_the_rules_goes_and_comes_back_and_changes_in_it_are_told(hive, how):
    """Twice: what watched the first time watches again."""
    folder = hive.directory / "above" / "rules"
    rules = folder / "run.conf"
    hive.configuration["Run"] = {"Rules": rules}
    hive.catalog.add("keyed")
    hive.installs("keyed")
    for turn in range(2):
        folder.mkdir(parents=True)
        rules.write_text(f"[keyed]\nArguments=%p\nAPI=first-{turn}\n")
        tells(hive, f"first-{turn}")
        rules.write_text(f"[keyed]\nArguments=%p\nAPI=second-{turn}\n")
        tells(hive, f"second-{turn}")
        if how == "removed":
            shutil.rmtree(folder.parent)
        elif how == "moved away":
            folder.rename(hive.directory / f"elsewhere-{turn}")
            folder.parent.rmdir()
        else:
            folder.parent.rename(hive.directory / f"elsewhere-{turn}")
        tells(hive, None)


def test_rules_that_are_broken_are_none(hive, rules):
    hive.catalog.add("keyed")
    hive.installs("keyed")
    rules.write_text("[keyed]\nNonsense=1\n")
    assert runs(hive, "keyed") is None


def shown(hive, *arguments):
    """What hivectl writes to a terminal."""
    with Terminal(hive.build.bin / "hivectl", *arguments, environment=hive.command_environment(), patience=hive.patience) as terminal:
        assert terminal.end() == 0
        return terminal.shown


def test_install_says_how_it_is_run_only_where_workers_run(hive, rules):
    """Where they do is in tests/system/test_hivectl_instances.py."""
    hive.catalog.add("local")
    told = shown(hive, "install", "local")
    assert "[DONE]" in told and "hivectl start" not in told
    assert hive.hivectl("ps").stdout == "Workers are run by systemd, and this hive was started without it\n"


@pytest.mark.parametrize("launcher", ["direct", "systemd"])
def test_hive_says_whether_it_runs_workers(hive, launcher):
    hive.launcher = launcher
    assert hive.get("/org/rbee/Hive", "org.rbee.Hive", "RunsWorkers") is (launcher == "systemd")


def test_capabilities_say_whether_workers_run(hive):
    assert hive.call("GetCapabilities")["runs_workers"] is False


def test_catalog_says_how_its_worker_is_run_unless_a_file_of_this_machine_does(hive, rules):
    hive.catalog.add("spoken", run={"arguments": ["--port", "%p"], "model_arguments": ["-m", "%m"], "formats": ["gguf"], "web_ui": "/chat"})
    hive.catalog.add("closed", run={"arguments": ["%p"], "web_ui": "/chat"})
    for name in ("spoken", "closed"):
        hive.installs(name)
    assert runs(hive, "spoken") == {"takes_model": True, "takes_context": False, "formats": ["gguf"], "listen": "unix", "api": "", "web_ui": "/chat"}
    assert runs(hive, "closed")["web_ui"] == ""


@pytest.mark.parametrize("key", ["allow", "keyless", "key_arguments", "environment"])
def test_catalog_that_wants_more_for_its_worker_is_refused_by_the_key(hive, key):
    hive.catalog.add("greedy", run={"arguments": ["%p"], key: "memory-execute"})
    hive.refuses("greedy", "CatalogInvalid", f'"{key}"', "Rules=")


def test_catalog_says_it_in_4_kib_and_not_a_byte_more(hive, rules):
    run = {"arguments": ["%p", *(['"' * 800] * 2)]}  # in the log, where this is a text, it has nearly twice as many bytes
    run["arguments"].append("x" * (4096 - len(json.dumps(run, separators=(",", ":"))) - len(',""')))
    hive.catalog.add("wordy", run=run)
    hive.installs("wordy")
    assert runs(hive, "wordy")["listen"] == "unix"
    hive.catalog.add("wordier", run=run | {"arguments": [*run["arguments"][:-1], run["arguments"][-1] + "x"]})
    hive.refuses("wordier", "CatalogInvalid", '"run"', "4 KiB")
