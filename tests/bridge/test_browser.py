# SPDX-License-Identifier: LGPL-2.1-or-later
"""A real browser's EventSource: Chromium, headless, driven over WebDriver."""

import contextlib
import json
import os
import random
import shutil
import subprocess
import tempfile
import time
import urllib.request

import pytest
from gi.repository import GLib

from ports import free_port
from test_requests import hive_job
from test_streams import MARKERS, numbered, numbered_recipe
from waiting import LEAST, unique_seconds, wait_until, wake

PAGE = """<!doctype html><meta charset="utf-8"><title>test</title><script src="/test.js"></script>"""

# Opens a stream as any page would. With a token it takes a ticket for each, and goes on by itself where it was.
SCRIPT = """
window.lines = [];
window.opens = 0;
window.ended = "";
function watch(url, again) {
  const source = new EventSource(url);
  source.onopen = () => { window.opens++; };
  source.onmessage = (event) => {
    window.last = event.lastEventId;
    window.lines.push(event.data);
    if (/^\\[(DONE|ERROR|CANCELLED)\\]/.test(event.data)) { window.ended = event.data; source.close(); }
  };
  source.onerror = () => { if (again && !window.ended) { source.close(); setTimeout(again, 300); } };
}
window.withTickets = async function (job, token) {
  const again = () => window.withTickets(job, token);
  try {
    const answer = await fetch("/v1/tickets", {method: "POST", body: "{}", headers: {"Authorization": "Bearer " + token, "Content-Type": "application/json"}});
    const ticket = (await answer.json()).ticket;
    watch("/v1/jobs/" + job + "/stream?ticket=" + ticket + (window.last ? "&cursor=" + window.last : ""), again);
  } catch (error) { setTimeout(again, 300); }
};
window.plainly = (job) => watch("/v1/jobs/" + job + "/stream", null);
"""


