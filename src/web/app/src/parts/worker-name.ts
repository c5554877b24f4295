// SPDX-License-Identifier: LGPL-2.1-or-later
import { useMemo } from "react";

import { useKnownCatalog } from "@rbee/hive-react";
import type { Job, Worker } from "@rbee/hive-sdk";

/** Whether a job is of a recipe that was handed over: it is in no catalog. */
export const isOfOwnRecipe = ({ options }: Job): boolean => options?.origin !== undefined;

interface WorkerNames {
  ofId: (id: string) => string;
  ofWorker: (worker: Worker) => string;
  ofJob: (job: Job) => string;
}

/**
 * What workers are called. The name that the hive noted counts; where it noted none, which is the id, the catalog's: it was installed
 * before names were noted, or nobody has looked it up yet. A recipe of one's own is not what a catalog has by that id.
 */
export function useWorkerNames(): WorkerNames {
  const known = useKnownCatalog();
  const names = useMemo(() => new Map(known?.map(({ id, name }) => [id, name])), [known]);
  const nameOf = (id: string, noted?: string, own = false) => (noted && noted !== id ? noted : own ? id : names.get(id) || id);

  return {
    ofId: nameOf,
    ofWorker: ({ id, name, source }) => nameOf(id, name, source === "recipe"),
    ofJob: (job) => nameOf(job.worker_id, job.name, isOfOwnRecipe(job)),
  };
}
