# SPDX-License-Identifier: LGPL-2.1-or-later
"""Ready builds: what is pushed to a store by one hive is installed from there by another, which builds nothing."""

import datetime
import json
import os
import pwd
import shutil
import subprocess
import tarfile

import pytest
from gi.repository import GLib

from catalog import pkgbuild
from client import PATH, HiveError, variant
from job import Job
from stores import INDEX, Layout, Signer, compact, digest, is_ready, make_folder, member, pack, pushes, said
from waiting import wait_until

BUILD = "printf '#!/bin/sh\\n' >one; echo This was built here"
PACKAGE = (
    'install -Dm755 "$srcdir/one" "$pkgdir/usr/local/bin/one"; install -Dm644 /dev/null "$pkgdir/usr/local/share/one/data"; '
    'ln -s data "$pkgdir/usr/local/share/one/link"'
)
RECIPE = pkgbuild("one", build=BUILD, package=PACKAGE, makedepends=["gcc"])


@pytest.fixture
def store(hive):
    """A folder that is a store of the hive's, and a key that it trusts and signs with."""
    layout = make_folder(hive.directory / "store")
    hive.signer = Signer(hive.directory / "keys")
    hive.configuration["Store shelf"] = {"URL": layout.url}
    hive.configuration["Key builder"] = {"File": hive.signer.public}
    hive.configuration["Push"] = {"SigningKey": hive.signer.secret}
    hive.catalog.add("one", RECIPE, makedepends=["gcc"])
    return layout


@pytest.fixture
def filled(hive, store):
    """The store has a build of the worker, and the worker is not installed any more."""
    hive.installs("one")
    store.key = hive.record("one")["build"]["key"]
    store.installed = hive.record("one")["files"]
    pushes(hive, "one")
    hive.removes("one")
    return store


def is_built(job, *why):
    """It was built here, and one line of the log has all of @why."""
    assert "This was built here" in job.lines(), job.log_text()
    assert any(all(part in line for part in why) for line in said(job)), f"{why} in none of {said(job)}"
    return job


def test_what_was_pushed_is_installed_from_the_store_without_a_build(hive, filled):
    job = is_ready(hive.installs("one"))
    assert hive.record("one")["files"] == filled.installed
    assert subprocess.run([hive.installed("/usr/local/bin/one")]).returncode == 0
    assert os.readlink(hive.installed("/usr/local/share/one/link")) == "data"
    assert not any(record.phase in ("sources", "build", "package") and record.stream == "note" for record in job.records())
    assert hive.record("one")["build"]["from"] == {
        "store": "shelf",
        "signed_by": "builder",
        "host": os.uname().nodename,
        "user": pwd.getpwuid(os.getuid()).pw_name,
    }
    hive.nothing_left()


def test_what_it_takes_to_build_is_looked_for_on_a_miss_alone(hive, filled):
    hive.catalog.add("two", pkgbuild("two", makedepends=["libno-such-thing.so"]))
    hive.refuses("two", "MissingDependencies", "libno-such-thing.so")
    job = is_ready(hive.installs("one"))
    assert not any("Build:" in line for line in job.lines())


def test_a_store_that_has_nothing_is_told_and_it_is_built(hive, store):
    (store.path / "index.json").write_bytes(compact({"schemaVersion": 2, "manifests": []}))
    is_built(hive.installs("one"), "has no build of this")


def test_an_empty_folder_and_one_that_is_gone_are_no_failure(hive, store):
    is_built(hive.installs("one"), "Store shelf is of no use", "index.json")
    hive.removes("one")
    store.path.rmdir()
    is_built(hive.installs("one"), "Store shelf is of no use")


def test_the_store_is_an_oci_image_layout(hive, filled):
    assert json.loads((filled.path / "oci-layout").read_text()) == {"imageLayoutVersion": "1.0.0"}
    assert filled.index["schemaVersion"] == 2
    for entry in filled.index["manifests"]:
        assert entry["mediaType"] == INDEX and digest(filled.read(entry["digest"])) == entry["digest"]
    for path in (filled.path / "blobs" / "sha256").iterdir():
        assert digest(path.read_bytes()) == f"sha256:{path.name}"
    record = filled.record(filled.key)
    assert record["key"] == filled.key and record["worker"]["id"] == "one"
    assert record["host"] == os.uname().nodename and record["user"] == pwd.getpwuid(os.getuid()).pw_name
    assert [file["path"] for file in record["files"]] == [file["path"] for file in filled.installed]


# refusals: each is told in a line, and the worker is built


