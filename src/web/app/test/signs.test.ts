// SPDX-License-Identifier: LGPL-2.1-or-later
/** The signs of the hive's own lines are drawn: not every machine has a font with emojis. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { expect, test } from "vitest";

import { splitSign } from "../src/log/sign.tsx";

const SOURCE = join(import.meta.dirname, "../../..");
/** What begins a text in C and is a sign, with what stands between it and the words. */
const BEGINNING = /"((?:\p{Extended_Pictographic}|[✓✗↻⇄])\uFE0F?) +/gu;

test("each sign that a line of the log begins with in the hive's programs has its drawing", () => {
  const files = readdirSync(SOURCE, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".c"));
  const found = new Set(
    files.flatMap((name) => [...readFileSync(join(SOURCE, name), "utf8").matchAll(BEGINNING)].map(([, sign]) => sign!)),
  );
  expect(found.size).toBeGreaterThan(15);
  expect([...found].filter((sign) => splitSign(`${sign} words`).rest !== "words")).toEqual([]);
});
