#!/usr/bin/python
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Installs, upgrades and removes a worker."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
module: worker
short_description: Install, upgrade and remove AI workers with rbee-hive
version_added: 0.1.0
description:
  - Asks the hive of the managed machine, by its C(hivectl), and waits for the job.
  - A build takes as long as it takes; where that is longer than a connection lasts, use C(async).
  - "Needs the rights that C(hivectl) needs there: root, or a user whom polkit lets install without a password."
options:
  name:
    description: The worker's id in the catalog, as C(hivectl catalog) lists it.
    type: str
    required: true
  state:
    description:
      - C(present) installs it where it is missing, or where its C(version), C(backend), C(source), C(catalog) or C(cpu) is another
        than the one that is asked for.
      - C(latest) also brings it to the catalog's version.
      - C(absent) removes it.
    type: str
    choices: [present, latest, absent]
    default: present
  version:
    description:
      - The version it shall have, with or without the release (C(1.2) fits 1.2-1).
      - A catalog has one version of a worker. Where that is another one, the task fails before anything is built.
    type: str
  backend:
    description: The variant of a worker that has several, C(cuda) for instance. The hive chooses where this is not given.
    type: str
  source:
    description: Whether to take what was built elsewhere or to build it here.
    type: str
    choices: [binary, git]
  catalog:
    description: The name of the catalog that it shall be from, where there are several.
    type: str
  cpu:
    description: For which processors it is built, C(x86-64-v3) for instance, where it is not left to the hive's configuration.
    type: str
  network:
    description: Whether prepare() and build() have a network, where it is not left to the hive's configuration.
    type: str
    choices: [allow, forbid]
  run_tests:
    description: Whether the recipe's check() runs too.
    type: bool
    default: false
  install_dependencies:
    description: Whether the hive may install the system's packages that the worker needs.
    type: bool
    default: false
attributes:
  check_mode:
    description: Nothing is built; what would be done is told from the catalog and the records.
    support: full
  diff_mode:
    description: Shows version, backend, source and catalog before and after.
    support: full
author:
  - rbee-hive maintainers
"""

EXAMPLES = r"""
- name: The server for language models, built for each machine's card
  rbee.hive.worker:
    name: llama-cpp-server
    backend: cuda

- name: Every worker that we use, in the catalog's version
  rbee.hive.worker:
    name: "{{ item }}"
    state: latest
  loop: [llama-cpp-server, hive-probe]

- name: Not this one
  rbee.hive.worker:
    name: hive-probe
    state: absent
"""

RETURN = r"""
worker:
  description: The record of the installed worker, as C(hivectl list --json) prints it; null where it is not installed.
  type: dict
  returned: success
job:
  description: The hive's job that did it. C(hivectl log JOB) on the machine shows all of its log.
  type: str
  returned: when something was done
error:
  description: "The error's name, C(BuildFailed) for instance."
  type: str
  returned: failure of a job
log:
  description: The last lines of the log.
  type: list
  elements: str
  returned: failure of a job
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.rbee.hive.plugins.module_utils.hivectl import LAST_LINES, STATUS_NOT_FOUND, Hivectl, HivectlError

COMPARED = ("version", "backend", "source", "catalog_name", "cpu")


def shown(record):
    """What a diff shows of a worker."""
    return {key: record.get(key, "") for key in COMPARED} if record else {}


def version_fits(wanted, version):
    return version == wanted or version.rsplit("-", 1)[0] == wanted


def wanted_of(module, described):
    """What the worker would be after an installation, as far as the catalog tells before it is built."""
    parameters = module.params
    return {
        "version": described["version"],
        "backend": parameters["backend"] or described["backend"],
        "source": parameters["source"] or described["sources"][0],
        "catalog_name": described["catalog"],
        "cpu": parameters["cpu"] or "",
    }


def is_another(module, record):
    """Whether what is installed is not what is asked for."""
    parameters = module.params
    if parameters["version"] and not version_fits(parameters["version"], record["version"]):
        return True
    asked = (("backend", "backend"), ("source", "source"), ("catalog", "catalog_name"), ("cpu", "cpu"))
    return any(parameters[option] and parameters[option] != record.get(key) for option, key in asked)


