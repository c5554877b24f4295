# SPDX-License-Identifier: LGPL-2.1-or-later
"""Newer versions: which there are, how one gets to them, and how one gets back."""

import pytest

from catalog import install_script, pkgbuild
from client import PATH, WORKER, HiveError
from job import Job
from waiting import wait_until


def recipe(name, version, text="echo I work", **arrays):
    return pkgbuild(name, version=version, package=install_script(name, text), **arrays)


def publish(hive, name, version, **changes):
    hive.catalog.add(name, recipe(name, version, f"echo {version}"), version=version, **changes)


def upgrade(hive, worker):
    return Job(hive, hive.call("UpgradeWorker", worker))


def upgrades(hive, worker):
    job = upgrade(hive, worker)
    assert job.wait() == ("done", "", ""), job.log_text()
    return job


def roll_back(hive, worker):
    return Job(hive, hive.call("RollbackWorker", worker))


def rolls_back(hive, worker):
    job = roll_back(hive, worker)
    assert job.wait() == ("done", "", ""), job.log_text()
    return job


def kept(hive, worker):
    folder = hive.state / "kept" / worker
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def runs(hive, worker):
    return hive.run(hive.installed(f"/usr/local/bin/{worker}")).stdout.strip()


def updates(hive):
    return {update["id"]: (update["version"], update["available"], update["error"]) for update in hive.call("CheckUpdates")}


# going back


def test_rollback_puts_back_the_version_before_as_it_was(hive):
    publish(hive, "some", "1.0")
    first = hive.installs("some")
    before, record = hive.root_entries(), hive.record("some")
    publish(hive, "some", "2.0")
    hive.installs("some")
    assert (runs(hive, "some"), hive.workers()["some"]["rollback_version"]) == ("2.0", "1.0-1")
    assert kept(hive, "some") == [first.id]
    job = rolls_back(hive, "some")
    assert job.lines() == [
        "⏪ Going back from 2.0-1 to 1.0-1...",
        f"✓ Binary installed: {hive.installed('/usr/local/bin/some')}",
        "📝 Updating capabilities cache...",
        "✓ Capabilities updated",
        "✅ Worker rollback complete!",
        "[DONE]",
    ]
    assert (runs(hive, "some"), hive.root_entries()) == ("1.0", before)
    changed = ("job", "installed_at", "installed_by")
    assert {key: value for key, value in hive.record("some").items() if key not in changed} == {
        key: value for key, value in record.items() if key not in changed
    }
    assert hive.record("some")["job"] == job.id
    assert (job.get("Operation"), job.get("Phase")) == ("worker_rollback", "cleanup")
    assert ("WorkerInstalled", ("some", "1.0-1")) in [(signal.member, signal.arguments) for signal in hive.signals]
    hive.nothing_left()


def test_what_was_rolled_back_from_is_not_kept(hive):
    for version in ("1.0", "2.0"):
        publish(hive, "some", version)
        hive.installs("some")
    rolls_back(hive, "some")
    assert (kept(hive, "some"), hive.workers()["some"]["rollback_version"]) == ([], "")
    with pytest.raises(HiveError, match="No version of some before .*KeepVersions=") as error:
        roll_back(hive, "some")
    assert error.value.name == "NotInstalled"


@pytest.mark.parametrize("worker, error", [("other", "NotInstalled"), ("No such", "InvalidArgument")])
def test_rollback_of_what_is_not_installed_is_refused(hive, worker, error):
    with pytest.raises(HiveError) as caught:
        roll_back(hive, worker)
    assert caught.value.name == error


def test_rollback_goes_back_as_far_as_versions_are_kept(make_hive):
    hive = make_hive()
    hive.configure("Hive", KeepVersions=2)
    for version in ("1.0", "2.0", "3.0", "4.0"):
        publish(hive, "some", version)
        hive.installs("some")
    assert len(kept(hive, "some")) == 2
    found = []
    while hive.workers()["some"]["rollback_version"]:
        rolls_back(hive, "some")
        found.append(runs(hive, "some"))
    assert found == ["3.0", "2.0"]


def test_nothing_is_kept_with_keepversions_0(make_hive):
    hive = make_hive()
    hive.configure("Hive", KeepVersions=0)
    for version in ("1.0", "2.0"):
        publish(hive, "some", version)
        hive.installs("some")
    assert kept(hive, "some") == []


