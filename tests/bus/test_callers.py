# SPDX-License-Identifier: LGPL-2.1-or-later
"""Callers who ask for what is not, or for what they may not."""

import subprocess

import pytest
from gi.repository import Gio, GLib

from catalog import pkgbuild
from client import HiveError
from job import Job


def refused(call, *arguments, **options):
    with pytest.raises(HiveError) as caught:
        call(*arguments, **options)
    return caught.value


@pytest.mark.parametrize("worker", ["", "no..pe", "-x", "a b", "x" * 101, "ü", ".", "a\nb", "$(id)"])
def test_bad_id_is_refused_by_name(hive, worker):
    hive.start()
    for method in ("InstallWorker", "RemoveWorker", "GetCatalogWorker"):
        error = refused(hive.call, method, worker)
        assert error.name == "InvalidArgument", method
        assert worker.partition("\n")[0][:50] in error.message
    assert hive.call("ListJobs", {}, signature="(a{sv})") == []


@pytest.mark.parametrize("worker, catalog", [("../x", '".."'), ("a/b", '"a"')])
def test_worker_of_a_catalog_that_is_none_is_refused_by_that_name(hive, worker, catalog):
    for method in ("InstallWorker", "GetCatalogWorker"):
        error = refused(hive.call, method, worker)
        assert (error.name, catalog in error.message) == ("InvalidArgument", True), error.message
    assert refused(hive.call, "RemoveWorker", worker).name == "InvalidArgument"
    assert hive.call("ListJobs", {}, signature="(a{sv})") == []


def test_install_of_unknown_worker_names_it_and_leaves_nothing(hive):
    hive.refuses("no-such-worker", "WorkerNotFound", "no-such-worker")


def test_unknown_option_is_refused_by_name(hive):
    hive.catalog.add("some")
    error = refused(hive.install, "some", frobnicate=True)
    assert error.name == "InvalidArgument" and "frobnicate" in error.message
    assert hive.call("ListJobs", {}, signature="(a{sv})") == []


@pytest.mark.parametrize(
    "options, named",
    [
        ({"check": "yes"}, "check"),
        ({"reinstall": 1}, "reinstall"),
        ({"backend": True}, "backend"),
        ({"source": "sideways"}, "source"),
        ({"idempotency_key": "x" * 129}, "idempotency_key"),
        ({"backend": "../x"}, "backend"),
        ({"idempotency_key": ""}, "idempotency_key"),
    ],
    ids=["check", "reinstall", "backend", "source", "long-key", "path", "empty-key"],
)
def test_option_of_a_wrong_type_or_value_is_refused_by_name(hive, options, named):
    hive.catalog.add("some")
    error = refused(hive.install, "some", **options)
    assert error.name == "InvalidArgument" and named in error.message


@pytest.mark.parametrize("method", ["InstallWorkerWithOptions", "RemoveWorkerWithOptions", "UpgradeWorkerWithOptions", "RollbackWorkerWithOptions"])
@pytest.mark.parametrize(
    "options, named",
    [
        ({"idempotency_key": GLib.Variant("s", "x" * 129)}, "idempotency_key"),
        ({"idempotency_key": GLib.Variant("s", "")}, "idempotency_key"),
        ({"owner": GLib.Variant("u", 2**32 - 1)}, "owner"),
    ],
    ids=["long-key", "empty-key", "nobody"],
)
def test_key_and_owner_have_one_rule_wherever_they_are_given(hive, method, options, named):
    hive.start()
    error = refused(hive.call, method, GLib.Variant("(sa{sv})", ("some", options)))
    assert error.name == "InvalidArgument" and named in error.message


def test_unknown_option_of_lists_and_recipe_is_refused_by_name(hive):
    hive.start()
    option = {"frobnicate": GLib.Variant("b", True)}
    for method in ("ListCatalog", "ListJobs"):
        error = refused(hive.call, method, GLib.Variant("(a{sv})", (option,)))
        assert error.name == "InvalidArgument" and "frobnicate" in error.message
    error = refused(hive.call, "GetRecipe", GLib.Variant("(sa{sv})", ("some", option)))
    assert error.name == "InvalidArgument" and "frobnicate" in error.message


def test_cancel_of_a_finished_job_is_refused(hive):
    hive.catalog.add("some")
    job = hive.installs("some")
    error = refused(job.cancel)
    assert error.name == "NotCancellable" and job.id in error.message
    assert job.state == "done"


def test_unknown_job_is_refused_by_name(hive):
    for job in ("4711", "../1", "", "x"):
        error = refused(hive.call, "GetJob", job)
        assert error.name in ("JobNotFound", "InvalidArgument") and job in error.message
    assert refused(hive.call, "GetJob", "4711").name == "JobNotFound"


def test_removal_of_what_is_not_installed_is_refused_by_name(hive):
    hive.catalog.add("some")
    error = refused(hive.call, "RemoveWorker", "some")
    assert error.name == "NotInstalled" and "some" in error.message
    assert hive.call("ListJobs", {}, signature="(a{sv})") == []


def test_cursor_past_the_end_is_refused(hive):
    hive.catalog.add("some")
    job = hive.installs("some")
    error = refused(job.call, "ReadLog", GLib.Variant("(tu)", (1 << 40, 0)))
    assert error.name == "InvalidArgument"


def test_object_that_is_not_there(hive):
    hive.start()
    for path in ("/org/rbee/Hive/job/99", "/org/rbee/Hive/job/x", "/org/rbee/Hive/worker/none"):
        assert refused(hive.get_all, path, "org.rbee.Hive.Job").name.startswith("org.freedesktop.DBus.Error.Unknown")


