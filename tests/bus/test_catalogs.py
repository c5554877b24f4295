# SPDX-License-Identifier: LGPL-2.1-or-later
"""Several catalogs: which one a worker is from, what is listed when one of them is dead, lies or changes, what stands in for a server that
doesn't answer, and who sees a token. Servers are real ones."""

import json
import os
import time

import pytest
from gi.repository import GLib

from catalog import Catalog, HttpCatalog, camel, entry, hangs, pkgbuild
from client import HiveError, variant
from ports import free_port
from waiting import wait_until


@pytest.fixture
def corp(hive):
    """A second catalog, a server."""
    catalog = HttpCatalog()
    hive.configuration["Catalog corp"] = {"URL": catalog.url}
    yield catalog
    catalog.close()


def listed(hive, **options):

    return hive.call("ListCatalog", GLib.Variant("(a{sv})", ({key: variant(value) for key, value in options.items()},)))


def state_of(hive, name):
    return next(catalog for catalog in hive.call("ListCatalogs") if catalog["name"] == name)


def notes(job):
    return [record.text for record in job.records() if record.stream == "note"]


# which one


def test_worker_of_several_catalogs_is_from_the_first_in_precedence(hive, corp):
    hive.catalog.add("both", pkgbuild("both", build="echo from default"))
    hive.catalog.add("ours")
    corp.add("both", pkgbuild("both", build="echo from corp"))
    corp.add("theirs")
    workers = {worker["id"]: worker for worker in listed(hive)}
    assert {name: worker["catalog"] for name, worker in workers.items()} == {"both": "default", "ours": "default", "theirs": "corp"}
    assert workers["both"]["catalogs"] == ["default", "corp"]
    assert [worker["id"] for worker in listed(hive, catalog="corp")] == ["both", "theirs"]
    job = hive.installs("both")
    assert "from default" in job.lines() and f"✓ Catalog: default ({hive.catalog.url})" in notes(job)
    assert (hive.record("both")["catalog"], hive.record("both")["catalog_name"]) == (hive.catalog.url, "default")


def test_priority_changes_the_precedence(hive, corp):
    hive.configuration["Catalog corp"]["Priority"] = 10
    hive.catalog.add("both", pkgbuild("both", build="echo from default"))
    corp.add("both", pkgbuild("both", build="echo from corp"))
    assert [catalog["name"] for catalog in hive.call("ListCatalogs")] == ["corp", "default"]
    assert hive.call("Get", "org.rbee.Hive", "CatalogURL", interface="org.freedesktop.DBus.Properties") == corp.url
    assert "from corp" in hive.installs("both").lines()
    assert hive.call("ListWorkers")[0]["catalog_name"] == "corp"


def test_catalog_is_chosen_by_option_or_before_the_worker(hive, corp):
    for catalog, name in ((hive.catalog, "default"), (corp, "corp")):
        catalog.add("both", pkgbuild("both", build=f"echo from {name}"))
    assert "from corp" in hive.installs("both", catalog="corp").lines()
    hive.removes("both")
    assert "from corp" in hive.installs("corp/both").lines()
    assert hive.call("GetCatalogWorker", "corp/both")["catalog"] == "corp"
    assert "from corp" in hive.call("GetRecipe", "corp/both", {}, signature="(sa{sv})")
    assert "from default" in hive.call("GetRecipe", "both", {}, signature="(sa{sv})")
    assert "from corp" in hive.hivectl("recipe", "corp/both").stdout
    assert "from default" in hive.hivectl("install", "--reinstall", "default/both").stdout


@pytest.mark.parametrize(
    "reference, options",
    [
        ("nowhere/both", {}),
        ("both", {"catalog": "nowhere"}),
        ("No/both", {}),
        ("/both", {}),
        ("corp/both/x", {}),
        ("corp/", {}),
        ("corp/both", {"catalog": "default"}),
    ],
)
def test_catalog_that_is_none_is_refused_by_name(hive, corp, reference, options):
    with pytest.raises(HiveError) as caught:
        hive.install(reference, **options)
    assert caught.value.name == "InvalidArgument"


def test_worker_that_no_catalog_has(hive, corp):
    hive.refuses("nobody", "WorkerNotFound", "nobody", "2 catalogs")
    with pytest.raises(HiveError) as caught:
        hive.call("GetCatalogWorker", "nobody")
    assert caught.value.name == "WorkerNotFound"


