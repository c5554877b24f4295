# SPDX-License-Identifier: LGPL-2.1-or-later
"""Workers that run: what systemd makes of an instance, and how it ends."""

import json
import pathlib
import re
import shutil
import signal

import pytest
from gi.repository import GLib

import gguf
from build import SOURCE
from catalog import pkgbuild
from client import HiveError
from interface import interfaces, property_types, written, written_types
from machine import SystemHive
from ports import free_port
from waiting import wait_until

INSTANCE = "org.rbee.Hive.Instance"
RULES = """
[tester]
Arguments=%p %n
KeyArguments=%k
Health=/health
[keyless]
Arguments=%p %n
Keyless=loopback
WebUI=/
[reader]
Arguments=%p %n
ModelArguments=%m %r
Formats=gguf
"""


class Instances:
    """The hive of a machine that has workers to run, and what a person does with them."""

    def __init__(self, machine):
        self.machine = machine
        self.hive = SystemHive(machine)
        machine.path("/etc/rbee-hive/run.conf").write_text(RULES)
        for name in ("tester", "keyless", "reader"):
            self.add(name)
            self.hive.installs(name)
        self.hive.configuration["Run"] = {}
        self.hive.configure("Run", Rules="/etc/rbee-hive/run.conf")
        self.hive.configuration["Models"] = {}
        self.hive.configure("Models", Folders="/home/models")
        self.restart_daemon()

    def add(self, name, version="1.0", script="tester.py", **changes):
        package = f'install -Dm755 "$srcdir/{script}" "$pkgdir/usr/local/bin/{name}"'
        recipe = pkgbuild(name, version=version, source=[script], sha256sums=["SKIP"], package=package)
        files = {script: pathlib.Path(__file__).with_name(script).read_bytes()}
        self.hive.catalog.add(name, recipe, files=files, version=version, **changes)

    def restart_daemon(self):
        self.machine.run("systemctl", "stop", "rbee-hived.service")

    def start(self, worker="tester", ready=True, **options):
        values = {
            key: GLib.Variant("b" if isinstance(value, bool) else "u" if isinstance(value, int) else "s", value) for key, value in options.items()
        }
        path = self.hive.call("StartWorker", GLib.Variant("(sa{sv})", (worker, values)))
        if ready:
            self.wait(options.get("name", worker), "ready")
        return path

    def refuses(self, error, *words, worker="tester", **options):
        before = self.list()
        with pytest.raises(HiveError) as refused:
            self.start(worker, ready=False, **options)
        assert refused.value.name == error, refused.value
        for word in words:
            assert word in refused.value.message
        assert [one["name"] for one in self.list()] == [one["name"] for one in before]
        name = options.get("name", worker)
        if name not in [one["name"] for one in before]:
            self.nothing_left(name)

    def list(self):
        return self.hive.call("ListInstances")

    def list_in_time(self):
        """None while the daemon that was asked dies."""
        try:
            return self.list()
        except HiveError:
            return None

    def get(self, name):
        return next((one for one in self.list_in_time() or [] if one["name"] == name), None)

    def wait(self, name, state):
        return wait_until(
            lambda: (self.get(name) or {}).get("state") == state and self.get(name),
            what=lambda: f"{name} to be {state}: {self.get(name)}\n" + self.machine.journal("--lines=40"),
        )

    def stop(self, name):
        self.hive.call("StopInstance", name)
        assert self.get(name) is None

    def ask(self, name, path="/", status=200, key=None, where=None):
        where = where or ["--unix-socket", f"/run/rbee-hive/instances/{name}.sock", f"http://localhost{path}"]
        headers = ["-H", f"Authorization: Bearer {key}"] if key else []
        answer = self.machine.run("curl", "-s", "-w", "\n%{http_code}", *headers, *where, timeout=30, status=None).stdout
        body, _, code = answer.rpartition("\n")
        assert int(code) == status, answer
        return json.loads(body) if body else None

    def units(self, name, states="active,activating,deactivating,failed"):
        """Those that run or failed; what is inactive is forgotten by systemd when it has time."""
        return self.machine.run(
            "systemctl",
            "list-units",
            "--plain",
            "--no-legend",
            f"--state={states}",
            f"rbee-worker-{name}.*",
            f"rbee-proxy-{name}.*",
        ).stdout

    def exposure(self, unit):
        """By systemd-analyze: 0 is closed to everything, 10 open."""
        said = self.machine.run("systemd-analyze", "security", "--no-pager", unit, status=None).stdout
        return float(re.search(r"exposure level for \S+: ([0-9.]+)", said)[1]), said

    def fails(self, name, *words, error="StartFailed"):
        """An instance fails: nothing of it runs while it is still shown, and nothing is left once it is stopped."""
        failed = self.wait(name, "failed")
        assert failed["error_name"] == error and all(word in failed["error_message"] for word in words), failed
        self.units_go(name, "active,activating,deactivating")
        self.stop(name)
        self.nothing_left(name)
        return failed

    def units_go(self, name, *states):
        wait_until(lambda: not self.units(name, *states), what=lambda: f"the units of {name} to go:\n" + self.units(name))
        assert not self.machine.path(f"/run/rbee-hive/instances/{name}.sock").exists()

    def nothing_left(self, name):
        self.units_go(name)
        assert not list(self.hive.state.glob(f"instances/{name}.*")) and not list(self.machine.path("/run/rbee-hived").glob(f"{name}.*"))


