# SPDX-License-Identifier: LGPL-2.1-or-later
"""What who runs it wants: files of the page, figures, the log, drain, idle exit, systemd's sockets."""

import gzip
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import time

import pytest

import unpacked
from build import SOURCE
from catalog import pkgbuild
from stores import Signer, make_folder, pushes
from test_requests import hive_job
from test_streams import numbered_recipe
from waiting import LEAST, wait_until


@pytest.fixture
def page(new_bridge):
    web = new_bridge.directory / "web"
    (web / "assets").mkdir(parents=True)
    (web / "index.html").write_text("<!doctype html><title>page</title>")
    (web / "assets" / "index-BqF3x9_a.js").write_text("console.log(1)\n" * 100)
    (web / "assets" / "index-BqF3x9_a.js.gz").write_bytes(gzip.compress(b"console.log(1)\n" * 100))
    (web / "assets" / "apple-touch-icon.png").write_bytes(b"\x89PNG")
    (web / "assets" / "outside").symlink_to("/etc/passwd")
    (web / "secret-folder").mkdir()
    os.mkfifo(web / "pipe")
    return new_bridge.start()


def test_page_that_is_not_installed_says_so(bridge):
    bridge.get("/", token=None).problem(404, None, "not installed", str(bridge.directory / "web"), setting="WebDirectory")


def test_page_and_its_files(page):
    answer = page.get("/", token=None)
    assert (answer.status, answer.headers["content-type"], answer.headers["cache-control"]) == (200, "text/html; charset=utf-8", "no-cache")
    assert answer.text == "<!doctype html><title>page</title>"
    script = page.get("/assets/index-BqF3x9_a.js", token=None)
    assert (script.headers["content-type"], script.headers["cache-control"]) == (
        "text/javascript; charset=utf-8",
        "public, max-age=31536000, immutable",
    )
    assert "content-encoding" not in script.headers and len(script.body) == 1500
    packed = page.get("/assets/index-BqF3x9_a.js", {"Accept-Encoding": "br, gzip"}, token=None)
    assert packed.headers["content-encoding"] == "gzip" and gzip.decompress(packed.body) == script.body
    assert "Accept-Encoding" in packed.headers["vary"]
    assert packed.headers["content-type"] == script.headers["content-type"]
    assert packed.headers["etag"] != script.headers["etag"]
    refused = page.get("/assets/index-BqF3x9_a.js", {"Accept-Encoding": "gzip;q=0"}, token=None)
    assert "content-encoding" not in refused.headers
    assert page.get("/assets/apple-touch-icon.png", token=None).headers["cache-control"] == "no-cache"


def test_file_that_is_known_is_not_sent_again_and_a_changed_one_is(page):
    tag = page.get("/", token=None).headers["etag"]
    again = page.get("/", {"If-None-Match": tag}, token=None)
    assert (again.status, again.body, again.headers["etag"]) == (304, b"", tag)
    (page.directory / "web" / "index.html").write_text("<!doctype html><title>new!</title>")
    assert page.get("/", {"If-None-Match": tag}, token=None).status == 200


def test_paths_of_the_page_are_its_own_and_files_are_not(page):
    html = {"Accept": "text/html,application/xhtml+xml"}
    for path in ("/jobs/17", "/catalog", "/deep/er/still"):
        assert "page" in page.get(path, html, token=None).text
        page.get(path, {"Accept": "application/json"}, token=None).problem(404)
    for path in ("/assets/missing-12345678.js", "/missing.png", "/v1/missing", "/assets/x"):
        page.get(path, html).problem(404)


def test_nothing_but_plain_files_beneath_the_folder_is_served(page):
    for path in ("/assets/outside", "/pipe", "/assets/", "/secret-folder", "/assets"):
        page.get(path, {"Accept": "*/*"}, token=None).problem(404)