def test_catalog_of_files_and_server_have_their_own_sources(hive, corp):
    hive.configuration["Catalog more"] = {"URL": Catalog(hive.directory / "more").url}
    hive.start()
    (hive.directory / "more" / "workers" / "third").mkdir()
    (hive.directory / "more" / "workers" / "third" / "worker.json").write_text(json.dumps(entry("third")))
    (hive.directory / "more" / "workers" / "third" / "PKGBUILD").write_text(
        pkgbuild("third", source=["data"], sha256sums=["SKIP"], build='cat "$srcdir/data"')
    )
    (hive.directory / "more" / "workers" / "third" / "data").write_text("of more\n")
    assert "of more" in hive.installs("third").lines()


# dead, lying, changing


def test_dead_catalog_does_not_hide_the_others(hive):
    port = free_port()
    hive.configuration["Catalog corp"] = {"URL": f"http://127.0.0.1:{port}", "Priority": 1}
    hive.catalog.add("some")
    assert state_of(hive, "corp")["asked_at"] == 0
    assert [worker["id"] for worker in listed(hive)] == ["some"]
    state = state_of(hive, "corp")
    assert (state["error_name"], state["answered_at"], state["workers"]) == ("CatalogUnavailable", 0, 0)
    assert str(port) in state["error_message"] and "[Catalog corp]" in state["error_message"]
    assert state_of(hive, "default")["error_name"] == ""
    assert hive.call("GetCatalogWorker", "some")["catalog"] == "default"
    job = hive.installs("some")
    assert any(note.startswith('⚠ The catalog "corp" is passed over: ') for note in notes(job))
    shown = hive.hivectl("catalog")
    assert "some" in shown.stdout and "The catalog corp is left out: " in shown.stderr
    assert [worker["id"] for worker in json.loads(hive.hivectl("catalog", "--json").stdout)] == ["some"]


def test_status_names_all_catalogs_in_precedence_and_which_could_not_be_asked(hive):
    hive.configuration["Catalog corp"] = {"URL": f"http://127.0.0.1:{free_port()}"}
    hive.catalog.add("some")
    listed(hive)
    lines = [line for line in hive.hivectl("status").stdout.splitlines() if line.startswith("Catalog:")]
    assert [line.split()[1] for line in lines] == ["default:", "corp:"]
    assert hive.catalog.url in lines[0] and "[Catalog corp]" in lines[1] and "(" not in lines[0]
    assert [catalog["name"] for catalog in json.loads(hive.hivectl("status", "--json").stdout)["catalogs"]] == ["default", "corp"]


def test_catalog_that_says_something_else_is_told_by_name_and_one_that_does_not_is_not(hive, corp):
    def told():
        return [signal.arguments[0] for signal in hive.signals if signal.member == "CatalogChanged"]

    hive.catalog.add("ours")
    corp.add("theirs")
    listed(hive)
    wait_until(lambda: sorted(told()) == ["corp", "default"], what="the first answers to be told")
    listed(hive)  # by what was kept, which has marks of the first time
    listed(hive, catalog="corp")
    hive.call("RefreshCapabilities")  # and forget what was kept: the notes beside the answers are others now
    listed(hive)
    corp.add("more")
    wait_until(lambda: len(listed(hive)) == 3, what="the hive to ask again")
    wait_until(lambda: sorted(told()) == ["corp", "corp", "default"], what="the other answer to be told")
    corp.answers.clear()
    wait_until(lambda: len(listed(hive)) == 1 or state_of(hive, "corp")["error_name"], what="the hive to ask again")
    wait_until(lambda: sorted(told()) == ["corp"] * 3 + ["default"], what="the error to be told")


@pytest.mark.plain  # the sanitizers keep what is freed
def test_memory_of_a_large_catalog_is_given_back(hive):
    hive.catalog.add("some")
    listed(hive)
    before = hive.memory()
    for number in range(2000):
        hive.catalog.add(f"worker{number}")
    hive.call("RefreshCapabilities")  # and forget the answer that was kept
    assert len(listed(hive)) == 2001
    wait_until(lambda: hive.memory() < before + 4 * 1024, what="the hive to forget the answer")


def test_when_all_are_dead_the_first_says_why(hive):
    ports = free_port(), free_port()
    hive.configure("Catalog", URL=f"http://127.0.0.1:{ports[0]}")
    hive.configuration["Catalog corp"] = {"URL": f"http://127.0.0.1:{ports[1]}"}
    with pytest.raises(HiveError) as caught:
        listed(hive)
    assert caught.value.name == "CatalogUnavailable" and str(ports[0]) in caught.value.message
    hive.refuses("some", "CatalogUnavailable", str(ports[0]))