@pytest.fixture(scope="module")
def workers(machine):
    workers = Instances(machine)
    yield workers
    workers.hive.close()


@pytest.fixture(autouse=True)
def nothing_runs(workers):
    yield
    workers.hive.signals.clear()
    for one in workers.list():
        workers.stop(one["name"])


def test_started_worker_answers_and_stopped_leaves_nothing(workers):
    path = workers.start(name="first")
    assert path == "/org/rbee/Hive/instance/first"
    found = workers.get("first")
    assert found["worker_id"] == "tester" and found["address"] == "unix:/run/rbee-hive/instances/first.sock" and found["main_pid"] > 0
    assert workers.ask("first")["name"] == "first"
    assert workers.hive.get_all(path, INSTANCE)["State"] == "ready"
    workers.stop("first")
    workers.nothing_left("first")


def test_worker_that_loads_is_not_ready_and_the_first_client_waits(workers):
    workers.start(name="loads", ready=False)
    assert workers.get("loads")["state"] == "starting"
    assert workers.ask("loads")["name"] == "loads"
    assert workers.get("loads")["state"] == "ready"


def test_idle_worker_ends_and_the_next_request_wakes_it(workers):
    workers.start(name="idle", idle_stop=1, ready=False)
    workers.wait("idle", "listening")
    assert workers.get("idle")["main_pid"] == 0
    assert workers.ask("idle")["name"] == "idle"
    workers.wait("idle", "listening")
    assert workers.ask("idle")["name"] == "idle"


def test_worker_that_nobody_asks_is_idle_on_an_address_too(workers):
    port = str(free_port())
    path = workers.start(name="unasked", listen=port, idle_stop=1, ready=False)
    workers.wait("unasked", "listening")
    key = workers.hive.call("GetKey", path=path, interface=INSTANCE)
    assert workers.ask("unasked", key=key, where=[f"http://127.0.0.1:{port}/"])["name"] == "unasked"
    workers.wait("unasked", "listening")
    workers.stop("unasked")
    workers.nothing_left("unasked")


def test_worker_is_idle_whose_daemon_was_killed_while_it_started(workers):
    workers.start(name="loads-idle", idle_stop=1, ready=False)
    workers.hive.kill(signal.SIGKILL)
    since = "ActiveEnterTimestampMonotonic"  # it may be idle again before anybody looks
    wait_until(lambda: workers.machine.show("rbee-worker-loads-idle.service", since)[since] != "0", what="it to be ready")
    workers.wait("loads-idle", "listening")


def test_worker_has_no_network_no_bus_no_device_and_a_user_of_its_own(workers):
    workers.start(name="inside")
    inside = workers.ask("inside", "/inside")
    assert inside["interfaces"] == ["lo"] and inside["internet"] == "Network is unreachable"
    assert inside["bus"] == "Address family not supported by protocol"
    assert 61184 <= inside["uid"] <= 65519 and not inside["home"] and inside["hive"] == []
    assert set(inside["capabilities"]) == {"0" * 16}
    assert set(inside["devices"]) <= {
        "null",
        "zero",
        "full",
        "random",
        "urandom",
        "tty",
        "ptmx",
        "log",
        "core",
        "fd",
        "stdin",
        "stdout",
        "stderr",
        "initctl",
        "console",
    }