def test_too_many_queued_jobs_are_refused(hive):
    hive.configure("Jobs", MaxParallel=1, MaxQueued=2)
    for name in ("a", "b", "c", "d"):
        hive.catalog.add(name, pkgbuild(name, build="sleep 86392"))
    jobs = [hive.install(name) for name in ("a", "b", "c")]
    error = refused(hive.install, "d")
    assert error.name == "LimitsExceeded" and "MaxQueued" in error.message
    for job in reversed(jobs):
        job.cancel()
    for job in jobs:
        assert job.wait().result == "cancelled"
    hive.nothing_left()


def stranger(hive, *arguments):
    """busctl as nobody."""
    return hive.run(
        "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "busctl", "--system", "call", "org.rbee.Hive", *arguments, status=None
    )


@pytest.mark.root
def test_a_stranger_may_read_and_nothing_else(hive):
    hive.catalog.add("some", pkgbuild("some", build="sleep 86392"))
    hive.catalog.add("there")
    hive.installs("there")
    job = hive.install("some")
    job.wait_for_state("running")
    manager = ("/org/rbee/Hive", "org.rbee.Hive")
    for arguments in (
        (*manager, "InstallWorker", "s", "some"),
        (*manager, "InstallWorkerWithOptions", "sa{sv}", "there", "1", "reinstall", "b", "true"),
        (*manager, "RemoveWorker", "s", "there"),
        (*manager, "RefreshCapabilities"),
        (job.path, "org.rbee.Hive.Job", "Cancel"),
        ("/org/rbee/Hive/worker/there", "org.rbee.Hive.Worker", "Remove"),
    ):
        done = stranger(hive, *arguments)
        assert done.returncode != 0, arguments
        assert "Access denied" in done.stderr or "AccessDenied" in done.stderr or "may" in done.stderr, done.stderr
    assert job.state == "running"
    for arguments in (
        (*manager, "ListWorkers"),
        (*manager, "ListJobs", "a{sv}", "0"),
        (*manager, "ListCatalog", "a{sv}", "0"),
        (*manager, "GetCapabilities"),
        (job.path, "org.rbee.Hive.Job", "ReadLog", "tu", "0", "0"),
    ):
        done = stranger(hive, *arguments)
        assert done.returncode == 0, done.stderr
    job.cancel()
    assert job.wait().result == "cancelled"
    assert set(hive.workers()) == {"there"}


@pytest.mark.root
def test_a_strangers_refusal_is_access_denied_by_its_d_bus_name(hive):
    hive.catalog.add("some")
    hive.start()
    done = hive.run(
        "setpriv",
        "--reuid=65534",
        "--regid=65534",
        "--clear-groups",
        "gdbus",
        "call",
        "--address",
        hive.address,
        "-d",
        "org.rbee.Hive",
        "-o",
        "/org/rbee/Hive",
        "-m",
        "org.rbee.Hive.InstallWorker",
        "some",
        status=None,
    )
    assert "org.freedesktop.DBus.Error.AccessDenied" in done.stderr
    assert hive.call("ListJobs", {}, signature="(a{sv})") == []


@pytest.mark.root
def test_a_stranger_can_open_a_log_and_only_read_it(hive):
    hive.catalog.add("some")
    job = hive.installs("some")
    assert job.log_path.stat().st_mode & 0o777 == 0o644
    subprocess.run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "cat", str(job.log_path)], check=True, stdout=subprocess.DEVNULL)


def test_malformed_calls_do_not_end_the_daemon(hive):
    hive.catalog.add("some")
    for arguments in (("x",), ("x", "y", "z"), ()):
        with pytest.raises(HiveError):
            hive.call("InstallWorkerWithOptions", *arguments)
    with pytest.raises(HiveError):
        hive.call("NoSuchMethod")
    hive.installs("some")


def test_same_option_twice_is_refused(hive):
    hive.catalog.add("some")
    builder = GLib.VariantBuilder(GLib.VariantType("a{sv}"))
    for value in (True, False):
        builder.add_value(GLib.Variant.new_dict_entry(GLib.Variant("s", "check"), GLib.Variant("v", GLib.Variant("b", value))))
    parameters = GLib.Variant.new_tuple(GLib.Variant("s", "some"), builder.end())
    error = refused(hive.call, "InstallWorkerWithOptions", parameters)
    assert error.name == "InvalidArgument" and "check" in error.message


def test_job_object_is_named_by_get_job(hive):
    hive.catalog.add("some")
    job = hive.installs("some")
    assert Job(hive, hive.call("GetJob", job.id)) == job


@pytest.mark.root
def test_with_log_access_owner_a_stranger_reads_no_log(hive):
    hive.configure("Log", LogAccess="owner")
    hive.catalog.add("some", pkgbuild("some", build="echo a private line; sleep 86392"))
    other = hive.start().connect()
    heard = []
    other.signal_subscribe(None, "org.rbee.Hive.Job", "LineEmitted", None, None, Gio.DBusSignalFlags.NONE, lambda *_: heard.append(1))
    job = hive.install("some")
    job.wait_for_line("a private line")
    assert job.log_path.stat().st_mode & 0o777 == 0o640
    for arguments in (("OpenLog",), ("ReadLog", "tu", "0", "0")):
        done = stranger(hive, job.path, "org.rbee.Hive.Job", *arguments)
        assert done.returncode != 0 and "Access denied" in done.stderr
        assert "a private line" not in done.stdout
    job.call("OpenLog")
    assert job.read_log()[0]
    job.cancel()
    job.wait()
    assert any(signal_.member == "LineEmitted" and "a private line" in signal_.arguments for signal_ in hive.signals)
    assert not heard
