# SPDX-License-Identifier: LGPL-2.1-or-later
"""Who may ask: names, pages, tokens, codes, tickets, and the Unix socket."""

import os
import stat
import subprocess
import time

import pytest

from test_requests import hive_job
from waiting import LEAST

INSTALL = {"operation": "worker_install", "worker_id": "some-worker"}


# DNS rebinding


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:7835", "127.0.0.1.evil.example", "localhost.", "127.0.0.2", "[::2]", "localhost@evil.example", "127.1"]
)
def test_name_that_is_not_this_machine_is_refused(bridge, host):
    problem = bridge.get("/health", {"Host": host}).problem(421, "AccessDenied", host, "localhost", setting="AllowedHosts")
    assert "127.0.0.1" in problem["detail"]


def test_names_of_this_machine_are_fine_whatever_port_a_tunnel_gave_them(bridge):
    for host in ("localhost", "LOCALHOST:1234", f"127.0.0.1:{bridge.port}", "127.0.0.1"):
        assert bridge.get("/health", {"Host": host}).status == 200, host


def test_names_can_be_allowed(new_bridge):
    bridge = new_bridge.configure(AllowedHosts="workshop.example;192.0.2.7").start()
    for host in ("workshop.example:7835", "192.0.2.7"):
        assert bridge.get("/health", {"Host": host}).status == 200
    bridge.get("/health", {"Host": "evil.example"}).problem(421)


# pages of other sites


OTHERS = ["http://evil.example", "https://127.0.0.1", "null", "http://localhost:3000", "http://127.0.0.1", "http://127.0.0.1:1", "file://", ""]


