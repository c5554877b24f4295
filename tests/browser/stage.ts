// SPDX-License-Identifier: LGPL-2.1-or-later
import { spawn, type ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";

import { test as base } from "vitest";

/** Fields of pkgbuild() in catalog.py: bash in `build`, `package` and `extra`, arrays for the rest. */
export type Recipe = Record<string, string | string[]>;

/** How a job ended: result, error's name, message. */
export type Finished = [result: string, error: string, message: string];

interface Waiting {
  resolve: (result: never) => void;
  reject: (error: Error) => void;
}

/** The real hive behind its real bridge, for one test at a time: stage.py says what each method does. */
export class Stage {
  readonly #process: ChildProcess;
  readonly #waiting = new Map<number, Waiting>();
  #last = 0;
  #said = "";
  /** Where the bridge listens, once it was started. */
  url = "";

  constructor() {
    // The distribution's python, since python3-gi belongs to it.
    this.#process = spawn("/usr/bin/python3", [`${import.meta.dirname}/stage.py`], { stdio: ["pipe", "pipe", "pipe"] });
    this.#process.stderr!.on("data", (data: Buffer) => (this.#said += data.toString()));
    createInterface({ input: this.#process.stdout! }).on("line", (line) => this.#answer(line));
    this.#process.on("exit", (status) => {
      for (const { reject } of this.#waiting.values()) reject(new Error(`stage.py ended with ${status}:\n${this.#said}`));
    });
  }

  #answer(line: string): void {
    const { id, result, error } = JSON.parse(line) as { id: number; result: never; error?: string };
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (error === undefined) waiting?.resolve(result);
    else waiting?.reject(new Error(error));
  }

  #call<T>(method: string, ...args: unknown[]): Promise<T> {
    const id = ++this.#last;
    return new Promise<T>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#process.stdin!.write(`${JSON.stringify({ id, method, arguments: args })}\n`);
    });
  }

  async end(): Promise<void> {
    const ended = new Promise((resolve) => this.#process.on("exit", resolve));
    this.#process.stdin!.end();
    await ended;
  }

  open = () => this.#call<void>("open");
  close = () => this.#call<void>("close");
  configure = (group: string, keys: Record<string, string | number>) => this.#call<void>("configure", group, keys);
  add = (name: string, recipe?: Recipe, entry?: Record<string, unknown>) => this.#call<void>("add", name, recipe ?? null, entry ?? null);
  addVariants = (
    name: string,
    backends: string[],
    sources: string[] = ["binary", "git"],
    changes: Record<string, unknown> = {},
    build = "",
  ) => this.#call<void>("add_variants", name, backends, sources, changes, build);
  /** A second catalog, behind a server. */
  addServer = (name: string, workers: string[]) => this.#call<void>("add_server", name, workers);
  /** A hub of models that has these files in a repository. */
  hub = (repository: string, files: string[]) => this.#call<void>("hub", repository, files);
  /** A folder with a model by each of these names; what does not end in .gguf is none. */
  modelFolder = (files: string[]) => this.#call<void>("model_folder", files);
  breakServer = () => this.#call<void>("break_server");
  /** Gives the machine a graphics card. */
  card = () => this.#call<void>("card");
  /** Adds the catalog that comes with the hive. */
  ship = () => this.#call<void>("ship");
  forget = (name: string) => this.#call<void>("forget", name);
  async start(): Promise<string> {
    this.url = await this.#call<string>("start");
    return this.url;
  }
  stopBridge = ({ kill = false } = {}) => this.#call<void>("stop_bridge", kill);
  startBridge = () => this.#call<void>("start_bridge");
  /** Killed, it leaves its jobs running. */
  stopHive = ({ kill = false } = {}) => this.#call<void>("stop_hive", kill);
  startHive = () => this.#call<void>("start_hive");
  /** A link that opens the page, logged in, once. */
  link = () => this.#call<string>("link");
  token = () => this.#call<string>("token");
  rotate = () => this.#call<void>("rotate");
  install = (worker: string, options?: Record<string, unknown>) => this.#call<string>("install", worker, options ?? null);
  /** The same, to its end. */
  installs = (worker: string) => this.#call<string>("installs", worker);
  /** A recipe of no catalog, to its end; @status: of hivectl. */
  installsOwn = (worker: string, recipe?: Recipe, status = 0) => this.#call<void>("installs_own", worker, recipe ?? null, status);
  /** From a folder that has no ready build of it. */
  failsFrom = (worker: string) => this.#call<string>("fails_from", worker);
  wait = (job: string) => this.#call<Finished>("wait", job);
  waitForLine = (job: string, text: string) => this.#call<void>("wait_for_line", job, text);
  lines = (job: string) => this.#call<string[]>("lines", job);
  oldJob = (number: number, log: string, changes?: Record<string, unknown>) => this.#call<void>("old_job", number, log, changes ?? null);
  longJob = (number: number, lines: number) => this.#call<void>("long_job", number, lines);
  /** What a recipe sleeps for, with `|| true` behind it, until it is woken. */
  uniqueSeconds = () => this.#call<string>("unique_seconds");
  wake = (seconds: string) => this.#call<void>("wake", seconds);
  /** As hivectl model pull does. */
  pull = (reference: string) => this.#call<string>("pull", reference);
  workers = () => this.#call<string[]>("workers");
  jobs = () => this.#call<string[]>("jobs");
  installedPath = (path: string) => this.#call<string>("installed_path", path);
}

interface Fixtures {
  /** One stage.py for all tests of a file. */
  helper: Stage;
  /** This test's hive, its catalog empty, not started. */
  stage: Stage;
}

export const test = base.extend<Fixtures>({
  helper: [
    async ({}, use) => {
      const helper = new Stage();
      await use(helper);
      await helper.end();
    },
    { scope: "file" },
  ],
  stage: async ({ helper }, use) => {
    await helper.open();
    await use(helper);
    await helper.close();
  },
});
