// SPDX-License-Identifier: LGPL-2.1-or-later
import { defineConfig } from "vitest/config";

import { translations } from "./app/translations.ts";

const resolve = { conditions: ["rbee-source"] };
const ssr = { resolve };
const timeouts = { testTimeout: 120_000, hookTimeout: 120_000 };

export default defineConfig({
  test: {
    maxWorkers: 2,
    projects: [
      { resolve, ssr, test: { name: "sdk", root: "sdk", environment: "node", include: ["test/*.test.ts"], ...timeouts } },
      { resolve, ssr, test: { name: "react", root: "react", environment: "jsdom", include: ["test/*.test.ts?(x)"], ...timeouts } },
      {
        resolve,
        ssr,
        plugins: [translations()],
        test: { name: "app", root: "app", environment: "node", include: ["test/*.test.ts"], ...timeouts },
      },
    ],
  },
});