def changes_record(filled, hive):
    build = filled.builds(filled.key)[0]
    record = json.loads(filled.read(build["config"]["digest"]))
    record["host"] = "elsewhere"
    signature = filled.read(build["layers"][1]["digest"])
    filled.set_builds(filled.key, filled.manifest(compact(record), filled.read(build["layers"][0]["digest"]), signature))
    return "‼", "signature is not by the key builder"


def changes_record_in_place(filled, hive):
    path = filled.blob(filled.builds(filled.key)[0]["config"]["digest"])
    path.write_bytes(path.read_bytes().replace(b'"host"', b'"hast"'))
    return ("is something else",)


def changes_tree_in_place(filled, hive):
    path = filled.blob(filled.builds(filled.key)[0]["layers"][0]["digest"])
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    return ("is something else",)


def truncates_tree(filled, hive):
    path = filled.blob(filled.builds(filled.key)[0]["layers"][0]["digest"])
    path.write_bytes(path.read_bytes()[:100])
    return ("is something else",)


def exchanges_tree(filled, hive):
    build = filled.builds(filled.key)[0]
    build["layers"][0].update(filled.put(pack((member("usr/local/bin/one", mode=0o755), b"#!/bin/sh\n"))))
    filled.set_builds(filled.key, build)
    return "‼", "another one than was signed"


def changes_signature(filled, hive):
    build = filled.builds(filled.key)[0]
    text = filled.read(build["layers"][1]["digest"]).decode().splitlines()
    text[1] = text[1][:40] + ("A" if text[1][40] != "A" else "B") + text[1][41:]
    build["layers"][1].update(filled.put("\n".join(text).encode() + b"\n"))
    filled.set_builds(filled.key, build)
    return "‼", "signature is not by the key builder"


def has_no_signature(filled, hive):
    build = filled.builds(filled.key)[0]
    build["layers"][1].update(filled.put(b"nothing\n"))
    filled.set_builds(filled.key, build)
    return ("signed by nobody",)


def is_signed_by_another_key(filled, hive):
    filled.forge(filled.key, Signer(hive.directory / "others", "other"))
    return ("no [Key NAME] of hive.conf has that key",)


def lies_about_the_media_type(filled, hive):
    build = filled.builds(filled.key)[0]
    build["layers"][0]["mediaType"] = "application/vnd.oci.image.layer.v1.tar+zstd"
    filled.set_builds(filled.key, build)
    return ("media type",)


def lies_about_the_size(filled, hive):
    build = filled.builds(filled.key)[0]
    build["config"]["size"] += 1
    filled.set_builds(filled.key, build)
    return ("is something else",)


def says_a_size_without_end(filled, hive):
    build = filled.builds(filled.key)[0]
    build["config"]["size"] = 2**62
    filled.set_builds(filled.key, build)
    return ("size of",)


def names_no_digest(filled, hive):
    build = filled.builds(filled.key)[0]
    build["layers"][0]["digest"] = "sha256:../../../../etc/passwd"
    filled.set_builds(filled.key, build)
    return ("is not a digest",)


def has_an_index_of_ten_thousand(filled, hive):
    build = {"mediaType": "application/vnd.oci.image.manifest.v1+json", **filled.put(b"{}")}
    filled.set_tag(filled.key, {"schemaVersion": 2, "mediaType": INDEX, "manifests": [build] * 10000})
    return ("more than 64 builds",)


def has_another_index_than_its_tag_names(filled, hive):
    path = filled.blob(filled.tags[filled.key]["digest"])
    path.write_bytes(path.read_bytes().replace(b'"schemaVersion":2', b'"schemaVersion":3'))
    return "of no use", "is something else"


def has_an_index_that_is_no_json(filled, hive):
    filled.set_tag(filled.key, b"{" * 1000)
    return ("of no use",)


def is_a_bomb(filled, hive):
    bomb = pack((member("usr", tarfile.DIRTYPE, 0o755), None), (member("usr/one", mode=0o755), b"\0" * (64 << 20)))
    filled.forge(filled.key, hive.signer, tree=bomb)
    return ("more than it should",)


def is_a_bomb_of_folders(filled, hive):
    folder = member(".", tarfile.DIRTYPE, 0o755).tobuf(tarfile.USTAR_FORMAT)
    tree = subprocess.run(["zstd", "-q", "-c"], input=folder * 101000 + b"\0" * 1024, stdout=subprocess.PIPE, check=True).stdout
    filled.forge(filled.key, hive.signer, tree=tree)
    return ("more files than it should",)


