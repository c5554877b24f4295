# SPDX-License-Identifier: LGPL-2.1-or-later
"""Ready builds in a registry: what one hive pushes to Debian's docker-registry another takes from there, and nothing that a registry
does keeps a worker from being built."""

import json
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import threading
import time

import pytest

import pypi
from catalog import pkgbuild
from client import HiveError
from job import Job
from registry import PASSWORD, REPOSITORY, Gate, Registry, TokenGate, as_layout
from stores import INDEX, MANIFEST, RECORD, Layout, Signer, compact, digest, is_ready, make_folder, pushes, said
from tls import Authority
from waiting import wait_until

BUILD = "printf '#!/bin/sh\\n' >one; echo This was built here"
PACKAGE = 'install -Dm755 "$srcdir/one" "$pkgdir/usr/local/bin/one"; install -Dm644 /dev/null "$pkgdir/usr/local/share/one/data"'
RECIPE = pkgbuild("one", build=BUILD, package=PACKAGE, makedepends=["gcc"])


def big(size):
    """A worker that does not become smaller when it is packed."""
    return pkgbuild("big", build=f"{BUILD}; head -c {size} /dev/urandom >big", package='install -Dm755 "$srcdir/big" "$pkgdir/usr/local/bin/big"')


@pytest.fixture
def registries():
    """Makes registries and gates, which end with the test."""
    made = []

    def make(kind=Registry, *arguments, **options):
        made.append(kind(*arguments, **options))
        return made[-1]

    yield make
    for each in reversed(made):
        each.close()


@pytest.fixture
def registry(registries):
    return registries()


@pytest.fixture
def gate(registries, registry):
    return registries(Gate, registry)


def asks(hive, url, **keys):
    """The hive asks the store at @url, and believes and signs with a key of its own."""
    if not hasattr(hive, "signer"):
        hive.signer = Signer(hive.directory / "keys")
        hive.catalog.add("one", RECIPE, makedepends=["gcc"])
    hive.configuration["Store shelf"] = {"URL": url, **keys}
    hive.configuration["Key builder"] = {"File": hive.signer.public}
    hive.configuration["Push"] = {"SigningKey": hive.signer.secret}


def fill(hive, url, **keys):
    """It has a build of the worker, which is not installed any more. Returns the key."""
    asks(hive, url, **keys)
    hive.installs("one")
    key = hive.record("one")["build"]["key"]
    pushes(hive, "one")
    hive.removes("one")
    return key


def is_built(job, *why):
    assert "This was built here" in job.lines(), job.log_text()
    assert len([line for line in said(job) if line[0] in "⚠✗"]) == 1, said(job)
    assert any(all(part in line for part in why) for line in said(job)), f"{why} in none of {said(job)}"
    return job


def test_what_was_pushed_to_a_registry_is_installed_from_there_without_a_build(hive, registry):
    key = fill(hive, registry.url)
    is_ready(hive.installs("one"))
    assert subprocess.run([hive.installed("/usr/local/bin/one")]).returncode == 0
    assert hive.record("one")["build"]["from"]["store"] == "shelf"
    record = registry.records(key)[0]
    assert record["key"] == key and record["worker"]["id"] == "one"
    assert hive.call("ListStores")[0]["url"] == registry.url
    hive.nothing_left()


def test_a_push_to_a_registry_tells_what_it_does_and_ends_as_any(hive, registry):
    asks(hive, registry.url)
    hive.installs("one")
    job = pushes(hive, "one")
    lines = [record.text for record in job.records() if record.phase == "push" and record.stream == "note"]
    assert [line.split(maxsplit=1)[0] for line in lines] == ["📦", "✓", "✓", "📤", "✓"], lines
    assert registry.url in lines[-1]
    hive.nothing_left()


def test_a_registry_that_knows_nothing_of_us_is_a_miss(hive, registry):
    asks(hive, registry.url)
    is_built(hive.installs("one"), "has no build of this")


