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

/** Who is told what is not of jobs. */
export interface Told {
  /** A worker was installed or removed, or may have been. */
  onWorkers: () => void;
  /** The same of models. */
  onModels: () => void;
  /** The same of what runs. */
  onInstances: () => void;
}

/** All jobs, as /v1/events tells them: one connection for the whole page. */
export class JobsFeed extends FrameStore {
  readonly #client: HiveClient;
  readonly #told: Told;
  #jobs: Map<string, Job> | undefined;
  #connection: Connection = "connecting";
  #reachable = true;
  /** What happened to the rest of the machine meanwhile was not told. */
  #missed = false;
  #view: JobsView = { jobs: undefined, connection: "connecting", reachable: true };

  constructor(client: HiveClient, told: Told) {
    super();
    this.#client = client;
    this.#told = told;
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
        if (this.#missed) {
          this.#told.onWorkers();
          this.#told.onModels();
        }
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
        this.#told.onWorkers();
        return;
      case "models":
        this.#told.onModels();
        return;
      case "instances":
        this.#told.onInstances();
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
