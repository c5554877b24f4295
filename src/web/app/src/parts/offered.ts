// SPDX-License-Identifier: LGPL-2.1-or-later
import { useHive } from "@rbee/hive-react";
import type { CatalogWorker, JobRequest, Worker } from "@rbee/hive-sdk";

export type CatalogEntry = CatalogWorker & {
  missing?: string[];
  install_command?: string;
  incompatible_because?: string;
  backend?: string;
  backend_reason?: string;
};

export type InstalledEntry = Worker & { update_version?: string; rollback_version?: string };

/** To the newest version, and back to the one before. They resolve to the job's id. */
export function useVersions() {
  const { client } = useHive();
  const submit = async (operation: string, workerId: string) =>
    (await client.submit({ operation, worker_id: workerId } as JobRequest)).job_id;

  return {
    upgradeWorker: (workerId: string) => submit("worker_upgrade", workerId),
    rollbackWorker: (workerId: string) => submit("worker_rollback", workerId),
  };
}
