# SPDX-License-Identifier: LGPL-2.1-or-later
"""PKGBUILDs that are wrong or hostile when they are read."""

import platform

import pytest

from catalog import install_script, pkgbuild

GOOD = pkgbuild("some")


def without(text):
    return "\n".join(line for line in GOOD.splitlines() if text not in line) + "\n"


@pytest.mark.parametrize(
    "recipe", [b"\x7fELF\x02\x01\x01\x00\x00\x00binary\x00rubbish", b"", b"<html>hello</html>", b"\x00" * 1000], ids=["elf", "empty", "html", "zeros"]
)
def test_what_is_not_bash(hive, recipe):
    hive.catalog.add("some", recipe)
    hive.refuses("some", "RecipeInvalid")


def test_syntax_error_names_its_line(hive):
    hive.catalog.add("some", GOOD + "\nif then\n")
    hive.refuses("some", "RecipeInvalid", "syntax error", f"line {GOOD.count(chr(10)) + 2}")


@pytest.mark.parametrize("field", ["pkgname", "pkgver", "pkgrel"])
def test_missing_field_is_named(hive, field):
    hive.catalog.add("some", without(field + "="))
    hive.refuses("some", "RecipeInvalid", field)


def test_missing_package_function_is_named(hive):
    hive.catalog.add("some", pkgbuild("some", package=""))
    hive.refuses("some", "RecipeInvalid", "package()")


@pytest.mark.parametrize(
    "assignment",
    ["pkgver=1-2", "pkgver='1 2'", "pkgver=", "pkgrel=x", "pkgname=-rf", "pkgname='a/../b'", "pkgname=../../etc/x", "pkgname='$(id)'", "epoch=-1"],
)
def test_illegal_field_is_named(hive, assignment):
    hive.catalog.add("some", GOOD + assignment + "\n")
    hive.refuses("some", "RecipeInvalid", assignment.partition("=")[0])


def test_endless_loop_at_top_level(hive):
    hive.configure("Build", EvaluationTimeout=1)
    hive.catalog.add("some", "while :; do :; done\n" + GOOD)
    hive.refuses("some", "TimedOut", "EvaluationTimeout")


def test_endless_sleep_in_the_background_at_top_level(hive):
    hive.configure("Build", EvaluationTimeout=2)
    hive.catalog.add("some", "sleep 86399 &\n" + GOOD)
    job = hive.install("some")
    assert job.wait().result in ("done", "failed")
    hive.nothing_left()


def test_exit_0_at_top_level(hive):
    hive.catalog.add("some", GOOD + "exit 0\n")
    hive.refuses("some", "RecipeInvalid")
    hive.catalog.add("some", "exit 0\n" + GOOD)
    hive.refuses("some", "RecipeInvalid")


@pytest.mark.parametrize("command", ["return 0", "exec true", "kill -KILL $$", "trap 'exit 0' EXIT DEBUG; exit 0"])
def test_other_ways_to_leave_early(hive, command):
    hive.catalog.add("some", f"{command}\n" + GOOD)
    hive.refuses("some", "RecipeInvalid")


def test_gigabyte_of_output_at_top_level(hive):
    hive.configure("Build", EvaluationTimeout=10)
    hive.catalog.add(
        "some",
        "head -c 1G /dev/zero\nhead -c 1G /dev/zero >&2\nfor fd in /proc/self/fd/*; do head -c 1G /dev/zero >&${fd##*/}; done 2>/dev/null\n" + GOOD,
    )
    job = hive.install("some")
    assert job.wait().result == "failed", job.log_text()
    assert job.finished().error in ("LimitsExceeded", "RecipeInvalid", "TimedOut")
    assert job.log_path.stat().st_size < 64 * 1024
    assert hive.memory("VmHWM") < 64 * 1024 * (20 if hive.build.sanitized else 1)
    hive.nothing_left()


