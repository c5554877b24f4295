# SPDX-License-Identifier: LGPL-2.1-or-later
"""Whatever a catalog names, whatever a server answers and whatever a recipe does with its network: this machine itself, private networks
and what clouds tell their machines are not reached. No fetcher and no recipe is believed."""

import contextlib
import os
import shutil
import socket
import subprocess
import threading

import pytest
from gi.repository import GLib

from catalog import HttpCatalog, install_script, pkgbuild
from hub import Hub
from job import Job

# Tries to reach each ADDRESS@PORT, and each once more by the name of every device, past the routes.
TRY = r"""
import contextlib, socket, sys
def attempt(address, port, device, kind):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, kind) as attempt:
        attempt.settimeout(1)
        if device:
            attempt.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device.encode() + b"\0")
        attempt.connect((address, port))
        attempt.send(b"GET /reached HTTP/1.0\r\n\r\n")
for target in sys.argv[1:]:
    address, _, port = target.rpartition("@")
    for device in ("", *(name for _, name in socket.if_nameindex() if name != "lo")):
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
            with contextlib.suppress(OSError):
                attempt(address, int(port), device, kind)
print("all tried")
"""
# Says whether the abstract socket of that name can be connected to.
ABSTRACT = r"""
import socket, sys
try:
    socket.socket(socket.AF_UNIX).connect("\0" + sys.argv[1])
    print("connected")
except OSError as error:
    print("refused")
"""


def own_addresses():
    """Those of this machine that are not its loopback's; asked of the routing table, nothing is sent."""
    for family, probe in ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1")):
        with socket.socket(family, socket.SOCK_DGRAM) as sender, contextlib.suppress(OSError):
            sender.connect((probe, 9))
            if not sender.getsockname()[0].startswith("127."):
                yield sender.getsockname()[0]


@pytest.fixture
def own():
    addresses = [address for address in own_addresses() if "." in address]
    if not addresses:
        pytest.skip("needs a network: this machine has no address but its loopback's")
    return addresses[0]


class Listener:
    """Notes what comes to a port, on all of this machine's addresses or one; says the same to everybody."""

    def __init__(self, address="::", port=0, says=lambda request: b"HTTP/1.0 404 No\r\n\r\n"):
        self.came, self.says = [], says
        self.stream = socket.create_server(
            (address, port), family=socket.AF_INET6 if ":" in address else socket.AF_INET, dualstack_ipv6=address == "::"
        )
        self.port = self.stream.getsockname()[1]
        self.datagram = socket.socket(self.stream.family, socket.SOCK_DGRAM)
        if self.stream.family == socket.AF_INET6:
            self.datagram.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        self.datagram.bind((address, self.port))
        for answer in (self.accept, self.receive):
            threading.Thread(target=answer, daemon=True).start()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                peer, whence = self.stream.accept()
                self.came.append(whence)
                threading.Thread(target=self.answer, args=(peer,), daemon=True).start()

    def answer(self, peer):
        with peer, contextlib.suppress(OSError):
            peer.sendall(self.says(peer.recv(65536)))

    def receive(self):
        with contextlib.suppress(OSError):
            while True:
                self.came.append(self.datagram.recvfrom(65536))

    def close(self):
        for listening in (self.stream, self.datagram):
            with contextlib.suppress(OSError):
                listening.shutdown(socket.SHUT_RDWR)
            listening.close()


@pytest.fixture
def secret():
    listener = Listener()
    yield listener
    listener.close()


@pytest.fixture
def foreign(hive, own):
    """A catalog at an address that others could have too."""
    catalog = HttpCatalog(own)
    hive.configure("Catalog", URL=catalog.url)
    yield catalog
    catalog.close()


@pytest.fixture
def abstract():
    """The name of an abstract socket of this machine on which somebody listens."""
    name = f"rbee-test-{os.urandom(6).hex()}"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("\0" + name)
        listener.listen()
        yield name


def redirect(to):
    def answer(handler):
        handler.send_response(302)
        handler.send_header("Location", to)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return answer


