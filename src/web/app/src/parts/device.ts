// SPDX-License-Identifier: LGPL-2.1-or-later
import type { Device } from "@rbee/hive-sdk";

import { formatSize } from "./format.ts";

/** "CUDA": as people write it. */
export const backendName = (backend: string) => backend.toLocaleUpperCase("en");

/** "24.0 GB"; "": unknown */
export const deviceMemory = ({ memory }: Device) => (memory ? formatSize(memory) : "");
