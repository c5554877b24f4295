# SPDX-License-Identifier: LGPL-2.1-or-later
"""Models of this machine: what is found and read, and what is passed over with the reason."""

import json
import os
import socket
import struct

import pytest

from gguf import gguf, split

PARAMETERS = 64 * 16 + 256 * 2


@pytest.fixture
def folder(hive):
    """A folder of [Models] Folders=."""
    path = hive.directory / "models"
    path.mkdir()
    hive.configuration["Models"] = {"Folders": path}
    return path


def listed(hive):
    models, skipped = hive.call("ListModels")
    return {model["name"]: model for model in models}, dict(skipped)


def test_model_of_a_folder_is_listed_with_what_its_head_says(hive, folder):
    (folder / "tiny-Q4_K_M.gguf").write_bytes(gguf())
    models, skipped = listed(hive)
    assert not skipped
    model = models["tiny-Q4_K_M"]
    size = (folder / "tiny-Q4_K_M.gguf").stat().st_size
    assert model["path"] == str(folder / "tiny-Q4_K_M.gguf") and model["files"] == [model["path"]] and model["folder"] == str(folder)
    assert (model["format"], model["architecture"], model["quantization"]) == ("gguf", "llama", "Q4_K_M")
    assert (model["context_length"], model["parameters"], model["size"]) == (2048, PARAMETERS, size)
    # 2 blocks, 2 heads of 64 / 4 numbers, keys and values, 2 bytes each
    assert model["cache_per_token"] == 2 * 2 * 16 * 2 * 2
    assert model["sha256"] == [] and model["source"] == ""


def test_model_of_version_2_and_heads_by_block_are_read(hive, folder):
    (folder / "two.gguf").write_bytes(gguf(version=2, file_type=7, keys={"llama.attention.head_count_kv": [1, 0, 4]}))
    model = listed(hive)[0]["two"]
    assert model["quantization"] == "Q8_0" and model["cache_per_token"] == 2 * 5 * (16 + 16)


def test_model_in_the_hives_own_folder_comes_first_and_folders_below_are_looked_into(hive, folder):
    own = hive.state / "models"
    own.mkdir(parents=True)
    (own / "mine.gguf").write_bytes(gguf())
    (folder / "owner" / "repository").mkdir(parents=True)
    (folder / "owner" / "repository" / "other.gguf").write_bytes(gguf())
    models, _ = hive.call("ListModels")
    assert [model["name"] for model in models] == ["mine", "other"]


def test_split_files_are_one_model(hive, folder):
    parts = split(3)
    for i, data in enumerate(parts, 1):
        (folder / f"big-{i:05}-of-00003.gguf").write_bytes(data)
    models, skipped = listed(hive)
    assert list(models) == ["big"] and not skipped
    assert models["big"]["size"] == sum(map(len, parts)) and models["big"]["parameters"] == 3 * PARAMETERS
    assert models["big"]["path"].endswith("big-00001-of-00003.gguf") and len(models["big"]["files"]) == 3


def test_split_model_that_lacks_a_part_is_passed_over_and_the_part_named(hive, folder):
    one, two, three = split(3)
    (folder / "a-00001-of-00003.gguf").write_bytes(one)
    (folder / "a-00002-of-00003.gguf").write_bytes(two)
    (folder / "b-00002-of-00003.gguf").write_bytes(two)
    (folder / "c-00001-of-00002.gguf").write_bytes(one)
    models, skipped = listed(hive)
    assert not models
    assert "a-00003-of-00003.gguf" in skipped[str(folder / "a-00001-of-00003.gguf")]
    assert "part 1 is missing" in skipped[str(folder / "b-00002-of-00003.gguf")]
    assert "part 1 of 3" in skipped[str(folder / "c-00001-of-00002.gguf")]


