// SPDX-License-Identifier: LGPL-2.1-or-later
import {
  keepPreviousData,
  useMutation,
  useQuery,
  useQueryClient,
  type UseMutationResult,
  type UseQueryResult,
} from "@tanstack/react-query";

import {
  HiveError,
  type Capabilities,
  type Catalog,
  type CatalogWorker,
  type FileProblem,
  type HiveClient,
  type RecipeChoice,
  type Update,
  type Worker,
} from "@rbee/hive-sdk";

import { useHive } from "./hive-provider.tsx";

/** A question is asked again while no bridge or no hive answers; what it refuses it would refuse again. */
function retry(failures: number, error: Error): boolean {
  return failures < 3 && !(error instanceof HiveError && error.status !== 503);
}

export function useQuestion<T>(key: string[], ask: (client: HiveClient, signal: AbortSignal) => Promise<T>, enabled = true) {
  const { client } = useHive();
  // Events tell what changes on the machine; the catalog may change too, but not each time that a window gets the focus.
  return {
    queryKey: ["hive", ...key],
    queryFn: ({ signal }: { signal: AbortSignal }) => ask(client, signal),
    retry,
    enabled,
    staleTime: 30_000,
  };
}

/** What can be installed. */
export function useWorkerCatalog(): UseQueryResult<CatalogWorker[]> {
  return useQuery(useQuestion(["catalog"], (client, signal) => client.catalog(signal)));
}

/** The same as it was told last: it is asked for only where it is not known at all. */
export function useKnownCatalog(): CatalogWorker[] | undefined {
  const question = useQuestion(["catalog"], (client, signal) => client.catalog(signal));
  return useQuery({ ...question, enabled: ({ state }) => state.data === undefined }).data;
}

/** What came of asking each catalog, when useWorkerCatalog did: it waits for that. */
export function useCatalogs(): UseQueryResult<Catalog[]> {
  const { dataUpdatedAt, errorUpdatedAt } = useWorkerCatalog();
  const asked = Math.max(dataUpdatedAt, errorUpdatedAt);
  const question = useQuestion(["catalogs", String(asked)], (client, signal) => client.catalogs(signal), asked > 0);
  return useQuery({ ...question, placeholderData: keepPreviousData });
}

/** A worker's PKGBUILD, of the backend, source and catalog that are chosen, or that the hive would choose. */
export function useRecipe(workerId: string, choice: RecipeChoice = {}): UseQueryResult<string> {
  const key = [choice.backend, choice.source, choice.catalog].map((part) => part ?? "");
  return useQuery(useQuestion(["recipe", workerId, ...key], (client, signal) => client.recipe(workerId, choice, signal)));
}

export function useInstalledWorkers(): UseQueryResult<Worker[]> {
  return useQuery(useQuestion(["workers"], (client, signal) => client.workers(signal)));
}

/** Compares a worker's files with what was installed, each time that `refetch` is called. */
export function useVerify(workerId: string): UseQueryResult<FileProblem[]> {
  return useQuery(useQuestion(["verify", workerId], (client, signal) => client.verify(workerId, signal), false));
}

/** Looks for newer versions of what is installed, each time that `refetch` is called; useInstalledWorkers has them then. */
export function useUpdates(): UseQueryResult<Update[]> {
  const queries = useQueryClient();
  const question = useQuestion(
    ["updates"],
    async (client, signal) => {
      const updates = await client.updates(signal);
      await queries.invalidateQueries({ queryKey: ["hive", "workers"] });
      return updates;
    },
    false,
  );
  return useQuery(question);
}

/** What this machine is and has. */
export function useCapabilities(): UseQueryResult<Capabilities> {
  return useQuery(useQuestion(["capabilities"], (client, signal) => client.capabilities(signal)));
}

/** Has the hive look at its machine again; useCapabilities has what it saw then. */
export function useRefreshCapabilities(): UseMutationResult<Capabilities, Error, void> {
  const { client } = useHive();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: () => client.refreshCapabilities(),
    onSuccess: async (capabilities) => {
      queries.setQueryData(["hive", "capabilities"], capabilities);
      // What fits this machine may be another thing now.
      await queries.invalidateQueries({ queryKey: ["hive", "catalog"] });
    },
    retry: false,
    networkMode: "always",
  });
}