def test_over_https_whom_the_administrator_trusts_vouches_for_the_registry(hive, registries):
    with tempfile.TemporaryDirectory(prefix="rbee-hive-test.", dir="/var/tmp") as folder:
        os.chmod(folder, 0o755)
        authority = Authority(pathlib.Path(folder), "corp")
        authority.context("IP:127.0.0.1")
        certificate = [str(pathlib.Path(folder) / f"corp-1{suffix}") for suffix in (".crt", ".key")]
        registry = registries(Registry, certificate=certificate)
        fill(hive, registry.url, CAFile=authority.path)
        is_ready(hive.installs("one"))
        hive.removes("one")
        hive.stop()
        asks(hive, registry.url)
        is_built(hive.installs("one"), "of no use", "certificate")
        hive.removes("one")
        hive.stop()
        asks(hive, registry.url, CAFile="/nowhere.pem")
        is_built(hive.installs("one"), "of no use", "CAFile= of [Store shelf]")


# who may


def credential(hive, text=PASSWORD):
    path = hive.directory / "credential"
    path.write_text(text + "\n")
    path.chmod(0o600)
    return path


def nobody_reads(hive, secret):
    """It is in no log, no record and no answer."""
    for path in (*hive.state.rglob("*"), hive.directory / "hived.log"):
        if path.is_file():
            assert secret.encode() not in path.read_bytes(), path
    assert secret not in hive.hivectl("stores", "--json").stdout


def test_a_registry_with_a_password_lets_in_what_the_credential_says(hive, registries):
    registry = registries(Registry, password=True)
    fill(hive, registry.url, TokenCredential=credential(hive))
    is_ready(hive.installs("one"))
    nobody_reads(hive, "s3cret")
    hive.removes("one")
    for text, why in (("anna:wrong", "does not let in"), ("two\nlines", "is one line")):
        hive.stop()
        asks(hive, registry.url, TokenCredential=credential(hive, text))
        is_built(hive.installs("one"), "of no use", why)
        job = Job(hive, hive.call("PushWorker", "one"))
        assert job.wait().result == "failed" and why in job.finished().message
        hive.removes("one")
    hive.stop()
    asks(hive, registry.url)
    is_built(hive.installs("one"), "401", "TokenCredential=")


def test_a_token_service_is_asked_with_the_password_and_the_registry_gets_the_token(hive, registries, registry):
    gate = registries(TokenGate, registry)
    fill(hive, gate.url, TokenCredential=credential(hive))
    is_ready(hive.installs("one"))
    assert {query["scope"][0] for query, _ in gate.asked} == {f"repository:{REPOSITORY}:{access}" for access in ("pull", "pull,push")}
    assert {query["service"][0] for query, _ in gate.asked} == {'the "registry"'}
    assert {kind for _, said in gate.asked for kind in [said.split()[0]]} == {"Basic"}
    assert not any(headers.get("Authorization", "").startswith("Basic") for _, what, headers in gate.seen if "token" not in what)
    nobody_reads(hive, "s3cret")


def test_a_token_service_that_gives_none_is_named(hive, gate):
    asks(hive, gate.url, TokenCredential=credential(hive))
    gate.rule = lambda passage: (
        passage.answer(403)
        if passage.path.startswith("/token")
        else passage.answer(401, WWW_Authenticate=f'Bearer realm="http://127.0.0.1:{gate.port}/token"')
    )
    is_built(hive.installs("one"), "gives no token (HTTP status 403)", "TokenCredential=")


def test_a_password_is_for_https_alone(hive):
    asks(hive, "http://registry.example/builds", TokenCredential="/etc/secret")
    hive.write_configuration()
    told = subprocess.run([hive.build.libexec / "rbee-hived", "--config", hive.directory / "hive.conf"], capture_output=True, text=True)
    assert told.returncode != 0 and "TokenCredential= in [Store shelf] needs an https URL=" in told.stderr


