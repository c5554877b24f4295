// SPDX-License-Identifier: LGPL-2.1-or-later
import { useCallback, useMemo, useSyncExternalStore } from "react";

import { useHive } from "./hive-provider.tsx";
import type { JobView } from "./job-feed.ts";
import type { JobsView } from "./jobs-feed.ts";

/** A job with its log, live, as long as it is shown. */
export function useJob(jobId: string): JobView {
  const { feeds } = useHive();
  const feed = useMemo(() => feeds.get(jobId), [feeds, jobId]);
  const subscribe = useCallback((listener: () => void) => feeds.watch(feed, listener), [feeds, feed]);
  return useSyncExternalStore(subscribe, feed.view, feed.view);
}

/** All jobs, newest first, and whether bridge and hive can be reached. */
export function useJobs(): JobsView {
  const { jobs } = useHive();
  return useSyncExternalStore(jobs.subscribe, jobs.view, jobs.view);
}