def test_killed_daemon_loses_no_instance(workers):
    workers.start(name="kept", ready=True)
    before = workers.ask("kept")
    for _ in range(20):
        workers.hive.call("ListInstances")
        workers.hive.kill(signal.SIGKILL)
        workers.machine.run("systemctl", "reset-failed", "rbee-hived.service")  # 30 starts in 30 s are its limit
        assert wait_until(workers.list_in_time, what="the daemon to come back")[0]["name"] == "kept"
    workers.wait("kept", "ready")
    assert workers.ask("kept") == before


def test_daemon_killed_in_the_middle_of_a_start_finds_it_again(workers):
    workers.start(name="loads", ready=False)
    workers.hive.kill(signal.SIGKILL)
    workers.wait("loads", "ready")


@pytest.fixture
def drop_in(workers):
    """Writes what an administrator would for a unit; it goes with the test."""
    folders = []

    def write(unit, text):
        folders.append(workers.machine.path(f"/etc/systemd/system/{unit}.d"))
        folders[-1].mkdir(parents=True)
        (folders[-1] / "test.conf").write_text(text)
        workers.machine.run("systemctl", "daemon-reload")

    yield write
    for folder in folders:
        shutil.rmtree(folder)
    workers.machine.run("systemctl", "daemon-reload")


def test_daemon_killed_before_the_address_listens_starts_the_worker_when_it_does(workers, drop_in):
    machine = workers.machine
    gate = machine.path("/run/late-gate")
    drop_in("rbee-proxy-late.socket", "[Socket]\nExecStartPre=sh -c 'until [ -e /run/late-gate ]; do sleep 0.05; done'\n")
    call = machine.spawn("hivectl", "start", "tester", "--name", "late", stdout=-1, stderr=-1)

    def waits():
        assert call.poll() is None, call.communicate()
        return machine.show("rbee-proxy-late.socket", "ActiveState")["ActiveState"] == "activating"

    wait_until(waits, what=lambda: "its socket:\n" + machine.journal("--lines=60"))
    workers.hive.kill(signal.SIGKILL)
    call.communicate(timeout=60)
    wait_until(workers.list_in_time, what="the daemon to come back")
    gate.touch()
    workers.wait("late", "ready")
    gate.unlink()
    assert machine.path("/run/rbee-hived/late.instance").read_text() == ""


def test_worker_that_dies_is_started_again(workers):
    workers.start(name="dies")
    before = workers.ask("dies")["pid"]
    workers.machine.run("curl", "-s", "--unix-socket", "/run/rbee-hive/instances/dies.sock", "http://localhost/crash", status=None)
    after = wait_until(
        lambda: (found := workers.get("dies"))["state"] == "ready" and found["main_pid"] not in (0, before) and found, what="a new one"
    )
    assert after["restarts"] == 1


def test_exit_at_once_is_told_with_what_it_printed(workers):
    workers.start(name="exits", ready=False)
    workers.fails("exits", "status 3", "No such tensor")


def test_daemon_killed_before_it_has_read_what_a_failed_worker_printed_knows_why_it_failed(workers, drop_in):
    gate = workers.machine.path("/run/lines-gate")

    def readers():
        return workers.machine.run("systemctl", "list-units", "--plain", "--no-legend", "journalctl-*.service").stdout

    drop_in("journalctl-.service", "[Service]\nExecStartPre=+sh -c 'until [ -e /run/lines-gate ]; do sleep 0.05; done'\n")
    workers.start(name="exits", ready=False)
    try:
        wait_until(readers, what="what it printed to be looked for")
        workers.hive.kill(signal.SIGKILL)
        workers.fails("exits", "status 3")
    finally:
        gate.touch()
        wait_until(lambda: not readers(), what="them to end")
        gate.unlink()


def test_socket_that_cannot_be_connected_to_is_told_and_not_waited_for(workers, drop_in):
    drop_in("rbee-proxy-cut.socket", "[Socket]\nExecStartPost=rm /run/rbee-hive/instances/cut.sock\n")
    workers.start(name="cut", ready=False)
    workers.wait("cut", "failed")
    workers.restart_daemon()
    workers.fails("cut", "/run/rbee-hive/instances/cut.sock", "No such file", error="Failed")


