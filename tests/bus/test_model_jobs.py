# SPDX-License-Identifier: LGPL-2.1-or-later
"""Models that the hive fetches, copies and removes."""

import json
import os
import subprocess
import sys
import threading

import pytest
from gi.repository import Gio, GLib

from catalog import sha256
from client import ERROR, NAME, PATH, HiveError, variant
from gguf import gguf, split
from hub import Hub
from job import Job
from test_models import WRONG
from test_tls import trust
from tls import Authority, HttpsCatalog, redirect
from waiting import LEAST, wait_until

DATA = gguf()
TOKEN = "hf_secret123"


@pytest.fixture
def hub(hive):
    hub = Hub()
    hive.configuration["Models"] = {"HubURL": hub.url}
    yield hub
    hub.close()


@pytest.fixture
def token_file(hive):
    path = hive.directory / "token"
    path.write_text(f"{TOKEN}\n")
    path.chmod(0o600)
    return path


def pull(hive, reference, **options):
    return Job(hive, hive.call("PullModel", GLib.Variant("(sa{sv})", (reference, {key: variant(value) for key, value in options.items()}))))


def bring(hive, file, name="mine", **options):
    """ImportModel with the descriptor of @file."""
    files = Gio.UnixFDList.new()
    options = {key: variant(value) for key, value in dict(options, name=name).items()}
    arguments = GLib.Variant("(ha{sv})", (files.append(file), options))
    try:
        answer, _ = hive.connection.call_with_unix_fd_list_sync(
            NAME, PATH, NAME, "ImportModel", arguments, None, Gio.DBusCallFlags.NONE, 1000 * LEAST, files, None
        )
    except GLib.Error as error:
        name = Gio.DBusError.get_remote_error(error) or "?"
        Gio.DBusError.strip_remote_error(error)
        raise HiveError(name.removeprefix(ERROR), error.message) from None
    return Job(hive, answer.unpack()[0])


def done(job):
    assert job.wait() == ("done", "", ""), job.log_text()
    return job


def failed(hive, job, error, *parts):
    end = job.wait()
    assert (end.result, end.error) == ("failed", error), f"{end}\n{job.log_text()}"
    for part in parts:
        assert part in end.message, end.message
    nothing_left(hive)
    return end.message


def nothing_left(hive):
    wait_until(lambda: not list((hive.cache / "work").iterdir()), what="the work tree to be gone")
    folder = hive.state / "models"
    assert not folder.exists() or not list(folder.iterdir())


def models(hive):
    return {model["name"]: model for model in hive.call("ListModels")[0]}


def test_model_of_the_hub_is_fetched_checked_and_listed_with_its_sum(hive, hub):
    job = done(pull(hive, hub.put("owner/repo", "tiny-Q4_K_M.gguf", DATA)))
    assert (job.get("Operation"), job.get("WorkerId")) == ("model_download", "tiny-Q4_K_M")
    model = models(hive)["tiny-Q4_K_M"]
    path = hive.state / "models" / "tiny-Q4_K_M.gguf"
    assert path.read_bytes() == DATA and model["path"] == str(path) and oct(path.stat().st_mode)[-3:] == "644"
    assert model["sha256"] == [sha256(DATA)] and model["source"] == "hf:owner/repo:tiny-Q4_K_M.gguf" and model["added_at"] > 0
    assert path.stat().st_uid == os.getuid() or os.getuid() != 0
    wait_until(lambda: not list((hive.cache / "work").iterdir()), what="the work tree to be gone")
    with pytest.raises(HiveError, match="FileConflict.*hivectl model remove tiny-Q4_K_M"):
        pull(hive, "hf:owner/repo:tiny-Q4_K_M.gguf")


def test_only_model_of_a_repository_needs_no_file_and_its_parts_are_one_model(hive, hub):
    for i, data in enumerate(split(2), 1):
        hub.put("owner/repo", f"sub/big-{i:05}-of-00002.gguf", data)
    done(pull(hive, "hf:owner/repo"))
    model = models(hive)["big"]
    assert len(model["files"]) == len(model["sha256"]) == 2
    hive.call("RemoveModel", "big")
    nothing_left(hive)
    assert not list((hive.state / "model-records").iterdir())


def test_several_models_of_a_repository_are_refused_with_their_list(hive, hub):
    hub.put("owner/repo", "a-Q4.gguf", DATA)
    hub.put("owner/repo", "a-Q8.gguf", DATA)
    failed(hive, pull(hive, "hf:owner/repo"), "InvalidArgument", "a-Q4.gguf, a-Q8.gguf", "hf:owner/repo:FILE")


