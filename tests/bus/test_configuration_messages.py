# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is said of a configuration that is wrong: the file and the line that say it, and what stands between the parts of a list."""

import subprocess

import pytest


def complaint(build, folder, main="", **drop_ins):
    """What the builder says of hive.conf with these files beside it."""
    (folder / "hive.conf").write_text(main)
    (folder / "hive.conf.d").mkdir()
    for name, text in drop_ins.items():
        (folder / "hive.conf.d" / f"{name}.conf").write_text(text)
    done = subprocess.run([build.libexec / "rbee-hive-builder", "--config", folder / "hive.conf", "--query", "devices"], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True)
    assert done.returncode == 1
    return done.stderr


def test_message_names_the_file_and_the_line_that_are_wrong(build, tmp_path):
    said = complaint(build, tmp_path, "[Jobs]\nMemoryMax=8G\n", limits="# ours\n[Build]\nStepTimeout=10\n\n[Jobs]\nMemoryMax = lots\n", more="[Build]\nStepTimeout=7\n")
    assert f'{tmp_path}/hive.conf.d/limits.conf:6: "lots" is no value for MemoryMax= in [Jobs]' in said


@pytest.mark.parametrize("section", ["Toolchain x", "Mirror x"])
def test_message_names_the_file_of_a_section(build, tmp_path, section):
    assert f"{tmp_path}/hive.conf.d/own.conf: " in complaint(build, tmp_path, own=f"[{section}]\n{'Path' if 'T' in section else 'URL'}=nowhere\n")


@pytest.mark.parametrize("value", ["/usr/local,/opt", "/usr/local:/opt", "/usr/local;/opt,/srv"])
def test_list_with_another_separator_is_refused_and_says_which_is_right(build, tmp_path, value):
    said = complaint(build, tmp_path, f"[Hive]\nInstallPrefixes={value}\n")
    assert f'hive.conf:2: "{value}" is no value for InstallPrefixes= in [Hive]' in said and "stands a semicolon" in said


@pytest.mark.parametrize("text", ["[Hive]\nInstallPrefixes=" + "/a," * 300_000, "[Hive]\n\x1b]0;x\x07=1\n", "[Hive\x9b31m]\nx=1\n", "\x1b[2J\n"],
                         ids=["long", "key", "section", "line"])
def test_message_is_one_sentence_whatever_the_file_says(build, tmp_path, text):
    said = complaint(build, tmp_path, text)
    assert f"{tmp_path}/hive.conf" in said and len(said) < 4096
    assert not any(ord(character) < 32 or 127 <= ord(character) < 160 for character in said.removesuffix("\n"))