def trying(targets):
    return f"python3 - {' '.join(targets)} <<'PYTHON'\n{TRY}PYTHON"


def internal(port):
    """This machine by all of its names, and what else is nobody's business."""
    names = ["127.0.0.1", "127.9.9.9", "0.0.0.0", "::1", "::", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::1", *own_addresses()]
    for address in own_addresses():
        if "." in address:
            words = "%02x%02x:%02x%02x" % tuple(map(int, address.split(".")))
            names += [f"::ffff:{address}", f"64:ff9b:1::{words}", f"2002:{words}::1"]
    return [f"{name}@{port}" for name in names]


# fetchers


def test_catalogs_own_files_are_not_fetched_from_this_machine(hive, foreign):
    """The list, the metadata and the PKGBUILD, by redirects and by an absolute pkgbuild_url."""
    elsewhere = HttpCatalog()
    recipe = pkgbuild("some")
    try:
        elsewhere.add("some", recipe)
        foreign.add("some", recipe)
        hive.installs("some")
        port = elsewhere.url.rpartition(":")[2]
        for path in ("/workers", "/workers/some", "/workers/some/PKGBUILD"):
            for host in ("127.0.0.1", "localhost", "[::ffff:127.0.0.1]"):
                there, foreign.answers[path] = foreign.answers[path], redirect(f"http://{host}:{port}{path}")
                hive.hivectl("list", "--available", status=None)
                hive.hivectl("install", "some", "--quiet", "--reinstall", status=None)
                foreign.answers[path] = there
        foreign.add("some", recipe, pkgbuild_url=f"{elsewhere.url}/workers/some/PKGBUILD")
        hive.install("some", reinstall=True).wait()
        assert not elsewhere.requests
    finally:
        elsewhere.close()


@pytest.mark.parametrize("program, scheme", [("svn", "svn+http"), ("hg", "hg+http"), ("git", "git+http")])
def test_repository_server_that_is_asked_by_its_own_tool_redirects_nowhere(hive, foreign, secret, own, program, scheme):
    """What looks at the address first finds a page there; the tool itself is sent on to this machine."""
    if not shutil.which(program):
        pytest.skip(f"{program} is not installed here")

    def says(request):
        if b"rbee-hive/" in request:
            return b"HTTP/1.0 200 OK\r\nContent-Type: text/html\r\nContent-Length: 0\r\n\r\n"
        return b"HTTP/1.0 301 Moved\r\nLocation: http://127.0.0.1:%d/x\r\nContent-Length: 0\r\n\r\n" % secret.port

    server = Listener(own, says=says)
    try:
        foreign.add("some", pkgbuild("some", source=[f"tree::{scheme}://{own}:{server.port}/x"], sha256sums=["SKIP"]))
        hive.refuses("some", "SourceUnavailable")
        assert server.came and not secret.came
    finally:
        server.close()


def test_name_that_changes_its_address_between_check_and_use_leads_nowhere(hive, foreign, own, tmp_path):
    """A name server that says what its owner likes: the catalog's address at first, this machine's loopback from then on."""
    if os.geteuid() != 0:
        pytest.skip("a name server of one's own needs root")
    answers, port = [], int(foreign.url.rpartition(":")[2])
    secret = Listener("127.0.0.1", port)

    def name_server():
        with contextlib.suppress(OSError):
            while True:
                query, whence = server.recvfrom(512)
                end = query.index(b"\0", 12) + 5
                four = query[end - 4 : end - 2] == b"\0\1"
                answers.append(socket.inet_aton(own if len(answers) < 1 else "127.0.0.1"))
                record = b"\xc0\x0c\0\1\0\1\0\0\0\0\0\4" + answers[-1] if four else b""
                server.sendto(query[:2] + b"\x81\x80\0\1\0" + (b"\1" if four else b"\0") + b"\0\0\0\0" + query[12:end] + record, whence)

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.77.0.53", 53))
        threading.Thread(target=name_server, daemon=True).start()
        resolver = tmp_path / "resolv.conf"
        resolver.write_text("nameserver 127.77.0.53\noptions timeout:2\n")
        hive.wrapper = ["unshare", "--mount", "sh", "-c", f'mount --bind {resolver} "$(readlink -f /etc/resolv.conf)" && exec "$@"', "--"]
        foreign.answers["/x"] = (200, "text/plain", b"x")
        for source in (f"tree::git+http://rebinding.example:{port}/x", f"x::http://rebinding.example:{port}/x"):
            foreign.add("some", pkgbuild("some", source=[source], sha256sums=["SKIP"]))
            hive.refuses("some", "SourceUnavailable")
        assert len(answers) > 1 and not secret.came
        secret.close()


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "localhost", "0.0.0.0"])
def test_hub_of_models_leads_to_nothing_of_this_machine(hive, own, secret, host):
    hub = Hub(own)
    hub.location = f"http://{host}:{secret.port}/model"
    hive.configuration["Models"] = {"HubURL": hub.url}
    try:
        job = Job(hive, hive.call("PullModel", GLib.Variant("(sa{sv})", (hub.put("owner/repo", "some.gguf", b"some"), {}))))
        end = job.wait()
        assert (end.result, end.error) == ("failed", "SourceUnavailable"), job.log_text()
        assert not secret.came and any("/resolve/" in path for path, _ in hub.asked)
    finally:
        hub.close()


