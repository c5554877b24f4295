// SPDX-License-Identifier: LGPL-2.1-or-later
/** A sentence of the hive as a translator knows it, with what C's printf puts into it, and its translation. */
export type Template = readonly [id: string, text: string];

const DIRECTIVE = /%(?:(\d+)\$)?[-+ #0]*\d*(?:\.\d+)?(?:hh?|ll?|z)?([sdiuxc%])/g;

/** Fewer letters of its own say too little of which sentence it is. */
const OWN_LETTERS = 8;

const escape = (text: string) => text.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&");

/** What matches a sentence that was made of @id, each value a group. */
export function toPattern(id: string): RegExp | undefined {
  if (id.replace(DIRECTIVE, "").replace(/[^\p{L}]/gu, "").length < OWN_LETTERS) return undefined;
  let pattern = "";
  let from = 0;
  for (const { 0: whole, 2: kind, index } of id.matchAll(DIRECTIVE)) {
    pattern += escape(id.slice(from, index)) + (kind === "%" ? "%" : kind === "s" ? "(.*?)" : "(-?[0-9a-f]+)");
    from = index + whole.length;
  }
  return new RegExp(`^${pattern}${escape(id.slice(from))}$`, "s");
}

/** Puts @values into a translation, which may have them in another order: %2$s. */
function fill(text: string, values: readonly string[]): string {
  let next = 0;
  return text.replace(DIRECTIVE, (_whole, place: string | undefined, kind: string) => (kind === "%" ? "%" : (values[place ? Number(place) - 1 : next++] ?? "")));
}

/** Says the hive's English sentence in another language; what it quotes, another sentence often, is said so too where that is known. */
export function translateSentence(templates: readonly Template[], sentence: string, depth = 0): string {
  let best: { id: string; text: string; values: string[] } | undefined;

  for (const [id, text] of templates) {
    // The one that says more itself is the one that was meant.
    if (best && best.id.length >= id.length) continue;
    const found = patternOf(id)?.exec(sentence);
    if (found) best = { id, text, values: found.slice(1) };
  }
  if (!best) return sentence;
  return fill(best.text, depth < 3 ? best.values.map((value) => translateSentence(templates, value, depth + 1)) : best.values);
}

const patterns = new Map<string, RegExp | undefined>();

function patternOf(id: string): RegExp | undefined {
  if (!patterns.has(id)) patterns.set(id, toPattern(id));
  return patterns.get(id);
}
