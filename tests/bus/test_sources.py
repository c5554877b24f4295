# SPDX-License-Identifier: LGPL-2.1-or-later
"""Downloads: how they go on where they were cut, what is kept of them for later jobs, and that nothing kept is believed."""

import contextlib
import hashlib
import re
import socket
import threading

import pytest

from catalog import pkgbuild, sha256

DATA = bytes(range(256)) * 2000


class Server:
    """One file of an HTTP server with ranges, which may cut connections. Each request is remembered as its Range header."""

    def __init__(self, catalog, data=DATA, tag='"one"', ranges=True):
        self.catalog, self.data, self.tag, self.ranges = catalog, data, tag, ranges
        self.requests, self.cuts = [], []
        catalog.answers["/files/data"] = self.answer

    @property
    def url(self):
        return f"{self.catalog.url}/files/data"

    def answer(self, handler):
        wanted, condition = handler.headers.get("Range"), handler.headers.get("If-Range")
        self.requests.append(wanted)
        begin = 0
        if wanted and self.ranges and condition in (None, self.tag):
            begin = int(re.fullmatch(r"bytes=(\d+)-", wanted)[1])
        if begin >= len(self.data):
            handler.send_error(416)
            return
        handler.send_response(206 if begin else 200)
        if begin:
            handler.send_header("Content-Range", f"bytes {begin}-{len(self.data) - 1}/{len(self.data)}")
        if self.tag:
            handler.send_header("ETag", self.tag)
        handler.send_header("Content-Length", str(len(self.data) - begin))
        handler.end_headers()
        end = begin + self.cuts.pop(0) if self.cuts else None
        handler.wfile.write(self.data[begin:end])


@pytest.fixture
def server(http_catalog):
    return Server(http_catalog)


def recipe(server, data=DATA, name="some", sums=None, build='cksum <"$srcdir/data"'):
    return pkgbuild(name, source=[server.url], sha256sums=[sums or sha256(data)], build=build)


def entries(hive):
    folder = hive.cache / "sources"
    return {path.name: sorted(file.name for file in path.iterdir()) for path in folder.iterdir()} if folder.exists() else {}


def entry(hive):
    (path,) = (hive.cache / "sources").iterdir()
    return path


def test_cut_download_goes_on_in_the_same_job(hive, http_catalog, server):
    server.cuts = [100_000, 50_000]
    http_catalog.add("some", recipe(server))
    lines = hive.installs("some").lines()
    assert server.requests == [None, "bytes=100000-", "bytes=150000-"]
    assert "✓ Source: data (500.0 KB, sha256)" in lines
    hive.nothing_left()


def test_download_that_a_job_left_is_ended_by_the_next(hive, http_catalog, server):
    server.cuts = [200_000] + [0] * 20
    http_catalog.add("some", recipe(server))
    hive.refuses("some", "SourceUnavailable", "/files/data")
    assert list(entries(hive).values()) == [["part", "validator"]]
    server.cuts, server.requests = [], []
    lines = hive.installs("some").lines()
    assert server.requests == ["bytes=200000-"]
    assert "↻ Resuming data at 195.3 KB" in lines
    assert list(entries(hive).values()) == [["data"]]


def test_server_without_ranges_is_asked_for_all_again(hive, http_catalog, server):
    server.ranges = False
    server.cuts = [100_000]
    http_catalog.add("some", recipe(server))
    hive.installs("some")
    assert len(server.requests) == 2


@pytest.mark.parametrize("ranges", [True, False], ids=["ranges", "none"])
@pytest.mark.parametrize("size, error", [(len(DATA), None), (len(DATA) - 1, "LimitsExceeded")], ids=["as large", "larger"])
def test_what_a_cut_left_does_not_count_against_the_limit(hive, http_catalog, server, ranges, size, error):
    hive.configure("Build", MaxDownloadSize=size)
    server.ranges = ranges
    http_catalog.add("some", recipe(server))
    server.cuts = [400_000, 20_000]
    if error:
        hive.refuses("some", error, "MaxDownloadSize=")
    else:
        hive.installs("some")


@pytest.mark.parametrize("tag", ['"one"', 'W/"one"', None], ids=["strong", "weak", "none"])
def test_file_that_changed_meanwhile_is_fetched_from_its_start(hive, http_catalog, server, tag):
    server.tag = tag
    server.cuts = [200_000] + [0] * 20
    http_catalog.add("some", recipe(server))
    hive.refuses("some", "SourceUnavailable")
    server.cuts, server.data, server.tag = [], DATA[::-1], '"two"' if tag else None
    http_catalog.add("some", recipe(server, server.data))
    hive.installs("some")


