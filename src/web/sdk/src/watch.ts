// SPDX-License-Identifier: LGPL-2.1-or-later
import type { EventSourceMessage } from "eventsource-parser";

import { JobCancelledError, JobFailedError } from "./errors.ts";
import { follow } from "./follow.ts";
import type { Transport } from "./transport.ts";
import type { Connection, Job, JobProgress, JobStateChange } from "./types.ts";

export interface WatchHandlers {
  onLine?: (line: string) => void;
  /** The same, many at once: what one read brought. `cursor` is where the next begins. */
  onLines?: (lines: string[], cursor: string) => void;
  onProgress?: (progress: JobProgress) => void;
  onState?: (change: JobStateChange) => void;
  /** The log never gave the cursor that was asked for: it begins at the start. */
  onReset?: () => void;
  onConnection?: (connection: Connection) => void;
}

export interface WatchOptions {
  /** Where to begin, as onLines told it; the log's start otherwise. */
  cursor?: string;
  signal?: AbortSignal;
}

const MARKER = /^\[(DONE|ERROR|CANCELLED)\] ?/;

/** One job's log as it is read. */
class Watch {
  readonly #id: string;
  readonly #handlers: WatchHandlers;
  #lines: string[] = [];
  #errorName = "";
  cursor: string;
  /** How it ended; undefined: it has not. */
  outcome: JobFailedError | JobCancelledError | "done" | undefined;

  constructor(id: string, handlers: WatchHandlers, cursor: string) {
    this.#id = id;
    this.#handlers = handlers;
    this.cursor = cursor;
  }

  take(event: EventSourceMessage): void {
    switch (event.event) {
      case undefined:
        this.#takeMessage(event.data);
        break;
      case "progress":
        this.flush();
        this.#handlers.onProgress?.(JSON.parse(event.data) as JobProgress);
        break;
      case "state":
        this.#takeState(JSON.parse(event.data) as JobStateChange);
        break;
      case "reset":
        this.#lines = [];
        this.cursor = "";
        this.#handlers.onReset?.();
        break;
      default: // of a later bridge
    }
    if (event.id !== undefined) this.cursor = event.id;
  }

  #takeMessage(text: string): void {
    const marker = text.startsWith("[") ? MARKER.exec(text) : null;
    if (!marker) {
      this.#lines.push(text);
      return;
    }
    if (marker[1] === "DONE") this.outcome = "done";
    else if (marker[1] === "CANCELLED") this.outcome = new JobCancelledError(this.#id);
    else this.outcome = new JobFailedError(this.#id, this.#errorName, text.slice(marker[0].length));
  }

  #takeState(change: JobStateChange): void {
    this.flush();
    this.#errorName = change.error_name ?? this.#errorName;
    this.#handlers.onState?.(change);
  }

  flush(): void {
    if (this.#lines.length === 0) return;
    const lines = this.#lines;
    this.#lines = [];
    this.#handlers.onLines?.(lines, this.cursor);
    if (this.#handlers.onLine) for (const line of lines) this.#handlers.onLine(line);
  }

  /** The log ended before the cursor: how is for the job to say. */
  end(job: Job): void {
    if (job.state === "cancelled") this.outcome = new JobCancelledError(this.#id);
    else if (job.state === "failed") this.outcome = new JobFailedError(this.#id, job.error_name ?? "", job.error_message ?? "");
    else this.outcome = "done";
  }
}

export async function watchJob(
  transport: Transport,
  id: string,
  handlers: WatchHandlers,
  { cursor = "", signal = new AbortController().signal }: WatchOptions,
): Promise<void> {
  const job = `/v1/jobs/${encodeURIComponent(id)}`;
  const watch = new Watch(id, handlers, cursor);
  let nothing = false;

  await follow(transport, {
    path: () => `${job}/stream${watch.cursor ? `?cursor=${encodeURIComponent(watch.cursor)}` : ""}`,
    onEvent: (event) => watch.take(event),
    onBatch: () => watch.flush(),
    onNothing: () => {
      nothing = true;
    },
    ended: () => nothing || watch.outcome !== undefined,
    signal,
    ...(handlers.onConnection && { onConnection: handlers.onConnection }),
  });
  watch.flush();
  if (!watch.outcome) watch.end(await transport.json<Job>(job, { signal }));
  if (watch.outcome instanceof Error) throw watch.outcome;
}
