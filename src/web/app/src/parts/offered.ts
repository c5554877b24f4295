// SPDX-License-Identifier: LGPL-2.1-or-later
import type { CatalogWorker } from "@rbee/hive-sdk";

export type CatalogEntry = CatalogWorker & {
  incompatible_because?: string;
  backend?: string;
  backend_reason?: string;
};
