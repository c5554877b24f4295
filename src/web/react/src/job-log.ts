// SPDX-License-Identifier: LGPL-2.1-or-later
const CHUNK = 1024;

/** Colours, as "ESC[1;31m": all that the hive leaves of control sequences. */
const COLOUR = /\x1b\[[\d;]*m/g;

/** Lines that are joined into one string: a million take their bytes, not a million objects. */
interface Chunk {
  text: string;
  /** Where each line begins, and where the line after the last would. */
  starts: Uint32Array;
}

/** A job's lines: appended to, read by number. Not for React to keep: see useJob. */
export class JobLog {
  #chunks: Chunk[] = [];
  #open: string[] = [];

  get length(): number {
    return this.#chunks.length * CHUNK + this.#open.length;
  }

  append(lines: readonly string[]): void {
    for (const line of lines) {
      this.#open.push(line);
      if (this.#open.length === CHUNK) {
        this.#chunks.push(seal(this.#open));
        this.#open = [];
      }
    }
  }

  clear(): void {
    this.#chunks = [];
    this.#open = [];
  }

  /** "" beyond the end. */
  line(number: number): string {
    const chunk = this.#chunks[Math.floor(number / CHUNK)];
    const at = number % CHUNK;
    if (!chunk) return this.#open[number - this.#chunks.length * CHUNK] ?? "";
    return chunk.text.slice(chunk.starts[at], chunk.starts[at + 1]! - 1);
  }

  slice(from: number, to: number): string[] {
    const lines = [];
    for (let i = Math.max(0, from); i < Math.min(to, this.length); i++) lines.push(this.line(i));
    return lines;
  }

  /** All of it, piece by piece: for a download or the clipboard. Each line ends in a newline. */
  *pieces(): Generator<string> {
    for (const chunk of this.#chunks) yield chunk.text;
    if (this.#open.length > 0) yield `${this.#open.join("\n")}\n`;
  }

  /** The numbers of the lines of [from, to) that hold @text, whatever its case and their colours. */
  find(text: string, from = 0, to = this.length): number[] {
    const pattern = new RegExp(text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"), "i");
    const found: number[] = [];
    for (let i = from; i < Math.min(to, this.length);) {
      const chunk = this.#chunks[Math.floor(i / CHUNK)];
      const end = Math.min(to, (Math.floor(i / CHUNK) + 1) * CHUNK, this.length);
      // Most chunks hold nothing, which one look at the whole text says.
      if (!chunk || pattern.test(uncoloured(chunk.text)))
        for (let number = i; number < end; number++) if (pattern.test(uncoloured(this.line(number)))) found.push(number);
      i = end;
    }
    return found;
  }
}

function uncoloured(text: string): string {
  return text.includes("\x1b") ? text.replace(COLOUR, "") : text;
}

function seal(lines: string[]): Chunk {
  const starts = new Uint32Array(lines.length + 1);
  lines.forEach((line, i) => {
    starts[i + 1] = starts[i]! + line.length + 1;
  });
  return { text: `${lines.join("\n")}\n`, starts };
}
