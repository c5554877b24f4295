# SPDX-License-Identifier: LGPL-2.1-or-later
"""Systems beside the one that runs the tests. What each test proves goes into the first table of docs/SYSTEMS.md: `build/systems.md` is that
document as this run would have it. A test that did not run leaves what is there."""

import pathlib
import re

import pytest

import bare
import machine
from build import SOURCE
from release import RELEASES, Release

MARKS = {"passed": "yes", "failed": "**no**", "error": "**no**"}
DOCUMENT = SOURCE / "docs/SYSTEMS.md"


def pytest_collection_modifyitems(items):
    here = [item for item in items if item.path.parent == pathlib.Path(__file__).parent]
    why = here and (machine.obstacle() or bare.obstacle())
    for item in here:
        item.user_properties.append(("proves", (item.function.__doc__ or item.originalname).rstrip(".")))
        item.user_properties.append(("system", RELEASES.get(item.callspec.params.get("release")) if hasattr(item, "callspec") else None))
        if why:
            item.add_marker(pytest.mark.skip(reason=why))


def pytest_terminal_summary(terminalreporter):
    rows, status = {}, {}
    for outcome, mark in MARKS.items():
        for report in terminalreporter.stats.get(outcome, []):
            told = dict(report.user_properties)
            if told.get("system"):
                rows.setdefault(told["proves"], {})[told["system"]] = told.get("mark", mark) if outcome == "passed" else mark
                if "status" in told:
                    status[told["system"]] = told["status"]
    if rows:
        (SOURCE / "build").mkdir(exist_ok=True)
        (SOURCE / "build/systems.md").write_text(rewritten(DOCUMENT.read_text(), rows, status))


def rewritten(text, rows, status):
    """The document with what was seen now."""

    def row(match):
        cells = [cell.strip() for cell in match[0].strip("|\n").split("|")]
        seen = rows.pop(cells[0], {})
        return "| " + " | ".join([cells[0], *(seen.get(system, cell) for system, cell in zip(RELEASES.values(), cells[1:]))]) + " |\n"

    head = re.escape(f"| what works | {' | '.join(RELEASES.values())} |")
    table = re.search(rf"{head}\n\|.*\n((?:\|.*\n)*)", text)
    known = re.sub(r"\|.*\n", row, table[1])
    new = "".join(f"| {' | '.join([proves, *(seen.get(system, '-') for system in RELEASES.values())])} |\n" for proves, seen in rows.items())
    text = text[: table.start(1)] + "".join(sorted((known + new).splitlines(keepends=True))) + text[table.end(1) :]
    for system, answer in status.items():
        text = re.sub(rf"(on {re.escape(system)}:\n\n```json\n).*?(\n```)", lambda match: match[1] + answer + match[2], text, flags=re.DOTALL)
    return text


@pytest.fixture(scope="session")
def release(request, tmp_path_factory):
    release = Release(request.param, tmp_path_factory.mktemp(request.param))
    yield release
    release.close()


@pytest.fixture(scope="session")
def packages(release):
    """The hive and its bridge, by name."""
    release.build()
    return release.named()


@pytest.fixture(scope="session")
def debian(release, packages):
    debian = release.boot()
    debian.told = debian.apt_install(packages.values())
    return debian
