# SPDX-License-Identifier: LGPL-2.1-or-later
"""Trees that may not be installed: each is refused by name, and nothing of it is."""

import hashlib
import json
import os
import subprocess
import threading

import pytest

from catalog import install_script, pkgbuild

BINARY = install_script("some") + "\n"

REFUSED = {
    "outside": ('install -Dm644 /dev/stdin "$pkgdir/etc/some.conf" <<< x', "/etc/some.conf"),
    "at-the-top": ('echo x > "$pkgdir/some"', "/some"),
    "like-a-prefix": ('install -Dm644 /dev/stdin "$pkgdir/usr/localx/some" <<< x', "/usr/localx"),
    "prefix-itself": ('rm -r "$pkgdir/usr/local"; echo x > "$pkgdir/usr/local"', "/usr/local"),
    "setuid": ('chmod 4755 "$pkgdir/usr/local/bin/some"', "/usr/local/bin/some"),
    "setgid": ('chmod 2755 "$pkgdir/usr/local/bin/some"', "/usr/local/bin/some"),
    "faked-setuid": ('chown root:root "$pkgdir/usr/local/bin/some"; chmod u+s "$pkgdir/usr/local/bin/some"', "/usr/local/bin/some"),
    "setgid-folder": ('install -d "$pkgdir/usr/local/share/x"; chmod 2755 "$pkgdir/usr/local/share/x"', "/usr/local/share/x"),
    "absolute-link": ('ln -s /etc/passwd "$pkgdir/usr/local/bin/passwd"', "/usr/local/bin/passwd"),
    "escaping-link": ('ln -s ../../../../etc/passwd "$pkgdir/usr/local/bin/passwd"', "/usr/local/bin/passwd"),
    "link-out-of-the-prefixes": ('ln -s ../../../var/lib "$pkgdir/usr/local/bin/lib"', "/usr/local/bin/lib"),
    "link-as-folder": ('ln -s /etc "$pkgdir/usr/local/etc"', "/usr/local/etc"),
    "device": ('mknod "$pkgdir/usr/local/bin/null" c 1 3', "/usr/local/bin/null"),
    "block-device": ('mknod "$pkgdir/usr/local/bin/disk" b 8 0', "/usr/local/bin/disk"),
    "fifo": ('mkfifo "$pkgdir/usr/local/bin/fifo"', "/usr/local/bin/fifo"),
    "hard-link": ('ln "$pkgdir/usr/local/bin/some" "$pkgdir/usr/local/bin/other"', "/usr/local/bin/"),
    "foreign-owner": ('chown 1000:1000 "$pkgdir/usr/local/bin/some"', "/usr/local/bin/some"),
    "no-binary": ('mv "$pkgdir/usr/local/bin/some" "$pkgdir/usr/local/bin/another"', "/usr/local/bin/some"),
    "binary-that-is-a-folder": ('rm "$pkgdir/usr/local/bin/some"; mkdir "$pkgdir/usr/local/bin/some"', "/usr/local/bin/some"),
    "binary-not-executable": ('chmod 644 "$pkgdir/usr/local/bin/some"', "/usr/local/bin/some"),
    "binary-a-link-to-nothing": ('ln -sf nothing "$pkgdir/usr/local/bin/some"', "/usr/local/bin/some"),
    "newline-in-a-name": ('touch "$pkgdir/usr/local/bin/a"$\'\\n\'"b"', r'"a\nb" in /usr/local/bin/'),
}

# What package() may have meant well, and real recipes do: it is not refused. Everything becomes root's.
ALLOWED_TOO = ("foreign-owner",)


def test_modes_that_others_could_write_are_taken_back(hive):
    hive.catalog.add("some", pkgbuild("some", package=BINARY + 'chmod 777 "$pkgdir/usr/local/bin/some" "$pkgdir/usr/local/bin"'))
    hive.installs("some")
    for path in ("/usr/local/bin/some", "/usr/local/bin"):
        assert hive.installed(path).stat().st_mode & 0o7777 == 0o755


@pytest.mark.parametrize("case", [case for case in REFUSED if case not in ALLOWED_TOO])
def test_tree_that_may_not_be_installed(hive, case):
    command, named = REFUSED[case]
    hive.catalog.add("some", pkgbuild("some", package=BINARY + command))
    hive.refuses("some", "PackageInvalid", named)


def test_empty_package(hive):
    hive.catalog.add("some", pkgbuild("some", package=":"))
    hive.refuses("some", "PackageInvalid", "/usr/local/bin/some")


