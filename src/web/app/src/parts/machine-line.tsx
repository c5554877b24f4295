// SPDX-License-Identifier: LGPL-2.1-or-later
import { useCapabilities } from "@rbee/hive-react";

import { _, format, ngettext } from "../i18n.ts";
import { devicesOf, type Device } from "./device.ts";
import { formatSize } from "./format.ts";

function deviceWords(device: Device): string {
  if (device.device_type !== "cpu") return device.vram_gb ? `${device.name}, ${formatSize(device.vram_gb * 1024 ** 3, 1024)}` : device.name;
  const words = [];
  if (device.cores) words.push(format(ngettext("{count} core", "{count} cores", device.cores), { count: device.cores }));
  if (device.memory) words.push(format(_("{size} of memory"), { size: formatSize(device.memory, 1024) }));
  return words.join(", ");
}

/** The hive's machine in one line. */
export function MachineLine() {
  const { data: machine } = useCapabilities();
  const words = machine ? [machine.architecture, ...devicesOf(machine).map(deviceWords)].filter(Boolean).join(" · ") : "\u00a0";

  return <p>{machine ? format(_("Workers for this machine: {machine}"), { machine: words }) : words}</p>;
}
