// SPDX-License-Identifier: LGPL-2.1-or-later
import { defineConfig } from "vitest/config";

export default defineConfig({
  root: import.meta.dirname,
  test: {
    include: [process.env.RBEE_BENCH ? "*.bench.ts" : process.env.RBEE_MACHINE ? "*.machine.ts" : "*.test.ts"],
    testTimeout: 900_000,
    hookTimeout: 300_000,
    maxWorkers: 2,
    // As patient as the pages are.
    expect: { poll: { timeout: 120_000 } },
  },
});
