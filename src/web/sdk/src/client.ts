// SPDX-License-Identifier: LGPL-2.1-or-later
import { watchEvents, type EventsHandlers } from "./events.ts";
import { Transport, type TransportOptions } from "./transport.ts";
import type {
  Capabilities,
  Catalog,
  CatalogWorker,
  FileProblem,
  Health,
  Instance,
  Job,
  JobRequest,
  JobStarted,
  Models,
  RecipeChoice,
  StartOptions,
  Token,
  Update,
  Worker,
} from "./types.ts";
import { watchJob, type WatchHandlers, type WatchOptions } from "./watch.ts";

export type HiveClientOptions = TransportOptions;

const instancePath = (name: string) => `/v1/instances/${encodeURIComponent(name)}`;

export interface SubmitOptions {
  /** The same key, worker and caller get the same job, even after it ended. */
  idempotencyKey?: string;
  signal?: AbortSignal;
}

/**
 * A hive, behind its bridge. What the bridge refuses rejects with HiveError, no answer with HiveUnreachableError. Requests
 * are made once; streams are opened again, at the line where they broke off.
 */
export class HiveClient {
  readonly hiveId: string;
  readonly #transport: Transport;

  /** `baseUrl`: "" is where the page came from. `hiveId`: for hives of several; a bridge has one. */
  constructor(baseUrl: string, hiveId = "", options: HiveClientOptions = {}) {
    this.hiveId = hiveId;
    this.#transport = new Transport(baseUrl, options);
  }

  /** Starts a job. */
  submit(operation: JobRequest, { idempotencyKey, signal }: SubmitOptions = {}): Promise<JobStarted> {
    const headers = idempotencyKey ? { "Idempotency-Key": idempotencyKey } : {};
    return this.#transport.post("/v1/jobs", operation, headers, signal);
  }

  /** Starts a job and reads its log. Resolves at `[DONE]`; rejects with JobFailedError or JobCancelledError. */
  async submitAndStream(operation: JobRequest, onLine: (line: string) => void, options: SubmitOptions = {}): Promise<void> {
    const { job_id } = await this.submit(operation, options);
    await this.watch(job_id, { onLine }, options.signal ? { signal: options.signal } : {});
  }