def test_metrics_are_openmetrics_for_who_asks_for_that(bridge):
    bridge.hive.catalog.add("some-worker")
    bridge.lines(bridge.install("some-worker"))
    bridge.raw(b"nonsense\r\n\r\n")
    answer = bridge.get("/metrics", {"Accept": "application/openmetrics-text;version=1.0.0,text/plain;q=0.3"})
    assert answer.headers["content-type"] == "application/openmetrics-text; version=1.0.0; charset=utf-8"
    lines = answer.text.split("\n")
    assert lines[-2:] == ["# EOF", ""]
    kinds, values = {}, {}
    for line in lines[:-2]:
        if match := re.fullmatch(r"# (TYPE|HELP) (\w+) (.+)", line):
            kinds.setdefault(match[2], {})[match[1]] = match[3]
        else:
            name, value = re.fullmatch(r"(\w+(?:\{\w+=\"\w+\"\})?) (\d+)", line).groups()
            values[name] = int(value)
            family = name.partition("{")[0].removesuffix("_total")
            assert family in kinds, line
            assert name.partition("{")[0].endswith("_total") == (kinds[family]["TYPE"] == "counter"), line
    assert values['rbee_jobs{state="done"}'] == 1
    assert values["rbee_hive_up"] == 1
    assert {name: value for name, value in values.items() if name.startswith("rbee_hive_instances")} == {
        f'rbee_hive_instances{{state="{state}"}}': 0 for state in ("listening", "starting", "ready", "stopping", "failed")
    }
    assert values["rbee_bridge_streams_opened_total"] == 1
    assert values["rbee_bridge_stream_bytes_total"] > 500
    assert values["rbee_bridge_refused_total"] == 1
    assert values['rbee_bridge_requests_total{status="2xx"}'] >= 2
    bridge.hive.stop()
    assert "rbee_hive_up 0" in bridge.get("/metrics").text


def test_each_request_is_logged_without_its_secrets(bridge):
    token = bridge.token()
    bridge.get("/v1/jobs?worker=secret-query", token=token)
    bridge.get("/v1/nothing%0Anew", token=token)
    bridge.get("/v1/ünïcode", token=None)
    assert re.search(rf"^127\.0\.0\.1/{os.getuid()} GET /v1/jobs 200 \d+ µs$", bridge.log, re.MULTILINE)
    assert token not in bridge.log and "secret-query" not in bridge.log


def test_drain_ends_streams_between_events_and_answers_what_was_asked(bridge):
    bridge.hive.catalog.add("count", numbered_recipe("count", 400, "sleep 0.01"))
    job = bridge.install("count")
    stream, plain = bridge.events(f"/v1/jobs/{job}/stream"), bridge.stream(f"/v1/jobs/{job}/stream")
    events = bridge.events("/v1/events")
    stream.until(lambda event: event[1] == "line 20")
    assert bridge.stop(signal.SIGTERM) == 0
    for each in (stream, plain, events):
        while each.more():
            pass
        assert each.answer.status == 200 and (each.buffer == b"" or each.buffer.endswith(b"\n\n"))
    assert not bridge.socket.exists()


def activated(bridge, idle):
    """As systemd starts it: the sockets are there before, at descriptor 3 and up. Who asks before the bridge has started waits for it."""
    bridge.configure(IdleTimeout=idle)
    bridge.write_configuration()
    tcp = socket.create_server(("127.0.0.1", 0))
    unix = socket.socket(socket.AF_UNIX)
    unix.bind(str(bridge.socket))
    unix.listen()
    bridge.port = tcp.getsockname()[1]
    return tcp, unix


def start_activated(bridge, *sockets):
    command = [
        "bash",
        "-c",
        'export LISTEN_PID=$$ LISTEN_FDS=2; exec 3<&"$1" 4<&"$2"; shift 2; exec "$@"',
        "bash",
        *(str(each.fileno()) for each in sockets),
        *bridge.command(),
    ]
    with open(bridge.log_path, "a") as log:
        bridge.process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/", pass_fds=[each.fileno() for each in sockets]
        )


def test_sockets_of_systemd_are_taken_and_it_ends_when_idle(new_bridge):
    bridge = new_bridge
    bridge.hive.start()
    sockets = activated(bridge, 2)
    for turn in range(2):
        stream = bridge.events("/v1/events", unix=True)
        start_activated(bridge, *sockets)
        assert stream.next()[0] == "jobs"
        assert bridge.get("/v1/jobs", unix=True).status == bridge.get("/v1/jobs").status == 200
        if turn == 0:
            time.sleep(4)
            assert bridge.process.poll() is None, "a stream keeps it"
        stream.close()
        assert bridge.process.wait(LEAST) == 0
        assert bridge.log.count("systemd keeps listening") == turn + 1
        assert bridge.socket.exists(), "the sockets are systemd's"
    bridge.process = None
    for each in sockets:
        each.close()


