# SPDX-License-Identifier: LGPL-2.1-or-later
"""The manual: its pages are well-formed and fit 80 columns, say what the programs, the configuration and the D-Bus interfaces are, no more
and no less, and their examples work."""

import os
import re
import shutil
import subprocess
import xml.etree.ElementTree as ElementTree

import pytest

from build import SOURCE
from job import FINAL, Job
from waiting import wait_until

pytestmark = pytest.mark.plain

PAGES = (
    "hivectl.1",
    "rbee-hive-notifier.1",
    "rbee-hive-window.1",
    "hive.conf.5",
    "org.rbee.Hive.5",
    "rbee-hived.8",
    "rbee-hive-bridge.8",
    "rbee-hive-builder.8",
    "rbee-hive-commit.8",
)
# Where there is no GTK, there is no window.
OPTIONAL = "rbee-hive-window.1"
ALIASES = {
    "hive.conf.d.5": "hive.conf.5",
    "rbee-hive-fetch.8": "rbee-hive-builder.8",
    "rbee-hive-needs.8": "rbee-hive-builder.8",
    "rbee-hived.service.8": "rbee-hived.8",
}
COMMON = {"--host", "--no-ask-password", "--no-pager", "--json", "--color", "--version", "--help"}


@pytest.fixture(scope="module")
def manual(build):
    """The installed folder man/."""
    if not shutil.which("man"):
        pytest.skip("man is not installed here")
    return build.path(build.options["prefix"], build.options["mandir"])


@pytest.fixture(params=PAGES)
def page(request, build):
    if request.param == OPTIONAL and not (build.libexec / "rbee-hive-window").exists():
        pytest.skip("rbee-hive-window was not built")
    return request.param


def path_of(manual, page):
    return manual / f"man{page[-1]}" / page


def run(*command, **environment):
    environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", **environment}
    return subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)


def shown(manual, page):
    """A page as a terminal of 80 columns shows it, without bold and underlined, indented by 7: groff 1.23 indents by 5 unless told."""
    done = run("man", "--local-file", path_of(manual, page), MANWIDTH="80", MANROFFOPT="-rIN=7n", PAGER="cat", MANPAGER="cat", GROFF_NO_SGR="1")
    assert done.returncode == 0, done.stderr
    return re.sub(".\b", "", done.stdout)


def sections(text):
    """{heading: text}, a subheading's text also under its own name."""
    parts = re.split(r"^(?: {3})?(\S.*)\n", text, flags=re.MULTILINE)
    found = {}
    for heading, body in zip(parts[1::2], parts[2::2]):
        found[heading] = found.get(heading, "") + body
    return found


def whole_sections(text):
    """{heading: text with its subsections}."""
    parts = re.split(r"^(\S.*)\n", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2]))


def plain(line):
    """What a line of a page's source says, without its macro, fonts and escapes."""
    macro, _, text = line.partition(" ") if line.startswith(".") else ("", "", line)
    if len(macro) == 3:  # of two fonts, by turns: its arguments are one word
        text = "".join(part.strip('"') for part in re.findall(r'"[^"]*"|\S+', text))
    text = re.sub(r"\\f.|\\[|&%]", "", text)
    return text.replace("\\-", "-").replace("\\~", " ").strip('"')


def entries(manual, page, heading):
    """{tag: description} of the lists of a section or subsection, but not of lists in them."""
    source = path_of(manual, page).read_text()
    text = re.search(rf'^\.S[HS] "?{heading}"?\n(.*?)(?=^\.S[HS] |\Z)', source, re.MULTILINE | re.DOTALL)[1]
    text = re.sub(r"^\.RS\n.*?^\.RE\n", "", text, flags=re.MULTILINE | re.DOTALL)
    found = {}
    for item in re.split(r"^\.TP\n", text, flags=re.MULTILINE)[1:]:
        tag, *lines = re.split(r"^\.PP\n", item, flags=re.MULTILINE)[0].splitlines()
        found[plain(tag)] = " ".join(map(plain, lines))
    return found


def words(text):
    return re.sub(r"\s+", " ", text)


def long_options(text):
    return set(re.findall(r"^  (?:-\w, )?(--[a-z-]+)", text, re.MULTILINE))


# form


def test_page_is_well_formed(manual, page):
    done = run("man", "--warnings", "--encoding=UTF-8", "--local-file", "-Tutf8", "-Z", path_of(manual, page))
    assert done.returncode == 0 and done.stderr == ""
    if shutil.which("mandoc"):
        done = run("mandoc", "-Tlint", "-Wwarning", path_of(manual, page))
        assert done.returncode == 0, done.stdout
    assert not re.search("@[A-Z]+@", path_of(manual, page).read_text()), "a path was not filled in"