def test_never_ready_is_told_with_the_limit(workers):
    workers.start(name="never-ready", start_timeout=2, ready=False)
    workers.fails("never-ready", "2 seconds", "start_timeout")


def test_crash_loop_ends(workers):
    workers.start(name="loop")
    while True:
        before = workers.get("loop")["main_pid"]
        workers.machine.run("curl", "-s", "--unix-socket", "/run/rbee-hive/instances/loop.sock", "http://localhost/crash", status=None)
        found = wait_until(
            lambda: (found := workers.get("loop"))["state"] in ("ready", "failed") and found["main_pid"] != before and found, what="its fate"
        )
        if found["state"] == "failed":
            break
    assert workers.fails("loop", "signal 9")["restarts"] <= 5


def test_memory_that_it_may_take_is_the_units(workers):
    workers.start(name="small", memory_max="64M")
    assert workers.machine.show("rbee-worker-small.service", "MemoryMax", "MemorySwapMax") == {"MemoryMax": str(64 << 20), "MemorySwapMax": "0"}


def test_worker_deaf_to_sigterm_is_ended(workers):
    workers.start(name="deaf")
    workers.stop("deaf")
    workers.nothing_left("deaf")


def test_failed_one_can_be_started_again(workers):
    path = workers.start(name="exits", ready=False)
    workers.wait("exits", "failed")
    workers.hive.call("Restart", path=path, interface=INSTANCE)
    workers.wait("exits", "failed")


def test_restart_makes_a_new_process(workers):
    path = workers.start(name="again")
    before = workers.ask("again")["pid"]
    workers.hive.call("Restart", path=path, interface=INSTANCE)
    workers.wait("again", "ready")
    assert workers.ask("again")["pid"] != before


def test_unknown_worker_is_refused(workers):
    workers.refuses("NotInstalled", "nothing", worker="nothing")


def test_worker_that_nothing_says_how_to_run_is_refused(workers):
    workers.hive.catalog.add("plain")
    workers.hive.installs("plain")
    workers.refuses("WorkerNotFound", "plain", "Rules=", worker="plain")


def test_worker_is_run_as_its_catalog_says(workers):
    workers.add("spoken", run={"arguments": ["%p", "%n"], "health": "/health"})
    workers.hive.installs("spoken")
    workers.start("spoken", name="told")
    assert workers.ask("told")["name"] == "told"
    workers.refuses("InvalidArgument", "KeyArguments=", worker="spoken", name="open", listen="0.0.0.0:8181")


def test_name_that_is_taken_is_refused(workers):
    workers.start(name="mine")
    workers.refuses("InUse", "mine", "option name", name="mine")


def test_address_of_another_instance_is_refused(workers):
    port = str(free_port())
    workers.start(name="one", listen=port)
    workers.refuses("AddressInUse", "one", name="two", listen=port)


def test_address_of_another_program_is_refused_and_leaves_nothing(workers):
    port = free_port()
    other = workers.machine.spawn("python3", "-c", f"import socket,time; s=socket.create_server(('127.0.0.1',{port})); time.sleep(60)")
    try:
        wait_until(lambda: f":{port:04X} " in workers.machine.run("cat", "/proc/net/tcp").stdout, what="the other one to listen")
        workers.refuses("AddressInUse", str(port), name="two", listen=str(port))
    finally:
        other.kill()
        other.wait()


def test_unsuitable_options_are_refused_by_name(workers):
    workers.refuses("InvalidArgument", "takes no model", model="some")
    workers.refuses("InvalidArgument", "Option listen", listen="everywhere:80")
    workers.refuses("InvalidArgument", "not the name", name="../etc")
    workers.refuses("InvalidArgument", "memory_max", memory_max="little")
    workers.refuses("DeviceUnavailable", "GPU-7", device="GPU-7")


def test_address_on_a_network_has_a_key(workers):
    port = str(free_port())
    path = workers.start(name="keyed", listen=port)
    where = [f"http://127.0.0.1:{port}/"]
    key = workers.hive.call("GetKey", path=path, interface=INSTANCE)
    assert len(key) == 64
    workers.ask("keyed", status=401, where=where)
    assert workers.ask("keyed", key=key, where=where)["name"] == "keyed"
    unit = workers.machine.run("systemctl", "show", "rbee-worker-keyed.service").stdout
    assert key not in unit


