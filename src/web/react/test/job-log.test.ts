// SPDX-License-Identifier: LGPL-2.1-or-later
import { describe, expect, test } from "vitest";

import { JobLog } from "../src/job-log.ts";

function filled(count: number, text = (i: number) => `line ${i}`): JobLog {
  const log = new JobLog();
  for (let i = 0; i < count; i += 777) log.append(Array.from({ length: Math.min(777, count - i) }, (_, k) => text(i + k)));
  return log;
}

describe("a job's lines", () => {
  test.for([0, 1, 1023, 1024, 1025, 5000])("are those that were appended: %i", (count) => {
    const log = filled(count);
    expect(log.length).toBe(count);
    expect(log.slice(0, count)).toEqual(Array.from({ length: count }, (_, i) => `line ${i}`));
    expect([...log.pieces()].join("")).toBe(Array.from({ length: count }, (_, i) => `line ${i}\n`).join(""));
    expect(log.line(count)).toBe("");
  });

  test("may be empty, or hold any character", () => {
    const texts = ["", "📦", "日本", "\t", ""];
    const log = filled(3000, (i) => texts[i % 5]!);
    expect(log.slice(1020, 1030)).toEqual(["", "📦", "日本", "\t", "", "", "📦", "日本", "\t", ""]);
  });

  test("are found by what they say, whatever its case and colours, in any range", () => {
    const log = filled(10_000, (i) => (i % 4000 === 7 ? `\x1b[1;31mWarning\x1b[0m: unused ${i}` : `line ${i}`));
    expect(log.find("warning: unused")).toEqual([7, 4007, 8007]);
    expect(log.find("warning: unused", 8, 8007)).toEqual([4007]);
    expect(log.find("line 9998")).toEqual([9998]);
    expect(log.find("[nothing] of (it)")).toEqual([]);
  });

  test("go when they are cleared", () => {
    const log = filled(3000);
    log.clear();
    expect(log.length).toBe(0);
    expect(log.line(5)).toBe("");
  });

  test("take their bytes and little more: a million of them", () => {
    const text = "x".repeat(72);
    const log = filled(1_000_000, (i) => text + String(i).padStart(8));
    expect(log.length).toBe(1_000_000);
    expect(log.line(999_999)).toBe(`${text}  999999`);
    expect([...log.pieces()].length).toBeLessThan(1000);
  });
});