@pytest.mark.parametrize(
    "url", ["https://host", "https://host/", "https://a:b@host/x", "https://host/X", "https://host/x?y", "ftp://host/x", "https://host/../x"]
)
def test_a_url_that_names_no_repository_is_refused(hive, url):
    asks(hive, url)
    hive.write_configuration()
    told = subprocess.run([hive.build.libexec / "rbee-hived", "--config", hive.directory / "hive.conf"], capture_output=True, text=True)
    assert told.returncode != 0 and "URL=" in told.stderr and "https://host/repository" in told.stderr


# what a registry may do: each is told in one line, and the worker is built


def is_tag(passage):
    return passage.command == "GET" and passage.what.startswith("manifests/") and ":" not in passage.what


def is_manifest(passage):
    return passage.command == "GET" and passage.what.startswith("manifests/sha256:")


def is_tree(passage):
    return passage.command == "GET" and passage.what == f"blobs/{passage.server.tree}"


def answers(when, *arguments, **headers):
    return lambda passage: passage.answer(*arguments, **headers) if when(passage) else None


def changes(when, how):
    def rule(passage):
        if when(passage):
            passage.change = how

    return rule


def hangs(passage):
    """Until the client leaves."""
    passage.answered = passage.close_connection = True
    passage.connection.recv(1)


def trickles(passage):
    """As if the head of an answer would come some day."""
    passage.answered = passage.close_connection = True
    passage.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    try:
        while True:
            passage.wfile.write(b"H")
            time.sleep(0.05)
    except OSError:
        pass


def never_ends(passage):
    passage.answered = passage.close_connection = True
    passage.wfile.write(f"HTTP/1.1 200 OK\r\nContent-Type: {INDEX}\r\n\r\n".encode())
    try:
        while True:
            passage.wfile.write(b" " * 65536)
    except OSError:
        pass


LIES = {
    "unauthorized": (answers(lambda _: True, 401), "401"),
    "forbidden": (answers(lambda _: True, 403, b'{"errors":[{"code":"DENIED","message":"no"}]}'), "403 (DENIED)"),
    "busy": (answers(lambda _: True, 429, Retry_After="7"), "429", "left alone for 7 s"),
    "broken": (answers(lambda _: True, 500, b"\0" * 100), "500"),
    "speaks another language": (lambda passage: (passage.wfile.write(b"220 ftp\r\n"), passage.hang_up()), "cannot be reached"),
    "hangs up": (lambda passage: passage.hang_up(), "cannot be reached"),
    "hangs": (hangs, "does not answer in time"),
    "trickles": (trickles, "does not answer in time"),
    "never ends": (never_ends, "sends more than it should"),
    "other media type": (answers(is_tag, 200, b"{}", Content_Type="text/html"), 'media type is "text/html"'),
    "no json": (answers(is_tag, 200, b"{", Content_Type=INDEX), "of no use"),
    "index of ten thousand": (
        answers(is_tag, 200, compact({"manifests": [{"mediaType": MANIFEST, "digest": digest(b""), "size": 0}] * 10000}), Content_Type=INDEX),
        "more than 64 builds",
    ),
    "other manifest": (changes(is_manifest, lambda data: data.replace(b"rbee", b"eebr")), "is something else"),
    "longer manifest": (changes(is_manifest, lambda data: data + b" "), "sends more than it should"),
    "other size": (
        changes(is_tag, lambda data: compact({"manifests": [{**json.loads(data)["manifests"][0], "size": 17}]})),
        "sends more than it should",
    ),
    "size without end": (
        changes(is_tag, lambda data: compact({"manifests": [{**json.loads(data)["manifests"][0], "size": 2**62}]})),
        "it says a size of",
    ),
    "other tree": (changes(is_tree, lambda data: bytes([data[0] ^ 1]) + data[1:]), "is something else"),
    "short tree": (changes(is_tree, lambda data: data[:50]), "is shorter than it should be"),
    "long tree": (changes(is_tree, lambda data: data * 2), "sends more than it should"),
    "no tree": (answers(is_tree, 404), "404"),
    "tree that is cut each time": (lambda passage: setattr(passage, "cut", 0) if is_tree(passage) else None, "cannot be reached"),
    "redirects without end": (lambda passage: passage.answer(307, Location=passage.path), "redirects too often"),
    "redirects to a file": (answers(is_tree, 307, Location="file:///etc/passwd"), "cannot be reached"),
}


