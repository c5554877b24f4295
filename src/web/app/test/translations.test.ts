// SPDX-License-Identifier: LGPL-2.1-or-later
import { execFileSync } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";

import { po } from "gettext-parser";
import ts from "typescript";
import { describe, expect, test } from "vitest";

import { sourceMessages } from "../source-messages.ts";
import { languages, translations } from "../translations.ts";

const TOP = join(import.meta.dirname, "../../../..");
const APP = "src/web/app/src";

interface Translation {
  plural: (n: number) => number;
  messages: Record<string, string | string[]>;
}

/** What the compiler sees: the first arguments of _() and ngettext(); a call with anything but literals is none. */
function calls(): { file: string; id: string | undefined }[] {
  const found: { file: string; id: string | undefined }[] = [];
  for (const path of readdirSync(join(TOP, APP), { recursive: true, encoding: "utf8" })) {
    if (!/\.tsx?$/.test(path) || path.endsWith("i18n.ts")) continue;
    const file = `${APP}/${path}`;
    const visit = (node: ts.Node): void => {
      if (ts.isCallExpression(node) && ts.isIdentifier(node.expression) && ["_", "ngettext"].includes(node.expression.text)) {
        const [first, second] = node.arguments;
        const literal = first && ts.isStringLiteral(first) && (node.expression.text === "_" || (second && ts.isStringLiteral(second)));
        found.push({ file, id: literal ? first.text : undefined });
      }
      ts.forEachChild(node, visit);
    };
    visit(ts.createSourceFile(path, readFileSync(join(TOP, file), "utf8"), ts.ScriptTarget.Latest, true));
  }
  return found;
}

function potFiles(): string[] {
  return readFileSync(join(TOP, "po/POTFILES"), "utf8").split("\n");
}

function ids(text: Buffer | string): string[] {
  return Object.keys(po.parse(text).translations[""] ?? {}).filter(Boolean);
}

async function load(language: string): Promise<Translation> {
  const plugin = translations() as unknown as { load: (this: { addWatchFile: () => void }, id: string) => string };
  const code = plugin.load.call({ addWatchFile: () => {} }, `\0virtual:translations/${language}`);
  return (await import(`data:text/javascript,${encodeURIComponent(code)}`)) as Translation;
}

const placeholders = (text: string) => (text.match(/\{\w+\}/g) ?? []).sort();

describe("the page's strings", () => {
  const said = calls();

  test("are literals, in double quotes", () => {
    expect(said.filter(({ id }) => id === undefined)).toEqual([]);
    expect([...sourceMessages().keys()].sort()).toEqual([...new Set(said.map(({ id }) => id))].sort());
  });

  test("stand in files that po/POTFILES lists, where xgettext finds each of them", () => {
    const files = [...new Set(said.map(({ file }) => file))].sort();
    expect(potFiles().filter((path) => path.startsWith(APP))).toEqual(files);
    const found = execFileSync("xgettext", ["-C", "-k", "-k_", "-kngettext:1,2", "--from-code=UTF-8", "-o-", ...files], {
      cwd: TOP,
      stdio: ["ignore", "pipe", "ignore"],
    });
    expect(ids(found).sort()).toEqual([...sourceMessages().keys()].sort());
  });

  test("are in the template that translators work from: ninja rbee-hive-pot", () => {
    const known = ids(readFileSync(join(TOP, "po/rbee-hive.pot")));
    expect([...sourceMessages().keys()].filter((id) => !known.includes(id))).toEqual([]);
  });

  test.for(languages())("are said in %s with the values that belong into them", async (language) => {
    const { messages } = await load(language);
    for (const [id, { plural }] of sourceMessages()) {
      const texts = messages[id] ?? [];
      for (const text of Array.isArray(texts) ? texts : [texts])
        expect(placeholders(text), `${language}: ${text}`).toEqual(placeholders(plural ?? id));
    }
  });
});

describe("plurals", () => {
  test.for([
    ["de", [1, 0, 1]],
    ["nl", [1, 0, 1]],
    ["ja", [0, 0, 0]],
  ] as const)("go by the rule of %s", async ([language, forms]) => {
    const { plural } = await load(language);
    expect([0, 1, 2].map(plural)).toEqual(forms);
  });
});
