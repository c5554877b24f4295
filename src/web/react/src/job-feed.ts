// SPDX-License-Identifier: LGPL-2.1-or-later
import { HiveError, JobCancelledError, JobFailedError, type Connection, type HiveClient, type Job, type JobProgress, type JobStateChange } from "@rbee/hive-sdk";

import { FrameStore } from "./frame-store.ts";
import { JobLog } from "./job-log.ts";

export interface JobPhase {
  name: string;
  /** µs since the epoch; undefined: the bridge did not say. */
  startedAt: number | undefined;
  /** The number of its first line. */
  line: number;
}

export interface JobView {
  /** undefined: not known yet */
  job: Job | undefined;
  /** The same object as long as the job is shown. */
  log: JobLog;
  /** Its lines at this moment. */
  length: number;
  /** In order. The last one is under way, or where it ended. */
  phases: readonly JobPhase[];
  state: Job["state"] | undefined;
  phase: string;
  /** Of the phase; undefined: it tells none. */
  progress: JobProgress | undefined;
  /** Why the job failed, or why it can't be shown: HiveError. */
  error: Error | undefined;
  connection: Connection;
  /** Its log is here, whole. */
  ended: boolean;
}

/** One job as it is followed, for whoever shows it. */
export class JobFeed extends FrameStore {
  readonly #client: HiveClient;
  readonly #id: string;
  readonly #log = new JobLog();
  #stop: AbortController | undefined;
  #cursor = "";
  #view: JobView;
  #next: JobView;

  constructor(client: HiveClient, id: string) {
    super();
    this.#client = client;
    this.#id = id;
    this.#view = this.#next = {
      job: undefined,
      log: this.#log,
      length: 0,
      phases: [],
      state: undefined,
      phase: "",
      progress: undefined,
      error: undefined,
      connection: "connecting",
      ended: false,
    };
  }

  readonly view = (): JobView => this.#view;

  get id(): string {
    return this.#id;
  }

  /** Reads on, where it was. */
  start(): void {
    if (this.#stop || this.#next.ended) return;
    const stop = (this.#stop = new AbortController());
    void this.#follow(stop.signal).catch(() => {
      // aborted: nobody looks
    });
  }

  stop(): void {
    this.#stop?.abort();
    this.#stop = undefined;
  }

  async #follow(signal: AbortSignal): Promise<void> {
    void this.#ask(signal);
    try {
      await this.#client.watch(
        this.#id,
        {
          onLines: (lines, cursor) => {
            this.#log.append(lines);
            this.#cursor = cursor;
            this.changed();
          },
          onProgress: (progress) => this.#set({ progress }),
          onState: (change) => this.#takeState(change),
          onReset: () => {
            this.#log.clear();
            this.#set({ phases: [], phase: "", progress: undefined });
          },
          onConnection: (connection) => this.#set({ connection }),
        },
        { cursor: this.#cursor, signal },
      );
      this.#set({ state: "done", ended: true });
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof JobCancelledError) this.#set({ state: "cancelled", ended: true });
      else if (error instanceof JobFailedError) this.#set({ state: "failed", error, ended: true });
      else this.#set({ error: error as Error });
    }
    this.#stop = undefined;
    await this.#ask(signal);
  }

  /** What only the job itself says: its worker, its owner, its times. */
  async #ask(signal: AbortSignal): Promise<void> {
    try {
      const job = await this.#client.job(this.#id, signal);
      this.#set({ job, state: this.#next.ended ? this.#next.state : job.state });
    } catch (error) {
      if (error instanceof HiveError && !signal.aborted) this.#set({ error: this.#next.error ?? error });
    }
  }

  #takeState({ state, phase, time }: JobStateChange): void {
    if (!phase) {
      this.#set({ state });
      return;
    }
    const { phases } = this.#next;
    // A stream that goes on where it was says once more where that is.
    if (phases.at(-1)?.name === phase) this.#set({ state, phase });
    else this.#set({ state, phase, phases: [...phases, { name: phase, startedAt: time, line: this.#log.length }], progress: undefined });
  }

  #set(change: Partial<JobView>): void {
    this.#next = { ...this.#next, ...change };
    this.changed();
  }

  protected override refresh(): void {
    const { job, state } = this.#next;
    this.#next = { ...this.#next, length: this.#log.length, job: job && state ? { ...job, state } : job };
    this.#view = this.#next;
  }
}

/** What nobody looks at is kept for a while: who comes back finds the log where it was. */
const KEPT = 4;

export class JobFeeds {
  readonly #client: HiveClient;
  readonly #feeds = new Map<string, JobFeed>();

  constructor(client: HiveClient) {
    this.#client = client;
  }

  get(id: string): JobFeed {
    const feed = this.#feeds.get(id) ?? new JobFeed(this.#client, id);
    this.#feeds.delete(id);
    this.#feeds.set(id, feed);
    return feed;
  }

  /** Watches a feed as long as the returned function is not called. */
  watch(feed: JobFeed, listener: () => void): () => void {
    const leave = feed.subscribe(listener);
    feed.start();
    return () => {
      leave();
      if (!feed.watched) feed.stop();
      this.#forget();
    };
  }

  #forget(): void {
    const idle = [...this.#feeds.values()].filter((feed) => !feed.watched);
    for (const feed of idle.slice(0, Math.max(0, idle.length - KEPT))) this.#feeds.delete(feed.id);
  }
}