@pytest.mark.parametrize("group", range(4))
def test_a_registry_does_harm_to_nobody_that(hive, registry, gate, group):
    key = fill(hive, registry.url)
    gate.server.tree = json.loads(registry.request("GET", f"manifests/{registry.index(key)['manifests'][0]['digest']}")[1])["layers"][0]["digest"]
    hive.stop()
    asks(hive, gate.url)
    for name in list(LIES)[group::4]:
        gate.rule, *why = LIES[name]
        is_built(hive.installs("one"), *why)
        hive.removes("one")
        hive.nothing_left()
    gate.rule = lambda passage: None
    is_ready(hive.installs("one"))


def test_a_registry_leads_nobody_to_this_machine(hive, registry, gate):
    """The trap is on loopback, as the registry is: the one port is configured, the other is not."""
    key = fill(hive, registry.url)
    hive.stop()
    asks(hive, gate.url)
    with socket.create_server(("127.0.0.1", 0)) as trap:
        trap.setblocking(False)
        for address in ("127.0.0.1", "localhost"):
            gate.rule = answers(is_tag, 307, Location=f"http://{address}:{trap.getsockname()[1]}/v2/x")
            is_built(hive.installs("one"), "an address of this machine or its network's own")
            hive.removes("one")
        gate.rule = answers(is_tag, 401, WWW_Authenticate=f'Bearer realm="http://127.0.0.1:{trap.getsockname()[1]}/token"')
        is_built(hive.installs("one"), "an address of this machine or its network's own")
        with pytest.raises(BlockingIOError):
            trap.accept()
    assert registry.index(key)


# Where a lookup is when its registry dies or falls silent.
LOOKUP = {
    "manifest": is_manifest,
    "record": lambda passage: passage.command == "GET" and passage.what == f"blobs/{passage.server.record}",
    "signature": lambda passage: passage.command == "GET" and passage.what == f"blobs/{passage.server.signature}",
    "tree": is_tree,
}


@pytest.fixture
def two_builds(hive, registry, gate):
    """The registry has two builds of the worker, and the hive asks it through the gate, which knows the parts of the newest."""
    key = fill(hive, registry.url)
    hive.installs("one", cpu="baseline")
    pushes(hive, "one")
    hive.removes("one")
    hive.stop()
    asks(hive, gate.url)
    newest = json.loads(registry.request("GET", f"manifests/{registry.index(key)['manifests'][0]['digest']}")[1])
    gate.server.record, gate.server.tree, gate.server.signature = (part["digest"] for part in (newest["config"], *newest["layers"]))
    return gate


def test_a_registry_that_dies_in_the_middle_of_a_lookup_is_told_once_and_it_is_built(hive, registry, two_builds):
    for when in LOOKUP.values():
        two_builds.rule = lambda passage, when=when: registry.kill() if when(passage) else None
        is_built(hive.installs("one"), "A build of store shelf is not used", "cannot be reached")
        hive.removes("one")
        hive.nothing_left()
        registry.start()
    two_builds.rule = lambda passage: None
    is_ready(hive.installs("one"))


def test_a_build_that_leads_to_what_cannot_be_had_hides_no_other_of_its_registry(hive, two_builds):
    for part in ("record", "signature"):
        led = []

        def rule(passage, part=part, led=led):
            if LOOKUP[part](passage):
                led.append(passage.what)
                passage.answer(307, Location="file:///etc/passwd")

        two_builds.rule = rule
        is_ready(hive.installs("one"))
        assert len(led) == 1
        hive.removes("one")
        hive.nothing_left()


@pytest.mark.parametrize("part", LOOKUP)
def test_a_registry_that_falls_silent_in_the_middle_of_a_lookup_is_waited_for_once_and_it_is_built(hive, two_builds, part):
    if part == "tree" and "RBEE_TEST_ALL" not in os.environ:
        pytest.skip("half a minute: tools/test --all, or RBEE_TEST_ALL=1")
    waited = []

    def rule(passage):
        if LOOKUP[part](passage):
            waited.append(passage.what)
            hangs(passage)

    two_builds.rule = rule
    is_built(hive.installs("one"), "A build of store shelf is not used", "does not answer in time")
    assert len(waited) == 1
    hive.nothing_left()