LIES = {
    "html": (200, "text/html", b"<!DOCTYPE html><title>Log in</title>"),
    "truncated": (200, "application/json", b'{"workers":[{"id":'),
    "no list": (200, "application/json", b'{"workers":7}'),
    "empty": (200, "application/json", b""),
    "not utf-8": (200, "application/json", b'{"workers":["\xff"]}'),
    "error": (503, "text/plain", b"busy"),
    "gone": (404, "application/json", b'{"error":"?"}'),
}


@pytest.mark.parametrize("lie", LIES)
def test_lying_catalog_is_left_out(hive, corp, lie):
    hive.catalog.add("some")
    corp.answers["/workers"] = LIES[lie]
    assert [worker["id"] for worker in listed(hive)] == ["some"]
    assert state_of(hive, "corp")["error_name"] in ("CatalogInvalid", "CatalogUnavailable")


def test_redirect_loop_and_slowness_are_limited(hive, corp):
    hive.catalog.add("some")

    def round_and_round(handler):
        handler.send_response(302)
        handler.send_header("Location", "/workers")
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    corp.answers["/workers"] = round_and_round
    assert [worker["id"] for worker in listed(hive)] == ["some"]
    assert "redirects more than" in state_of(hive, "corp")["error_message"] and len(corp.requests) < 20
    corp.answers["/workers"] = hangs
    hive.stop()
    hive.configuration["Catalog corp"]["Timeout"] = 1
    assert [worker["id"] for worker in listed(hive)] == ["some"]
    assert "took longer than 1 s" in state_of(hive, "corp")["error_message"]


def test_invalid_entries_are_named_and_left_out(hive, corp):
    corp.add("good")
    corp.answers["/workers"] = corp.json({"workers": [entry("good"), entry("bad", platforms=None), entry("../up"), 7]})
    assert [worker["id"] for worker in listed(hive)] == ["good"]
    skipped = state_of(hive, "corp")["skipped"]
    assert len(skipped) == 3 and skipped[0].startswith("bad: ") and "platforms" in skipped[0]
    assert "An entry of the catalog corp is left out: bad: " in hive.hivectl("catalog").stderr


def test_invalid_entry_of_the_first_is_not_replaced_by_another_catalogs(hive, corp):
    """What a catalog has and has wrong is an error of its own: nobody else's worker of that name is built instead."""
    hive.configuration["Catalog corp"]["Priority"] = 1
    hive.catalog.add("both")
    corp.add("both", platforms=None)
    hive.refuses("both", "CatalogInvalid", "platforms")


def test_id_of_another_worker_is_refused(hive, corp):
    corp.add("asked")
    corp.answers["/workers/asked"] = corp.json(entry("answered"))
    hive.refuses("corp/asked", "CatalogInvalid", "asked", "answered")


def test_both_formats_from_one_server_and_one_that_changes_between_requests(hive, corp):
    corp.add("snake", pkgbuild("snake", build='echo "with $RBEE_FEATURES"'), build={"features": ["cpu", "mkl"]})
    whole = camel("many", "cpu", "cuda")
    corp.answers["/workers/many"] = corp.json(whole)
    corp.answers["/workers"] = corp.json({"workers": [entry("snake"), whole]})
    for kind in ("bin", "git"):
        corp.answers[f"/many-cpu-{kind}"] = (200, "text/plain", pkgbuild("many", build=f'echo "{kind} with $RBEE_FEATURES"').encode())
    workers = {worker["id"]: worker for worker in listed(hive)}
    assert (workers["snake"]["backends"], workers["snake"]["sources"]) == (["cpu"], ["git"])
    assert (workers["many"]["backends"], workers["many"]["sources"]) == (["cpu", "cuda"], ["binary", "git"])
    assert workers["many"]["cover_image"] == "https://example.org/x.png" and workers["many"]["source_url"] == "https://example.org/x.git"
    assert "with cpu,mkl" in hive.installs("snake").lines()
    job = hive.installs("many")
    assert "bin with cpu" in job.lines()
    assert any(note.startswith("✓ Backend: cpu (") for note in notes(job))
    assert "✓ Source: binary (it needs no building; git builds it here)" in notes(job)
    assert hive.record("many")["source"] == "binary"
    hive.removes("many")
    corp.add("many", pkgbuild("many", build="echo snake now"))
    assert "snake now" in hive.installs("many").lines()


# what a server said before


