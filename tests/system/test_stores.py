# SPDX-License-Identifier: LGPL-2.1-or-later
"""Stores under systemd: a push is a unit of its own that alone has the key, and machines that share a folder build once."""

import fcntl
import pathlib
import re
import shutil
import tempfile

import pytest
from gi.repository import GLib

import machine as machines
from catalog import pkgbuild, sha256
from job import Job
from registry import HTPASSWD, PASSWORD, program
from stores import Layout, Signer, pushes
from waiting import wait_until

SOURCE = '#include <stdio.h>\nint main (void) { puts ("The binary runs"); return 0; }\n'
# It says what it finds of the key, whose text begins so, and of the store.
SPY = (
    "echo This was built here; grep -rls RWQAAE[I]y /proc/self/environ /run /etc /tmp /var /srv 2>/dev/null || true; "
    'echo "have $CREDENTIALS_DIRECTORY."; ls /etc/rbee-hive/store.key 2>&1 || true; cc -o one "$srcdir/one.c"'
)
RECIPE = pkgbuild(
    "one",
    source=["one.c"],
    sha256sums=[sha256(SOURCE)],
    build=SPY,
    package='install -Dm755 "$srcdir/one" "$pkgdir/usr/local/bin/one"',
    makedepends=["gcc"],
)


class Sharing(machines.Machine):
    """It has a folder of this machine's as /srv/builds, as others have it by NFS."""

    def __init__(self, shared, prepare):
        self.shared = shared
        super().__init__(prepare)

    def devices(self):
        return [*super().devices(), f"--bind={self.shared}:/srv/builds"]


@pytest.fixture(scope="module")
def shared():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="rbee-shared-builds.", dir="/var/tmp"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def machine(system_build, shared):
    """The one that builds."""
    machine = Sharing(shared, lambda root: machines.install(system_build, root))
    yield machine
    machine.close()


@pytest.fixture(scope="module")
def bare(system_build, shared):
    """One that has no compiler."""

    def prepare(root):
        machines.install(system_build, root)
        machines.remove_compilers(root)

    machine = Sharing(shared, prepare)
    yield machine
    machine.close()


@pytest.fixture
def store(shared):
    for path in shared.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    return Layout(shared)


@pytest.fixture
def signer(tmp_path):
    return Signer(tmp_path / "keys")


def give(machine, key, path, mode):
    file = machine.path(path)
    file.write_bytes(key.read_bytes())
    file.chmod(mode)


def knows(hive, signer):
    """The hive looks into the shared folder, and believes @signer."""
    give(hive.machine, signer.public, "/etc/rbee-hive/store.pub", 0o644)
    hive.configuration["Store shelf"] = {"URL": "oci:///srv/builds"}
    hive.configuration["Key builder"] = {"File": "/etc/rbee-hive/store.pub"}
    hive.write_configuration()
    hive.machine.run("systemctl", "stop", "rbee-hived.service")
    hive.catalog.add("one", RECIPE, {"one.c": SOURCE}, makedepends=["gcc"])


@pytest.fixture
def builder(hive, machine, store, signer):
    """It has the key that signs."""
    assert "RWQAAEIy" in signer.secret.read_text()
    give(machine, signer.secret, "/etc/rbee-hive/store.key", 0o600)
    hive.configuration["Push"] = {"SigningKey": "/etc/rbee-hive/store.key"}
    knows(hive, signer)
    return hive


def is_ready(job, where="shelf"):
    assert f"✓ Ready build from {where}" in job.log_text() and "This was built here" not in job.lines(), job.log_text()


def runs(hive):
    assert hive.machine.run("/usr/local/bin/one").stdout == "The binary runs\n"


def test_what_a_unit_pushed_is_installed_again_without_a_build(builder, store):
    job = builder.installs("one")
    assert [record.text for record in job.records() if record.phase == "build" and record.stream == "out"] == [
        "This was built here",
        "have .",
        "ls: cannot access '/etc/rbee-hive/store.key': No such file or directory",
    ], job.log_text()
    pushes(builder, "one")
    assert {path.stat().st_uid for path in store.path.rglob("*")} == {0}
    assert not list(builder.cache.glob("push/*"))
    builder.removes("one")
    is_ready(builder.installs("one"))
    runs(builder)
    builder.nothing_left()


def test_a_key_may_be_a_credential_of_systemds(builder, machine):
    machine.path("/etc/credstore").mkdir(exist_ok=True)
    machine.path("/etc/rbee-hive/store.key").rename(machine.path("/etc/credstore/store.key"))
    builder.configure("Push", SigningKey="store.key")
    machine.run("systemctl", "stop", "rbee-hived.service")
    assert "/etc/credstore" not in builder.installs("one").log_text()
    pushes(builder, "one")
    machine.path("/etc/credstore/store.key").unlink()
    job = Job(builder, builder.call("PushWorker", "one"))
    assert job.wait().result == "failed" and "SigningKey" in job.finished().message