def test_worker_without_keys_listens_on_loopback_alone(workers):
    workers.refuses("InvalidArgument", "KeyArguments=", worker="keyless", name="open", listen="0.0.0.0:8181")
    port = str(free_port())
    workers.start("keyless", name="open", listen=port)
    assert workers.ask("open", where=[f"http://127.0.0.1:{port}/"])["name"] == "open"


def test_worker_in_use_cannot_be_removed(workers):
    workers.start(name="busy")
    with pytest.raises(HiveError) as refused:
        workers.hive.call("RemoveWorker", "tester")
    assert refused.value.name == "InUse" and "busy" in refused.value.message


def test_worker_that_is_about_to_be_removed_is_not_started(workers, drop_in):
    gate = workers.machine.path("/run/removal-gate")
    workers.list()  # the daemon is there, and what it does as it begins is done
    drop_in("rbee-hive-commit-.service", "[Service]\nExecStartPre=sh -c 'until [ -e /run/removal-gate ]; do sleep 0.05; done'\n")
    removal = workers.hive.remove("reader")
    try:
        workers.refuses("Busy", removal.id, "worker_remove", worker="reader")
    finally:
        gate.touch()
        ended = removal.wait()
        workers.hive.installs("reader")
        gate.unlink()
    assert ended == ("done", "", "")


def test_drop_ins_of_the_administrator_apply(workers, drop_in):
    drop_in("rbee-worker-dropped.service", "[Service]\nMemoryMax=300M\n")
    workers.start(name="dropped")
    assert workers.machine.show("rbee-worker-dropped.service", "MemoryMax") == {"MemoryMax": str(300 << 20)}


def test_systemd_that_reads_its_units_anew_knows_them_as_before(workers):
    workers.start("tester")
    units = [f"rbee-{name}" for name in ("worker-tester.service", "proxy-tester.service", "proxy-tester.socket")]
    before = workers.machine.settings(*units)
    workers.machine.run("systemctl", "daemon-reload")
    assert sorted(workers.machine.settings(*units) ^ before) == []


def started_again(workers, name):
    """What it answers once it has died and systemd has started it from its unit as it reads it now."""
    socket = f"/run/rbee-hive/instances/{name}.sock"
    workers.machine.run("curl", "-s", "--unix-socket", socket, "http://localhost/crash", status=None)
    wait_until(lambda: (found := workers.get(name))["state"] == "ready" and found["restarts"] == 1, what=lambda: f"another: {workers.get(name)}")
    return workers.ask(name)


def test_worker_has_its_model_and_words_when_systemd_has_read_its_units_anew(workers, models):
    _, other = models
    version = workers.machine.run("systemctl", "show", "--property=Version", "--value").stdout
    dollars = "${HOME} $$ " if int(re.search(r"\d+", version)[0]) >= 254 else ""  # older ones put a backslash before them
    file = other / f"""it's 100%n: {dollars}"and" \\more.gguf"""
    file.write_bytes(gguf.gguf())
    file.chmod(0o666)
    model, unit = f"/home/models/{file.name}", "rbee-worker-odd.service"
    workers.start("reader", name="odd", model=model)
    before, told = workers.ask("odd"), workers.machine.settings(unit)
    assert before["words"] == [model]
    workers.machine.run("systemctl", "daemon-reload")
    assert sorted(workers.machine.settings(unit) ^ told) == []
    after = started_again(workers, "odd")
    assert after["pid"] != before["pid"] and after["words"] == [model]
    assert workers.ask("odd", "/model")["head"] == "GGUF"


def test_worker_has_a_folder_whose_name_has_a_blank_when_systemd_has_read_its_units_anew(workers, models):
    _, other = models
    (other / "tensors").rename(other / "my tensors")
    rules = workers.machine.path("/etc/rbee-hive/run.conf")
    text = rules.read_text()
    rules.write_text(text.replace("Formats=gguf", "Formats=gguf;safetensors"))
    try:
        workers.start("reader", name="folder", model="/home/models/my tensors")
    finally:
        rules.write_text(text)
    files = workers.ask("folder", "/folder")
    assert files == {"path": "/var/lib/rbee-hive/models/my_tensors", "files": ["config.json", "model.safetensors"]}
    workers.machine.run("systemctl", "daemon-reload")
    started_again(workers, "folder")
    assert workers.ask("folder", "/folder") == files


