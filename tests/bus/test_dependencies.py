# SPDX-License-Identifier: LGPL-2.1-or-later
"""What this machine has of what recipes need: in a job's log, in the catalog, and in dependencies.conf."""

import configparser
import json
import os
import re
import shlex
import shutil

import pytest

from build import SOURCE
from catalog import pkgbuild

FAMILIES = ("debian", "fedora", "suse", "arch")
COMMAND = re.compile(r"sudo (apt install|dnf install|zypper install|pacman -S --needed) (.+)")
RECORDS = {"debian-12": "debian", "debian-13": "debian", "ubuntu-24.04": "ubuntu"}


def rule(name, probe, packages="", **keys):
    keys = {"probe": probe, **keys, **{family: packages for family in FAMILIES}}
    return f"[{name}]\n" + "".join(f"{key}={value}\n" for key, value in keys.items())


@pytest.fixture
def ruled(hive):
    """A hive whose rules are these."""
    path = hive.directory / "dependencies.conf"
    path.write_text(
        rule("there", "command:sh")
        + rule("gone", "command:no-such-command;library:libno-such.so", "gone-bin gone-dev")
        + rule("lost", "file:/usr/no-such/*", "lost-dev")
        + rule("old", "command:sh", "old-dev", version="echo old 1.2.3")
        + rule("mute", "file:/usr/bin/env", "mute-dev")
        + rule("half", "module:no-such-module", "half-dev", run="library:libc.so")
    )
    hive.configure("Build", DependencyRules=path)
    return hive


def packages(command):
    match = COMMAND.fullmatch(command)
    return match and match[2].split()


def checked(job):
    lines = job.lines()
    return lines[lines.index("🔧 Checking dependencies...") + 1 :]


# in a job


def test_what_is_missing_says_which_command_installs_it(ruled):
    ruled.catalog.add("needy", pkgbuild("needy", depends=["there", "gone"], makedepends=["lost", "gone"]))
    job = ruled.refuses("needy", "MissingDependencies")
    *lines, command, error = checked(job)
    assert lines == ["❌ Missing dependencies", "Runtime: there ✓, gone ✗", "Build: lost ✗, gone ✗"]
    assert packages(command.removeprefix("Install with: ")) == ["gone-bin", "gone-dev", "lost-dev"]
    assert error == "[ERROR] Please install gone, lost before proceeding"
    ruled.nothing_left()


def test_version_that_will_not_do_says_which_is_here(ruled):
    ruled.catalog.add("needy", pkgbuild("needy", depends=["old>=1.2", "old>=1.10", "there"]))
    job = ruled.refuses("needy", "MissingDependencies")
    assert job.finished().message == "Please install old>=1.10 before proceeding"
    assert "Runtime: old>=1.2 ✓, old>=1.10 ✗ (1.2.3 is here), there ✓" in job.lines()


def test_library_of_another_version_is_missing(ruled):
    ruled.catalog.add("needy", pkgbuild("needy", depends=["libc.so=5-64", "libc.so=6-64"]))
    job = ruled.refuses("needy", "MissingDependencies")
    assert "Runtime: libc.so=5-64 ✗ (6-64 is here), libc.so=6-64 ✓" in job.lines()
    assert not [line for line in job.lines() if line.startswith("Install with")]


def test_what_nobody_knows_is_told_and_the_build_goes_on(ruled):
    ruled.catalog.add("curious", pkgbuild("curious", depends=["there", "ttf-of-nowhere"], makedepends=["mute>=2"]))
    assert checked(ruled.installs("curious"))[:4] == [
        "✓ Runtime: there",
        "⚠ ttf-of-nowhere: not known here, and nothing of that name: going on",
        "✓ Build: none that is known",
        "⚠ mute>=2: the version of /usr/bin/env cannot be read: going on",
    ]