@pytest.fixture
def remembering(corp):
    """A server that gives ETags, and answers 304 to who has one."""
    corp.conditions = []
    plain = corp.answer

    def answer(handler, path):
        known = corp.answers.get(path)
        if corp.dead or callable(known) or not known or known[0] != 200:
            if corp.dead:
                handler.close_connection = True
            else:
                plain(handler, path)
            return
        tag = f'"{hash(known[2])}"'
        corp.conditions.append((path, handler.headers.get("If-None-Match")))
        unchanged = handler.headers.get("If-None-Match") == tag
        handler.send_response(304 if unchanged else 200)
        handler.send_header("ETag", tag)
        if not unchanged:
            handler.send_header("Content-Length", str(len(known[2])))
        handler.end_headers()
        if not unchanged:
            handler.wfile.write(known[2])

    corp.dead = False
    corp.answer = answer
    return corp


def test_unchanged_answers_are_not_sent_again(hive, remembering):
    remembering.add("some")
    assert [worker["id"] for worker in listed(hive)] == ["some"]
    hive.restart()
    assert [worker["id"] for worker in listed(hive)] == ["some"]
    assert [tag is not None for path, tag in remembering.conditions if path == "/workers"] == [False, True]
    assert state_of(hive, "corp")["error_name"] == ""
    remembering.add("other")
    hive.restart()
    assert sorted(worker["id"] for worker in listed(hive)) == ["other", "some"]


def test_what_it_said_stands_in_for_a_server_that_fails(hive, remembering):
    remembering.add("some", pkgbuild("some", build="echo remembered"))
    assert listed(hive)[0]["stale_since"] == 0
    hive.call("GetRecipe", "some", {}, signature="(sa{sv})")
    before = int(time.time() * 1e6)
    for trouble in ("dead", "failing", "html"):
        remembering.dead = trouble == "dead"
        for path in ("/workers", "/workers/some", "/workers/some/PKGBUILD"):
            remembering.answers[path] = (503, "text/plain", b"no") if trouble != "html" else (200, "text/html", b"<html>")
        if trouble == "html":
            del remembering.answers["/workers/some/PKGBUILD"]
        hive.restart()
        (worker,) = listed(hive)
        assert worker["id"] == "some" and 0 < worker["stale_since"] < before
        state = state_of(hive, "corp")
        assert state["error_name"] == "CatalogUnavailable" and state["answered_at"] == worker["stale_since"]
        assert "The catalog corp cannot be asked; this is what it said at " in hive.hivectl("catalog").stderr
        if trouble == "failing":  # a job would ask again three times, for each of them
            assert "echo remembered" in hive.call("GetRecipe", "some", {}, signature="(sa{sv})")
        if trouble == "dead":
            job = hive.installs("some", reinstall=True)
            assert "remembered" in job.lines()
            assert any(note.startswith('⚠ The catalog "corp" cannot be asked, and this is what it said a moment ago: ') for note in notes(job))


def test_server_that_refuses_is_not_overruled(hive, remembering):
    remembering.add("some")
    listed(hive)
    remembering.answers["/workers"] = (403, "text/plain", b"no")
    hive.restart()
    assert listed(hive) == []
    assert "TokenCredential=" in state_of(hive, "corp")["error_message"]


def test_worker_that_is_gone_is_not_remembered(hive, remembering):
    remembering.add("some")
    hive.call("GetRecipe", "some", {}, signature="(sa{sv})")
    del remembering.answers["/workers/some"]
    hive.refuses("some", "WorkerNotFound")


def test_nobody_stands_in_for_a_dead_catalog_whose_list_has_the_worker(hive, remembering):
    """Else whoever keeps this machine from asking the first catalog would choose whose worker is built."""
    hive.configuration["Catalog corp"]["Priority"] = 1
    hive.catalog.add("both")
    remembering.add("both")
    assert listed(hive)[0]["catalog"] == "corp"
    remembering.dead = True
    hive.refuses("both", "CatalogUnavailable", "PKGBUILD")
    hive.installs("default/both")


def test_what_is_remembered_is_the_daemons_alone_and_of_one_catalog(hive, remembering):
    """No job can read or write it, and a question to one catalog writes nothing into another one's folder."""
    remembering.add("some", pkgbuild("some", build=f"ls {hive.cache}/catalog && echo seen || true; echo x > {hive.cache}/catalog/corp/x || true"))
    listed(hive)
    folder = hive.cache / "catalog"
    assert sorted(path.name for path in folder.iterdir()) == ["corp"]
    assert (folder.stat().st_mode | (folder / "corp").stat().st_mode) & 0o077 == 0
    job = hive.installs("some")
    assert "seen" not in job.lines() and [path.name for path in (folder / "corp").iterdir()] == ["catalog.json"]


