// SPDX-License-Identifier: LGPL-2.1-or-later
import { useCapabilities } from "@rbee/hive-react";
import type { Device } from "@rbee/hive-sdk";

import { _, format, ngettext } from "../i18n.ts";
import { deviceMemory } from "./device.ts";

function deviceWords(device: Device): string {
  const memory = deviceMemory(device);

  if (device.device_type !== "cpu") return [device.name, memory].filter(Boolean).join(", ");
  const words = [];
  if (device.cores) words.push(format(ngettext("{count} core", "{count} cores", device.cores), { count: device.cores }));
  if (memory) words.push(format(_("{size} of memory"), { size: memory }));
  return words.join(", ");
}

/** The hive's machine in one line. */
export function MachineLine() {
  const { data: machine } = useCapabilities();
  const words = machine ? [machine.architecture, ...machine.devices.map(deviceWords)].filter(Boolean).join(" · ") : "\u00a0";

  return <p>{machine ? format(_("Workers for this machine: {machine}"), { machine: words }) : words}</p>;
}
