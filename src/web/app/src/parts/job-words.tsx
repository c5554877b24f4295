// SPDX-License-Identifier: LGPL-2.1-or-later
import { useEffect, useState } from "react";

import type { Job } from "@rbee/hive-sdk";

import { _, format } from "../i18n.ts";
import { formatAgo, formatDate, formatDuration } from "./format.ts";
import { useWorkerNames } from "./worker-name.ts";

export const isActive = (state: string | undefined) => state === "queued" || state === "running" || state === "committing";

// A model may have a worker's name.
export const isOfWorker = ({ operation }: { operation: string }) => !operation.startsWith("model_");

function titleOf(operation: string, worker: string): string {
  switch (operation) {
    case "worker_remove":
      return format(_("Remove {worker}"), { worker });
    case "worker_rollback":
      return format(_("Roll back {worker}"), { worker });
    case "worker_push":
      return format(_("Push {worker} into a store"), { worker });
    case "model_download":
      return format(_("Fetch the model {worker}"), { worker });
    case "model_import":
      return format(_("Import the model {worker}"), { worker });
    default:
      return format(_("Install {worker}"), { worker });
  }
}

/** What a job is, in words, with the name of its worker. */
export function useJobTitle(): (job: Job) => string {
  const { ofJob } = useWorkerNames();
  return (job) => titleOf(job.operation, isOfWorker(job) ? ofJob(job) : job.worker_id);
}

export function stateWord(state: string): string {
  switch (state) {
    case "queued":
      return _("Waiting");
    case "running":
      return _("Running");
    case "committing":
      return _("Installing");
    case "done":
      return _("Done");
    case "failed":
      return _("Failed");
    case "cancelled":
      return _("Cancelled");
    default:
      return state;
  }
}

export function StatePill({ state }: { state: string }) {
  return (
    <span className={`pill ${isActive(state) ? "active" : state}`}>
      <span className={`dot ${isActive(state) ? "busy" : ""}`} />
      {stateWord(state)}
    </span>
  );
}

/** The time, every so often while it is looked at. */
function useNow(ticking: boolean, every = 1000): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    if (!ticking) return;
    const timer = setInterval(() => setNow(Date.now()), every);
    return () => clearInterval(timer);
  }, [ticking, every]);
  return now;
}

/** "5 minutes ago", of µs since the epoch, as time goes by. */
export function Ago({ time }: { time: number }) {
  const now = useNow(true, 10_000);
  return <time title={formatDate(time)}>{formatAgo(time, Math.max(now, time / 1000))}</time>;
}

/** From one time to another, in ms since the epoch; NaN: to now, as it goes on. */
export function Elapsed({ from, to }: { from: number; to: number }) {
  const goesOn = Number.isNaN(to);
  const now = useNow(goesOn);
  if (Number.isNaN(from)) return null;
  return <span className="numbers">{formatDuration((goesOn ? now : to) - from, goesOn)}</span>;
}

/** As ms since the epoch; NaN: not yet. */
const time = (microseconds: number | undefined) => (microseconds ? microseconds / 1000 : NaN);

export function JobElapsed({ job }: { job: Job }) {
  return <Elapsed from={time(job.started_at)} to={time(job.finished_at)} />;
}