def test_page_fits_80_columns_and_has_the_usual_sections(manual, page):
    text = shown(manual, page)
    assert max(map(len, text.splitlines())) <= 80
    found = whole_sections(text)
    name, section = page.rpartition(".")[::2]
    assert f"{name.upper()}({section})" in text.splitlines()[0]
    assert {"NAME", "DESCRIPTION", "EXAMPLES", "SEE ALSO"} <= set(found)
    assert re.search(rf"^ {{7}}.*{re.escape(name)}.* - ", found["NAME"], re.MULTILINE)
    if section != "5":
        assert {"SYNOPSIS", "OPTIONS", "EXIT STATUS"} <= set(found)


def test_pages_that_are_named_are_there(manual):
    for page in (page for page in PAGES if page != OPTIONAL or path_of(manual, page).exists()):
        for name, section in re.findall(r"\b((?:rbee-|hive|org\.rbee)[\w.-]*)\((\d)\)", words(shown(manual, page))):
            assert f"{name}.{section}" == OPTIONAL or path_of(manual, f"{name}.{section}").exists(), f"{page} names {name}({section})"


def test_other_names_lead_to_their_pages(manual):
    for alias, page in ALIASES.items():
        assert path_of(manual, alias).read_text() == f".so man{page[-1]}/{page}\n"
        done = run("man", "-M", manual, "-w", alias[-1], alias[:-2])
        assert done.stdout.splitlines()[0].startswith(str(path_of(manual, page))), done.stderr


# hive.conf(5)


def configuration_keys(build):
    """{(group, name): default} of the tables in the program."""
    prefix = build.options["prefix"]
    folders = {
        "SYSCONFDIR": os.path.join(prefix, build.options["sysconfdir"]),
        "PKGDATADIR": os.path.join(prefix, build.options["datadir"], "rbee-hive"),
        "LOCALSTATEDIR": os.path.join(prefix, build.options["localstatedir"]),
        "LIBEXECDIR": os.path.join(prefix, build.options["libexecdir"], "rbee-hive"),
    }
    table = "\n".join(
        re.search(r"static const Key \w*keys\[\] = \{\n(.*?)\n\};", (SOURCE / "src/common" / name).read_text(), re.DOTALL)[1]
        for name in ("configuration.c", "catalog-configuration.c")
    )
    found = {}
    for group, name, default in re.findall(r'\{\s*"(\w+)",\s*"(\w+)",\s*KEY_\w+,\s*((?:"[^"]*"|[A-Z]+|\s+)+),', table):
        parts = re.findall(r'"([^"]*)"|([A-Z]+)', default)
        found[group, name] = "".join(text or folders.get(folder, "") for text, folder in parts)
    assert len(found) == table.count("KEY_")
    return found


def test_every_key_is_in_the_page_with_its_default(manual, build):
    found = sections(shown(manual, "hive.conf.5"))
    documented = {}
    for heading, text in found.items():
        if match := re.fullmatch(r"\[(\w+)\] SECTION OPTIONS", heading):
            for name, default in re.findall(r"^ {7}([A-Z]\w+)=(\S*)(?: |$)", text, re.MULTILINE):
                documented[match[1], name] = default
    assert documented == {(group.upper(), name): default for (group, name), default in configuration_keys(build).items()}


def test_every_key_is_in_the_installed_file_with_its_default(build):
    group, written = None, {}
    path = build.path(build.options["prefix"], build.options["sysconfdir"], "rbee-hive", "hive.conf")
    for line in path.read_text().splitlines():
        if match := re.fullmatch(r"\[(\w+)\]", line):
            group = match[1]
        elif match := re.fullmatch(r"#?([A-Z]\w+)=(.*)", line):
            written[group, match[1]] = match[2]
    assert written == configuration_keys(build)


def test_every_key_of_the_desktop_is_in_the_page_with_what_it_takes(manual):
    table = (SOURCE / "src/notifier/desktop-settings.c").read_text()
    keys = dict(re.findall(r'\{ "(\w+)", desktop_settings_read_\w+, "([^"]+)" \}', table))
    text = shown(manual, "rbee-hive-notifier.1")
    documented = dict(re.findall(r"^ +([A-Z]\w+)=\S+\s(.*?)(?=^ +[A-Z]\w+=|^\S)", text, re.MULTILINE | re.DOTALL))
    assert documented.keys() == keys.keys()
    assert all(re.search(rf"\b{word}\b", documented[key]) for key, takes in keys.items() for word in re.findall(r"\w+", takes))


