// SPDX-License-Identifier: LGPL-2.1-or-later
import type { Capabilities } from "@rbee/hive-sdk";

export interface Device {
  id: string;
  name: string;
  device_type: string;
  cores?: number;
  /** Bytes. */
  memory?: number;
  vram_gb?: number;
  compute_capability?: string;
  driver?: string;
  instruction_sets?: string[];
}

/** What does the work: processors first, then what is faster. */
export function devicesOf(machine: Capabilities): Device[] {
  const devices = machine.devices as unknown as Device[];
  return [...devices.filter(({ device_type }) => device_type === "cpu"), ...devices.filter(({ device_type }) => device_type !== "cpu")];
}
