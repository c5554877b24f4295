// SPDX-License-Identifier: LGPL-2.1-or-later
//
// build.mjs FOLDER DEPFILE: the page, each file that packs well a second time as NAME.gz, which the bridge prefers; and for
// ninja what it is made of.

import { readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { constants, gzipSync } from "node:zlib";

import { build } from "vite";

const PACKED = /\.(js|css|html|svg|json|txt)$/;
const top = import.meta.dirname;

const [, , out, depfile] = process.argv;

function* walk(folder) {
  yield folder;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory() && entry.name !== "node_modules" && entry.name !== "dist" && entry.name !== "generated") yield* walk(path);
    else if (entry.isFile()) yield path;
  }
}

process.env.NODE_ENV = "production";
await build({
  configFile: join(top, "app/vite.config.ts"),
  logLevel: "warn",
  build: { outDir: resolve(out), license: { fileName: "licences.txt" } },
});

for (const path of walk(resolve(out))) {
  if (!PACKED.test(path) || !statSync(path).isFile()) continue;
  const packed = gzipSync(readFileSync(path), { level: constants.Z_BEST_COMPRESSION });
  if (packed.length < statSync(path).size) writeFileSync(`${path}.gz`, packed);
}

const sources = [...walk(top), ...walk(join(top, "../../po"))].filter((path) => path !== top);
writeFileSync(depfile, `${out}: ${sources.map((path) => path.replace(/[ #$]/g, "\\$&")).join(" \\\n  ")}\n`);