def test_socket_in_the_package(hive):
    hive.catalog.add(
        "some",
        pkgbuild(
            "some",
            package=BINARY
            + """
cd "$pkgdir/usr/local/bin"
perl -MIO::Socket::UNIX -e 'IO::Socket::UNIX->new(Local => "socket", Listen => 1) or die'
""",
        ),
    )
    hive.refuses("some", "PackageInvalid", "/usr/local/bin/socket")


def test_other_prefixes_are_what_the_configuration_says(hive):
    hive.configure("Hive", InstallPrefixes="/opt/hive")
    hive.catalog.add("some", pkgbuild("some", package=install_script("some")))
    hive.refuses("some", "PackageInvalid", "/usr/local/bin/some")
    hive.catalog.add("other", pkgbuild("other", package='install -Dm755 /dev/stdin "$pkgdir/opt/hive/other" <<< x'), install_path="/opt/hive/other")
    hive.installs("other")
    hive.nothing_left()


def test_package_larger_than_allowed(hive):
    hive.configure("Build", MaxTreeSize="1M")
    hive.catalog.add("some", pkgbuild("some", package=BINARY + 'head -c 2M /dev/zero > "$pkgdir/usr/local/bin/zeros"'))
    hive.refuses("some", "LimitsExceeded", "MaxTreeSize")


def test_binary_elsewhere_than_the_catalog_says_is_named(hive):
    hive.catalog.add("some", pkgbuild("some"), binary_name="another", install_path="/opt/some/bin")
    hive.refuses("some", "PackageInvalid", "/opt/some/bin/another")


def test_file_of_another_worker_is_a_conflict_that_names_it(hive):
    hive.catalog.add("first")
    hive.catalog.add("second", pkgbuild("second", package=install_script("second") + "\n" + install_script("first", "echo mine")))
    hive.installs("first")
    before = hive.installed("/usr/local/bin/first").read_bytes()
    hive.refuses("second", "FileConflict", str(hive.installed("/usr/local/bin/first")), "first")
    assert hive.installed("/usr/local/bin/first").read_bytes() == before
    assert set(hive.workers()) == {"first"}


def test_file_that_nobody_owns_is_a_conflict_that_names_it(hive):
    path = hive.foreign_file("/usr/local/bin/some", "precious\n")
    hive.catalog.add("some")
    hive.refuses("some", "FileConflict", str(path))
    assert path.read_text() == "precious\n"


def test_folder_where_a_file_should_be_is_a_conflict(hive):
    hive.foreign_file("/usr/local/bin/some/inside")
    hive.catalog.add("some")
    hive.refuses("some", "FileConflict", str(hive.installed("/usr/local/bin/some")))


def test_file_where_a_folder_should_be_is_a_conflict(hive):
    hive.foreign_file("/usr/local/share")
    hive.catalog.add("some", pkgbuild("some", package=BINARY + 'install -Dm644 /dev/stdin "$pkgdir/usr/local/share/some/x" <<< x'))
    hive.refuses("some", "FileConflict", str(hive.installed("/usr/local/share")))


def test_link_that_leads_out_of_the_root_is_not_followed(hive):
    outside = hive.directory / "outside"
    outside.mkdir()
    hive.installed("/usr/local").mkdir(parents=True)
    hive.installed("/usr/local/share").symlink_to(outside)
    hive.foreign.add("/usr/local/share")
    hive.catalog.add("some", pkgbuild("some", package=BINARY + 'install -Dm644 /dev/stdin "$pkgdir/usr/local/share/x" <<< x'))
    job = hive.install("some")
    assert job.wait().result == "failed"
    assert job.finished().error in ("FileConflict", "PackageInvalid")
    assert not list(outside.iterdir())
    hive.nothing_left()


def test_process_left_by_package_cannot_change_the_tree_afterwards(hive):
    hive.catalog.add(
        "some",
        pkgbuild(
            "some",
            package=BINARY
            + """
setsid bash -c 'while :; do echo "# changed" >> "'"$pkgdir"'/usr/local/bin/some"; done' > /dev/null 2>&1 &
sleep 0.2
""",
        ),
    )
    job = hive.install("some")
    job.wait()
    hive.nothing_left()
    if job.state == "done":
        record = hive.record("some")["files"][0]
        assert hashlib.sha256(hive.installed(record["path"]).read_bytes()).hexdigest() == record["sha256"]