def wants_memory_without_end(filled, hive):
    """Its window is 2 GiB: so much of what was unpacked is to be kept."""
    plain = subprocess.run(["zstd", "-q", "-dc"], input=pack((member("usr/one"), b"x")), stdout=subprocess.PIPE, check=True).stdout
    tree = subprocess.run(["zstd", "-q", "-c", "--ultra", "--long=31"], input=plain, stdout=subprocess.PIPE, check=True).stdout
    filled.forge(filled.key, hive.signer, tree=tree)
    return ("no form that is known",)


def leads_elsewhere(filled, hive):
    filled.forge(filled.key, hive.signer, tree=pack((member("../../../../tmp/x"), b"x")))
    return ("path that leads elsewhere",)


def is_absolute(filled, hive):
    filled.forge(filled.key, hive.signer, tree=pack((member("/etc/x"), b"x")))
    return ("path that leads elsewhere",)


def goes_through_a_link(filled, hive):
    filled.forge(filled.key, hive.signer, tree=pack((member("usr", tarfile.SYMTYPE, linkname="/tmp"), None), (member("usr/x"), b"x")))
    return ("Cannot make usr/x",)


def has_a_hard_link(filled, hive):
    filled.forge(filled.key, hive.signer, tree=pack((member("a"), b"x"), (member("b", tarfile.LNKTYPE, linkname="a"), None)))
    return ("hard link",)


def has_a_setuid_bit(filled, hive):
    filled.forge(filled.key, hive.signer, tree=pack((member("usr", tarfile.DIRTYPE, 0o755), None), (member("usr/x", mode=0o4755), b"x")))
    return ("set-user-ID",)


def has_a_device(filled, hive):
    filled.forge(filled.key, hive.signer, tree=pack((member("null", tarfile.CHRTYPE, devmajor=1, devminor=3), None)))
    return ("device",)


def has_a_pipe(filled, hive):
    filled.forge(filled.key, hive.signer, tree=pack((member("pipe", tarfile.FIFOTYPE), None)))
    return ("device or a pipe",)


def has_a_file_more(filled, hive):
    filled.forge(filled.key, hive.signer, tree=pack((member("more"), b"x")))
    return (
        "‼",
        "what its record does not",
    )


def lacks_files(filled, hive):
    filled.forge(filled.key, hive.signer, tree=pack())
    return (
        "‼",
        "lacks files",
    )


def is_no_archive(filled, hive):
    filled.forge(filled.key, hive.signer, tree=b"garbage" * 100)
    return ("no form that is known",)


def records_a_setuid_file(filled, hive):
    filled.forge(filled.key, hive.signer, lambda record: record["files"][0].update(mode="4755"))
    return (
        "‼",
        "no package may have",
    )


def is_of_another_version(filled, hive):
    filled.forge(filled.key, hive.signer, lambda record: record["worker"].update(version="9-1"))
    return ("version 9-1",)


def needs(change):
    def hostile(filled, hive):
        filled.forge(filled.key, hive.signer, lambda record: change(record["build"]["requires"]))

    return hostile


def needs_a_later_glibc(filled, hive):
    needs(lambda requires: requires["symbols"].update(GLIBC="9.99"))(filled, hive)
    return "it needs glibc 9.99", "is here)"


def needs_a_later_libstdcxx(filled, hive):
    needs(lambda requires: requires["symbols"].update(GLIBCXX="3.4.999"))(filled, hive)
    return ("it needs GLIBCXX_3.4.999",)


def needs_another_processor(filled, hive):
    needs(lambda requires: requires["cpu"].append("avx9000"))(filled, hive)
    return ("it needs a processor with avx9000",)


def needs_a_library(filled, hive):
    needs(lambda requires: requires["libraries"].append("libno-such.so.7"))(filled, hive)
    return ("it needs libno-such.so.7",)


def needs_an_interpreter(filled, hive):
    needs(lambda requires: requires["interpreters"].append("/usr/bin/no-such"))(filled, hive)
    return ("it needs /usr/bin/no-such",)


REFUSALS = [
    value
    for name, value in list(globals().items())
    if callable(value) and getattr(value, "__module__", "") == __name__ and value.__code__.co_varnames[:2] == ("filled", "hive")
]


@pytest.mark.parametrize("group", range(3))
def test_a_build_is_not_used_that(hive, filled, group):
    """One store for many, which is whole again before each."""
    shutil.copytree(filled.path, hive.directory / "whole")
    for spoil in REFUSALS[group::3]:
        shutil.rmtree(filled.path)
        shutil.copytree(hive.directory / "whole", filled.path)
        why = spoil(filled, hive)
        is_built(hive.installs("one"), *why)
        hive.removes("one")
        hive.nothing_left()


