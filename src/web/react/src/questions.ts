// SPDX-License-Identifier: LGPL-2.1-or-later
import { useQuery, useQueryClient, type UseQueryResult } from "@tanstack/react-query";

import { HiveError, type Capabilities, type CatalogWorker, type FileProblem, type HiveClient, type Update, type Worker } from "@rbee/hive-sdk";

import { useHive } from "./hive-provider.tsx";

/** A question is asked again while no bridge or no hive answers; what it refuses it would refuse again. */
function retry(failures: number, error: Error): boolean {
  return failures < 3 && !(error instanceof HiveError && error.status !== 503);
}

function useQuestion<T>(key: string[], ask: (client: HiveClient, signal: AbortSignal) => Promise<T>, enabled = true): UseQueryResult<T> {
  const { client } = useHive();
  // Events tell what changes on the machine; the catalog may change too, but not each time that a window gets the focus.
  return useQuery({ queryKey: ["hive", ...key], queryFn: ({ signal }) => ask(client, signal), retry, enabled, staleTime: 30_000 });
}

/** What can be installed. */
export function useWorkerCatalog(): UseQueryResult<CatalogWorker[]> {
  return useQuestion(["catalog"], (client, signal) => client.catalog(signal));
}

/** A worker's PKGBUILD. */
export function useRecipe(workerId: string, { enabled = true }: { enabled?: boolean } = {}): UseQueryResult<string> {
  return useQuestion(["recipe", workerId], (client, signal) => client.recipe(workerId, signal), enabled);
}

export function useInstalledWorkers(): UseQueryResult<Worker[]> {
  return useQuestion(["workers"], (client, signal) => client.workers(signal));
}

/** Compares a worker's files with what was installed, each time that `refetch` is called. */
export function useVerify(workerId: string): UseQueryResult<FileProblem[]> {
  return useQuestion(["verify", workerId], (client, signal) => client.verify(workerId, signal), false);
}

/** Looks for newer versions of what is installed, each time that `refetch` is called; useInstalledWorkers has them then. */
export function useUpdates(): UseQueryResult<Update[]> {
  const queries = useQueryClient();
  return useQuestion(
    ["updates"],
    async (client, signal) => {
      const updates = await client.updates(signal);
      await queries.invalidateQueries({ queryKey: ["hive", "workers"] });
      return updates;
    },
    false,
  );
}

/** What this machine is and has. */
export function useCapabilities(): UseQueryResult<Capabilities> {
  return useQuestion(["capabilities"], (client, signal) => client.capabilities(signal));
}
