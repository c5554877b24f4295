// SPDX-License-Identifier: LGPL-2.1-or-later
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { describe, expect, test } from "vitest";

import { sourceMessages } from "../source-messages.ts";
import { splitSign } from "../src/log/sign.tsx";
import { advice } from "../src/parts/advice.ts";
import { formatDate, formatDuration, formatSize } from "../src/parts/format.ts";

describe("numbers", () => {
  test("times of less than a tenth of a second are not shown", () => {
    expect([0, 40, 94].map((time) => formatDuration(time))).toEqual(["", "", ""]);
    expect([100, 400, 12_000, 154_000, 3_754_000].map((time) => formatDuration(time))).toEqual(["0.1s", "0.4s", "12s", "2:34", "1:02:34"]);
  });

  test("one byte is one, and more of them are bytes", () => {
    expect([0, 1, 2, 1023].map((size) => formatSize(size))).toEqual(["0 bytes", "1 byte", "2 bytes", "1,023 bytes"]);
  });

  test("sizes are those that hivectl prints", () => {
    expect([1024, 1_500_000, 1_048_575, 24 * 2 ** 30, 2 ** 50].map((size) => formatSize(size))).toEqual([
      "1.0 KB",
      "1.4 MB",
      "1.0 MB",
      "24.0 GB",
      "1,024.0 TB",
    ]);
  });

  test("dates are written as the page's English is spelled", () => {
    expect(formatDate(Date.UTC(2026, 10, 28, 12) * 1000)).toMatch(/^28 Nov 2026, \d\d:\d\d$/);
  });
});

describe("the page's English", () => {
  const ids = [...sourceMessages().values()].flatMap(({ plural }) => plural ?? []).concat([...sourceMessages().keys()]);

  test("calls the hive's machine this machine", () => {
    expect(ids.filter((text) => /machine|computer|host\b/i.test(text) && !/\bthis machine\b/i.test(text))).toEqual(["Machine"]);
  });

  test("is spelled as in Britain", () => {
    expect(ids.filter((text) => /\b(license|color|cancell?ed\b.*canceled|catalogue|favorite|behavior|center)/i.test(text))).toEqual([]);
  });
});

describe("advice", () => {
  /* The window's is the same, and each error's name has a case (tests/unit/test-advice.c). */
  const { cases } = JSON.parse(readFileSync(join(import.meta.dirname, "../../../../tests/unit/advice.json"), "utf8")) as {
    cases: { error: string; said: string; advice: string }[];
  };

  test.for(cases)("of $error fits what was said: $said", ({ error, said, advice: expected }) => {
    expect(advice(error, said)).toBe(expected);
  });
});

describe("the signs of the hive's lines", () => {
  test.for(["✓", "✅", "❌", "⚠", "🌐", "⬇", "↻", "⏪", "💾", "📄", "📝", "📦", "🔍", "🔧", "🏗️", "🩹", "🧪", "🧹", "🗑️", "🛑"])(
    "%s is drawn, whatever fonts there are",
    (sign) => {
      expect(splitSign(`${sign} Starting…`)).toEqual({ sign: sign.replace("\uFE0F", ""), rest: "Starting…" });
    },
  );

  test("stand at the beginning of a line, and what else is there stays", () => {
    for (const text of ["say ✓ to it", "🦀 Rust", "12 of 30", "#1 and *"]) expect(splitSign(text)).toEqual({ sign: "", rest: text });
  });
});