def test_units_are_confined_and_of_the_workers_slice(workers):
    workers.start(name="confined")
    for unit in ("rbee-worker-confined.service", "rbee-proxy-confined.service"):
        exposure, said = workers.exposure(unit)
        assert exposure <= 1.5, said
        assert workers.machine.show(unit, "Slice") == {"Slice": "rbee-worker.slice"}


def test_socket_serves_members_of_the_group_rbee_alone(workers):
    workers.start(name="open")
    socket, url = "/run/rbee-hive/instances/open.sock", "http://localhost/"
    assert workers.machine.run("stat", "-c", "%a %U %G", socket).stdout.split() == ["660", "root", "rbee"]
    bob = ["setpriv", "--reuid=bob", "--regid=bob"]
    refused = workers.machine.run(*bob, "--init-groups", "curl", "-sS", "--unix-socket", socket, url, status=7)
    assert "Permission denied" in refused.stderr or "Could not connect" in refused.stderr or "Couldn't connect" in refused.stderr
    assert '"name": "open"' in workers.machine.run(*bob, "--groups=rbee", "curl", "-sS", "--unix-socket", socket, url).stdout


def test_object_is_as_its_interface_is_written(workers):
    path = workers.start(name="shown")
    live = interfaces(workers.hive, path)
    assert live[INSTANCE] == written(INSTANCE)
    assert {name for name in live if name.startswith("org.rbee.")} == {INSTANCE}
    assert property_types(workers.hive, path, INSTANCE) == written_types(INSTANCE)
    managed = workers.hive.call("GetManagedObjects", interface="org.freedesktop.DBus.ObjectManager")[path][INSTANCE]
    assert set(managed) == set(written_types(INSTANCE)) and (managed["Name"], managed["State"]) == ("shown", "ready")


def test_instance_is_announced_once_when_it_comes_and_once_when_it_goes(workers):
    path = workers.start(name="announced")
    workers.stop("announced")

    def told():
        return [
            signal.member for signal in workers.hive.signals if signal.path == "/org/rbee/Hive" and signal.arguments[:1] in (("announced",), (path,))
        ]

    wait_until(lambda: "InstanceRemoved" in told() and "InterfacesRemoved" in told(), what=lambda: f"its end: {told()}")
    assert sorted(told()) == ["InstanceNew", "InstanceRemoved", "InterfacesAdded", "InterfacesRemoved"]
    changes = [signal.arguments[1] for signal in workers.hive.signals if (signal.path, signal.member) == (path, "PropertiesChanged")]
    assert {"ready", "stopping"} <= {change["State"] for change in changes}
    assert all(before != after for before, after in zip(changes, changes[1:])), "nothing is said twice"


@pytest.fixture
def shipped_rules(workers):
    rules = workers.hive.configuration["Run"].pop("Rules")
    workers.hive.write_configuration()
    workers.restart_daemon()
    yield
    workers.hive.configure("Run", Rules=rules)
    workers.restart_daemon()


def test_worker_of_the_shipped_catalog_is_started_by_the_shipped_rules(workers, shipped_rules):
    folder = workers.hive.catalog.folder("hive-probe")
    shutil.copytree(SOURCE / "data/catalog/workers/hive-probe", folder)
    try:
        workers.hive.installs("hive-probe")
        workers.start("hive-probe")
        assert workers.ask("hive-probe", "/health")["status"] == "ok"
        workers.stop("hive-probe")
        workers.nothing_left("hive-probe")
        workers.hive.removes("hive-probe")
    finally:
        shutil.rmtree(folder)


def test_rbees_own_worker_is_started_by_the_shipped_rules_and_hears_nothing_of_a_hive(workers, models, shipped_rules):
    worker = "llm-worker-rbee-cpu"
    workers.add(worker, script="candle.py")
    workers.hive.installs(worker)
    workers.start(worker, name="candle", model="mine")
    assert workers.ask("candle", "/arguments") == {
        "worker_id": "candle",
        "model": "/var/lib/rbee-hive/models/mine.gguf",
        "model_ref": "mine",
        "port": 8080,
        "hive_url": "http://127.0.0.1:9",
        "hive": "Connection refused",
    }
    workers.stop("candle")
    workers.nothing_left("candle")
    workers.refuses("InvalidArgument", "needs a model", worker=worker)
    workers.refuses("InvalidArgument", "KeyArguments=", worker=worker, model="mine", listen=str(free_port()))
    workers.hive.removes(worker)