def test_range_that_is_refused_starts_over(hive, http_catalog, server):
    """What is there is longer than the file is now."""
    server.tag = None
    server.cuts = [200_000] + [0] * 20
    http_catalog.add("some", recipe(server))
    hive.refuses("some", "SourceUnavailable")
    server.cuts, server.requests, server.data = [], [], DATA[:1000]
    http_catalog.add("some", recipe(server, DATA[:1000]))
    hive.installs("some")
    assert server.requests == ["bytes=200000-", None]


def test_what_was_downloaded_is_not_downloaded_again(hive, http_catalog, server):
    http_catalog.add("some", recipe(server))
    first = hive.installs("some")
    second = hive.installs("some", reinstall=True)
    assert len(server.requests) == 1
    assert "✓ Source: data (500.0 KB, sha256)" in first.lines()
    assert "✓ Source: data (500.0 KB, sha256, from the cache)" in second.lines()
    http_catalog.add("other", recipe(server, name="other"))
    hive.installs("other")
    assert len(server.requests) == 1, "it is keyed by its URL"
    assert list(entries(hive).values()) == [["data"]]


def test_failing_build_keeps_its_downloads(hive, http_catalog, server):
    http_catalog.add("some", recipe(server, build="false"))
    hive.refuses("some", "BuildFailed")
    http_catalog.add("some", recipe(server))
    hive.installs("some")
    assert len(server.requests) == 1


@pytest.mark.parametrize("poison", [b"poisoned", DATA[:-1] + b"!", b""], ids=["other", "one-byte", "empty"])
def test_poisoned_file_of_the_cache_is_noticed_and_fetched_again(hive, http_catalog, server, poison):
    http_catalog.add("some", recipe(server))
    hive.installs("some")
    (entry(hive) / "data").write_bytes(poison)
    lines = hive.installs("some", reinstall=True).lines()
    assert "⚠ data in the cache is not what the recipe expects: fetching it again" in lines
    assert "✓ Source: data (500.0 KB, sha256)" in lines
    assert len(server.requests) == 2
    assert (entry(hive) / "data").read_bytes() == DATA, "and the good one takes its place"


@pytest.mark.parametrize("size", [1000, 600_000])
def test_poisoned_part_of_the_cache_is_noticed_and_fetched_again(hive, http_catalog, server, size):
    server.tag = None
    server.cuts = [1000] + [0] * 20
    http_catalog.add("some", recipe(server))
    hive.refuses("some", "SourceUnavailable")
    (entry(hive) / "part").write_bytes(b"p" * size)
    server.cuts = []
    hive.installs("some")


def test_link_in_the_cache_is_not_followed(hive, http_catalog, server):
    http_catalog.add("some", recipe(server))
    hive.installs("some")
    secret = hive.directory / "secret"
    secret.write_bytes(DATA)
    (entry(hive) / "data").unlink()
    (entry(hive) / "data").symlink_to(secret)
    hive.installs("some", reinstall=True)
    assert len(server.requests) == 2


def test_what_has_no_sum_is_fetched_each_time_and_not_kept(hive, http_catalog, server):
    http_catalog.add("some", recipe(server, sums="SKIP"))
    hive.installs("some")
    server.data = b"changed"
    lines = hive.installs("some", reinstall=True).lines()
    assert "✓ Source: data (7 B, not verified)" in lines
    assert not entries(hive)


def test_wrong_sum_is_not_kept(hive, http_catalog, server):
    http_catalog.add("some", recipe(server, b"else"))
    hive.refuses("some", "ChecksumMismatch", "data")
    assert not any(entries(hive).values())


def test_what_needs_a_password_is_not_kept(hive, http_catalog, server):
    address = http_catalog.url.removeprefix("http://")
    text = recipe(server).replace(http_catalog.url, f"http://user:hunter2@{address}")
    http_catalog.add("some", text)
    job = hive.installs("some")
    assert not entries(hive)
    assert "hunter2" not in job.log_text()


def test_cache_of_no_size_keeps_nothing(hive, http_catalog, server):
    hive.configure("Build", MaxCacheSize="0")
    http_catalog.add("some", recipe(server))
    hive.installs("some")
    assert not entries(hive)


def test_two_jobs_download_the_same_at_once(hive, http_catalog, server):
    names = [f"worker-{number}" for number in range(2)]
    for name in names:
        http_catalog.add(name, recipe(server, name=name))
    jobs = [hive.install(name) for name in names]
    assert [job.wait().result for job in jobs] == ["done", "done"]
    assert (entry(hive) / "data").read_bytes() == DATA


