// SPDX-License-Identifier: LGPL-2.1-or-later
import { _ } from "../i18n.ts";

/** Phases in their order, and how much of a job each usually takes, in hundredths. */
type Weights = [phase: string, weight: number][];

const INSTALL: Weights = [
  ["metadata", 1],
  ["platform", 1],
  ["pkgbuild", 1],
  ["parse", 2],
  ["dependencies", 2],
  ["install-dependencies", 5],
  ["sources", 13],
  ["prepare", 3],
  ["pkgver", 1],
  ["build", 55],
  ["check", 4],
  ["package", 6],
  ["install", 4],
  ["capabilities", 1],
  ["cleanup", 1],
];
const REMOVE: Weights = [
  ["remove", 90],
  ["capabilities", 10],
];
const ROLLBACK: Weights = [
  ["install", 90],
  ["capabilities", 10],
];

const MODEL: Weights = [
  ["metadata", 2],
  ["sources", 95],
  ["install", 3],
];

/** Those that only some recipes have: shown once they were there. */
const OPTIONAL = new Set(["install-dependencies", "prepare", "pkgver", "check", "cleanup"]);

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
    case "capabilities":
      return _("Update the inventory");
    case "cleanup":
      return _("Clean up");
    default:
      return phase;
  }
}

const WEIGHTS: Partial<Record<string, Weights>> = {
  worker_remove: REMOVE,
  worker_rollback: ROLLBACK,
  model_download: MODEL,
  model_import: MODEL,
};

const weights = (operation: string) => WEIGHTS[operation] ?? INSTALL;

/** Every phase of a job: those that began, with their times, and those to come. @ended: NaN while the job runs. */
export function listPhases(operation: string, starts: readonly PhaseStart[], state: string, ended: number): Phase[] {
  const names = weights(operation)
    .map(([name]) => name)
    .filter((name) => !OPTIONAL.has(name) || starts.some(({ phase }) => phase === name));
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
  const all = weights(operation);
  const at = all.findIndex(([name]) => name === phase);
  if (at < 0) return 0;
  const before = all.slice(0, at).reduce((sum, [, weight]) => sum + weight, 0);
  return Math.min(0.99, (before + Math.max(0, progress) * all[at]![1]) / 100);
}