def test_the_same_version_built_again_does_not_push_out_the_one_before(hive):
    for version in ("1.0", "2.0"):
        publish(hive, "some", version)
        hive.installs("some")
    hive.installs("some", reinstall=True)
    assert hive.workers()["some"]["rollback_version"] == "1.0-1"


def test_a_version_whose_files_were_changed_is_not_kept_and_the_log_says_so(hive):
    publish(hive, "some", "1.0")
    hive.installs("some")
    hive.installed("/usr/local/bin/some").write_text("mine now\n")
    publish(hive, "some", "2.0")
    job = hive.installs("some")
    assert "⚠ Version 1.0-1 is not kept to go back to: /usr/local/bin/some was changed since it was installed" in job.lines()
    assert (kept(hive, "some"), runs(hive, "some")) == ([], "2.0")


def test_removal_takes_what_was_kept(hive):
    for version in ("1.0", "2.0"):
        publish(hive, "some", version)
        hive.installs("some")
    hive.removes("some")
    assert not (hive.state / "kept" / "some").exists()
    hive.nothing_left()


def test_rollback_that_meets_somebodys_file_changes_nothing(hive):
    hive.catalog.add("some", pkgbuild("some", package=install_script("some") + '\ninstall -D /dev/null "$pkgdir/usr/local/share/some"'))
    hive.installs("some")
    publish(hive, "some", "2.0")
    hive.installs("some")
    hive.foreign_file("/usr/local/share/some")
    job = hive.fails(roll_back(hive, "some"), "FileConflict", "/usr/local/share/some", "belongs to no worker")
    assert "❌ Files are in the way" in job.lines()
    assert runs(hive, "some") == "2.0"
    assert hive.workers()["some"]["rollback_version"] == "1.0-1"


def test_a_worker_that_is_being_installed_is_busy(hive):
    publish(hive, "some", "1.0")
    hive.installs("some")
    hive.catalog.add("some", pkgbuild("some", version="2.0", build="sleep 86391"), version="2.0")
    job = hive.install("some")
    job.wait_for_state("running")
    for ask in (upgrade, roll_back):
        with pytest.raises(HiveError, match=f"has job {job.id}") as error:
            ask(hive, "some")
        assert error.value.name == "Busy"
    job.cancel()
    job.wait()


# going on


def test_upgrade_installs_what_is_newer(hive):
    publish(hive, "some", "1.9")
    hive.installs("some")
    publish(hive, "some", "1.10")
    job = upgrades(hive, "some")
    assert (job.get("Operation"), runs(hive, "some"), hive.workers()["some"]["version"]) == ("worker_install", "1.10", "1.10-1")


@pytest.mark.parametrize("version", ["1.0", "0.9"])
def test_upgrade_builds_nothing_where_nothing_is_newer(hive, version):
    publish(hive, "some", "1.0")
    hive.installs("some")
    hive.catalog.add("some", recipe("some", version, "echo other"), version=version)
    job = upgrades(hive, "some")
    assert f"✓ Up to date: some 1.0-1 (its catalog has {version}-1)" in job.lines()
    assert runs(hive, "some") == "1.0"
    hive.nothing_left()


def test_upgrade_of_a_recipe_that_computes_its_version_builds_when_that_is_newer(hive):
    def computed(version):
        hive.catalog.add(
            "some", pkgbuild("some", version="0", package=install_script("some", f"echo {version}"), extra=f"pkgver() {{ echo {version}; }}")
        )

    computed("5.1")
    hive.installs("some")
    job = upgrades(hive, "some")
    assert "✓ Up to date: some 5.1-1 (its catalog has 5.1-1)" in job.lines()
    assert not any(record.phase == "build" for record in job.records())
    computed("5.2")
    upgrades(hive, "some")
    assert runs(hive, "some") == "5.2"


def test_upgrade_keeps_to_the_variant_that_was_installed(hive):
    publish(hive, "some", "1.0")
    hive.installs("some", backend="cpu")
    publish(hive, "some", "2.0", worker_type="cuda")
    job = upgrade(hive, "some")
    end = job.wait()
    assert (end.result, end.error) == ("failed", "InvalidArgument")
    assert "cpu" in end.message
    assert runs(hive, "some") == "1.0"


