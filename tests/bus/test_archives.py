# SPDX-License-Identifier: LGPL-2.1-or-later
"""What becomes of archives and compressed files, and of those that want the disk for themselves."""

import bz2
import gzip
import io
import lzma
import subprocess
import tarfile
import zipfile

import pytest

from catalog import pkgbuild

LIST = 'cd "$srcdir"; find . -mindepth 1 | sort'


def add(hive, files, build=LIST, **more):
    hive.catalog.add("some", pkgbuild("some", source=list(files), sha256sums=["SKIP"] * len(files), build=build, **more), files)


def tar(members, mode="w"):
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode=mode) as archive:
        for name, content in members.items():
            information = tarfile.TarInfo(name)
            information.size = len(content)
            archive.addfile(information, io.BytesIO(content))
    return data.getvalue()


def zipped(members):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return data.getvalue()


def by(program, data):
    return subprocess.run([program, "-c"], input=data, stdout=subprocess.PIPE, check=True).stdout


def test_what_is_only_compressed_becomes_what_it_was(hive):
    """By its suffix, as with makepkg; what has another one is left as it is."""
    add(
        hive,
        {
            "a.txt.gz": gzip.compress(b"a"),
            "b.txt.bz2": bz2.compress(b"b"),
            "c.txt.xz": lzma.compress(b"c"),
            "d.txt.zst": by("zstd", b"d"),
            "e.bin": gzip.compress(b"e"),
            "f.txt.lz4": by("lz4", b"f"),
        },
        build='cd "$srcdir"; ls; echo "$(cat a.txt b.txt c.txt d.txt)"',
    )
    lines = hive.installs("some").lines()
    assert "abcd" in lines
    assert [line for line in lines if line in ("a.txt", "e", "e.bin", "f.txt", "f.txt.lz4")] == ["a.txt", "e.bin", "f.txt.lz4"]


def test_archives_of_many_kinds_are_unpacked(hive):
    files = {
        "a.tar.gz": tar({"in-a": b""}, "w:gz"),
        "b.tar.zst": by("zstd", tar({"in-b": b""})),
        "c.zip": zipped({"in-c": "x"}),
        "d.jar": zipped({"in-d": "x"}),
        "e.download": tar({"in-e": b""}, "w:xz"),
        "g.patch": b"--- a\n+++ b\n",
        "h.png": b"\x89PNG\r\n\x1a\n" + bytes(100),
    }
    add(hive, files)
    lines = hive.installs("some").lines()
    assert [line for line in lines if line.startswith("./in-")] == ["./in-a", "./in-b", "./in-c", "./in-d", "./in-e"]
    assert not any("bsdtar" in line for line in lines)


def test_noextract_is_kept_as_it_is(hive):
    add(hive, {"a.tar": tar({"in-a": b"x"}), "b.txt.gz": gzip.compress(b"b"), "c.tar": tar({"in-c": b"x"})}, noextract=["a.tar", "b.txt.gz"])
    lines = hive.installs("some").lines()
    assert [line for line in lines if line.startswith("./")] == ["./a.tar", "./b.txt.gz", "./c.tar", "./in-c"]


def test_broken_archive_names_itself(hive):
    add(hive, {"a.tar.gz": tar({"in-a": bytes(range(256)) * 1000}, "w:gz")[:-200]})
    hive.refuses("some", "SourceUnavailable", "a.tar.gz")


@pytest.mark.parametrize(
    "name, data",
    [("bomb.tar.gz", lambda zeros: tar({"zeros": zeros}, "w:gz")), ("bomb.gz", gzip.compress), ("bomb.zip", lambda zeros: zipped({"zeros": zeros}))],
    ids=["tar", "gz", "zip"],
)
def test_archive_that_unpacks_to_too_much_is_ended(hive, name, data):
    hive.configure("Build", MaxSourceSize="10M")
    add(hive, {name: data(bytes(100 << 20))})
    hive.refuses("some", "LimitsExceeded", name, "MaxSourceSize=", "hive.conf")


def test_archives_that_are_too_much_together_are_ended(hive):
    hive.configure("Build", MaxSourceSize="10M")
    add(hive, {f"{number}.tar.gz": tar({f"zeros-{number}": bytes(4 << 20)}, "w:gz") for number in range(3)})
    hive.refuses("some", "LimitsExceeded", "2.tar.gz", "MaxSourceSize=")


def test_archive_of_too_many_files_is_ended(hive):
    hive.configure("Build", MaxSourceFiles="1000")
    add(hive, {"bomb.tar.gz": tar({f"{number}": b"" for number in range(2000)}, "w:gz")})
    hive.refuses("some", "LimitsExceeded", "bomb.tar.gz", "MaxSourceFiles=")


def test_folders_without_end_are_ended(hive):
    add(hive, {"deep.tar": tar({"d/" * 300 + "file": b""})})
    hive.refuses("some", "LimitsExceeded", "deep.tar")
