// SPDX-License-Identifier: LGPL-2.1-or-later
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { po, type GetTextTranslations } from "gettext-parser";
import type { Plugin } from "vite";

import { type Template } from "./src/parts/sentences.ts";
import { sourceMessages } from "./source-messages.ts";

const PO = join(import.meta.dirname, "../../../po");
const LIST = "virtual:translations";
const ONE = "virtual:translations/";

/** Where the hive's own sentences are made, which the page is told in English. */
const HIVE = /^src\/(?:builder|bridge|commit|common|fetch|hived|sandbox|store)\//m;

/**
 * The project's po files as modules, one a language, each loaded when it is wanted. They hold what the page says alone, and
 * what it shows of the hive. A
 * plural's rule becomes code here, since the page may not make code of text.
 */
export function translations(): Plugin {
  return {
    name: "translations",
    resolveId: (id) => (id.startsWith(LIST) ? `\0${id}` : undefined),
    load(id) {
      if (id === `\0${LIST}`) {
        this.addWatchFile(join(PO, "LINGUAS"));
        const imports = languages().map((language) => `${language}: () => import("${ONE}${language}")`);
        return `export default { ${imports.join(", ")} };`;
      }
      if (!id.startsWith(`\0${ONE}`)) return undefined;
      const path = join(PO, `${id.slice(ONE.length + 1)}.po`);
      this.addWatchFile(path);
      return toModule(po.parse(readFileSync(path)));
    },
  };
}

export function languages(): string[] {
  const lines = readFileSync(join(PO, "LINGUAS"), "utf8").split("\n");
  return lines.map((line) => line.trim()).filter((line) => line && !line.startsWith("#"));
}

/** The code of a language. */
export function toModule({ headers, translations }: GetTextTranslations): string {
  const rule = /plural=([n\d\s()?:|&!=<>%+*-]+);?\s*$/.exec(headers["Plural-Forms"] ?? "")?.[1] ?? "n != 1";
  const wanted = sourceMessages();
  const messages: Record<string, string | string[]> = {};
  const sentences: Template[] = [];

  for (const { msgid, msgstr, comments } of Object.values(translations[""] ?? {})) {
    const fuzzy = comments?.flag?.includes("fuzzy") ?? false;
    if (!msgid || fuzzy || msgstr.some((text) => !text)) continue;
    if (HIVE.test(comments?.reference ?? "")) sentences.push([msgid, msgstr[0]!]);
    if (!wanted.has(msgid)) continue;
    messages[msgid] = msgstr.length > 1 || wanted.get(msgid)!.plural ? msgstr : msgstr[0]!;
  }
  return `export const plural = (n) => Number(${rule});\nexport const messages = ${JSON.stringify(messages)};\nexport const sentences = ${JSON.stringify(sentences)};\n`;
}
