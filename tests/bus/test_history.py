# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is kept of jobs that ended, what goes, and how little a long history costs."""

import os
import pathlib
import re
import shutil
import time

import pytest

from catalog import pkgbuild
from client import HiveError
from job import read_records
from waiting import wait_until

LINE = "2026-11-23T07:35:04.000211Z build out    Compiling candle-core v0.3.0\n"
END = "2026-11-23T07:35:05.000000Z cleanup end done\n"
DAY = 24 * 3600 * 10**6


def log_of(size):
    """A whole log of about @size bytes."""
    return (LINE * ((size - len(END)) // len(LINE)) + END).encode()


def wait_for_jobs(hive, numbers):
    wait_until(lambda: hive.jobs_on_disk() == list(numbers), what=lambda: f"the jobs {list(numbers)}, there are {hive.jobs_on_disk()}")


def not_found(hive, number):
    with pytest.raises(HiveError) as caught:
        hive.call("GetJob", str(number))
    assert caught.value.name == "JobNotFound"
    return caught.value.message


def test_finished_jobs_beyond_max_jobs_go_the_oldest_first(hive):
    hive.configure("History", MaxJobs=3)
    jobs = [hive.refuses(f"no-such-worker-{number}", "WorkerNotFound") for number in range(5)]
    wait_for_jobs(hive, (3, 4, 5))
    assert [job["id"] for job in hive.list_jobs()] == [job["id"] for job in hive.list_jobs(all=True)] == ["3", "4", "5"]
    wait_until(
        lambda: [signal.arguments for signal in hive.signals if signal.member == "JobRemoved"] == [(job.id, job.path) for job in jobs[:2]],
        what="two JobRemoved",
    )
    removed = [signal.arguments[0] for signal in hive.signals if signal.member == "InterfacesRemoved"]
    assert removed == [job.path for job in jobs[:2]]
    assert not {job.path for job in jobs[:2]} & set(hive.managed_objects())
    hive.restart()
    assert hive.jobs_on_disk() == [3, 4, 5]


def test_removed_job_is_not_found_and_the_message_says_why(hive):
    hive.configure("History", MaxJobs=1)
    for number in range(2):
        hive.refuses(f"no-such-worker-{number}", "WorkerNotFound")
    wait_for_jobs(hive, (2,))
    message = not_found(hive, 1)
    assert "job 1 " in message and all(key in message for key in ("MaxJobs=", "MaxAge=", "MaxTotalSize=", "hive.conf"))
    assert "MaxJobs" not in not_found(hive, 3)


def test_jobs_older_than_max_age_go(hive):
    now = int(time.time() * 1e6)
    hive.configure("History", MaxAge=30)
    for number, days in enumerate((400, 31, 29, 0), 1):
        hive.old_job(number, created_at=now - days * DAY, finished_at=now - days * DAY)
    hive.start()
    wait_for_jobs(hive, (3, 4))


def test_without_max_age_jobs_stay_however_old(hive):
    hive.configure("History", MaxAge=0, MaxJobs=5)
    for number in range(1, 7):
        hive.old_job(number, created_at=1, finished_at=1)
    hive.start()
    wait_for_jobs(hive, range(2, 7))


def test_job_that_ended_when_the_clock_was_ahead_grows_old_too(hive):
    now = int(time.time() * 1e6)
    hive.configure("History", MaxJobs=2)
    for number in range(1, 4):
        hive.old_job(number, finished_at=now + 9000 * DAY)
    hive.start()
    wait_for_jobs(hive, (2, 3))


def test_logs_beyond_max_total_size_go_the_oldest_first(hive):
    hive.configure("History", MaxTotalSize="256K")
    for number in range(1, 6):
        hive.old_job(number, log_of(100_000))
    hive.start()
    wait_for_jobs(hive, (4, 5))
    hive.catalog.add("loud", pkgbuild("loud", build="yes 'a line' | head -c 120000"))
    job = hive.installs("loud")
    wait_for_jobs(hive, (int(job.id),))


def test_newest_job_stays_however_large_its_log_is(hive):
    hive.configure("History", MaxTotalSize="64K", MaxAge=1)
    hive.old_job(1, log_of(200_000), created_at=1, finished_at=1)
    hive.old_job(2, log_of(200_000), created_at=1, finished_at=1)
    hive.start()
    wait_for_jobs(hive, (2,))
    assert hive.call("GetJob", "2")


def test_active_jobs_never_go(hive):
    hive.configure("History", MaxJobs=1)
    hive.configure("Jobs", MaxParallel=2)
    hive.catalog.add("long", pkgbuild("long", build="echo started\nsleep 86397"))
    active = hive.install("long")
    active.wait_for_line("started")
    for number in range(3):
        hive.install(f"no-such-worker-{number}").wait()
    wait_for_jobs(hive, (1, 4))
    assert active.state == "running"
    active.cancel()
    assert active.wait().result == "cancelled"
    wait_for_jobs(hive, (4,))
    hive.nothing_left()


def test_log_that_is_open_is_read_to_its_end_although_its_job_went(hive):
    hive.configure("History", MaxJobs=1)
    hive.catalog.add("some", pkgbuild("some", build="seq 1000"))
    job = hive.installs("some")
    descriptor = job.open_log()
    try:
        hive.refuses("no-such-worker", "WorkerNotFound")
        wait_for_jobs(hive, (2,))
        assert os.fstat(descriptor).st_nlink == 0
        records = read_records(os.pread(descriptor, 1 << 20, 0))
        assert records[-1].text == "done" and [record.text for record in records if record.stream == "out"] == [
            str(number) for number in range(1, 1001)
        ]
    finally:
        os.close(descriptor)


def test_job_that_was_brought_back_leaves_the_bus_when_it_goes(hive):
    hive.configure("History", MaxJobs=210)
    for number in range(1, 211):
        hive.old_job(number)
    hive.start()
    path = hive.call("GetJob", "1")
    assert path in hive.managed_objects()
    hive.install("no-such-worker").wait()
    wait_until(lambda: ("1", path) in [signal.arguments for signal in hive.signals if signal.member == "JobRemoved"], what="JobRemoved")
    assert path not in hive.managed_objects()
    assert "MaxJobs" in not_found(hive, 1)


def test_idempotency_key_of_a_job_that_went_starts_a_new_one(hive):
    hive.configure("History", MaxJobs=1)
    first = hive.install("no-such-worker", idempotency_key="abc")
    first.wait()
    hive.install("no-such-worker").wait()
    wait_for_jobs(hive, (2,))
    assert hive.install("no-such-worker", idempotency_key="abc").id == "3"


def test_what_can_not_be_removed_is_said_once_and_keeps_no_other(hive):
    """A folder inside a job's is nobody's business here; a link to elsewhere is not followed."""
    elsewhere = hive.directory / "elsewhere"
    elsewhere.mkdir()
    hive.configure("History", MaxJobs=1)
    for number in range(1, 6):
        hive.old_job(number)
    for number in (1, 3):
        (hive.state / "jobs" / str(number) / "folder").mkdir()
    (elsewhere / "log").write_text("precious")
    (hive.state / "jobs" / "2" / "log").unlink()
    (hive.state / "jobs" / "2" / "job.json").rename(elsewhere / "job.json")
    (hive.state / "jobs" / "2").rmdir()
    (hive.state / "jobs" / "2").symlink_to(elsewhere)
    hive.start()
    wait_for_jobs(hive, (1, 2, 3, 5))
    assert [job["id"] for job in hive.list_jobs(all=True)] == ["5"]
    assert (elsewhere / "log").read_text() == "precious" and (elsewhere / "job.json").exists()
    wait_until(lambda: "3 old jobs could not be removed" in hive.daemon_log(), what="the count")
    assert len(re.findall("Cannot remove the old job", hive.daemon_log())) == 1
    assert f"Cannot remove the old job {hive.state}/jobs/1" in hive.daemon_log()


def test_damaged_job_goes_like_any_other(hive):
    hive.configure("History", MaxJobs=2)
    for number in range(1, 5):
        hive.old_job(number)
    (hive.state / "jobs" / "1" / "job.json").write_text("{rubbish")
    (hive.state / "jobs" / "4" / "job.json").unlink()
    hive.start()
    wait_for_jobs(hive, (3, 4))
    with pytest.raises(HiveError) as caught:
        hive.call("GetJob", "4")
    assert caught.value.name == "Failed" and "jobs/4/job.json" in caught.value.message


def passed_over(hive):
    return [line for line in hive.daemon_log().splitlines() if "A job is passed over" in line]


def test_start_reads_no_record_of_a_job_that_ended_long_ago(hive):
    for number in range(1, 231):
        hive.old_job(number, finished_at=int(time.time() * 1e6) - DAY)
    hive.start()
    listed = hive.list_jobs(all=True)
    assert len(listed) == 230
    hive.stop()
    for number in (1, 30):
        (hive.state / f"jobs/{number}/job.json").write_text("{rubbish")
    hive.start()
    assert [job["id"] for job in hive.list_jobs(all=True)] == [job["id"] for job in listed if job["id"] not in ("1", "30")]
    assert not passed_over(hive)
    hive.stop()
    (hive.state / "old-jobs").write_text("1 2 3\n")  # it is damaged, and all records are read
    hive.start()
    assert len(passed_over(hive)) == 2


def test_job_that_has_just_ended_is_read_from_its_record(hive):
    """Which a power cut may yet take back: it would be there again as one that is not over."""
    for number in range(1, 231):
        hive.old_job(number)
    hive.start()
    hive.stop()
    (hive.state / "jobs/1/job.json").write_text("{rubbish")
    hive.start()
    assert len(passed_over(hive)) == 1


def test_folder_of_an_old_job_that_somebody_removed_is_no_job(hive):
    for number in range(1, 231):
        hive.old_job(number, finished_at=int(time.time() * 1e6) - DAY)
    hive.start()
    hive.stop()
    shutil.rmtree(hive.state / "jobs/7")
    for _ in range(2):
        hive.start()
        assert "7" not in [job["id"] for job in hive.list_jobs(all=True)]
        not_found(hive, 7)
        hive.stop()


def test_long_history_is_shortened_after_the_hive_is_ready(hive):
    for number in range(1, 1301):
        hive.old_job(number)
    hive.start()
    assert hive.call("GetJob", "1300")
    wait_until(lambda: len(os.listdir(hive.state / "jobs")) == 1000, what="the oldest to go")
    assert hive.jobs_on_disk()[0] == 301


def test_list_of_all_jobs_comes_in_pieces(hive):
    for number in range(1, 1001):
        hive.old_job(number, worker_id="odd" if number % 2 else "even")
    hive.start()

    def ids(**options):
        return [int(job["id"]) for job in hive.list_jobs(**options)]

    assert ids(all=True) == list(range(501, 1001))
    assert ids(all=True, before="501") == list(range(1, 501))
    assert ids(all=True, before="1") == []
    assert ids(all=True, max=10_000) == list(range(501, 1001))
    assert ids(all=True, max=3, before="100") == [97, 98, 99]
    assert ids(all=True, worker="odd", max=3, before="7") == [1, 3, 5]
    assert ids(all=True, worker="odd") == list(range(1, 1001, 2))
    assert ids(max=2) == [999, 1000]
    assert ids(before="803", worker="even") == [802]
    assert ids(before="99999999") == list(range(801, 1001))


@pytest.mark.parametrize("before", ["", "x", "0", "007", "-1", "9" * 30])
def test_before_that_is_no_job_is_refused_by_name(hive, before):
    hive.start()
    with pytest.raises(HiveError) as caught:
        hive.list_jobs(before=before)
    assert caught.value.name == "InvalidArgument" and "before" in caught.value.message


def test_max_of_another_type_is_refused_by_name(hive):
    hive.start()
    with pytest.raises(HiveError) as caught:
        hive.list_jobs(max="3")
    assert caught.value.name == "InvalidArgument" and "max" in caught.value.message


def test_answer_of_many_long_errors_stays_small(hive):
    for number in range(1, 101):
        hive.old_job(number, state="failed", error_name="Failed", error_message="x" * 60_000)
    hive.start()
    listed = hive.list_jobs(all=True)
    assert 1 <= len(listed) < 25 and listed[-1]["id"] == "100"
    before = listed[0]["id"]
    assert hive.list_jobs(all=True, before=before)[-1]["id"] == str(int(before) - 1)


def proc_io(pid):
    return int(re.search(r"^rchar: (\d+)", pathlib.Path(f"/proc/{pid}/io").read_text(), re.MULTILINE)[1])


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@pytest.mark.plain
def test_start_in_the_middle_of_200_jobs_of_10_mb_reads_no_log_whole(hive):
    """Each log has real records and is a link to one file: 2 GB to whoever reads them, 10 MB on this disk. The newest is of a job
    that was running when the daemon went away."""
    whole = hive.directory / "log"
    whole.write_bytes(log_of(10_000_000))
    for number in range(1, 201):
        hive.old_job(number, whole)
    log = log_of(10_000_000).removesuffix(END.encode())
    lost = hive.old_job(201, log, state="running", phase="build", finished_at=0)
    hive.start()
    assert [job["log_size"] for job in hive.list_jobs(all=True)[:200]] == [whole.stat().st_size] * 200
    wait_until(lambda: lost.state == "failed", what="the lost job's end")
    assert lost.records()[-1].text == "failed" and lost.log_path.stat().st_size < len(log) + 1000
    assert proc_io(hive.process.pid) < 4 << 20
    assert cpu_seconds(hive.process.pid) < 1
    assert hive.memory() < 32 * 1024
