# SPDX-License-Identifier: LGPL-2.1-or-later
"""`hivectl install ./PKGBUILD`: a recipe of no catalog, handed over by descriptors. The hive opens no path of its caller's, and takes nothing
that may change after it was allowed."""

import fcntl
import os

import pytest
from gi.repository import Gio, GLib

from catalog import pkgbuild, sha256
from client import HiveError
from job import Job
from waiting import LEAST, wait_until

F_ADD_SEALS, ALL_SEALS, NO_GROW = 1033, 1 | 2 | 4 | 8, 1 | 2 | 8


def memory(data, seals=ALL_SEALS):
    fd = os.memfd_create("file", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    os.write(fd, data.encode() if isinstance(data, str) else data)
    fcntl.fcntl(fd, F_ADD_SEALS, seals)
    return fd


def hand_over(hive, worker, descriptors, **options):
    """InstallRecipe; @descriptors: [(name, descriptor)], closed."""
    hive.start()
    fds = Gio.UnixFDList.new()
    files = [(name, fds.append(fd)) for name, fd in descriptors]
    for _, fd in descriptors:
        os.close(fd)
    array = (
        GLib.Variant("a{sh}", dict(files))
        if len(dict(files)) == len(files)
        else GLib.Variant.new_array(
            GLib.VariantType("{sh}"), [GLib.Variant.new_dict_entry(GLib.Variant("s", name), GLib.Variant("h", index)) for name, index in files]
        )
    )
    arguments = GLib.Variant.new_tuple(GLib.Variant("s", worker), array, GLib.Variant("a{sv}", options))
    try:
        reply, _ = hive.connection.call_with_unix_fd_list_sync(
            "org.rbee.Hive",
            "/org/rbee/Hive",
            "org.rbee.Hive",
            "InstallRecipe",
            arguments,
            GLib.VariantType("(o)"),
            Gio.DBusCallFlags.NONE,
            1000 * LEAST,
            fds,
            None,
        )
    except GLib.Error as error:
        raise HiveError(Gio.DBusError.get_remote_error(error).rpartition(".")[2], error.message) from None
    return Job(hive, reply.unpack()[0])


def refused(hive, *descriptors, worker="some", **options):
    with pytest.raises(HiveError) as caught:
        hand_over(hive, worker, descriptors, **options)
    assert caught.value.name == "InvalidArgument" and hive.list_jobs() == []
    return caught.value.message


@pytest.fixture
def folder(hive):
    """A recipe with a file beside it."""
    path = hive.directory / "own"
    path.mkdir()
    (path / "hello").write_text("hello from beside\n")
    (path / "PKGBUILD").write_text(pkgbuild("some", source=["hello"], sha256sums=[sha256("hello from beside\n")], build='cat "$srcdir/hello"'))
    return path


def install(hive, path, *options, **run):
    return hive.hivectl("install", path, "--config", hive.directory / "hive.conf", *options, **run)


@pytest.mark.parametrize("name", ["PKGBUILD", "."])
def test_recipe_of_no_catalog_is_installed_with_the_files_beside_it(hive, folder, name):
    shown = install(hive, f"./{name}", cwd=folder).stdout
    assert "hello from beside" in shown and str(folder / "PKGBUILD") in shown
    record = hive.record("some")
    assert (record["source"], record["catalog"], record["catalog_name"]) == ("recipe", str(folder / "PKGBUILD"), "")
    assert record["binary"] == "/usr/local/bin/some"
    assert not list(hive.state.glob("jobs/*/recipe.json"))
    assert "✓ Already installed" in install(hive, folder).stdout
    wait_until(lambda: not (hive.state / "unfinished").exists())  # hivectl ends with the job, a moment before the daemon notes that
    hive.nothing_left()


def test_worker_of_no_catalog_is_verified_removed_and_replaced_like_any_and_has_no_updates(hive, folder):
    install(hive, folder)
    assert hive.call("CheckUpdates") == []
    with pytest.raises(HiveError, match="by a recipe of no catalog.*install that again"):
        hive.call("UpgradeWorker", "some")
    text = (folder / "PKGBUILD").read_text()
    (folder / "PKGBUILD").write_text(text.replace("pkgver=1.0", "pkgver=2.0"))
    install(hive, folder)
    assert hive.record("some")["version"] == "2.0-1"
    hive.hivectl("verify", "some")
    hive.hivectl("rollback", "some")
    assert hive.record("some")["version"] == "1.0-1"
    hive.removes("some")
    hive.catalog.add("some")
    hive.installs("some")
    assert hive.record("some")["catalog_name"] == "default"


def test_recipe_that_breaks_a_rule_is_handed_over_to_nobody(hive, folder):
    (folder / "PKGBUILD").write_text(pkgbuild("some") + "pkgrel=x\n")
    assert "pkgrel=x" in install(hive, folder, status=1).stderr
    assert hive.list_jobs() == []


def test_recipe_installs_only_the_worker_that_was_named(hive):
    job = hand_over(hive, "other", [("PKGBUILD", memory(pkgbuild("some")))])
    hive.fails(job, "RecipeInvalid", "makes some", "other was to be installed")


def test_handed_over_recipe_waits_through_a_restart(hive):
    hive.configure("Jobs", MaxParallel=1)
    hive.catalog.add("long", pkgbuild("long", build="echo started\nsleep 86397"))
    hive.install("long").wait_for_line("started")
    job = hand_over(hive, "some", [("PKGBUILD", memory(pkgbuild("some")))])
    assert job.state == "queued"
    hive.restart()
    job.wait_for_state("done")
    assert hive.record("some")["catalog"] == ""


def test_file_that_may_change_or_block_is_refused(hive, tmp_path):
    (tmp_path / "PKGBUILD").write_text(pkgbuild("some"))
    pipe, other = os.pipe()
    os.close(other)
    for fd in (
        os.open(tmp_path / "PKGBUILD", os.O_RDONLY),
        pipe,
        memory("x", 0),
        memory("x", NO_GROW),
        os.open(tmp_path, os.O_RDONLY),
        os.open("/dev/zero", os.O_RDONLY),
    ):
        assert "sealed against writing" in refused(hive, ("PKGBUILD", fd))


@pytest.mark.parametrize("name", ["/etc/x", "../x", "a/../x", "a//x", "", ".", "a/.", "a b", "a\nb", "x" * 256, "ü"])
def test_name_that_leads_out_of_the_folder_is_refused(hive, name):
    assert "paths below its folder" in refused(hive, ("PKGBUILD", memory(pkgbuild("some"))), (name, memory("x")))


def test_too_much_is_refused(hive):
    good = ("PKGBUILD", memory(pkgbuild("some")))
    assert "more than 8 MiB" in refused(hive, good, ("large", memory(b"x" * (8 << 20))))
    assert "no PKGBUILD among them" in refused(hive, ("other", memory("x")))
    assert "Option origin" in refused(hive, ("PKGBUILD", memory(pkgbuild("some"))), origin=GLib.Variant("s", "a\nb"))
    assert "catalog" in refused(hive, ("PKGBUILD", memory(pkgbuild("some"))), catalog=GLib.Variant("s", "default"))
    assert "not a worker id" in refused(hive, ("PKGBUILD", memory(pkgbuild("some"))), worker="../x")


def test_equal_recipes_are_one_job_and_others_are_refused_while_it_runs(hive):
    recipe = pkgbuild("some", build="echo started\nsleep 86396")
    job = hand_over(hive, "some", [("PKGBUILD", memory(recipe))])
    job.wait_for_line("started")
    assert hand_over(hive, "some", [("PKGBUILD", memory(recipe))]) == job
    with pytest.raises(HiveError, match="wait for it or cancel it"):
        hand_over(hive, "some", [("PKGBUILD", memory(recipe + "\n"))])
    job.cancel()
    job.wait()
    assert not list(hive.state.glob("jobs/*/recipe.json"))


def test_sources_of_a_recipe_of_ones_own_are_not_fetched_from_this_machine(hive, folder, http_catalog):
    http_catalog.answers["/secret"] = (200, "text/plain", b"secret")
    (folder / "PKGBUILD").write_text(pkgbuild("some", source=[f"{http_catalog.url}/secret"], sha256sums=["SKIP"]))
    done = install(hive, folder, status=1)
    assert "127.0.0.1" in done.stdout + done.stderr and http_catalog.requests == []
