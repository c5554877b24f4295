// SPDX-License-Identifier: LGPL-2.1-or-later
import {
  HiveError,
  JobCancelledError,
  JobFailedError,
  type Connection,
  type HiveClient,
  type Job,
  type JobProgress,
  type JobStateChange,
} from "@rbee/hive-sdk";

import { FrameStore } from "./frame-store.ts";
import { JobLog } from "./job-log.ts";

export interface JobPhase {
  name: string;
  /** µs since the epoch; undefined: the bridge did not say. */
  startedAt: number | undefined;
  /** The number of its first line. */
  line: number;
  /** The hive said that its step has the network. */
  network: boolean;
}

/** So the hive begins the line that says it. */
const NETWORK_ON = "🌐 Network is on for ";

export interface JobView {
  /** undefined: not known yet */
  job: Job | undefined;
  /** All of them, as an array that is made when it is asked for. Where there may be many, `log` is there to be read. */
  readonly lines: readonly string[];
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
  /** Why the job failed, or why it cannot be shown: HiveError. */
  error: Error | undefined;
  connection: Connection;
  /** Its log is here, whole. */
  ended: boolean;
}

/** Milliseconds until a hive that did not answer is asked again. */
const AGAIN = 1000;

/** What a view is made of. */
type Snapshot = Omit<JobView, "lines">;

function toView(snapshot: Snapshot): JobView {
  let lines: readonly string[] | undefined;
  return {
    ...snapshot,
    get lines() {
      return (lines ??= snapshot.log.slice(0, snapshot.length));
    },
  };
}

/** One job as it is followed, for whoever shows it. */
export class JobFeed extends FrameStore {
  readonly #client: HiveClient;
  readonly #id: string;
  readonly #log = new JobLog();
  #stop: AbortController | undefined;
  #cursor = "";
  #view: JobView;
  #next: Snapshot;

  constructor(client: HiveClient, id: string) {
    super();
    this.#client = client;
    this.#id = id;
    this.#next = {
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
    this.#view = toView(this.#next);
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
            if (lines.some((line) => line.startsWith(NETWORK_ON))) this.#takeNetwork();
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
    await this.#ask(signal);
    if (this.#stop?.signal === signal) this.#stop = undefined;
  }

  /** What only the job itself says: its worker, its owner, its times. While no hive answers it is asked again. */
  async #ask(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        const job = await this.#client.job(this.#id, signal);
        this.#set({ job, state: this.#next.ended ? this.#next.state : job.state });
        return;
      } catch (error) {
        if (signal.aborted) return;
        if (error instanceof HiveError && error.status < 500 && error.status !== 429) {
          this.#set({ error: this.#next.error ?? error });
          return;
        }
        await new Promise((resolve) => setTimeout(resolve, AGAIN));
      }
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
    else
      this.#set({
        state,
        phase,
        phases: [...phases, { name: phase, startedAt: time, line: this.#log.length, network: false }],
        progress: undefined,
      });
  }

  /** Lines come in the order of phases: it is the one under way. */
  #takeNetwork(): void {
    this.#set({ phases: this.#next.phases.map((phase, index, all) => (index === all.length - 1 ? { ...phase, network: true } : phase)) });
  }

  #set(change: Partial<Snapshot>): void {
    this.#next = { ...this.#next, ...change };
    this.changed();
  }

  protected override refresh(): void {
    const { job, state } = this.#next;
    this.#next = { ...this.#next, length: this.#log.length, job: job && state ? { ...job, state } : job };
    this.#view = toView(this.#next);
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
