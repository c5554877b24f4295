// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Whether node_modules holds what package-lock.json names: `npm ci` was run, and for this one. Says what to do otherwise.

import { readFileSync } from "node:fs";
import { join } from "node:path";

function packages(path) {
  return JSON.parse(readFileSync(join(import.meta.dirname, path), "utf8")).packages;
}

function missing() {
  let installed;
  try {
    installed = packages("node_modules/.package-lock.json");
  } catch {
    return "its dependencies are not installed";
  }
  for (const [path, { version, optional, link }] of Object.entries(packages("package-lock.json")))
    if (path.startsWith("node_modules/") && !link && !(optional && !installed[path]) && installed[path]?.version !== version)
      return `${path} is not of version ${version}`;
  return undefined;
}

const why = missing();
if (why) {
  console.log(`${why}: npm ci --prefix ${import.meta.dirname}`);
  process.exitCode = 1;
}
