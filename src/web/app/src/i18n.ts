// SPDX-License-Identifier: LGPL-2.1-or-later
import translations from "virtual:translations";

import { translateSentence, type Template } from "./parts/sentences.ts";

const CHOICE = "language";

let language = "en";
let messages: Record<string, string | string[]> = {};
let sentences: readonly Template[] = [];
let plural = (n: number) => Number(n !== 1);

export const languages: readonly string[] = ["en", ...Object.keys(translations)];

/** The one the page is in. */
export function currentLanguage(): string {
  return language;
}

/** For dates and numbers: the page's English is spelled as in Britain. */
export function currentLocale(): string {
  return language === "en" ? "en-GB" : language;
}

/** Loads the language that the person has chosen, or else the first of the browser's that we have. */
export async function loadLanguage(): Promise<void> {
  const wishes = [localStorage.getItem(CHOICE), ...navigator.languages].map((wish) => wish?.split("-")[0]);
  const choice = wishes.find((wish) => wish && languages.includes(wish)) ?? "en";
  const load = translations[choice];
  try {
    if (load) ({ messages, plural, sentences } = await load());
    language = choice;
  } catch {
    // The page was upgraded under us, or the bridge has just gone: English is better than nothing.
  }
  document.documentElement.lang = language;
}

export function chooseLanguage(choice: string): void {
  localStorage.setItem(CHOICE, choice);
  location.reload();
}

/** The translation. Its argument is one literal, for xgettext to find. */
export function _(message: string): string {
  const translation = messages[message];
  return typeof translation === "string" ? translation : message;
}

/** A sentence of the hive, which says them in English. */
export function hiveWords(sentence: string): string {
  return translateSentence(sentences, sentence);
}

export function ngettext(one: string, many: string, n: number): string {
  const translation = messages[one];
  if (Array.isArray(translation)) return translation[plural(n)] ?? many;
  return n === 1 ? one : many;
}

/** Puts values where `{name}` stands. */
export function format(text: string, values: Record<string, string | number>): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = values[name];
    return value === undefined ? whole : typeof value === "number" ? value.toLocaleString(currentLocale()) : value;
  });
}
