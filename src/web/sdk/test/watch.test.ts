// SPDX-License-Identifier: LGPL-2.1-or-later
import type { ServerResponse } from "node:http";

import { describe, expect } from "vitest";

import { HiveError, JobCancelledError, JobFailedError, type Connection, type JobProgress, type JobStateChange } from "../src/index.ts";
import { broken, json, line, problem, stream, test, type Server } from "./server.ts";

const DONE = line(100, "[DONE]");

/** Watches job 7 and takes down what is told. */
async function watch(server: Server, options: { cursor?: string; signal?: AbortSignal } = {}) {
  const told = {
    lines: [] as string[],
    batches: [] as [string[], string][],
    states: [] as JobStateChange[],
    progress: [] as JobProgress[],
    connections: [] as Connection[],
    resets: 0,
  };
  const outcome = await server.client
    .watch(
      "7",
      {
        onLine: (text) => told.lines.push(text),
        onLines: (lines, cursor) => told.batches.push([lines, cursor]),
        onState: (state) => told.states.push(state),
        onProgress: (progress) => told.progress.push(progress),
        onConnection: (connection) => told.connections.push(connection),
        onReset: () => {
          told.resets++;
          told.lines.length = 0;
        },
      },
      options,
    )
    .then(
      () => "done",
      (error: unknown) => error,
    );
  return { ...told, outcome };
}