def options_of(parameters):
    """The options of hivectl install."""
    options = []
    for name in ("backend", "source", "network", "cpu"):
        if parameters[name]:
            options += ["--" + name, parameters[name]]
    if parameters["run_tests"]:
        options.append("--check")
    if parameters["install_dependencies"]:
        options.append("--install-dependencies")
    return options


def do_job(module, hivectl, *arguments):
    """Runs it to its end; a job that failed is the task's failure, with the end of its log."""
    outcome, log = hivectl.follow(*arguments)
    if outcome["state"] != "done":
        module.fail_json(
            msg="%s: %s" % (outcome["error"], outcome["message"]) if outcome["error"] else "The job was " + outcome["state"],
            error=outcome["error"],
            job=outcome["job"],
            log=log[-LAST_LINES:],
        )
    return outcome["job"]


def describe(module, hivectl):
    """What the catalog says of it; a worker that does not fit fails here, before anything is built."""
    parameters = module.params
    reference = "%s/%s" % (parameters["catalog"], parameters["name"]) if parameters["catalog"] else parameters["name"]
    described = hivectl.ask("show", reference, *(["--backend", parameters["backend"]] if parameters["backend"] else []))
    if parameters["version"] and not version_fits(parameters["version"], described["version"]):
        module.fail_json(
            msg="The catalog %s has version %s of %s, and %s is asked for"
            % (described["catalog"], described["version"], parameters["name"], parameters["version"])
        )
    if described["incompatible_because"]:
        module.fail_json(msg="%s: %s" % (parameters["name"], described["incompatible_because"]))
    return reference, described


def remove(module, hivectl, record):
    if not record:
        return {"changed": False}
    if module.check_mode:
        return {"changed": True, "after": {}}
    return {"changed": True, "job": do_job(module, hivectl, "remove", module.params["name"])}


def has_update(hivectl, record):
    """Whether the recipe has another version now: it is fetched and read for that."""
    looked = next((worker for worker in hivectl.ask("outdated") if worker["id"] == record["id"]), {})
    if looked.get("error"):
        raise HivectlError("%s: %s" % (record["id"], looked["error"]), 1)
    return bool(looked.get("available"))


def is_needed(module, hivectl, record):
    if not record or is_another(module, record):
        return True
    return module.params["state"] == "latest" and has_update(hivectl, record)


def install(module, hivectl, record):
    if not is_needed(module, hivectl, record):
        return {"changed": False}
    reference, described = describe(module, hivectl)
    if module.check_mode:
        return {"changed": True, "after": wanted_of(module, described)}
    again = ["--reinstall"] if record else []
    return {"changed": True, "job": do_job(module, hivectl, "install", reference, *(options_of(module.params) + again))}


def act(module):
    hivectl = Hivectl(module)
    name = module.params["name"]
    record = hivectl.installed(name)
    result = (remove if module.params["state"] == "absent" else install)(module, hivectl, record)
    now = hivectl.installed(name) if "job" in result else record
    after = result.pop("after", shown(now))
    module.exit_json(worker=now, diff={"before": shown(record), "after": after}, **result)


def main():
    module = AnsibleModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "state": {"type": "str", "choices": ["present", "latest", "absent"], "default": "present"},
            "version": {"type": "str"},
            "backend": {"type": "str"},
            "source": {"type": "str", "choices": ["binary", "git"]},
            "catalog": {"type": "str"},
            "cpu": {"type": "str"},
            "network": {"type": "str", "choices": ["allow", "forbid"]},
            "run_tests": {"type": "bool", "default": False},
            "install_dependencies": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    try:
        act(module)
    except HivectlError as error:
        missing = "; 'hivectl catalog' there lists what there is" if error.status == STATUS_NOT_FOUND else ""
        module.fail_json(msg=str(error) + missing, rc=error.status)


if __name__ == "__main__":
    main()