def commit(hive, verb, request):
    """Runs rbee-hive-commit as the daemon does; its records."""
    log = hive.directory / "commit.log"
    with open(log, "w") as file:
        done = subprocess.run(
            [str(hive.build.libexec / "rbee-hive-commit"), "--config", str(hive.directory / "hive.conf"), verb],
            input=json.dumps(request),
            stdout=file,
            text=True,
            stderr=subprocess.PIPE,
        )
    return done.returncode, log.read_text(), done.stderr


def make_tree(hive, size):
    """A work tree as the builder leaves it."""
    work = hive.cache / "work" / "1"
    binary = work / "pkg" / "usr" / "local" / "bin" / "some"
    binary.parent.mkdir(parents=True)
    binary.write_bytes(os.urandom(1 << 20) * size)
    binary.chmod(0o755)
    entries = [b"d 755 0 0 usr", b"d 755 0 0 usr/local", b"d 755 0 0 usr/local/bin", b"f 755 0 0 usr/local/bin/some"]
    (work / "list").write_bytes(b"".join(item + b"\0" for item in entries))
    work.chmod(0o700)
    record = {
        "pkgname": "some",
        "version": "1.0-1",
        "pkgver": "1.0",
        "pkgrel": "1",
        "description": "x",
        "license": "MIT",
        "backend": "cpu",
        "source": "git",
        "catalog": "file:///x",
        "recipe_sha256": "0" * 64,
        "binary": "/usr/local/bin/some",
        "installed_by": 0,
        "already_installed": False,
    }
    return work, binary, {"job": "1", "worker_id": "some", "work": str(work), "record": record}


@pytest.mark.parametrize("change", ["content", "replaced", "grown", "link"])
def test_tree_that_changes_while_it_is_committed(hive, change):
    """Whatever the race ends in: what is installed is what was checked and recorded, or nothing is."""
    hive.write_configuration()
    hive.state.mkdir()
    for _attempt in range(4):
        work, binary, request = make_tree(hive, 16)
        stop = threading.Event()

        def disturb():
            number = 0
            while not stop.is_set():
                number += 1
                try:
                    if change == "content":
                        with open(binary, "r+b") as file:
                            file.seek(number * 4096 % (8 << 20))
                            file.write(os.urandom(4096))
                    elif change == "grown":
                        with open(binary, "ab") as file:
                            file.write(b"x" * 4096)
                    else:
                        other = binary.with_name("other")
                        other.unlink(missing_ok=True)
                        if change == "link":
                            other.symlink_to("/etc/passwd")
                        else:
                            other.write_bytes(b"evil")
                            other.chmod(0o4755)
                        os.rename(other, binary)
                except FileNotFoundError:
                    pass

        thread = threading.Thread(target=disturb)
        thread.start()
        status, log, stderr = commit(hive, "install", request)
        stop.set()
        thread.join()
        installed = hive.installed("/usr/local/bin/some")
        assert os.listdir(hive.state / "transactions") in ([], [".lock"])
        if status == 0:
            file = hive.record("some")["files"][0]
            assert not installed.is_symlink()
            assert installed.stat().st_mode & 0o7777 == 0o755
            assert hashlib.sha256(installed.read_bytes()).hexdigest() == file["sha256"]
            assert commit(hive, "remove", {"job": "2", "worker_id": "some"})[0] == 0
        else:
            assert status == 1, stderr
            assert " error PackageInvalid " in log, log
        assert not hive.root_entries()[0]
        subprocess.run(["rm", "-rf", str(work)], check=True)


def test_listing_that_disagrees_with_the_tree_is_refused(hive):
    hive.write_configuration()
    hive.state.mkdir()
    work, binary, request = make_tree(hive, 1)
    (work / "list").write_bytes(b"d 755 0 0 usr\0d 755 0 0 usr/local\0d 755 0 0 usr/local/bin\0")
    status, log, _ = commit(hive, "install", request)
    assert status == 1 and " error PackageInvalid " in log
    assert not hive.root_entries()[0]


def test_package_that_chowns_and_makes_foreign_owners_installs_as_the_hives(hive):
    hive.catalog.add(
        "some", pkgbuild("some", package=BINARY + REFUSED["foreign-owner"][0] + '\ninstall -o nobody -m644 /dev/null "$pkgdir/usr/local/bin/empty"')
    )
    job = hive.install("some")
    end = job.wait()
    assert end.result == "done" or (end.error == "PackageInvalid" and "/usr/local/bin/" in end.message)
    if end.result == "done":
        assert hive.installed("/usr/local/bin/some").stat().st_uid == os.getuid()
    hive.nothing_left()
