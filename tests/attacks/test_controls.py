# SPDX-License-Identifier: LGPL-2.1-or-later
"""What steers a terminal, breaks a line or turns its direction, and comes from somebody else: it reaches no person."""

import json
import re

from bridge import Answer
from catalog import pkgbuild
from job import Job
from terminal import Terminal

CONTROLS = {
    "ESC": "\x1b[2J",
    "BEL": "\x07",
    "DEL": "\x7f",
    "CSI of one character": "\x9b2J",
    "NEL": "\x85",
    "ALM": "\u061c",
    "LRM": "\u200e",
    "RLM": "\u200f",
    "LRE": "\u202a",
    "RLE": "\u202b",
    "PDF": "\u202c",
    "LRO": "\u202d",
    "RLO": "\u202e",
    "line separator": "\u2028",
    "paragraph separator": "\u2029",
    "LRI": "\u2066",
    "RLI": "\u2067",
    "FSI": "\u2068",
    "PDI": "\u2069",
}
ALL = "".join(CONTROLS.values())
CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")

# In bash's own words, so that the recipe is plain text.
QUOTED = "$'" + "".join(f"\\U{ord(character):08x}" for character in ALL) + "'"


def assert_plain(*texts):
    for text in texts:
        assert not CONTROL.search(text), ascii(text)


def test_entry_of_a_catalog_with_a_control_is_refused_and_its_message_has_none(hive):
    keys = ("name", "description", "version", "license", "worker_type", "install_path", "pkgbuild_url")
    names = {}
    for number, (key, control) in enumerate((key, control) for key in keys for control in CONTROLS):
        names[f"some-{number}"] = key
        hive.catalog.add(f"some-{number}", **{key: f"/a{CONTROLS[control]}b"})
    hive.start()
    for verb in (("catalog",), ("catalog", "--json")):
        done = hive.hivectl(*verb)
        assert_plain(done.stdout, done.stderr)
        assert "/a" not in done.stdout
    for name in list(names)[::11]:
        done = hive.hivectl("show", name, status=1)
        assert_plain(done.stdout, done.stderr)
        assert f'"{names[name]}"' in done.stderr


def test_recipe_that_is_checked_steers_no_terminal(hive):
    folder = hive.directory / "recipe"
    folder.mkdir()
    recipe = folder / "PKGBUILD"
    recipe.write_text(
        pkgbuild(
            "some", extra=f"pkgdesc=a{QUOTED}b\nurl=http://x/{QUOTED}\nlicense=(MIT{QUOTED})\nsource=(http://127.0.0.1/{QUOTED})\nsha256sums=(SKIP)\n"
        )
    )
    hive.start()
    check = ("recipe", "--check", recipe, "--config", hive.directory / "hive.conf")
    for options in ((), ("--json",)):
        done = hive.hivectl(*check, *options)
        assert done.stdout
        assert_plain(done.stdout, done.stderr)
    assert "<U+202E>" in hive.hivectl(*check).stdout and "^[" in hive.hivectl(*check).stdout
    assert json.loads(hive.hivectl(*check, "--json").stdout)["description"].startswith("a\x1b[2J")
    with Terminal(hive.build.bin / "hivectl", *check, "--srcinfo", environment=hive.command_environment()) as terminal:
        terminal.end()
        assert "pkgname = some" in terminal.shown
        assert_plain(terminal.shown.replace("\r\n", "\n"))


def test_message_about_a_recipe_steers_no_terminal(hive):
    folder = hive.directory / "recipe"
    folder.mkdir()
    (folder / "PKGBUILD").write_text(pkgbuild("some", extra=f"pkgver={QUOTED}\n"))
    hive.start()
    for options in ((), ("--srcinfo",), ("--json",)):
        done = hive.hivectl("recipe", "--check", folder / "PKGBUILD", "--config", hive.directory / "hive.conf", *options, status=1)
        assert_plain(done.stdout, done.stderr)


def test_log_of_a_build_steers_no_terminal_by_any_way(bridge):
    hive = bridge.hive
    hive.catalog.add("some", pkgbuild("some", build=f"printf '%s\\n' begin{QUOTED}end"))
    job = bridge.install("some")
    Job(hive, f"/org/rbee/Hive/job/{job}").wait()
    text = hive.hivectl("log", job).stdout
    assert "begin" in text and "end" in text
    with bridge.stream(f"/v1/jobs/{job}/stream") as plain, bridge.events(f"/v1/jobs/{job}/stream") as dressed:
        assert_plain(
            text,
            hive.hivectl("log", "--json", job).stdout,
            plain.rest().decode(),
            dressed.rest().decode(),
            Job(hive, f"/org/rbee/Hive/job/{job}").log_text(),
        )


def test_json_of_the_bridge_and_its_log_have_no_raw_control(bridge):
    host = f"x\x9b2J\u202e{ALL[5:]}".encode()
    host = bytes(byte for byte in host if byte >= 0x20 and byte != 0x7F)
    raw = bridge.raw(b"GET /health HTTP/1.1\r\nHost: " + host + b"\r\n\r\n")
    Answer(raw).problem(421)
    assert_plain(raw.decode().replace("\r\n", "\n"))
    answer = bridge.post("/v1/jobs", {"operation": "worker_install", "worker_id": f"a{ALL}"})
    answer.problem(400, "InvalidArgument")
    bridge.post("/v1/jobs", {"operation": f"a{ALL}"}).problem(400)
    bridge.post("/v1/jobs", {f"a{ALL}": 1}).problem(400)
    bridge.post("/v1/jobs", b'{"\\u202ea\\u009b":1,"\\u202ea\\u009b":1}').problem(400)
    assert_plain(answer.text, bridge.log)