def test_recipe_can_not_change_what_is_kept(hive, http_catalog, server):
    build = '(echo bad >"$srcdir/data") || (echo bad >"$srcdir/../data") || chmod 666 "$srcdir/data" || rm "$srcdir/../data" || echo kept'
    http_catalog.add("some", recipe(server, build=build))
    assert "kept" in hive.installs("some").lines()
    assert (entry(hive) / "data").read_bytes() == DATA


def test_progress_of_a_download_is_told(hive, http_catalog):
    data = b"x" * 3_000_000

    def slow(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(data)))
        handler.end_headers()
        for begin in range(0, len(data), 500_000):
            handler.wfile.write(data[begin : begin + 500_000])
            threading.Event().wait(0.1)

    http_catalog.answers["/files/slow"] = slow
    http_catalog.add("some", pkgbuild("some", source=[f"{http_catalog.url}/files/slow"], sha256sums=[sha256(data)]))
    records = hive.installs("some").records()
    told = [int(record.text.rstrip("%")) for record in records if record.stream == "progress" and record.phase == "sources"]
    assert told and told == sorted(told) and all(0 <= percent <= 100 for percent in told)


class FtpServer:
    """As much of RFC 959 as fetching one file takes, with REST; it cuts the first transfer after @cut bytes."""

    def __init__(self, data, cut=None):
        self.data, self.cut, self.offsets = data, cut, []
        self.listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self.serve, daemon=True).start()

    @property
    def url(self):
        return f"ftp://127.0.0.1:{self.listener.getsockname()[1]}/files/data"

    def serve(self):
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=self.talk, args=(self.listener.accept()[0],), daemon=True).start()

    def talk(self, control):
        offset, passive = 0, None

        def say(text):
            control.sendall(text.encode() + b"\r\n")

        with control, contextlib.suppress(OSError):
            say("220 hello")
            for line in control.makefile("r"):
                verb, _, argument = line.strip().partition(" ")
                if verb == "EPSV":
                    passive = socket.create_server(("127.0.0.1", 0))
                    say(f"229 here (|||{passive.getsockname()[1]}|)")
                elif verb == "REST":
                    offset = int(argument)
                    say("350 from there")
                elif verb == "SIZE":
                    say(f"213 {len(self.data)}")
                elif verb == "RETR":
                    self.offsets.append(offset)
                    say("150 coming")
                    end, self.cut = self.cut, None
                    with passive.accept()[0] as data:
                        data.sendall(self.data[offset:end])
                    passive.close()
                    say("426 cut" if end else "226 done")
                    offset = 0
                else:
                    say(
                        {"USER": "331 who", "PASS": "230 in", "PWD": '257 "/"', "CWD": "250 there", "TYPE": "200 fine", "QUIT": "221 bye"}.get(
                            verb, "500 what"
                        )
                    )

    def close(self):
        self.listener.close()


@pytest.mark.parametrize("cut", [None, 100_000], ids=["whole", "cut"])
def test_ftp(hive, cut):
    server = FtpServer(DATA, cut)
    hive.catalog.add("some", recipe(server))
    hive.installs("some")
    assert server.offsets == ([0, cut] if cut else [0])
    server.close()


def test_all_sums_that_are_given_must_be_right(hive, http_catalog, server):
    right = {"sha256": sha256(DATA), "md5": hashlib.md5(DATA).hexdigest(), "b2": hashlib.blake2b(DATA).hexdigest()}
    for wrong in right:
        sums = "\n".join(f"{kind}sums=({'0' * len(value) if kind == wrong else value.upper()})" for kind, value in right.items())
        http_catalog.add("some", pkgbuild("some", extra=f"source=({server.url})\n{sums}"))
        hive.refuses("some", "ChecksumMismatch", f"its {wrong} sum is")


def test_empty_array_of_sums_is_as_good_as_none(hive, http_catalog, server):
    http_catalog.add("some", pkgbuild("some", extra=f"source=({server.url})\nmd5sums=()\nsha256sums=({sha256(DATA)})"))
    hive.installs("some")


def test_source_of_the_architecture_has_its_own_sums(hive, http_catalog, server):
    architecture = hive.get("/org/rbee/Hive", "org.rbee.Hive", "Architecture")
    text = f"source=(beside)\nsha256sums=(SKIP)\nsource_{architecture}=({server.url})\nsha256sums_{architecture}=({sha256(b'else')})"
    http_catalog.add("some", pkgbuild("some", extra=text).replace("arch=(any)", f"arch=({architecture})"), {"beside": "x"})
    hive.refuses("some", "ChecksumMismatch", "data")
