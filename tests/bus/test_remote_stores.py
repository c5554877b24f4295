# SPDX-License-Identifier: LGPL-2.1-or-later
"""A registry on another machine: the hive has a network of its own here, with one neighbour, on which the registry and others are."""

import contextlib
import pathlib
import tempfile

import pytest

from neighbours import FAR, NOBODY, PRIVATE, THERE, Neighbours
from registry import PASSWORD, REPOSITORY, Gate, Registry
from stores import is_ready
from test_registry_stores import asks, credential, fill, is_built
from test_tls import trust
from tls import Authority

pytestmark = pytest.mark.root


@pytest.fixture
def made():
    with contextlib.ExitStack() as stack:
        yield lambda thing: stack.enter_context(contextlib.closing(thing))


@pytest.fixture
def neighbours(made):
    return made(Neighbours())


@pytest.fixture
def authority(hive):
    """Whom the hive's machine trusts."""
    with tempfile.TemporaryDirectory(prefix="rbee-hive-test.", dir="/var/tmp") as folder:
        pathlib.Path(folder).chmod(0o755)
        authority = Authority(pathlib.Path(folder), "world")
        trust(hive, authority)
        yield authority


@pytest.fixture
def remote(hive, made, neighbours, authority):
    """A registry with a password over there, which has a build that the hive pushed; the hive is on its machine now."""
    registry = made(Registry(password=True))
    names = [f"IP:{address}" for address in (THERE, FAR, PRIVATE)]
    gate = made(Gate(registry, context=authority.context(*names), listener=neighbours.there.listen(THERE)))
    hive.wrapper = [*neighbours.here.enter, *hive.wrapper]
    key = fill(hive, gate.url, TokenCredential=credential(hive))
    gate.tree = next(what for method, what, _ in gate.seen if method == "HEAD" and what.startswith("blobs/"))
    gate.context, gate.key = authority.context(*names), key
    return gate


def leads(remote, where):
    """The registry sends on to @where for the tree."""

    def rule(passage):
        if passage.command == "GET" and passage.what == remote.tree and passage.headers.get("Authorization"):
            passage.answer(307, Location=where)

    remote.rule = rule


def test_a_registry_keeps_its_blobs_with_another_host_which_is_not_told_the_password(hive, made, neighbours, remote):
    """As those do that have them in a bucket."""
    bucket = made(Gate(remote.registry, context=remote.context, listener=neighbours.there.listen(FAR)))
    told = []

    def rule(passage):
        told.append(dict(passage.headers))
        passage.answer(200, remote.registry.blob(remote.tree))

    bucket.rule = rule
    leads(remote, f"https://{FAR}:{bucket.port}/bucket/x?signature=abc")
    is_ready(hive.installs("one"))
    assert told and not any("Authorization" in headers or PASSWORD in str(headers) for headers in told)
    hive.nothing_left()


@pytest.mark.parametrize("address, where", [(FAR, "there"), (PRIVATE, "there"), ("127.0.0.1", "here")])
def test_a_registry_leads_nobody_to_an_open_line_a_private_address_or_this_machine(hive, neighbours, remote, address, where):
    with getattr(neighbours, where).listen(address) as trap:
        trap.setblocking(False)
        scheme, why = ("http", "redirects to what is not https") if address == FAR else ("https", "to which the store must not lead")
        leads(remote, f"{scheme}://{address}:{trap.getsockname()[1]}/x")
        is_built(hive.installs("one"), why)
        with pytest.raises(BlockingIOError):
            trap.accept()
    hive.nothing_left()


def test_an_address_of_which_nothing_comes_back_is_told_once_and_it_is_built(hive, neighbours):
    hive.wrapper = neighbours.here.enter
    asks(hive, f"https://{NOBODY}/{REPOSITORY}")
    is_built(hive.installs("one"), "Store shelf is of no use", f"https://{NOBODY} does not answer in time")
    hive.nothing_left()
