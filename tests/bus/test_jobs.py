# SPDX-License-Identifier: LGPL-2.1-or-later
"""Jobs side by side, the same job twice, and jobs that are ended."""

import json
import os

import pytest

from catalog import hangs, pkgbuild
from client import HiveError, variant
from job import Job
from waiting import unique_seconds, wait_until, wake, with_argument


def sleeper(hive, name, marker="86399"):
    hive.catalog.add(name, pkgbuild(name, build=f"echo started\nsleep {marker}"))
    return name


def test_two_clients_that_ask_for_the_same_get_one_job(hive):
    sleeper(hive, "same")
    other = hive.connection and hive.connect()
    first = hive.install("same")
    second = hive.install("same", connection=other)
    assert first == second
    first.cancel()
    assert first.wait().result == "cancelled"
    assert len(hive.call("ListJobs", {}, signature="(a{sv})")) == 1
    other.close_sync()


def test_other_options_while_it_is_being_installed_are_busy_and_name_the_job(hive):
    sleeper(hive, "same")
    first = hive.install("same")
    for options in ({"reinstall": True}, {"check": True}, {"source": "git"}):
        with pytest.raises(HiveError) as caught:
            hive.install("same", **options)
        assert caught.value.name == "Busy" and first.id in caught.value.message.replace("same", "")
    with pytest.raises(HiveError):
        hive.remove("same")
    first.cancel()
    first.wait()


def test_a_job_says_with_what_options_it_was_asked_for(hive):
    hive.catalog.add("some")
    chosen, plain = hive.installs("some", backend="cpu", source="git", reinstall=True, check=False), hive.install("some")
    plain.wait()
    wanted = {"backend": "cpu", "source": "git", "reinstall": True}
    assert chosen.get("Options") == wanted and plain.get("Options") == {}
    assert [job["options"] for job in hive.list_jobs()] == [wanted, {}]
    hive.restart()
    assert chosen.get("Options") == wanted
    assert hive.remove("some").get("Options") == {}


def test_equal_options_said_otherwise_are_equal(hive):
    sleeper(hive, "same")
    first = hive.install("same")
    assert hive.install("same", check=False, reinstall=False) == first
    first.cancel()
    first.wait()


def test_removal_while_it_is_being_installed_is_busy(hive):
    hive.catalog.add("same")
    hive.installs("same")
    sleeper(hive, "same")
    job = hive.install("same", reinstall=True)
    job.wait_for_line("started")
    with pytest.raises(HiveError) as caught:
        hive.remove("same")
    assert caught.value.name == "Busy" and job.id in caught.value.message
    job.cancel()
    job.wait()
    assert set(hive.workers()) == {"same"}
    hive.nothing_left()


def test_four_workers_of_which_two_may_run_run_in_order(hive):
    hive.configure("Jobs", MaxParallel=2)
    naps = {name: unique_seconds() for name in ("a", "b", "c", "d")}
    for name, seconds in naps.items():
        hive.catalog.add(name, pkgbuild(name, build=f"sleep {seconds} || true"))
    jobs = [hive.install(name) for name in naps]
    wait_until(lambda: [job.state for job in jobs] == ["running", "running", "queued", "queued"], what="two to run and two to wait")
    assert (hive.get("/org/rbee/Hive", "org.rbee.Hive", "RunningJobs"), hive.get("/org/rbee/Hive", "org.rbee.Hive", "QueuedJobs")) == (2, 2)
    for seconds in naps.values():
        wake(seconds)
    for job in jobs:
        assert job.wait() == ("done", "", "")
    spans = [(job.get("StartedAt"), job.get("FinishedAt")) for job in jobs]
    assert spans == sorted(spans, key=lambda span: span[0])
    assert max(sum(start <= at < end for start, end in spans) for at, _ in spans) == 2
    assert set(hive.workers()) == set(naps)
    hive.nothing_left()


def test_job_ids_count_on_after_a_restart(hive):
    hive.catalog.add("some")
    first = hive.installs("some")
    hive.restart()
    second = hive.installs("some", reinstall=True)
    assert int(second.id) == int(first.id) + 1


def test_idempotency_key_gives_the_same_job_even_after_it_ended(hive):
    hive.catalog.add("some")
    hive.catalog.add("other")
    job = hive.install("some", idempotency_key="abc")
    assert hive.install("some", idempotency_key="abc") == job
    assert job.wait().result == "done"
    assert hive.install("some", idempotency_key="abc") == job
    assert hive.install("other", idempotency_key="abc") != job
    new = hive.install("some", idempotency_key="def")
    assert new != job
    assert new.wait().result == "done"
    hive.restart()
    assert hive.install("some", idempotency_key="abc").id == job.id