def test_socket_that_is_somebody_elses_keeps_it_from_starting(new_bridge):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        new_bridge.configure(Listen=f"127.0.0.1:{taken.getsockname()[1]}").start(wait=False)
        process, new_bridge.process = new_bridge.process, None
        assert process.wait(LEAST) == 1
    assert "Cannot listen on 127.0.0.1" in new_bridge.log and "Listen=" in new_bridge.log


@pytest.mark.parametrize(
    "key,value",
    [
        ("Listen", "localhost:80"),
        ("Listen", "127.0.0.1"),
        ("PublicOrigin", "hive.example"),
        ("PublicOrigin", "https://hive.example/"),
        ("AllowedOrigins", "*"),
        ("AllowedHosts", "a:80"),
        ("Authentication", "maybe"),
        ("MaxStreams", "0"),
        ("Nonsense", "1"),
    ],
)
def test_setting_that_is_none_is_refused_by_name(new_bridge, key, value):
    new_bridge.configure(**{key: value}).hive.start()
    new_bridge.write_configuration()
    done = subprocess.run(new_bridge.command(), stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, timeout=LEAST)
    assert done.returncode == 1
    assert f"{key}=" in done.stderr


def test_socket_left_by_a_killed_bridge_is_taken_over(bridge):
    bridge.restart(signal.SIGKILL)
    assert bridge.get("/v1/jobs", unix=True).status == 200


def metrics(bridge):
    answer = bridge.get("/metrics")
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    return answer.text


def metric_names(bridge):
    return set(re.findall(r"^# TYPE (\w+)", metrics(bridge), re.MULTILINE))


def test_metrics_are_as_prometheus_reads_them(bridge):
    """Help before the type, of each; a counter's name ends in _total."""
    text = metrics(bridge)
    families = re.findall(r"^# HELP (\w+) \S.*\n# TYPE (\w+) (\w+)$", text, re.MULTILINE)
    assert len(families) > 8 and "# EOF" not in text
    for helped, typed, kind in families:
        assert helped == typed and helped.endswith("_total") == (kind == "counter")
    named = {name for name, _, _ in families}
    assert {re.match(r"\w+", line)[0] for line in text.splitlines() if line and line[0] != "#"} == named


