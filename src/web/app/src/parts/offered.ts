// SPDX-License-Identifier: LGPL-2.1-or-later
import type { CatalogWorker } from "@rbee/hive-sdk";

export type CatalogEntry = CatalogWorker & {
  missing?: string[];
  install_command?: string;
  incompatible_because?: string;
  backend?: string;
  backend_reason?: string;
};
