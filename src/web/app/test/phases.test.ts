// SPDX-License-Identifier: LGPL-2.1-or-later
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { describe, expect, test } from "vitest";

import { jobProgress, listPhases, PHASES, phaseTitle } from "../src/parts/phases.ts";

const source = (path: string) => readFileSync(join(import.meta.dirname, "../../../..", path), "utf8");

/** What stands between the braces of a table in C. */
const table = (path: string, name: string) => source(path).split(`${name}[] = {`)[1]!.split("};")[0]!;

const all = [...table("src/hived/job.c", "job_phases").matchAll(/"(.*?)"/g)].map(([, name]) => name!);
const operations = [...table("src/hived/job.c", "job_operations").matchAll(/"(.*?)"/g)].map(([, name]) => name!);

describe("the phases that the hive has", () => {
  test("have their places in the page's course of a job, and the same in the window's", () => {
    const rows = [...table("src/common/job-course.c", "phases").matchAll(/\{ "(.*?)", \{ (.*?) \}, (\w+) \}/g)];

    expect(PHASES.map(([name]) => name)).toEqual(all);
    expect(rows.map(([, name, weights, optional]) => [name, weights!.split(", ").map(Number), optional === "true"])).toEqual(PHASES);
  });

  test("have titles in the page, and the same in the window", () => {
    const words = source("src/common/phase-title.c");
    const titles = [...words.matchAll(/\{ "(.*?)", N_ \("(.*?)"\)(?:, N_ \("(.*?)"\))? \}/g)];

    expect(all.filter((name) => phaseTitle(name) === name)).toEqual([]);
    expect(titles.map(([, name, title, ofModel]) => [name, title, ofModel ?? title])).toEqual(
      all.map((name) => [name, phaseTitle(name), phaseTitle(name, "model_download")]),
    );
  });

  test.for(operations)("fill %s", (operation) => {
    expect(all.map((name) => jobProgress(operation, name, 1, "running")).at(-1)).toBe(0.99);
    expect(listPhases(operation, [], "queued", NaN).length).toBeGreaterThan(0);
  });
});

test("a push is none of an install's phases", () => {
  expect(listPhases("worker_push", [{ phase: "push", time: 1 }], "running", NaN).map(({ name }) => name)).toEqual(["push"]);
});
