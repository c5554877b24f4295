// SPDX-License-Identifier: LGPL-2.1-or-later
import react from "@vitejs/plugin-react";
import { defaultClientConditions, defineConfig } from "vite";

import { translations } from "./translations.ts";

const bridge = process.env.RBEE_BRIDGE ?? "http://127.0.0.1:7835";
const proxied = { target: bridge, changeOrigin: true, headers: { Origin: bridge } };

export default defineConfig({
  root: import.meta.dirname,
  plugins: [react(), translations()],
  // The workspaces are taken as they are written.
  resolve: { conditions: ["rbee-source", ...defaultClientConditions] },
  build: {
    target: "es2023",
    outDir: process.env.RBEE_WEB_OUT ?? "dist",
    emptyOutDir: true,
    // The bridge's content security policy allows what comes from itself, in files.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  server: { proxy: { "/v1": proxied, "/health": proxied } },
});
