// SPDX-License-Identifier: LGPL-2.1-or-later
import type { Capabilities } from "@rbee/hive-sdk";

export interface Toolchain {
  name: string;
  version: string;
  path: string;
  /** Whether sandboxes see it. */
  visible: boolean;
  /** What to put into hive.conf to make it so; "": nothing. */
  configuration: string;
}

export function toolchainsOf(machine: Capabilities): Toolchain[] {
  return ((machine as { toolchains?: unknown[] }).toolchains ?? []) as Toolchain[];
}