def test_folder_of_safetensors_is_a_model(hive, folder):
    path = folder / "TinyLlama"
    path.mkdir()
    (path / "config.json").write_text("{}")
    (path / "model-00001-of-00001.safetensors").write_bytes(bytes(1000))
    (folder / "loose.safetensors").write_bytes(bytes(10))
    models, _ = listed(hive)
    assert list(models) == ["TinyLlama"]
    assert (models["TinyLlama"]["format"], models["TinyLlama"]["size"]) == ("safetensors", 1000)


def head(tensors=1, keys=1, rest=b""):
    return b"GGUF" + struct.pack("<IQQ", 3, tensors, keys) + rest


HUGE = 1 << 60
WRONG = {
    "not-one": (b"PK\3\4" + bytes(100), "is not a GGUF file"),
    "empty": (b"", "is not a GGUF file"),
    "cut-in-its-head": (gguf()[:500], "is cut off"),
    "cut-in-its-tensors": (gguf()[:-1], "is cut off: its tensors need"),
    "petabytes-of-tensors": (head(HUGE, 1, bytes(200)), "claims 1152921504606846976 tensors"),
    "petabytes-of-keys": (head(1, HUGE, bytes(200)), "and 1152921504606846976 keys"),
    "petabytes-of-a-key": (head(1, 1, struct.pack("<Q", HUGE) + bytes(200)), "is cut off"),
    "petabytes-in-a-list": (head(1, 1, struct.pack("<Q1sIIQ", 1, b"k", 9, 4, HUGE) + bytes(200)), "is cut off"),
    "petabytes-of-a-tensor": (gguf(tensors=[("t", (HUGE * 8,), 0, 0)]), "larger than any machine"),
    "petabytes-by-dimensions": (gguf(tensors=[("t", (1 << 40, 1 << 40), 0, 0)]), "larger than any machine"),
    "terabytes-of-a-tensor": (gguf(tensors=[("t", (1 << 40,), 0, 0)]), "is cut off: its tensors need"),
    "lists-in-lists": (head(1, 1, struct.pack("<Q1sI", 1, b"k", 9) + struct.pack("<IQ", 9, 1) * 50), "lists in lists"),
    "unknown-value": (head(1, 1, struct.pack("<Q1sI", 1, b"k", 99) + bytes(100)), "unknown type 99"),
    "version-1": (gguf(version=1), "of version 1"),
    "version-9": (gguf(version=9), "of version 9"),
    "big-endian": (b"GGUF" + struct.pack(">IQQ", 3, 1, 1) + bytes(100), "big-endian"),
    "alignment": (gguf(keys={"general.alignment": 0}), "alignment 0"),
    "dimensions": (gguf(tensors=[("t", (1, 1, 1, 1, 1), 0, 0)]), "5 dimensions"),
    "unaligned": (gguf(tensors=[("t", (8,), 0, 7)]), "not aligned"),
    "split": (gguf(split__no=7, split__count=2), "part 8 of 2"),
}


def test_files_that_are_no_whole_models_are_passed_over_with_the_reason(hive, folder):
    for name, (data, _) in WRONG.items():
        (folder / f"{name}.gguf").write_bytes(data)
    (folder / "good.gguf").write_bytes(gguf())
    models, skipped = listed(hive)
    assert list(models) == ["good"]
    for name, (_, why) in WRONG.items():
        assert why in skipped.get(str(folder / f"{name}.gguf"), "nothing"), name


def test_links_out_special_files_closed_files_and_pickles_are_passed_over_with_the_reason(hive, folder):
    outside = hive.directory / "outside.gguf"
    outside.write_bytes(gguf())
    os.symlink(outside, folder / "out.gguf")
    os.symlink("nowhere.gguf", folder / "dangling.gguf")
    os.mkfifo(folder / "fifo.gguf")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(folder / "socket.gguf"))
    (folder / "folder.gguf").mkdir()
    (folder / "pytorch_model.bin").write_bytes(b"\x80\x02")
    (folder / "closed.gguf").write_bytes(gguf())
    (folder / "closed.gguf").chmod(0o600)
    expected = {
        "out.gguf": "leads out of",
        "dangling.gguf": "leads nowhere",
        "fifo.gguf": "not a regular file",
        "socket.gguf": "not a regular file",
        "pytorch_model.bin": "pickle",
    }
    if os.getuid() == 0:  # else it is the hive's own user's
        expected["closed.gguf"] = "cannot be read"
    models, skipped = listed(hive)
    assert list(models) == ([] if os.getuid() == 0 else ["closed"])
    assert set(skipped) == {str(folder / name) for name in expected}
    for name, why in expected.items():
        assert why in skipped[str(folder / name)], name


