# SPDX-License-Identifier: LGPL-2.1-or-later
"""hivectl status: what the hive is, and what to do where no sandbox can be made."""

import json
import os

import pytest


def test_status(hive):
    hive.catalog.add("some")
    hive.installs("some")
    text = hive.hivectl("status").stdout
    for part in ("rbee-hived", hive.catalog.url, "linux", "0 running, 0 queued", "1 installed", "works"):
        assert part in text
    status = json.loads(hive.hivectl("status", "--json").stdout)
    assert status["catalog_url"] == hive.catalog.url and status["workers"] == 1 and status["sandbox"] is True
    assert (status["running_jobs"], status["queued_jobs"], status["platform"]) == (0, 0, "linux")


@pytest.fixture
def denied(hive):
    """A bubblewrap that makes no sandbox."""
    folder = hive.directory / "denied"
    folder.mkdir()
    (folder / "bwrap").write_text("#!/bin/sh\necho 'bwrap: setting up uid map: Permission denied' >&2\nexit 1\n")
    (folder / "bwrap").chmod(0o755)
    hive.environment["PATH"] = f"{folder}:{os.environ['PATH']}"
    return folder / "bwrap"


def test_nothing_fits_where_no_sandbox_can_be_made_until_one_can(hive, denied):
    hive.catalog.add("some")
    assert "Nothing can be installed here" in hive.hivectl("catalog").stdout
    (worker,) = json.loads(hive.hivectl("catalog", "--json").stdout)
    assert worker["compatible"] is False and "uid map" in worker["incompatible_because"]
    assert json.loads(hive.hivectl("show", "some", "--json").stdout)["compatible"] is False
    denied.unlink()
    (worker,) = json.loads(hive.hivectl("catalog", "--json").stdout)
    assert worker["compatible"] is True and worker["incompatible_because"] == ""


def test_status_names_a_filter_that_denies_openat2(hive, denied):
    """As systemd's RestrictSUIDSGID= has one, and bubblewrap 0.12 says it."""
    denied.write_text('#!/bin/sh\necho "bwrap: Can\'t open source /usr: Function not implemented" >&2\nexit 1\n')
    shown = hive.hivectl("status", status=1).stdout
    assert "openat2()" in shown and "RestrictSUIDSGID" in shown and "Can't open source /usr: Function not implemented" in shown


def test_status_where_no_sandbox_can_be_made(hive, denied):
    done = hive.hivectl("status", status=1)
    assert "does not work" in done.stdout and "What to do" in done.stdout
    status = json.loads(hive.hivectl("status", "--json", status=1).stdout)
    assert status["sandbox"] is False and status["sandbox_error"] and status["sandbox_hint"]
