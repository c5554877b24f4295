// SPDX-License-Identifier: LGPL-2.1-or-later

/** A piece of a line in one dress. Colours of the usual sixteen are classes; the others are made legible on the log's dark ground. */
export interface Segment {
  text: string;
  classes: string;
  color?: string;
}

interface Dress {
  foreground: string;
  background: string;
  color?: string;
  bold: boolean;
  dim: boolean;
  italic: boolean;
  underline: boolean;
  inverse: boolean;
  struck: boolean;
}

const SGR = /\x1b\[([\d;:]*)m/g;
const NAMES = ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"] as const;
const CUBE = [0, 95, 135, 175, 215, 255] as const;
const GROUND = [0x17, 0x16, 0x12] as const;

const plain = (): Dress => ({
  foreground: "",
  background: "",
  bold: false,
  dim: false,
  italic: false,
  underline: false,
  inverse: false,
  struck: false,
});

export function stripAnsi(line: string): string {
  return line.includes("\x1b") ? line.replace(SGR, "") : line;
}

function luminance(channels: readonly number[]): number {
  const [red = 0, green = 0, blue = 0] = channels.map((channel) => {
    const part = channel / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

const GROUND_LUMINANCE = luminance(GROUND);

/** The colour, mixed with white until it can be read (WCAG AA, 4.5 to 1). */
export function legible(channels: readonly number[]): string {
  let mixed = [...channels];
  for (let share = 0.1; (luminance(mixed) + 0.05) / (GROUND_LUMINANCE + 0.05) < 4.5 && share <= 1; share += 0.1)
    mixed = channels.map((channel) => Math.round(channel + (255 - channel) * share));
  return `rgb(${mixed.join(" ")})`;
}

function palette(index: number): readonly number[] {
  if (index >= 232) return Array(3).fill(8 + (index - 232) * 10) as number[];
  const cube = index - 16;
  return [CUBE[Math.floor(cube / 36)]!, CUBE[Math.floor(cube / 6) % 6]!, CUBE[cube % 6]!];
}

/** `38;5;N` and `38;2;R;G;B`, as of `codes[at]`. How many codes they take. */
function applyExtended(dress: Dress, codes: number[], at: number): number {
  const foreground = codes[at] === 38;
  const indexed = codes[at + 1] === 5;
  const channels = indexed ? [codes[at + 2] ?? 0] : codes.slice(at + 2, at + 5);
  if (foreground && channels.every((channel) => channel <= 255)) {
    const index = channels[0] ?? 0;
    if (indexed && index < 16) {
      dress.foreground = `${index < 8 ? "" : "bright-"}${NAMES[index % 8]}`;
      delete dress.color;
    } else {
      dress.foreground = "";
      dress.color = legible(indexed ? palette(index) : channels);
    }
  }
  return indexed ? 2 : codes[at + 1] === 2 ? 4 : 0;
}

function applyCode(dress: Dress, code: number): void {
  if (code === 1) dress.bold = true;
  else if (code === 2) dress.dim = true;
  else if (code === 3) dress.italic = true;
  else if (code === 4) dress.underline = true;
  else if (code === 7) dress.inverse = true;
  else if (code === 9) dress.struck = true;
  else if (code === 22) dress.bold = dress.dim = false;
  else if (code === 23) dress.italic = false;
  else if (code === 24) dress.underline = false;
  else if (code === 27) dress.inverse = false;
  else if (code === 29) dress.struck = false;
  else if ((code >= 30 && code <= 37) || (code >= 90 && code <= 97)) {
    dress.foreground = `${code >= 90 ? "bright-" : ""}${NAMES[code % 10]}`;
    delete dress.color;
  } else if (code === 39) {
    dress.foreground = "";
    delete dress.color;
  } else if ((code >= 40 && code <= 47) || (code >= 100 && code <= 107)) dress.background = NAMES[code % 10]!;
  else if (code === 49) dress.background = "";
}

function apply(dress: Dress, parameters: string): Dress {
  const codes = parameters.split(/[;:]/).map(Number);
  for (let at = 0; at < codes.length; at++) {
    const code = codes[at]!;
    if (code === 0) dress = plain();
    else if (code === 38 || code === 48) at += applyExtended(dress, codes, at);
    else applyCode(dress, code);
  }
  return dress;
}

function segment(text: string, dress: Dress): Segment {
  const classes: string[] = [];
  if (dress.foreground) classes.push(`fg-${dress.foreground}`);
  if (dress.background) classes.push(`bg-${dress.background}`);
  for (const name of ["bold", "dim", "italic", "underline", "inverse", "struck"] as const) if (dress[name]) classes.push(name);
  return { text, classes: classes.join(" "), ...(dress.color && { color: dress.color }) };
}

/** What a line looks like. Each begins undressed: what scrolled by does not decide how this one looks. */
export function parseAnsi(line: string): Segment[] {
  if (!line.includes("\x1b")) return [{ text: line, classes: "" }];
  const segments: Segment[] = [];
  let dress = plain();
  let from = 0;
  for (const match of line.matchAll(SGR)) {
    if (match.index > from) segments.push(segment(line.slice(from, match.index), dress));
    dress = apply(dress, match[1] ?? "");
    from = match.index + match[0].length;
  }
  if (from < line.length) segments.push(segment(line.slice(from), dress));
  return segments;
}