def test_a_build_under_the_tag_of_another_is_refused_and_both_keys_are_named(hive, filled):
    """A replay: all of it is genuine, and for something else."""
    hive.catalog.add("one", RECIPE + "# a later one\n", makedepends=["gcc"])
    job = hive.installs("one")
    key = hive.record("one")["build"]["key"]
    assert key != filled.key and any("has no build of this" in line for line in said(job))
    hive.removes("one")
    filled.set_tag(key, filled.read(filled.tags[filled.key]["digest"]))
    is_built(hive.installs("one"), "‼", filled.key, key)


def test_a_key_may_be_revoked_for_what_it_signed_before_a_day(hive, filled):
    hive.stop()
    tomorrow = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=1)
    hive.configuration["Key builder"]["NotBefore"] = tomorrow.strftime("%Y-%m-%d")
    is_built(hive.installs("one"), "older than NotBefore= of [Key builder]")
    hive.removes("one")
    hive.stop()
    hive.configuration["Key builder"]["NotBefore"] = "2026-01-01T00:00:00Z"
    is_ready(hive.installs("one"))


def test_a_build_for_other_cards_or_a_later_driver_is_not_used(hive, filled):
    """The card is as nvidia-smi tells of one."""
    hive.stop()
    tool = hive.directory / "tools" / "nvidia-smi"
    tool.parent.mkdir()
    tool.write_text("#!/bin/sh\necho name, memory.total [MiB], compute_cap, driver_version, uuid\necho Card, 24576 MiB, 8.6, 560.35.03, GPU-1\n")
    tool.chmod(0o755)
    hive.environment["PATH"] = f"{tool.parent}:{os.environ['PATH']}"
    hive.call("RefreshCapabilities")
    wait_until(lambda: any(device["name"] == "Card" for device in hive.call("GetCapabilities")["devices"]), what="the card")
    for gpu, why in (
        ({"driver": "580"}, "it needs NVIDIA's driver 580, and Card has 560.35.03"),
        ({"cuda": ["90"]}, "it has no code for Card (8.6)"),
    ):
        needs(lambda requires, gpu=gpu: requires.update(gpu=gpu))(filled, hive)
        is_built(hive.installs("one"), why)
        hive.removes("one")
    needs(lambda requires: requires.update(gpu={"cuda": ["86"], "driver": "525"}))(filled, hive)
    is_ready(hive.installs("one"))


def test_without_a_key_no_store_is_believed(hive, filled):
    hive.stop()
    del hive.configuration["Key builder"]
    is_built(hive.installs("one"), "no [Key NAME]")


def test_what_was_asked_for_as_processor_is_meant(hive, filled):
    job = hive.installs("one", cpu="baseline")
    is_built(job, "built for native, and not for baseline")


def test_the_newest_build_that_runs_here_is_taken(hive, filled):
    good = filled.builds(filled.key)[0]
    needs(lambda requires: requires["cpu"].append("avx9000"))(filled, hive)
    filled.forge(filled.key, hive.signer, lambda record: record["build"].update(built_at=record["build"]["built_at"] + 1))
    filled.set_builds(filled.key, good, filled.builds(filled.key)[0])
    job = is_ready(hive.installs("one"))
    assert any("avx9000" in line for line in said(job))


def test_a_recipe_that_builds_something_else_tomorrow_is_not_asked_for_unless_it_may(hive, store):
    recipe = pkgbuild("one", build=BUILD, package=PACKAGE, extra="pkgver() { echo 7; }", makedepends=["gcc"])
    hive.catalog.add("one", recipe, makedepends=["gcc"])
    is_built(hive.installs("one"), "is not asked", "Floating=")
    pushes(hive, "one")
    hive.removes("one")
    hive.stop()
    hive.configuration["Store shelf"]["Floating"] = "yes"
    is_ready(hive.installs("one"))
    assert hive.workers()["one"]["version"] == "7-1"


# pushing


def test_a_push_of_what_was_changed_since_is_refused(hive, store):
    hive.installs("one")
    path = hive.installed("/usr/local/share/one/data")
    for spoil in (lambda: path.write_text("more"), lambda: (path.write_text(""), path.chmod(0o600)), path.unlink):
        spoil()
        job = Job(hive, hive.call("PushWorker", "one"))
        assert job.wait()[:2] == ("failed", "Failed") and "not as it was installed" in job.finished().message
    assert not (store.path / "index.json").exists()