def test_name_of_a_catalog_gives_it_no_address_of_this_machine(hive, secret):
    """localhost is this machine by everybody's word; another name only by its owner's."""
    hive.configure("Catalog", URL=f"http://{socket.gethostname()}:{secret.port}")
    hive.refuses("some", "CatalogUnavailable")
    assert not secret.came


def test_fetcher_that_was_taken_over_reaches_no_abstract_socket(hive, abstract):
    """Of a catalog on this machine, whose fetchers have this machine's network."""
    libexec = hive.directory / "libexec"
    shutil.copytree(hive.build.libexec, libexec)
    (libexec / "rbee-hive-fetch").unlink()
    (libexec / "rbee-hive-fetch").write_text(f"#!/bin/sh\nexec python3 - {abstract} >&2 <<'PYTHON'\n{ABSTRACT}PYTHON\n")
    (libexec / "rbee-hive-fetch").chmod(0o755)
    hive.configure("Hive", LibexecDirectory=libexec)
    hive.catalog.add("some", pkgbuild("some", source=["x::http://localhost:1/x"], sha256sums=["SKIP"], build='cat "$srcdir/x"'))
    job = hive.install("some")
    job.wait()
    said = [record.text for record in job.records()]
    assert "refused" in said and "connected" not in said


# recipes


def test_functions_with_the_network_reach_nothing_of_this_machine(hive, secret):
    tried = trying(internal(secret.port))
    hive.catalog.add("some", pkgbuild("some", extra=f"prepare() {{\n{tried}\n}}", build=tried))
    job = hive.installs("some")
    assert job.lines().count("all tried") == 2
    assert not secret.came


def test_functions_with_the_network_reach_no_cloud_and_no_private_network(hive):
    """That nobody is there cannot be told from being kept away: the kernel's own word is asked."""
    addresses = [
        "169.254.169.254",
        "100.100.100.200",
        "168.63.129.16",
        "192.0.0.192",
        "fd00:ec2::254",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.0.1",
        "100.64.0.1",
        "fd12::1",
        "64:ff9b::a00:1",
        "64:ff9b:1::1",
        "2001::1",
        "2002:a00:1::1",
        "fec0::1",
        "ff02::1",
        "224.0.0.251",
    ]
    script = (
        "import errno, socket, sys\nfor address in sys.argv[1:]:\n    attempt = socket.socket(socket.AF_INET6 if ':' in address else socket.AF_INET, "
        "socket.SOCK_DGRAM)\n    try:\n        attempt.connect((address, 80))\n        print('open', address)\n    except OSError as error:\n"
        "        print('closed', errno.errorcode[error.errno])\n"
    )
    hive.catalog.add("some", pkgbuild("some", build=f"python3 - {' '.join(addresses)} <<'PYTHON'\n{script}PYTHON"))
    lines = hive.installs("some").lines()
    assert not [line for line in lines if line.startswith("open")]
    assert len([line for line in lines if line.startswith("closed")]) == len(addresses)


