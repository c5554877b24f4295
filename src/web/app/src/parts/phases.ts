// SPDX-License-Identifier: LGPL-2.1-or-later
import { _ } from "../i18n.ts";

/** Operations, by their column in PHASES. */
const COURSES: Partial<Record<string, number>> = {
  worker_install: 0,
  worker_remove: 1,
  worker_rollback: 2,
  worker_push: 3,
  model_download: 4,
  model_import: 4,
};

/**
 * Phases in their order: how much of a job of each course each usually takes, in hundredths, and whether only some jobs have it, so that it is
 * shown once it was there. The window's table is the same (src/common/job-course.c).
 */
export const PHASES: readonly [phase: string, weights: readonly number[], optional: boolean][] = [
  ["metadata", [1, 0, 0, 0, 2], false],
  ["platform", [1, 0, 0, 0, 0], false],
  ["pkgbuild", [1, 0, 0, 0, 0], false],
  ["parse", [2, 0, 0, 0, 0], false],
  ["dependencies", [2, 0, 0, 0, 0], false],
  ["install-dependencies", [5, 0, 0, 0, 0], true],
  ["store", [3, 0, 0, 0, 0], true],
  ["sources", [13, 0, 0, 0, 95], false],
  ["prepare", [3, 0, 0, 0, 0], true],
  ["pkgver", [1, 0, 0, 0, 0], true],
  ["build", [52, 0, 0, 0, 0], false],
  ["check", [4, 0, 0, 0, 0], true],
  ["package", [6, 0, 0, 0, 0], false],
  ["install", [4, 0, 90, 0, 3], false],
  ["remove", [0, 90, 0, 0, 0], false],
  ["push", [0, 0, 0, 100, 0], false],
  ["capabilities", [1, 10, 10, 0, 0], false],
  ["cleanup", [1, 0, 0, 0, 0], true],
];

export type PhaseState = "waiting" | "active" | "done" | "failed" | "cancelled" | "skipped";

export interface Phase {
  name: string;
  state: PhaseState;
  /** ms since the epoch; NaN: it never began. */
  started: number;
  ended: number;
}

/** A phase that began: `time` in µs since the epoch. */
export interface PhaseStart {
  phase: string;
  time: number;
}

/** @operation: of the job, where it gives a phase another meaning. */
export function phaseTitle(phase: string, operation = ""): string {
  const model = operation.startsWith("model_");

  switch (phase) {
    case "metadata":
      return _("Look it up");
    case "platform":
      return _("Check this machine");
    case "pkgbuild":
      return _("Fetch the recipe");
    case "parse":
      return _("Read the recipe");
    case "dependencies":
      return _("Check what it needs");
    case "install-dependencies":
      return _("Install what is missing");
    case "store":
      return _("Look for a ready build");
    case "sources":
      return model ? _("Fetch its files") : _("Fetch the sources");
    case "prepare":
      return _("Prepare the sources");
    case "pkgver":
      return _("Find out the version");
    case "build":
      return _("Build");
    case "check":
      return _("Test");
    case "package":
      return _("Package");
    case "install":
      return model ? _("Put it where models are") : _("Install");
    case "remove":
      return _("Remove");
    case "push":
      return _("Push to the store");
    case "capabilities":
      return _("Update the inventory");
    case "cleanup":
      return _("Clean up");
    default:
      return phase;
  }
}

/** What each phase takes of a job; 0: there is none in it. */
const weigh = (operation: string) => PHASES.map(([, weights]) => weights[COURSES[operation] ?? -1] ?? 0);

/** Every phase of a job: those that began, with their times, and those to come. @ended: NaN while the job runs. */
export function listPhases(operation: string, starts: readonly PhaseStart[], state: string, ended: number): Phase[] {
  const weights = weigh(operation);
  const names = PHASES.filter(
    ([name, , optional], at) => weights[at]! > 0 && (!optional || starts.some(({ phase }) => phase === name)),
  ).map(([name]) => name);
  const last = starts.at(-1)?.phase;

  for (const [index, { phase }] of starts.entries())
    if (!names.includes(phase)) names.splice(names.indexOf(starts[index - 1]?.phase ?? "") + 1, 0, phase);
  // What was passed over was not needed.
  const needed = names.filter((name, at) => at > names.indexOf(last ?? "") || starts.some(({ phase }) => phase === name));
  return needed.map((name) => {
    const index = starts.findIndex(({ phase }) => phase === name);
    const started = index < 0 ? NaN : starts[index]!.time / 1000;
    const next = starts[index + 1];
    if (index < 0) return { name, state: Number.isNaN(ended) ? "waiting" : "skipped", started: NaN, ended: NaN };
    if (name !== last) return { name, state: "done", started, ended: next ? next.time / 1000 : NaN };
    if (state === "failed" || state === "cancelled") return { name, state, started, ended };
    return { name, state: state === "done" ? "done" : "active", started, ended };
  });
}

/** How far a job is, 0 to 1. Progress within a phase that cannot tell (-1) counts for nothing. */
export function jobProgress(operation: string, phase: string, progress: number, state: string): number {
  if (state === "done") return 1;
  const at = PHASES.findIndex(([name]) => name === phase);
  if (at < 0) return 0;
  const weights = weigh(operation);
  const before = weights.slice(0, at).reduce((sum, weight) => sum + weight, 0);
  return Math.min(0.99, (before + Math.max(0, progress) * weights[at]!) / 100);
}