def test_what_nobody_knows_is_marked_where_something_is_missing(ruled):
    ruled.catalog.add("needy", pkgbuild("needy", depends=["ttf-of-nowhere", "gone"]))
    assert "Runtime: ttf-of-nowhere ?, gone ✗" in ruled.refuses("needy", "MissingDependencies").lines()


def test_without_a_package_manager_to_ask_what_is_missing_is_named_with_what_to_type(ruled):
    ruled.catalog.add("some-worker", pkgbuild("some-worker", makedepends=["gone"]))
    ruled.refuses(
        "some-worker",
        "MissingDependencies",
        "Could not install gone-bin, gone-dev: ",
        "There is no PackageKit here",
        "by hand: ",
        install_dependencies=True,
    )


@pytest.fixture
def liar(ruled):
    """A hive whose builders ask for what the test says, as a recipe would that had taken over its builder."""
    libexec = ruled.directory / "libexec"
    libexec.mkdir()
    for program in ruled.build.libexec.iterdir():
        (libexec / program.name).symlink_to(program)
    builder = libexec / "rbee-hive-builder"
    builder.unlink()

    def asks(names):
        question = json.dumps({"install-dependencies": names})
        builder.write_text(
            "#!/bin/bash\nfor word; do [[ $word != --query ]] || exec "
            f'{ruled.build.libexec}/rbee-hive-builder "$@"; done\n'
            f"printf '2026-11-24T00:00:00.000000Z dependencies result %s\\n' {shlex.quote(question)}\nsleep 86389\n"
        )
        builder.chmod(0o755)

    ruled.configure("Hive", LibexecDirectory=libexec)
    ruled.catalog.add("some-worker")
    ruled.asks = asks
    return ruled


def test_builder_gets_no_packages_for_a_job_that_may_not_have_them(liar):
    liar.asks(["gone"])
    liar.refuses("some-worker", "BuildFailed", "packages that it may not have")


@pytest.mark.parametrize(
    "names, error, words",
    [
        (["--allow-untrusted"], "RecipeInvalid", "--allow-untrusted"),
        (["/etc/passwd"], "RecipeInvalid", "/etc/passwd"),
        (["gone"] * 201, "BuildFailed", "may not have"),
        (["no-such-name"], "MissingDependencies", "no package is known"),
    ],
)
def test_builder_gets_no_packages_but_those_that_the_rules_name(liar, names, error, words):
    liar.asks(names)
    liar.refuses("some-worker", error, words, install_dependencies=True)


def test_name_that_is_none_is_refused(ruled):
    ruled.catalog.add("bad", pkgbuild("bad", depends=["there", "$(reboot)"]))
    ruled.refuses("bad", "RecipeInvalid", "$(reboot)")


def test_packages_of_one_recipe_are_asked_for_each_but_not_for_each_other(ruled):
    """Whatever their functions make of depends; what the recipe itself says is what it is built by."""
    ruled.catalog.add(
        "split",
        pkgbuild(
            "split",
            depends=["there"],
            package="",
            extra="""pkgname=(split extra)
package_split() { depends=(there gone); }
package_extra() { depends=("split=1.0-1" lost split); }""",
        ),
    )
    lines = ruled.refuses("split", "MissingDependencies", "gone, lost").lines()
    assert "Runtime: there ✓, gone ✗, lost ✗" in lines


def test_what_was_built_elsewhere_needs_its_libraries_alone(ruled):
    """Without what others are built with, which a recipe that builds needs of its depends too."""
    ruled.catalog.add("prebuilt", pkgbuild("prebuilt", depends=["half"]))
    assert "✓ Runtime: half" in ruled.installs("prebuilt").lines()
    ruled.catalog.add("built", pkgbuild("built", depends=["half"], build="true"))
    ruled.refuses("built", "MissingDependencies", "half")
    ruled.catalog.add("maker", pkgbuild("maker", depends=["half"], makedepends=["half"]))
    ruled.refuses("maker", "MissingDependencies", "half")
    for name, missing in (("prebuilt", False), ("built", True)):
        needs = json.loads(
            ruled.hivectl("recipe", "--check", "--json", ruled.catalog.folder(name) / "PKGBUILD", "--config", ruled.directory / "hive.conf").stdout
        )
        assert needs["missing"] == (["half"] if missing else [])


