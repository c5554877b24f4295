# SPDX-License-Identifier: LGPL-2.1-or-later
"""The Ansible collection rbee.hive: each task a first time, a second, with --check and with --diff, by a real ansible-playbook."""

import json
import os

import pytest

import pypi
from build import SOURCE
from catalog import HttpCatalog, pkgbuild
from test_catalogs import camel

ANSIBLE = "/usr/bin"


@pytest.fixture
def newest():
    """The folder that the newest ansible-playbook lies in."""
    return str(pypi.environment("ansible-core") / "bin")


@pytest.fixture
def choices(hive, http_catalog):
    """Two catalogs that have a worker of two backends, each of which can be had and can be built."""
    corp = HttpCatalog()
    hive.configuration["Catalog corp"] = {"URL": corp.url, "Priority": 100}
    for catalog in (http_catalog, corp):
        whole = camel("both", "cpu", "cuda")
        catalog.answers["/workers/both"] = catalog.json(whole)
        catalog.answers["/workers"] = catalog.json({"workers": [whole]})
        for backend in ("cpu", "cuda"):
            for kind in ("bin", "git"):
                catalog.answers[f"/both-{backend}-{kind}"] = (200, "text/plain", pkgbuild("both").encode())
    yield
    corp.close()


@pytest.fixture
def play(hive, tmp_path):
    """Runs tasks on this machine: what each task's module gave, failures too."""
    if not os.path.exists(f"{ANSIBLE}/ansible-playbook"):
        pytest.skip(f"there is no ansible-playbook in {ANSIBLE}")
    collections = tmp_path / "collections/ansible_collections/rbee"
    collections.mkdir(parents=True)
    (collections / "hive").symlink_to(SOURCE / "data/ansible")
    hive.start()

    def run(*tasks, check=False, ansible=ANSIBLE):
        names = [f"result{i}" for i in range(len(tasks))]
        told = {
            "check_mode": False,
            "diff": False,
            "ansible.builtin.copy": {"content": "{{ [" + ", ".join(names) + "] | to_json }}", "dest": str(tmp_path / "told.json"), "mode": "0644"},
        }
        registered = [{**task, "register": name, "ignore_errors": True} for task, name in zip(tasks, names)]
        (tmp_path / "play.json").write_text(json.dumps([{"hosts": "localhost", "gather_facts": False, "tasks": [*registered, told]}]))
        environment = {
            "PATH": f"{hive.build.bin}:{ansible}:{os.environ['PATH']}",
            "ANSIBLE_COLLECTIONS_PATH": str(tmp_path / "collections"),
            "ANSIBLE_LOCAL_TEMP": str(tmp_path / "local"),
            "ANSIBLE_REMOTE_TEMP": str(tmp_path / "remote"),
            "ANSIBLE_HOME": str(tmp_path / "home"),
            "ANSIBLE_PYTHON_INTERPRETER": "/usr/bin/python3",
            "LC_ALL": "C.UTF-8",
        }
        hive.run(
            f"{ansible}/ansible-playbook",
            "-i",
            "localhost,",
            "-c",
            "local",
            "--diff",
            *(["--check"] if check else []),
            tmp_path / "play.json",
            env=environment,
        )
        return json.loads((tmp_path / "told.json").read_text())

    return run


def installed(hive):
    return [record["id"] for record in json.loads(hive.hivectl("list", "--json").stdout)]


def jobs(hive):
    return len(json.loads(hive.hivectl("jobs", "--all", "--json").stdout))


def worker(name="some", **options):
    return {"name": "worker", "rbee.hive.worker": {"name": name, **options}}


def test_worker_is_installed_once_and_the_second_time_nothing_is_done(hive, play):
    hive.catalog.add("some", pkgbuild("some"))
    first, second = play(worker(), worker())
    assert first["changed"] and first["worker"]["version"] == "1.0-1" and first["job"] == "1"
    assert first["diff"] == {
        "before": {},
        "after": {"version": "1.0-1", "backend": "cpu", "source": "git", "catalog_name": "default", "cpu": "native"},
    }
    assert not second["changed"] and second["worker"] == first["worker"]
    assert jobs(hive) == 1


def test_newest_ansible_does_the_same(hive, play, newest):
    hive.catalog.add("some", pkgbuild("some"))
    hive.catalog.add("bad", pkgbuild("bad", build="false"))
    (would,) = play(worker(), ansible=newest, check=True)
    assert would["changed"] and would["diff"]["before"] == {} and would["diff"]["after"]["version"] == "1.0" and installed(hive) == []
    tasks = (worker(), worker(), worker("bad"), worker(state="absent"), worker(state="absent"))
    told = play(*tasks, ansible=newest)
    assert [result["changed"] for result in told] == [True, False, False, True, False]
    assert told[2]["error"] == "BuildFailed"
    (info,) = play({"name": "info", "rbee.hive.worker_info": {"catalog": True}}, ansible=newest)
    assert not info["changed"] and info["workers"] == [] and {record["id"] for record in info["catalog"]} == {"some", "bad"}