def test_repository_or_file_that_is_not_there_is_named(hive, hub):
    failed(hive, pull(hive, "hf:owner/none"), "ModelNotFound", "owner/none", "404")
    hub.put("owner/repo", "a.gguf", DATA)
    failed(hive, pull(hive, "hf:owner/repo:b.gguf"), "ModelNotFound", "b.gguf")


def test_repository_that_wants_a_token_names_the_credential_and_is_fetched_with_it(hive, hub, token_file):
    hub.gated = TOKEN
    reference = hub.put("owner/repo", "a.gguf", DATA)
    failed(hive, pull(hive, reference), "SourceUnavailable", "401", "TokenCredential= of [Models]")
    hive.stop()
    hive.configuration["Models"]["TokenCredential"] = token_file
    job = done(pull(hive, reference))
    assert TOKEN not in job.log_text() + hive.daemon_log()


def test_file_with_another_sum_is_refused(hive, hub):
    failed(hive, pull(hive, hub.put("owner/repo", "a.gguf", DATA, oid="0" * 64)), "ChecksumMismatch", "0" * 64, sha256(DATA))


@pytest.mark.parametrize("wrong", ["not-one", "cut-in-its-tensors", "petabytes-of-a-tensor"])
def test_file_that_is_no_model_is_neither_fetched_nor_imported(hive, hub, wrong):
    data, why = WRONG[wrong]
    failed(hive, pull(hive, hub.put("owner/repo", f"{wrong}.gguf", data)), "ModelInvalid", why)
    path = hive.directory / "file"
    path.write_bytes(data)
    with open(path, "rb") as file:
        failed(hive, bring(hive, file.fileno()), "ModelInvalid", why)


@pytest.mark.parametrize("ranges", [True, False])
def test_download_that_is_cut_goes_on_or_starts_over_where_the_server_cannot(hive, hub, ranges):
    hub.ranges = ranges
    hub.cuts = [3000, 4000] if ranges else [3000]
    done(pull(hive, hub.put("owner/repo", "a.gguf", DATA)))
    assert (hive.state / "models" / "a.gguf").read_bytes() == DATA
    assert any("Range" in headers for path, headers in hub.asked if path.startswith("/cdn/"))


def test_model_larger_than_the_disk_is_refused_before_anything_is_fetched(hive, hub):
    failed(hive, pull(hive, hub.put("owner/repo", "a.gguf", DATA, size=1 << 60)), "NoSpace", "KeepFree=")
    assert not any(path.startswith("/cdn/") for path, _ in hub.asked)


@pytest.mark.root
def test_disk_that_fills_up_in_the_middle_of_a_download_is_named_and_the_next_one_goes_on(hive, hub):
    hive.cache.mkdir()
    hive.mount(hive.cache, "size=8M", "mode=755")
    hive.configuration["Build"] = {"KeepFree": "0"}
    big = gguf(tensors=[("t", (4 << 20,), 24, 0)], data=os.urandom(4 << 20))
    reference = hub.put("owner/repo", "big.gguf", big)
    original, rest = hub.send_data, hive.cache / "rest"

    def fill(handler, data):
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(data)))
        handler.send_header("ETag", '"big"')
        handler.end_headers()
        handler.wfile.write(data[: 1 << 20])
        handler.wfile.flush()
        wait_until(lambda: list((hive.cache / "work").glob("*/keep/sources/*/part")), what="a part of it")
        with open(rest, "wb") as file, pytest.raises(OSError, match="No space"):
            while True:
                os.write(file.fileno(), bytes(4096))
        handler.wfile.write(data[1 << 20 :])

    hub.send_data = fill
    failed(hive, pull(hive, reference), "NoSpace", str(hive.cache))
    rest.unlink()
    hub.send_data = original
    done(pull(hive, reference))
    assert (hive.state / "models" / "big.gguf").read_bytes() == big


def test_reference_that_says_too_little_is_refused_at_once(hive, hub):
    for reference in (
        "llama3",
        "hf:owner",
        "hf:owner/repo/more",
        "hf:../repo",
        "hf:owner/repo:../x.gguf",
        "https://host/x.gguf",
        "https://host/x.gguf#sha256=12",
        "file:///etc/passwd",
        "hf:owner/repo:pytorch_model.bin",
        "",
    ):
        with pytest.raises(HiveError, match="InvalidArgument.*sha256"):
            pull(hive, reference)