def test_catalog_says_of_each_kind_what_it_lacks(ruled):
    whole = {
        "id": "many",
        "version": "1",
        "name": "Many",
        "variants": [
            {
                "backend": "cpu",
                "platforms": ["linux"],
                "architectures": ["x86_64", "aarch64"],
                "pkgbuildUrl": "/bin",
                "pkgbuildUrlGit": "/git",
                "depends": ["half"],
                "makedepends": ["there"],
                "binaryName": "many",
                "installPath": "/usr/local/bin",
            }
        ],
    }
    ruled.catalog.add("many")
    (ruled.catalog.folder("many") / "worker.json").write_text(json.dumps(whole))
    ruled.catalog.add("built", depends=["half"])
    workers = {worker["id"]: worker for worker in ruled.call("ListCatalog", {}, signature="(a{sv})")}
    assert (workers["many"]["sources"], workers["many"]["missing"], workers["built"]["missing"]) == (["binary", "git"], [], ["half"])


def test_rules_that_cannot_be_read_fail_the_job_and_are_named(hive):
    hive.configure("Build", DependencyRules=hive.directory / "none.conf")
    hive.catalog.add("some", pkgbuild("some", depends=["gcc"]))
    hive.refuses("some", "Failed", "none.conf")
    assert hive.call("GetCatalogWorker", "some")["missing"] == []


# in the catalog


def test_catalog_tells_what_is_missing_and_what_installs_it(ruled):
    ruled.catalog.add("fine", depends=["there", "old"])
    ruled.catalog.add("needy", depends=["there", "gone", "old>=2"], makedepends=["lost", "gone", "ttf-of-nowhere", "no name"])
    fine, needy = (
        next(worker for worker in ruled.call("ListCatalog", {}, signature="(a{sv})") if worker["id"] == name) for name in ("fine", "needy")
    )
    assert (fine["missing"], fine["unknown"], fine["install_command"]) == ([], [], "")
    assert (needy["missing"], needy["unknown"]) == (["gone", "old>=2", "lost"], ["ttf-of-nowhere", "no name"])
    assert packages(needy["install_command"]) == ["gone-bin", "gone-dev", "old-dev", "lost-dev"]
    assert ruled.call("GetCatalogWorker", "needy") == needy


def test_hivectl_shows_what_is_missing(ruled):
    ruled.catalog.add("needy", depends=["gone", "nobody-knows"])
    ruled.catalog.add("needier", depends=["gone", "lost", "old>=2"])
    lines = {line.split()[0]: line for line in ruled.hivectl("catalog").stdout.splitlines()}
    assert "lacks gone " in lines["needy"] and "lacks gone +2 " in lines["needier"]
    fields = dict(re.split(r":\s+", line, maxsplit=1) for line in ruled.hivectl("show", "needy").stdout.splitlines())
    assert (fields["Missing here"], fields["Not known here"]) == ("gone", "nobody-knows")
    assert packages(fields["Install with"]) == ["gone-bin", "gone-dev"]


def test_hivectl_says_how_what_is_missing_comes_along(ruled):
    ruled.catalog.add("needy", pkgbuild("needy", depends=["gone"]))
    hint = "hivectl: 'hivectl install --install-dependencies needy' installs what is missing too\n"
    assert ruled.hivectl("install", "needy", status=1).stderr == hint
    assert hint not in ruled.hivectl("install", "--install-dependencies", "needy", status=1).stderr
    assert hint not in ruled.hivectl("install", "--quiet", "needy", status=1).stderr