@pytest.mark.parametrize("origin", OTHERS)
def test_page_of_another_origin_is_refused_whatever_it_asks(bridge, origin):
    """fetch(), a form, and an EventSource all send Origin; so does a WebSocket."""
    for answer in (
        bridge.post("/v1/jobs", INSTALL, {"Origin": origin}),
        bridge.get("/v1/jobs", {"Origin": origin}),
        bridge.get("/v1/events", {"Origin": origin, "Accept": "text/event-stream"}),
        bridge.delete("/v1/jobs/1", {"Origin": origin}),
        bridge.post("/v1/tokens", {"code": "x"}, {"Origin": origin}),
        bridge.ask("OPTIONS", "/v1/jobs", {"Origin": origin, "Access-Control-Request-Method": "POST"}),
    ):
        answer.problem(403, "AccessDenied", origin, f"http://127.0.0.1:{bridge.port}", setting="AllowedOrigins")
        assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_request_of_another_site_without_an_origin_is_refused(bridge, site):
    bridge.get("/v1/jobs", {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": "no-cors"}).problem(403, "AccessDenied", site, setting="AllowedOrigins")
    bridge.get("/v1/jobs", {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}).problem(403)
    bridge.get("/", {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"}).problem(403)


def test_link_to_the_page_on_another_page_opens_it(bridge):
    answer = bridge.get("/", {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"})
    answer.problem(404, None, "not installed")


def test_own_page_may_ask_under_the_name_it_has(bridge):
    for host in (f"127.0.0.1:{bridge.port}", f"localhost:{bridge.port}", "localhost:8000"):
        answer = bridge.get("/v1/jobs", {"Host": host, "Origin": f"http://{host}", "Sec-Fetch-Site": "same-origin"})
        assert answer.status == 200
        assert "access-control-allow-origin" not in answer.headers


def test_form_of_another_site_is_refused_three_times_over(new_bridge):
    """Even where nobody needs a token."""
    bridge = new_bridge.configure(Authentication="none").start()
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    bridge.post("/v1/jobs", b"operation=worker_install", {**form, "Origin": "http://evil.example"}, token=None).problem(403)
    bridge.post("/v1/jobs", b"operation=worker_install", {**form, "Sec-Fetch-Site": "cross-site"}, token=None).problem(403)
    bridge.post("/v1/jobs", b'{"operation":"worker_catalog_list"}', {"Content-Type": "text/plain"}, token=None).problem(415)


def test_origin_that_is_allowed_gets_cors_and_nobody_else(new_bridge):
    bridge = new_bridge.configure(AllowedOrigins="https://page.example;http://localhost:3000").start()
    page = {"Origin": "https://page.example", "Sec-Fetch-Site": "cross-site"}
    preflight = bridge.ask("OPTIONS", "/v1/jobs", {**page, "Access-Control-Request-Method": "POST"}, token=None)
    assert preflight.status == 204
    assert preflight.headers["access-control-allow-origin"] == "https://page.example"
    assert "POST" in preflight.headers["access-control-allow-methods"]
    assert "Authorization" in preflight.headers["access-control-allow-headers"]
    assert "Origin" in preflight.headers["vary"]
    assert "access-control-allow-credentials" not in preflight.headers
    answer = bridge.get("/v1/jobs", page)
    assert (answer.status, answer.headers["access-control-allow-origin"]) == (200, "https://page.example")
    assert bridge.events("/v1/events", headers=page).answer.headers["access-control-allow-origin"] == "https://page.example"
    bridge.get("/v1/jobs", {"Origin": "https://page.example.evil"}).problem(403)
    bridge.get("/v1/jobs", page, token=None).problem(401)


def test_public_origin_is_one_setting(new_bridge):
    bridge = new_bridge.configure(PublicOrigin="https://hive.example").start()
    proxied = {"Host": "hive.example", "Origin": "https://hive.example", "Sec-Fetch-Site": "same-origin"}
    assert bridge.get("/v1/jobs", proxied).status == 200
    bridge.get("/v1/jobs", {**proxied, "Origin": "https://other.example"}).problem(
        403, "AccessDenied", "https://hive.example", "https://other.example"
    )
    assert bridge.post("/v1/codes", unix=True).json["url"].startswith("https://hive.example/#code=")


# tokens


def test_whatever_is_not_open_needs_a_token(bridge):
    for method, path in (
        ("GET", "/v1/jobs"),
        ("POST", "/v1/jobs"),
        ("GET", "/v1/jobs/1"),
        ("DELETE", "/v1/jobs/1"),
        ("GET", "/v1/jobs/1/stream"),
        ("GET", "/v1/events"),
        ("GET", "/v1/catalog"),
        ("GET", "/v1/catalog/a"),
        ("GET", "/v1/catalog/a/PKGBUILD"),
        ("GET", "/v1/workers"),
        ("GET", "/v1/capabilities"),
        ("POST", "/v1/tickets"),
        ("GET", "/metrics"),
        ("HEAD", "/v1/jobs"),
    ):
        answer = bridge.ask(method, path, token=None)
        assert answer.status == 401, (method, path)
        assert answer.headers["www-authenticate"].startswith("Bearer")
    bridge.get("/v1/jobs", token=None).problem(401, "AccessDenied", "hivectl web", setting=None)
    for path in ("/health", "/v1/openapi.json"):
        assert bridge.get(path, token=None).status == 200


def altered(token, place):
    return token[:place] + ("x" if token[place] != "x" else "y") + token[place + 1 :]


def test_token_that_is_wrong_in_any_place_is_refused(bridge):
    token = bridge.token()
    assert bridge.get("/v1/jobs", token=token).status == 200
    wrong = [altered(token, place) for place in range(len(token))]
    wrong += [
        "",
        "x",
        token[:-1],
        token + "x",
        token.upper(),
        token.replace("_0_", "_1_", 1),
        "rbee_0_ffffffffffffffff__",
        "_",
        "rbee_" * 50,
        token.rpartition("_")[0],
    ]
    for each in wrong:
        assert bridge.get("/v1/jobs", {"Authorization": f"Bearer {each}"}, token=None).status == 401, each
    for scheme in ("Basic dXNlcjpwYXNz", token, f"Token {token}", f"Bearer{token}", f'Digest username="{token}"'):
        bridge.get("/v1/jobs", {"Authorization": scheme}, token=None).problem(401)
    bridge.get(f"/v1/jobs?token={token}", token=None).problem(401)
    bridge.get("/v1/jobs", {"Cookie": f"token={token}; Authorization=Bearer {token}"}, token=None).problem(401)


def sign(key, text):
    import base64
    import hashlib
    import hmac

    digest = base64.b64encode(hmac.new(key, b"rbee-hive token 1\n" + text.encode(), hashlib.sha256).digest()).decode()
    return text + "_" + digest.replace("+", "-").replace("/", ".").rstrip("=")


def test_token_is_what_it_says_to_be_and_an_old_one_is_refused(bridge):
    key = (bridge.directory / "key").read_bytes()
    until = int(time.time())
    assert bridge.get("/v1/jobs", token=sign(key, f"rbee_1000_{until + 60:x}_abc")).status == 200
    bridge.get("/v1/jobs", token=sign(key, f"rbee_1000_{until - 1:x}_abc")).problem(401, "AccessDenied", "time is over")
    bridge.get("/v1/jobs", token=sign(b"k" * 32, f"rbee_1000_{until + 60:x}_abc")).problem(401, "AccessDenied", "another key")


def test_restart_forgets_no_token_and_rotation_all(bridge):
    token = bridge.token()
    bridge.restart()
    assert bridge.get("/v1/jobs", token=token).status == 200
    assert bridge.post("/v1/keys", unix=True).json == {"rotated": True}
    bridge.get("/v1/jobs", token=token).problem(401, "AccessDenied", "another key")
    fresh = bridge.post("/v1/tokens", unix=True).json["token"]
    assert bridge.get("/v1/jobs", token=fresh).status == 200
    bridge.restart()
    bridge.get("/v1/jobs", token=token).problem(401)
    assert bridge.get("/v1/jobs", token=fresh).status == 200


def test_key_is_for_nobody_else(bridge):
    status = (bridge.directory / "key").stat()
    assert stat.S_IMODE(status.st_mode) == 0o600
    assert status.st_size == 32
    assert stat.S_IMODE(bridge.socket.stat().st_mode) == 0o660


@pytest.mark.parametrize("spoil", ["open to all", "group may read", "group may write", "short", "a link", "a folder"])
def test_key_that_is_none_keeps_the_bridge_from_starting(new_bridge, spoil):
    key = new_bridge.directory / "key"
    if spoil == "a folder":
        key.mkdir()
    elif spoil == "a link":
        key.symlink_to("/dev/zero")
    else:
        key.write_bytes(b"k" * (32 if spoil != "short" else 31))
        key.chmod({"open to all": 0o644, "group may read": 0o640, "group may write": 0o660}.get(spoil, 0o600))
    new_bridge.start(wait=False)
    process, new_bridge.process = new_bridge.process, None
    assert process.wait(LEAST) == 1
    assert str(key) in new_bridge.log and "KeyFile=" in new_bridge.log
    if "Remove it" in new_bridge.log:
        subprocess.run(["rm", "-r", key], check=True)
        assert new_bridge.start().get("/v1/jobs").status == 200, "the advice does not help"


# codes and tickets


def test_code_becomes_a_token_once(bridge):
    answer = bridge.post("/v1/codes", unix=True)
    assert answer.status == 201
    code = answer.json["code"]
    assert answer.json["url"] == f"http://127.0.0.1:{bridge.port}/#code={code}"
    own = {"Origin": f"http://127.0.0.1:{bridge.port}"}
    token = bridge.post("/v1/tokens", {"code": code}, own, token=None)
    assert token.status == 201
    assert bridge.get("/v1/jobs", token=token.json["token"]).status == 200
    bridge.post("/v1/tokens", {"code": code}, own, token=None).problem(401, "AccessDenied", "unknown, used or older")
    bridge.post("/v1/tokens", {"code": "x"}, own, token=None).problem(401)
    bridge.post("/v1/tokens", {}, own, token=None).problem(400, "InvalidArgument", "code")
    bridge.post("/v1/tokens", {"code": 5}, own, token=None).problem(400, "InvalidArgument", "code")


def test_codes_and_keys_are_for_the_unix_socket_alone(bridge):
    for path in ("/v1/codes", "/v1/keys"):
        bridge.post(path).problem(403, "AccessDenied", "Unix socket")


def test_ticket_is_good_for_one_stream_and_nothing_else(bridge):
    def ticket():
        answer = bridge.post("/v1/tickets")
        assert (answer.status, answer.json["expires_in"]) == (201, 30)
        return answer.json["ticket"]

    one = ticket()
    assert bridge.stream(f"/v1/events?ticket={one}", token=None).answer.status == 200
    bridge.get(f"/v1/events?ticket={one}", token=None).problem(401, "AccessDenied", "ticket")
    bridge.get(f"/v1/jobs?ticket={ticket()}", token=None).problem(401)
    bridge.get(f"/v1/events?ticket={ticket()}&ticket=x", token=None).problem(401)
    assert one not in bridge.log and "ticket=" not in bridge.log, "the log has no secrets"


# the Unix socket


def test_unix_socket_knows_who_asks_and_wants_no_token(bridge):
    bridge.hive.catalog.add("some-worker")
    answer = bridge.post("/v1/jobs", INSTALL, unix=True)
    assert answer.status == 202
    assert bridge.get(f"/v1/jobs/{answer.json['job_id']}", unix=True).json["owner"] == os.getuid()
    assert f"uid {os.getuid()} POST /v1/jobs 202" in bridge.log
    assert bridge.get("/v1/jobs", {"Host": "anything"}, unix=True).status == 200


# without authentication


def test_authentication_none_is_announced(new_bridge):
    bridge = new_bridge.configure(Authentication="none").start()
    assert "Authentication=none" in bridge.log
    assert bridge.get("/health", token=None).json["authentication"] == "none"
    bridge.hive.catalog.add("some-worker")
    assert bridge.post("/v1/jobs", INSTALL, token=None).status == 202


def test_authentication_none_is_for_loopback_alone(new_bridge):
    new_bridge.configure(Authentication="none", Listen="0.0.0.0:0").start(wait=False)
    process, new_bridge.process = new_bridge.process, None
    assert process.wait(LEAST) == 1
    assert "Authentication=none works on loopback alone" in new_bridge.log


@pytest.mark.root
def test_log_of_another_is_refused_where_logs_are_their_owners(make_bridge, hive):
    hive.configure("Log", LogAccess="owner")
    bridge = make_bridge(hive).start()
    hive.catalog.add("some-worker")
    job = bridge.install("some-worker")
    hive_job(bridge, job).wait_for_state("done")
    key = (bridge.directory / "key").read_bytes()
    stranger = sign(key, f"rbee_1000_{int(time.time()) + 60:x}_abc")
    bridge.get(f"/v1/jobs/{job}/stream", token=stranger).problem(403, "AccessDenied", "owner", setting="LogAccess")
    assert bridge.lines(job)[-1] == "[DONE]"


# headers


def test_every_answer_keeps_browsers_on_a_short_leash(bridge):
    bridge.hive.catalog.add("some-worker")
    job = bridge.install("some-worker")
    answers = [
        bridge.get("/health", token=None),
        bridge.get("/v1/jobs"),
        bridge.get("/nothing"),
        bridge.get("/v1/jobs", token=None),
        bridge.get(f"/v1/jobs/{job}/stream"),
        bridge.get("/health", {"Host": "evil.example"}),
        bridge.ask("OPTIONS", "/v1/jobs"),
        bridge.ask("BREW", "/v1/jobs"),
        bridge.get("/" + "x" * 3000),
    ]
    for answer in answers:
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["connection"] == "close"
        assert "set-cookie" not in answer.headers and "server" not in answer.headers
