# SPDX-License-Identifier: LGPL-2.1-or-later
"""The filter of a sandbox, and that of the unit around it."""

from asking import ALLOWED, OTHER_NUMBERS, REFUSED, answers, asking
from catalog import pkgbuild


def test_steps_of_a_job_in_its_unit_are_refused_the_same(hive):
    hive.catalog.add("asking", asking("asking"))
    for of_function in answers(hive.installs("asking").lines()):
        assert {name: of_function[name] for name in REFUSED} == REFUSED
        assert {name: of_function[name] for name in ALLOWED} == dict.fromkeys(ALLOWED, "done")
        assert all(of_function[name] in ("ENOSYS", "SIGSYS") for name in OTHER_NUMBERS), of_function


def test_no_unit_of_the_hive_may_call_io_uring_or_the_keyrings(hive, machine):
    hive.catalog.add("some", pkgbuild("some", build="sleep 1000"))
    job = hive.install("some")
    job.wait_for_state("running")
    job_unit, services = f"rbee-job-{job.id}.service", ("rbee-hived", "rbee-hive-bridge", "rbee-hive-devices", "rbee-hive-nvidia")
    for unit in (job_unit, *(f"{service}.service" for service in services)):
        calls = machine.show(unit, "SystemCallFilter")["SystemCallFilter"].split()
        assert "read" in calls and not {"io_uring_setup", "io_uring_enter", "io_uring_register", "keyctl", "add_key", "request_key"} & set(calls), (
            unit
        )
    job.call("Cancel")
    job.wait()