  /** Reads a job's log, from its start or a cursor, to the job's end; resolves and rejects as submitAndStream. */
  watch(jobId: string, handlers: WatchHandlers, options: WatchOptions = {}): Promise<void> {
    return watchJob(this.#transport, jobId, handlers, options);
  }

  /** Follows all jobs, until `signal` says stop. */
  watchEvents(handlers: EventsHandlers, signal: AbortSignal): Promise<void> {
    return watchEvents(this.#transport, handlers, signal);
  }

  /** The job's stream ends when it is cancelled. */
  async cancel(jobId: string): Promise<void> {
    await this.#transport.json(`/v1/jobs/${encodeURIComponent(jobId)}`, { method: "DELETE" });
  }

  job(jobId: string, signal?: AbortSignal): Promise<Job> {
    return this.#get(`/v1/jobs/${encodeURIComponent(jobId)}`, signal);
  }

  async jobs({ all = false, worker }: { all?: boolean; worker?: string } = {}, signal?: AbortSignal): Promise<Job[]> {
    const query = new URLSearchParams({ ...(all && { all: "true" }), ...(worker && { worker }) }).toString();
    return (await this.#get<{ jobs: Job[] }>(`/v1/jobs${query && `?${query}`}`, signal)).jobs;
  }

  async catalog(signal?: AbortSignal): Promise<CatalogWorker[]> {
    return (await this.#get<{ workers: CatalogWorker[] }>("/v1/catalog", signal)).workers;
  }

  catalogWorker(workerId: string, signal?: AbortSignal): Promise<CatalogWorker> {
    return this.#get(`/v1/catalog/${encodeURIComponent(workerId)}`, signal);
  }

  /** The catalogs, and what came of asking each the last time: one that says nothing leaves its workers out of `catalog`. */
  async catalogs(signal?: AbortSignal): Promise<Catalog[]> {
    return (await this.#get<{ catalogs: Catalog[] }>("/v1/catalogs", signal)).catalogs;
  }

  /** The PKGBUILD that an install with the same choice would take. */
  recipe(workerId: string, { backend, source, catalog }: RecipeChoice = {}, signal?: AbortSignal): Promise<string> {
    const query = new URLSearchParams({ ...(backend && { backend }), ...(source && { source }), ...(catalog && { catalog }) }).toString();
    return this.#transport.text(`/v1/catalog/${encodeURIComponent(workerId)}/PKGBUILD${query && `?${query}`}`, { signal: signal ?? null });
  }

  /** What is installed. */
  async workers(signal?: AbortSignal): Promise<Worker[]> {
    return (await this.#get<{ workers: Worker[] }>("/v1/workers", signal)).workers;
  }

  /** The worker's files that are not as they were installed; none: all is well. */
  async verify(workerId: string, signal?: AbortSignal): Promise<FileProblem[]> {
    return (await this.#get<{ problems: FileProblem[] }>(`/v1/workers/${encodeURIComponent(workerId)}/problems`, signal)).problems;
  }

  /** Installed workers that are outdated. Reads each one's recipe again, which may take a while. */
  async updates(signal?: AbortSignal): Promise<Update[]> {
    return (await this.#get<{ updates: Update[] }>("/v1/updates", signal)).updates;
  }

  /** What runs, or waits for requests. */
  async instances(signal?: AbortSignal): Promise<Instance[]> {
    return (await this.#get<{ instances: Instance[] }>("/v1/instances", signal)).instances;
  }

  /** Runs an installed worker. It answers when its address listens; what becomes of it is in its state. */
  startWorker(workerId: string, options: StartOptions = {}): Promise<Instance> {
    return this.#transport.post("/v1/instances", { worker_id: workerId, ...options });
  }

  /** Ends an instance; it answers when nothing of it is left. */
  async stopInstance(name: string): Promise<void> {
    await this.#transport.json(instancePath(name), { method: "DELETE" });
  }

  restartInstance(name: string): Promise<Instance> {
    return this.#transport.post(`${instancePath(name)}/restart`, {});
  }

  /** Whether it is run after each boot too. */
  setInstanceBoot(name: string, boot: boolean): Promise<Instance> {
    return this.#transport.post(`${instancePath(name)}/boot`, { boot });
  }

  /** What its clients send, as "Authorization: Bearer KEY"; "": it needs none. */
  async instanceKey(name: string, signal?: AbortSignal): Promise<string> {
    return (await this.#get<{ key: string }>(`${instancePath(name)}/key`, signal)).key;
  }

  models(signal?: AbortSignal): Promise<Models> {
    return this.#get("/v1/models", signal);
  }

  async removeModel(name: string): Promise<void> {
    await this.#transport.json(`/v1/models/${encodeURIComponent(name)}`, { method: "DELETE" });
  }

  capabilities(signal?: AbortSignal): Promise<Capabilities> {
    return this.#get("/v1/capabilities", signal);
  }

  /** Looks at the machine again: cards may have come or gone. */
  refreshCapabilities(): Promise<Capabilities> {
    return this.#transport.post("/v1/capabilities/refresh", {});
  }

  /** Needs no token. */
  health(signal?: AbortSignal): Promise<Health> {
    return this.#get("/health", signal);
  }

  /** A token, for the code in the link that `hivectl web` prints. */
  token(code: string): Promise<Token> {
    return this.#transport.post("/v1/tokens", { code });
  }

  #get<T>(path: string, signal?: AbortSignal): Promise<T> {
    return this.#transport.json<T>(path, { signal: signal ?? null });
  }
}