def test_functions_reach_no_abstract_socket_of_this_machine(hive, abstract):
    said = f"python3 - {abstract} <<'PYTHON'\n{ABSTRACT}PYTHON"
    hive.catalog.add("some", pkgbuild("some", extra=f"prepare() {{\n{said}\n}}", build=said))
    assert hive.installs("some").lines().count("refused") == 2


def test_functions_share_the_jobs_network_which_package_has_nothing_of(hive):
    said = "echo own $(readlink /proc/self/ns/net)"
    hive.catalog.add("some", pkgbuild("some", extra=f"prepare() {{\n{said}\n}}", build=said, package=f"{install_script('some')}\n{said}"))
    prepared, built, packaged = [line for line in hive.installs("some").lines() if line.startswith("own ")]
    assert prepared == built != packaged


def test_functions_cannot_change_their_network(hive):
    hive.catalog.add(
        "some",
        pkgbuild(
            "some",
            build='for what in "link set lo down" "route add 10.0.0.0/8 dev lo" "route del default"; do\n'
            "  ip $what 2>/dev/null && echo changed || echo denied\ndone; true",
        ),
    )
    lines = hive.installs("some").lines()
    assert "changed" not in lines and lines.count("denied") == 3


def test_administrators_word_opens_an_address_and_a_port_of_loopback(hive, own, secret):
    other = Listener()
    try:
        hive.configuration["Network"] = {"Allow": f"{own}/32;127.0.0.1:{secret.port}"}
        hive.catalog.add("some", pkgbuild("some", build=trying([f"{own}@{other.port}", f"127.0.0.1@{secret.port}"])))
        hive.installs("some")
        assert other.came and secret.came
        other.came.clear()
        hive.catalog.add("some", pkgbuild("some", build=trying([f"127.0.0.1@{other.port}", f"::1@{other.port}"])))
        hive.installs("some")
        assert not other.came
    finally:
        other.close()


# A machine whose one link leads to a neighbour that serves, and nowhere else; the arguments are rbee-hive-network and what it may reach.
NEIGHBOUR = r"""
PATH=$PATH:/usr/sbin:/sbin
unshare --net sleep 1000 & neighbour=$!
trap 'kill $neighbour $server' EXIT
until [ "$(readlink /proc/$neighbour/ns/net)" != "$(readlink /proc/self/ns/net)" ]; do sleep 0.05; done
ip link set lo up
ip link add here type veth peer name there netns $neighbour
ip address add 10.9.8.2/24 dev here
ip link set here up
nsenter --net=/proc/$neighbour/ns/net sh -c 'ip address add 10.9.8.3/24 dev there; ip link set there up; exec python3 -m http.server 8080' >/dev/null 2>&1 & server=$!
until curl --silent --output /dev/null http://10.9.8.3:8080/; do sleep 0.1; done
"$@" /usr/bin/curl --silent --show-error --max-time 5 --output /dev/null http://10.9.8.3:8080/ && echo reached
"""


@pytest.mark.root
def test_machine_without_a_way_to_the_world_reaches_a_neighbour_that_is_allowed(build):
    def reaches(*allowed):
        network = (build.libexec / "rbee-hive-network", f"--pasta={shutil.which('pasta')}", *allowed, "--")
        tried = subprocess.run(["unshare", "--net", "sh", "-c", NEIGHBOUR, "sh", *network], capture_output=True, text=True, timeout=60)
        return tried.stdout.endswith("reached\n"), tried.stderr

    assert reaches("--allow=10.9.8.0/24") == (True, "")
    reached, why = reaches()
    assert not reached and "Couldn't connect" in why