def test_a_dead_registry_is_told_once_and_it_is_built(hive, registry):
    fill(hive, registry.url)
    registry.kill()
    is_built(hive.installs("one"), "Store shelf is of no use", "cannot be reached")
    job = Job(hive, hive.call("PushWorker", "one"))
    assert job.wait().result == "failed" and "cannot be reached" in job.finished().message
    hive.nothing_left()


def test_a_cut_tree_goes_on_where_it_was_cut(hive, registry, gate):
    hive.catalog.add("big", big(3000000))
    asks(hive, gate.url)
    hive.installs("big")
    pushes(hive, "big")
    hive.removes("big")
    cuts = iter([1000000, 700000])

    def rule(passage):
        if passage.command == "GET" and passage.what.startswith("blobs/") and (passage.headers.get("Range") or passage.what == tree):
            passage.cut = next(cuts, None)

    trees = [what for method, what, _ in gate.seen if method == "HEAD" and what.startswith("blobs/")]
    tree, gate.rule = trees[0], rule
    is_ready(hive.installs("big"))
    ranges = [headers.get("Range") for method, what, headers in gate.seen if method == "GET" and what == tree]
    assert ranges == [None, "bytes=1000000-", "bytes=1700000-"]


def test_a_busy_registry_is_asked_again_for_the_tree(hive, registry, gate):
    key = fill(hive, registry.url)
    gate.server.tree = registry.records(key)[0]["tree"]["digest"]
    hive.stop()
    asks(hive, gate.url)
    busy = iter([True])
    gate.rule = lambda passage: passage.answer(429, Retry_After="1") if is_tree(passage) and next(busy, False) else None
    is_ready(hive.installs("one"))


# pushing


def test_two_builds_of_one_key_are_both_there(hive, registry):
    key = fill(hive, registry.url)
    hive.installs("one", cpu="baseline")
    pushes(hive, "one")
    pushes(hive, "one")
    assert [record["build"]["cpu"] for record in registry.records(key)][-1] == "native"
    assert {record["build"]["cpu"] for record in registry.records(key)} == {"native", "baseline"}


def test_who_was_overwritten_by_another_push_adds_itself_again(hive, registry, gate):
    """Another machine has read the index before us and writes it after us."""
    key = fill(hive, registry.url)
    before = registry.index(key)
    hive.stop()
    asks(hive, gate.url)
    hive.installs("one", cpu="baseline")
    once = iter([True])

    def rule(passage):
        if passage.command == "PUT" and passage.what == f"manifests/{key}" and next(once, False):
            passage.forward()
            passage.answered = True
            registry.set_index(key, before)

    gate.rule = rule
    pushes(hive, "one")
    assert {record["build"]["cpu"] for record in registry.records(key)} == {"native", "baseline"}


def test_two_machines_that_push_at_once_lose_nothing(hive, registry, tmp_path):
    """The program that sends, three times at once, each with another build of one key."""
    asks(hive, registry.url)
    hive.installs("one")
    key = hive.record("one")["build"]["key"]
    stages = []
    for cpu in ("x86-64-v2", "baseline", "native"):
        hive.installs("one", cpu=cpu, reinstall=True)
        stage = make_folder(hive.directory / cpu)
        pushes(hive, "one", folder=str(stage.path))
        stages.append(stage)
    sending = [subprocess.Popen([hive.build.libexec / "rbee-hive-store", "put", stage.path, registry.url, key]) for stage in stages]
    assert [process.wait() for process in sending] == [0, 0, 0]
    assert {record["build"]["cpu"] for record in registry.records(key)} == {"x86-64-v2", "baseline", "native"}