def test_others_may_look_and_not_touch(workers):
    workers.start(name="seen")
    said = workers.machine.run("busctl", "call", "org.rbee.Hive", "/org/rbee/Hive", "org.rbee.Hive", "ListInstances", user="bob").stdout
    assert "seen" in said
    refused = workers.hive.hivectl("--no-ask-password", "stop", "seen", user="bob", status=4)
    assert "run-worker" in refused.stderr


def test_upgraded_worker_runs_the_version_before_until_it_is_restarted(workers):
    path = workers.start("keyless", name="old")
    assert not workers.get("old")["outdated"]
    workers.hive.installs("keyless", reinstall=True)
    found = workers.get("old")
    assert found["outdated"] and found["state"] == "ready"
    changes = [signal.arguments[1] for signal in workers.hive.signals if (signal.path, signal.member) == (path, "PropertiesChanged")]
    assert changes[-1]["Outdated"]
    assert "runs the version before" in workers.hive.hivectl("ps", "--plain").stdout
    workers.hive.call("Restart", path=path, interface=INSTANCE)
    workers.wait("old", "ready")
    assert not workers.get("old")["outdated"]


def test_upgrade_and_rollback_restart_nothing_and_upgrade_restarts_when_it_is_told(workers):
    workers.start("keyless", name="one")
    before = workers.ask("one")["pid"]
    workers.add("keyless", "2.0")
    assert "one runs keyless now" in workers.hive.hivectl("upgrade", "--restart", "keyless").stdout
    found, after = workers.get("one"), workers.ask("one")["pid"]
    assert (found["version"], found["outdated"], found["state"]) == ("2.0-1", False, "ready") and after != before
    workers.hive.hivectl("rollback", "keyless")
    assert workers.get("one")["outdated"] and workers.ask("one")["pid"] == after
    assert "--no-wait" in workers.hive.hivectl("upgrade", "--restart", "--no-wait", "keyless", status=2).stderr


@pytest.fixture
def models(workers):
    """A model of the hive's, one of a folder at somebody's home, where two more lie: a split one and one of another format."""
    own, other = workers.hive.state / "models", workers.machine.path("/home/models")
    for folder in (own, other, other / "tensors"):
        folder.mkdir(exist_ok=True)
        folder.chmod(0o755)
    (own / "mine.gguf").write_bytes(gguf.gguf())
    (other / "other one.gguf").write_bytes(gguf.gguf())
    for part, data in enumerate(gguf.split(3), 1):
        (other / f"big-{part:05}-of-00003.gguf").write_bytes(data)
    (other / "tensors" / "config.json").write_text("{}")
    (other / "tensors" / "model.safetensors").write_bytes(bytes(100))
    for file in (own / "mine.gguf", *other.glob("*.gguf")):
        file.chmod(0o666)
    yield own, other
    for file in (own / "mine.gguf", other):
        shutil.rmtree(file) if file.is_dir() else file.unlink(missing_ok=True)


def test_worker_reads_its_model_and_cannot_write_it(workers, models):
    size = len(gguf.gguf())
    rows = workers.hive.hivectl("models", "--plain").stdout
    assert all(name in rows for name in ("mine", "other one", "big", "tensors")), rows
    folder = "/var/lib/rbee-hive/models/"
    for name, model, files in (
        ("own", "mine", {"mine.gguf": size}),
        ("theirs", "/home/models/other one.gguf", {"other_one.gguf": size}),
        ("split", "big", {f"big-{i + 1:05}-of-00003.gguf": len(part) for i, part in enumerate(gguf.split(3))}),
    ):
        workers.start("reader", name=name, model=model)
        assert workers.ask(name, "/model") == {"path": folder + min(files), "head": "GGUF", "write": "Read-only file system", "files": files}
        assert workers.get(name)["model"] == model