@pytest.mark.parametrize(
    "option, key, old, new",
    [("backend", "backend", "cuda", "cpu"), ("source", "source", "binary", "git"), ("catalog", "catalog_name", "default", "corp")],
)
def test_another_backend_source_or_catalog_installs_it_again(hive, choices, play, option, key, old, new):
    hive.hivectl("install", "default/both", "--backend", "cuda", "--source", "binary")
    backend = {} if option == "backend" else {"backend": "cpu"}
    if backend:
        hive.hivectl("install", "default/both", "--backend", "cpu", "--source", "binary", "--reinstall")
    wanted = worker("both", **{**backend, option: new})
    same, (would,) = play(worker("both", **{option: old})), play(wanted, check=True)
    assert not same[0]["changed"]
    assert would["changed"] and (would["diff"]["before"][key], would["diff"]["after"][key]) == (old, new)
    other, again = play(wanted, wanted)
    assert other["changed"] and other["worker"][key] == new and (other["diff"]["before"][key], other["diff"]["after"][key]) == (old, new)
    assert not again["changed"]


def test_check_mode_tells_what_would_be_and_does_nothing(hive, play):
    hive.catalog.add("some", pkgbuild("some"))
    install, remove = play(worker(), worker(state="absent"), check=True)
    assert install["changed"] and install["worker"] is None
    assert install["diff"] == {"before": {}, "after": {"version": "1.0", "backend": "cpu", "source": "git", "catalog_name": "default", "cpu": ""}}
    assert not remove["changed"]
    assert installed(hive) == []
    hive.hivectl("install", "some")
    install, remove = play(worker(), worker(state="absent"), check=True)
    assert not install["changed"]
    assert remove["changed"] and remove["diff"]["after"] == {} and installed(hive) == ["some"]


def test_worker_is_removed_once(hive, play):
    hive.catalog.add("some", pkgbuild("some"))
    hive.hivectl("install", "some")
    first, second = play(worker(state="absent"), worker(state="absent"))
    assert first["changed"] and first["worker"] is None and first["diff"]["before"]["version"] == "1.0-1"
    assert not second["changed"]


def test_present_leaves_an_old_version_and_latest_brings_the_new_one(hive, play):
    hive.catalog.add("some", pkgbuild("some"))
    hive.hivectl("install", "some")
    hive.catalog.add("some", pkgbuild("some", version="2.0"), version="2.0")
    present, latest, again = play(worker(), worker(state="latest"), worker(state="latest"))
    assert not present["changed"]
    assert latest["changed"] and latest["diff"]["before"]["version"] == "1.0-1" and latest["diff"]["after"]["version"] == "2.0-1"
    assert not again["changed"]


def test_recipe_that_cannot_be_read_fails_the_task_that_wants_the_newest(hive, play):
    hive.catalog.add("some", pkgbuild("some"))
    hive.hivectl("install", "some")
    hive.catalog.add("some", pkgbuild("some", extra="return 1"))
    present, latest = play(worker(), worker(state="latest"))
    assert not present["changed"] and not present["failed"]
    assert latest["failed"] and latest["msg"].startswith("some: ")


def test_other_processors_build_it_again(hive, play):
    hive.catalog.add("some", pkgbuild("some"))
    first, other, again = play(worker(), worker(cpu="baseline"), worker(cpu="baseline"))
    assert first["worker"]["cpu"] == "native"
    assert other["changed"] and other["worker"]["cpu"] == "baseline" and not again["changed"]


def test_version_that_the_catalog_has_not_fails_before_anything_is_built(hive, play):
    hive.catalog.add("some", pkgbuild("some"))
    wrong, right, again = play(worker(version="3.0"), worker(version="1.0"), worker(version="1.0-1"))
    assert wrong["failed"] and wrong["msg"] == "The catalog default has version 1.0 of some, and 3.0 is asked for"
    assert right["changed"] and not again["changed"]
    assert jobs(hive) == 1


def test_job_that_fails_is_the_tasks_failure_with_its_name_and_last_lines(hive, play):
    hive.catalog.add("bad", pkgbuild("bad", build="seq 100; echo wrong; false"))
    (failed,) = play(worker("bad"))
    assert failed["failed"] and failed["error"] == "BuildFailed" and failed["msg"].startswith("BuildFailed: ") and failed["job"] == "1"
    assert "wrong" in failed["log"] and len(failed["log"]) == 20
    assert installed(hive) == []


def test_worker_that_the_catalog_has_not_is_named(hive, play):
    hive.catalog.add("some", pkgbuild("some"))
    (failed,) = play(worker("other"))
    assert failed["failed"] and "other" in failed["msg"] and "hivectl catalog" in failed["msg"]


def test_machine_without_a_hive_is_told_as_that(hive, play):
    (failed,) = play({**worker("some"), "environment": {"DBUS_SYSTEM_BUS_ADDRESS": "unix:path=/nowhere"}})
    assert failed["failed"] and failed["rc"] == 5 and "No hive answers" in failed["msg"]


def test_info_tells_workers_catalog_status_and_devices(hive, play):
    hive.catalog.add("some", pkgbuild("some"))
    hive.hivectl("install", "some")
    (info,) = play({"name": "info", "rbee.hive.worker_info": {"catalog": True}})
    assert not info["changed"]
    assert [record["id"] for record in info["workers"]] == ["some"] == [record["id"] for record in info["catalog"]]
    assert info["status"]["sandbox"] is True and info["capabilities"]["devices"]


def test_fact_is_json_with_a_hive_and_without(hive):
    fact = SOURCE / "data/ansible/roles/hive/files/rbee_hive.fact"
    environment = {"PATH": f"{hive.build.bin}:{os.environ['PATH']}"}
    assert json.loads(hive.run(fact, env={**environment, "DBUS_SYSTEM_BUS_ADDRESS": "unix:path=/nowhere"}).stdout) == {}
    hive.start()
    assert set(json.loads(hive.run(fact, env=environment).stdout)) == {"status", "workers", "capabilities"}
