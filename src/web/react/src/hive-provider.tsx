// SPDX-License-Identifier: LGPL-2.1-or-later
import { useQueryClient } from "@tanstack/react-query";
import { createContext, useContext, useEffect, useMemo, type ReactNode } from "react";

import type { HiveClient } from "@rbee/hive-sdk";

import { JobFeeds } from "./job-feed.ts";
import { JobsFeed, type Told } from "./jobs-feed.ts";

export interface Hive {
  client: HiveClient;
  jobs: JobsFeed;
  feeds: JobFeeds;
}

const HiveContext = createContext<Hive | undefined>(undefined);

/** Gives its children a hive. It stands inside of TanStack's QueryClientProvider. */
export function HiveProvider({ client, children }: { client: HiveClient; children: ReactNode }) {
  const queries = useQueryClient();
  const hive = useMemo<Hive>(() => {
    const renew = (...keys: string[]) => {
      for (const key of keys) void queries.invalidateQueries({ queryKey: ["hive", key] });
    };
    const told: Told = {
      onWorkers: () => renew("workers", "catalog", "capabilities"),
      onModels: () => renew("models"),
      // Asked for, and not taken from the event: an answer that is under way may be older. Models say who uses them.
      onInstances: () => renew("instances", "models"),
    };
    return { client, jobs: new JobsFeed(client, told), feeds: new JobFeeds(client) };
  }, [client, queries]);

  useEffect(() => hive.jobs.start(), [hive]);
  return <HiveContext value={hive}>{children}</HiveContext>;
}

export function useHive(): Hive {
  const hive = useContext(HiveContext);
  if (!hive) throw new Error("There is no <HiveProvider> around this");
  return hive;
}