PHASES = {
    "asked for a blob": lambda passage: passage.command == "HEAD",
    "begun": lambda passage: passage.command == "POST",
    "sent": lambda passage: passage.command == "PATCH",
    "ended": lambda passage: passage.command == "PUT" and passage.what.startswith("blobs/"),
    "described": lambda passage: passage.command == "PUT" and passage.what.startswith("manifests/sha256:"),
    "read": is_tag,
    "tagged": lambda passage: passage.command == "PUT" and passage.what.startswith("manifests/") and ":" not in passage.what,
}


@pytest.mark.parametrize("group", range(2))
def test_a_registry_that_dies_when_it_is(hive, registry, gate, group):
    """The push fails and says so, and the next one works."""
    asks(hive, gate.url)
    hive.installs("one")
    for when in list(PHASES.values())[group::2]:
        gate.rule = lambda passage, when=when: registry.kill() if when(passage) else None
        job = Job(hive, hive.call("PushWorker", "one"))
        assert job.wait()[:2] == ("failed", "Failed"), job.log_text()
        assert "cannot be reached" in job.finished().message
        hive.nothing_left()
        registry.start()
        shutil.rmtree(registry.folder / "data", ignore_errors=True)
    gate.rule = lambda passage: None
    pushes(hive, "one")
    assert registry.records(hive.record("one")["build"]["key"])


def test_a_large_build_goes_in_chunks_and_one_that_broke_is_sent_again(hive, registry, gate):
    hive.catalog.add("big", big(40000000))
    asks(hive, gate.url)
    hive.installs("big")
    breaks = iter([False, True])
    gate.rule = lambda passage: passage.hang_up() if passage.command == "PATCH" and next(breaks, False) else None
    pushes(hive, "big")
    chunks = [headers["Content-Range"] for method, _, headers in gate.seen if method == "PATCH"]
    assert chunks[:3] == ["0-16777215", "16777216-33554431", "16777216-33554431"] and chunks[3].startswith("33554432-")
    hive.removes("big")
    assert "Ready build" in hive.installs("big").log_text()


def test_what_the_registry_has_already_is_not_sent_again(hive, registry, gate):
    fill(hive, gate.url)
    hive.installs("one")
    gate.seen.clear()
    pushes(hive, "one")
    assert len({what for method, what, _ in gate.seen if method == "POST"}) <= 1
    assert len([1 for method, _, _ in gate.seen if method == "PATCH"]) == 2  # its record and its signature; the tree is there


def test_a_push_can_be_cancelled_while_it_sends(hive, registry, gate):
    asks(hive, gate.url)
    hive.installs("one")
    reached = threading.Event()

    def rule(passage):
        if passage.command == "PATCH":
            reached.set()
            hangs(passage)

    gate.rule = rule
    job = Job(hive, hive.call("PushWorker", "one"))
    wait_until(reached.is_set, what="the push")
    job.call("Cancel")
    assert job.wait().result == "cancelled"
    hive.nothing_left()


def test_a_push_that_may_not_says_so(hive, registry, gate):
    asks(hive, gate.url)
    hive.installs("one")
    gate.rule = answers(lambda passage: passage.command == "POST", 403, b'{"errors":[{"code":"DENIED"}]}')
    job = Job(hive, hive.call("PushWorker", "one"))
    assert job.wait().result == "failed" and "403 (DENIED)" in job.finished().message
    with pytest.raises(HiveError):
        hive.call("PushWorker", "nothing")


# other tools


