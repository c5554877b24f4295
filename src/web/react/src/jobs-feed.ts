// SPDX-License-Identifier: LGPL-2.1-or-later
import type { Connection, HiveClient, HiveEvent, Job, JobChange } from "@rbee/hive-sdk";

import { FrameStore } from "./frame-store.ts";

export interface JobsView {
  /** Newest first. undefined: not known yet */
  jobs: readonly Job[] | undefined;
  /** Of the page to its bridge. */
  connection: Connection;
  /** Of the bridge to its hive. */
  reachable: boolean;
}

/** All jobs, as /v1/events tells them: one connection for the whole page. */
export class JobsFeed extends FrameStore {
  readonly #client: HiveClient;
  readonly #onWorker: () => void;
  #jobs: Map<string, Job> | undefined;
  #connection: Connection = "connecting";
  #reachable = true;
  /** What happened to workers meanwhile was not told. */
  #missed = false;
  #view: JobsView = { jobs: undefined, connection: "connecting", reachable: true };

  /** @onWorker: a worker was installed or removed, or may have been. */
  constructor(client: HiveClient, onWorker: () => void) {
    super();
    this.#client = client;
    this.#onWorker = onWorker;
  }

  readonly view = (): JobsView => this.#view;

  /** Reads until the returned function is called. */
  start(): () => void {
    const stop = new AbortController();
    const handlers = {
      onEvent: (event: HiveEvent) => this.#take(event),
      onConnection: (connection: Connection) => {
        this.#connection = connection;
        this.#missed ||= connection === "reconnecting";
        this.changed();
      },
    };
    this.#client.watchEvents(handlers, stop.signal).catch(() => {
      // aborted, or no longer allowed in: who made the client is told of that
    });
    return () => stop.abort();
  }

  #take(event: HiveEvent): void {
    switch (event.type) {
      case "jobs":
        this.#jobs = new Map(event.jobs.map((job) => [job.id, job]));
        this.#reachable = true;
        if (this.#missed) this.#onWorker();
        this.#missed = false;
        break;
      case "state":
      case "progress":
        this.#merge(event.job);
        break;
      case "removed":
        this.#jobs?.delete(event.id);
        break;
      case "worker":
        this.#onWorker();
        return;
      case "hive":
        this.#reachable = event.reachable;
        this.#missed ||= !event.reachable;
        break;
    }
    this.changed();
  }

  #merge(change: JobChange): void {
    const known = this.#jobs?.get(change.id);
    // A job is told whole before it is told by its changes.
    if (known || change.worker_id) this.#jobs?.set(change.id, { ...known, ...change } as Job);
  }

  protected override refresh(): void {
    this.#view = {
      jobs: this.#jobs && [...this.#jobs.values()].sort((a, b) => Number(b.id) - Number(a.id)),
      connection: this.#connection,
      reachable: this.#reachable,
    };
  }
}
