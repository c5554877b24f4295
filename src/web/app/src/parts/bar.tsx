// SPDX-License-Identifier: LGPL-2.1-or-later
import { useRef } from "react";

import type { Job } from "@rbee/hive-sdk";

import { formatPercent } from "./format.ts";
import { jobProgress } from "./phases.ts";

/** How far a job is; it never goes back. */
export function useForwardProgress(job: Pick<Job, "id" | "operation" | "phase" | "progress" | "state">): number {
  const farthest = useRef({ id: "", progress: 0 });
  if (farthest.current.id !== job.id) farthest.current = { id: job.id, progress: 0 };
  const progress = jobProgress(job.operation, job.phase ?? "", job.progress ?? -1, job.state);
  farthest.current.progress = Math.max(farthest.current.progress, progress);
  return farthest.current.progress;
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
