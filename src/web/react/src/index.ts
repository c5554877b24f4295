// SPDX-License-Identifier: LGPL-2.1-or-later
export { HiveProvider, useHive, type Hive } from "./hive-provider.tsx";
export type { JobPhase, JobView } from "./job-feed.ts";
export type { JobLog } from "./job-log.ts";
export type { JobsView } from "./jobs-feed.ts";
export {
  useCapabilities,
  useCatalogs,
  useInstalledWorkers,
  useRecipe,
  useRefreshCapabilities,
  useUpdates,
  useVerify,
  useKnownCatalog,
  useWorkerCatalog,
} from "./questions.ts";
export { useHiveOperations, type HiveOperations } from "./use-hive-operations.ts";
export { useInstances, useModels } from "./use-instances.ts";
export { useJob, useJobs } from "./use-jobs.ts";
export { useLogSearch, type LogSearch } from "./use-log-search.ts";
