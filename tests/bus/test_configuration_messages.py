# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is said of a configuration that is wrong: the file and the line that say it, and what stands between the parts of a list."""

import json
import subprocess

import pytest


def complaint(build, folder, main="", **drop_ins):
    """What the builder says of hive.conf with these files beside it."""
    (folder / "hive.conf").write_text(main)
    (folder / "hive.conf.d").mkdir()
    for name, text in drop_ins.items():
        (folder / "hive.conf.d" / f"{name}.conf").write_text(text)
    done = subprocess.run(
        [build.libexec / "rbee-hive-builder", "--config", folder / "hive.conf", "--query", "devices"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert done.returncode == 1
    return done.stderr


def test_message_names_the_file_and_the_line_that_are_wrong(build, tmp_path):
    said = complaint(
        build,
        tmp_path,
        "[Jobs]\nMemoryMax=8G\n",
        limits="# ours\n[Build]\nStepTimeout=10\n\n[Jobs]\nMemoryMax = lots\n",
        more="[Build]\nStepTimeout=7\n",
    )
    assert f'{tmp_path}/hive.conf.d/limits.conf:6: "lots" is not a value for MemoryMax= in [Jobs]' in said


@pytest.mark.parametrize("section", ["Toolchain x", "Mirror x"])
def test_message_names_the_file_of_a_section(build, tmp_path, section):
    assert f"{tmp_path}/hive.conf.d/own.conf:2: " in complaint(build, tmp_path, own=f"[{section}]\n{'Path' if 'T' in section else 'URL'}=nowhere\n")


@pytest.mark.parametrize("value", ["/usr/local,/opt", "/usr/local:/opt", "/usr/local;/opt,/srv"])
def test_list_with_another_separator_is_refused_and_says_which_is_right(build, tmp_path, value):
    said = complaint(build, tmp_path, f"[Hive]\nInstallPrefixes={value}\n")
    assert f'hive.conf:2: "{value}" is not a value for InstallPrefixes= in [Hive]' in said and "stands a semicolon" in said


@pytest.mark.parametrize(
    "text",
    ["[Hive]\nInstallPrefixes=" + "/a," * 300_000, "[Hive]\n\x1b]0;x\x07=1\n", "[Hive\x9b31m]\nx=1\n", "\x1b[2J\n"],
    ids=["long", "key", "section", "line"],
)
def test_message_is_one_sentence_whatever_the_file_says(build, tmp_path, text):
    said = complaint(build, tmp_path, text)
    assert f"{tmp_path}/hive.conf" in said and len(said) < 4096
    assert not any(ord(character) < 32 or 127 <= ord(character) < 160 for character in said.removesuffix("\n"))


@pytest.mark.parametrize(
    "section, wrong", [("Catalog corp", "URL=https:/corp.example"), ("Toolchain x", "Path=/opt/a,/opt/b"), ("Mirror x", "Prefix=github.com")]
)
def test_message_names_the_drop_in_and_the_line_of_a_section(build, tmp_path, section, wrong):
    said = complaint(build, tmp_path, main="[Catalog]\nURL=file:///tmp\n", own=f"# ours\n[{section}]\n{wrong}\n")
    key, _, value = wrong.partition("=")
    assert f'{tmp_path}/hive.conf.d/own.conf:3: "{value}" is not a value for {key}= in [{section}]' in said


def hivectl(build, *arguments):
    return subprocess.run(
        [build.bin / "hivectl", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={"DBUS_SYSTEM_BUS_ADDRESS": "unix:path=/nonexistent"},
    )


def written(folder, main, **drop_ins):
    (folder / "hive.conf").write_text(main)
    (folder / "hive.conf.d").mkdir()
    for name, text in drop_ins.items():
        (folder / "hive.conf.d" / f"{name}.conf").write_text(text)
    return folder / "hive.conf"


def test_config_shows_what_is_in_force_and_which_file_and_line_say_it(build, tmp_path):
    file = written(tmp_path, "[Jobs]\nMaxParallel=3\nMemoryMax=1.5G\n", own="\n[Jobs]\nMaxParallel = 5\n[Catalog corp]\nURL=https://corp.example\n")
    text = hivectl(build, "config", file).stdout
    assert f"[Jobs]\n# {tmp_path}/hive.conf.d/own.conf:3\nMaxParallel=5\n#MaxQueued=100\n" in text
    assert f"# {tmp_path}/hive.conf:3\nMemoryMax=1.5G\n" in text
    assert f"[Catalog corp]\n# {tmp_path}/hive.conf.d/own.conf:5\nURL=https://corp.example\n#Priority=100\n" in text
    again = tmp_path / "again.conf"
    again.write_text(text)
    assert hivectl(build, "config", "--check", again).stdout == f"{again}: OK\n"
    settings = {(one["section"], one["key"]): one for one in json.loads(hivectl(build, "config", "--json", file).stdout)}
    assert settings["Jobs", "MaxParallel"] == {
        "section": "Jobs",
        "key": "MaxParallel",
        "value": "5",
        "default": "2",
        "file": f"{tmp_path}/hive.conf.d/own.conf",
        "line": 3,
    }
    assert settings["Hive", "KeepVersions"] == {"section": "Hive", "key": "KeepVersions", "value": "1", "default": "1", "file": "", "line": 0}
    assert f"Jobs\tMaxParallel\t5\t2\t{tmp_path}/hive.conf.d/own.conf\t3" in hivectl(build, "config", "--plain", file).stdout.splitlines()


def test_config_check_tries_a_file_without_a_daemon(build, tmp_path):
    file = written(tmp_path, "[Catalog corp]\nURL=https://corp.example\n", own="[Catalog corp]\nPriority=7\n", wrong="[Jobs]\n\nMaxParallel=lots\n")
    for tried in file, tmp_path / "hive.conf.d" / "own.conf":
        done = hivectl(build, "config", "--check", tried)
        assert done.returncode == 1 and done.stderr.startswith(
            f'hivectl: {tmp_path}/hive.conf.d/wrong.conf:3: "lots" is not a value for MaxParallel='
        )
    answer = json.loads(hivectl(build, "config", "--check", "--json", file).stdout)
    assert answer["file"] == str(file) and answer["valid"] is False and answer["message"].startswith(f"{tmp_path}/hive.conf.d/wrong.conf:3: ")
    (tmp_path / "hive.conf.d" / "wrong.conf").unlink()
    done = hivectl(build, "config", "--check", tmp_path / "hive.conf.d" / "own.conf")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{file}: OK\n", "")
    assert json.loads(hivectl(build, "config", "--check", "--json", file).stdout) == {"file": str(file), "valid": True, "message": ""}
    done = hivectl(build, "config", "--check", tmp_path / "none.conf")
    assert done.returncode == 1 and f"{tmp_path}/none.conf" in done.stderr


def test_config_is_that_of_the_hive_that_answers(hive):
    hive.configure("Jobs", MaxQueued=17)
    hive.start()
    assert "\nMaxQueued=17\n" in hive.hivectl("config").stdout
