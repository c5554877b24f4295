// SPDX-License-Identifier: LGPL-2.1-or-later
import { useMutation } from "@tanstack/react-query";

import { OperationBuilder, type InstallOptions, type JobRequest } from "@rbee/hive-sdk";

import { useHive } from "./hive-provider.tsx";

export interface HiveOperations {
  /** Asks for it once, and resolves to the job's id when the hive has taken it on. Rejects as installError says. */
  installWorker: (workerId: string, options?: InstallOptions) => Promise<string>;
  /** The worker whose installation is being asked for. What is under way is a job: see useJobs. */
  installingWorker: string | undefined;
  installError: Error | null;
  removeWorker: (workerId: string) => Promise<string>;
  removingWorker: string | undefined;
  removeError: Error | null;
  /** To the version that useUpdates found, and back to the one before. */
  upgradeWorker: (workerId: string) => Promise<string>;
  rollbackWorker: (workerId: string) => Promise<string>;
  cancel: (jobId: string) => Promise<void>;
  cancellingJob: string | undefined;
  cancelError: Error | null;
}

function useWorkerOperation(build: (hiveId: string, workerId: string) => JobRequest) {
  const { client } = useHive();
  return useMutation({
    mutationFn: async (workerId: string) => (await client.submit(build(client.hiveId, workerId))).job_id,
    retry: false,
    networkMode: "always",
  });
}

export function useHiveOperations(): HiveOperations {
  const { client } = useHive();
  const install = useMutation({
    mutationFn: async ({ workerId, options }: { workerId: string; options: InstallOptions | undefined }) =>
      (await client.submit(OperationBuilder.workerInstall(client.hiveId, workerId, options))).job_id,
    retry: false,
    networkMode: "always",
  });
  const remove = useWorkerOperation(OperationBuilder.workerRemove);
  const upgrade = useWorkerOperation(OperationBuilder.workerUpgrade);
  const rollback = useWorkerOperation(OperationBuilder.workerRollback);
  const cancel = useMutation({ mutationFn: (jobId: string) => client.cancel(jobId), retry: false, networkMode: "always" });

  return {
    installWorker: (workerId, options) => install.mutateAsync({ workerId, options }),
    installingWorker: install.isPending ? install.variables.workerId : undefined,
    installError: install.error,
    removeWorker: remove.mutateAsync,
    removingWorker: remove.isPending ? remove.variables : undefined,
    removeError: remove.error,
    upgradeWorker: upgrade.mutateAsync,
    rollbackWorker: rollback.mutateAsync,
    cancel: cancel.mutateAsync,
    cancellingJob: cancel.isPending ? cancel.variables : undefined,
    cancelError: cancel.error,
  };
}
