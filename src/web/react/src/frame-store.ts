// SPDX-License-Identifier: LGPL-2.1-or-later
/** Tells its listeners of a change, at most once a frame however often it changes; not at all while nobody can see it. */
export class FrameStore {
  readonly #listeners = new Set<() => void>();
  #waiting = false;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  };

  get watched(): boolean {
    return this.#listeners.size > 0;
  }

  protected changed(): void {
    if (this.#waiting) return;
    this.#waiting = true;
    nextFrame(() => {
      this.#waiting = false;
      this.refresh();
      for (const listener of [...this.#listeners]) listener();
    });
  }

  /** Makes the snapshot that the listeners are about to read. */
  protected refresh(): void {}
}

const nextFrame: (callback: () => void) => void =
  typeof requestAnimationFrame === "function" ? (callback) => requestAnimationFrame(callback) : (callback) => setTimeout(callback, 16);
