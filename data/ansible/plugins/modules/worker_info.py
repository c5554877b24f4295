#!/usr/bin/python
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is installed, what could be, and what the machine has."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
module: worker_info
short_description: Tell of a machine's rbee-hive, its workers and its devices
version_added: 0.1.0
description:
  - Asks the hive of the managed machine, by its C(hivectl), and changes nothing.
options:
  catalog:
    description: Whether to list the workers of the catalogs too.
    type: bool
    default: false
attributes:
  check_mode:
    description: It changes nothing.
    support: full
author:
  - rbee-hive maintainers
"""

EXAMPLES = r"""
- name: What is there
  rbee.hive.worker_info:
  register: hive

- name: Fail where a recipe cannot be built
  ansible.builtin.assert:
    that: hive.status.sandbox
    fail_msg: "{{ hive.status.sandbox_error }}"
"""

RETURN = r"""
workers:
  description: The installed workers, as C(hivectl list --json) prints them.
  type: list
  elements: dict
  returned: success
catalog:
  description: The workers of the catalogs, as C(hivectl catalog --json) prints them.
  type: list
  elements: dict
  returned: with catalog=true
status:
  description: As C(hivectl status --json) prints it.
  type: dict
  returned: success
capabilities:
  description: The machine's devices, as C(hivectl capabilities --json) prints them.
  type: dict
  returned: success
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.rbee.hive.plugins.module_utils.hivectl import Hivectl, HivectlError


def main():
    module = AnsibleModule(argument_spec={"catalog": {"type": "bool", "default": False}}, supports_check_mode=True)
    hivectl = Hivectl(module)
    try:
        result = {"workers": hivectl.ask("list"), "status": hivectl.ask("status"), "capabilities": hivectl.ask("capabilities")}
        if module.params["catalog"]:
            result["catalog"] = hivectl.ask("catalog")
    except HivectlError as error:
        module.fail_json(msg=str(error), rc=error.status)
    module.exit_json(changed=False, **result)


if __name__ == "__main__":
    main()
