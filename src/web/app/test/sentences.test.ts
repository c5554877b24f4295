// SPDX-License-Identifier: LGPL-2.1-or-later
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { po } from "gettext-parser";
import { describe, expect, test } from "vitest";

import { toPieces, translateSentence, type Template } from "../src/parts/sentences.ts";
import { toModule } from "../translations.ts";

const TEMPLATES: Template[] = [
  [
    "The catalog cannot be read: %s; see URL= in %s of hive.conf, and the network",
    "Der Katalog ist nicht lesbar: %s; siehe URL= in %s der hive.conf und das Netz",
  ],
  ["%s has job %s (%s, %s) already; wait for it or cancel it", "Auftrag %2$s (%3$s, %4$s) von %1$s läuft schon; warten oder abbrechen"],
  [
    "The job took longer than %u s: raise RuntimeMax= in [Jobs] of hive.conf",
    "Der Auftrag dauerte länger als %u s: RuntimeMax= in [Jobs] der hive.conf erhöhen",
  ],
  ["A source cannot be fetched: %s", "Eine Quelle ist nicht zu holen: %s"],
  ["%s is not installed", "%s ist nicht installiert"],
  ['The worker "%s" is not installed', "Der Worker „%s“ ist nicht installiert"],
];

describe("a sentence of the hive", () => {
  test.for([
    [
      "The job took longer than 600 s: raise RuntimeMax= in [Jobs] of hive.conf",
      "Der Auftrag dauerte länger als 600 s: RuntimeMax= in [Jobs] der hive.conf erhöhen",
    ],
    [
      "some has job 7 (worker_install, running) already; wait for it or cancel it",
      "Auftrag 7 (worker_install, running) von some läuft schon; warten oder abbrechen",
    ],
    [
      "The catalog cannot be read: it says no (500); see URL= in [Catalog] of hive.conf, and the network",
      "Der Katalog ist nicht lesbar: it says no (500); siehe URL= in [Catalog] der hive.conf und das Netz",
    ],
  ] as const)("is said in the page's language, with its values: %s", ([sentence, said]) => {
    expect(translateSentence(TEMPLATES, sentence)).toBe(said);
  });

  test("that quotes another is translated with it", () => {
    expect(translateSentence(TEMPLATES, "A source cannot be fetched: some is not installed")).toBe(
      "Eine Quelle ist nicht zu holen: some ist nicht installiert",
    );
  });

  test("is taken for the one that says most itself", () => {
    expect(translateSentence(TEMPLATES, 'The worker "some" is not installed')).toBe("Der Worker „some“ ist nicht installiert");
  });

  test("that says what is wrong and then what to do is said in both parts", () => {
    expect(
      translateSentence(TEMPLATES, "some is not installed. The job took longer than 5 s: raise RuntimeMax= in [Jobs] of hive.conf"),
    ).toBe("some ist nicht installiert. Der Auftrag dauerte länger als 5 s: RuntimeMax= in [Jobs] der hive.conf erhöhen");
    expect(translateSentence(TEMPLATES, "Something else. And more")).toBe("Something else. And more");
  });

  test("keeps behind it what the system says", () => {
    const templates = [...TEMPLATES, ["Cannot read %s", "%s kann nicht gelesen werden"] as const];
    expect(translateSentence(templates, "Cannot read /x: Permission denied")).toBe("/x kann nicht gelesen werden: Permission denied");
    expect(translateSentence(templates, "A source cannot be fetched: Permission denied")).toBe(
      "Eine Quelle ist nicht zu holen: Permission denied",
    );
  });

  test("that is short is known when no value stands in it", () => {
    expect(translateSentence([...TEMPLATES, ["a text", "ein Text"]], "A source cannot be fetched: a text")).toBe(
      "Eine Quelle ist nicht zu holen: ein Text",
    );
  });

  test("that nobody translated stays as it is, a value with a percent sign too", () => {
    expect(translateSentence(TEMPLATES, "Something else happened")).toBe("Something else happened");
    expect(translateSentence(TEMPLATES, "A source cannot be fetched: 100%s $& of it")).toBe(
      "Eine Quelle ist nicht zu holen: 100%s $& of it",
    );
  });

  test("that a stranger made long is passed over at once", () => {
    const long = "some has job 7 (, ".repeat(20000);
    expect(translateSentence(TEMPLATES, long)).toBe(long);
    expect(translateSentence(TEMPLATES, `${long}) already; wait for it or cancel it`)).toContain("läuft schon");
  });

  test("whose number is none is not that sentence", () => {
    const wrong = "The job took longer than some s: raise RuntimeMax= in [Jobs] of hive.conf";
    expect(translateSentence(TEMPLATES, wrong)).toBe(wrong);
  });

  test("of values alone is none that can be told from others", () => {
    expect(toPieces("%s: %s")).toBeUndefined();
    expect(toPieces("%s %s (%u)")).toBeUndefined();
  });
});

test("a sentence of the hive comes to the page with its translation, and one of hivectl does not", async () => {
  const text = `msgid ""
msgstr "Content-Type: text/plain; charset=UTF-8\\n"

#: src/builder/job/step.c:290
#, c-format
msgid "%s phase failed"
msgstr "%s: misslungen"

#: src/hivectl/main.c:1
#, c-format
msgid "%s is no verb of hivectl"
msgstr "%s ist kein Befehl von hivectl"
`;
  const { sentences } = (await import(`data:text/javascript,${encodeURIComponent(toModule(po.parse(text)))}`)) as { sentences: Template[] };
  expect(translateSentence(sentences, "Build phase failed")).toBe("Build: misslungen");
  expect(sentences).toHaveLength(1);
});

test("the sentences that a user meets most are in the template that translators work from", () => {
  const known = Object.keys(po.parse(readFileSync(join(import.meta.dirname, "../../../../po/rbee-hive.pot"))).translations[""] ?? {});
  for (const id of [
    "Please install %s before proceeding",
    "%s phase failed",
    "A source cannot be fetched: %s",
    "The job took longer than %u s: raise RuntimeMax= in [Jobs] of hive.conf",
    "%s took too long: %s (%s in hive.conf)",
    "The catalog cannot be read: %s",
    "The PKGBUILD is not valid bash: syntax error in line %s; what bash says stands before this",
    "The package has no %s: package() must install it there",
    "Cannot install worker on this %s",
  ])
    expect(known).toContain(id);
});