def test_whole_catalog_is_looked_at_in_one_sandbox(ruled):
    folder, count = ruled.directory / "counted", ruled.directory / "count"
    folder.mkdir()
    (folder / "bwrap").write_text(f'#!/bin/sh\necho >> {count}\nexec {shutil.which("bwrap")} "$@"\n')
    (folder / "bwrap").chmod(0o755)
    count.touch()
    count.chmod(0o666)
    ruled.environment["PATH"] = f"{folder}:{os.environ['PATH']}"
    for number in range(50):
        ruled.catalog.add(f"w{number}", depends=[f"tool-{number}", "gone"], makedepends=["there", f"lib{number}.so"])
    listed = ruled.call("ListCatalog", {}, signature="(a{sv})")
    assert len(listed) == 50 and all(worker["missing"][0] == "gone" for worker in listed)
    assert len(count.read_text()) == 2  # the other one tells whether there are sandboxes here at all


def test_catalog_is_listed_where_no_sandbox_can_be_made(ruled):
    folder = ruled.directory / "denied"
    folder.mkdir()
    (folder / "bwrap").write_text("#!/bin/sh\necho 'bwrap: setting up uid map: Permission denied' >&2\nexit 1\n")
    (folder / "bwrap").chmod(0o755)
    ruled.environment["PATH"] = f"{folder}:{os.environ['PATH']}"
    ruled.catalog.add("some", depends=["there", "gone"])
    worker = ruled.call("GetCatalogWorker", "some")
    assert (worker["missing"], worker["unknown"], worker["install_command"]) == ([], ["there", "gone"], "")


# dependencies.conf


@pytest.fixture(scope="module")
def rules():
    parser = configparser.ConfigParser(interpolation=None, delimiters="=", comment_prefixes="#")
    parser.optionxform = str
    parser.read(SOURCE / "data/dependencies.conf")
    return parser


def read_record(release):
    """{name: ({package: component}, {probe: file})}"""
    found = {}
    for line in (SOURCE / f"tests/packages/{release}.tsv").read_text().splitlines():
        if not line.startswith("#"):
            name, titles, files = line.split("\t")
            versions = dict(title.split("=", 1) for title in titles.split())
            found[name] = (
                {package: version.rpartition("/")[2] for package, version in versions.items()},
                dict(each.rsplit("=", 1) for each in files.split()),
            )
    return found


def test_enough_names_are_verified(rules):
    assert len(rules.sections()) >= 150
    assert sum("debian-12" in rules[name].get("verified", "").split() for name in rules.sections()) >= 150


@pytest.mark.parametrize("release", RECORDS)
def test_verified_names_are_as_the_distributions_index_has_them(rules, release):
    """The record was made from the index itself, by tests/packages/record."""
    verified = {name for name in rules.sections() if release in rules[name].get("verified", "").split()}
    if not (SOURCE / f"tests/packages/{release}.tsv").exists():
        assert not verified
        return
    recorded = read_record(release)
    assert verified == set(recorded)
    for name in verified:
        bringing, files = recorded[name]
        assert rules[name].get(RECORDS[release], rules[name].get("debian")).split() == list(bringing), name
        alternatives = [part.split() for part in rules[name]["probe"].split(";")]
        assert not files or list(files) in alternatives, name


def test_shipped_rules_are_read(hive):
    """All of them, with their versions, by the real thing."""
    shipped = (SOURCE / "data/dependencies.conf").read_text()
    names = re.findall(r"^\[(.*)\]$", shipped, re.MULTILINE)
    hive.catalog.add("all", depends=[f"{name}>=0" for name in names], makedepends=["gcc", "make>=3", "glibc>=2"])
    worker = hive.call("GetCatalogWorker", "all")
    assert set(worker["missing"]) | set(worker["unknown"]) < {f"{name}>=0" for name in names}
    assert not {"gcc", "make>=3", "glibc>=2"} & set(worker["missing"] + worker["unknown"])
    assert json.dumps(worker["install_command"]).count("cuda") <= 2