def test_model_that_is_not_there_or_not_of_its_format_is_refused(workers, models):
    _, other = models
    for name, data in (("broken", gguf.gguf()[:-1]), ("huge", gguf.gguf(tensors=[("t", (1 << 63,), 0, 0)])), ("text", b"some text")):
        (other / f"{name}.gguf").write_bytes(data)
    workers.refuses("ModelNotFound", "nothing", "hivectl models", worker="reader", model="nothing")
    workers.refuses("ModelNotFound", "/etc/passwd", worker="reader", model="/etc/passwd")
    workers.refuses("ModelInvalid", "cut off", worker="reader", model="broken")
    workers.refuses("ModelInvalid", "larger than any machine", worker="reader", model="huge")
    workers.refuses("ModelInvalid", "is not a GGUF file", worker="reader", model="text")
    workers.refuses("ModelUnsupported", "safetensors", "reader reads gguf", worker="reader", model="tensors")
    workers.refuses("InvalidArgument", "needs a model", worker="reader")


def test_model_in_use_is_kept_until_its_instance_is_stopped(workers, models):
    own, _ = models
    workers.start("reader", name="user", model="mine")
    workers.restart_daemon()
    with pytest.raises(HiveError) as refused:
        workers.hive.call("RemoveModel", "mine")
    assert refused.value.name == "InUse" and "user" in refused.value.message
    workers.stop("user")
    workers.hive.call("RemoveModel", "mine")
    assert not (own / "mine.gguf").exists()


def test_model_that_is_being_removed_is_neither_started_with_nor_removed_twice(workers, models, drop_in):
    own, _ = models
    gate = workers.machine.path("/run/removal-gate")
    workers.list()  # the daemon is there, and what it does as it begins is done
    drop_in("rbee-hive-commit-.service", "[Service]\nExecStartPre=sh -c 'until [ -e /run/removal-gate ]; do sleep 0.05; done'\n")
    removal = workers.machine.spawn("hivectl", "model", "remove", "mine")
    try:
        wait_until(lambda: workers.machine.run("systemctl", "list-units", "--no-legend", "rbee-hive-commit-*").stdout, what="the removal to begin")
        workers.refuses("ModelNotFound", "mine is being removed", worker="reader", name="late", model="mine")
        with pytest.raises(HiveError) as refused:
            workers.hive.call("RemoveModel", "mine")
        assert refused.value.name == "ModelNotFound" and "being removed" in refused.value.message
    finally:
        gate.touch()
        assert removal.wait(60) == 0
        gate.unlink()
    assert not (own / "mine.gguf").exists()
    workers.refuses("ModelNotFound", "There is no model", worker="reader", name="late", model="mine")
    workers.nothing_left("late")


def test_model_of_a_worker_that_starts_is_in_use(workers, models):
    own, _ = models
    workers.start("reader", name="loads", model="mine", ready=False)
    with pytest.raises(HiveError) as refused:
        workers.hive.call("RemoveModel", "mine")
    assert refused.value.name == "InUse" and "loads" in refused.value.message
    workers.wait("loads", "ready")
    assert (own / "mine.gguf").exists()


def test_model_that_may_be_too_large_is_warned_of_by_every_daemon(workers, models):
    _, other = models
    greedy = {"llama.block_count": 1 << 20, "llama.embedding_length": 1 << 20, "llama.attention.head_count_kv": 4}
    (other / "greedy.gguf").write_bytes(gguf.gguf(keys=greedy))
    workers.hive.call("GetCapabilities")
    workers.start("reader", name="full", model="greedy")
    warning = workers.get("full")["warning"]
    assert "greedy may not fit" in warning and "4096 tokens of context" in warning
    workers.restart_daemon()
    assert workers.get("full")["warning"] == warning


def test_restart_without_the_model_says_that_it_is_gone(workers, models):
    own, other = models
    for name, model, file, error, word in (
        ("lost", "mine", own / "mine.gguf", "ModelNotFound", "models/mine.gguf"),
        ("moved", "other one", other / "other one.gguf", "StartFailed", "its model's may be gone"),
    ):
        path = workers.start("reader", name=name, model=model)
        workers.hive.call("Restart", path=path, interface=INSTANCE)
        workers.wait(name, "ready")
        file.unlink()
        workers.hive.call("Restart", path=path, interface=INSTANCE)
        found = workers.wait(name, "failed")
        assert found["error_name"] == error and word in found["error_message"], found


def test_boot_starts_what_is_to_run_then_and_forgets_the_rest(workers):
    workers.start(name="stays", boot=True)
    workers.start(name="goes")
    workers.machine.reboot()
    workers.hive.connect_again()
    assert workers.ask("stays")["name"] == "stays"
    assert [one["name"] for one in workers.list()] == ["stays"]