def test_upgrade_of_what_is_not_installed_is_refused(hive):
    hive.catalog.add("some")
    with pytest.raises(HiveError, match="some.* is not installed") as error:
        upgrade(hive, "some")
    assert error.value.name == "NotInstalled"


def test_a_failed_upgrade_leaves_the_old_version(hive):
    publish(hive, "some", "1.0")
    hive.installs("some")
    hive.catalog.add("some", pkgbuild("some", version="2.0", build="false"), version="2.0")
    hive.fails(upgrade(hive, "some"), "BuildFailed")
    assert (runs(hive, "some"), kept(hive, "some")) == ("1.0", [])


# asking


def test_updates_name_what_is_outdated_and_nothing_else(hive):
    for name in ("same", "older", "newer", "release", "epoch"):
        publish(hive, name, "1.9")
        hive.installs(name)
    publish(hive, "older", "1.8")
    publish(hive, "newer", "1.10")
    hive.catalog.add("release", recipe("release", "1.9").replace("pkgrel=1", "pkgrel=2"))
    hive.catalog.add("epoch", recipe("epoch", "1.0", extra="epoch=1"))
    assert updates(hive) == {"newer": ("1.9-1", "1.10-1", ""), "release": ("1.9-1", "1.9-2", ""), "epoch": ("1.9-1", "1:1.0-1", "")}
    assert hive.workers()["newer"]["update_version"] == "1.10-1"
    upgrades(hive, "newer")
    assert hive.workers()["newer"]["update_version"] == ""


def test_an_update_is_announced_once(hive):
    publish(hive, "some", "1.0")
    hive.installs("some")
    publish(hive, "some", "2.0")
    for _ in range(2):
        updates(hive)
    hive.installs("some")
    wait_until(lambda: any(signal.member == "WorkerInstalled" and signal.arguments == ("some", "2.0-1") for signal in hive.signals))
    assert [signal.arguments for signal in hive.signals if signal.member == "UpdateAvailable"] == [("some", "2.0-1")]


def test_what_can_not_be_looked_up_is_named_and_hides_nothing(hive):
    for name in ("broken", "gone", "newer"):
        publish(hive, name, "1.0")
        hive.installs(name)
    publish(hive, "newer", "2.0")
    hive.catalog.add("broken", "pkgname=(")
    for path in sorted(hive.catalog.folder("gone").iterdir()):
        path.unlink()
    hive.catalog.folder("gone").rmdir()
    found = updates(hive)
    assert found["newer"] == ("1.0-1", "2.0-1", "")
    assert found["broken"][:2] == found["gone"][:2] == ("1.0-1", "")
    assert "not valid bash" in found["broken"][2] and "gone" in found["gone"][2]


def test_nothing_installed_nothing_outdated(hive):
    assert updates(hive) == {}


# hivectl


def test_hivectl_outdated_upgrade_and_rollback(hive):
    for name in ("one", "two"):
        publish(hive, name, "1.0")
        hive.installs(name)
    publish(hive, "two", "2.0")
    assert [line.split() for line in hive.hivectl("outdated").stdout.splitlines()] == [["ID", "VERSION", "AVAILABLE"], ["two", "1.0-1", "2.0-1"]]
    assert "✅ Worker installation complete!" in hive.hivectl("upgrade", "--all").stdout
    assert (runs(hive, "one"), runs(hive, "two")) == ("1.0", "2.0")
    assert "✅ Worker rollback complete!" in hive.hivectl("rollback", "two").stdout
    assert runs(hive, "two") == "1.0"
    assert "No version of two before" in hive.hivectl("rollback", "two", status=3).stderr
    assert "rollback" in hive.hivectl("jobs").stdout


def test_hivectl_says_so_where_nothing_is_outdated(hive):
    publish(hive, "some", "1.0")
    hive.installs("some")
    assert hive.hivectl("outdated").stdout == "Every worker is up to date.\n"
    assert hive.hivectl("upgrade", "--all").stdout == "Every worker is up to date.\n"
    assert hive.hivectl("outdated", "--plain").stdout == ""


def test_hivectl_upgrade_wants_workers_or_all(hive):
    for arguments in ([], ["--all", "some"]):
        assert "Name workers, or give --all" in hive.hivectl("upgrade", *arguments, status=2).stderr