def test_address_on_this_machine_is_not_asked_whatever_its_sum(hive, hub):
    hub.put("owner/repo", "a.gguf", DATA)
    failed(hive, pull(hive, f"{hub.url}/a.gguf#sha256={sha256(DATA)}"), "SourceUnavailable", "leads to 127.0.0.1", "Allow= of [Network]")
    assert not hub.asked


@pytest.fixture
def https(hive):
    """A server that this machine trusts, by an authority of the test's own, and that may be reached by the administrator's word."""
    authority = Authority(hive.directory, "world")
    trust(hive, authority)
    server = HttpsCatalog(authority.context("IP:127.0.0.1"))
    hive.configuration["Network"] = {"Allow": f"127.0.0.1:{server.port}"}
    yield server
    server.close()


@pytest.mark.root
def test_file_of_an_https_address_is_a_model_if_it_has_the_sum_of_the_reference(hive, hub, https, token_file):
    hive.configuration["Models"]["TokenCredential"] = token_file
    https.answers["/files/tiny-Q4_K_M.gguf"] = (200, "application/octet-stream", DATA)
    url = f"{https.url}/files/tiny-Q4_K_M.gguf"
    failed(hive, pull(hive, f"{url}#sha256={'0' * 64}"), "ChecksumMismatch", "0" * 64, sha256(DATA))
    done(pull(hive, f"{url}#sha256={sha256(DATA).upper()}"))
    model = models(hive)["tiny-Q4_K_M"]
    assert (model["source"], model["sha256"]) == (url, [sha256(DATA)])
    assert (hive.state / "models" / "tiny-Q4_K_M.gguf").read_bytes() == DATA
    assert https.sent and {sent for _, sent in https.sent} == {None}, "the hub's token is the hub's alone"


@pytest.mark.root
def test_https_address_that_is_not_there_or_leads_to_this_machine_is_told(hive, hub, https):
    hub.put("owner/repo", "a.gguf", DATA)
    https.answers["/moved.gguf"] = redirect(f"{hub.url}/cdn/{sha256(DATA)}")
    failed(hive, pull(hive, f"{https.url}/none.gguf#sha256={sha256(DATA)}"), "ModelNotFound", "none.gguf", "404")
    https.answers["/closed.gguf"] = (401, "text/plain", b"")
    job = pull(hive, f"{https.url}/closed.gguf#sha256={sha256(DATA)}")
    failed(hive, job, "SourceUnavailable", "401", "hivectl model import")
    assert "TokenCredential" not in job.log_text()
    failed(hive, pull(hive, f"{https.url}/moved.gguf#sha256={sha256(DATA)}"), "SourceUnavailable", "leads to 127.0.0.1", "Allow= of [Network]")
    assert not hub.asked


@pytest.mark.root
def test_https_server_whom_nobody_vouches_for_is_not_asked(hive, https):
    hive.wrapper = []
    failed(hive, pull(hive, f"{https.url}/a.gguf#sha256={sha256(DATA)}"), "SourceUnavailable", "no authority that is trusted here vouches for it")
    assert not https.sent


def test_file_of_the_caller_is_imported_and_removed(hive):
    path = hive.directory / "mine.gguf"
    path.write_bytes(DATA)
    with open(path, "rb") as file:
        done(bring(hive, file.fileno()))
    model = models(hive)["mine"]
    assert model["source"] == "import" and model["sha256"] == []
    assert (hive.state / "models" / "mine.gguf").read_bytes() == DATA
    with open(path, "rb") as file, pytest.raises(HiveError, match="FileConflict"):
        bring(hive, file.fileno())
    hive.call("RemoveModel", "mine")
    assert not models(hive)
    with pytest.raises(HiveError, match="ModelNotFound"):
        hive.call("RemoveModel", "mine")