def test_unit_that_pushes_alone_has_the_key_and_writes_the_store_alone(builder, machine, store):
    """It is looked at while it waits for the store's lock."""
    builder.catalog.add("slow", pkgbuild("slow", build="while [ ! -e /usr/share/gate ]; do sleep 0.05; done"))
    machine.path("/usr/share/gate").unlink(missing_ok=True)
    builder.installs("one")
    with open(store.path / "oci-layout", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        slow = builder.install("slow")
        wait_until(lambda: any("Starting build" in line for line in slow.lines()), what="the build")
        push = Job(builder, builder.call("PushWorker", "one"))
        wait_until(lambda: any("Packed" in line for line in push.lines()), what="the push")
        unit = f"rbee-commit-{push.id}.service"
        assert machine.run("find", "/run/credentials", "-name", "signing-key").stdout == f"/run/credentials/{unit}/signing-key\n"
        pid = machine.show(unit, "MainPID")["MainPID"]
        mounts = [line.split() for line in machine.run("cat", f"/proc/{pid}/mounts").stdout.splitlines()]
        caps = re.search(r"^CapEff:\s+(\w+)$", machine.run("cat", f"/proc/{pid}/status").stdout, re.MULTILINE)[1]
        machine.path("/usr/share/gate").touch()
    assert push.wait().result == slow.wait().result == "done"
    machine.path("/usr/share/gate").unlink()
    writable = {mount[1] for mount in mounts if "rw" in mount[3].split(",") and not mount[1].startswith(("/proc", "/sys", "/dev", "/run/host"))}
    own = {"/tmp", "/var/tmp", "/home", "/run/user"}  # empty, and gone with it
    assert writable - own == {"/srv/builds", "/var/cache/rbee-hive"}
    assert int(caps, 16) == 1 << 1, "more than CAP_DAC_OVERRIDE"


@pytest.mark.parametrize("folder", ["/srv/stick", "/home/anna/stick", "/tmp/stick", "/run/media/anna/stick"])
def test_export_is_installed_from_the_folder(builder, machine, folder):
    machine.path(folder).mkdir(parents=True)
    owner = "anna" if "anna" in folder else "root"
    machine.run("chown", owner, folder)
    builder.installs("one")
    builder.hivectl("export", "one", folder)
    builder.removes("one")
    del builder.configuration["Store shelf"]
    builder.write_configuration()
    machine.run("systemctl", "stop", "rbee-hived.service")
    said = builder.hivectl("install", "one", "--from", folder).stdout
    assert "Ready build from" in said and "This was built here" not in said, said
    runs(builder)
    machine.run("rm", "-r", folder)


def test_hivectl_names_what_a_link_leads_to_and_the_hive_follows_none(builder, machine):
    """A user's folder might be a link to anywhere by the time that root writes to it."""
    stick, link = machine.path("/srv/stick"), machine.path("/srv/media")
    stick.mkdir()
    link.symlink_to("stick")
    builder.installs("one")
    builder.hivectl("export", "one", "/srv/media")
    assert Layout(stick).tags
    job = Job(builder, builder.call("PushWorkerWithOptions", GLib.Variant("(sa{sv})", ("one", {"folder": GLib.Variant("s", "/srv/media")}))))
    assert job.wait().result == "failed" and "readlink -f /srv/media" in job.finished().message, job.log_text()
    builder.removes("one")
    assert "Ready build from" in builder.hivectl("install", "one", "--from", "/srv/media").stdout
    machine.run("rm", "-r", "/srv/stick", "/srv/media")


def test_a_build_by_another_key_is_named_in_a_line_and_built(builder, store, tmp_path):
    builder.installs("one")
    pushes(builder, "one")
    store.forge(builder.record("one")["build"]["key"], Signer(tmp_path / "others", "other"))
    builder.removes("one")
    job = builder.installs("one")
    assert "no [Key NAME] of hive.conf has that key" in job.log_text() and "This was built here" in job.lines(), job.log_text()
    runs(builder)


def test_units_push_to_a_registry_and_install_from_it(builder, machine):
    """The one that signs has no network; the one that sends, and the one that installs, have the password as a credential."""
    folder = machine.path("/var/tmp/registry")
    folder.mkdir()
    (folder / "htpasswd").write_text(HTPASSWD)
    (folder / "config.yml").write_text(
        "version: 0.1\nstorage: {filesystem: {rootdirectory: /var/tmp/registry/data}}\nhttp: {addr: '127.0.0.1:5055'}\n"
        "auth: {htpasswd: {realm: test, path: /var/tmp/registry/htpasswd}}\n"
    )
    shutil.copy(program(), machine.path("/srv/docker-registry"))
    machine.run("systemd-run", "--unit=registry", "/srv/docker-registry", "serve", "/var/tmp/registry/config.yml")
    machine.path("/etc/credstore").mkdir(exist_ok=True)
    machine.path("/etc/credstore/registry").write_text(PASSWORD + "\n")
    builder.configuration["Store shelf"] = {"URL": "http://127.0.0.1:5055/builds/rbee", "TokenCredential": "registry"}
    builder.write_configuration()
    machine.run("systemctl", "stop", "rbee-hived.service")
    builder.installs("one")
    job = pushes(builder, "one")
    assert "Pushed to http://127.0.0.1:5055/builds/rbee" in job.log_text() and "s3cret" not in job.log_text()
    builder.removes("one")
    is_ready(builder.installs("one"))
    runs(builder)
    builder.nothing_left()
    machine.run("systemctl", "stop", "registry.service")


def test_a_machine_without_a_compiler_installs_what_another_built(builder, bare, signer):
    hive = machines.SystemHive(bare)
    try:
        knows(hive, signer)
        hive.refuses("one", "MissingDependencies", "gcc")
        builder.configure("Store shelf", Push="yes")
        builder.machine.run("systemctl", "stop", "rbee-hived.service")
        builder.installs("one")
        push = wait_until(lambda: [job for job in builder.list_jobs() if job["operation"] == "worker_push"], what="the push")
        assert Job(builder, f"/org/rbee/Hive/job/{push[0]['id']}").wait() == ("done", "", "")
        is_ready(hive.installs("one"))
        assert hive.record("one")["files"] == builder.record("one")["files"]
        runs(hive)
        hive.removes("one")
        hive.nothing_left()
    finally:
        hive.close()
