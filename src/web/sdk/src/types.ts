// SPDX-License-Identifier: LGPL-2.1-or-later
import type { components } from "./generated/openapi.ts";

type Schemas = components["schemas"];
/** Of JSON a null says that a field is not given, which a client leaves out. */
type NotNull<T> = { [Key in keyof T]: Exclude<T[Key], null> };

export type Catalog = Schemas["Catalog"];
export type CatalogWorker = Schemas["CatalogWorker"];
export type Capabilities = Schemas["Capabilities"];
export type Health = Schemas["Health"];
export type Instance = Schemas["Instance"];
export type Job = Schemas["Job"];
export type JobRequest = Schemas["JobRequest"];
export type JobStarted = Schemas["JobStarted"];
export type JobState = Job["state"];
/** What a caller may choose for an install; the hive chooses what is left out. */
export type InstallOptions = NotNull<
  Pick<
    Extract<JobRequest, { operation: "worker_install" }>,
    "backend" | "source" | "catalog" | "network" | "check" | "reinstall" | "install_dependencies"
  >
>;
/** Those that decide which recipe it is. */
export type RecipeChoice = Pick<InstallOptions, "backend" | "source" | "catalog">;
export type Model = Schemas["Model"];
export type Models = Schemas["Models"];
/** What a caller may choose for a start; the hive chooses what is left out. */
export type StartOptions = NotNull<Omit<Schemas["StartRequest"], "worker_id">>;
export type Problem = Schemas["Problem"];
export type Token = Schemas["Token"];
export type Toolchain = Schemas["Toolchain"];
export type Update = Schemas["Updates"]["updates"][number];
export type Worker = Schemas["Worker"];

/** A file of a worker that is not as it was installed. */
export type Device = Schemas["Device"];
export type FileProblem = Schemas["FileProblems"]["problems"][number];

/** What the stream of a job tells of its state: all of it optional but the state. */
export interface JobStateChange {
  state: JobState;
  phase?: string;
  /** µs since the epoch, of a phase that begins. */
  time?: number;
  error_name?: string;
  error_message?: string;
}

export interface JobProgress {
  phase: string;
  /** As the job wrote it: "118/312" */
  text: string;
  /** Of the phase, 0 to 1; -1: unknown */
  progress: number;
}

/** Whether a stream is being read, or waits to be opened again. */
export type Connection = "connecting" | "connected" | "reconnecting";

export type JobChange = Partial<Job> & Pick<Job, "id">;

/** What /v1/events tells. */
export type HiveEvent =
  | { type: "jobs"; jobs: Job[] }
  | { type: "state" | "progress"; job: JobChange }
  | { type: "removed"; id: string }
  | { type: "worker"; worker_id: string; installed: boolean; version: string }
  | { type: "instances"; instances: Instance[] }
  | { type: "models" }
  | { type: "hive"; reachable: boolean };