def test_hivectl_outdated_reports_what_it_can_not_know(hive):
    publish(hive, "some", "1.0")
    hive.installs("some")
    hive.catalog.add("some", "pkgname=(")
    done = hive.hivectl("outdated", status=1)
    assert "some: " in done.stderr and "not valid bash" in done.stderr


def test_hivectl_upgrade_all_goes_on_past_what_it_can_not_know_and_says_so(hive):
    for name in ("broken", "newer"):
        publish(hive, name, "1.0")
        hive.installs(name)
    hive.catalog.add("broken", "pkgname=(")
    publish(hive, "newer", "2.0")
    done = hive.hivectl("upgrade", "--all", status=1)
    assert "broken: " in done.stderr and "not valid bash" in done.stderr and runs(hive, "newer") == "2.0"


def test_hivectl_upgrade_all_does_not_call_up_to_date_what_it_can_not_know(hive):
    publish(hive, "broken", "1.0")
    hive.installs("broken")
    hive.catalog.add("broken", "pkgname=(")
    done = hive.hivectl("upgrade", "--all", status=1)
    assert done.stdout == "" and "broken: " in done.stderr


# on the worker's own object


def of_object(hive, name="some"):
    """The properties of the worker's object, as keys of ListWorkers without their _, which has no empty run."""
    properties = hive.get_all(f"{PATH}/worker/{name}", WORKER)
    return {key.lower(): value for key, value in properties.items() if key != "Build" and (key != "Run" or value)}


def of_list(hive, name="some"):
    return {key.replace("_", ""): value for key, value in hive.workers()[name].items()}


def told(hive, name="some"):
    """What the object's last PropertiesChanged said."""
    return next(
        signal.arguments[1] for signal in reversed(hive.signals) if signal.path == f"{PATH}/worker/{name}" and signal.member == "PropertiesChanged"
    )


def test_object_of_a_worker_says_all_that_the_list_says(hive):
    publish(hive, "some", "1.0")
    hive.installs("some")
    publish(hive, "some", "2.0")
    upgrades(hive, "some")
    publish(hive, "some", "3.0")
    updates(hive)
    assert of_object(hive) == of_list(hive)
    assert (of_object(hive)["rollbackversion"], of_object(hive)["updateversion"]) == ("1.0-1", "3.0-1")


def test_object_of_a_worker_upgrades_it_and_rolls_it_back_and_tells(hive):
    publish(hive, "some", "1.0")
    hive.installs("some")
    publish(hive, "some", "2.0")
    updates(hive)
    wait_until(lambda: told(hive) == {"UpdateVersion": "2.0-1"}, what="the newer version to be told")
    job = Job(hive, hive.call("Upgrade", path=f"{PATH}/worker/some", interface=WORKER))
    assert (job.wait(), job.get("Operation"), runs(hive, "some")) == (("done", "", ""), "worker_install", "2.0")
    now = told(hive)
    assert (now["Version"], now["RollbackVersion"], now["UpdateVersion"]) == ("2.0-1", "1.0-1", "")
    job = Job(hive, hive.call("Rollback", path=f"{PATH}/worker/some", interface=WORKER))
    assert (job.wait(), job.get("Operation"), runs(hive, "some")) == (("done", "", ""), "worker_rollback", "1.0")
    now = told(hive)
    assert (now["Version"], now["RollbackVersion"], now["UpdateVersion"]) == ("1.0-1", "", "2.0-1")


def test_object_of_a_worker_refuses_as_the_hive_does(hive):
    publish(hive, "some", "1.0")
    hive.installs("some")
    with pytest.raises(HiveError) as one:
        hive.call("Rollback", path=f"{PATH}/worker/some", interface=WORKER)
    with pytest.raises(HiveError) as other:
        roll_back(hive, "some")
    assert (one.value.name, one.value.message) == (other.value.name, other.value.message)
    assert one.value.name == "NotInstalled"


def test_update_that_was_withdrawn_is_none_any_more(hive):
    publish(hive, "some", "1.0")
    hive.installs("some")
    publish(hive, "some", "2.0")
    assert updates(hive)["some"][1] == "2.0-1"
    publish(hive, "some", "1.0")
    wait_until(lambda: updates(hive) == {}, what="the hive to look again")
    assert hive.workers()["some"]["update_version"] == ""
    wait_until(lambda: told(hive) == {"UpdateVersion": ""}, what="that to be told")