def test_a_push_without_a_key_says_what_to_do(hive, store):
    hive.configuration["Push"]["SigningKey"] = ""
    hive.installs("one")
    job = Job(hive, hive.call("PushWorker", "one"))
    assert job.wait().result == "failed" and "minisign -G -W" in job.finished().message


def test_a_push_into_a_folder_that_cannot_be_written_says_why(hive, store):
    hive.installs("one")
    hive.bind_read_only(store.path)
    job = Job(hive, hive.call("PushWorker", "one"))
    assert job.wait().result == "failed" and "Read-only file system" in job.finished().message


def test_push_yes_pushes_each_build_and_nothing_that_came_from_a_store(hive, store):
    hive.configuration["Store shelf"]["Push"] = "yes"
    hive.installs("one")
    push = wait_until(lambda: [job for job in hive.list_jobs() if job["operation"] == "worker_push"], what="the push")
    assert Job(hive, f"{PATH}/job/{push[0]['id']}").wait() == ("done", "", "")
    count = len(hive.list_jobs())
    hive.removes("one")
    is_ready(hive.installs("one"))
    assert len(hive.list_jobs()) == count + 2


def test_two_pushes_of_one_build_leave_both(hive, filled):
    hive.installs("one", cpu="baseline")
    pushes(hive, "one")
    assert {filled.record(filled.key, number)["build"]["cpu"] for number in range(2)} == {"native", "baseline"}


def test_pushes_of_two_workers_at_once_lose_nothing(hive, store):
    names = [f"many{number}" for number in range(4)]
    for name in names:
        hive.catalog.add(name)
        hive.installs(name)
    jobs = [Job(hive, hive.call("PushWorker", name)) for name in names]
    assert all(job.wait().result == "done" for job in jobs)
    assert {hive.record(name)["build"]["key"] for name in names} == set(store.tags)


def test_hivectl_exports_to_a_folder_and_installs_from_it(hive, store):
    hive.installs("one")
    stick = make_folder(hive.directory / "stick")
    hive.hivectl("export", "one", stick.path)
    hive.removes("one")
    del hive.configuration["Store shelf"]
    hive.stop()
    out = hive.hivectl("install", "one", "--from", stick.path).stdout
    assert "Ready build from" in out and "This was built here" not in out
    hive.removes("one")
    empty = hive.directory / "empty"
    empty.mkdir()
    hive.refuses("one", "SourceUnavailable", str(empty), **{"from": str(empty)})


def test_hivectl_pushes_and_lists_stores(hive, store):
    hive.installs("one")
    assert "Pushed to" in hive.hivectl("push", "one").stdout
    assert json.loads(hive.hivectl("stores", "--json").stdout) == [{"name": "shelf", "url": store.url, "push": False, "floating": False}]
    assert "shelf" in hive.hivectl("stores").stdout
    with pytest.raises(HiveError, match='InvalidArgument: There is no store "x"'):
        hive.call("PushWorkerWithOptions", GLib.Variant("(sa{sv})", ("one", {"store": variant("x")})))
    with pytest.raises(HiveError, match="NotInstalled"):
        hive.call("PushWorker", "nothing")


def test_the_sandbox_of_a_recipe_sees_neither_the_key_nor_the_store(hive, store):
    hive.catalog.add(
        "spy",
        pkgbuild(
            "spy", build=f"ls {store.path} {hive.signer.secret} $CREDENTIALS_DIRECTORY/ 2>&1 | sed 's/^/seen /'; env | grep -c CREDENTIALS || true"
        ),
    )
    lines = hive.installs("spy").lines()
    assert all("No such file" in line for line in lines if line.startswith("seen ") and str(hive.directory) in line)


@pytest.mark.plain  # what the sanitizers add keeps libraries that nothing asks for
def test_the_program_that_has_the_key_cannot_speak_with_servers_and_the_one_that_does_unpacks_nothing(build):
    """And each starts sooner without the libraries of the other."""

    def loads(program):
        return subprocess.run(["ldd", build.libexec / program], check=True, stdout=subprocess.PIPE, text=True).stdout

    assert "libarchive" in loads("rbee-hive-pack") and "libcurl" not in loads("rbee-hive-pack")
    assert "libcurl" in loads("rbee-hive-store") and "libarchive" not in loads("rbee-hive-store")


def test_layout_names(hive, filled):
    assert Layout(filled.path).url == f"oci://{filled.path}"