def test_idempotency_key_gives_a_failed_job_again(hive):
    job = hive.refuses("no-such-worker", "WorkerNotFound", idempotency_key="abc")
    assert hive.install("no-such-worker", idempotency_key="abc") == job
    assert hive.install("no-such-worker") != job


def test_cancel_during_build_ends_every_process_and_keeps_the_log(hive):
    marker = unique_seconds()
    build = f"""
echo before
(trap '' TERM INT HUP; exec sleep {marker}) &
setsid -f sleep {marker}
nohup sleep {marker} >/dev/null 2>&1 &
bash -c 'trap "" TERM; (sleep {marker}) & wait' &
sleep 0.3
echo started
sleep {marker}
"""
    hive.catalog.add("long", pkgbuild("long", build=build))
    job = hive.install("long")
    job.wait_for_line("started")
    wait_until(lambda: len(with_argument(marker)) >= 5, what="the processes of the job")
    assert hive.processes()
    job.cancel()
    assert job.wait() == ("cancelled", "", "")
    assert with_argument(marker) == []
    assert job.state == "cancelled"
    lines = job.lines()
    assert lines[-1] == "[CANCELLED]" and "before" in lines
    assert not any(record.stream == "error" for record in job.records())
    hive.nothing_left()
    assert hive.workers() == {}


@pytest.mark.parametrize("where", ["prepare", "package", "top-level", "pkgver"])
def test_cancel_in_other_phases(hive, where):
    marker = unique_seconds()
    sleep = f"sleep {marker}"
    recipes = {
        "prepare": pkgbuild("long", extra=f"prepare() {{ {sleep}; }}"),
        "package": pkgbuild("long", package=sleep),
        "pkgver": pkgbuild("long", extra=f"pkgver() {{ {sleep}; }}"),
        "top-level": sleep + "\n" + pkgbuild("long"),
    }
    hive.configure("Build", EvaluationTimeout=3600)
    hive.catalog.add("long", recipes[where])
    job = hive.install("long")
    wait_until(lambda: with_argument(marker), what="the recipe to sleep")
    job.cancel()
    assert job.wait() == ("cancelled", "", "")
    assert with_argument(marker) == []
    hive.nothing_left()


def test_cancel_while_a_catalog_does_not_answer(hive, http_catalog):
    hive.configure("Catalog", Timeout=3600)
    http_catalog.answers["/workers/slow"] = hangs
    job = hive.install("slow")
    wait_until(lambda: http_catalog.requests, what="the request")
    job.cancel()
    assert job.wait() == ("cancelled", "", "")
    hive.nothing_left()


def test_cancel_of_a_queued_job_starts_nothing(hive):
    hive.configure("Jobs", MaxParallel=1)
    sleeper(hive, "first")
    sleeper(hive, "second")
    first, second = hive.install("first"), hive.install("second")
    assert second.state == "queued"
    second.cancel()
    assert second.wait() == ("cancelled", "", "")
    assert second.get("StartedAt") == 0
    assert second.lines() == ["[CANCELLED]"]
    first.wait_for_line("started")
    assert first.state == "running"
    first.cancel()
    first.wait()
    hive.nothing_left()


def test_cancel_twice_is_no_error_or_not_cancellable(hive):
    sleeper(hive, "long")
    job = hive.install("long")
    job.wait_for_line("started")
    job.cancel()
    try:
        job.cancel()
    except HiveError as error:
        assert error.name == "NotCancellable"
    assert job.wait() == ("cancelled", "", "")


def test_cancelled_worker_can_be_installed_right_afterwards(hive):
    sleeper(hive, "long")
    job = hive.install("long")
    job.wait_for_line("started")
    job.cancel()
    job.wait()
    hive.catalog.add("long")
    hive.installs("long")
    hive.nothing_left()


def test_job_that_takes_too_long_in_all_names_the_key(hive):
    marker = unique_seconds()
    hive.catalog.add("long", pkgbuild("long", build=f"echo started; setsid -f sleep {marker}; sleep {marker}"))
    for limit in (2, 10, 50, 250):  # which of them is enough for the beginning depends on what else the machine does
        hive.configure("Jobs", RuntimeMax=limit)
        job = hive.refuses("long", "TimedOut", f"{limit} s", "RuntimeMax=", "hive.conf")
        hive.stop()
        if "started" in job.lines():
            break
    else:
        raise AssertionError(job.log_text())
    assert not with_argument(marker)


def test_step_that_takes_too_long_is_ended(hive):
    marker = unique_seconds()
    hive.configure("Build", StepTimeout=1)
    hive.catalog.add("long", pkgbuild("long", build=f"sleep {marker}"))
    hive.refuses("long", "TimedOut", "StepTimeout")
    assert with_argument(marker) == []