def test_gigabyte_in_a_variable(hive):
    hive.catalog.add("some", GOOD + "pkgdesc=$(head -c 1G /dev/zero | tr '\\0' x)\n")
    job = hive.install("some")
    assert job.wait().result == "failed"
    assert job.finished().error in ("LimitsExceeded", "RecipeInvalid", "TimedOut")
    hive.nothing_left()


def test_fork_bomb_at_top_level(hive):
    hive.configure("Build", EvaluationTimeout=2)
    hive.catalog.add("some", "bomb() { bomb | bomb & }\nbomb\nsleep 5\n" + GOOD)
    job = hive.install("some")
    assert job.wait().result in ("failed", "done")
    hive.nothing_left()


FORGERIES = {
    "printf": "printf() { command printf 'pkgname\\0forged\\0'; }",
    "builtin": "builtin() { :; }\nprintf() { :; }\ndeclare() { :; }\ncompgen() { :; }\necho() { :; }",
    "command": "command() { :; }\nbuiltin() { return 0; }\nunset() { :; }",
    "readonly": "readonly -f package\nreadonly IFS=x BASH_ENV=/nowhere",
    "alias": "shopt -s expand_aliases\nalias printf=true builtin=true declare=true",
    "set": "set -eu -o pipefail -f -n",
    "trap": "trap 'echo pkgname=forged' DEBUG ERR RETURN",
    "posix": "set -o posix\nprintf() { :; }\nexit() { :; }\nreturn() { :; }",
}


@pytest.mark.parametrize("trick", FORGERIES)
def test_recipe_that_redefines_what_reads_it_is_refused_or_read_truly(hive, trick):
    hive.catalog.add("some", GOOD + FORGERIES[trick] + "\n")
    job = hive.install("some")
    end = job.wait()
    # It is read truly in any case, and then its own functions run with what it made of bash, as with makepkg.
    assert end.result == "done" or end.error in ("RecipeInvalid", "PackageFailed"), f"{end}\n{job.log_text()}"
    assert not any("forged" in record.text for record in job.records() if record.stream in ("note", "result", "error"))
    hive.nothing_left()


def test_recipe_from_windows_is_refused_with_the_way_out(hive):
    hive.catalog.add("some", GOOD.replace("\n", "\r\n"))
    hive.refuses("some", "RecipeInvalid", "CRLF", "sed -i")


def test_each_broken_rule_is_in_the_log(hive):
    hive.catalog.add("some", GOOD + "pkgrel=x\nepoch=y\noptions=(nonsense)\n")
    job = hive.refuses("some", "RecipeInvalid", "pkgrel=x")
    for rule in ("pkgrel=x", "epoch=y", "options=nonsense"):
        assert any(line.startswith(f"✗ {rule}: ") for line in job.lines()), job.log_text()


def test_recipe_for_another_architecture_is_refused(hive):
    hive.catalog.add("some", GOOD + "arch=(pdp11)\n")
    hive.refuses("some", "PlatformIncompatible", "pdp11")


def test_architecture_that_makepkg_calls_otherwise_is_told(hive):
    alias = {"x86_64": "amd64", "aarch64": "arm64"}[platform.machine()]
    hive.catalog.add("some", GOOD + f"arch=({alias})\n")
    hive.refuses("some", "PlatformIncompatible", alias, f"makepkg calls this machine {platform.machine()}")


def test_program_that_root_alone_may_run_is_refused(hive):
    """As a umask of 077 makes it: a worker runs as a user of its own."""
    hive.catalog.add("some", pkgbuild("some", package="umask 077; " + install_script("some").replace("-Dm755", "-Dm700")))
    hive.refuses("some", "PackageInvalid", "/usr/local/bin/some", "is not executable by every user")