def test_every_key_of_a_toolchain_and_a_mirror_is_in_the_page_and_in_the_installed_file(manual, build):
    keys = set()
    for kind in ("toolchain", "mirror"):
        table = re.search(kind + r"_keys\[\] = \{(.*?)NULL", (SOURCE / f"src/common/{kind}.c").read_text(), re.DOTALL)[1]
        own = set(re.findall(r'"(\w+)"', table))
        page = sections(shown(manual, "hive.conf.5"))[f"[{kind.upper()} NAME] SECTION OPTIONS"]
        assert set(re.findall(r"^ {7}([A-Z]\w+)=(?: |$)", page, re.MULTILINE)) == own
        keys |= own
    for kind in ("Store", "Key"):
        own = set(re.findall(rf'{{ "{kind}", "(\w+)"', (SOURCE / "src/common/store-configuration.c").read_text()))
        page = sections(shown(manual, "hive.conf.5"))[f"[{kind.upper()} NAME] SECTION OPTIONS"]
        assert set(re.findall(r"^ {7}([A-Z]\w+)=", page, re.MULTILINE)) == own
        keys |= own
    file = build.path(build.options["prefix"], build.options["sysconfdir"], "rbee-hive", "hive.conf").read_text()
    assert set(re.findall(r"^# {4}([A-Z]\w+)=", file, re.MULTILINE)) == set(re.findall(r"^# ([A-Z]\w+): ", file, re.MULTILINE)) == keys


# programs


def test_hivectl_page_has_each_verb_with_its_options(hive, manual):
    verbs = {}
    for heading in ("Workers of the catalog", "Installed workers", "Workers that run", "Jobs", "The hive", "Recipes of your own"):
        verbs.update(entries(manual, "hivectl.1", heading))
    summary = hive.hivectl("--help").stdout
    usages = re.findall(
        r"^  ([a-z]+(?: [a-z|]+)?(?: \[?[A-Z]+…?\]?)*) +[A-Z][a-z]", summary[summary.index("Verbs:") : summary.index("Options:")], re.MULTILINE
    )
    assert set(verbs) == {usage.strip().replace("…", "...") for usage in usages}
    for usage, text in verbs.items():
        help_ = hive.hivectl(usage.split()[0], "--help").stdout
        match = re.search(r"Options?: ([^:]*)\.$", text)
        assert set(re.findall(r"--[a-z-]+", match[1] if match else "")) == long_options(help_) - COMMON, usage


def test_hivectl_page_has_each_option_and_exit_status(hive, manual):
    found = whole_sections(shown(manual, "hivectl.1"))
    known = set().union(
        *(long_options(hive.hivectl(verb, "--help").stdout) for verb in ("install", "log", "jobs", "web", "build", "recipe", "start", "push"))
    )
    documented = re.findall(r"^ {7}(-\S.*?)(?: {2}|$)", found["OPTIONS"], re.MULTILINE)
    assert {option for tag in documented for option in re.findall(r"--[a-z-]+", tag)} == known
    statuses = re.findall(r"^  (\d+) +(.*)", hive.hivectl("--help").stdout, re.MULTILINE)
    assert {status for status, _ in statuses} == set(entries(manual, "hivectl.1", "EXIT STATUS"))


@pytest.mark.parametrize("program", ["rbee-hived", "rbee-hive-bridge", "rbee-hive-builder", "rbee-hive-commit", "rbee-hive-notifier"])
def test_page_of_a_program_has_its_options(build, manual, program):
    help_ = run(build.libexec / program, "--help").stdout
    found = whole_sections(shown(manual, f"{program}.{1 if program == 'rbee-hive-notifier' else 8}"))["OPTIONS"]
    assert set(re.findall(r"^ {7}(?:-\w, )?(--[a-z-]+)", found, re.MULTILINE)) == long_options(help_)


# org.rbee.Hive(5)


def interface_in_xml(name):
    """The members as the page writes them."""
    interface = ElementTree.parse(SOURCE / "dbus-interfaces" / f"{name}.xml").getroot().find(f"interface[@name='{name}']")
    members = set()
    for method in interface.findall("method"):
        arguments = ", ".join(f"{arg.get('direction')} {arg.get('type')} {arg.get('name')}" for arg in method.findall("arg"))
        members.add(f"{method.get('name')}({arguments});")
    for signal in interface.findall("signal"):
        members.add(f"{signal.get('name')}({', '.join(arg.get('type') + ' ' + arg.get('name') for arg in signal.findall('arg'))});")
    for prop in interface.findall("property"):
        constant = any(annotation.get("value") == "const" for annotation in prop.findall("annotation"))
        members.add(f"readonly {prop.get('type')} {prop.get('name')};" + (" (constant)" if constant else ""))
    return members


