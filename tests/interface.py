# SPDX-License-Identifier: LGPL-2.1-or-later
"""A D-Bus interface: as dbus-interfaces/*.xml has it, and as a live object says that it is."""

import xml.etree.ElementTree as ElementTree

from gi.repository import GLib

from build import SOURCE


def normalise(interface):
    def annotations(element):
        """Those of D-Bus itself; what is for generators of code sd-bus cannot say."""
        found = ((annotation.get("name"), annotation.get("value")) for annotation in element.findall("annotation"))
        return sorted((name, value) for name, value in found if name.startswith("org.freedesktop."))

    def arguments(element, default):
        return [(argument.get("name"), argument.get("type"), argument.get("direction", default)) for argument in element.findall("arg")]

    members = {}
    for method in interface.findall("method"):
        members["method", method.get("name")] = (arguments(method, "in"), annotations(method))
    for signal in interface.findall("signal"):
        members["signal", signal.get("name")] = ([argument[:2] for argument in arguments(signal, "out")], annotations(signal))
    for prop in interface.findall("property"):
        members["property", prop.get("name")] = (prop.get("type"), prop.get("access"), annotations(prop))
    return members


def written(name):
    root = ElementTree.parse(SOURCE / "dbus-interfaces" / f"{name}.xml").getroot()
    return normalise(root.find(f"interface[@name='{name}']"))


def interfaces(hive, path):
    root = ElementTree.fromstring(hive.introspect(path))
    return {interface.get("name"): normalise(interface) for interface in root.findall("interface")}


def written_types(name):
    """Of its properties."""
    return {key: value[0] for (kind, key), value in written(name).items() if kind == "property"}


def property_types(hive, path, name):
    """Of the values that the object has."""
    answer = hive.connection.call_sync(
        "org.rbee.Hive", path, "org.freedesktop.DBus.Properties", "GetAll", GLib.Variant("(s)", (name,)), None, 0, -1, None
    )
    return {key: answer.get_child_value(0).lookup_value(key, None).get_type_string() for key in answer.unpack()[0]}
