// SPDX-License-Identifier: LGPL-2.1-or-later
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";

export interface SourceMessage {
  /** Of ngettext: the message for many. */
  plural: string | undefined;
  /** Where it is said first, from the project's top. */
  file: string;
}

const TEXT = '"(?:[^"\\\\\\n]|\\\\.)*"';
const CALL = new RegExp(`(?<![\\w$.])(?:_\\s*\\(\\s*(${TEXT})|ngettext\\s*\\(\\s*(${TEXT})\\s*,\\s*(${TEXT}))`, "g");

/** What the page's sources say to people: the arguments of _() and ngettext(). */
export function sourceMessages(): Map<string, SourceMessage> {
  const messages = new Map<string, SourceMessage>();
  const folder = join(import.meta.dirname, "src");

  for (const path of readdirSync(folder, { recursive: true, encoding: "utf8" }).sort()) {
    if (!/\.tsx?$/.test(path)) continue;
    for (const [, alone, one, many] of readFileSync(join(folder, path), "utf8").matchAll(CALL)) {
      const id = JSON.parse((alone ?? one)!) as string;
      const plural = many === undefined ? undefined : (JSON.parse(many) as string);
      if (!messages.has(id)) messages.set(id, { plural, file: `src/web/app/src/${path}` });
    }
  }
  return messages;
}