def test_damaged_memory_is_no_trouble(hive, remembering):
    remembering.add("some")
    listed(hive)
    hive.stop()
    path = hive.cache / "catalog" / "corp" / "catalog.json"
    for damage in (b"", b"{", b"[]", b'{"answers":[{"url":7}]}', path.read_bytes()[:-20], os.urandom(1000)):
        path.write_bytes(damage)
        hive.start()
        assert [worker["id"] for worker in listed(hive)] == ["some"]
        hive.restart()
        hive.stop()
    hive.start()


# proxies and tokens


def test_proxy_is_used_as_the_section_says(hive, corp):
    """A server is a proxy when it is asked for whole URLs."""
    hive.configuration["Catalog corp"] = {"URL": "http://catalog.invalid", "Proxy": corp.url}
    hive.environment["http_proxy"] = f"http://127.0.0.1:{free_port()}"
    corp.answers["http://catalog.invalid/workers"] = corp.json({"workers": [entry("afar")]})
    assert [worker["id"] for worker in listed(hive)] == ["afar"]


def test_proxy_of_the_environment_can_be_refused(hive, corp):
    hive.configuration["Catalog corp"]["Proxy"] = "none"
    hive.environment["http_proxy"] = f"http://127.0.0.1:{free_port()}"
    corp.add("near")
    assert [worker["id"] for worker in listed(hive)] == ["near"]


@pytest.fixture
def private(hive, corp):
    """A catalog that wants a token, and notes what it was sent."""
    token = hive.directory / "token"
    token.write_text("s3cret-token\n")
    token.chmod(0o600)
    hive.configuration["Catalog corp"]["TokenCredential"] = token
    corp.sent = []
    plain = corp.answer

    def answer(handler, path):
        corp.sent.append((path, handler.headers.get("Authorization")))
        if handler.headers.get("Authorization") == "Bearer s3cret-token":
            plain(handler, path)
        else:
            handler.send_response(401)
            handler.send_header("Content-Length", "0")
            handler.end_headers()

    corp.answer = answer
    return corp


def test_private_catalog_gets_its_token_and_nobody_else_sees_it(hive, private):
    spy = 'grep -rl s3[c]ret /proc/self/environ "$srcdir" /tmp /run /var /etc 2>/dev/null || true; cat "$srcdir/data"; echo "have $CREDENTIALS_DIRECTORY."'
    private.add("some", pkgbuild("some", source=["data"], sha256sums=["SKIP"], build=spy), {"data": "private\n"})
    job = hive.installs("some")
    assert [record.text for record in job.records() if record.phase == "build" and record.stream == "out"] == ["private", "have ."]
    assert {path for path, token in private.sent} == {"/workers/some", "/workers/some/PKGBUILD", "/workers/some/data"}
    assert "s3cret" not in job.log_text() + hive.daemon_log() + json.dumps(hive.record("some"))
    left = [str(path) for path in (hive.cache, hive.state) for path in path.rglob("*") if path.is_file() and b"s3cret" in path.read_bytes()]
    assert left == [] and not list((hive.cache / "credentials").glob("*"))


def test_token_is_not_sent_where_the_catalog_leads_to(hive, private):
    """Neither by a redirect, nor by a recipe's URL, nor to another catalog."""
    other = HttpCatalog()
    try:
        sent = []
        plain = other.answer

        def answer(handler, path):
            sent.append((path, handler.headers.get("Authorization")))
            plain(handler, path)

        def redirect(handler):
            handler.send_response(302)
            handler.send_header("Location", f"{other.url}/workers/some")
            handler.send_header("Content-Length", "0")
            handler.end_headers()

        other.answer = answer
        other.add("some", pkgbuild_url=f"{other.url}/workers/some/PKGBUILD")
        private.answers["/workers/some"] = redirect
        hive.configuration["Catalog other"] = {"URL": other.url}
        hive.installs("corp/some")
        listed(hive)
        assert sorted(path for path, _ in sent) == ["/workers", "/workers/some", "/workers/some/PKGBUILD"]
        assert {token for _, token in sent} == {None}
    finally:
        other.close()


@pytest.mark.parametrize("text", [None, "", "two words\n", "line\nline\n"])
def test_token_that_is_none_is_named_without_its_text(hive, private, text):
    path = hive.directory / "token"
    if text is None:
        path.unlink()
    else:
        path.write_text(text)
    private.add("some")
    hive.refuses("some", "CatalogUnavailable", str(path), "TokenCredential=")
    assert private.sent == []


def test_wrong_token_is_told_as_such(hive, private):
    (hive.directory / "token").write_text("another\n")
    private.add("some")
    hive.refuses("some", "CatalogUnavailable", "401", "TokenCredential=")