def test_metrics_leave_promtool_nothing_to_say(bridge):
    promtool = unpacked.program("usr/bin/promtool", "promtool", "prometheus")
    bridge.hive.catalog.add("some-worker")
    bridge.lines(bridge.install("some-worker"))
    done = subprocess.run([promtool, "check", "metrics"], input=metrics(bridge), text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert (done.returncode, done.stdout) == (0, "")


def test_alerts_are_rules_of_metrics_that_there_are(bridge):
    rules = SOURCE / "data/monitoring/rbee-hive.rules.yml"
    promtool = unpacked.program("usr/bin/promtool", "promtool", "prometheus")
    done = subprocess.run([promtool, "check", "rules", rules], text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert done.returncode == 0 and "6 rules found" in done.stdout, done.stdout
    assert set(re.findall(r"\brbee_\w+", rules.read_text())) <= metric_names(bridge)


def test_dashboard_shows_metrics_that_there_are(bridge):
    dashboard = json.loads((SOURCE / "data/monitoring/rbee-hive.dashboard.json").read_text())
    shown = {name for panel in dashboard["panels"] for target in panel["targets"] for name in re.findall(r"\brbee_\w+", target["expr"])}
    assert shown and shown <= metric_names(bridge)
    assert len({panel["id"] for panel in dashboard["panels"]}) == len(dashboard["panels"])


def test_jobs_that_ended_are_counted_from_the_first_look(bridge):
    bridge.hive.catalog.add("some-worker")
    bridge.hive.catalog.add("broken", pkgbuild("broken", build="false"))
    bridge.lines(bridge.install("some-worker"))
    assert 'rbee_jobs_ended_total{result="done"} 0' in metrics(bridge)
    bridge.lines(bridge.install("broken"))
    bridge.lines(bridge.install("some-worker", reinstall=True))
    for _ in range(2):
        text = metrics(bridge)
        assert 'rbee_jobs_ended_total{result="done"} 1' in text and 'rbee_jobs_ended_total{result="failed"} 1' in text


def test_looks_into_stores_are_counted_by_what_came_of_them(new_bridge):
    hive = new_bridge.hive
    signer, store = Signer(hive.directory / "keys"), make_folder(hive.directory / "store")
    hive.configuration["Store shelf"] = {"URL": store.url}
    hive.configuration["Key builder"] = {"File": signer.public}
    hive.configuration["Push"] = {"SigningKey": signer.secret}
    bridge = new_bridge.start()
    hive.catalog.add("one")
    hive.installs("one")
    pushes(hive, "one")
    metrics(bridge)
    hive.installs("one", reinstall=True)
    store.forge(hive.record("one")["build"]["key"], Signer(hive.directory / "others", "other"))
    job = hive.installs("one", reinstall=True)
    assert bridge.get(f"/v1/jobs/{job.id}").json["lookups"] == ["signature"]
    shutil.rmtree(store.path)
    hive.installs("one", reinstall=True)
    told = dict(re.findall(r'^rbee_store_lookups_total{result="(\w+)"} (\d+)$', metrics(bridge), re.MULTILINE))
    assert told == {**dict.fromkeys(("miss", "revoked", "cpu", "needs", "damaged"), "0"), "hit": "1", "signature": "1", "unavailable": "1"}


def test_log_is_text_as_far_as_it_has_come(bridge):
    bridge.hive.catalog.add("broken", pkgbuild("broken", build="echo '[DONE] said the recipe'; false"))
    job = bridge.install("broken")
    lines = bridge.lines(job)
    answer = bridge.get(f"/v1/jobs/{job}/log")
    assert answer.status == 200 and answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.text.splitlines() == [line.removeprefix(" ") if line.startswith(" [DONE]") else line for line in lines]
    assert answer.text.endswith("[ERROR] Build phase failed\n")
    assert bridge.ask("HEAD", f"/v1/jobs/{job}/log").headers["content-type"] == "text/plain; charset=utf-8"
    bridge.get("/v1/jobs/77/log").problem(404, "JobNotFound")
    bridge.get("/v1/jobs/worker_catalog_list/log").problem(404, "JobNotFound")


def test_log_of_a_running_job_ends_where_it_is(bridge):
    bridge.hive.catalog.add("slow", pkgbuild("slow", build="echo begun; sleep 1000"))
    job = bridge.install("slow")
    hive_job(bridge, job).wait_for_line("begun")
    assert bridge.get(f"/v1/jobs/{job}/log").text.endswith("begun\n")
    bridge.delete(f"/v1/jobs/{job}")


def test_jobs_are_paged_by_before_and_max(bridge):
    bridge.hive.catalog.add("some-worker")
    for _ in range(5):
        bridge.lines(bridge.install("some-worker", reinstall=True))
    assert [job["id"] for job in bridge.get("/v1/jobs?max=2").json["jobs"]] == ["4", "5"]
    assert [job["id"] for job in bridge.get("/v1/jobs?all=true&before=4&max=2").json["jobs"]] == ["2", "3"]
    assert bridge.get("/v1/jobs?before=1").json["jobs"] == []
    for query in ("max=0", "max=x", "max=", "before=x", "before=", "worker=", "max=1&max=2"):
        bridge.get(f"/v1/jobs?{query}").problem(400, "InvalidArgument")


def test_job_and_worker_are_called_what_their_catalog_calls_them(hive, bridge):
    hive.catalog.add("some", name="Some Server")
    job = hive.installs("some")
    assert bridge.get(f"/v1/jobs/{job.id}").json["name"] == "Some Server"
    assert [one["name"] for one in bridge.get("/v1/jobs").json["jobs"]] == ["Some Server"]
    assert [one["name"] for one in bridge.get("/v1/workers").json["workers"]] == ["Some Server"]


def test_null_is_a_field_that_was_not_given(bridge):
    bridge.hive.catalog.add("some-worker")
    nothing = dict.fromkeys(("hive_id", "backend", "source", "check", "reinstall", "catalog", "network", "install_dependencies"))
    answer = bridge.post("/v1/jobs", {"operation": "worker_install", "worker_id": "some-worker", **nothing})
    assert answer.status == 202, answer.text
    assert bridge.lines(answer.json["job_id"])[-1] == "[DONE]"
    bridge.post("/v1/jobs", {"operation": None}).problem(400, "InvalidArgument", "operation")
    bridge.post("/v1/jobs", {"operation": "worker_remove", "worker_id": None}).problem(400, "InvalidArgument", "worker_id")


def test_catalog_says_of_a_worker_what_it_says_of_a_backend(bridge):
    many = {
        "id": "many",
        "version": "1",
        "name": "Many",
        "variants": [
            {
                "backend": backend,
                "platforms": ["linux"],
                "architectures": ["x86_64", "aarch64"],
                "pkgbuildUrl": f"/many-{backend}",
                "pkgbuildUrlGit": f"/many-{backend}-git",
                "depends": [f"lib-of-{backend}"],
                "binaryName": "many",
                "installPath": "/usr/local/bin",
            }
            for backend in ("cpu", "cuda")
        ],
    }
    bridge.hive.catalog.add("many")
    (bridge.hive.catalog.folder("many") / "worker.json").write_text(json.dumps(many))
    assert "lib-of-cuda" in bridge.get("/v1/catalog/many?backend=cuda").json["depends"]
    assert "lib-of-cpu" in bridge.get("/v1/catalog/many?backend=cpu").json["depends"]
    bridge.get("/v1/catalog/many?backend=rocm").problem(400, "InvalidArgument", "rocm")


def test_machine_is_looked_at_again(bridge):
    before = bridge.get("/v1/capabilities").json["updated_at"]
    # What was looked at within the last second is not looked at again.
    wait_until(lambda: bridge.post("/v1/capabilities/refresh").json["updated_at"] > before, what="a new look")
    bridge.post("/v1/capabilities/refresh", {"x": 1}).problem(400, "InvalidArgument", "no fields")
    bridge.post("/v1/capabilities/refresh", token=None).problem(401)


def test_method_that_no_route_has_is_not_allowed(bridge):
    for method in ("TRACE", "PUT", "PATCH", "QUERY"):
        answer = bridge.ask(method, "/v1/workers", body={})
        answer.problem(405, "InvalidArgument")
        assert answer.headers["allow"] == "GET, HEAD"


def test_a_key_gets_the_same_job_whatever_changes_the_worker(bridge):
    """After it ended, too; the key of one operation is not that of another."""
    bridge.hive.catalog.add("some-worker")
    bridge.lines(bridge.install("some-worker"))
    bridge.hive.catalog.add("some-worker", pkgbuild("some-worker", version="2"))
    keyed = {"Idempotency-Key": "k"}
    jobs = {}
    for operation in ("worker_upgrade", "worker_rollback", "worker_remove"):
        answers = []
        for _ in range(2):
            answer = bridge.post("/v1/jobs", {"operation": operation, "worker_id": "some-worker"}, keyed)
            assert answer.status == 202, answer.text
            assert bridge.lines(answer.json["job_id"])[-1] == "[DONE]"
            answers.append(answer.json["job_id"])
        assert answers[0] == answers[1]
        jobs[operation] = answers[0]
    assert len(set(jobs.values())) == 3
    bridge.post("/v1/jobs", {"operation": "worker_remove", "worker_id": "some-worker"}, {"Idempotency-Key": "other"}).problem(404, "NotInstalled")
    bridge.hive.restart()
    assert bridge.post("/v1/jobs", {"operation": "worker_remove", "worker_id": "some-worker"}, keyed).json["job_id"] == jobs["worker_remove"]
    bridge.post("/v1/jobs", {"operation": "worker_remove", "worker_id": "some-worker"}, {"Idempotency-Key": "k" * 129}).problem(
        400, "InvalidArgument", "128"
    )