class Browser:
    def __init__(self, hive):
        driver, browser = shutil.which("chromedriver"), shutil.which("chromium") or shutil.which("chromium-browser")
        if not driver or not browser:
            pytest.skip("there is no chromium and chromedriver here")
        self.home = tempfile.mkdtemp(prefix="browser.", dir=hive.directory)
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.log = open(os.path.join(self.home, "chromedriver.log"), "w")
        self.process = subprocess.Popen([driver, f"--port={port}"], stdout=self.log, stderr=self.log, env={**os.environ, "HOME": self.home})
        wait_until(self.answers, what="chromedriver")
        arguments = ["--headless=new", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", f"--user-data-dir={self.home}/profile"]
        if os.geteuid() == 0:
            arguments.append("--no-sandbox")
        capabilities = {"capabilities": {"alwaysMatch": {"browserName": "chrome", "goog:chromeOptions": {"binary": browser, "args": arguments}}}}
        self.session = None
        self.session = self.ask("POST", "/session", capabilities)["sessionId"]

    def answers(self):
        with contextlib.suppress(OSError):
            return urllib.request.urlopen(self.url + "/status", timeout=5).status == 200

    def ask(self, method, path, body=None):
        prefix = f"/session/{self.session}" if self.session else ""
        request = urllib.request.Request(
            self.url + prefix + path,
            method=method,
            data=json.dumps(body).encode() if body is not None else None,
            headers={"Content-Type": "application/json"},
        )
        return json.loads(urllib.request.urlopen(request, timeout=LEAST).read())["value"]

    def open(self, url):
        self.ask("POST", "/url", {"url": url})

    def run(self, script, *arguments):
        return self.ask("POST", "/execute/sync", {"script": script, "args": list(arguments)})

    def close(self):
        with contextlib.suppress(OSError):
            self.ask("DELETE", "")
        self.process.terminate()
        self.process.wait()
        self.log.close()


@pytest.fixture
def browser(new_bridge):
    web = new_bridge.directory / "web"
    web.mkdir()
    (web / "test.html").write_text(PAGE)
    (web / "test.js").write_text(SCRIPT)
    browser = Browser(new_bridge.hive)
    yield browser
    browser.close()


@pytest.mark.parametrize("way", ["plainly", "withTickets"])
def test_event_source_of_a_browser_loses_and_repeats_nothing(browser, new_bridge, way):
    """10,000 numbered lines; the bridge is killed five times, the hive started again once."""
    count, chance = 10000, random.Random(11)
    bridge = new_bridge.configure(Authentication="none" if way == "plainly" else "token").start()
    seconds = unique_seconds()  # the last line comes when the browser has come back for the last time
    bridge.hive.catalog.add("count", numbered_recipe("count", count, f"((i % 25)) || sleep 0.01; ((i != {count - 1})) || sleep {seconds} || true"))
    job = bridge.install("count")
    browser.open(f"http://localhost:{bridge.port}/test.html")
    browser.run(f"window.{way}(arguments[0], arguments[1])", job, bridge.token())
    for _ in range(5):
        opens = browser.run("return window.opens")
        time.sleep(chance.uniform(0.1, 0.4))
        bridge.stop(9)
        bridge.start()
        wait_until(
            lambda: browser.run("return window.opens") > opens,
            what="the browser to come back",
        )
    wake(seconds)
    wait_until(lambda: browser.run("return window.ended"), LEAST * bridge.hive.patience, "the end")
    lines = browser.run("return window.lines")
    assert lines == hive_job(bridge, job).lines()
    assert [line for line in lines if line.startswith("line ")] == numbered(count)
    assert browser.run("return window.opens") >= 5


def test_event_source_of_a_browser_lives_on_while_the_hive_restarts(browser, new_bridge):
    bridge = new_bridge.configure(Authentication="none").start()
    bridge.hive.catalog.add("count", numbered_recipe("count", 1000, "sleep 0.01"))
    job = bridge.install("count")
    browser.open(f"http://127.0.0.1:{bridge.port}/test.html")
    browser.run("window.plainly(arguments[0])", job)
    wait_until(lambda: "line 20" in browser.run("return window.lines"), what="some lines")
    bridge.hive.restart()
    wait_until(lambda: browser.run("return window.ended"), LEAST * bridge.hive.patience, "the end")
    assert browser.run("return window.lines") == hive_job(bridge, job).lines()
    assert browser.run("return window.opens") == 1
    assert browser.run("return window.ended").startswith(MARKERS)


def test_page_of_another_origin_gets_nothing_from_a_browser(browser, new_bridge, make_bridge, make_hive):
    """The same page, served by another port of this machine, by all the ways a page has."""
    bridge = new_bridge.configure(Authentication="none").start()
    other = make_bridge(make_hive()).configure(Authentication="none", WebDirectory=bridge.directory / "web").start()
    bridge.hive.catalog.add("some-worker")
    browser.open(f"http://127.0.0.1:{other.port}/test.html")
    results = browser.ask(
        "POST",
        "/execute/async",
        {
            "args": [f"http://127.0.0.1:{bridge.port}"],
            "script": """
const [base, done] = arguments;
const results = {};
const body = JSON.stringify({operation: "worker_install", worker_id: "some-worker"});
const tries = {
  json: () => fetch(base + "/v1/jobs", {method: "POST", body, headers: {"Content-Type": "application/json"}}),
  simple: () => fetch(base + "/v1/jobs", {method: "POST", body, mode: "no-cors"}),
  read: () => fetch(base + "/v1/jobs"),
  cancel: () => fetch(base + "/v1/jobs/1", {method: "DELETE"}),
};
(async () => {
  for (const name in tries) {
    try { const answer = await tries[name](); results[name] = answer.type === "opaque" ? "opaque" : answer.status; } catch (error) { results[name] = "refused"; }
  }
  const source = new EventSource(base + "/v1/events");
  source.onmessage = source.onopen = () => { results.events = "open"; };
  source.onerror = () => { results.events = results.events || "refused"; source.close(); done(results); };
})();
""",
        },
    )
    assert results["read"] == results["json"] == results["cancel"] == results["events"] == "refused", results
    assert results["simple"] in ("opaque", "refused")
    assert bridge.hive.call("ListJobs", GLib.Variant("(a{sv})", ({},))) == []