@pytest.mark.skipif(not shutil.which("skopeo"), reason="skopeo is not installed")
def test_skopeo_reads_what_was_pushed_and_what_it_copies_is_installed(hive, registries, registry):
    key = fill(hive, registry.url)
    where = f"docker://127.0.0.1:{registry.port}/{REPOSITORY}:{key}"
    index = json.loads(subprocess.run(["skopeo", "inspect", "--raw", "--tls-verify=false", where], check=True, capture_output=True).stdout)
    assert index["mediaType"] == INDEX and index["manifests"][0]["annotations"]["org.opencontainers.image.title"] == "one"
    one = where.rpartition(":")[0] + "@" + index["manifests"][0]["digest"]
    manifest = json.loads(subprocess.run(["skopeo", "inspect", "--raw", "--tls-verify=false", one], check=True, capture_output=True).stdout)
    assert manifest["config"]["mediaType"] == RECORD

    folder = as_layout(registry, key, hive.directory / "copied")
    job = hive.installs("one", **{"from": str(folder.path)})
    assert "Ready build from" in job.log_text()
    hive.removes("one")

    other = registries()
    subprocess.run(
        [
            *("skopeo", "--insecure-policy", "copy", "--all", "--preserve-digests", "--src-tls-verify=false", "--dest-tls-verify=false"),
            *(where, f"docker://127.0.0.1:{other.port}/{REPOSITORY}:{key}"),
        ],
        check=True,
        capture_output=True,
    )
    registry.kill()
    hive.stop()
    asks(hive, other.url)
    is_ready(hive.installs("one"))


@pytest.mark.skipif(not shutil.which("skopeo"), reason="skopeo is not installed")
def test_a_folder_that_the_hive_exported_skopeo_puts_into_a_registry(hive, registry):
    asks(hive, registry.url)
    hive.installs("one")
    key = hive.record("one")["build"]["key"]
    stick = make_folder(hive.directory / "stick")
    hive.hivectl("export", "one", stick.path)
    hive.removes("one")
    subprocess.run(
        [
            *("skopeo", "--insecure-policy", "copy", "--all", "--preserve-digests", "--dest-tls-verify=false"),
            *(f"oci:{stick.path}:{key}", f"docker://127.0.0.1:{registry.port}/{REPOSITORY}:{key}"),
        ],
        check=True,
        capture_output=True,
    )
    is_ready(hive.installs("one"))
    assert Layout(stick.path).tags


# What oras does of what is asked: its library's classes, as its own program has them. The arguments: what, a folder, a port, a tag.
ORAS = """
import sys
from oras.client import OrasClient
from oras.layout import NewLayout, NewLayoutFromRegistry
what, folder, where, tag = sys.argv[1:]
client = OrasClient(insecure=True)
if what == "copy":
    NewLayoutFromRegistry(folder, client, where, tag=tag).validate()
elif what == "push":
    NewLayout(folder).push_to_registry(client, where, tag=tag)
else:
    print(*client.pull(where, outdir=folder), sep="\\n")
"""


@pytest.fixture
def oras(registry):
    python = pypi.environment("oras==0.2.43") / "bin/python"

    def run(what, folder, tag, by=":"):
        where = f"127.0.0.1:{registry.port}/{REPOSITORY}{by}{tag}"
        return subprocess.run([python, "-c", ORAS, what, folder, where, tag], check=True, stdout=subprocess.PIPE, text=True).stdout.split()

    return run


def test_oras_reads_what_was_pushed_and_what_it_copies_is_installed(hive, registry, oras):
    key = fill(hive, registry.url)
    oras("copy", hive.directory / "copied", key)
    assert "Ready build from" in hive.installs("one", **{"from": str(hive.directory / "copied")}).log_text()
    build = registry.index(key)["manifests"][0]["digest"]
    pulled = [pathlib.Path(path) for path in oras("pull", hive.directory / "pulled", build, by="@")]
    tree = registry.records(key)[0]["tree"]["digest"]
    assert [digest(path.read_bytes()) for path in pulled][0] == tree and len(pulled) == 2
    listing = subprocess.run(["tar", "--zstd", "-tf", pulled[0]], check=True, stdout=subprocess.PIPE, text=True).stdout
    assert "usr/local/bin/one" in listing.splitlines()


def test_a_folder_that_the_hive_exported_oras_puts_into_a_registry(hive, registry, oras):
    asks(hive, registry.url)
    hive.installs("one")
    key = hive.record("one")["build"]["key"]
    stick = make_folder(hive.directory / "stick")
    hive.hivectl("export", "one", stick.path)
    hive.removes("one")
    oras("push", stick.path, key)
    is_ready(hive.installs("one"))