@pytest.mark.parametrize(
    "name, heading",
    [("org.rbee.Hive", "THE HIVE"), ("org.rbee.Hive.Job", "JOBS"), ("org.rbee.Hive.Worker", "WORKERS"), ("org.rbee.Hive.Instance", "INSTANCES")],
)
def test_interface_in_the_page_equals_its_xml(manual, name, heading):
    text = whole_sections(shown(manual, "org.rbee.Hive.5"))[heading]
    block = words(re.search(rf"interface {re.escape(name)} \{{(.*?)\n +\}};", text, re.DOTALL)[1])
    block = re.sub(r"(methods|signals|properties): ", "", block)
    members = {member.strip() for member in re.findall(r"[^;]+;(?: \(constant\))?", block)}
    assert members == interface_in_xml(name)
    if heading != "WORKERS":
        for member in members:
            described = re.sub(r"readonly \S+ |[(;].*", "", member)
            assert re.search(rf"^ {{7}}(\w+(\(\))?, )*{described}(\(\))?(,|$| {{2}})", text, re.MULTILINE), f"{described} is not described"


def test_every_error_is_in_the_page(manual):
    names = re.findall(r'HIVE_ERROR_PREFIX "(\w+)"', (SOURCE / "src/common/error.c").read_text())
    assert set(entries(manual, "org.rbee.Hive.5", "ERRORS")) == set(names)
    comment = (SOURCE / "dbus-interfaces/org.rbee.Hive.xml").read_text()
    assert all(re.search(rf"\b{name}\b", comment) for name in names)


# examples


def examples(text):
    """[(command, its output)] of what is indented. A command is the first line and what begins with a prompt, and goes on where a line is indented more."""
    found = []
    for block in re.findall(r"(?:^ {11}.*\n)+", text, re.MULTILINE):
        for number, line in enumerate(block.splitlines()):
            if number == 0 or line[11:13] in ("$ ", "# "):
                found.append((line[11:].removeprefix("$ ").removeprefix("# "), []))
            elif line.startswith(" " * 17) and not found[-1][1]:
                found[-1] = (found[-1][0] + "\n" + line, [])
            else:
                found[-1][1].append(line.strip())
    return found


def start_with_the_probe(hive, build, number):
    """A hive whose next job has this number, and whose catalog is the one that comes with it."""
    hive.configure("Catalog", URL=f"file://{build.catalog}")
    hive.state.mkdir()
    (hive.state / "next-job").write_text(f"{number}\n")
    hive.start()


def wait_for_all(hive):
    wait_until(lambda: all(job["state"] in FINAL for job in hive.call("ListJobs", {}, signature="(a{sv})")), what="the end of all jobs")


def latest(hive):
    return hive.call("ListJobs", {}, signature="(a{sv})")[-1]["id"]


@pytest.mark.parametrize("tool", ["busctl", "gdbus"])
def test_examples_of_the_interface_work(hive, build, manual, tool):
    start_with_the_probe(hive, build, 17)
    found, texts = sections(shown(manual, "org.rbee.Hive.5")), 0
    if tool == "gdbus":
        for _ in range(2):
            hive.installs("hive-probe", reinstall=True)
    for command, output in examples(found[tool]):
        if command.startswith(("busctl monitor", "gdbus monitor")):
            continue
        done = hive.run("bash", "-c", command)
        if "ReadLog tu $cursor" in command:
            assert done.stdout.splitlines() == [record.text for record in Job(hive, f"/org/rbee/Hive/job/{latest(hive)}").records()]
            texts += 1
        if command.startswith("coproc"):
            assert done.stdout.splitlines()[-1].startswith("org.rbee.Hive.Job.Finished ('done',")
            texts += 1
        if output and not output[0].startswith('s "'):
            assert done.stdout.splitlines() == output, command
        wait_for_all(hive)
    assert texts == 1


def test_example_in_python_works(hive, build, manual):
    start_with_the_probe(hive, build, 1)
    text = sections(shown(manual, "org.rbee.Hive.5"))["Python"]
    program = "".join(line[11:] + "\n" for line in text.splitlines() if line.startswith(" " * 11) or not line)
    done = hive.run("/usr/bin/python3", "-c", program)
    assert done.stderr == "" and done.stdout.splitlines()[-1] == "cleanup end done"
    assert len(done.stdout.splitlines()) == len(Job(hive, "/org/rbee/Hive/job/1").records())


def test_examples_of_hivectl_work(hive, build, manual):
    if not shutil.which("jq"):
        pytest.skip("jq is not installed here")
    start_with_the_probe(hive, build, 2)
    for command, output in examples(whole_sections(shown(manual, "hivectl.1"))["EXAMPLES"]):
        if "--host" in command:
            continue
        done = hive.run("bash", "-c", command)
        assert done.stderr == "", f"{command}\n{done.stderr}"
        if output:
            assert done.stdout.splitlines() == output
        wait_for_all(hive)
    assert set(hive.workers()) == {"hive-probe"}