def test_links_within_a_folder_are_followed_as_in_a_cache_of_huggingface_hub(hive, folder):
    repository = folder / "models--owner--name"
    (repository / "blobs").mkdir(parents=True)
    (repository / "snapshots" / "5c3f").mkdir(parents=True)
    (repository / "blobs" / "0123abcd").write_bytes(gguf())
    os.symlink("../../blobs/0123abcd", repository / "snapshots" / "5c3f" / "small.gguf")
    models, skipped = listed(hive)
    assert list(models) == ["small"] and not skipped
    assert models["small"]["path"] == str(repository / "blobs" / "0123abcd")


def test_parts_that_are_links_are_one_model(hive, folder):
    (folder / "blobs").mkdir()
    for part, data in enumerate(split(2), 1):
        (folder / "blobs" / f"hash{part}").write_bytes(data)
        os.symlink(f"blobs/hash{part}", folder / f"big-0000{part}-of-00002.gguf")
    models, skipped = listed(hive)
    assert list(models) == ["big"] and not skipped
    assert models["big"]["files"] == [str(folder / "blobs" / f"hash{part}") for part in (1, 2)]


def test_folder_that_is_not_there_is_told(hive):
    hive.configuration["Models"] = {"Folders": "/nowhere/models"}
    models, skipped = listed(hive)
    assert not models and "No such file" in skipped["/nowhere/models"]


def test_hivectl_lists_models_and_tells_on_standard_error_what_it_passed_over(hive, folder):
    assert "There is no model" in hive.hivectl("models").stdout
    (folder / "tiny.gguf").write_bytes(gguf())
    (folder / "bad\x1b[31m.gguf").write_bytes(b"no")
    hive.restart()
    done = hive.hivectl("models")
    assert "tiny" in done.stdout and "llama" in done.stdout and "Q4_K_M" in done.stdout and str(folder) in done.stdout
    assert "is not a GGUF file" in done.stderr and "\x1b" not in done.stderr
    [model] = json.loads(hive.hivectl("models", "--json").stdout)
    assert model["name"] == "tiny" and model["context_length"] == 2048


def test_model_says_whether_it_fits_this_machine(hive, folder):
    (folder / "small.gguf").write_bytes(gguf())
    # 2^20 blocks' keys and values are more than any machine has
    (folder / "greedy.gguf").write_bytes(
        gguf(keys={"llama.block_count": 1 << 20, "llama.embedding_length": 1 << 20, "llama.attention.head_count_kv": 4})
    )
    hive.call("GetCapabilities")  # until somebody has looked at the devices all are said to fit
    models = listed(hive)[0]
    assert models["small"]["fits"] and "CPU-0" in models["small"]["fits_why"]
    assert not models["greedy"]["fits"] and "4096 tokens of context" in models["greedy"]["fits_why"]
    for model in models.values():
        assert [fit for fit in model["fits_on"] if fit["fits"] == model["fits"] and fit["why"] == model["fits_why"]], model
    assert [fit["device"] for fit in models["small"]["fits_on"]] == [each["id"] for each in hive.call("GetCapabilities")["devices"] if each["memory"]]
    rows = {row.split("\t")[0]: row.split("\t")[6] for row in hive.hivectl("models", "--plain").stdout.splitlines()}
    assert rows == {"small": "yes", "greedy": models["greedy"]["fits_why"]}
