// SPDX-License-Identifier: LGPL-2.1-or-later
import { useMutation } from "@tanstack/react-query";

import { OperationBuilder, type InstallOptions } from "@rbee/hive-sdk";

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
  cancel: (jobId: string) => Promise<void>;
  cancellingJob: string | undefined;
  cancelError: Error | null;
}

export function useHiveOperations(): HiveOperations {
  const { client } = useHive();
  const install = useMutation({
    mutationFn: async ({ workerId, options }: { workerId: string; options: InstallOptions | undefined }) =>
      (await client.submit(OperationBuilder.workerInstall(client.hiveId, workerId, options))).job_id,
    retry: false,
    networkMode: "always",
  });
  const remove = useMutation({
    mutationFn: async (workerId: string) => (await client.submit(OperationBuilder.workerRemove(client.hiveId, workerId))).job_id,
    retry: false,
    networkMode: "always",
  });
  const cancel = useMutation({ mutationFn: (jobId: string) => client.cancel(jobId), retry: false, networkMode: "always" });

  return {
    installWorker: (workerId, options) => install.mutateAsync({ workerId, options }),
    installingWorker: install.isPending ? install.variables.workerId : undefined,
    installError: install.error,
    removeWorker: remove.mutateAsync,
    removingWorker: remove.isPending ? remove.variables : undefined,
    removeError: remove.error,
    cancel: cancel.mutateAsync,
    cancellingJob: cancel.isPending ? cancel.variables : undefined,
    cancelError: cancel.error,
  };
}
