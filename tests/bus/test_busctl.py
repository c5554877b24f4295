# SPDX-License-Identifier: LGPL-2.1-or-later
"""The command lines that come with every machine, as the README shows them."""

import json

from catalog import pkgbuild
from waiting import LEAST, wait_until

MANAGER = ("org.rbee.Hive", "/org/rbee/Hive", "org.rbee.Hive")


def test_busctl_call_installs_and_busctl_monitor_shows_it_all(hive, build):
    hive.configure("Catalog", URL=f"file://{build.catalog}")
    hive.start()
    with open(hive.directory / "monitor", "w") as output:
        hive.spawn("busctl", "--system", "monitor", "org.rbee.Hive", stdout=output, stderr=output)
    monitor = hive.directory / "monitor"
    wait_until(lambda: "Monitoring bus" in monitor.read_text(), what="busctl monitor")
    done = hive.run("busctl", "--system", "call", *MANAGER, "InstallWorker", "s", "hive-probe")
    assert done.stdout.startswith('o "/org/rbee/Hive/job/')
    wait_until(lambda: hive.workers(), LEAST * hive.patience, "hive-probe")
    wait_until(lambda: "Member=Finished" in monitor.read_text(), what=lambda: monitor.read_text()[-3000:])
    text = monitor.read_text()
    assert text.count("Member=LineEmitted") >= 20
    for word in ("✓ Worker: hive-probe v0.1.0", "✓ Build complete", "✅ Worker installation complete!"):
        # busctl shows what is not ASCII in its own way
        assert word in text or word.encode("ascii", "ignore").decode().strip() in text
    assert 'STRING "done"' in text


def test_gdbus_call_installs(hive):
    hive.catalog.add("some")
    hive.start()
    done = hive.run("gdbus", "call", "--system", "-d", "org.rbee.Hive", "-o", "/org/rbee/Hive", "-m", "org.rbee.Hive.InstallWorker", "some")
    assert done.stdout.startswith("(objectpath '/org/rbee/Hive/job/")
    wait_until(lambda: hive.workers(), what="the worker")


def test_gdbus_call_with_options(hive):
    hive.catalog.add("some", pkgbuild("some", extra="check() { echo checked; }"))
    done = hive.run(
        "gdbus",
        "call",
        "--system",
        "-d",
        "org.rbee.Hive",
        "-o",
        "/org/rbee/Hive",
        "-m",
        "org.rbee.Hive.InstallWorkerWithOptions",
        "some",
        "{'check': <true>}",
    )
    path = done.stdout.split("'")[1]
    wait_until(lambda: hive.workers(), what="the worker")
    assert any(record[4] == "checked" for record in hive.call("ReadLog", 0, 0, signature="(tu)", path=path, interface="org.rbee.Hive.Job")[0])


def test_gdbus_monitor_shows_lines(hive):
    hive.catalog.add("some", pkgbuild("some", build="echo hello from the recipe"))
    hive.start()
    monitor = hive.directory / "monitor"
    with open(monitor, "w") as output:
        hive.spawn("gdbus", "monitor", "--system", "-d", "org.rbee.Hive", stdout=output, stderr=output)
    wait_until(lambda: "is owned by" in monitor.read_text(), what="gdbus monitor")
    hive.installs("some")
    wait_until(lambda: "Finished ('done', '', '')" in monitor.read_text(), what=lambda: monitor.read_text()[-2000:])
    assert "hello from the recipe" in monitor.read_text()


def test_busctl_tree_and_introspect_and_get_property(hive):
    hive.catalog.add("some")
    job = hive.installs("some")
    tree = hive.run("busctl", "--system", "tree", "org.rbee.Hive", "--list").stdout.split()
    assert {"/org/rbee/Hive", job.path, "/org/rbee/Hive/worker/some"} <= set(tree)
    assert "LineEmitted" in hive.run("busctl", "--system", "introspect", "org.rbee.Hive", job.path).stdout
    assert hive.run("busctl", "--system", "get-property", "org.rbee.Hive", job.path, "org.rbee.Hive.Job", "State").stdout == 's "done"\n'
    answer = json.loads(hive.run("busctl", "--system", "--json=short", "call", *MANAGER, "ListWorkers").stdout)
    assert answer["type"] == "aa{sv}" and answer["data"][0][0]["id"]["data"] == "some"


def test_busctl_shows_an_error_by_its_words(hive):
    hive.start()
    done = hive.run("busctl", "--system", "call", *MANAGER, "RemoveWorker", "s", "no-such-worker", status=1)
    assert "no-such-worker" in done.stderr
