// SPDX-License-Identifier: LGPL-2.1-or-later
/** A sentence of the hive as a translator knows it, with what C's printf puts into it, and its translation. */
export type Template = readonly [id: string, text: string];

const DIRECTIVE = /%(?:(\d+)\$)?[-+ #0]*\d*(?:\.(?:\d+|\*))?(?:hh?|ll?|[zjt])?([sdiuoxc%])/g;

/** Fewer letters of its own say too little of which sentence it is, when values stand in it. */
const OWN_LETTERS = 8;

/** What stands around the values of a sentence, and of which kind each value is. */
export type Pieces = { readonly literals: readonly string[]; readonly kinds: readonly string[] };

/** The pieces of the sentences that are made of @id; none where they say too little to be told from others. */
export function toPieces(id: string): Pieces | undefined {
  const letters = id.replace(DIRECTIVE, "").replace(/[^\p{L}]/gu, "").length;
  const literals = [""];
  const kinds: string[] = [];
  let from = 0;
  for (const { 0: whole, 2: kind = "", index } of id.matchAll(DIRECTIVE)) {
    literals.push(literals.pop() + id.slice(from, index) + (kind === "%" ? "%" : ""));
    from = index + whole.length;
    if (kind === "%") continue;
    kinds.push(kind);
    literals.push("");
  }
  literals.push(literals.pop() + id.slice(from));
  return kinds.length === 0 || letters >= OWN_LETTERS ? { literals, kinds } : undefined;
}

/** The values in @sentence, if it is made of @pieces. It may quote what a stranger wrote, so each of its letters is looked at once: a regular
 * expression with several values could be kept busy for hours. */
function valuesOf({ literals, kinds }: Pieces, sentence: string): string[] | undefined {
  const last = literals.length - 1;
  const first = literals[0] ?? "";
  const tail = literals[last] ?? "";
  const values: string[] = [];
  let from = first.length;

  if (last === 0) return sentence === first ? [] : undefined;
  if (!sentence.startsWith(first) || !sentence.endsWith(tail)) return undefined;
  for (let place = 1; place <= last; place++) {
    const to = place === last ? sentence.length - tail.length : sentence.indexOf(literals[place] ?? "", from);
    if (to < from) return undefined;
    const value = sentence.slice(from, to);
    if (!"sc".includes(kinds[place - 1] ?? "") && !/^-?[0-9a-f]+$/.test(value)) return undefined;
    values.push(value);
    from = to + (literals[place] ?? "").length;
  }
  return values;
}

/** Puts @values into a translation, which may have them in another order: %2$s. */
function fill(text: string, values: readonly string[]): string {
  let next = 0;
  return text.replace(DIRECTIVE, (_whole, place: string | undefined, kind: string) =>
    kind === "%" ? "%" : (values[place ? Number(place) - 1 : next++] ?? ""),
  );
}

/** What the system says of an error is behind the hive's sentence, after a colon: in glibc's words, of which these are usual. */
const CAUSE =
  /^(.*): (Permission denied|Operation not permitted|No such file or directory|Read-only file system|No space left on device|Disk quota exceeded|Input\/output error|Not a directory|Is a directory|File exists|Directory not empty|Device or resource busy|Too many open files|Too many levels of symbolic links|File name too long|Invalid argument|Connection refused|Resource temporarily unavailable|Cannot allocate memory)$/s;

/** Says the hive's English sentence in another language; what it quotes, another sentence often, is said so too where that is known. */
export function translateSentence(templates: readonly Template[], sentence: string, depth = 0): string {
  const best = find(templates, sentence);
  const [, before, cause] = CAUSE.exec(sentence) ?? [];

  // A message that has no place for a cause would take it for a part of its last value.
  if (best && before !== undefined && depth < 3 && find(templates, before)?.id === best.id)
    return `${translateSentence(templates, before, depth + 1)}: ${cause}`;
  if (!best) return translateParts(templates, sentence, depth);
  return fill(best.text, depth < 3 ? best.values.map((value) => translateSentence(templates, value, depth + 1)) : best.values);
}

function find(templates: readonly Template[], sentence: string): { id: string; text: string; values: string[] } | undefined {
  let best: { id: string; text: string; values: string[] } | undefined;

  for (const [id, text] of templates) {
    // The one that says more itself is the one that was meant.
    if (best && best.id.length >= id.length) continue;
    const pieces = piecesOf(id);
    const values = pieces && valuesOf(pieces, sentence);
    if (values) best = { id, text, values };
  }
  return best;
}

/** Each of two sentences that were put together: what is wrong, and what to do. */
function translateParts(templates: readonly Template[], sentence: string, depth: number): string {
  const end = sentence.indexOf(". ");
  if (end < 0 || depth >= 3) return sentence;
  return `${translateSentence(templates, sentence.slice(0, end), depth + 1)}. ${translateSentence(templates, sentence.slice(end + 2), depth + 1)}`;
}

const known = new Map<string, Pieces | undefined>();

function piecesOf(id: string): Pieces | undefined {
  if (!known.has(id)) known.set(id, toPieces(id));
  return known.get(id);
}
