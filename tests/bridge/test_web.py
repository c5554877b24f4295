# SPDX-License-Identifier: LGPL-2.1-or-later
"""hivectl web: a link, a token, a new key, over the bridge's Unix socket."""

import json
import os
import socket
import threading

import pytest

import shapes


def web(bridge, *arguments, **options):
    return bridge.hive.hivectl("web", "--socket", bridge.socket, *arguments, **options)


def test_link_carries_a_code_in_its_fragment(bridge):
    link = web(bridge).stdout.strip()
    base, _, code = link.partition("#code=")
    assert base == f"http://127.0.0.1:{bridge.port}/"
    assert bridge.post("/v1/tokens", {"code": code}, token=None).status == 201
    assert code not in bridge.log


def test_token_is_good_for_a_script(bridge):
    token = web(bridge, "--token").stdout.strip()
    assert bridge.get("/v1/jobs", token=token).status == 200
    assert json.loads(web(bridge, "--token", "--json").stdout)["expires_in"] > 300 * 24 * 3600
    shapes.check("web", *(json.loads(web(bridge, *option, "--json").stdout) for option in ((), ("--token",), ("--rotate",))))


def test_rotation_makes_tokens_void(bridge):
    token = bridge.token()
    assert "void" in web(bridge, "--rotate").stdout
    bridge.get("/v1/jobs", token=token).problem(401)


def test_browser_is_opened_without_the_code_in_its_command_line(bridge):
    folder = bridge.directory / "bin"
    folder.mkdir()
    (folder / "xdg-open").write_text(f'#!/bin/sh\necho "$@" >{folder}/opened.new; mv {folder}/opened.new {folder}/opened\n')
    (folder / "xdg-open").chmod(0o755)
    from waiting import wait_until

    done = web(bridge, "--open", env={"PATH": f"{folder}:{os.environ['PATH']}", "XDG_RUNTIME_DIR": str(folder)})
    assert done.stdout == ""
    wait_until((folder / "opened").exists, what="the browser")
    page = (folder / "opened").read_text().strip()
    assert page == f"{folder}/rbee-hive-web.html"
    assert os.stat(page).st_mode & 0o777 == 0o600
    text = open(page).read()
    code = text.partition("#code=")[2].partition('"')[0]
    assert bridge.post("/v1/tokens", {"code": code}, token=None).status == 201


def test_bridge_that_is_not_there_is_said(bridge):
    done = bridge.hive.hivectl("web", "--socket", "/nonexistent/socket", status=5)
    assert "/nonexistent/socket" in done.stderr and "rbee-hive-bridge.socket" in done.stderr


def test_socket_of_somebody_else_is_no_bridge(bridge):
    path = bridge.directory / "other"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()

        def answer():
            client, _ = server.accept()
            client.recv(1000)
            client.sendall(b"220 mail.example ESMTP\r\n")
            client.close()

        thread = threading.Thread(target=answer)
        thread.start()
        done = bridge.hive.hivectl("web", "--socket", path, status=1)
        thread.join()
    assert "not an rbee-hive-bridge" in done.stderr


@pytest.mark.root
def test_who_may_not_use_the_socket_is_told_what_to_do(bridge):
    bridge.directory.chmod(0o755)
    bridge.hive.directory.chmod(0o755)
    done = bridge.hive.run(
        "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", bridge.hive.build.bin / "hivectl", "web", "--socket", bridge.socket, status=4
    )
    assert "group rbee" in done.stderr


def test_options_that_exclude_each_other(bridge):
    assert "three different things" in web(bridge, "--token", "--rotate", status=2).stderr
    assert "ssh somewhere hivectl web" in bridge.hive.hivectl("web", "--host", "somewhere", status=2).stderr


def test_hivectl_asks_the_bridge_of_the_hive_that_answers(hive, new_bridge):
    """Nothing but the bus is told: a hive that was started with --config, as tools/try does."""
    hive.configuration["Bridge"] = {"Listen": f"127.0.0.1:0;{new_bridge.socket}"}
    new_bridge.start()
    link = hive.hivectl("web")
    assert link.returncode == 0 and link.stdout.startswith("http://127.0.0.1:"), link.stderr
    assert len(hive.hivectl("web", "--token").stdout.split()) == 1
    assert hive.hivectl("web", "--config", hive.directory / "hive.conf").returncode == 0
    new_bridge.stop()
    done = hive.hivectl("web", status=5)
    assert f"rbee-hive-bridge --config {hive.directory}/hive.conf" in done.stderr and "systemctl" not in done.stderr
