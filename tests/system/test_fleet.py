# SPDX-License-Identifier: LGPL-2.1-or-later
"""docs/ADMINISTRATION.md, "Forty machines", on five that share a bridge: its playbook and its commands are run as they stand there."""

import os
import re
import shutil
import threading

import pytest

from build import SOURCE
from catalog import pkgbuild, sha256
from fleet import Fleet
from registry import PASSWORD
from waiting import wait_until

SOURCE_C = '#include <stdio.h>\nint main (void) { puts ("The binary runs"); return 0; }\n'
ENVIRONMENT = {"LC_ALL": "C.UTF-8", "ANSIBLE_PIPELINING": "1"}


def compiled(name):
    """A worker that it takes a compiler to build."""
    return pkgbuild(
        name,
        source=["one.c"],
        sha256sums=[sha256(SOURCE_C)],
        build=f'echo This was built here; cc -o {name} "$srcdir/one.c"',
        package=f'install -Dm755 "$srcdir/{name}" "$pkgdir/usr/local/bin/{name}"',
        makedepends=["gcc"],
    )


def documented(language, name):
    """The block of that section that begins with a comment that names a file."""
    section = (SOURCE / "docs/ADMINISTRATION.md").read_text().partition("### Forty machines\n")[2].partition("\n### ")[0]
    return re.search(rf"^```{language}\n(# {name}\n.*?)^```$", section, re.MULTILINE | re.DOTALL)[1]


@pytest.fixture(scope="module")
def fleet(system_build):
    if "RBEE_TEST_ALL" not in os.environ:
        pytest.skip("five machines: tools/test --all, or RBEE_TEST_ALL=1")
    if not shutil.which("ansible-playbook", path="/usr/bin"):
        pytest.skip("there is no ansible-playbook in /usr/bin")
    fleet = Fleet(system_build)
    yield fleet
    fleet.close()


@pytest.fixture(scope="module")
def site(fleet):
    """The folder of the playbook on the first machine, and what runs it."""
    folder = fleet.builder.path("/srv/site")
    folder.mkdir()
    shutil.copy(fleet.signer.public, folder / "builder.pub")
    shutil.copy(fleet.signer.secret, folder / "builder.key")
    shutil.copy(fleet.authority.path, folder / "ca.pem")
    (folder / "registry").write_text(PASSWORD + "\n")
    (folder / "hosts").write_text(documented("ini", "hosts"))
    # What a reader changes: the addresses, and that each machine here has the package.
    book = documented("yaml", "site.yml").replace("https://registry.example/builds/rbee", fleet.gate.url)
    book = re.sub(
        r"^( +)rbee_hive_configuration:$", rf'\1rbee_hive_package: ""\n\g<0>\n\1  Catalog: {{URL: "{fleet.catalog.url}"}}', book, flags=re.M
    )
    (folder / "site.yml").write_text(book)
    fleet.catalog.add("llama-cpp-server", compiled("llama-cpp-server"), {"one.c": SOURCE_C}, makedepends=["gcc"])

    def play(*arguments):
        told = fleet.builder.run(
            *("ansible-playbook", "-i", "/srv/site/hosts", *arguments, "/srv/site/site.yml"), timeout=300, environment=ENVIRONMENT
        ).stdout
        return {name: int(changed) for name, changed in re.findall(r"^(\w+) .*\bchanged=(\d+)", told, re.MULTILINE)}

    return play


def runs(member, name):
    return member.run(f"/usr/local/bin/{name}").stdout == "The binary runs\n"


def test_playbook_of_the_manual_has_one_build_and_the_others_install_that(fleet, site):
    assert all(changed > 0 for changed in site().values())
    assert "This was built here" in fleet.builder.hivectl("log", "1").stdout
    for member in fleet.others:
        assert member.run("cc", "--version", status=None).returncode != 0
        assert "✓ Ready build from shelf" in member.log() and "This was built here" not in member.log(), member.log()
        assert runs(member, "llama-cpp-server")
    assert site() == dict.fromkeys(("alpha", "beta", "gamma", "delta", "epsilon"), 0)
    assert site("--check", "--diff", "--limit", "alpha,beta") == {"alpha": 0, "beta": 0}


def test_hivectl_asks_them_all_by_ssh(fleet, site):
    told = fleet.on_others("list").stdout
    for member in fleet.others:
        assert re.search(rf"^{member.name} +llama-cpp-server ", told, re.MULTILINE), told
        assert re.search(rf"^{member.name} +0 +done$", told, re.MULTILINE), told
    refused = fleet.on_others("install", "nothing", status=3)
    assert refused.stdout.count("there is no such worker or job") == len(fleet.others)
    nobody = fleet.builder.hivectl("--host", "beta,nowhere.invalid", "list", status=5)
    assert re.search(r"^beta +0 +done$", nobody.stdout, re.MULTILINE) and "nowhere.invalid" in nobody.stderr


def test_registry_that_dies_in_the_middle_has_them_build_or_say_why_not(fleet, site):
    fleet.catalog.add("two", compiled("two"), {"one.c": SOURCE_C}, makedepends=["gcc"])
    fleet.catalog.add("three", pkgbuild("three", build="echo This was built here"))
    fleet.gate.seen.clear()
    fleet.builder.hivectl("install", "two")
    wait_until(lambda: "✓ Pushed to" in fleet.builder.log(), what="the push")
    served, turn = [], threading.Lock()

    def dies_after_two(passage):
        with turn:
            if passage.command == "GET" and passage.what == tree and "Authorization" in passage.headers:
                served.append(passage.client_address[0])
                if len(served) > 2:
                    fleet.registry.kill()
                    passage.hang_up()
                else:
                    passage.forward()
                    passage.answered = True

    # A push asks for its tree first; an install asks without the password, and then with it.
    tree = [what for method, what, _ in fleet.gate.seen if method == "HEAD" and what.startswith("blobs/")][0]
    fleet.gate.rule = dies_after_two
    fleet.on_others("install", "two", status=1)
    ready = [member for member in fleet.others if "✓ Ready build from shelf" in member.log()]
    assert [member.address for member in ready] == sorted(served[:2])
    for member in ready:
        assert runs(member, "two")
    for member in set(fleet.others) - set(ready):
        assert "cannot be reached" in member.log() and "gcc" in member.log(), member.log()
        assert "two" not in member.installed()

    fleet.on_others("install", "three")
    for member in fleet.others:
        assert "⚠ Store shelf is of no use" in member.log() and "This was built here" in member.log(), member.log()

    fleet.gate.rule = lambda passage: None
    fleet.registry.start()
    fleet.on_others("install", "two")
    assert all(runs(member, "two") for member in fleet.others)
