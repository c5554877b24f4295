// SPDX-License-Identifier: LGPL-2.1-or-later
/**
 * Tells its listeners of a change, at most once a frame however often it changes, and not at all while nobody can see it. To
 * show it takes no more than a third of the time: where showing is slow, what comes in must not wait for it.
 */
export class FrameStore {
  readonly #listeners = new Set<() => void>();
  #waiting = false;
  /** The earliest moment to show it again. */
  #next = 0;

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
    const wait = this.#next - performance.now();
    if (wait > 0) setTimeout(() => nextFrame(this.#tell), wait);
    else nextFrame(this.#tell);
  }

  readonly #tell = (): void => {
    const begun = performance.now();
    this.#waiting = false;
    this.refresh();
    for (const listener of [...this.#listeners]) listener();
    // A timer's turn comes when the page has been laid out and painted.
    setTimeout(() => {
      const ended = performance.now();
      this.#next = ended + 2 * (ended - begun);
    });
  };

  /** Makes the snapshot that the listeners are about to read. */
  protected refresh(): void {}
}

const nextFrame: (callback: () => void) => void =
  typeof requestAnimationFrame === "function" ? (callback) => requestAnimationFrame(callback) : (callback) => setTimeout(callback, 16);