describe("watch", () => {
  test("gives each line, in order, and resolves at [DONE]", async ({ server }) => {
    server.answers.push(stream(line(10, "one"), line(20, ""), line(30, " [DONE]"), DONE));
    const { lines, outcome } = await watch(server);
    expect(lines).toEqual(["one", "", " [DONE]"]);
    expect(outcome).toBe("done");
    expect(server.requests[0]!.url).toBe("/v1/jobs/7/stream");
    expect(server.requests[0]!.headers).toMatchObject({ authorization: "Bearer secret", accept: "text/event-stream" });
  });

  test("gives many lines at once, with the cursor after them", async ({ server }) => {
    const count = 100_000;
    server.answers.push(stream(Array.from({ length: count }, (_, i) => line(i + 1, `line ${i + 1}`)).join(""), DONE));
    const { batches, lines } = await watch(server);
    expect(lines.length).toBe(count);
    expect(batches.length).toBeLessThan(count / 100);
    expect(batches.at(-1)![1]).toBe("100");
    for (const [some, cursor] of batches.slice(0, -1)) expect(some.at(-1)).toBe(`line ${cursor}`);
  });

  test("rejects at [ERROR] with the error's name and words", async ({ server }) => {
    const state = `event: state\ndata: {"state":"failed","error_name":"org.rbee.Hive.Error.BuildFailed","error_message":"Build phase failed"}\n\n`;
    server.answers.push(stream(line(10, "one"), state, line(20, "[ERROR] Build phase failed")));
    const { outcome, lines, states } = await watch(server);
    expect(outcome).toBeInstanceOf(JobFailedError);
    expect(outcome).toMatchObject({ message: "Build phase failed", shortName: "BuildFailed", jobId: "7" });
    expect(lines).toEqual(["one"]);
    expect(states).toMatchObject([{ state: "failed" }]);
  });

  test("rejects at [CANCELLED]", async ({ server }) => {
    server.answers.push(stream(line(20, "[CANCELLED]")));
    expect((await watch(server)).outcome).toBeInstanceOf(JobCancelledError);
  });

  test("tells state and progress between the lines before and after them", async ({ server }) => {
    const order: string[] = [];
    const state = `event: state\ndata: {"state":"running","phase":"build","time":5}\n\n`;
    const progress = `id: 30\nevent: progress\ndata: {"phase":"build","text":"1/2","progress":0.5}\n\n`;
    server.answers.push(stream(line(10, "before") + state + line(20, "one") + progress + line(40, "after") + DONE));
    await server.client.watch("7", {
      onLine: (text) => order.push(text),
      onState: ({ phase, time }) => order.push(`${phase} ${time}`),
      onProgress: ({ text, progress: share }) => order.push(`${text} ${share}`),
    });
    expect(order).toEqual(["before", "build 5", "one", "1/2 0.5", "after"]);
  });

  test("goes on at its cursor when the connection breaks, in the middle of a line too", async ({ server }) => {
    server.answers.push(broken(line(10, "one") + line(20, "two") + "id: 30\ndata: thr"), stream(line(30, "three"), DONE));
    const { lines, connections, outcome } = await watch(server);
    expect(lines).toEqual(["one", "two", "three"]);
    expect(outcome).toBe("done");
    expect(server.requests[1]!.url).toBe("/v1/jobs/7/stream?cursor=20");
    expect(connections).toEqual(["connecting", "connected", "reconnecting", "connected"]);
  });

  test("goes on when a stream ends well before its job does, as a bridge that is stopped ends it", async ({ server }) => {
    server.answers.push(stream(line(10, "one")), stream(line(20, "two"), DONE));
    expect((await watch(server)).lines).toEqual(["one", "two"]);
  });

  test("begins anew when the log never gave its cursor", async ({ server }) => {
    server.answers.push(broken(line(10, "old")), stream("event: reset\ndata: {}\n\n", line(5, "new"), DONE));
    const { lines, resets, batches } = await watch(server);
    expect(lines).toEqual(["new"]);
    expect(resets).toBe(1);
    expect(batches.at(-1)).toEqual([["new"], "100"]);
  });

  test("waits for a bridge without a hive, and as long as it is asked to", async ({ server }) => {
    server.answers.push(problem(503, "Busy"), problem(429, "LimitsExceeded", { "Retry-After": "1" }), stream(line(10, "one"), DONE));
    const begun = Date.now();
    expect((await watch(server)).lines).toEqual(["one"]);
    expect(Date.now() - begun).toBeGreaterThanOrEqual(1000);
  });

  test("asks the job how it ended when the log has no more after the cursor", async ({ server }) => {
    server.answers.push(
      json(204, null),
      json(200, { id: "7", state: "failed", error_name: "org.rbee.Hive.Error.NoSpace", error_message: "full" }),
    );
    const { outcome } = await watch(server, { cursor: "100" });
    expect(server.requests[0]!.url).toBe("/v1/jobs/7/stream?cursor=100");
    expect(outcome).toBeInstanceOf(JobFailedError);
    expect(outcome).toMatchObject({ message: "full", shortName: "NoSpace" });
  });

  test("rejects at once for what no waiting mends", async ({ server }) => {
    server.answers.push(problem(404, "JobNotFound"));
    const { outcome } = await watch(server);
    expect(outcome).toBeInstanceOf(HiveError);
    expect(outcome).toMatchObject({ status: 404, shortName: "JobNotFound", message: "no: JobNotFound" });
    expect(server.requests.length).toBe(1);
  });

  test("rejects with what a handler throws, and asks no more", async ({ server }) => {
    server.answers.push(stream(line(10, "one"), DONE));
    const fault = new TypeError("a fault of the page");
    const watching = server.client.watch("7", {
      onLine: () => {
        throw fault;
      },
    });
    await expect(watching).rejects.toBe(fault);
    expect(server.requests.length).toBe(1);
  });

  test.for([
    ["reads", (response: ServerResponse) => void response.writeHead(200).write(line(10, "one"))],
    ["waits", broken(line(10, "one"))],
  ] as const)("stops when it is told to while it %s", async ([way, answer], { server }) => {
    const stop = new AbortController();
    server.answers.push(answer);
    const watching = server.client.watch(
      "7",
      {
        onLine: () => way === "reads" && stop.abort(),
        onConnection: (connection) => connection === "reconnecting" && stop.abort(),
      },
      { signal: stop.signal },
    );
    await expect(watching).rejects.toMatchObject({ name: "AbortError" });
    expect(server.requests.length).toBe(1);
  });

  test("puts characters together that came in pieces", async ({ server }) => {
    const bytes = new TextEncoder().encode(line(10, "📦 größer 日本") + DONE);
    server.answers.push(async (response) => {
      response.writeHead(200);
      for (const byte of bytes) {
        response.write(Uint8Array.of(byte));
        if (byte > 127) await new Promise((resolve) => setTimeout(resolve, 1));
      }
      response.end();
    });
    expect((await watch(server)).lines).toEqual(["📦 größer 日本"]);
  });
});