def test_model_that_was_changed_or_lost_is_told(hive, hub):
    with pytest.raises(HiveError, match="ModelNotFound.*none"):
        hive.call("VerifyModel", "none")
    hive.hivectl("model", "verify", "../etc", status=2)
    done(pull(hive, hub.put("owner/repo", "a.gguf", DATA)))
    path = hive.state / "models" / "a.gguf"
    assert hive.call("VerifyModel", "a") == [] and "a: OK" in hive.hivectl("model", "verify", "a").stdout
    path.write_bytes(DATA[:-1] + b"!")
    assert hive.call("VerifyModel", "a") == [("a.gguf", "changed")]
    assert "a: changed a.gguf" in hive.hivectl("model", "verify", "a", status=7).stdout
    path.write_bytes(DATA + b"!")
    assert hive.call("VerifyModel", "a") == [("a.gguf", "changed")]
    path.unlink()
    assert hive.call("VerifyModel", "a") == [("a.gguf", "missing")]
    os.mkfifo(path)
    assert hive.call("VerifyModel", "a") == [("a.gguf", "changed")]


def test_model_whose_sum_nobody_knows_is_told_as_that(hive):
    path = hive.directory / "mine.gguf"
    path.write_bytes(DATA)
    with open(path, "rb") as file:
        done(bring(hive, file.fileno()))
    assert hive.call("VerifyModel", "mine") == [("mine.gguf", "unknown")]
    [line] = hive.hivectl("model", "verify", "mine", "--json").stdout.splitlines()
    assert json.loads(line) == {"model": "mine", "problems": [{"path": "mine.gguf", "problem": "unknown"}]}


def test_import_checks_the_sum_that_it_is_told(hive):
    path = hive.directory / "mine.gguf"
    path.write_bytes(DATA)
    with open(path, "rb") as file:
        failed(hive, bring(hive, file.fileno(), sha256="0" * 64), "ChecksumMismatch", "0" * 64)
        done(bring(hive, file.fileno(), sha256=sha256(DATA).upper()))
    assert models(hive)["mine"]["sha256"] == [sha256(DATA)]


def test_import_of_what_is_no_regular_file_is_refused(hive):
    os.mkfifo(hive.directory / "fifo")
    (hive.directory / "text").write_text("some text")
    for name, why in (("fifo", "a FIFO"), ("/dev/zero", "a device"), (".", "a folder")):
        fd = os.open(hive.directory / name, os.O_RDONLY | os.O_NONBLOCK)
        failed(hive, bring(hive, fd), "ModelInvalid", why)
        os.close(fd)
    with pytest.raises(HiveError, match="InvalidArgument"), open(hive.directory / "text", "rb") as file:
        bring(hive, file.fileno(), name="../mine")
    with pytest.raises(HiveError, match="InvalidArgument.*reading"), open(hive.directory / "text", "ab") as file:
        bring(hive, file.fileno())


def test_import_that_would_take_what_keepfree_keeps_is_refused_before_anything_is_copied(hive):
    hive.configuration["Build"] = {"KeepFree": "1024T"}
    path = hive.directory / "mine.gguf"
    path.write_bytes(DATA)
    with open(path, "rb") as file:
        failed(hive, bring(hive, file.fileno()), "NoSpace", "KeepFree=", str(hive.cache))


@pytest.mark.root
def test_disk_that_fills_up_in_the_middle_of_an_import_is_named(hive):
    """By a file that says it is empty, and has 256 GiB."""
    hive.cache.mkdir()
    hive.mount(hive.cache, "size=4M", "mode=755")
    hive.configuration["Build"] = {"KeepFree": "0"}
    with open("/proc/self/pagemap", "rb") as file:
        failed(hive, bring(hive, file.fileno()), "NoSpace", str(hive.cache))
    with open("/proc/self/status", "rb") as file:
        failed(hive, bring(hive, file.fileno()), "ModelInvalid", "changed while it was copied")


def test_import_of_a_file_that_changes_meanwhile_is_refused(hive):
    path = hive.directory / "growing.gguf"
    with open(path, "wb") as file:
        file.truncate(64 << 20)
    script = "import os, sys\nfile = os.open(sys.argv[1], os.O_WRONLY)\nwhile True:\n    os.pwrite(file, b'x', 0)\n"
    writer = subprocess.Popen([sys.executable, "-c", script, path])
    try:
        wait_until(lambda: path.read_bytes()[:1] == b"x", what="the first change")
        for _ in range(20):  # others may keep the writer from writing while it is copied
            with open(path, "rb") as file:
                if "changed while it was copied" in failed(hive, bring(hive, file.fileno()), "ModelInvalid"):
                    break
        else:
            raise AssertionError("no change was seen")
    finally:
        writer.kill()
        writer.wait()


