# SPDX-License-Identifier: LGPL-2.1-or-later
"""The live interfaces are those of dbus-interfaces/*.xml: methods, arguments, their names and directions, properties, signals, annotations."""

import re
import xml.etree.ElementTree as ElementTree

import pytest
from gi.repository import GLib

from build import SOURCE
from catalog import pkgbuild
from client import HiveError
from interface import interfaces, property_types, written, written_types


def objects(hive):
    hive.catalog.add("some-worker")
    job = hive.installs("some-worker")
    return {"org.rbee.Hive": "/org/rbee/Hive", "org.rbee.Hive.Job": job.path, "org.rbee.Hive.Worker": "/org/rbee/Hive/worker/some_2dworker"}


@pytest.mark.parametrize("name", ["org.rbee.Hive", "org.rbee.Hive.Job", "org.rbee.Hive.Worker"])
def test_live_interface_equals_its_xml(hive, name):
    live = interfaces(hive, objects(hive)[name])
    assert live[name] == written(name)


def test_no_object_has_an_interface_that_no_xml_describes(hive):
    known = {path.stem for path in (SOURCE / "dbus-interfaces").glob("*.xml")}
    for name, path in objects(hive).items():
        ours = {interface for interface in interfaces(hive, path) if interface.startswith("org.rbee.")}
        assert ours == {name} <= known
    assert "org.freedesktop.DBus.ObjectManager" in interfaces(hive, "/org/rbee/Hive")


def test_values_of_properties_have_the_types_that_are_written(hive):
    for name, path in objects(hive).items():
        assert property_types(hive, path, name) == written_types(name)


def test_version_is_the_projects(hive, build):
    hive.start()
    text = (SOURCE / "meson.build").read_text()
    assert f"version: '{hive.get('/org/rbee/Hive', 'org.rbee.Hive', 'Version')}'" in text
    assert hive.get("/org/rbee/Hive", "org.rbee.Hive", "CatalogURL") == hive.catalog.url
    assert hive.get("/org/rbee/Hive", "org.rbee.Hive", "Platform") == "linux"


def test_children_are_found_by_introspection(hive):
    objects(hive)
    root = ElementTree.fromstring(hive.introspect("/org/rbee/Hive"))
    names = [node.get("name") for node in root.findall("node")]
    assert any(name.split("/")[0] == "job" for name in names) and any(name.split("/")[0] == "worker" for name in names)


def test_signals_have_the_types_that_are_written(hive):
    hive.catalog.add("signalling", pkgbuild("signalling", build="echo hello"))
    hive.installs("signalling")
    hive.removes("signalling")
    kinds = {}
    for signal in hive.signals:
        if signal.interface.startswith("org.rbee."):
            kinds.setdefault((signal.interface, signal.member), len(signal.arguments))
    for (interface, member), count in kinds.items():
        assert len(written(interface)["signal", member][0]) == count
    assert {member for _, member in kinds} >= {"JobNew", "WorkerInstalled", "WorkerRemoved", "LineEmitted", "Finished"}


# keys of dictionaries


def dictionaries(value):
    """Each a{sv} in an unpacked answer; of a{sv} alone are there any."""
    if isinstance(value, dict):
        yield value
    for each in value.values() if isinstance(value, dict) else value if isinstance(value, (list, tuple)) else ():
        yield from dictionaries(each)


def answers(hive):
    """One of each method and property that answers with dictionaries, none of them empty."""
    hive.catalog.add("some")
    hive.catalog.add("broken", "pkgname=(")
    job = hive.installs("some", install_dependencies=True, check=True)
    hive.catalog.add("some", pkgbuild("some", version="2.0"), version="2.0")
    nothing = GLib.Variant("(a{sv})", ({},))
    yield hive.call("ListCatalog", nothing)
    yield hive.call("ListCatalogs")
    yield hive.call("GetCatalogWorker", "some")
    yield hive.call("ListWorkers")
    yield hive.call("ListJobs", nothing)
    yield hive.call("CheckUpdates")
    yield hive.call("GetCapabilities")
    yield job.get("Options")


def test_keys_are_spelled_with_underscores_and_older_ones_can_still_be_read(hive):
    old = set()
    for answer in answers(hive):
        found = list(dictionaries(answer))
        assert found
        for dictionary in found:
            for key in dictionary:
                assert re.fullmatch("[a-z0-9]+([_-][a-z0-9]+)*", key)
                if "-" in key:
                    assert dictionary[key] == dictionary[key.replace("-", "_")]
                    old.add(key)
    assert old == {
        "device-warnings",
        "sandbox-error",
        "sandbox-hint",
        "network-error",
        "network-hint",
        "install-root",
        "install-prefixes",
        "install-allow",
        "max-parallel",
        "max-log-size",
        "state-directory",
        "cache-directory",
        "libexec-directory",
        "install-dependencies",
    }


def test_options_are_read_in_both_spellings_and_refused_when_those_disagree(hive):
    hive.catalog.add("some")
    first = hive.installs("some", **{"idempotency-key": "monday", "install-dependencies": True})
    assert hive.install("some", idempotency_key="monday", install_dependencies=True) == first
    assert hive.install("some", **{"idempotency_key": "monday", "idempotency-key": "monday"}, **first.get("Options")) == first
    for one, other in (("monday", "tuesday"), ("tuesday", "monday")):
        with pytest.raises(HiveError) as refused:
            hive.install("some", **{"idempotency_key": one, "idempotency-key": other})
        assert refused.value.name == "InvalidArgument" and "idempotency_key" in refused.value.message and "idempotency-key" in refused.value.message


QT_TYPES = {
    "a{sv}": "QVariantMap",
    "aa{sv}": "QList<QVariantMap>",
    "a{sh}": "QMap<QString,QDBusUnixFileDescriptor>",
    "a(ss)": "HiveProblems",
    "a(ttsss)": "HiveLogRecords",
}


@pytest.mark.parametrize("file", sorted((SOURCE / "dbus-interfaces").glob("*.xml")), ids=lambda path: path.stem)
def test_xml_names_qts_type_for_what_qt_has_none_for(file):
    for member in ElementTree.parse(file).getroot().iter():
        if member.tag not in ("method", "signal", "property"):
            continue
        kinds = {direction: [arg for arg in member.findall("arg") if arg.get("direction", "out") == direction] for direction in ("in", "out")}
        named = {f"{direction.title()}{number}": arg.get("type") for direction, args in kinds.items() for number, arg in enumerate(args)}
        wanted = {f".{place}": type for place, type in named.items()} if member.tag != "property" else {"": member.get("type")}
        wanted = {f"org.qtproject.QtDBus.QtTypeName{place}": QT_TYPES[type] for place, type in wanted.items() if re.search(r"[({]", type)}
        told = {note.get("name"): note.get("value") for note in member.findall("annotation") if "QtTypeName" in note.get("name")}
        assert told == wanted, member.get("name")