@pytest.mark.parametrize("function", ["build", "package"])
def test_function_without_a_network_knows_localhost(hive, function):
    script = """python3 -c 'import socket; s = socket.create_server(("localhost", 0)); socket.create_connection(("localhost", s.getsockname()[1]))'"""
    recipe = pkgbuild("some", build=script) if function == "build" else pkgbuild("some", package=script + "\n" + install_script("some"))
    hive.catalog.add("some", recipe)
    hive.installs("some", network="forbid")


def test_what_top_level_prints_is_not_taken_for_its_values(hive):
    noise = r"printf 'pkgname\0forged\0'; for fd in 3 4 5 6 7 8 9 10 11 12; do { printf 'pkgname\0forged\0' >&$fd; } 2>/dev/null; done"
    hive.catalog.add("some", noise + "\n" + GOOD)
    job = hive.install("some")
    end = job.wait()
    assert end.result == "done" or end.error == "RecipeInvalid"
    assert not any("forged" in record.text for record in job.records() if record.stream in ("note", "result", "error"))
    hive.nothing_left()


@pytest.mark.parametrize("source", ["../secret", "../../../../etc/passwd", "a/../../b", "/etc/passwd", "x::../secret", "../x::file.txt", "..", "."])
def test_source_name_that_leads_out_of_the_catalog(hive, source):
    (hive.catalog.folder("..") / "secret").write_text("secret\n")
    hive.catalog.add("some", pkgbuild("some", source=[source], sha256sums=["SKIP"], build='cat "$srcdir"/*'), {"file.txt": "x"})
    job = hive.refuses("some", "RecipeInvalid", source.partition("::")[0])
    assert "secret" not in job.lines()


def test_recipe_that_asks_the_network_is_refused_for_that_alone(hive):
    """That it has no version then is no fault of its own."""
    hive.catalog.add("some", pkgbuild("some") + 'pkgver=$(curl -fsS http://example.invalid/newest)\nprovides=("some=$pkgver")\n')
    lines = hive.refuses("some", "RecipeInvalid", "recipes are read without one").lines()
    assert not any(line.startswith(("✗", "⚠")) or "pkgver" in line for line in lines if "recipes are read without one" not in line)
    assert sum("recipes are read without one" in line for line in lines) == 1


def test_evaluation_writes_nowhere_and_has_no_network(hive, http_catalog):
    probe = hive.directory / "probe"
    http_catalog.add(
        "some",
        f"touch {probe} /usr/x /etc/x 2>/dev/null\nexec 9<>/dev/tcp/127.0.0.1/{http_catalog.server.server_address[1]} && pkgdesc=connected\n" + GOOD,
    )
    job = hive.install("some")
    job.wait()
    assert not probe.exists()
    assert hive.get(job.path, "org.rbee.Hive.Job", "State") in ("done", "failed")
    if job.state == "done":
        assert hive.workers()["some"]["description"] != "connected"
    hive.nothing_left()


def test_recipe_variables_with_odd_characters_arrive_whole(hive):
    hive.catalog.add("some", GOOD + "pkgdesc=$'quotes \" and \\' and ünï and $(no)'\n")
    hive.installs("some")
    assert hive.workers()["some"]["description"] == "quotes \" and ' and ünï and $(no)"


def test_recipe_of_100_megabytes(hive, http_catalog):
    http_catalog.add("some", GOOD + "#" * 100 + "\n")
    http_catalog.answers["/workers/some/PKGBUILD"] = (200, "text/plain", GOOD.encode() + b"#" * (100 << 20))
    job = hive.install("some")
    assert job.wait().result == "failed"
    assert job.finished().error in ("CatalogInvalid", "LimitsExceeded", "RecipeInvalid")
    hive.nothing_left()


def test_long_fields(hive):
    hive.catalog.add("some", GOOD + f"pkgver={'1' * 300}\n")
    hive.refuses("some", "RecipeInvalid", "pkgver")
    hive.catalog.add("some", GOOD + f"pkgdesc={'ü' * 2000}\n")
    hive.installs("some")
    assert hive.workers()["some"]["description"] == "ü" * 500
