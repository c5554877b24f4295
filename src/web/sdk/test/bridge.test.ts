// SPDX-License-Identifier: LGPL-2.1-or-later
import { execFileSync } from "node:child_process";
import { rmSync } from "node:fs";
import { join } from "node:path";

import { describe, expect } from "vitest";

import { test as base } from "../../../../tests/browser/stage.ts";
import { HiveClient, JobCancelledError, JobFailedError, OperationBuilder } from "../src/index.ts";

const SDK = join(import.meta.dirname, "..");

const test = base.extend<{ client: HiveClient }>({
  client: async ({ stage }, use) => {
    const url = await stage.start();
    await use(new HiveClient(url, "this-machine", { token: await stage.token() }));
  },
});

describe("a real bridge", () => {
  test("installs a worker, lists it, finds it unharmed, and removes it", async ({ stage, client }) => {
    await stage.add("some-worker");
    const lines: string[] = [];
    await client.submitAndStream(OperationBuilder.workerInstall("this-machine", "some-worker"), (line) => lines.push(line));
    expect([...lines, "[DONE]"]).toEqual(await stage.lines("1"));
    expect((await client.workers()).map(({ id }) => id)).toEqual(["some-worker"]);
    expect((await client.catalog())[0]).toMatchObject({ id: "some-worker", installed_version: "1.0-1" });
    expect(await client.verify("some-worker")).toEqual([]);
    expect(await client.recipe("some-worker")).toContain("pkgname=some-worker");
    const path = await stage.installedPath("/usr/local/bin/some-worker");
    rmSync(path);
    expect(await client.verify("some-worker")).toEqual([{ path, problem: "missing" }]);
    await client.submitAndStream(OperationBuilder.workerRemove("this-machine", "some-worker"), () => {});
    expect(await client.workers()).toEqual([]);
    expect((await client.jobs()).map(({ operation, state }) => [operation, state])).toEqual([
      ["worker_install", "done"],
      ["worker_remove", "done"],
    ]);
    expect(await client.job("1")).toMatchObject({ worker_id: "some-worker", state: "done" });
    expect((await client.capabilities()).architecture).toBe(process.arch === "x64" ? "x86_64" : "aarch64");
  });

  test("answers questions by a stream as well", async ({ stage, client }) => {
    await stage.add("some-worker");
    const answers: unknown[] = [];
    for (const operation of [OperationBuilder.workerCatalogList(""), OperationBuilder.workerListInstalled("")])
      await client.submitAndStream(operation, (line) => answers.push(JSON.parse(line)));
    expect(answers).toEqual([[expect.objectContaining({ id: "some-worker" })], { workers: [] }]);
  });

  test("rejects with why a build failed, by the error's name", async ({ stage, client }) => {
    await stage.add("broken", { build: "echo ERROR: no >&2; return 3" });
    const installing = client.submitAndStream(OperationBuilder.workerInstall("", "broken"), () => {});
    await expect(installing).rejects.toBeInstanceOf(JobFailedError);
    await expect(installing).rejects.toMatchObject({ shortName: "BuildFailed", jobId: "1" });
  });

  test("rejects when the job is cancelled", async ({ stage, client }) => {
    await stage.add("slow", { build: "echo started; sleep 1000" });
    const installing = client.submitAndStream(OperationBuilder.workerInstall("", "slow"), (line) => {
      if (line === "started") void client.cancel("1");
    });
    await expect(installing).rejects.toBeInstanceOf(JobCancelledError);
  });

  test("loses and repeats no line while the bridge is killed and started again", async ({ stage, client }) => {
    await stage.add("count", { build: "for ((i = 1; i <= 3000; i++)); do echo line $i; ((i % 10)) || sleep 0.01; done" });
    const lines: string[] = [];
    const installing = client.submitAndStream(OperationBuilder.workerInstall("", "count"), (line) => lines.push(line));
    for (const mark of ["line 500", "line 1500"]) {
      await stage.waitForLine("1", mark);
      await stage.stopBridge({ kill: true });
      await stage.startBridge();
    }
    await installing;
    expect([...lines, "[DONE]"]).toEqual(await stage.lines("1"));
  });

  test("reads on at a cursor, as onLines gave it", async ({ stage, client }) => {
    await stage.add("some-worker", { build: "for ((i = 1; i <= 500; i++)); do echo line $i; done" });
    const job = await stage.installs("some-worker");
    const [whole, cursors]: [string[], Map<number, string>] = [[], new Map()];
    const onLines = (lines: string[], cursor: string) => void cursors.set(whole.push(...lines), cursor);
    await client.watch(job, { onLines });
    const [told, cursor] = [...cursors][0]!;
    const rest: string[] = [];
    await client.watch(job, { onLine: (line) => rest.push(line) }, { cursor });
    expect(rest).toEqual(whole.slice(told));
    const after: string[] = [];
    await client.watch(job, { onLine: (line) => after.push(line) }, { cursor: [...cursors].at(-1)![1] });
    expect(after).toEqual([]);
  });

  test("says what a job was asked for with, shows that recipe, and names the catalogs", async ({ stage, client }) => {
    await stage.addVariants("many", ["cpu", "cuda"]);
    expect((await client.catalog())[0]).toMatchObject({ backend: "cpu", backends: ["cpu", "cuda"], sources: ["binary", "git"] });
    expect(await client.recipe("many", { backend: "cuda", source: "git" })).toContain("# cuda git");
    await client.submitAndStream(OperationBuilder.workerInstall("", "many", { source: "git" }), () => {});
    expect((await client.job("1")).options).toEqual({ source: "git" });
    expect((await client.workers())[0]).toMatchObject({ backend: "cpu", source: "git" });
    expect(await client.catalogs()).toMatchObject([{ name: "default", error_name: "", workers: 1 }]);
  });

  test("is spoken to by what npm would publish, in plain Node", async ({ stage, client }) => {
    void client;
    await stage.add("some-worker");
    execFileSync(process.execPath, [join(SDK, "../node_modules/typescript/bin/tsc"), "-p", join(SDK, "tsconfig.dist.json")]);
    const script = `
      import { HiveClient, OperationBuilder } from "@rbee/hive-sdk";
      const client = new HiveClient(process.argv[1], "", { token: process.argv[2] });
      await client.submitAndStream(OperationBuilder.workerInstall("", "some-worker"), (line) => console.log(line));`;
    const said = execFileSync(process.execPath, ["--input-type=module", "-e", script, stage.url, await stage.token()], {
      cwd: SDK,
      encoding: "utf8",
    });
    expect([...said.trimEnd().split("\n"), "[DONE]"]).toEqual(await stage.lines("1"));
  });
});