def test_jobs_are_listed_with_what_became_of_them(hive):
    hive.catalog.add("good")
    good = hive.installs("good")
    bad = hive.refuses("no-such-worker", "WorkerNotFound")
    gone = hive.removes("good")
    jobs = hive.call("ListJobs", {}, signature="(a{sv})")
    assert [(job["id"], job["path"], job["operation"], job["worker_id"], job["state"], job["error_name"]) for job in jobs] == [
        (good.id, good.path, "worker_install", "good", "done", ""),
        (bad.id, bad.path, "worker_install", "no-such-worker", "failed", "WorkerNotFound"),
        (gone.id, gone.path, "worker_remove", "good", "done", ""),
    ]
    for job in jobs:
        assert job["owner"] == os.getuid() and 0 < job["created_at"] <= job["started_at"] <= job["finished_at"]
        assert job["log_size"] == Job(hive, job["path"]).log_path.stat().st_size
    worker = hive.call("ListJobs", {"worker": variant("good")}, signature="(a{sv})")
    assert [job["id"] for job in worker] == [good.id, gone.id]


def test_jobs_and_workers_are_objects_of_the_manager(hive):
    hive.catalog.add("an-object")
    job = hive.installs("an-object")
    objects = hive.managed_objects()
    assert objects[job.path]["org.rbee.Hive.Job"]["State"] == "done"
    worker = objects["/org/rbee/Hive/worker/an_2dobject"]["org.rbee.Hive.Worker"]
    assert worker["Id"] == "an-object" and worker["Version"] == "1.0-1"
    assert worker["Binary"] == str(hive.installed("/usr/local/bin/an-object"))
    added = [signal.arguments for signal in hive.signals if signal.member == "InterfacesAdded"]
    assert {job.path, "/org/rbee/Hive/worker/an_2dobject"} <= {arguments[0] for arguments in added}
    hive.removes("an-object")
    removed = [signal.arguments[0] for signal in hive.signals if signal.member == "InterfacesRemoved"]
    assert "/org/rbee/Hive/worker/an_2dobject" in removed
    assert "/org/rbee/Hive/worker/an_2dobject" not in hive.managed_objects()


def test_more_than_200_jobs_keep_the_newest_as_objects_and_get_job_brings_one_back(hive):
    jobs = [hive.install("no-such-worker", idempotency_key="1")]
    jobs[0].wait()
    hive.stop()
    # The folders of jobs that ended long ago, as the daemon writes them.
    first = json.loads((hive.state / "jobs" / jobs[0].id / "job.json").read_text())
    log = jobs[0].log_path.read_bytes()
    for number in range(2, 211):
        hive.old_job(number, log, **dict(first, id=str(number), idempotency_key=str(number)))
    hive.start()
    listed = [job["id"] for job in hive.call("ListJobs", {}, signature="(a{sv})")]
    assert listed == [str(number) for number in range(11, 211)]
    every = [job["id"] for job in hive.call("ListJobs", {"all": variant(True)}, signature="(a{sv})")]
    assert every == [str(number) for number in range(1, 211)]
    old = Job(hive, hive.call("GetJob", "3"))
    assert old.state == "failed"
    assert old.read_log()[1] is True


def states_told(hive, job):
    return [
        signal.arguments[1]["State"]
        for signal in hive.signals
        if signal.path == job.path and signal.member == "PropertiesChanged" and "State" in signal.arguments[1]
    ]


def test_state_changes_are_announced(hive):
    seconds = unique_seconds()
    hive.catalog.add("some", pkgbuild("some", build=f"sleep {seconds} || true"))
    job = hive.install("some")
    wait_until(lambda: "running" in states_told(hive, job), what="that it runs to be told")
    wake(seconds)
    job.wait()
    assert states_told(hive, job)[-1] == "done"


def test_properties_change_at_most_ten_times_a_second(hive):
    hive.catalog.add("busy", pkgbuild("busy", build="for i in {1..200}; do echo line $i; sleep 0.01; done"))
    job = hive.installs("busy")
    seconds = (job.get("FinishedAt") - job.get("StartedAt")) / 1e6
    changes = [signal for signal in hive.signals if signal.path == job.path and signal.member == "PropertiesChanged"]
    assert len(changes) <= 10 * seconds + 12


def test_end_of_each_job_is_told_by_the_hive_too(hive):
    hive.catalog.add("good")
    hive.catalog.add("bad", pkgbuild("bad", build="false"))
    good, bad = hive.installs("good"), hive.install("bad")
    bad.wait()
    wait_until(lambda: len([signal for signal in hive.signals if signal.member == "JobFinished"]) == 2, what="the second signal")
    told = [(signal.path, signal.arguments) for signal in hive.signals if signal.member == "JobFinished"]
    assert told == [
        ("/org/rbee/Hive", (good.path.rpartition("/")[2], good.path, "done", "", "")),
        ("/org/rbee/Hive", (bad.path.rpartition("/")[2], bad.path, "failed", "BuildFailed", "Build phase failed")),
    ]
