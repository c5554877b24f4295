# SPDX-License-Identifier: LGPL-2.1-or-later
"""What one user may have under way, and whose limit it was that refused more."""

import os
import time

import pytest

from catalog import pkgbuild
from client import JOB, HiveError
from waiting import wait_until


def refused(call, *arguments, **options):
    with pytest.raises(HiveError) as caught:
        call(*arguments, **options)
    assert caught.value.name == "LimitsExceeded", caught.value
    return caught.value.message


def sleeper(hive, name):
    return hive.catalog.add(name, pkgbuild(name, build="echo started\nsleep 86396"))


# jobs


def test_user_with_too_many_jobs_is_refused_by_name(hive):
    hive.configure("Jobs", MaxQueuedPerUser=2, MaxParallel=1)
    hive.catalog.add("there")
    hive.installs("there")
    jobs = [hive.install(sleeper(hive, name)) for name in ("a", "b")]
    for call in (lambda: hive.install(sleeper(hive, "c")), lambda: hive.remove("there")):
        message = refused(call)
        assert "MaxQueuedPerUser=2" in message and str(os.getuid()) in message
    assert hive.install("a") == jobs[0]
    assert len(hive.list_jobs()) == 3
    jobs[1].cancel()
    jobs[1].wait()
    assert hive.remove("there").wait().result == "done"
    jobs[0].cancel()
    jobs[0].wait()


# queries


@pytest.fixture
def slow_catalog(hive, http_catalog):
    """The workers slow-N are answered when its `open` says so."""
    http_catalog.open = False
    hive.configure("Catalog", Timeout=3600)

    def answer(handler):
        while not http_catalog.open:
            time.sleep(0.02)
        handler.send_response(404)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    for number in range(4):
        http_catalog.answers[f"/workers/slow-{number}"] = answer
    yield http_catalog
    http_catalog.open = True


def test_user_with_too_many_queries_is_refused_by_name(hive, slow_catalog):
    hive.configure("Catalog", MaxQueriesPerUser=2)
    slow_catalog.add("some")
    assert hive.call("GetCatalogWorker", "some")["id"] == "some"
    asked = [hive.ask("GetCatalogWorker", f"slow-{number}") for number in range(2)]
    wait_until(lambda: len(slow_catalog.requests) >= 3, what="the requests")
    for worker in ("slow-2", "slow-0"):
        assert "MaxQueriesPerUser=2" in refused(hive.call, "GetCatalogWorker", worker)
    slow_catalog.open = True
    wait_until(lambda: all(asked), what="the answers")
    assert asked == [["WorkerNotFound"]] * 2
    with pytest.raises(HiveError) as caught:
        hive.call("GetCatalogWorker", "slow-2")
    assert caught.value.name == "WorkerNotFound"


def test_answer_that_is_kept_costs_nothing(hive, slow_catalog):
    hive.configure("Catalog", MaxQueriesPerUser=1)
    slow_catalog.add("some")
    hive.call("GetCatalogWorker", "some")
    asked = hive.ask("GetCatalogWorker", "slow-0")
    wait_until(lambda: "/workers/slow-0" in slow_catalog.requests, what="the request")
    assert hive.call("GetCatalogWorker", "some")["id"] == "some"
    slow_catalog.open = True
    wait_until(lambda: asked, what="the answer")


def test_queries_of_a_caller_that_left_are_over_when_they_end(hive, slow_catalog):
    hive.configure("Catalog", MaxQueriesPerUser=2)
    other = hive.start().connect()
    for number in range(2):
        hive.ask("GetCatalogWorker", f"slow-{number}", connection=other)
    wait_until(lambda: len(slow_catalog.requests) == 2, what="the requests")
    other.close_sync()
    refused(hive.call, "GetCatalogWorker", "slow-2")
    slow_catalog.open = True

    def answered():
        with pytest.raises(HiveError) as caught:
            hive.call("GetCatalogWorker", "slow-3")
        return caught.value.name == "WorkerNotFound"

    wait_until(answered, what="room for a query")


# logs


def test_user_that_opens_too_many_logs_is_refused_by_name(hive):
    hive.configure("Log", MaxOpenLogs=3)
    hive.catalog.add("some")
    job = hive.installs("some")
    for _ in range(3):
        os.close(job.open_log())
    assert "MaxOpenLogs=3" in refused(job.call, "OpenLog")
    assert job.read_log()[1] is True


@pytest.mark.root
def test_logs_that_one_user_opens_are_not_anothers(hive):
    hive.configure("Log", MaxOpenLogs=3)
    hive.catalog.add("some")
    job = hive.installs("some")
    for _ in range(3):
        os.close(job.open_log())
    refused(job.call, "OpenLog")
    assert hive.call_as_nobody(job.path, JOB, "OpenLog").startswith("h ")
