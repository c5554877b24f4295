# SPDX-License-Identifier: LGPL-2.1-or-later
"""Systems beside the one that runs the tests. What each test proves goes into the table build/systems.md, of which docs/SYSTEMS.md is a copy."""

import pathlib

import pytest

import bare
import harness
import machine

SYSTEMS = {"bookworm": "Debian 12", "trixie": "Debian 13", "sid": "Debian sid"}
MARKS = {"passed": "yes", "failed": "**no**", "skipped": "-"}


def pytest_collection_modifyitems(items):
    here = [item for item in items if item.path.parent == pathlib.Path(__file__).parent]
    why = here and (machine.obstacle() or bare.obstacle())
    for item in here:
        item.user_properties.append(("proves", (item.function.__doc__ or item.originalname).rstrip(".")))
        item.user_properties.append(("system", SYSTEMS.get(item.callspec.params.get("release")) if hasattr(item, "callspec") else None))
        if why:
            item.add_marker(pytest.mark.skip(reason=why))


def pytest_terminal_summary(terminalreporter):
    rows, status = {}, {}
    for outcome, mark in MARKS.items():
        for report in terminalreporter.stats.get(outcome, []):
            told = dict(report.user_properties)
            if told.get("system"):
                rows.setdefault(told["proves"], {})[told["system"]] = mark
                if "status" in told:
                    status[told["system"]] = told["status"]
    systems = [system for system in SYSTEMS.values() if any(system in row for row in rows.values())]
    if not systems:
        return
    lines = [f"| what works | {' | '.join(systems)} |", f"|---|{'---|' * len(systems)}"]
    lines += [f"| {proves} | {' | '.join(row.get(system, '-') for system in systems)} |" for proves, row in sorted(rows.items())]
    for system, text in sorted(status.items()):
        lines += ["", f"`hivectl status --json` on {system}, without a worker installed:", "", "```json", text, "```"]
    (harness.SOURCE / "build").mkdir(exist_ok=True)
    (harness.SOURCE / "build/systems.md").write_text("\n".join(lines) + "\n")