def test_model_in_a_configured_folder_is_not_the_hives_to_remove(hive):
    folder = hive.directory / "folder"
    folder.mkdir()
    (folder / "theirs.gguf").write_bytes(DATA)
    hive.configuration["Models"] = {"Folders": folder}
    with pytest.raises(HiveError, match="InvalidArgument.*Folders="):
        hive.call("RemoveModel", "theirs")
    assert (folder / "theirs.gguf").exists()


def test_hivectl_pulls_imports_and_removes_models(hive, hub):
    path = hive.directory / "mine.gguf"
    path.write_bytes(DATA)
    assert "The model is there" in hive.hivectl("model", "pull", hub.put("owner/repo", "a.gguf", DATA)).stdout
    assert "The model is there" in hive.hivectl("model", "import", str(path)).stdout
    assert {model["name"] for model in json.loads(hive.hivectl("models", "--json").stdout)} == {"a", "mine"}
    hive.hivectl("model", "remove", "a", "mine")
    assert json.loads(hive.hivectl("models", "--json").stdout) == []
    assert "Give one of" in hive.hivectl("model", "fry", "a", status=2).stderr
    hive.hivectl("model", "remove", "a", status=3)


def test_cancelled_pull_leaves_no_model_and_the_next_one_goes_on(hive, hub):
    big = gguf(tensors=[("t", (1 << 20,), 24, 0)], data=os.urandom(1 << 20))
    reference = hub.put("owner/repo", "big.gguf", big)
    original = hub.send_data
    held = []

    def hold(handler, data):
        handler.send_response(200)
        handler.send_header("ETag", f'"{sha256(data)}"')
        handler.send_header("Content-Length", str(len(data)))
        handler.end_headers()
        handler.wfile.write(data[:600000])
        handler.wfile.flush()
        held.append(handler)
        wait_until(lambda: hub.send_data is original, what="the test to go on")

    hub.send_data = hold
    job = pull(hive, reference)
    wait_until(
        lambda: held and any(path.stat().st_size >= 500000 for path in (hive.cache / "work").glob("*/keep/sources/*/part")),
        what="a part of the model",
    )
    job.call("Cancel")
    assert job.wait().result == "cancelled"
    hub.send_data = original
    nothing_left(hive)
    hub.asked.clear()
    job = done(pull(hive, reference))
    assert "Resuming" in job.log_text()
    assert (hive.state / "models" / "big.gguf").read_bytes() == big


def test_worker_and_model_of_one_name_are_not_in_each_others_way(hive, hub):
    reference, original, gate = hub.put("owner/repo", "some.gguf", DATA), hub.send_data, threading.Event()

    def wait(handler, data):
        gate.wait(LEAST)
        original(handler, data)

    hub.send_data = wait
    hive.catalog.add("some")
    job = pull(hive, reference)
    wait_until(lambda: any(path.startswith("/cdn/") for path, _ in hub.asked), what="the download")
    hive.installs("some")
    with pytest.raises(HiveError, match="Busy"):
        pull(hive, "hf:owner/other:some.gguf")
    gate.set()
    done(job)
    hive.call("RemoveModel", "some")
    assert "some" in hive.workers()


def test_key_gets_the_same_job_after_the_model_is_there(hive, hub):
    reference = hub.put("owner/repo", "tiny.gguf", DATA)
    job = done(pull(hive, reference, idempotency_key="k"))
    assert pull(hive, reference, idempotency_key="k").id == job.id
    with pytest.raises(HiveError, match="FileConflict"):
        pull(hive, reference, idempotency_key="other")


def test_owner_of_a_pull_is_the_bridges_word_alone(hive, hub):
    with pytest.raises(HiveError, match="AccessDenied.*rbee-bridge"):
        pull(hive, hub.put("owner/repo", "tiny.gguf", DATA), owner=1234)
    nothing_left(hive)


def test_model_that_comes_or_goes_is_told(hive, hub, tmp_path):
    def told():
        return [signal.member for signal in hive.signals].count("ModelsChanged")

    hive.start()
    failed(hive, pull(hive, "hf:owner/nothing"), "ModelNotFound")
    done(pull(hive, hub.put("owner/repo", "tiny.gguf", DATA)))
    wait_until(lambda: told() == 1, what="the signal")
    (tmp_path / "mine.gguf").write_bytes(DATA)
    with open(tmp_path / "mine.gguf", "rb") as file:
        done(bring(hive, file.fileno()))
    wait_until(lambda: told() == 2, what="the signal")
    hive.call("RemoveModel", "mine")
    wait_until(lambda: told() == 3, what="the signal")
