// SPDX-License-Identifier: LGPL-2.1-or-later
import type { Job } from "@rbee/hive-sdk";

import { formatPercent } from "./format.ts";
import { jobProgress } from "./phases.ts";

/** How far each job was seen: another view, which knows less of it, does not go back. */
const farthest = new Map<string, number>();

/** How far a job is; it never goes back. */
export function useForwardProgress(job: Pick<Job, "id" | "operation" | "phase" | "progress" | "state">): number {
  const progress = Math.max(farthest.get(job.id) ?? 0, jobProgress(job.operation, job.phase ?? "", job.progress ?? -1, job.state));
  farthest.set(job.id, progress);
  return progress;
}

export function Bar({ progress, state, label }: { progress: number; state: string; label: string }) {
  return (
    <div
      className={`bar ${state}`}
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.round(progress * 100)}
      aria-valuetext={formatPercent(progress)}
    >
      <span style={{ transform: `scaleX(${progress})` }} />
    </div>
  );
}
